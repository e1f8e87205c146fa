//! `kelisim log verify`: checks a bundle of the consent log, or a folder of its tiles, with nothing but the file and what its reader
//! knows from elsewhere. It needs no configuration, no state and no network.

mod lines;
mod manifest;
mod print;
mod progress;
mod source;
mod walk;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use crate::ledger::{KeyKind, LONGEST_NOTE, VerifierKey};

/// `kelisim log verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// A bundle (a ZIP file), the same as a folder, or a folder with `checkpoint`, `key` and `tile/` alone.
    #[arg(value_name = "FILE|DIR")]
    pub(crate) bundle: PathBuf,
    /// The log's key, known from elsewhere; without it the key in the bundle is believed.
    #[arg(long, value_name = "VKEY", value_parser = log_key)]
    pub(crate) key: Option<VerifierKey>,
    /// The key of a witness, known from elsewhere; can be given again.
    #[arg(long, value_name = "VKEY", value_parser = witness_key)]
    pub(crate) witness: Vec<VerifierKey>,
    /// A checkpoint of this log that was kept from before; can be given again.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Vec<PathBuf>,
    /// Print the findings as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Why nothing could be checked: wrong use, and not a finding.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
struct Unusable {
    path: PathBuf,
    source: io::Error,
}

/// Runs `kelisim log verify`.
pub(super) fn run(arguments: &VerifyArguments) -> ExitCode {
    let report = match walk::audit(arguments) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let text = if arguments.json { print::json(&report) } else { print::text(&report) };
    // Whoever closed the pipe has read enough; the exit code still says what was found.
    let _ = io::stdout().write_all(text.as_bytes());
    if report.intact() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The checkpoints that were kept from before, with the names under which they were given.
fn given_checkpoints(paths: &[PathBuf]) -> Result<Vec<(String, String)>, Unusable> {
    let read = |path: &PathBuf| {
        let unusable = |source| Unusable { path: path.clone(), source };
        let bytes = read_bounded(path).map_err(unusable)?;
        // What is not text is not a checkpoint either; that is a finding.
        Ok((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()))
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
