//! Taking events out: the form, and the page on which the first of them are shown.

use askama::Template;

use super::{Frame, Page, Words, moment, rendered};
use crate::{
    admin::{exporting::MOST_SHOWN, sign_in::SignedIn},
    consent::{Category, CategorySet},
    ledger::{Content, Row},
};

#[derive(Template)]
#[template(path = "export.html", config = "src/admin/askama.toml")]
struct ExportPage {
    frame: Frame,
    most_shown: usize,
}

#[derive(Template)]
#[template(path = "events.html", config = "src/admin/askama.toml")]
struct EventsPage {
    frame: Frame,
    total: u64,
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
    edition: String,
    consent_id: String,
}

pub(super) fn page(frame: Frame) -> String {
    rendered(&ExportPage { frame, most_shown: MOST_SHOWN })
}

/// The first events of a period.
pub(in crate::admin) fn events(words: Words, account: &SignedIn, total: u64, rows: &[Row]) -> String {
    let events = rows.iter().map(Shown::of).collect();
    rendered(&EventsPage { frame: Frame::of(words, Some(account), Some(Page::Export)), total, events })
}

impl Shown {
    fn of(row: &Row) -> Self {
        let (kept, removed) = match &row.content {
            Content::Kept(event, _) => {
                let kept = Kept {
                    time: moment(event.time),
                    site: event.site.to_string(),
                    kind: event.kind.name(),
                    allowed: names(event.allowed),
                    edition: event.edition.to_string(),
                    consent_id: event.consent_id.to_string(),
                };
                (Some(kept), String::new())
            }
            Content::Removed { on, by } => (None, format!("{} {}", by.name(), on.date())),
        };
        Self { index: row.index.0, kept, removed }
    }
}

fn names(set: CategorySet) -> String {
    let names = Category::ALL.into_iter().filter(|category| set.permits(*category)).map(Category::name);
    names.collect::<Vec<_>>().join(", ")
}
