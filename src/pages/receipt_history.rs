//! What a visitor answered before, line by line.

use super::{Settings, phrases, settings_page::known_policy_address, texts::Texts};
use crate::{
    consent::{Category, CategorySet},
    ledger::{Act, Event, EventKind, LeafIndex},
    timestamp::Timestamp,
    visitor::Language,
};

/// How much of a notice's digest stands in a line of the history, in digits; the whole is among the data.
const SHORT_DIGEST: usize = 8;

/// Whether an event counts now, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is in force.
    InForce,
    /// Another event ended it.
    Ended,
    /// Its term ran out then, before anything else ended it.
    Expired(Timestamp),
    /// The policy has changed, so the visitor is asked again.
    AskedAgain,
}

/// One line of the history.
#[derive(Clone, Debug)]
pub enum HistoryLine<'a> {
    /// An event that is kept.
    Kept {
        /// Its place.
        index: LeafIndex,
        /// What happened.
        event: &'a Event,
        /// What had been allowed before, of a withdrawal; `None` where nobody can tell any more.
        before: Option<CategorySet>,
        /// Whether it counts.
        standing: Standing,
    },
    /// An event that a later one names, and that was deleted.
    Removed {
        /// Its place.
        index: LeafIndex,
        /// On which day.
        on: Timestamp,
    },
}

impl HistoryLine<'_> {
    /// Its place.
    pub const fn index(&self) -> LeafIndex {
        match self {
            Self::Kept { index, .. } | Self::Removed { index, .. } => *index,
        }
    }

    pub(super) const fn before(&self) -> Option<CategorySet> {
        match self {
            Self::Kept { before, .. } => *before,
            Self::Removed { .. } => None,
        }
    }
}

/// A line in words.
pub(super) fn history_row(settings: &Settings, language: Language, line: &HistoryLine<'_>) -> HistoryRow {
    let texts = Texts::of(language);
    let words = &texts.receipt;
    match line {
        HistoryLine::Removed { index, on } => HistoryRow {
            index: index.0,
            state: phrases::fill(&words.deleted, &[("date", &phrases::date(texts, *on))]),
            kept: None,
        },
        HistoryLine::Kept { index, event, before, standing } => {
            let allowed = match &event.frame {
                Some(frame) => format!("{} ({})", frame.host, texts.category(frame.category).listed),
                None => phrases::allowed(texts, event.allowed),
            };
            let state = match (event.kind, standing) {
                (EventKind::Frame, _) => words.once.clone(),
                (_, Standing::InForce) => words.in_force.clone(),
                (_, Standing::Ended) => words.ended.clone(),
                (_, Standing::Expired(on)) => phrases::fill(&words.expired, &[("date", &phrases::date(texts, *on))]),
                (_, Standing::AskedAgain) => words.asked_again.clone(),
            };
            let notice = event.notice.to_string();
            HistoryRow {
                index: index.0,
                state,
                kept: Some(KeptRow {
                    time: event.time,
                    time_text: phrases::moment_to_the_second(texts, event.time),
                    what: happened(texts, event, *before),
                    allowed,
                    edition: event.edition.to_string(),
                    edition_address: known_policy_address(settings, &event.edition, language),
                    notice_start: notice[..SHORT_DIGEST].to_owned(),
                    notice,
                }),
            }
        }
    }
}

/// What happened. A withdrawal says what was taken back and what is left, as far as anybody can tell.
pub(super) fn happened(texts: &Texts, event: &Event, before: Option<CategorySet>) -> String {
    let Some(withdrawn) = Act::of(event, before).withdrawn.filter(|withdrawn| !withdrawn.is_empty()) else {
        return texts.event(event.kind).to_owned();
    };
    let left = match event.allowed.is_empty() {
        true => texts.category(Category::Necessary).listed.clone(),
        false => phrases::categories(texts, event.allowed),
    };
    let withdrawn = phrases::categories(texts, withdrawn);
    phrases::fill(&texts.receipt.withdrawn_part, &[("withdrawn", &withdrawn), ("left", &left)])
}

pub(super) struct HistoryRow {
    pub(super) index: u64,
    pub(super) state: String,
    pub(super) kept: Option<KeptRow>,
}

pub(super) struct KeptRow {
    pub(super) time: Timestamp,
    pub(super) time_text: String,
    pub(super) what: String,
    pub(super) allowed: String,
    pub(super) edition: String,
    pub(super) edition_address: Option<String>,
    pub(super) notice: String,
    /// The beginning of `notice`.
    pub(super) notice_start: String,
}
