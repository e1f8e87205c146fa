//! A visitor's receipt: one leaf of the log, without the log. What it says, whether the log has signed it, and who has seen it.

use std::collections::BTreeSet;

use super::{Checkpoints, Held, Problem, ProblemKind, Trust, WitnessSeen, records::salted};
use crate::ledger::{
    Checkpoint, Entry, LeafIndex, Note, Proof, Salt, SignatureLine, VerifierKey, check_inclusion, leaf_hash, parse,
};

/// How such a file begins (C2SP tlog-proof).
const BEGINNING: &[u8] = b"c2sp.org/tlog-proof@v1";

/// How a leaf's own bytes begin.
const LEAF: &[u8] = b"kelisim-";

/// What was found about a receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptReport {
    /// The log's name; empty where not even that could be read.
    pub origin: Box<str>,
    /// How many leaves its checkpoint has.
    pub size: u64,
    /// Its leaf.
    pub index: Option<LeafIndex>,
    /// The record, where it is the one that was written.
    pub record: Option<Box<[u8]>>,
    /// The leaf's own bytes, where they stand there and are those that were written.
    pub leaf: Option<Box<[u8]>>,
    /// All that is wrong, in order.
    pub problems: Vec<Problem>,
    /// Who has signed its checkpoint; one for each witness that was given.
    pub witnesses: Vec<WitnessSeen>,
    /// Who else has signed it as it says, by names: nobody gave their keys.
    pub unchecked: Vec<Box<str>>,
}

/// What a leaf is computed from.
enum Content {
    Record(Salt, Box<[u8]>),
    Leaf(Box<[u8]>),
}

/// A receipt that could be read.
struct Receipt {
    proof: Proof,
    checkpoint: Checkpoint,
    note: Note,
    content: Option<Content>,
}

/// Whether a file says that it is a receipt.
pub fn is_receipt(bytes: &[u8]) -> bool {
    bytes.starts_with(BEGINNING)
}

/// Checks a receipt with keys that are known from elsewhere. `file` is what it is called in problems.
pub fn audit_receipt(file: &str, bytes: &[u8], key: VerifierKey, witnesses: &[VerifierKey]) -> ReceiptReport {
    let mut problems = BTreeSet::new();
    let Some(receipt) = Receipt::parse(bytes) else {
        problems.insert(Problem::in_file(ProblemKind::Format, file));
        return ReceiptReport { problems: problems.into_iter().collect(), ..ReceiptReport::default() };
    };
    if let Some(problem) = receipt.content.as_ref().and_then(|content| receipt.fault(content)) {
        problems.insert(Problem::in_file(problem, file));
    }
    let unchecked = receipt.unchecked(witnesses);
    let witnesses = witnesses.iter().map(|witness| (witness.clone(), true)).collect();
    let mut checkpoints = Checkpoints::new(Trust { key, key_given: true, own_name: None, witnesses });
    checkpoints.read(file, &receipt.proof.checkpoint, Held::Newest, &mut problems);
    checkpoints.believe_newest();
    // A witness whose name is misused makes no record false.
    let genuine = problems.iter().all(|problem| problem.kind == ProblemKind::CosignatureForged);
    let Receipt { proof, checkpoint, content, .. } = receipt;
    let (record, leaf) = match content.filter(|_| genuine) {
        Some(Content::Record(_, record)) => (Some(record), None),
        Some(Content::Leaf(leaf)) => (None, Some(leaf)),
        None => (None, None),
    };
    ReceiptReport {
        origin: checkpoint.origin,
        size: checkpoint.size,
        index: Some(proof.index),
        record,
        leaf,
        problems: problems.into_iter().collect(),
        witnesses: checkpoints.seen(),
        unchecked,
    }
}

impl ReceiptReport {
    /// Whether nothing is wrong.
    pub const fn intact(&self) -> bool {
        self.problems.is_empty()
    }
}

impl Receipt {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let proof = Proof::parse(str::from_utf8(bytes).ok()?)?;
        let note = Note::parse(&proof.checkpoint)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        let content = match &proof.extra {
            Some(extra) if extra.starts_with(LEAF) => Some(Content::Leaf(extra.as_slice().into())),
            Some(extra) => {
                let (salt, record) = salted(extra.strip_prefix(b"{")?)?;
                Some(Content::Record(salt, record.into()))
            }
            None => None,
        };
        (proof.index.0 < checkpoint.size).then_some(Self { proof, checkpoint, note, content })
    }

    /// What is wrong with the leaf: it is not under the root, or it is and says nothing in the known form.
    fn fault(&self, content: &Content) -> Option<ProblemKind> {
        let (hash, changed, readable, unreadable) = match content {
            Content::Record(salt, record) => {
                let hash = leaf_hash(&Entry::consent(salt, record).leaf_data());
                (hash, ProblemKind::RecordChanged, parse(record).is_ok(), ProblemKind::RecordUnreadable)
            }
            Content::Leaf(leaf) => {
                let readable = Entry::parse(leaf).is_some();
                (leaf_hash(leaf), ProblemKind::RootMismatch, readable, ProblemKind::LeafUnreadable)
            }
        };
        let Self { proof, checkpoint, .. } = self;
        if !check_inclusion(hash.into(), proof.index.0, checkpoint.size, &proof.inclusion, checkpoint.root) {
            return Some(changed);
        }
        (!readable).then_some(unreadable)
    }

    /// The names under the checkpoint, beside the log's, of which no key was given; each once.
    fn unchecked(&self, given: &[VerifierKey]) -> Vec<Box<str>> {
        let mut names: Vec<Box<str>> = Vec::new();
        for name in self.note.signatures().iter().map(SignatureLine::name) {
            let known = *name == *self.checkpoint.origin || given.iter().any(|key| key.name() == name);
            if !known && !names.iter().any(|other| **other == *name) {
                names.push(name.into());
            }
        }
        names
    }
}
