//! Taking the log out: from a [`Reader`] to an output, as rows for people and programs or as a bundle for an auditor. Streamed: memory
//! does not grow with the log.
//!
//! It decides nothing about who may: whoever calls it has written the leaf that says so.

mod bundle;
mod endings;
mod notices;
mod tiles;

use std::{
    io::{self, Write},
    str::FromStr,
};

pub(crate) use self::bundle::bundle_steps;
pub use self::{
    bundle::{BundleOptions, write_bundle},
    endings::first_rows,
};
use self::{endings::Endings, notices::Notices};
use crate::{
    ledger::{
        Content, Counted, CsvExport, Ending, JsonLdExport, LeafIndex, NoticeId, Retention, Row, Told, write_json_line,
    },
    store::{Reader, StoreError},
    timestamp::Timestamp,
};

/// The form of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// A table for a spreadsheet.
    Csv,
    /// One JSON object on each line, with all that an event's hash is computed from.
    Jsonl,
    /// Consent records of ISO/IEC TS 27560 in one JSON-LD document.
    JsonLd,
}

impl Rows {
    /// The word for it, in commands and in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::JsonLd => "jsonld",
        }
    }
}

impl FromStr for Rows {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::Csv, Self::Jsonl, Self::JsonLd].into_iter().find(|form| form.name() == name).ok_or(())
    }
}

/// Why an export did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The output refuses.
    #[error("cannot write the export: {0}")]
    Output(#[from] io::Error),
    /// A record can't be complete without what was shown.
    #[error("leaf {} names the notice {notice}, whose document is not kept; export as jsonl or bundle, which show what is there", leaf.0)]
    NoticeMissing {
        /// The leaf of the event.
        leaf: LeafIndex,
        /// The notice that it names.
        notice: NoticeId,
    },
    /// Nothing was signed yet.
    #[error(
        "there is no signed checkpoint of {origin} yet, so nothing could be proved; let the gateway run for some seconds, then export again"
    )]
    NoCheckpoint {
        /// The log.
        origin: String,
    },
    /// The newest checkpoint is not the log's.
    #[error(
        "the newest checkpoint of {origin} is not signed with the log's key; keep a copy of the state directory for the auditor"
    )]
    ForeignCheckpoint {
        /// The log.
        origin: String,
    },
    /// Deletions that the signed tree does not show, and nobody signs one that does.
    #[error(
        "records were deleted and no signed checkpoint of {origin} says so yet, so the bundle would contradict itself; let the gateway run for some seconds, then export again"
    )]
    Unsigned {
        /// The log.
        origin: String,
    },
}

/// Writes the events from one moment up to another and returns how many there were, of what; `step` is called for each. `retention`
/// says how long records are kept.
///
/// # Errors
///
/// When the log or the output refuses, or a consent record can't be complete.
pub fn write_rows(
    reader: &Reader,
    form: Rows,
    (from, to): (Timestamp, Timestamp),
    retention: Retention,
    output: &mut dyn Write,
    step: &mut dyn FnMut(u64),
) -> Result<Counted, ExportError> {
    write_each(reader, form, reader.events(from, to)?, retention, output, step)
}

/// The same for some rows of the log.
pub(crate) fn write_each(
    reader: &Reader,
    form: Rows,
    rows: impl IntoIterator<Item = Result<Row, StoreError>>,
    retention: Retention,
    output: &mut dyn Write,
    step: &mut dyn FnMut(u64),
) -> Result<Counted, ExportError> {
    let (mut notices, mut endings) = (Notices::of(reader), Endings::of(reader));
    let mut writer = match form {
        Rows::Csv => Writer::Csv(Box::new(CsvExport::new(output)?)),
        Rows::Jsonl => Writer::Jsonl(output),
        Rows::JsonLd => Writer::JsonLd(JsonLdExport::new(output)?),
    };
    let mut written = Counted::default();
    for row in rows {
        let row = row?;
        let (notice, ended, ending) = match &row.content {
            Content::Kept(event, _) => {
                (notices.facts(event.notice)?, reader.allowed_before(event)?, endings.ending(row.index, event)?)
            }
            Content::Removed { .. } => (None, None, None),
        };
        writer.write(&row, &Told { notice: notice.as_deref(), ended, retention }, ending)?;
        written.count(&row.content);
        step(1);
    }
    writer.finish()?;
    Ok(written)
}

enum Writer<'a> {
    Csv(Box<CsvExport<&'a mut dyn Write>>),
    Jsonl(&'a mut dyn Write),
    JsonLd(JsonLdExport<&'a mut dyn Write>),
}

impl Writer<'_> {
    fn write(&mut self, row: &Row, told: &Told<'_>, ending: Option<Ending>) -> Result<(), ExportError> {
        match self {
            Self::Jsonl(output) => write_json_line(output, row, told, ending)?,
            Self::Csv(table) => table.write(row, told, ending)?,
            Self::JsonLd(document) => {
                if let (Content::Kept(event, _), None) = (&row.content, told.notice) {
                    return Err(ExportError::NoticeMissing { leaf: row.index, notice: event.notice });
                }
                document.write(row, told, ending)?;
            }
        }
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv(table) => table.finish(),
            Self::Jsonl(output) => output.flush(),
            Self::JsonLd(document) => document.finish(),
        }
    }
}
