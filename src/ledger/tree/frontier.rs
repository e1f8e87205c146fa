//! The right edge of a tree: enough to append leaves and to know the root, and no more.

use super::{TILE_HEIGHT, TreeHash};
use crate::ledger::LeafHash;

/// The roots of the complete subtrees that a tree consists of, the largest first: one for each bit of its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<TreeHash>,
}

/// A subtree that has become complete and whose hash is kept in a tile above the leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompletedNode {
    /// The level of the tile, from 1.
    pub level: u8,
    /// The node's place among those of its level.
    pub index: u64,
    /// The hash of the subtree.
    pub hash: TreeHash,
}

impl Frontier {
    /// The edge of a tree whose roots of complete subtrees are known; `None` where their number is not that of the bits of `size`.
    pub fn from_roots(size: u64, roots: Vec<TreeHash>) -> Option<Self> {
        (u32::try_from(roots.len()) == Ok(size.count_ones())).then_some(Self { size, roots })
    }

    /// How many leaves there are.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf and tells of each node above the leaves that is complete now and has a place in a tile.
    pub fn append(&mut self, leaf: LeafHash, mut completed: impl FnMut(CompletedNode)) {
        let mut hash = TreeHash::from(leaf);
        let mut height = 0;
        // Two complete subtrees of the same height make one of the next: as a binary counter carries.
        while self.size >> height & 1 == 1 {
            let left = self.roots.pop().expect("there is a root for each bit of the size");
            hash = TreeHash::of_children(left, hash);
            height += 1;
            if height % TILE_HEIGHT == 0 {
                completed(CompletedNode { level: (height / TILE_HEIGHT) as u8, index: self.size >> height, hash });
            }
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// The root of the tree.
    pub fn root(&self) -> TreeHash {
        let mut smallest_first = self.roots.iter().rev().copied();
        let Some(last) = smallest_first.next() else { return TreeHash::of_nothing() };
        smallest_first.fold(last, |right, left| TreeHash::of_children(left, right))
    }
}
