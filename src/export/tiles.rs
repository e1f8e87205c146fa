//! Tiles for proofs of neighbouring checkpoints: the same few tiles serve one proof after the other, so those read last are kept.

use std::{cell::RefCell, collections::VecDeque};

use crate::{
    ledger::{Tile, Tiles, TreeHash},
    store::{Reader, StoreError},
};

/// How many tiles are kept: a proof needs two on each level, and there are eight levels at most.
const MOST_KEPT: usize = 32;

/// The tiles of a tree of this size, read from the log.
pub(super) struct KeptTiles<'a> {
    reader: &'a Reader,
    size: u64,
    kept: RefCell<VecDeque<(Tile, Vec<TreeHash>)>>,
}

impl<'a> KeptTiles<'a> {
    pub(super) fn of(reader: &'a Reader, size: u64) -> Self {
        Self { reader, size, kept: RefCell::new(VecDeque::new()) }
    }
}

impl Tiles for KeptTiles<'_> {
    type Error = StoreError;

    /// A tile of a smaller tree is the beginning of the tile at its place in the larger one.
    fn hashes(&self, tile: Tile) -> Result<Vec<TreeHash>, StoreError> {
        let widest = Tile::in_tree(tile.level, tile.index, self.size).unwrap_or(tile);
        let mut kept = self.kept.borrow_mut();
        if let Some((_, hashes)) = kept.iter().find(|(known, _)| *known == widest) {
            return Ok(hashes[..usize::from(tile.width)].to_vec());
        }
        let hashes = self.reader.hashes(widest)?;
        let asked = hashes[..usize::from(tile.width)].to_vec();
        if kept.len() >= MOST_KEPT {
            kept.pop_front();
        }
        kept.push_back((widest, hashes));
        Ok(asked)
    }
}
