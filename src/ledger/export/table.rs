//! The log as a table that a spreadsheet opens (CSV). It is for reading: text that a spreadsheet would run as a formula, or make a number
//! or a date of, is disarmed, so that the table proves nothing by itself.
//!
//! Cells are separated by semicolons. Where Russian or Kazakh is set, spreadsheets expect them and put a table with commas into one
//! column; LibreOffice asks and offers both. A first line `sep=` would tell them, but then Excel no longer heeds the byte order
//! mark and shows Cyrillic as signs, and every other program takes that line for data.

use std::io::{self, Write};

use super::{Content, Ending, Row, Told};
use crate::{
    consent::{Category, CategorySet},
    ledger::{Act, Event, NoticeFacts, hex::hex},
};

/// Longest cell in characters: more than this no spreadsheet puts into one.
const LONGEST_CELL: usize = 32_000;

/// Stands between the lines of what was shown, which are paragraphs, headings and buttons.
const PARAGRAPH: &str = " ¶ ";

/// The columns that hold numbers and times: a spreadsheet may take them for what they are.
const VALUES: [&str; 8] = ["index", "time", "valid_until", "ended_by", "ended_on", "kept_until", "ends", "removed_on"];

/// Stands where the earlier record is gone, so that nobody can tell what was taken back.
const UNKNOWN: &str = "unknown";

/// Writes rows as CSV: UTF-8 with a byte order mark, semicolons, lines end with CR LF, the first line names the columns. Otherwise as
/// in RFC 4180.
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
        let mut builder = csv::WriterBuilder::new();
        let mut writer = builder.delimiter(b';').terminator(csv::Terminator::CRLF).from_writer(output);
        writer.write_record(columns())?;
        Ok(Self(writer))
    }

    /// Writes one line.
    ///
    /// # Errors
    ///
    /// What the output says.
    pub fn write(&mut self, row: &Row, told: &Told<'_>, ending: Option<Ending>) -> io::Result<()> {
        let mut cells = vec![row.index.0.to_string()];
        match &row.content {
            Content::Kept(event, salt) => {
                cells.extend(event_cells(event, told, ending));
                cells.extend([String::new(), String::new(), hex(&row.leaf_hash.0), hex(&salt.0)]);
            }
            Content::Removed { on, by } => {
                cells.resize(columns().count() - 4, String::new());
                cells.extend([on.date(), by.name().to_owned(), hex(&row.leaf_hash.0), String::new()]);
            }
        }
        let cells = columns().zip(&cells).map(|(column, cell)| match VALUES.contains(&column) {
            true => disarm(cell),
            false => disarmed(cell),
        });
        Ok(self.0.write_record(cells)?)
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

/// Who, when, what and on what text comes first; what is for programs comes last.
fn columns() -> impl Iterator<Item = &'static str> {
    let first = ["index", "time", "site", "consent_id", "event", "allowed", "withdrawn", "offered"];
    let stands = ["valid_until", "validity", "ended_by", "ended_on"];
    let shown = ["kept_until", "method", "page", "language", "shown_text", "controller", "edition"];
    let last = ["policy_url", "notice_id", "agent", "gpc", "dnt", "host", "host_category", "ends", "record_id"];
    let proof = ["removed_on", "removed_by", "leaf_hash", "salt"];
    first.into_iter().chain(optional().map(Category::name)).chain(stands).chain(shown).chain(last).chain(proof)
}

fn optional() -> impl Iterator<Item = Category> {
    Category::ALL.into_iter().filter(|category| *category != Category::Necessary)
}

/// The cells from `time` to `record_id`, in the order of the columns.
fn event_cells(event: &Event, told: &Told<'_>, ending: Option<Ending>) -> Vec<String> {
    let act = Act::of(event, told.ended);
    let notice = told.notice;
    let mut cells = vec![
        event.time.to_string(),
        event.site.to_string(),
        event.consent_id.to_string(),
        event.kind.name().to_owned(),
        act.allowed.to_string(),
        act.withdrawn.map_or_else(|| UNKNOWN.to_owned(), |withdrawn| withdrawn.to_string()),
        act.asked.to_string(),
    ];
    cells.extend(optional().map(|category| answer(category, &act, event.frame.is_some()).to_owned()));
    let yes_or_no = |flag| if flag { "yes" } else { "no" }.to_owned();
    let controller = |notice: &NoticeFacts| match &*notice.controller.identification {
        "" => notice.controller.name.clone(),
        number => format!("{}, {number}", notice.controller.name),
    };
    let shown = |notice: &NoticeFacts| notice.shown(event).join(PARAGRAPH).chars().take(LONGEST_CELL).collect();
    cells.extend([
        event.valid_until.to_string(),
        act.validity,
        ending.map_or_else(String::new, |ending| ending.by.0.to_string()),
        ending.map_or_else(String::new, |ending| ending.on()),
        told.retention.kept_until(event).to_string(),
        event.method.name().to_owned(),
        event.page.as_ref().map_or_else(String::new, |page| page.as_str().to_owned()),
        event.language.to_string(),
        notice.map_or_else(String::new, shown),
        notice.map_or_else(String::new, controller),
        event.edition.to_string(),
        notice.and_then(NoticeFacts::policy_address).unwrap_or_default(),
        event.notice.to_string(),
        event.agent.name().to_owned(),
        yes_or_no(event.signals.global_privacy_control),
        yes_or_no(event.signals.do_not_track),
        event.frame.as_ref().map_or_else(String::new, |frame| frame.host.to_string()),
        event.frame.as_ref().map_or_else(String::new, |frame| frame.category.name().to_owned()),
        event.ends.map_or_else(String::new, |index| index.0.to_string()),
        event.id.to_string(),
    ]);
    cells
}

/// What was answered for one category.
fn answer(category: Category, act: &Act, once: bool) -> &'static str {
    let holds = |set: Option<CategorySet>| set.is_some_and(|set| set.contains(category));
    match (act.allowed.contains(category), act.asked.contains(category)) {
        (true, _) if once => "once",
        (true, _) => "yes",
        (false, _) if holds(act.withdrawn) => "withdrawn",
        (false, true) => "no",
        (false, false) if once => "not asked",
        (false, false) => "not offered",
    }
}

/// A text as a cell in which a spreadsheet runs nothing and changes nothing.
pub fn disarmed(cell: &str) -> String {
    if is_read_as_value(cell) { format!("'{}", disarm(cell)) } else { disarm(cell) }
}

/// Whether a spreadsheet would make a number, a date or a truth value of a text and lose how it is written: the edition `1.10` would
/// become 1.1, `2026-01` a day in January, and a number of hexadecimal digits with one `e` among decimal ones a power of ten.
fn is_read_as_value(cell: &str) -> bool {
    let lower = cell.to_ascii_lowercase();
    let is_word_of_value = |word: &str| {
        matches!(word, "" | "e" | "t" | "z" | "am" | "pm")
            || MONTHS.iter().any(|month| word == *month || word == &month[..3])
    };
    matches!(&*lower, "true" | "false")
        || lower.starts_with(|first: char| first.is_ascii_alphanumeric() || matches!(first, '.' | ','))
            && lower.contains(|character: char| character.is_ascii_digit())
            && lower.split(|character: char| !character.is_alphabetic()).all(is_word_of_value)
}

/// The names of months, whose first three letters stand for them too.
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Puts an apostrophe before what a spreadsheet would take for a formula: at the start of a cell, and after each character that
/// splits cells in some country's settings (an English spreadsheet splits at `,`, and where the quotes are not heeded a Russian one
/// at `;`).
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
