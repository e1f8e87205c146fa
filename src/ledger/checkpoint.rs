//! Checkpoints (C2SP tlog-checkpoint): which log, how many leaves, which root; signed by the log and by those who have seen it.

use super::{
    note::{Note, Signed, SigningKey, VerifierKey},
    tree::TreeHash,
};
use crate::timestamp::Timestamp;

/// The state of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, also that of its key.
    pub origin: Box<str>,
    /// How many leaves.
    pub size: u64,
    /// The root of their tree.
    pub root: TreeHash,
}

/// A checkpoint as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

/// Why a text is no checkpoint of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    /// Not a signed note, or its text is not a checkpoint.
    #[error("it is not a signed checkpoint")]
    Form,
    /// The first line names another log than the key.
    #[error("it is of another log than the key")]
    Origin,
    /// The log has not signed it, or the signature is not the log's.
    #[error("the log's signature is missing or wrong")]
    Signature,
}

impl Checkpoint {
    /// Three lines: origin, size, root.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    /// Reads the text of a note. Lines after the third are allowed, and say nothing here.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let number: u64 = size.parse().ok()?;
        let plain = !origin.is_empty() && number.to_string() == size && lines.all(|line| !line.is_empty());
        plain.then_some(Self { origin: origin.into(), size: number, root: TreeHash::parse(root)? })
    }

    /// Signs it in the log's name.
    pub fn sign(self, key: &SigningKey, now: Timestamp) -> SignedCheckpoint {
        let mut note = Note::new(self.text());
        note.add(key.sign(note.text(), now));
        SignedCheckpoint { checkpoint: self, note }
    }
}

impl SignedCheckpoint {
    /// Reads a signed checkpoint and checks the log's signature.
    ///
    /// # Errors
    ///
    /// When it is none, or not of this log.
    pub fn open(note: &str, log: &VerifierKey) -> Result<Self, CheckpointFault> {
        let note = Note::parse(note).ok_or(CheckpointFault::Form)?;
        let checkpoint = Checkpoint::parse(note.text()).ok_or(CheckpointFault::Form)?;
        if *checkpoint.origin != *log.name() {
            return Err(CheckpointFault::Origin);
        }
        match note.signed_by(log) {
            Signed::At(_) => Ok(Self { checkpoint, note }),
            Signed::No | Signed::Forged => Err(CheckpointFault::Signature),
        }
    }

    /// What was signed.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note with all signatures.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The same with more signatures.
    pub const fn note_mut(&mut self) -> &mut Note {
        &mut self.note
    }
}
