//! The log for people and for programs: CSV that a spreadsheet opens, JSON Lines from which a leaf can be computed again, and
//! consent records in JSON-LD.
//!
//! All forms take from [`Act`] and [`NoticeFacts`] what an event says, so that they can't disagree.
//! In JSON Lines `record` holds the canonical bytes as they are.

mod json_ld;
mod record;
mod table;

use std::{
    fmt,
    io::{self, Write},
};

use serde_json::json;

pub use self::{
    json_ld::JsonLdExport,
    record::{consent_record, context as json_ld_context},
    table::{CsvExport, disarmed},
};
use super::{Act, Event, LeafHash, LeafIndex, NoticeFacts, Retention, Salt, canonical, hex::hex};
use crate::{consent::Category, consent::CategorySet, timestamp::Timestamp};

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

/// What has to be known beside an event to tell what it says.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// What its notice said; `None` where the document is not kept.
    pub notice: Option<&'a NoticeFacts>,
    /// What the record that it ends had allowed; `None` where it ends none, or that one is not kept.
    pub ended: Option<CategorySet>,
    /// How long records are kept.
    pub retention: Retention,
}

/// How many lines an export has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Of records that are kept.
    pub records: u64,
    /// Of records that were deleted.
    pub deleted: u64,
}

impl Counted {
    /// Both.
    pub const fn all(self) -> u64 {
        self.records + self.deleted
    }

    /// Counts one row more.
    pub const fn count(&mut self, content: &Content) {
        match content {
            Content::Kept(..) => self.records += 1,
            Content::Removed { .. } => self.deleted += 1,
        }
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.records == 1 { "record" } else { "records" };
        write!(formatter, "{} {what}, {} deleted", self.records, self.deleted)
    }
}

/// The later answer after which a choice stood no longer. A choice that its own term ended has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The leaf of the later answer.
    pub by: LeafIndex,
    /// The day on which that leaf was written …
    pub day: Timestamp,
    /// … and the moment of the answer, as long as its record is kept.
    pub time: Option<Timestamp>,
}

impl Ending {
    /// When, as exactly as it is known: a moment, or a day.
    pub fn on(&self) -> String {
        self.time.map_or_else(|| self.day.date(), |time| time.to_string())
    }

    /// Whether the choice would have stood for longer by its own term.
    pub fn is_before_the_term_of(&self, event: &Event) -> bool {
        self.time.unwrap_or(self.day) < event.valid_until
    }
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

/// Writes one row as a line of JSON: `index`, `leaf_hash`, then `act` (what the event says, in the terms of the other forms, and what
/// ended it since), `salt` and `record`, or `removed_on` and `removed_by`.
///
/// # Errors
///
/// What the output says.
pub fn write_json_line(output: &mut dyn Write, row: &Row, told: &Told<'_>, ending: Option<Ending>) -> io::Result<()> {
    write!(output, r#"{{"index":{},"leaf_hash":"{}","#, row.index.0, hex(&row.leaf_hash.0))?;
    match &row.content {
        Content::Kept(event, salt) => {
            write!(output, r#""act":{},"salt":"{}","record":"#, act(event, told, ending), hex(&salt.0))?;
            output.write_all(&canonical(event))?;
        }
        Content::Removed { on, by } => {
            write!(output, r#""removed_on":"{}","removed_by":"{}""#, on.date(), by.name())?;
        }
    }
    output.write_all(b"}\n")
}

fn act(event: &Event, told: &Told<'_>, ending: Option<Ending>) -> serde_json::Value {
    let Act { asked, allowed, withdrawn, refused, validity } = Act::of(event, told.ended);
    let names = |set: CategorySet| set.iter().map(Category::name).collect::<Vec<_>>();
    json!({
        "allowed": names(allowed), "asked": names(asked), "ended_by": ending.map(|ending| ending.by.0),
        "ended_on": ending.map(|ending| ending.on()), "kept_until": told.retention.kept_until(event).to_string(),
        "once": event.frame.is_some(), "refused": refused.map(names), "validity": validity,
        "withdrawn": withdrawn.map(names),
    })
}
