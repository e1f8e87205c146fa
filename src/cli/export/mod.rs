//! `kelisim log export`: a period of the log, in one of its forms, to a stream or to a file that is complete or not there.
//!
//! Whoever takes records out leaves a leaf in the log that says so, before the first byte.

pub(super) mod access;
pub(super) mod file;
pub(super) mod progress;

use std::{
    io::{self, IsTerminal as _, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};

use self::progress::Progress;
use super::{
    log::{LogError, parse_from, parse_to},
    running::log_settings,
};
use crate::{
    clock::Clock,
    config::Configuration,
    export::{BundleOptions, ExportError, Rows, bundle_steps, write_bundle, write_rows},
    ledger::{AccessKind, Counted, Retention, VerifierKey},
    store::{Reader, Settings, public_key_path},
    timestamp::Timestamp,
};

/// `kelisim log export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// First day or moment of the period, in UTC: 2026-11-01 or 2026-11-01T08:00:00Z [default: the beginning].
    #[arg(long, value_name = "TIME", value_parser = parse_from)]
    pub(crate) from: Option<Timestamp>,
    /// Last day (the whole of it) or the moment at which the period ends, in UTC [default: the end].
    #[arg(long, value_name = "TIME", value_parser = parse_to)]
    pub(crate) to: Option<Timestamp>,
    /// In which form.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub(crate) format: Format,
    /// Where to write; a file that is there already is not touched. Without it, standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The configuration file; its `state_dir` says where the log is.
    #[arg(long, value_name = "FILE", default_value = "/etc/kelisim/kelisim.toml")]
    pub(crate) config: PathBuf,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for a spreadsheet.
    Csv,
    /// One JSON object on each line, with all that an event's hash is computed from.
    Jsonl,
    /// Consent records of ISO/IEC TS 27560, as one JSON-LD document.
    Jsonld,
    /// One ZIP file with all that an auditor needs to check the log without us.
    Bundle,
}

impl Format {
    const fn name(self) -> &'static str {
        match self {
            Self::Csv => Rows::Csv.name(),
            Self::Jsonl => Rows::Jsonl.name(),
            Self::Jsonld => Rows::JsonLd.name(),
            Self::Bundle => "bundle",
        }
    }
}

/// Which events, in which form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExportOptions {
    /// From this moment on; `None` from the beginning.
    pub(crate) from: Option<Timestamp>,
    /// Up to this moment, which is not part of the period; `None` to the end.
    pub(crate) to: Option<Timestamp>,
    /// In which form.
    pub(crate) format: Format,
}

impl ExportOptions {
    /// The period that the arguments name.
    pub(crate) fn of(arguments: &ExportArguments) -> Result<Self, LogError> {
        let options = Self { from: arguments.from, to: arguments.to, format: arguments.format };
        let (from, to) = options.period();
        if from < to { Ok(options) } else { Err(LogError::EmptyPeriod { from, to }) }
    }

    /// The period as moments.
    pub(crate) fn period(&self) -> (Timestamp, Timestamp) {
        (self.from.unwrap_or_default(), self.to.unwrap_or(Timestamp::from_milliseconds(i64::MAX)))
    }
}

/// Runs `kelisim log export`.
pub(super) fn run(arguments: &ExportArguments, configuration: &Configuration) -> Result<(), LogError> {
    let options = ExportOptions::of(arguments)?;
    match &arguments.out {
        Some(out) => file::check_absent(out)?,
        None if options.format == Format::Bundle && io::stdout().is_terminal() => return Err(LogError::NeedsFile),
        None => {}
    }
    let settings = log_settings(configuration);
    let witnesses: Vec<_> = configuration.witnesses.iter().map(|witness| witness.key.clone()).collect();
    // What can't be read leaves no leaf that says it was.
    drop(Reader::open(&settings.state_dir)?);
    let taking = Taking {
        witnesses: &witnesses,
        retention: Retention { choices: configuration.retention, frames: configuration.frame_retention },
        options,
    };
    let period = options.period();
    let note = || -> Result<(), LogError> {
        if !access::note(&settings, AccessKind::Export, options.format.name(), period)? {
            eprintln!(
                "{}: on a read-only medium, so no leaf says that records were taken from here",
                settings.state_dir.display()
            );
        }
        Ok(())
    };
    match &arguments.out {
        Some(out) => {
            let written = export_to_file(&settings, taking, out, note)?;
            eprintln!("{written}: {}", out.display());
        }
        None => {
            note()?;
            _ = export(&settings, taking, &mut io::stdout().lock())?;
        }
    }
    Ok(())
}

/// What is taken out, and what the log does not say by itself.
#[derive(Clone, Copy)]
struct Taking<'a> {
    witnesses: &'a [VerifierKey],
    retention: Retention,
    options: ExportOptions,
}

/// Writes the events of the period and returns how many there were, of what. A running gateway is not disturbed.
fn export(settings: &Settings, taking: Taking<'_>, output: &mut dyn Write) -> Result<Counted, LogError> {
    let Taking { witnesses, retention, options } = taking;
    let reader = Reader::open(&settings.state_dir)?;
    let rows = match options.format {
        Format::Csv => Rows::Csv,
        Format::Jsonl => Rows::Jsonl,
        Format::Jsonld => Rows::JsonLd,
        Format::Bundle => return export_bundle(&reader, settings, witnesses, options, output),
    };
    let (from, to) = options.period();
    let mut progress = Progress::begin("events", || Ok::<_, ExportError>(reader.count(from, to)?.all()))?;
    let written = write_rows(&reader, rows, (from, to), retention, output, &mut |count| progress.step(count))?;
    progress.end();
    Ok(written)
}

fn export_bundle(
    reader: &Reader,
    settings: &Settings,
    witnesses: &[VerifierKey],
    options: ExportOptions,
    output: &mut dyn Write,
) -> Result<Counted, LogError> {
    let bundle = BundleOptions {
        from: options.from,
        to: options.to,
        created: Clock::system().now(),
        key: public_key(&settings.state_dir)?,
        witnesses: witnesses.to_vec(),
    };
    let mut progress = Progress::begin("leaves and records", || bundle_steps(reader, &bundle))?;
    let written = write_bundle(reader, &bundle, output, &mut |count| progress.step(count))?;
    progress.end();
    Ok(written)
}

/// Writes to a file. It is made before `note` leaves the leaf: where it can't be, nothing was taken out.
fn export_to_file(
    settings: &Settings,
    taking: Taking<'_>,
    out: &Path,
    note: impl FnOnce() -> Result<(), LogError>,
) -> Result<Counted, LogError> {
    file::write_whole(out, |output| {
        note()?;
        export(settings, taking, output)
    })
}

/// The log's public key, which the store keeps beside the log.
fn public_key(state_dir: &Path) -> Result<VerifierKey, LogError> {
    let path = public_key_path(state_dir);
    let failed = |source| LogError::File { path: path.clone(), doing: "read the log's public key", source };
    let line = std::fs::read_to_string(&path).map_err(failed)?;
    VerifierKey::parse(line.trim_end()).map_err(|fault| failed(io::Error::new(io::ErrorKind::InvalidData, fault)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        ledger::samples::{event, notice},
        store::Store,
        timestamp::Term,
    };

    fn taking(from: &str, format: Format) -> Taking<'static> {
        let term = Term { months: 36, days: 0 };
        Taking {
            witnesses: &[],
            retention: Retention { choices: term, frames: term },
            options: ExportOptions { from: Timestamp::parse(from), to: None, format },
        }
    }

    async fn log_of_three() -> (tempfile::TempDir, Settings) {
        let directory = tempfile::TempDir::new().unwrap();
        let settings = Settings { state_dir: directory.path().join("state"), host: "shop.example".into() };
        let store = Store::open(&settings, Clock::system()).unwrap();
        let sample = event(1);
        store.keep_notice(sample.notice, sample.language, &sample.edition, &notice()).unwrap();
        for visitor in 1..4 {
            store.append(event(visitor)).await.unwrap();
        }
        (directory, settings)
    }

    #[tokio::test]
    async fn an_export_holds_the_period_in_every_form_of_rows() {
        let (_directory, settings) = log_of_three().await;
        let export = |from: &str, format: Format| {
            let mut bytes = Vec::new();
            let count = export(&settings, taking(from, format), &mut bytes).unwrap();
            (count.records, String::from_utf8(bytes).unwrap())
        };
        let (count, table) = export("1970-01-01", Format::Csv);
        assert_eq!((count, table.lines().count()), (3, 4));
        let (count, lines) = export("2026-11-22", Format::Jsonl);
        assert_eq!((count, lines.lines().count()), (3, 3));
        assert_eq!(export("2026-11-23", Format::Jsonl), (0, String::new()));
        let (count, document) = export("2026-11-22", Format::Jsonld);
        let document: serde_json::Value = serde_json::from_str(&document).unwrap();
        assert_eq!((count, document["@graph"].as_array().unwrap().len()), (3, 3));
    }

    #[tokio::test]
    async fn a_file_is_complete_or_not_there_and_never_replaced() {
        let (directory, settings) = log_of_three().await;
        let out = directory.path().join("november.csv");
        let all = taking("1970-01-01", Format::Csv);
        let nowhere = Settings { state_dir: directory.path().join("nowhere"), ..settings.clone() };
        assert!(export_to_file(&nowhere, all, &out, || Ok(())).is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no part is left");
        assert_eq!(export_to_file(&settings, all, &out, || Ok(())).unwrap(), Counted { records: 3, deleted: 0 });
        assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 4);
        let again = export_to_file(&settings, all, &out, || Ok(())).unwrap_err().to_string();
        assert!(again.contains("november.csv") && again.contains("another name"), "{again}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_made_leaves_no_leaf_that_says_records_were_taken_out() {
        let (directory, settings) = log_of_three().await;
        let (all, mut leaves) = (taking("1970-01-01", Format::Csv), 0);
        let mut export = |out: &str| {
            let note = || {
                leaves += 1;
                Ok(())
            };
            export_to_file(&settings, all, &directory.path().join(out), note).is_ok()
        };
        assert_eq!(["nowhere/november.csv", "november.csv"].map(&mut export), [false, true]);
        assert_eq!(leaves, 1);
    }
}
