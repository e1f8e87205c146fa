//! A visitor's receipt: one leaf of the log, without the log. What it says, whether the log has signed it, and who has seen it.

use std::collections::BTreeSet;

use super::{Checkpoints, Held, Problem, ProblemKind, Trust, WitnessSeen, records::salted};
use crate::ledger::{Checkpoint, Entry, LeafIndex, Note, Proof, Salt, VerifierKey, check_inclusion, leaf_hash, parse};

/// How such a file begins (C2SP tlog-proof).
const BEGINNING: &[u8] = b"c2sp.org/tlog-proof@v1";

/// What was found about a receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptReport {
    /// The log's name; empty where not even that could be read.
    pub origin: Box<str>,
    /// How many leaves its checkpoint has.
    pub size: u64,
    /// Its leaf.
    pub index: Option<LeafIndex>,
    /// Whether what the leaf is computed from is in it; only of events it is.
    pub has_record: bool,
    /// The record, where it is the one that was written.
    pub record: Option<Box<[u8]>>,
    /// All that is wrong, in order.
    pub problems: Vec<Problem>,
    /// Who has signed its checkpoint; one for each witness that was given.
    pub witnesses: Vec<WitnessSeen>,
}

/// A receipt that could be read.
struct Receipt {
    proof: Proof,
    checkpoint: Checkpoint,
    record: Option<(Salt, Box<[u8]>)>,
}

/// Whether a file says that it is a receipt.
pub fn is_receipt(bytes: &[u8]) -> bool {
    bytes.starts_with(BEGINNING)
}

/// Checks a receipt with keys that are known from elsewhere. `file` is what it is called in problems.
pub fn audit_receipt(file: &str, bytes: &[u8], key: VerifierKey, witnesses: &[VerifierKey]) -> ReceiptReport {
    let mut problems = BTreeSet::new();
    let mut found = |kind| _ = problems.insert(Problem::in_file(kind, file));
    let Some(Receipt { proof, checkpoint, record }) = Receipt::parse(bytes) else {
        found(ProblemKind::Format);
        return ReceiptReport { problems: problems.into_iter().collect(), ..ReceiptReport::default() };
    };
    let genuine = record.as_ref().is_some_and(|(salt, record)| {
        let leaf = leaf_hash(&Entry::consent(salt, record).leaf_data()).into();
        check_inclusion(leaf, proof.index.0, checkpoint.size, &proof.inclusion, checkpoint.root)
    });
    let readable = record.as_ref().is_some_and(|(_, record)| parse(record).is_ok());
    if record.is_some() && !genuine {
        found(ProblemKind::RecordChanged);
    } else if record.is_some() && !readable {
        found(ProblemKind::RecordUnreadable);
    }
    let witnesses = witnesses.iter().map(|witness| (witness.clone(), true)).collect();
    let mut checkpoints = Checkpoints::new(Trust { key, key_given: true, own_name: None, witnesses });
    checkpoints.read(file, &proof.checkpoint, Held::Newest, &mut problems);
    checkpoints.believe_newest();
    ReceiptReport {
        origin: checkpoint.origin,
        size: checkpoint.size,
        index: Some(proof.index),
        has_record: record.is_some(),
        record: record.filter(|_| genuine && readable).map(|(_, record)| record),
        problems: problems.into_iter().collect(),
        witnesses: checkpoints.seen(),
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
        let checkpoint = Checkpoint::parse(Note::parse(&proof.checkpoint)?.text())?;
        let record = match &proof.extra {
            Some(extra) => {
                let (salt, record) = salted(extra.strip_prefix(b"{")?)?;
                Some((salt, record.into()))
            }
            None => None,
        };
        (proof.index.0 < checkpoint.size).then_some(Self { proof, checkpoint, record })
    }
}
