//! What an audit found. Three findings that must not be taken for one another: intact, seen from outside, times bracketed.

use super::Problem;
use crate::{
    ledger::{LeafIndex, LogId, VerifierKey},
    timestamp::Timestamp,
};

/// The findings about one log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The log's name; empty where not even that could be read.
    pub origin: Box<str>,
    /// How many leaves the newest checkpoint has.
    pub size: u64,
    /// Whether the key was known from elsewhere, and not only from the bundle itself.
    pub key_given: bool,
    /// The key in the bundle.
    pub log_key: Option<VerifierKey>,
    /// The period that the bundle says it was made for; `None` where nothing says so.
    pub period: Option<Period>,
    /// Whether there is a page for people, which nobody has looked at.
    pub has_page: bool,
    /// The logs that this one goes on from, the oldest first.
    pub follows: Vec<Follows>,
    /// The checkpoints that were kept elsewhere and that nothing here contradicts.
    pub given_checkpoints: Vec<GivenCheckpoint>,
    /// What was looked at besides the tree; `None` where there were no records to look at.
    pub records: Option<RecordsSeen>,
    /// All that is wrong, in order.
    pub problems: Vec<Problem>,
    /// Who has signed what is here; one for each witness that is known.
    pub witnesses: Vec<WitnessSeen>,
    /// How closely cosignatures enclose the times of events.
    pub bracketed: Bracketed,
}

impl Report {
    /// Whether nothing is wrong.
    pub const fn intact(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether every checkpoint that was kept elsewhere is reached.
    pub fn reaches_all(&self) -> bool {
        self.given_checkpoints.iter().all(|given| given.reached)
    }

    /// Whether keys of witnesses were known from elsewhere: then only these count.
    pub fn witnesses_given(&self) -> bool {
        self.witnesses.iter().any(|witness| witness.given)
    }

    /// Whether somebody outside of the operator's house has signed the log.
    pub fn seen_from_outside(&self) -> bool {
        let given = self.witnesses_given();
        self.witnesses.iter().any(|witness| witness.seen.is_some() && witness.given == given)
    }
}

/// Another log that goes on in this one, since a backup of it was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follows {
    /// The leaf that says so.
    pub leaf: LeafIndex,
    /// The other log's number.
    pub log: LogId,
    /// How many of its leaves were kept.
    pub size: u64,
    /// On which day.
    pub day: Timestamp,
}

/// A checkpoint that was kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenCheckpoint {
    /// Its file, as it was given.
    pub file: Box<str>,
    /// How many leaves it has.
    pub size: u64,
    /// Whether the log goes as far as it; a log that does not may be older, or cut short.
    pub reached: bool,
}

/// The records that were compared with their leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordsSeen {
    /// The first leaf of the range for which the bundle claims to be complete.
    pub first: u64,
    /// The leaf after the last one.
    pub after: u64,
    /// How many records are there and right.
    pub kept: u64,
    /// How many were deleted, as leaves say.
    pub removed: u64,
    /// How many events lie before or after the range and were not deleted: their records are not in the bundle.
    pub outside: u64,
}

/// What was asked for when a bundle was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// From this moment on; `None` from the log's beginning.
    pub from: Option<Timestamp>,
    /// Up to this moment, which is not part of it; `None` to the log's end.
    pub to: Option<Timestamp>,
}

/// What one witness has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessSeen {
    /// Its name.
    pub name: Box<str>,
    /// Whether its key was known from elsewhere, and not only from the bundle itself.
    pub given: bool,
    /// Its signatures; `None` where there are none.
    pub seen: Option<Seen>,
}

/// The signatures of one witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its oldest.
    pub since: Timestamp,
    /// Its newest.
    pub until: Timestamp,
    /// The largest size that it has signed.
    pub size: u64,
}

/// How many events lie between two cosignatures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bracketed {
    /// So many of them,
    pub events: u64,
    /// out of so many that were looked at.
    pub of: u64,
    /// The longest time between the two cosignatures around an event, in seconds.
    pub widest_seconds: Option<u64>,
}
