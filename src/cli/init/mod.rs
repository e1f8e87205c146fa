//! `kelisim init`: six questions, and a configuration that works.
//!
//! Every answer is checked by the code that reads configurations: it is put into the file that would be written, between answers that are right.

mod answers;
mod asking;
#[cfg(test)]
mod tests;
mod text;

use std::{
    fs::{self, OpenOptions},
    io::{self, BufRead, IsTerminal as _, Write},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown},
    path::{Path, PathBuf},
};

use clap::Args;

use self::{answers::Answers, asking::Asking};
use crate::{config, durable};

/// Where the service looks.
const DEFAULT_FILE: &str = "/etc/kelisim/kelisim.toml";

/// `kelisim init`.
#[derive(Debug, Default, Args)]
pub(super) struct InitArguments {
    /// The names of the site, with commas between; the first one is its own name.
    #[arg(long, value_name = "NAMES")]
    hosts: Option<String>,
    /// Where the site itself listens.
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// Who answers for the processing of data, as the policy says it.
    #[arg(long, value_name = "NAME")]
    controller: Option<String>,
    /// Their BIN or IIN.
    #[arg(long, value_name = "NUMBER")]
    number: Option<String>,
    /// Their postal address.
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
    /// Where visitors send requests.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// How visitors reach it by https: authority (Let's Encrypt), files (certificates), proxy (another one in front ends TLS), none (to try it).
    #[arg(long, value_name = "WAY")]
    https: Option<String>,
    /// With --https authority: yes, where you have read its terms of service and agree.
    #[arg(long, value_name = "YES")]
    terms_agreed: Option<String>,
    /// With --https files: the chain of certificates as PEM.
    #[arg(long, value_name = "FILE")]
    certificate: Option<String>,
    /// With --https files: its private key as PEM.
    #[arg(long, value_name = "FILE")]
    key: Option<String>,
    /// With --https proxy: its addresses, with commas between.
    #[arg(long, value_name = "ADDRESSES")]
    proxy: Option<String>,
    /// The languages of the banner, the first one is shown where a browser asks for none of them.
    #[arg(long, value_name = "LANGUAGES")]
    languages: Option<String>,
    /// observe (nothing is blocked, nobody is asked, what the site uses is noted) or strict (enforced).
    #[arg(long, value_name = "MODE")]
    mode: Option<String>,
    /// With --mode strict: who else receives data of visitors, in the words that they will read.
    #[arg(long, value_name = "TEXT")]
    third_parties: Option<String>,
    /// With --mode strict: to which other countries it goes.
    #[arg(long, value_name = "TEXT")]
    cross_border: Option<String>,
    /// Take the default of every question that has one.
    #[arg(long)]
    defaults: bool,
    /// The file to write, which must not be there.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    config: PathBuf,
}

/// Why no file was written.
#[derive(Debug, thiserror::Error)]
pub(super) enum InitError {
    #[error("{0}: this file is there already and stays as it is; change it, or name another one with --config")]
    Exists(PathBuf),
    #[error("{question}: {fault}")]
    Wrong { question: &'static str, fault: String },
    #[error("{question}: nobody answered, and there is no default; give {option}, or a line of standard input")]
    Unanswered { question: &'static str, option: &'static str },
    #[error("{path}: can't be written: {source}; run it as root, or name another file with --config")]
    File { path: PathBuf, source: io::Error },
    #[error("the answers don't fit together:\n{0}")]
    Faults(config::Faults),
    #[error(transparent)]
    Terminal(#[from] io::Error),
}

/// Runs it.
pub(super) fn run(arguments: &InitArguments) -> Result<(), InitError> {
    let is_terminal = io::stdin().is_terminal();
    init(arguments, &mut io::stdin().lock(), is_terminal, &mut io::stderr())
}

fn init(
    arguments: &InitArguments,
    input: &mut dyn BufRead,
    is_terminal: bool,
    told: &mut dyn Write,
) -> Result<(), InitError> {
    let path = &arguments.config;
    if fs::symlink_metadata(path).is_ok() {
        return Err(InitError::Exists(path.clone()));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut asking = Asking { input, told, is_terminal, takes_defaults: arguments.defaults, folder };
    let answers = Answers::ask(arguments, &mut asking)?;
    let text = text::configuration(&answers);
    let (_, warnings) = config::load_text(&text, folder, &path.display().to_string()).map_err(InitError::Faults)?;
    write(path, folder, &text)?;
    for warning in warnings {
        writeln!(told, "{warning}")?;
    }
    writeln!(told, "\n{} was written. Read it: under [site.notice] stands what visitors are told.", path.display())?;
    // The service reads the usual place alone.
    if path == Path::new(DEFAULT_FILE) {
        writeln!(told, "Next: kelisim check, then systemctl enable --now kelisim (or kelisim run)")?;
    } else {
        let file = path.display();
        writeln!(told, "Next: kelisim check --config {file}, then kelisim run --config {file}")?;
    }
    Ok(())
}

/// Writes a new file for its owner and for the group of its folder, whose files the gateway's user reads.
fn write(path: &Path, folder: &Path, text: &str) -> Result<(), InitError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => InitError::Exists(path.to_owned()),
        _ => InitError::File { path: path.to_owned(), source },
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o640).open(path).map_err(failed)?;
    let written = (|| {
        // Whatever the umask says: a service that can't read its configuration is a riddle.
        file.set_permissions(fs::Permissions::from_mode(0o640))?;
        let group = fs::metadata(folder)?.gid();
        if file.metadata()?.gid() != group {
            fchown(&file, None, Some(group))?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        durable::sync_folder_of(path)
    })();
    written.map_err(|source| {
        // Half a file would be in the way of the next try.
        _ = fs::remove_file(path);
        failed(source)
    })
}
