//! The log for people and for programs: CSV that a spreadsheet opens, and JSON Lines from which a leaf can be computed again.
//!
//! In JSON Lines `record` holds the canonical bytes as they are. CSV is for reading: text that a spreadsheet would run as a formula
//! is disarmed there, so that it proves nothing by itself.

use std::io::{self, Write};

use super::{Event, LeafHash, LeafIndex, Salt, canonical, hex::hex};
use crate::{
    consent::{Category, CategorySet},
    timestamp::Timestamp,
};

/// What an export says about one leaf of an event.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place in the log.
    pub index: LeafIndex,
    /// Its hash.
    pub leaf_hash: LeafHash,
    /// What is left of the event.
    pub content: Content,
}

/// What is left of an event.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// All of it.
    Kept(Box<Event>, Salt),
    /// Nothing: record and salt were deleted.
    Removed {
        /// On which day.
        on: Timestamp,
        /// Why.
        by: Removal,
    },
}

/// Why a record is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// For a person, on request or order.
    Erasure,
    /// The term for keeping it ran out.
    Retention,
}

impl Removal {
    /// The word used in exports; the kind of the leaf that explains the hole.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Erasure => "erasure",
            Self::Retention => "retention",
        }
    }
}

/// Writes rows as CSV (RFC 4180): UTF-8 with a byte order mark, lines end with CR LF, the first line names the columns.
pub struct CsvExport<W: Write>(csv::Writer<W>);

impl<W: Write> CsvExport<W> {
    /// Writes byte order mark and column names.
    ///
    /// # Errors
    ///
    /// What the output says.
    pub fn new(mut output: W) -> io::Result<Self> {
        // Without the mark spreadsheets read UTF-8 as the machine's old code page, and Cyrillic is lost.
        output.write_all("\u{feff}".as_bytes())?;
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(output);
        writer.write_record(columns())?;
        Ok(Self(writer))
    }

    /// Writes one line.
    ///
    /// # Errors
    ///
    /// What the output says.
    pub fn write(&mut self, row: &Row) -> io::Result<()> {
        let mut cells = vec![row.index.0.to_string(), hex(&row.leaf_hash.0)];
        match &row.content {
            Content::Kept(event, salt) => {
                cells.push(hex(&salt.0));
                cells.extend(event_cells(event));
                cells.resize(columns().count(), String::new());
            }
            Content::Removed { on, by } => {
                cells.resize(columns().count() - 2, String::new());
                cells.extend([on.date(), by.name().to_owned()]);
            }
        }
        Ok(self.0.write_record(cells.iter().map(|cell| disarm(cell)))?)
    }

    /// Hands everything to the output and flushes it.
    ///
    /// # Errors
    ///
    /// What the output says.
    pub fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes one row as a line of JSON: `index`, `leaf_hash`, then `salt` and `record`, or `removed_on` and `removed_by`.
///
/// # Errors
///
/// What the output says.
pub fn write_json_line(output: &mut dyn Write, row: &Row) -> io::Result<()> {
    write!(output, r#"{{"index":{},"leaf_hash":"{}","#, row.index.0, hex(&row.leaf_hash.0))?;
    match &row.content {
        Content::Kept(event, salt) => {
            write!(output, r#""salt":"{}","record":"#, hex(&salt.0))?;
            output.write_all(&canonical(event))?;
        }
        Content::Removed { on, by } => {
            write!(output, r#""removed_on":"{}","removed_by":"{}""#, on.date(), by.name())?;
        }
    }
    output.write_all(b"}\n")
}

fn columns() -> impl Iterator<Item = &'static str> {
    let first = ["index", "leaf_hash", "salt", "record_id", "consent_id", "site", "event", "time", "valid_until"];
    let choice = ["validity", "method", "offered", "allowed"];
    let last = ["edition", "notice_id", "language", "page", "agent", "gpc", "dnt", "ends"];
    let frame = ["host", "host_category", "removed_on", "removed_by"];
    first.into_iter().chain(choice).chain(optional().map(Category::name)).chain(last).chain(frame)
}

fn optional() -> impl Iterator<Item = Category> {
    Category::ALL.into_iter().filter(|category| *category != Category::Necessary)
}

/// The cells from `record_id` to `host_category`, in the order of the columns.
fn event_cells(event: &Event) -> Vec<String> {
    let mut cells = vec![
        event.id.to_string(),
        event.consent_id.to_string(),
        event.site.to_string(),
        event.kind.name().to_owned(),
        event.time.to_string(),
        event.valid_until.to_string(),
        event.validity.to_string(),
        event.method.name().to_owned(),
        event.offered.to_string(),
        event.allowed.to_string(),
    ];
    cells.extend(optional().map(|category| answer(category, event.offered, event.allowed).to_owned()));
    let yes_or_no = |flag| if flag { "yes" } else { "no" }.to_owned();
    cells.extend([
        event.edition.to_string(),
        event.notice.to_string(),
        event.language.to_string(),
        event.page.as_ref().map_or_else(String::new, |page| page.as_str().to_owned()),
        event.agent.name().to_owned(),
        yes_or_no(event.signals.global_privacy_control),
        yes_or_no(event.signals.do_not_track),
        event.ends.map_or_else(String::new, |index| index.0.to_string()),
        event.frame.as_ref().map_or_else(String::new, |frame| frame.host.to_string()),
        event.frame.as_ref().map_or_else(String::new, |frame| frame.category.name().to_owned()),
    ]);
    cells
}

fn answer(category: Category, offered: CategorySet, allowed: CategorySet) -> &'static str {
    match (offered.contains(category), allowed.contains(category)) {
        (_, true) => "yes",
        (true, false) => "no",
        (false, false) => "not offered",
    }
}

/// Puts an apostrophe before what a spreadsheet would take for a formula: at the start of a cell, and after each character that
/// splits cells in some country's settings (a Russian spreadsheet splits at `;` even inside of our quotes).
fn disarm(cell: &str) -> String {
    let mut safe = String::with_capacity(cell.len() + 1);
    let mut at_start = true;
    for character in cell.chars() {
        if at_start && matches!(character, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') {
            safe.push('\'');
        }
        at_start = matches!(character, ';' | ',' | '\t' | '|' | '\r' | '\n' | '"');
        safe.push(character);
    }
    safe
}
