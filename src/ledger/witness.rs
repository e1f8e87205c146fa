//! A witness of a log (C2SP tlog-witness): what is asked of it, what it decides, and what its memory says of ours.

use std::fmt;

use super::{
    checkpoint::{Checkpoint, CheckpointFault, SignedCheckpoint},
    entry::sha256,
    hex::hex,
    note::{Note, VerifierKey},
    tree::{Prover, Tiles, TreeHash, check_consistency},
};

/// Most hashes of a consistency proof: the specification's bound, a tree of 2⁶³ leaves.
const MOST_HASHES: usize = 63;

/// Longest request that a witness reads, in bytes: a proof is below 3 KiB, a checkpoint with the signatures of sixteen witnesses, the largest
/// known kind included, below 60 KiB.
pub const LONGEST_REQUEST: usize = 128 * 1024;

/// The request `add-checkpoint`: a checkpoint, and the proof that what the witness saw last is its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness saw last; 0 where it saw nothing, or where nobody knows.
    pub old: u64,
    /// The consistency proof (RFC 6962, section 2.1.2).
    pub proof: Vec<TreeHash>,
    /// The signed note, not checked.
    pub note: String,
}

impl AddCheckpoint {
    /// Reads what [`fmt::Display`] writes, and nothing else.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= LONGEST_REQUEST)?;
        let (head, note) = text.split_once("\n\n")?;
        let mut lines = head.split('\n');
        let old = parse_size(lines.next()?.strip_prefix("old ")?)?;
        let proof: Vec<_> = lines.take(MOST_HASHES + 1).map(TreeHash::parse).collect::<Option<_>>()?;
        (proof.len() <= MOST_HASHES).then(|| Self { old, proof, note: note.to_owned() })
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(formatter, "{hash}"))?;
        write!(formatter, "\n{}", self.note)
    }
}

/// A number of leaves: decimal, without zeros in front.
pub fn parse_size(text: &str) -> Option<u64> {
    text.parse().ok().filter(|size: &u64| size.to_string() == text)
}

/// The name of a log in the address of a witness's checkpoint: SHA-256 of its origin in hexadecimal.
pub fn origin_hash(origin: &str) -> String {
    hex(&sha256(&[origin.as_bytes()]))
}

/// Why a witness does not sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a request, or its old size is larger than the checkpoint's. 400.
    #[error("this is not an add-checkpoint request")]
    Malformed,
    /// A log that the witness does not watch. 404.
    #[error("the log is not known here")]
    UnknownLog,
    /// The log's signature is missing or wrong. 403.
    #[error("the log has not signed this")]
    Unsigned,
    /// The old size is not the one that the witness saw last. 409, with that size.
    #[error("the newest checkpoint here is of {newest} leaves")]
    Conflict {
        /// What the witness saw last.
        newest: u64,
    },
    /// The checkpoint does not continue the one that the witness saw last, or the proof does not show it. 422.
    #[error("the proof does not show that the log goes on from what was seen before")]
    Inconsistent,
}

impl Refusal {
    /// The status code of the answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unsigned => 403,
            Self::UnknownLog => 404,
            Self::Conflict { .. } => 409,
            Self::Inconsistent => 422,
        }
    }
}

/// A request whose log is known and has signed it.
#[derive(Debug)]
pub struct Submission {
    request: AddCheckpoint,
    signed: SignedCheckpoint,
}

impl Submission {
    /// Reads a request and checks the log's signature with the key of its origin.
    ///
    /// # Errors
    ///
    /// [`Refusal::Malformed`], [`Refusal::UnknownLog`] or [`Refusal::Unsigned`].
    pub fn open<'a>(body: &[u8], key: impl FnOnce(&str) -> Option<&'a VerifierKey>) -> Result<Self, Refusal> {
        let request = AddCheckpoint::parse(body).ok_or(Refusal::Malformed)?;
        let note = Note::parse(&request.note).ok_or(Refusal::Malformed)?;
        let checkpoint = Checkpoint::parse(note.text()).ok_or(Refusal::Malformed)?;
        let key = key(&checkpoint.origin).ok_or(Refusal::UnknownLog)?;
        let mut signed = SignedCheckpoint::open(&request.note, key).map_err(|fault| match fault {
            CheckpointFault::Form => Refusal::Malformed,
            CheckpointFault::Origin => Refusal::UnknownLog,
            CheckpointFault::Signature => Refusal::Unsigned,
        })?;
        // Whatever else hangs on the note is of nobody that a witness knows, and is not handed on.
        signed.note_mut().keep_only(key);
        if request.old > signed.checkpoint().size {
            return Err(Refusal::Malformed);
        }
        Ok(Self { request, signed })
    }

    /// The checkpoint with the log's signature alone.
    pub const fn signed(&self) -> &SignedCheckpoint {
        &self.signed
    }

    /// Decides whether it may be signed, beside what was signed last.
    ///
    /// # Errors
    ///
    /// [`Refusal::Conflict`] or [`Refusal::Inconsistent`].
    pub fn decide(&self, newest: Option<&Checkpoint>) -> Result<(), Refusal> {
        let (old, old_root) = newest.map_or((0, TreeHash::of_nothing()), |newest| (newest.size, newest.root));
        if self.request.old != old {
            return Err(Refusal::Conflict { newest: old });
        }
        let Checkpoint { size, root, .. } = *self.signed.checkpoint();
        let is_tree = size > 0 || root == TreeHash::of_nothing();
        let goes_on = check_consistency(old, size, old_root, root, &self.request.proof);
        if is_tree && goes_on { Ok(()) } else { Err(Refusal::Inconsistent) }
    }

    /// Whether it is the proof that the log shows different trees to different people: two of one size, both signed.
    pub fn contradicts(&self, newest: &Checkpoint) -> bool {
        let own = self.signed.checkpoint();
        own.size == newest.size && own.root != newest.root
    }
}

/// What a witness's memory says of our log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// What it saw is a beginning of what we have.
    Agrees,
    /// It saw more leaves than we have: ours were lost, or taken back to an earlier state.
    Behind {
        /// How many leaves we have.
        ours: u64,
        /// How many it saw.
        theirs: u64,
    },
    /// Our first leaves are not those that it saw.
    Forked {
        /// How many it saw.
        size: u64,
    },
    /// It has never seen this log.
    Unknown,
}

/// Compares the first `ours` leaves, in tiles, with a checkpoint that a witness has seen. Only one with the log's own signature proves anything.
///
/// # Errors
///
/// When a tile can't be read.
pub fn compare<T: Tiles + ?Sized>(tiles: &T, ours: u64, seen: Option<&Checkpoint>) -> Result<Comparison, T::Error> {
    let Some(seen) = seen else { return Ok(Comparison::Unknown) };
    if seen.size > ours {
        return Ok(Comparison::Behind { ours, theirs: seen.size });
    }
    let root = Prover::new(tiles, seen.size).root()?;
    Ok(if root == seen.root { Comparison::Agrees } else { Comparison::Forked { size: seen.size } })
}
