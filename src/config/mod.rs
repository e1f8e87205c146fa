//! The configuration: one TOML file and what it names, checked as a whole.
//!
//! A mistake never stops the reading: all faults are reported at once, each with its place and what to write instead. A
//! configuration with a fault is not used in part.

mod catalogue;
mod certificate;
mod check;
mod context;
mod fault;
mod file;
mod insertion;
mod keys;
mod place;
mod policy;
mod suggestion;
mod summary;
mod told_certificate;
mod value;

#[cfg(test)]
mod shipped;
#[cfg(test)]
mod tests;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub use fault::{Fault, Faults, Warning};
pub use insertion::{Insertion, NoPlace, insert};
pub use summary::summary;
pub use told_certificate::{ToldCertificate, told_certificate};

use crate::{
    acme, admin,
    clock::Clock,
    cookies, gateway, geo, mail, server, statistics, telemetry,
    timestamp::{Term, Timestamp},
    witness,
};
use context::Context;
use fault::Document;

/// Everything that is configured, checked.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Listeners, certificates, limits.
    pub server: server::Settings,
    /// How certificates are obtained, for the names that are listed for it.
    pub acme: Option<acme::Settings>,
    /// Where keys and the store lie.
    pub state_dir: PathBuf,
    /// The sites; never empty, no host in two of them.
    pub sites: Vec<gateway::SiteSettings>,
    /// Where the database of countries is.
    pub geo: geo::Settings,
    /// The built-in catalogue and the operator's, without the lines of the sites.
    pub catalogue: Vec<cookies::Rule>,
    /// How long a record is kept after it expired.
    pub retention: Term,
    /// Who signs the log's checkpoints beside the log.
    pub witnesses: Vec<witness::Settings>,
    /// The same for records of frames that were opened once.
    pub frame_retention: Term,
    /// Until when persons and the ministry are answered.
    pub deadlines: admin::Deadlines,
    /// How visits are counted, and for how long what is kept.
    pub statistics: statistics::Settings,
    /// By which server the weekly letter is sent, and to whom.
    pub mail: Option<mail::Settings>,
    /// Where a line for each request goes, and how it is written.
    pub access_log: Option<telemetry::AccessLogSettings>,
    /// What is traced, and where it goes.
    pub traces: Option<telemetry::TraceSettings>,
    /// A directory in memory where a run leaves what the next one goes on with; the file names none, `run` does.
    pub hand_over: Option<PathBuf>,
    /// How log lines are written.
    pub log_format: telemetry::LogFormat,
    /// SHA-256 over the SHA-256 of every file read, the configuration first: it changes when any of them does.
    pub fingerprint: [u8; 32],
    /// Every file read.
    pub files: Vec<PathBuf>,
}

/// Reads and checks a file. Relative paths in it begin at its folder.
///
/// # Errors
///
/// Everything that is wrong.
pub fn load(path: &Path) -> Result<(Configuration, Vec<Warning>), Faults> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| {
        let remedy = "name the configuration with --config, readable for this user and in UTF-8";
        Faults(vec![Fault::about_file(&name, &format!("can't be read: {error}"), remedy).because(&error)])
    })?;
    let base = path.parent().unwrap_or(Path::new(""));
    let (mut configuration, warnings) = load_text(&text, base, &name)?;
    configuration.files.insert(0, path.to_owned());
    Ok((configuration, warnings))
}

/// Checks a text as if it were a file of this name. Relative paths in it begin at `base_dir`.
///
/// # Errors
///
/// Everything that is wrong.
pub fn load_text(text: &str, base_dir: &Path, name: &str) -> Result<(Configuration, Vec<Warning>), Faults> {
    load_at(text, base_dir, name, Clock::system().now())
}

/// The same at a given moment, which decides about editions in force and certificates that end.
fn load_at(text: &str, base_dir: &Path, name: &str, now: Timestamp) -> Result<(Configuration, Vec<Warning>), Faults> {
    let document = Document { name: name.to_owned(), text: text.to_owned() };
    let context = Context::new(document, base_dir, now);
    let checked = file::parse(&context).and_then(check::check);
    let (found, fingerprint) = context.finish();
    match checked {
        Some(checked) if found.faults.is_empty() => {
            let configuration = Configuration {
                server: checked.server,
                acme: checked.acme,
                state_dir: checked.state_dir,
                sites: checked.sites,
                geo: checked.geo,
                catalogue: checked.catalogue,
                retention: checked.retention,
                witnesses: checked.witnesses,
                frame_retention: checked.frame_retention,
                deadlines: checked.deadlines,
                statistics: checked.statistics,
                hand_over: None,
                mail: checked.mail,
                access_log: checked.access_log,
                traces: checked.traces,
                log_format: checked.log_format,
                fingerprint,
                files: found.files,
            };
            Ok((configuration, found.warnings))
        }
        _ => Err(Faults(found.faults)),
    }
}
