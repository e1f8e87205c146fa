//! Checking a log without trusting whoever keeps it: what a bundle holds goes in, in a fixed order, and a [`Report`] comes out.
//!
//! The order: [`Auditor::checkpoint`] for the newest checkpoint, the kept ones and those that were given; [`Auditor::entries`] for every
//! bundle of leaves, ascending, or [`Auditor::entries_missing`]; where that makes it [`Auditor::complete`], [`Auditor::compare`], then
//! [`Auditor::tile`], and where there are records [`Auditor::begin_records`], [`Auditor::text`], [`Auditor::record_line`] ascending; then
//! [`Auditor::finish`]. Nothing is read here, and no more than hashes and bits is kept: about 40 bytes for each leaf.

mod checkpoints;
mod leaves;
mod problem;
mod receipt;
mod records;
mod report;
#[cfg(test)]
mod tests;
mod texts;

use std::collections::BTreeSet;

pub use self::{
    checkpoints::Held,
    problem::{Problem, ProblemKind},
    receipt::{ReceiptReport, audit_receipt, is_receipt},
    report::{Bracketed, Follows, GivenCheckpoint, Period, RecordsSeen, Report, Seen, WitnessSeen},
};
use self::{
    checkpoints::{Brackets, Checkpoints, ConsistencyProof},
    leaves::Leaves,
    records::Records,
};
use super::{EntryBundle, Tile, TilePath, TreeHash, VerifierKey, entries_of_bundle};

/// The largest log that is audited, in leaves: more than a busy site writes in a century, and what 32 bits count.
pub const MOST_LEAVES: u64 = u32::MAX as u64;

/// The longest proof of consistency, in hashes: two paths to the root of 2⁶³ leaves. What follows can't be right.
const LONGEST_PROOF: usize = 126;

/// How far two clocks may differ, in milliseconds: the gateway's and a witness's, and the gateway's own when it is set.
const TOLERANCE: i64 = 60_000;

/// What is known from elsewhere, or believed.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The key that signatures are checked with.
    pub key: VerifierKey,
    /// Whether that key was known from elsewhere; its name may be that of an earlier log, before a restore.
    pub key_given: bool,
    /// The name of the key in the bundle, where there is one.
    pub own_name: Option<Box<str>>,
    /// The keys of witnesses, each once, and whether they were known from elsewhere.
    pub witnesses: Vec<(VerifierKey, bool)>,
}

/// An audit under way.
pub struct Auditor {
    key_given: bool,
    checkpoints: Checkpoints,
    leaves: Leaves,
    records: Option<Records>,
    problems: BTreeSet<Problem>,
}

impl Auditor {
    /// Begins.
    pub fn new(trust: Trust) -> Self {
        Self {
            key_given: trust.key_given,
            checkpoints: Checkpoints::new(trust),
            leaves: Leaves::default(),
            records: None,
            problems: BTreeSet::new(),
        }
    }

    /// Notes a problem that was met in reading.
    pub fn problem(&mut self, problem: Problem) {
        self.problems.insert(problem);
    }

    /// Takes the text of a checkpoint. Of the newest it tells the size, where nothing can be looked at without it: `None` where it is
    /// not a checkpoint at all.
    pub fn checkpoint(&mut self, file: &str, text: &str, held: Held) -> Option<u64> {
        let size = self.checkpoints.read(file, text, held, &mut self.problems)?;
        if size > MOST_LEAVES && held == Held::Newest {
            self.problems.insert(Problem::in_file(ProblemKind::Format, file));
            return None;
        }
        self.leaves.want_root(size);
        Some(size)
    }

    /// Takes the text of a proof that the tree of `old` leaves is the beginning of the tree of `new` leaves: base64, one hash a line.
    pub fn consistency(&mut self, file: &str, old: u64, new: u64, text: &str) {
        let lines = text.strip_suffix('\n').unwrap_or(text).split('\n').filter(|_| !text.is_empty());
        match lines.take(LONGEST_PROOF + 1).map(TreeHash::parse).collect() {
            Some(hashes) => {
                [old, new].into_iter().for_each(|size| self.leaves.want_root(size));
                self.checkpoints.proofs.push(ConsistencyProof { file: file.into(), old, new, hashes });
            }
            None => _ = self.problems.insert(Problem::in_file(ProblemKind::Format, file)),
        }
    }

    /// Takes the bytes of the next bundle of leaves.
    pub fn entries(&mut self, bundle: EntryBundle, bytes: &[u8]) {
        match entries_of_bundle(bytes).filter(|entries| entries.len() == usize::from(bundle.width)) {
            Some(entries) => entries.into_iter().for_each(|entry| self.leaves.append(entry, &mut self.problems)),
            None => {
                self.problems.insert(Problem::in_file(ProblemKind::Format, &bundle.path()));
                self.entries_missing(bundle);
            }
        }
    }

    /// Goes past a bundle of leaves that can't be had.
    pub fn entries_missing(&mut self, bundle: EntryBundle) {
        self.leaves.skip(u64::from(bundle.width));
    }

    /// Whether all leaves were there: without them nothing more can be said.
    pub const fn complete(&self) -> bool {
        self.leaves.complete()
    }

    /// Compares the checkpoints with the tree, now that all leaves have gone by.
    pub fn compare(&mut self) {
        self.checkpoints.compare(&self.leaves, &mut self.problems);
    }

    /// Takes the bytes of a tile of hashes.
    pub fn tile(&mut self, tile: Tile, bytes: &[u8]) {
        if !self.leaves.is_tile(tile, bytes) {
            self.problems.insert(Problem::in_file(ProblemKind::TileMismatch, &TilePath::Hashes(tile).path()));
        }
    }

    /// Begins with the records of the leaves from `first` to before `after`.
    pub fn begin_records(&mut self, first: u64, after: u64) {
        let after = after.min(self.leaves.size());
        self.records = Some(Records::new(
            first.min(after),
            after,
            self.checkpoints.brackets(),
            self.checkpoints.trusted_brackets(),
        ));
    }

    /// Takes a line of a file of records, without its end.
    pub fn record_line(&mut self, file: &str, line: &[u8]) {
        if let Some(records) = &mut self.records {
            records.line(file, line, &self.leaves, &mut self.problems);
        }
    }

    /// Takes the bytes of a notice or a policy; `None` where its file is there and can't be read, which is a problem told elsewhere.
    pub fn text(&mut self, file: &str, text: Option<&[u8]>) {
        if let Some(records) = &mut self.records {
            records.text(file, text, &self.leaves, &mut self.problems);
        }
    }

    /// Tells what was found.
    pub fn finish(mut self) -> Report {
        let finished = self.records.map(|records| records.finish(&self.leaves, &mut self.problems));
        let newest = self.checkpoints.newest();
        Report {
            origin: newest.map(|newest| newest.origin.clone()).unwrap_or_default(),
            size: newest.map_or(0, |newest| newest.size),
            key_given: self.key_given,
            log_key: None,
            period: None,
            has_page: false,
            follows: self.leaves.follows(),
            given_checkpoints: self.checkpoints.given(),
            records: finished.map(|(records, _)| records),
            bracketed: finished.map(|(_, bracketed)| bracketed).unwrap_or_default(),
            witnesses: self.checkpoints.seen(),
            problems: self.problems.into_iter().collect(),
        }
    }
}
