//! The statistics on disk: a SQLite file of sums beside the consent log. One writer, any number of readers.
//!
//! It is apart from the log, since it is another kind of thing: nothing in it proves anything, a crash may lose the last seconds of it, and
//! it has terms of its own.

mod error;
mod import;
mod read;
mod report;
#[cfg(test)]
mod tests;
mod upkeep;
mod write;

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, lchown},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

pub use error::StatisticsError;
pub use import::{Import, Staged, Staging};
pub use read::{AnswerRow, HourRow, MarkRow, StatisticsReader};
pub use report::Query;
pub use upkeep::KeptFrom;
pub use write::{Mark, Statistics};

use super::database::configure_any;
use crate::{
    durable,
    statistics::{Answers, Figures, Totals},
};

/// The format that this program writes.
const FORMAT: i64 = 1;

/// To what size, in bytes, the write-ahead log shrinks after a checkpoint.
const LARGEST_IDLE_WRITE_AHEAD_LOG: i64 = 4 << 20;

/// Where the file is.
pub fn statistics_path(state_dir: &Path) -> PathBuf {
    state_dir.join("statistics.sqlite")
}

fn columns(names: &[&str]) -> String {
    names.iter().map(|name| format!("{name} INTEGER NOT NULL DEFAULT 0")).collect::<Vec<_>>().join(", ")
}

/// The tables, with a column for each number that the rules name.
fn schema() -> String {
    include_str!("schema.sql")
        .replace("{totals}", &columns(&Totals::NAMES))
        .replace("{figures}", &columns(&Figures::NAMES))
        .replace("{answers}", &columns(&Answers::NAMES))
}

/// Opens the file for writing; makes it, for its owner alone, where there is none.
fn open_for_writing(path: &Path) -> Result<Connection, StatisticsError> {
    let failed = |doing| StatisticsError::database(path, doing);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
            return Err(StatisticsError::File { path: path.to_owned(), source });
        }
        Ok(_) => take_owner_of(path.parent().unwrap_or(Path::new(".")), path),
        Err(_) => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed("open the statistics"))?;
    check_integrity(&connection, path)?;
    configure(&connection).map_err(failed("set up the statistics"))?;
    check_format(&connection, path)?;
    migrate(&mut connection).map_err(failed("make the tables of the statistics"))?;
    Ok(connection)
}

/// A file that the administrator makes is the gateway's all the same, whose directory it is in.
fn take_owner_of(directory: &Path, path: &Path) {
    // Never through a link that somebody else has put there.
    let owner = |path: &Path| fs::symlink_metadata(path).map(|metadata| (metadata.uid(), metadata.gid())).ok();
    if let (Some((user, group)), false) = (owner(directory), owner(directory) == owner(path)) {
        // Whoever may not give files away is the gateway's own user.
        let _ = lchown(path, Some(user), Some(group));
    }
}

/// Opens the file for reading.
fn open_for_reading(path: &Path) -> Result<Connection, StatisticsError> {
    if !path.exists() {
        return Err(StatisticsError::Missing { path: path.to_owned() });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |doing| StatisticsError::database(path, doing);
    let connection = Connection::open_with_flags(path, flags).map_err(failed("open the statistics"))?;
    configure_any(&connection).map_err(failed("set up the statistics"))?;
    check_format(&connection, path)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    configure_any(connection)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // A crash of the machine may lose the last sums, and the day is marked then.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LARGEST_IDLE_WRITE_AHEAD_LOG, |_| Ok(()))
}

fn check_integrity(connection: &Connection, path: &Path) -> Result<(), StatisticsError> {
    let verdict = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    let damaged = |what| Err(StatisticsError::Damaged { path: path.to_owned(), what });
    match verdict {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(what) => damaged(what),
        Err(rusqlite::Error::SqliteFailure(failure, what))
            if matches!(failure.code, ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) =>
        {
            damaged(what.unwrap_or_else(|| failure.to_string()))
        }
        Err(source) => Err(StatisticsError::database(path, "check the statistics")(source)),
    }
}

/// Puts a damaged file aside, so that counting goes on with an empty one; the answer is where it is now.
///
/// # Errors
///
/// When it can't be renamed.
pub fn set_statistics_aside(state_dir: &Path) -> io::Result<PathBuf> {
    let path = statistics_path(state_dir);
    let aside = path.with_extension("sqlite.unreadable");
    // What the write-ahead log holds belongs to the file that goes.
    for beside in ["sqlite-wal", "sqlite-shm"] {
        match fs::remove_file(path.with_extension(beside)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    durable::rename(&path, &aside)?;
    Ok(aside)
}

fn check_format(connection: &Connection, path: &Path) -> Result<(), StatisticsError> {
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(StatisticsError::database(path, "read the format of the statistics"))?;
    if found > FORMAT {
        return Err(StatisticsError::Newer { path: path.to_owned(), found });
    }
    Ok(())
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found == 0 {
        transaction.execute_batch(&schema())?;
        // The empty word stands for no second word, and for the rest of a table.
        transaction.execute("INSERT INTO word (id, text) VALUES (0, '')", [])?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    transaction.commit()
}
