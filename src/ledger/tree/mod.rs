//! The Merkle tree over the leaves (RFC 6962, section 2.1; SHA-256), in the tiles of C2SP's tlog-tiles.
//!
//! Pure: where hashes are kept is the business of whoever gives [`Tiles`].

mod check;
mod frontier;
mod prove;
#[cfg(test)]
pub(super) mod tests;
mod tile;

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use self::tile::TILE_HEIGHT;
pub use self::{
    check::{check_consistency, check_inclusion},
    frontier::{CompletedNode, Frontier},
    prove::{Prover, Tiles},
    tile::{EntryBundle, TILE_WIDTH, Tile, TilePath, bundle_entry, entries_of_bundle},
};
use super::{LeafHash, entry::sha256};

/// The hash of a subtree: of one leaf, or of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TreeHash(pub [u8; 32]);

impl TreeHash {
    /// The root of a tree without leaves: the hash of nothing.
    pub fn of_nothing() -> Self {
        Self(sha256(&[]))
    }

    /// The hash of two subtrees that stand side by side.
    pub fn of_children(left: Self, right: Self) -> Self {
        Self(sha256(&[&[1], &left.0, &right.0]))
    }

    /// Reads what [`fmt::Display`] writes, and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        // 43 digits and one sign of padding; the library refuses stray bits, so that there is one spelling for each hash.
        STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl fmt::Display for TreeHash {
    /// 44 characters of base64 (RFC 4648, section 4), as checkpoints and proofs write it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&STANDARD.encode(self.0))
    }
}

impl From<LeafHash> for TreeHash {
    fn from(leaf: LeafHash) -> Self {
        Self(leaf.0)
    }
}
