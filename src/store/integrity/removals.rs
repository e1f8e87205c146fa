//! Holes: a record that is gone is explained by the leaf that its row names, and only where that leaf names this hole.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Statement};

use crate::ledger::{Entry, LeafIndex};

/// The leaves that say why records were deleted.
pub(super) struct Removals<'a> {
    leaf: Statement<'a>,
    /// The ranges of retention: one leaf explains up to a thousand holes and is read once.
    ranges: HashMap<u64, Vec<(LeafIndex, LeafIndex)>>,
}

impl<'a> Removals<'a> {
    pub(super) fn new(connection: &'a Connection) -> rusqlite::Result<Self> {
        let leaf = connection.prepare("SELECT data FROM leaf WHERE idx = ?1")?;
        Ok(Self { leaf, ranges: HashMap::new() })
    }

    /// Whether the leaf `by` says that the record of leaf `index`, which stands before it, was deleted.
    pub(super) fn explain(&mut self, index: u64, by: u64) -> rusqlite::Result<bool> {
        if by <= index {
            return Ok(false);
        }
        if let Some(ranges) = self.ranges.get(&by) {
            return Ok(hold(ranges, index));
        }
        let data: Option<Vec<u8>> = self.leaf.query_row([by.cast_signed()], |row| row.get(0)).optional()?;
        Ok(match data.as_deref().and_then(Entry::parse) {
            Some(Entry::Erasure { index: named, .. }) => named.0 == index,
            Some(Entry::Retention { ranges, .. }) => {
                let held = hold(&ranges, index);
                self.ranges.insert(by, ranges);
                held
            }
            _ => false,
        })
    }
}

/// Whether ascending ranges hold an index.
fn hold(ranges: &[(LeafIndex, LeafIndex)], index: u64) -> bool {
    let after = ranges.partition_point(|(first, _)| first.0 <= index);
    after.checked_sub(1).is_some_and(|nearest| index <= ranges[nearest].1.0)
}
