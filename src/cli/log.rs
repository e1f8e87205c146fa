//! `kelisim log`: what can be asked of the consent log, and why it may not be done.

use std::{io, path::PathBuf};

use clap::Subcommand;

use super::{
    erase, export, incident, person, requests,
    verify::{VerifyArguments, leaves::LeavesArguments},
    witness,
};
use crate::{
    export::ExportError,
    store::{AppendError, BackupError, StoreError},
    timestamp::{Term, Timestamp},
};

/// What to do with the log.
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Write the events of a period: as a table, lines of JSON, consent records in JSON-LD, or one file for an auditor.
    Export(export::ExportArguments),
    /// Check a bundle, a folder of tiles or a receipt, without trusting whoever made it: 0 intact, 1 not intact, 2 wrong use.
    Verify(VerifyArguments),
    /// Show what a bundle's log says beside its events: starts, texts, settings, who took records out, what was refused.
    Leaves(LeavesArguments),
    /// Show what is recorded about a person, for the answer to a request for access.
    Show(person::ShowArguments),
    /// Delete everything recorded about a person, on request.
    Erase(erase::EraseArguments),
    /// Sign the checkpoints of others' logs, so that nobody can change what was in them.
    Witness(witness::WitnessArguments),
    /// What a breach has touched, as the notice to the ministry needs it.
    Incident(incident::IncidentArguments),
    /// What persons have asked for, and until when it is to be done.
    #[command(subcommand)]
    Request(requests::RequestCommand),
}

/// Why an export or an erasure did not happen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    #[error("the period is empty: it begins at {from} and ends before {to}; exchange --from and --to")]
    EmptyPeriod { from: Timestamp, to: Timestamp },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "nothing is recorded under this number: it may have been erased before, or one of its digits is another one; compare it with the \
         page of what is recorded, where the person reads it"
    )]
    Nobody,
    #[error("nothing is lost, but the erasure is not complete: {0}; run the command again")]
    Erasure(#[from] AppendError),
    #[error("{path}: cannot {doing}: {source}")]
    File { path: PathBuf, doing: &'static str, source: io::Error },
    #[error("the running gateway could not erase: {0}")]
    Gateway(io::Error),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error("{path}: this file is there already and stays as it is; give --out another name, or move it away first")]
    Exists { path: PathBuf },
    #[error("a bundle is a ZIP file and not for a terminal; name the file: --out bundle.zip")]
    NeedsFile,
    #[error("nothing was exported, since the log must say so first and can't be written: {0}")]
    Access(AppendError),
    #[error(
        "nothing was exported, since the log must say so first: {0}; run it as the gateway's user, or mount the directory, or a copy of it, \
         read-only"
    )]
    Untraced(StoreError),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error("nothing was exported, since the running gateway could not write the leaf that says so: {0}")]
    GatewayAccess(io::Error),
    #[error(transparent)]
    Runtime(#[from] io::Error),
}

/// Runs `kelisim log …`.
pub(super) fn run(command: &LogCommand) -> Result<(), Box<dyn std::error::Error>> {
    match command {
        LogCommand::Export(arguments) => {
            export::run(arguments, &super::configuration_alone(&arguments.config)?)?;
        }
        // They have an exit code of their own for wrong use, so they are run before they come here.
        LogCommand::Verify(_) | LogCommand::Leaves(_) => {}
        LogCommand::Show(arguments) => person::run(arguments)?,
        LogCommand::Erase(arguments) => erase::run(arguments)?,
        LogCommand::Witness(arguments) => witness::run(arguments)?,
        LogCommand::Incident(arguments) => incident::run(arguments)?,
        LogCommand::Request(command) => requests::run(command)?,
    }
    Ok(())
}

pub(super) fn parse_from(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text)
        .ok_or_else(|| "write a date (2026-11-22) or a moment with its zone (2026-11-22T10:00:00Z)".to_owned())
}

/// A date means its whole day, so the period ends with the first moment of the next one.
pub(super) fn parse_to(text: &str) -> Result<Timestamp, String> {
    let moment = parse_from(text)?;
    let is_date = moment.date() == text;
    Ok(if is_date { Term { months: 0, days: 1 }.after(moment) } else { moment })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{super::export::ExportOptions, *};

    #[derive(Debug, Parser)]
    struct Line {
        #[command(subcommand)]
        command: LogCommand,
    }

    fn options(words: &[&str]) -> Result<ExportOptions, String> {
        let line = ["log", "export"].iter().chain(words);
        let LogCommand::Export(arguments) = Line::try_parse_from(line).map_err(|error| error.to_string())?.command
        else {
            return Err("not an export".to_owned());
        };
        ExportOptions::of(&arguments).map_err(|error| error.to_string())
    }

    #[test]
    fn the_last_day_of_a_period_counts_whole() {
        let check = |words: &[&str], from: &str, to: &str| {
            let period = options(words).unwrap().period();
            assert_eq!([period.0.to_string(), period.1.to_string()], [from, to], "{words:?}");
        };
        let (day, next) = ("2026-11-22T00:00:00.000Z", "2026-11-23T00:00:00.000Z");
        check(&["--from", "2026-11-22", "--to", "2026-11-22"], day, next);
        check(&["--from", "2026-11-22", "--to", "2026-11-22T10:00:00Z"], day, "2026-11-22T10:00:00.000Z");
        check(&["--from", "2026-11-22", "--to", "2026-12-31"], day, "2027-01-01T00:00:00.000Z");
        check(&[], "1970-01-01T00:00:00.000Z", "9999-12-30T22:00:00.000Z");
    }

    #[test]
    fn a_period_that_cannot_be_is_explained() {
        let refused = |words: &[&str]| options(words).unwrap_err();
        for wrong in ["22.11.2026", "2026-11-22T10:00:00", "2026-11-22 10:00", "2026-11-22T10"] {
            assert!(refused(&["--from", wrong]).contains("write a date (2026-11-22)"), "{wrong}");
        }
        assert!(refused(&["--from", "2026-11-23", "--to", "2026-11-22"]).contains("exchange --from and --to"));
        assert!(refused(&["--format", "xml"]).contains("jsonl"));
        assert!(Line::try_parse_from(["log", "erase", "nobody"]).unwrap_err().to_string().contains("32 hexadecimal"));
        let number = "0".repeat(32);
        let reason = Line::try_parse_from(["log", "erase", &number, "--reason", "why"]).unwrap_err().to_string();
        assert!(reason.contains("request or order"), "{reason}");
    }
}
