//! Which leaves still stand for a choice: asked on every request, so it lives in memory.

use std::sync::{
    PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use roaring::RoaringTreemap;
use rusqlite::Connection;

use super::leaves::{self, Written};
use crate::ledger::LeafIndex;

/// The size of the log, and a compressed bitmap of the leaves below it that stand for no choice: ended, erased, retired, and those
/// that never were an event.
#[derive(Debug)]
pub(super) struct Live {
    size: AtomicU64,
    ended: RwLock<RoaringTreemap>,
}

impl Live {
    /// Rebuilds the set from what the database says.
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut ended = RoaringTreemap::new();
        for sql in ["SELECT idx FROM ended ORDER BY idx", "SELECT idx FROM leaf WHERE kind <> 'consent' ORDER BY idx"] {
            let mut statement = connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                ended.insert(row.get::<_, i64>(0)?.cast_unsigned());
            }
        }
        Ok(Self { size: AtomicU64::new(leaves::size(connection)?), ended: RwLock::new(ended) })
    }

    /// Whether this leaf is in the log and still stands.
    pub(super) fn contains(&self, index: LeafIndex) -> bool {
        // The size is raised last, so that a leaf below it has met everything that its own transaction ended.
        index.0 < self.size.load(Ordering::Acquire)
            && !self.ended.read().unwrap_or_else(PoisonError::into_inner).contains(index.0)
    }

    /// Ends a leaf at once. An index that was never written is left alone: it would be somebody's future choice.
    pub(super) fn end(&self, index: LeafIndex) {
        if index.0 < self.size.load(Ordering::Acquire) {
            self.ended.write().unwrap_or_else(PoisonError::into_inner).insert(index.0);
        }
    }

    /// Takes over what a transaction changed, after its commit.
    pub(super) fn committed(&self, written: &Written) {
        self.ended.write().unwrap_or_else(PoisonError::into_inner).extend(written.ended.iter().copied());
        self.size.store(written.size, Ordering::Release);
    }
}
