//! `kelisim log verify`: checks a bundle of the consent log, a folder of its tiles, or a receipt, with nothing but the file and what its
//! reader knows from elsewhere. It needs no configuration, no state and no network.

mod json;
pub(super) mod leaves;
mod manifest;
mod print;
mod progress;
mod receipt;
mod source;
mod walk;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use self::source::Source;
use crate::ledger::{Checkpoint, KeyKind, LONGEST_NOTE, Note, VerifierKey, audit::Report};

/// `kelisim log verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// A bundle (a ZIP file), the same as a folder, a folder with `checkpoint`, `key` and `tile/` alone, or a visitor's receipt.
    #[arg(value_name = "FILE|DIR")]
    pub(crate) bundle: PathBuf,
    /// The log's key, known from elsewhere; without it the key in the bundle is believed.
    #[arg(long, value_name = "VKEY", value_parser = log_key)]
    pub(crate) key: Option<VerifierKey>,
    /// The key of a witness, known from elsewhere; can be given again. Where one is given, no other counts.
    #[arg(long, value_name = "VKEY", value_parser = witness_key)]
    pub(crate) witness: Vec<VerifierKey>,
    /// A checkpoint of this log that was kept from before; can be given again.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Vec<PathBuf>,
    /// Print the findings as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Checks a bundle that is held in memory as one ZIP file, as the command checks one on the disk; nothing where it is no ZIP file.
pub fn bundle_in_memory(zip: Vec<u8>, key: Option<VerifierKey>) -> Option<Report> {
    let length = zip.len() as u64;
    let opened = Source::open_zip(Box::new(io::Cursor::new(zip)), length);
    let (bundle, witness, checkpoint) = (PathBuf::from("bundle"), Vec::new(), Vec::new());
    walk::report(opened, &VerifyArguments { bundle, key, witness, checkpoint, json: false }, &[])
}

/// Why nothing could be checked: wrong use, and not a finding.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("{path}: can't be read ({source}); see that the path is right and the file yours to read")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path}: not a bundle, or a download that broke off; kelisim log export --format bundle makes one")]
    NoBundle { path: PathBuf },
    #[error(
        "{path}: JSON, so the readable form of a receipt or an export for programs, which can't be checked by itself; give the receipt's .tlog-proof, or a bundle as kelisim log export --format bundle makes it"
    )]
    Readable { path: PathBuf },
    #[error(
        "{path}: not a checkpoint; give the file as it came from /_kelisim/log/checkpoint or out of an earlier bundle"
    )]
    NoCheckpoint { path: PathBuf },
    #[error(
        "{path}: a receipt is checked with the log's key; give it with --key, the site publishes it at /_kelisim/log/key"
    )]
    NeedsKey { path: PathBuf },
    #[error("{path}: a receipt has no log to compare a checkpoint with; leave --checkpoint out, or give a bundle")]
    NeedsLog { path: PathBuf },
}

/// Runs `kelisim log verify`.
pub(super) fn run(arguments: &VerifyArguments) -> ExitCode {
    let (text, verdict) = match audit(arguments) {
        Ok(told) => told,
        Err(error) => return refused(&error),
    };
    // Whoever closed the pipe has read enough; the exit code still says what was found.
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::from(verdict as u8)
}

/// What was found, as the exit code says it. 2 is wrong use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Intact = 0,
    Broken = 1,
    /// Nothing is wrong as far as it goes, and it does not go as far as a checkpoint that was given.
    Short = 3,
}

impl Verdict {
    const fn of(intact: bool, reaches_all: bool) -> Self {
        match (intact, reaches_all) {
            (false, _) => Self::Broken,
            (true, false) => Self::Short,
            (true, true) => Self::Intact,
        }
    }
}

/// What was found, as it is printed, and what it comes to.
fn audit(arguments: &VerifyArguments) -> Result<(String, Verdict), Unusable> {
    if let Some(bytes) = receipt::read(&arguments.bundle)? {
        return receipt::audit(arguments, &bytes);
    }
    let report = walk::audit(arguments)?;
    let verdict = Verdict::of(report.intact(), report.reaches_all());
    let text = if arguments.json { json::log(&report) } else { print::text(&report, arguments.key.as_ref()) };
    Ok((text, verdict))
}

fn refused(error: &Unusable) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(2)
}

/// The checkpoints that were kept from before, with the names under which they were given.
fn given_checkpoints(paths: &[PathBuf]) -> Result<Vec<(String, String)>, Unusable> {
    let read = |path: &PathBuf| {
        let bytes = read_bounded(path).map_err(|source| Unusable::Unreadable { path: path.clone(), source })?;
        let text = String::from_utf8(bytes).ok();
        let text = text.filter(|text| Note::parse(text).is_some_and(|note| Checkpoint::parse(note.text()).is_some()));
        Ok((path.display().to_string(), text.ok_or_else(|| Unusable::NoCheckpoint { path: path.clone() })?))
    };
    paths.iter().map(read).collect()
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LONGEST_NOTE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn log_key(text: &str) -> Result<VerifierKey, String> {
    key_of(text, KeyKind::Log, "this is the key of a witness; give it as --witness")
}

fn witness_key(text: &str) -> Result<VerifierKey, String> {
    key_of(text, KeyKind::Witness, "this is the key of a log; give it as --key")
}

fn key_of(text: &str, kind: KeyKind, otherwise: &str) -> Result<VerifierKey, String> {
    let key = VerifierKey::parse(text).map_err(|fault| fault.to_string())?;
    if key.kind() == kind { Ok(key) } else { Err(otherwise.to_owned()) }
}
