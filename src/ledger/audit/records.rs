//! Records against their leaves: each one genuine, none missing, none too many, in time, and naming texts that are here ([`super::texts`]).

use std::{collections::BTreeSet, str};

use roaring::RoaringBitmap;

use super::{Bracketed, Brackets, Leaves, Problem, ProblemKind, RecordsSeen, TOLERANCE, texts::Texts};
use crate::{
    ledger::{Entry, Event, EventKind, Salt, hex::unhex, leaf_hash, parse},
    timestamp::Timestamp,
};

/// The records of one bundle as they go by.
pub(super) struct Records {
    first: u64,
    after: u64,
    brackets: Brackets,
    /// Of witnesses that are believed.
    trusted: Brackets,
    here: RoaringBitmap,
    last_line: Option<u64>,
    kept: u64,
    /// The newest time among the leaves before.
    latest: Timestamp,
    /// How many of the leaves' own times are in it.
    times: usize,
    bracketed: Bracketed,
    texts: Texts,
}

impl Records {
    /// For the leaves from `first` to before `after`.
    pub(super) fn new(first: u64, after: u64, brackets: Brackets, trusted: Brackets) -> Self {
        Self {
            first,
            after,
            brackets,
            trusted,
            here: RoaringBitmap::new(),
            last_line: None,
            kept: 0,
            latest: Timestamp::default(),
            times: 0,
            bracketed: Bracketed::default(),
            texts: Texts::default(),
        }
    }

    /// One line of a file of records, without its end.
    pub(super) fn line(&mut self, file: &str, line: &[u8], leaves: &Leaves, problems: &mut BTreeSet<Problem>) {
        let ascending = |index: &u64| self.last_line.is_none_or(|last| last < *index);
        let Some((index, salt, record)) = split(line).filter(|(index, ..)| ascending(index)) else {
            problems.insert(Problem::in_file(ProblemKind::Format, file));
            return;
        };
        self.last_line = Some(index);
        let mut found = |kind| _ = problems.insert(Problem::at_leaf(kind, index));
        if !(self.first..self.after).contains(&index) || !leaves.is_consent(index) || leaves.is_removed(index) {
            found(ProblemKind::RecordUnexpected);
            return;
        }
        self.here.insert(u32::try_from(index).unwrap_or(u32::MAX));
        if leaves.hash(index) != Some(leaf_hash(&Entry::consent(&salt, record).leaf_data())) {
            found(ProblemKind::RecordChanged);
            return;
        }
        match parse(record) {
            Ok(event) => {
                self.kept += 1;
                self.times(index, &event, leaves, &mut found);
                self.texts.named_by(index, &event, &leaves.texts, &mut found);
            }
            Err(_) => found(ProblemKind::RecordUnreadable),
        }
    }

    fn times(&mut self, index: u64, event: &Event, leaves: &Leaves, found: &mut impl FnMut(ProblemKind)) {
        let over = |later: Timestamp, earlier: Timestamp| later.milliseconds() - earlier.milliseconds() > TOLERANCE;
        while let Some((_, time)) = leaves.times.get(self.times).filter(|(leaf, _)| *leaf < index) {
            self.latest = self.latest.max(*time);
            self.times += 1;
        }
        let (before, covering) = self.brackets.around(index);
        // What allows nothing may have waited for the disk.
        if event.kind == EventKind::Frame || !event.allowed.is_empty() {
            if over(self.latest, event.time) {
                found(ProblemKind::TimeOrder);
                // A clock that was set back is told once, and not until it is as late as it was.
                self.latest = event.time;
            }
            if before.is_some_and(|before| over(before, event.time)) {
                found(ProblemKind::BackDated);
            }
        }
        if covering.is_some_and(|covering| over(event.time, covering)) {
            found(ProblemKind::ForwardDated);
        }
        self.latest = self.latest.max(event.time);
        self.bracketed.of += 1;
        if let (Some(before), Some(covering)) = self.trusted.around(index) {
            let seconds = (covering.seconds() - before.seconds()).max(0).cast_unsigned();
            self.bracketed.events += 1;
            self.bracketed.widest_seconds = self.bracketed.widest_seconds.max(Some(seconds));
        }
    }

    /// The bytes of a notice or a policy, before any record; `None` where its file is there and can't be read.
    pub(super) fn text(&mut self, file: &str, text: Option<&[u8]>, leaves: &Leaves, problems: &mut BTreeSet<Problem>) {
        self.texts.file(file, text, leaves, problems);
    }

    /// What is missing, now that everything has gone by.
    pub(super) fn finish(self, leaves: &Leaves, problems: &mut BTreeSet<Problem>) -> (RecordsSeen, Bracketed) {
        let mut removed = 0;
        for index in leaves.events(self.first, self.after) {
            if leaves.is_removed(index) {
                removed += 1;
            } else if !self.here.contains(u32::try_from(index).unwrap_or(u32::MAX)) {
                problems.insert(Problem::at_leaf(ProblemKind::RecordMissing, index));
            }
        }
        self.texts.finish(problems);
        let outside = leaves.kept_outside(self.first, self.after);
        let (first, after, kept) = (self.first, self.after, self.kept);
        (RecordsSeen { first, after, kept, removed, outside }, self.bracketed)
    }
}

/// Index, salt and canonical bytes of a line: `{"index":7,"salt":"…","record":{…}}`, in this one spelling, since a leaf commits to
/// the bytes of the record as they stand.
fn split(line: &[u8]) -> Option<(u64, Salt, &[u8])> {
    let rest = line.strip_prefix(br#"{"index":"#)?;
    let comma = rest.iter().position(|byte| *byte == b',')?;
    let digits = str::from_utf8(&rest[..comma]).ok()?;
    let index: u64 = digits.parse().ok().filter(|index: &u64| index.to_string() == digits)?;
    let (salt, record) = salted(&rest[comma + 1..])?;
    Some((index, salt, record))
}

/// What a leaf's hash is computed from: `"salt":"…","record":{…}}`.
pub(super) fn salted(text: &[u8]) -> Option<(Salt, &[u8])> {
    let rest = text.strip_prefix(br#""salt":""#)?;
    let (salt, rest) = rest.split_at_checked(64)?;
    let salt = Salt(unhex(str::from_utf8(salt).ok()?)?);
    let record = rest.strip_prefix(br#"","record":"#)?.strip_suffix(b"}")?;
    (record.starts_with(b"{") && record.ends_with(b"}")).then_some((salt, record))
}
