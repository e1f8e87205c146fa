//! Reading the log beside a running gateway: no lock, and short reads, so that the writer never waits for a slow reader. Only a
//! [`Snapshot`] holds one state of the log for longer, and with it what was erased since.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction};

use super::{
    StoreError, checkpoints, database,
    directory::{self, Lock},
    leaves, logs,
    tree::StoredTiles,
};
use crate::{
    ledger::{LeafIndex, LogId, NoticeId, Salt, Tile, Tiles, TreeHash},
    timestamp::Timestamp,
};

/// The log, open for reading.
pub struct Reader {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    /// Held where the directory is read-only and nobody can be writing, which must stay so while we read.
    _lock: Option<Lock>,
}

/// One state of the log, read until this is dropped. Made by [`Reader::snapshot`].
pub struct Snapshot<'a> {
    _transaction: Transaction<'a>,
}

impl Reader {
    /// Opens the log of a running or stopped gateway.
    ///
    /// # Errors
    ///
    /// When there is no log, it is damaged, written by a newer program, or can't be read from where it is.
    pub fn open(state_dir: &Path) -> Result<Self, StoreError> {
        let path = directory::database(state_dir);
        find(&path)?;
        match Self::connect(&path, false) {
            // SQLite wants to make a shared-memory file beside a log in WAL mode, and may not.
            Err(StoreError::Database { source, .. }) if refuses_to_write(&source) => Self::open_unchanging(state_dir),
            opened => opened,
        }
    }

    /// Opens a log that nobody writes, and leaves no trace in its directory, unless its last writer died: then SQLite has to look at what
    /// that one left.
    pub(super) fn open_untouched(state_dir: &Path) -> Result<Self, StoreError> {
        find(&directory::database(state_dir))?;
        match Self::open_unchanging(state_dir) {
            Err(StoreError::Unfinished { .. }) => Self::open(state_dir),
            opened => opened,
        }
    }

    /// Reads a file that can't change: in a directory that is read-only, with no writer and no unfinished write-ahead log.
    pub(super) fn open_unchanging(state_dir: &Path) -> Result<Self, StoreError> {
        let lock = Lock::share(state_dir)?;
        let write_ahead_log = directory::write_ahead_log(state_dir);
        if std::fs::metadata(&write_ahead_log).is_ok_and(|file| file.len() > 0) {
            return Err(StoreError::Unfinished { path: write_ahead_log });
        }
        Ok(Self { _lock: lock, ..Self::connect(&directory::database(state_dir), true)? })
    }

    fn connect(path: &Path, unchanging: bool) -> Result<Self, StoreError> {
        let failed = || StoreError::database(path, "read the consent log");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = if unchanging {
            Connection::open_with_flags(unchanging_uri(path), flags | OpenFlags::SQLITE_OPEN_URI)
        } else {
            Connection::open_with_flags(path, flags)
        };
        let connection = opened.map_err(failed())?;
        database::configure_any(&connection).map_err(failed())?;
        if database::check_format(&connection, path)? == 0 {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        Ok(Self { connection, path: path.to_owned(), _lock: None })
    }

    /// From here on, until what is returned is dropped, everything is read as it is now, whatever is written or erased meanwhile.
    ///
    /// Nobody waits for it. But SQLite keeps for a reader what it may still read: the write-ahead log grows, and what is erased meanwhile
    /// stays in it until the snapshot ends; the writer takes it out within seconds after that.
    ///
    /// # Errors
    ///
    /// When the file refuses, or there is a snapshot already.
    pub fn snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        let transaction = self.connection.unchecked_transaction().map_err(self.failed())?;
        // The state is that of the first reading and not of the beginning.
        self.size()?;
        Ok(Snapshot { _transaction: transaction })
    }

    /// The document of a notice, as it was kept.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn notice(&self, id: NoticeId) -> Result<Option<String>, StoreError> {
        let sql = "SELECT document FROM notice WHERE id = ?1";
        self.connection.query_row(sql, [id.0], |row| row.get(0)).optional().map_err(self.failed())
    }

    /// The text of the policy with this hash, as it was kept.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn policy(&self, sha256: &[u8; 32]) -> Result<Option<String>, StoreError> {
        let sql = "SELECT text FROM document WHERE sha256 = ?1";
        self.connection.query_row(sql, [sha256], |row| row.get(0)).optional().map_err(self.failed())
    }

    /// The name under which the newest log signs; `None` until its first checkpoint.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn origin(&self) -> Result<Option<String>, StoreError> {
        let Some(log) = logs::newest(&self.connection).map_err(self.failed())? else { return Ok(None) };
        checkpoints::origin(&self.connection, log).map_err(self.failed())
    }

    /// What a log that ended with this size has signed last: its name, the size and the signed note.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn last_of_log(&self, log: LogId, size: u64) -> Result<Option<(String, u64, String)>, StoreError> {
        let read = || {
            let Some(origin) = checkpoints::origin(&self.connection, log)? else { return Ok(None) };
            let last = checkpoints::last_within(&self.connection, &origin, size)?;
            Ok(last.map(|(size, note)| (origin, size, note)))
        };
        read().map_err(self.failed())
    }

    /// How many leaves there are.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn size(&self) -> Result<u64, StoreError> {
        leaves::size(&self.connection).map_err(self.failed())
    }

    /// The data of leaves from `first` on, at most `count` of them, in their order.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn leaf_data(&self, first: u64, count: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let sql = "SELECT data FROM leaf WHERE idx >= ?1 ORDER BY idx LIMIT ?2";
        let read = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map([first.cast_signed(), count as i64], |row| row.get(0))?;
            rows.collect::<Result<_, _>>()
        };
        read().map_err(self.failed())
    }

    /// Salt and canonical bytes of a record that is still there.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn record(&self, index: LeafIndex) -> Result<Option<(Salt, Vec<u8>)>, StoreError> {
        let sql = "SELECT salt, body FROM record WHERE idx = ?1";
        let row = self.connection.query_row(sql, [index.0.cast_signed()], |row| Ok((Salt(row.get(0)?), row.get(1)?)));
        row.optional().map_err(self.failed())
    }

    /// The signed notes of a log's checkpoints that were signed in a period, the smallest first.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn checkpoints(&self, origin: &str, from: Timestamp, to: Timestamp) -> Result<Vec<String>, StoreError> {
        checkpoints::of_period(&self.connection, origin, from, to).map_err(self.failed())
    }

    /// The signed note of the last checkpoint that was signed before a moment.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn last_checkpoint(&self, before: Timestamp) -> Result<Option<String>, StoreError> {
        checkpoints::last_before(&self.connection, before).map_err(self.failed())
    }

    /// How many leaves the checkpoint has that was signed last, and when that was.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn last_signed(&self) -> Result<Option<(u64, Timestamp)>, StoreError> {
        checkpoints::last(&self.connection).map_err(self.failed())
    }

    pub(super) fn failed(&self) -> impl FnOnce(rusqlite::Error) -> StoreError {
        StoreError::database(&self.path, "read the consent log")
    }
}

impl Tiles for Reader {
    type Error = StoreError;

    fn hashes(&self, tile: Tile) -> Result<Vec<TreeHash>, StoreError> {
        StoredTiles(&self.connection).hashes(tile).map_err(self.failed())
    }
}

fn find(path: &Path) -> Result<(), StoreError> {
    match std::fs::metadata(path) {
        Ok(file) if file.len() > 0 => Ok(()),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::file(path, "read the consent log")(error))
        }
        _ => Err(StoreError::Missing { path: path.to_owned() }),
    }
}

fn refuses_to_write(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly))
}

/// The path as a URI (SQLite's `immutable` parameter), every byte but letters, digits and `/ . _ -` escaped.
pub(super) fn unchanging_uri(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let escaped: String = path
        .as_os_str()
        .as_bytes()
        .iter()
        .map(|byte| if plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    format!("file:{escaped}?immutable=1")
}
