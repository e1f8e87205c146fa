//! After a restore: the leaves that came back stay where they are, and a new log goes on after them.
//!
//! Nothing may be signed under the old name again, since others may hold checkpoints of leaves that are lost. What was written after the
//! backup is not known: choices of that time count no more, because their index is not below the new log's beginning; a withdrawal of
//! that time can't be known at all, so the choice that it ended counts again until it is withdrawn once more.

use rusqlite::{Connection, TransactionBehavior};

use super::{
    checkpoints,
    leaves::{self, day_number},
    logs::Logs,
    outside_backup::{Forgotten, HighWater},
    rebuild::{self, Cause},
    tree,
};
use crate::{
    clock,
    ledger::{Entry, ErasureReason, Frontier, LeafIndex, LogId, Predecessor, VerifierKey},
    timestamp::Timestamp,
};

/// Why a database with the right leaves is not gone on with: the one that they were signed from may be.
const ANOTHER_FILE: &str = "its file is not the one from which leaves were signed last";

/// Why the database can't be the one that was written last; `None` where it may be.
pub(super) fn reason(
    connection: &Connection,
    logs: &Logs,
    size: u64,
    high_water: &HighWater,
) -> rusqlite::Result<Option<&'static str>> {
    if !high_water.is_set() {
        let signed: bool = connection.query_row("SELECT EXISTS (SELECT 1 FROM checkpoint)", [], |row| row.get(0))?;
        return Ok(signed.then_some("checkpoints were signed, and the mark of the newest one is missing"));
    }
    if !high_water.names(logs.newest) {
        return Ok(Some("another log was signed last"));
    }
    if size < high_water.size() {
        return Ok(Some("leaves that were signed are missing"));
    }
    if !high_water.has_root(tree::root_at(connection, high_water.size())?) {
        return Ok(Some("other leaves than these were signed"));
    }
    Ok((!high_water.is_of_this_file()).then_some(ANOTHER_FILE))
}

/// Begins a new log after the leaves that are there, and erases again whatever came back of people who were erased; all or nothing. The
/// answer is how many records that were.
pub(super) fn begin_new_log(
    connection: &mut Connection,
    frontier: &mut Frontier,
    old: LogId,
    forgotten: &Forgotten,
    now: Timestamp,
) -> rusqlite::Result<usize> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut edge = frontier.clone();
    let follows = Some(Predecessor { log: old, size: edge.size() });
    let start = Entry::Start { log: LogId(clock::random()), follows, day: now };
    tree::append(&transaction, &mut edge, &start, day_number(now))?;
    let mut erased = 0;
    for (index, reason) in forgotten.indices() {
        let deleted =
            transaction.prepare_cached("DELETE FROM record WHERE idx = ?1")?.execute([index.cast_signed()])?;
        if deleted > 0 {
            let entry = Entry::Erasure { index: LeafIndex(index), reason, day: now };
            let by = tree::append(&transaction, &mut edge, &entry, day_number(now))?;
            leaves::explain(&transaction, index, by)?;
            erased += deleted;
        }
    }
    if erased > 0 {
        rebuild::owe(&transaction, Cause::Erasure)?;
    }
    transaction.commit()?;
    *frontier = edge;
    Ok(erased)
}

/// What the log itself says of erasures: the process may have died before it was written outside of the backup.
pub(super) fn erasures(connection: &Connection) -> rusqlite::Result<Vec<(u64, ErasureReason)>> {
    // The first condition is that of the index of leaves that are no choice.
    let sql = "SELECT data FROM leaf WHERE kind <> 'consent' AND kind = 'erasure'";
    let mut statement = connection.prepare(sql)?;
    let leaves = statement.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
    let erasure = |data: Vec<u8>| match Entry::parse(&data) {
        Some(Entry::Erasure { index, reason, .. }) => Some((index.0, reason)),
        _ => None,
    };
    leaves.filter_map(|data| data.map(erasure).transpose()).collect()
}

/// Whether the newest checkpoint of a log was signed with another key than this one.
pub(super) fn has_another_key(connection: &Connection, log: LogId, key: &VerifierKey) -> rusqlite::Result<bool> {
    Ok(checkpoints::origin(connection, log)?.is_some() && checkpoints::newest(connection, key)?.is_none())
}
