//! Taking events out: the form, and the page on which the first of them are shown.

use askama::Template;

use super::{Frame, Page, Words, category_name, moment, rendered};
use crate::{
    admin::{exporting::MOST_SHOWN, sign_in::SignedIn},
    consent::{Category, CategorySet},
    ledger::{Content, Counted, Ending, Event, EventKind, Removal, Row},
};

#[derive(Template)]
#[template(path = "export.html", config = "src/admin/askama.toml")]
struct ExportPage {
    frame: Frame,
    forms: Vec<Offered>,
    most_shown: usize,
}

/// A form that an export can have.
struct Offered {
    name: &'static str,
    title: &'static str,
    text: &'static str,
}

#[derive(Template)]
#[template(path = "events.html", config = "src/admin/askama.toml")]
struct EventsPage {
    frame: Frame,
    counted: Counted,
    events: Vec<Shown>,
}

/// One event as a line of a table.
struct Shown {
    index: u64,
    kept: Option<Kept>,
    removed: String,
}

struct Kept {
    time: String,
    site: String,
    kind: &'static str,
    allowed: String,
    valid_until: String,
    ended: Option<(String, u64)>,
    language: &'static str,
    edition: String,
    consent_id: String,
}

pub(super) fn page(frame: Frame) -> String {
    let forms = [
        ("csv", "CSV", "таблица, чтобы читать", "a table, for reading"),
        (
            "jsonl",
            "JSON Lines",
            "с солью каждой записи, чтобы проверять хеши",
            "with each record's salt, for checking hashes",
        ),
        ("jsonld", "JSON-LD", "записи о согласии по ISO/IEC TS 27560", "consent records by ISO/IEC TS 27560"),
        ("bundle", "ZIP", "всё, чтобы проверить журнал без нас", "all that it takes to check the log without us"),
    ];
    let forms = forms.into_iter().map(|(name, title, russian, english)| Offered {
        name,
        title,
        text: frame.say(russian, english),
    });
    rendered(&ExportPage { forms: forms.collect(), frame, most_shown: MOST_SHOWN })
}

/// The first events of a period.
pub(in crate::admin) fn events(
    words: Words,
    account: &SignedIn,
    counted: Counted,
    rows: &[(Row, Option<Ending>)],
) -> String {
    let words = words.without_kazakh();
    let events = rows.iter().map(|(row, ending)| Shown::of(words, row, *ending)).collect();
    rendered(&EventsPage { frame: Frame::of(words, Some(account), Some(Page::Export)), counted, events })
}

impl Shown {
    fn of(words: Words, row: &Row, ending: Option<Ending>) -> Self {
        let (kept, removed) = match &row.content {
            Content::Kept(event, _) => (Some(Kept::of(words, event, ending)), String::new()),
            Content::Removed { on, by } => (None, format!("{}, {}", removal(words, *by), on.date())),
        };
        Self { index: row.index.0, kept, removed }
    }
}

impl Kept {
    fn of(words: Words, event: &Event, ending: Option<Ending>) -> Self {
        let ended = |ending: Ending| (ending.time.map_or_else(|| ending.day.date(), moment), ending.by.0);
        Self {
            time: moment(event.time),
            site: event.site.to_string(),
            kind: kind(words, event.kind),
            allowed: names(words, event.allowed),
            valid_until: moment(event.valid_until),
            ended: ending.map(ended),
            language: event.language.tag(),
            edition: event.edition.to_string(),
            consent_id: event.consent_id.to_string(),
        }
    }
}

fn names(words: Words, set: CategorySet) -> String {
    let permitted = Category::ALL.into_iter().filter(|category| set.permits(*category));
    permitted.map(|category| category_name(words, category)).collect::<Vec<_>>().join(", ")
}

fn kind(words: Words, kind: EventKind) -> &'static str {
    match kind {
        EventKind::Expressed => words.of_both("согласие", "expressed"),
        EventKind::Renewed => words.of_both("новый выбор", "renewed"),
        EventKind::Refused => words.of_both("отказ", "refused"),
        EventKind::Withdrawn => words.of_both("отзыв", "withdrawn"),
        EventKind::Implied => words.of_both("продолжение просмотра", "implied"),
        EventKind::Frame => words.of_both("разовое открытие", "frame"),
    }
}

fn removal(words: Words, by: Removal) -> &'static str {
    match by {
        Removal::Erasure => words.of_both("по требованию", "on request"),
        Removal::Retention => words.of_both("по сроку хранения", "by retention"),
    }
}
