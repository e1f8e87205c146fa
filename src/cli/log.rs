//! `kelisim log`: what can be asked of the consent log; erasing a person from it.

use std::{io, path::PathBuf};

use clap::{Args, Subcommand};

use super::{control, export, incident, requests, running::log_settings, verify::VerifyArguments, witness};
use crate::{
    clock::Clock,
    consent::ConsentId,
    export::ExportError,
    ledger::ErasureReason,
    store::{AppendError, Erased, Reader, Settings, Store, StoreError},
    timestamp::{Term, Timestamp},
};

/// What to do with the log.
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Write the events of a period: as a table, lines of JSON, consent records in JSON-LD, or one file for an auditor.
    Export(export::ExportArguments),
    /// Check a bundle, or a folder of tiles, without trusting whoever made it: 0 intact, 1 not intact, 2 wrong use.
    Verify(VerifyArguments),
    /// Delete everything recorded about a person, on request.
    Erase(EraseArguments),
    /// Sign the checkpoints of others' logs, so that nobody can change what was in them.
    Witness(witness::WitnessArguments),
    /// What a breach has touched, as the notice to the ministry needs it.
    Incident(incident::IncidentArguments),
    /// What persons have asked for, and until when it is to be done.
    #[command(subcommand)]
    Request(requests::RequestCommand),
}

/// `kelisim log erase`.
#[derive(Debug, Args)]
pub(crate) struct EraseArguments {
    /// The consent number on the person's settings page: 32 hexadecimal digits.
    #[arg(value_name = "CONSENT-NUMBER", value_parser = parse_consent_id)]
    pub(crate) consent_id: ConsentId,
    /// The configuration file; its `state_dir` says where the log is.
    #[arg(long, value_name = "FILE", default_value = "/etc/kelisim/kelisim.toml")]
    pub(crate) config: PathBuf,
}

/// Why an export or an erasure did not happen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    #[error("the period is empty: it begins at {from} and ends before {to}; exchange --from and --to")]
    EmptyPeriod { from: Timestamp, to: Timestamp },
    #[error(transparent)]
    Store(#[from] StoreError),
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
        "nothing was exported, since the log must say so first: {0}; run it as the gateway's user, or copy the directory and give the copy \
         to yourself"
    )]
    Untraced(StoreError),
    #[error("nothing was exported, since the running gateway could not write the leaf that says so: {0}")]
    GatewayAccess(io::Error),
    #[error(transparent)]
    Runtime(#[from] io::Error),
}

/// Runs `kelisim log …`.
pub(super) fn run(command: &LogCommand) -> Result<(), Box<dyn std::error::Error>> {
    match command {
        LogCommand::Export(arguments) => {
            export::run(arguments, &super::configuration(&arguments.config)?)?;
        }
        // It has an exit code of its own for wrong use, so it is run before it comes here.
        LogCommand::Verify(_) => {}
        LogCommand::Erase(arguments) => {
            let settings = log_settings(&super::configuration(&arguments.config)?);
            let (records, overwritten) = erase(&settings, arguments.consent_id)?;
            println!("{records} {} erased", if records == 1 { "record" } else { "records" });
            if !overwritten {
                println!("somebody is reading the log: the bytes are overwritten as soon as that ends");
            }
            if records == 0 {
                return Err("nothing is recorded under this number".into());
            }
        }
        LogCommand::Witness(arguments) => witness::run(arguments)?,
        LogCommand::Incident(arguments) => incident::run(arguments)?,
        LogCommand::Request(command) => requests::run(command)?,
    }
    Ok(())
}

/// Erases through the running gateway, or directly where none runs.
fn erase(settings: &Settings, id: ConsentId) -> Result<(usize, bool), LogError> {
    match erase_offline(settings, id) {
        Ok(erased) => Ok((erased.records, erased.overwritten)),
        Err(LogError::Store(StoreError::Locked { .. })) => {
            let erased = control::ask_to_erase(&settings.state_dir, id).map_err(LogError::Gateway)?;
            Ok((erased.records, erased.overwritten))
        }
        Err(error) => Err(error),
    }
}

/// Erases a person when no gateway runs. While one runs the answer is [`StoreError::Locked`]: then the gateway has to do it.
pub(crate) fn erase_offline(settings: &Settings, id: ConsentId) -> Result<Erased, LogError> {
    // Opening for writing would make a log where there is none, and report that nobody was found in it.
    drop(Reader::open(&settings.state_dir)?);
    let store = Store::open(settings, Clock::system())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(store.erase(id, ErasureReason::Request))?)
}

pub(super) fn parse_from(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "write a date (2026-11-22) or a moment (2026-11-22T10:00:00Z)".to_owned())
}

/// A date means its whole day, so the period ends with the first moment of the next one.
pub(super) fn parse_to(text: &str) -> Result<Timestamp, String> {
    let moment = parse_from(text)?;
    let is_date = moment.date() == text;
    Ok(if is_date { Term { months: 0, days: 1 }.after(moment) } else { moment })
}

fn parse_consent_id(text: &str) -> Result<ConsentId, String> {
    ConsentId::parse(text).ok_or_else(|| "write the 32 hexadecimal digits of the consent number".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{super::export::ExportOptions, *};
    use crate::ledger::samples::event;

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
        assert!(refused(&["--from", "22.11.2026"]).contains("write a date (2026-11-22)"));
        assert!(refused(&["--from", "2026-11-23", "--to", "2026-11-22"]).contains("exchange --from and --to"));
        assert!(refused(&["--format", "xml"]).contains("jsonl"));
        assert!(Line::try_parse_from(["log", "erase", "nobody"]).unwrap_err().to_string().contains("32 hexadecimal"));
    }

    #[test]
    fn erasing_waits_for_no_gateway_and_says_so() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let directory = tempfile::TempDir::new().unwrap();
        let settings =
            |folder: &str| Settings { state_dir: directory.path().join(folder), host: "shop.example".into() };
        let (state, id) = (settings("state"), event(2).consent_id);
        let store = Store::open(&state, Clock::system()).unwrap();
        runtime.block_on(store.append(event(2))).unwrap();
        assert!(matches!(erase_offline(&state, id), Err(LogError::Store(StoreError::Locked { .. }))));
        drop(store);
        assert_eq!(erase_offline(&state, id).unwrap(), Erased { records: 1, overwritten: true });
        assert_eq!(erase_offline(&state, id).unwrap().records, 0);
        let nowhere = settings("nowhere");
        assert!(matches!(erase_offline(&nowhere, id), Err(LogError::Store(StoreError::Missing { .. }))));
        assert!(!nowhere.state_dir.exists());
    }
}
