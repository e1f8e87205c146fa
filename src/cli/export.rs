//! Writing the log out: to a stream, or to a file that is complete or not there.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, IsTerminal as _, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use super::log::{ExportOptions, Format, LogError};
use crate::{
    ledger::{CsvExport, write_json_line},
    store::{Reader, StoreError},
};

/// How many rows are written between two lines of progress.
const PROGRESS_EVERY: u64 = 10_000;

/// Writes the events of the period and returns how many there were. A running gateway is not disturbed.
pub(crate) fn export(state_dir: &Path, options: ExportOptions, output: &mut dyn Write) -> Result<u64, LogError> {
    let reader = Reader::open(state_dir)?;
    let mut progress = Progress::begin(&reader, options)?;
    let events = reader.events(options.from, options.to)?;
    match options.format {
        Format::Csv => {
            let mut table = CsvExport::new(&mut *output)?;
            for row in events {
                table.write(&row?)?;
                progress.step();
            }
            table.finish()?;
        }
        Format::Jsonl => {
            for row in events {
                write_json_line(output, &row?)?;
                progress.step();
            }
            output.flush()?;
        }
    }
    progress.end();
    Ok(progress.written)
}

/// Writes the export beside its destination and renames it when it is complete, so that nobody takes half of it for all.
pub(crate) fn export_to_file(state_dir: &Path, options: ExportOptions, out: &Path) -> Result<u64, LogError> {
    let mut name = std::ffi::OsString::from(".");
    name.push(out.file_name().unwrap_or("export".as_ref()));
    name.push(format!(".{}.part", std::process::id()));
    let part = out.with_file_name(name);
    let written = write_and_rename(state_dir, options, &part, out);
    if written.is_err() {
        // What failed is reported; a part that can't be removed changes nothing about it.
        let _ = fs::remove_file(&part);
    }
    written
}

fn write_and_rename(state_dir: &Path, options: ExportOptions, part: &Path, out: &Path) -> Result<u64, LogError> {
    let failed = |path: &Path, doing| {
        let path = path.to_owned();
        move |source| LogError::File { path, doing, source }
    };
    // Records of persons: for the one who exports, until that one decides otherwise.
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(part);
    let mut output = BufWriter::new(created.map_err(failed(part, "make this file"))?);
    let written = export(state_dir, options, &mut output)?;
    let file = output.into_inner().map_err(|error| failed(part, "write this file")(error.into_error()))?;
    file.sync_all().map_err(failed(part, "write this file"))?;
    fs::rename(part, out).map_err(failed(out, "put the export here"))?;
    sync_directory(out).map_err(failed(out, "keep the new name"))?;
    Ok(written)
}

fn sync_directory(file: &Path) -> io::Result<()> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// A line on the terminal that counts; nothing where nobody watches.
struct Progress {
    total: Option<u64>,
    written: u64,
}

impl Progress {
    fn begin(reader: &Reader, options: ExportOptions) -> Result<Self, StoreError> {
        let watched = io::stderr().is_terminal();
        let total = if watched { Some(reader.count(options.from, options.to)?) } else { None };
        Ok(Self { total, written: 0 })
    }

    fn step(&mut self) {
        self.written += 1;
        if self.written.is_multiple_of(PROGRESS_EVERY) {
            self.show("");
        }
    }

    fn end(&self) {
        self.show("\n");
    }

    fn show(&self, ending: &str) {
        if let Some(total) = self.total {
            let _ = write!(io::stderr(), "\r{} of {total} events{ending}", self.written);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        ledger::samples::event,
        store::{Settings, Store},
        timestamp::Timestamp,
    };

    fn options(from: &str, format: Format) -> ExportOptions {
        let from = Timestamp::parse(from).unwrap();
        ExportOptions { from, to: Timestamp::from_milliseconds(i64::MAX), format }
    }

    async fn log_of_three() -> (tempfile::TempDir, Store) {
        let directory = tempfile::TempDir::new().unwrap();
        let settings = Settings { state_dir: directory.path().join("state"), host: "shop.example".into() };
        let store = Store::open(&settings, Clock::system()).unwrap();
        for visitor in 1..4 {
            store.append(event(visitor)).await.unwrap();
        }
        (directory, store)
    }

    #[tokio::test]
    async fn an_export_beside_the_gateway_holds_the_period_in_either_form() {
        let (directory, _store) = log_of_three().await;
        let export = |from: &str, format: Format| {
            let mut bytes = Vec::new();
            let count = export(&directory.path().join("state"), options(from, format), &mut bytes).unwrap();
            (count, String::from_utf8(bytes).unwrap())
        };
        let (count, table) = export("1970-01-01", Format::Csv);
        assert_eq!((count, table.lines().count()), (3, 4));
        let (count, lines) = export("2026-11-22", Format::Jsonl);
        assert_eq!((count, lines.lines().count()), (3, 3));
        assert_eq!(export("2026-11-23", Format::Jsonl), (0, String::new()));
    }

    #[tokio::test]
    async fn a_file_is_complete_or_not_there() {
        let (directory, _store) = log_of_three().await;
        let out = directory.path().join("november.csv");
        let (state, options) = (directory.path().join("state"), options("1970-01-01", Format::Csv));
        assert!(export_to_file(&directory.path().join("nowhere"), options, &out).is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no part is left");
        fs::write(&out, "an older one").unwrap();
        assert_eq!(export_to_file(&state, options, &out).unwrap(), 3);
        assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 4);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }
}
