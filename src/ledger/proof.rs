//! A proof that stands alone (C2SP tlog-proof): a leaf's place, the path to the root, and the signed checkpoint. A visitor's receipt
//! is one, with what the leaf's hash is computed from in its `extra` line; so is the proof of a leaf that hides nothing, with its data.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{LeafIndex, tree::TreeHash};

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Longest path to a root: a tree of 2⁶³ leaves.
const LONGEST_PROOF: usize = 63;

/// A leaf's place in a log, proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What the application adds; nothing vouches for it.
    pub extra: Option<Vec<u8>>,
    /// The place.
    pub index: LeafIndex,
    /// The hashes from the leaf's sibling up.
    pub inclusion: Vec<TreeHash>,
    /// The signed note of the checkpoint, not checked.
    pub checkpoint: String,
}

impl Proof {
    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (head, checkpoint) = text.split_once("\n\n")?;
        let mut lines = head.split('\n').peekable();
        if lines.next()? != HEADER {
            return None;
        }
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            Some(line) => Some(STANDARD.decode(line.strip_prefix("extra ")?).ok()?),
            None => None,
        };
        let digits = lines.next()?.strip_prefix("index ")?;
        let index: u64 = digits.parse().ok().filter(|index: &u64| index.to_string() == digits)?;
        let inclusion: Vec<_> = lines.map(TreeHash::parse).collect::<Option<_>>()?;
        (inclusion.len() <= LONGEST_PROOF).then(|| Self {
            extra,
            index: LeafIndex(index),
            inclusion,
            checkpoint: checkpoint.to_owned(),
        })
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(formatter, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(formatter, "index {}", self.index.0)?;
        self.inclusion.iter().try_for_each(|hash| writeln!(formatter, "{hash}"))?;
        write!(formatter, "\n{}", self.checkpoint)
    }
}
