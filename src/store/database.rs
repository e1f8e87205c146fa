//! The SQLite file: opened with every promise that it must keep, checked, brought to the current format.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    StoreError, directory,
    leaves::{self, day_number},
    logs::Logs,
    tree,
};
use crate::{
    clock,
    ledger::{Entry, Frontier, LogId},
    timestamp::Timestamp,
};

/// Each step brings a file from the format of its place to the next one; the count of steps is `user_version`.
const MIGRATIONS: [&str; 2] = [include_str!("schema.sql"), include_str!("schema_2.sql")];

/// The newest format known.
pub(super) const FORMAT: i64 = MIGRATIONS.len() as i64;

/// 3.7.0 to 3.51.2 could lose committed entries when a checkpoint raced with a writer (SQLite's WAL-reset fault).
const OLDEST_LIBRARY: i32 = 3_051_003;

/// How long a statement waits for somebody else's lock. Only readers hold any, for a page of rows.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// To what size, in bytes, the write-ahead log shrinks after a checkpoint.
const LARGEST_IDLE_WRITE_AHEAD_LOG: i64 = 4 << 20;

/// Opens the log for writing; makes it where the file is empty, and says whether it did. The caller holds the lock.
pub(super) fn open(state_dir: &Path, now: Timestamp) -> Result<(Connection, bool), StoreError> {
    if rusqlite::version_number() < OLDEST_LIBRARY {
        return Err(StoreError::OldLibrary { found: rusqlite::version() });
    }
    let path = directory::database(state_dir);
    let failed = |doing| StoreError::database(&path, doing);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&path, flags).map_err(failed("open the consent log"))?;
    configure(&connection).map_err(failed("set up the consent log"))?;
    check_format(&connection, &path)?;
    check_integrity(&connection, &path)?;
    let is_new = migrate(&mut connection, now).map_err(failed("bring the consent log to the current format"))?;
    check_density(&connection, &path)?;
    Ok((connection, is_new))
}

/// Refuses what a later program wrote.
pub(super) fn check_format(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let found = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(StoreError::database(path, "read the format of the consent log"))?;
    if found > FORMAT {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: FORMAT });
    }
    Ok(found)
}

/// What every connection needs, for writing or reading.
pub(super) fn configure_any(connection: &Connection) -> rusqlite::Result<()> {
    // Otherwise SQLite compiles a query anew for each value that is bound, in the hope of a better plan: that costs several times
    // what the query does. There is one plan for each of ours.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(LOCK_PATIENCE)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    configure_any(connection)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        // A file system without shared memory, such as a network mount.
        return Err(rusqlite::Error::InvalidParameterName(format!(
            "journal mode is {mode}, not WAL: use a local disk"
        )));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LARGEST_IDLE_WRITE_AHEAD_LOG, |_| Ok(()))
}

fn check_integrity(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(StoreError::database(path, "check the consent log"))?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged { path: path.to_owned(), what: verdict }) }
}

/// Whether a log was begun.
fn migrate(connection: &mut Connection, now: Timestamp) -> rusqlite::Result<bool> {
    let transaction = connection.transaction()?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for step in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or_default()) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", FORMAT)?;
    tree::complete(&transaction)?;
    let is_new = leaves::size(&transaction)? == 0;
    if is_new {
        let start = Entry::Start { log: LogId(clock::random()), follows: None, day: now };
        tree::append(&transaction, &mut Frontier::default(), &start, day_number(now))?;
    }
    transaction.commit()?;
    Ok(is_new)
}

/// A log without its first leaf, or with a hole, would hand an index out twice.
fn check_density(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let failed = || StoreError::database(path, "count the leaves");
    let size = leaves::size(connection).map_err(failed())?;
    let count: i64 = connection.query_row("SELECT count(*) FROM leaf", [], |row| row.get(0)).map_err(failed())?;
    let named = Logs::read(connection).map_err(failed())?.is_some();
    if named && count.cast_unsigned() == size {
        return Ok(());
    }
    let what = format!(
        "{count} leaves are there, {size} were written, the first one is {}readable",
        if named { "" } else { "not " }
    );
    Err(StoreError::Damaged { path: path.to_owned(), what })
}
