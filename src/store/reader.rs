//! Reading the log beside a running gateway: no lock, and only short reads, so that the writer's checkpoints and erasures never
//! wait for a slow reader.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, named_params, params};

use super::{
    StoreError, database,
    directory::{self, Lock},
    leaves::{self, day_number, day_start},
    tree::StoredTiles,
};
use crate::{
    ledger::{Content, LeafHash, LeafIndex, NoticeId, Removal, Row, Salt, Tile, Tiles, TreeHash, parse},
    timestamp::Timestamp,
};

/// How many rows are read at once: half a megabyte of memory, a few milliseconds of a read transaction.
pub(super) const PAGE: usize = 500;

/// Which events a period holds. Of a removed one only the day of writing is left, so it is in the period that touches that day.
const IN_PERIOD: &str = "leaf.kind = 'consent' AND leaf.idx > :after AND leaf.idx <= :last
    AND (record.idx IS NULL AND leaf.day BETWEEN :first_day AND :last_day OR record.time >= :from AND record.time < :to)";

/// The log, open for reading.
pub struct Reader {
    connection: Connection,
    path: PathBuf,
    /// Held where the directory is read-only and nobody can be writing, which must stay so while we read.
    _lock: Option<Lock>,
}

impl Reader {
    /// Opens the log of a running or stopped gateway.
    ///
    /// # Errors
    ///
    /// When there is no log, it is damaged, written by a newer program, or can't be read from where it is.
    pub fn open(state_dir: &Path) -> Result<Self, StoreError> {
        let path = directory::database(state_dir);
        match std::fs::metadata(&path) {
            Ok(file) if file.len() > 0 => {}
            Ok(_) => return Err(StoreError::Missing { path }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(StoreError::Missing { path }),
            Err(error) => return Err(StoreError::file(&path, "read the consent log")(error)),
        }
        match Self::connect(&path, false) {
            // SQLite wants to make a shared-memory file beside a log in WAL mode, and may not.
            Err(StoreError::Database { source, .. }) if refuses_to_write(&source) => Self::open_unchanging(state_dir),
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
        connection.busy_timeout(database::LOCK_PATIENCE).map_err(failed())?;
        if database::check_format(&connection, path)? == 0 {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        Ok(Self { connection, path: path.to_owned(), _lock: None })
    }

    /// The events from one moment up to, not including, another, in the order of the log; removed ones too. Memory stays flat
    /// however many there are. What is written after the call is left out.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn events(&self, from: Timestamp, to: Timestamp) -> Result<Events<'_>, StoreError> {
        Ok(Events { reader: self, from, to, after: -1, last: self.last()?, page: VecDeque::new(), done: false })
    }

    /// How many rows [`Reader::events`] gives.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn count(&self, from: Timestamp, to: Timestamp) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM leaf LEFT JOIN record USING (idx) WHERE {IN_PERIOD}");
        let (first_day, last_day) = days(from, to);
        let period = named_params! { ":after": -1, ":last": self.last()?, ":from": from.milliseconds(),
        ":to": to.milliseconds(), ":first_day": first_day, ":last_day": last_day };
        let count: i64 = self.connection.query_row(&sql, period, |row| row.get(0)).map_err(self.failed())?;
        Ok(count.cast_unsigned())
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
        let sql = "SELECT note FROM checkpoint WHERE origin = ?1 AND time >= ?2 AND time < ?3 ORDER BY size";
        let read = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let period = params![origin, from.milliseconds(), to.milliseconds()];
            statement.query_map(period, |row| row.get(0))?.collect::<Result<_, _>>()
        };
        read().map_err(self.failed())
    }

    fn last(&self) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(idx), -1) FROM leaf";
        self.connection.query_row(sql, [], |row| row.get(0)).map_err(self.failed())
    }

    fn failed(&self) -> impl FnOnce(rusqlite::Error) -> StoreError {
        StoreError::database(&self.path, "read the consent log")
    }
}

impl Tiles for Reader {
    type Error = StoreError;

    fn hashes(&self, tile: Tile) -> Result<Vec<TreeHash>, StoreError> {
        StoredTiles(&self.connection).hashes(tile).map_err(self.failed())
    }
}

/// The rows of a period, read in pages.
pub struct Events<'a> {
    reader: &'a Reader,
    from: Timestamp,
    to: Timestamp,
    after: i64,
    last: i64,
    page: VecDeque<Stored>,
    done: bool,
}

/// A row as it is in the tables.
struct Stored {
    index: i64,
    hash: [u8; 32],
    record: Option<([u8; 32], Vec<u8>)>,
    removal: Option<(String, i64)>,
}

impl Iterator for Events<'_> {
    type Item = Result<Row, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty() && !self.done {
            match self.read_page() {
                Ok(page) => {
                    self.done = page.len() < PAGE;
                    self.after = page.back().map_or(self.after, |row| row.index);
                    self.page = page;
                }
                Err(error) => {
                    self.done = true;
                    return Some(Err(self.reader.failed()(error)));
                }
            }
        }
        let row = self.page.pop_front()?.row(&self.reader.path);
        if row.is_err() {
            self.done = true;
            self.page.clear();
        }
        Some(row)
    }
}

impl Events<'_> {
    fn read_page(&self) -> rusqlite::Result<VecDeque<Stored>> {
        let sql = format!(
            "SELECT leaf.idx, leaf.hash, record.salt, record.body, cause.kind, cause.day
             FROM leaf LEFT JOIN record USING (idx) LEFT JOIN ended USING (idx) LEFT JOIN leaf AS cause ON cause.idx = ended.by_idx
             WHERE {IN_PERIOD} ORDER BY leaf.idx LIMIT :page"
        );
        let (first_day, last_day) = days(self.from, self.to);
        let mut statement = self.reader.connection.prepare_cached(&sql)?;
        let period = named_params! { ":after": self.after, ":last": self.last, ":from": self.from.milliseconds(),
        ":to": self.to.milliseconds(), ":first_day": first_day, ":last_day": last_day, ":page": PAGE as i64 };
        let rows = statement.query_map(period, |row| {
            let body: Option<Vec<u8>> = row.get(3)?;
            Ok(Stored {
                index: row.get(0)?,
                hash: row.get(1)?,
                record: body.map(|body| Ok::<_, rusqlite::Error>((row.get(2)?, body))).transpose()?,
                removal: row
                    .get::<_, Option<String>>(4)?
                    .map(|kind| Ok::<_, rusqlite::Error>((kind, row.get(5)?)))
                    .transpose()?,
            })
        })?;
        rows.collect()
    }
}

impl Stored {
    fn row(self, path: &Path) -> Result<Row, StoreError> {
        let index = self.index.cast_unsigned();
        let damaged =
            |what: String| StoreError::Damaged { path: path.to_owned(), what: format!("leaf {index}: {what}") };
        let content = match (self.record, self.removal) {
            (Some((salt, body)), _) => {
                let event = parse(&body).map_err(|error| damaged(error.to_string()))?;
                Content::Kept(Box::new(event), Salt(salt))
            }
            (None, Some((kind, day))) if kind == Removal::Erasure.name() => {
                Content::Removed { on: day_start(day), by: Removal::Erasure }
            }
            (None, Some((kind, day))) if kind == Removal::Retention.name() => {
                Content::Removed { on: day_start(day), by: Removal::Retention }
            }
            _ => return Err(damaged("its record is gone and no leaf says why".to_owned())),
        };
        Ok(Row { index: LeafIndex(index), leaf_hash: LeafHash(self.hash), content })
    }
}

/// First and last day that a period touches; its end is not part of it.
fn days(from: Timestamp, to: Timestamp) -> (i64, i64) {
    (day_number(from), day_number(Timestamp::from_milliseconds(to.milliseconds() - 1)))
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
