//! Roots and proofs, computed from tiles (RFC 6962, sections 2.1.1 and 2.1.2).

use super::{TILE_HEIGHT, TILE_WIDTH, Tile, TreeHash};

/// Where tiles come from.
pub trait Tiles {
    /// Why a tile can't be had.
    type Error;

    /// The hashes of a tile: exactly `tile.width` of them.
    ///
    /// # Errors
    ///
    /// When they can't be read.
    fn hashes(&self, tile: Tile) -> Result<Vec<TreeHash>, Self::Error>;
}

/// Computes from the tiles of a tree of a given size. Tiles that were read once are kept, so one prover should serve few proofs.
pub struct Prover<'a, T: Tiles + ?Sized> {
    tiles: &'a T,
    size: u64,
    read: Vec<((u8, u64), Vec<TreeHash>)>,
}

impl<'a, T: Tiles + ?Sized> Prover<'a, T> {
    /// A prover for the first `size` leaves.
    pub const fn new(tiles: &'a T, size: u64) -> Self {
        Self { tiles, size, read: Vec::new() }
    }

    /// The root.
    ///
    /// # Errors
    ///
    /// When a tile can't be read.
    pub fn root(&mut self) -> Result<TreeHash, T::Error> {
        self.range(0, self.size)
    }

    /// The roots of the complete subtrees, the largest first, for a [`super::Frontier`].
    ///
    /// # Errors
    ///
    /// When a tile can't be read.
    pub fn frontier(&mut self) -> Result<Vec<TreeHash>, T::Error> {
        let mut roots = Vec::new();
        let (mut start, size) = (0, self.size);
        for height in (0..u64::BITS).rev().filter(|height| size >> height & 1 == 1) {
            roots.push(self.range(start, start + (1 << height))?);
            start += 1 << height;
        }
        Ok(roots)
    }

    /// The proof that a leaf stands at its place, from the leaf's sibling up.
    ///
    /// # Errors
    ///
    /// When a tile can't be read.
    ///
    /// # Panics
    ///
    /// When the leaf is not in the tree.
    pub fn inclusion(&mut self, index: u64) -> Result<Vec<TreeHash>, T::Error> {
        assert!(index < self.size, "leaf {index} is not in a tree of {}", self.size);
        let (mut start, mut end) = (0, self.size);
        let mut proof = Vec::new();
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                proof.push(self.range(middle, end)?);
                end = middle;
            } else {
                proof.push(self.range(start, middle)?);
                start = middle;
            }
        }
        proof.reverse();
        Ok(proof)
    }

    /// The proof that the first `old` leaves are the beginning of the tree. Empty where nothing is to be proved.
    ///
    /// # Errors
    ///
    /// When a tile can't be read.
    ///
    /// # Panics
    ///
    /// When the old tree is larger.
    pub fn consistency(&mut self, old: u64) -> Result<Vec<TreeHash>, T::Error> {
        assert!(old <= self.size, "a tree of {old} can't be the beginning of one of {}", self.size);
        if old == 0 || old == self.size {
            return Ok(Vec::new());
        }
        let (mut start, mut end) = (0, self.size);
        let mut proof = Vec::new();
        while old != end {
            let middle = start + split(end - start);
            if old <= middle {
                proof.push(self.range(middle, end)?);
                end = middle;
            } else {
                proof.push(self.range(start, middle)?);
                start = middle;
            }
        }
        // What is left is a complete subtree of the old tree; where it is all of it, whoever checks has its hash.
        if start > 0 {
            proof.push(self.range(start, end)?);
        }
        proof.reverse();
        Ok(proof)
    }

    /// The hash of the leaves from `start` to before `end`, of which the tree has a node or that end with the tree.
    fn range(&mut self, start: u64, end: u64) -> Result<TreeHash, T::Error> {
        match end - start {
            0 => Ok(TreeHash::of_nothing()),
            count if count.is_power_of_two() => self.complete(start, count.trailing_zeros()),
            count => {
                let middle = start + split(count);
                let left = self.range(start, middle)?;
                Ok(TreeHash::of_children(left, self.range(middle, end)?))
            }
        }
    }

    /// The hash of a complete subtree of a given height.
    fn complete(&mut self, start: u64, height: u32) -> Result<TreeHash, T::Error> {
        let level = height / TILE_HEIGHT;
        let first = start >> (level * TILE_HEIGHT);
        let tile = Tile::in_tree(level as u8, first / TILE_WIDTH, self.size);
        let tile = tile.expect("a complete subtree has a tile");
        let hashes = self.tile(tile)?;
        let within = (first % TILE_WIDTH) as usize;
        let mut nodes = hashes[within..within + (1 << (height % TILE_HEIGHT))].to_vec();
        while nodes.len() > 1 {
            nodes = nodes.chunks_exact(2).map(|pair| TreeHash::of_children(pair[0], pair[1])).collect();
        }
        Ok(nodes[0])
    }

    fn tile(&mut self, tile: Tile) -> Result<&[TreeHash], T::Error> {
        let key = (tile.level, tile.index);
        let known = self.read.iter().position(|(read, _)| *read == key);
        let at = match known {
            Some(at) => at,
            None => {
                self.read.push((key, self.tiles.hashes(tile)?));
                self.read.len() - 1
            }
        };
        Ok(&self.read[at].1)
    }
}

/// The largest power of two below a number of leaves.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}
