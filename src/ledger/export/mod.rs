//! The log for people and for programs: CSV that a spreadsheet opens, JSON Lines from which a leaf can be computed again, and
//! consent records in JSON-LD.
//!
//! In JSON Lines `record` holds the canonical bytes as they are.

mod json_ld;
mod table;

use std::io::{self, Write};

pub use self::{json_ld::JsonLdExport, table::CsvExport};
use super::{Event, LeafHash, LeafIndex, Salt, canonical, hex::hex};
use crate::timestamp::Timestamp;

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
