//! Reading logs in. Their sums are put together in a file of their own first, which takes as long as it takes and needs no lock; then they
//! are added in one go, by whoever may write: all of it or nothing.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{
    FORMAT, KeptFrom, Mark, Statistics, StatisticsError, statistics_path, take_owner_of,
    write::{fact, in_transaction, set_fact},
};
use crate::{
    statistics::{Answers, Changes, Day, Figures, Totals},
    timestamp::Timestamp,
};

/// A log that was read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import {
    /// SHA-256 of what was read.
    pub fingerprint: [u8; 32],
    /// When.
    pub at: Timestamp,
    /// The first day found in it.
    pub first: Day,
    /// The last one.
    pub last: Day,
    /// Lines read.
    pub lines: u64,
    /// Lines counted.
    pub counted: u64,
}

/// The sums of logs on their way into the statistics of one site.
#[derive(Debug)]
pub struct Staging {
    statistics: Statistics,
    days: Option<(Day, Day)>,
    directory: Directory,
}

/// The sums of logs, complete.
#[derive(Debug)]
pub struct Staged(Directory);

/// Where they lie. It goes when this is dropped.
#[derive(Debug)]
struct Directory {
    path: PathBuf,
    _lock: File,
}

fn directory(state_dir: &Path) -> PathBuf {
    state_dir.join("import.part")
}

impl Directory {
    /// What another import left that broke off is removed; one that still works is left alone.
    fn take(state_dir: &Path) -> Result<Self, StatisticsError> {
        let path = directory(state_dir);
        let failed = |source| StatisticsError::File { path: path.clone(), source };
        if !state_dir.is_dir() {
            return Err(StatisticsError::Missing { path: state_dir.to_owned() });
        }
        match DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
            _ if !fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) => {
                return Err(failed(io::Error::other("something that is no folder stands there; remove it")));
            }
            _ => take_owner_of(state_dir, &path),
        }
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path.join("lock"));
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StatisticsError::ImportRuns),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let staged = statistics_path(&path);
        for ending in ["", "-wal", "-shm"] {
            let mut name = staged.clone().into_os_string();
            name.push(ending);
            match fs::remove_file(&name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
        }
        Ok(Self { path, _lock: lock })
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What can't be removed is removed by the next import; it holds sums alone.
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Staging {
    /// Begins. Nobody else is kept from anything by it.
    pub fn begin(state_dir: &Path, site: &str) -> Result<Self, StatisticsError> {
        let directory = Directory::take(state_dir)?;
        let statistics = Statistics::open(&directory.path, &[site.into()])?;
        Ok(Self { statistics, days: None, directory })
    }

    /// Adds sums of one day. The site is the only one, with the number 0.
    pub fn add(&mut self, day: Day, changes: &Changes) -> Result<(), StatisticsError> {
        let (first, last) = self.days.unwrap_or((day, day));
        self.days = Some((first.min(day), last.max(day)));
        self.statistics.add(changes, day)
    }

    /// Notes one log that the sums are of.
    pub fn note(&mut self, import: &Import) -> Result<(), StatisticsError> {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let noted = self.statistics.connection.execute(
            "INSERT INTO import SELECT ?1, id, ?2, ?3, ?4, ?5, ?6 FROM site",
            params![
                import.fingerprint.as_slice(),
                import.at.seconds(),
                import.first.number(),
                import.last.number(),
                number(import.lines),
                number(import.counted)
            ],
        );
        noted.map(drop).map_err(StatisticsError::database(&self.statistics.path, "note which log was read"))
    }

    /// Cuts the days and leaves out what is past its term, as it would be done the next day. The answer is what all days add up to, too.
    pub fn end(mut self, kept: &KeptFrom) -> Result<(Staged, Totals), StatisticsError> {
        if let Some((_, last)) = self.days {
            while self.statistics.cut(last.plus(1))? {}
        }
        let names = Totals::NAMES.map(|name| format!("coalesce(sum({name}), 0)")).join(", ");
        let sum = self.statistics.connection.query_row(&format!("SELECT {names} FROM hour"), [], |row| {
            let mut numbers = [0; Totals::NAMES.len()];
            for (place, number) in numbers.iter_mut().enumerate() {
                *number = row.get(place)?;
            }
            Ok(Totals::of_numbers(numbers))
        });
        let failed = |doing| StatisticsError::database(&self.statistics.path, doing);
        let sum = sum.map_err(failed("add up what was read"))?;
        self.statistics.retire(kept)?;
        let Statistics { connection, path, .. } = self.statistics;
        // Closed, it is one file, whoever reads it next.
        connection.close().map_err(|(_, source)| StatisticsError::Database {
            path,
            doing: "close the sums of a log",
            source,
        })?;
        Ok((Staged(self.directory), sum))
    }
}

impl Staged {
    /// Where the sums lie.
    pub fn path(&self) -> &Path {
        &self.0.path
    }
}

impl Statistics {
    /// Adds what [`Staging`] has put together beside this file, all of it or nothing.
    pub fn take_in(&mut self) -> Result<(), StatisticsError> {
        let path = self.path.clone();
        let failed = |doing| StatisticsError::database(&path, doing);
        let staged = statistics_path(&directory(path.parent().unwrap_or(Path::new(""))));
        if !staged.exists() {
            return Err(StatisticsError::Missing { path: staged });
        }
        let name = staged.to_string_lossy().into_owned();
        self.connection.execute("ATTACH DATABASE ?1 AS staged", [name]).map_err(failed("open the sums of a log"))?;
        let taken = self.take_in_attached();
        // It closes with the connection otherwise.
        let _ = self.connection.execute("DETACH DATABASE staged", []);
        taken
    }

    fn take_in_attached(&mut self) -> Result<(), StatisticsError> {
        let path = self.path.clone();
        let failed = |doing| StatisticsError::database(&path, doing);
        let found: i64 = self
            .connection
            .query_row("PRAGMA staged.user_version", [], |row| row.get(0))
            .map_err(failed("read the format of a log's sums"))?;
        if found != FORMAT {
            return Err(StatisticsError::Newer { path, found });
        }
        let imports = imports(&self.connection, "staged", None).map_err(failed("read which logs were read"))?;
        for import in &imports {
            check(&self.connection, &path, &import.fingerprint, import.last)?;
        }
        in_transaction(&mut self.connection, add_staged).map_err(failed("add the sums of a log"))
    }
}

/// Refuses a log that was read in before, or that the gateway has counted itself.
pub(super) fn check(
    connection: &Connection,
    path: &Path,
    fingerprint: &[u8; 32],
    last: Day,
) -> Result<(), StatisticsError> {
    let failed = || StatisticsError::database(path, "look for logs that were read in");
    let before =
        connection.query_row("SELECT at FROM main.import WHERE fingerprint = ?1", [fingerprint.as_slice()], |row| {
            row.get::<_, i64>(0)
        });
    if let Some(at) = before.optional().map_err(failed())? {
        return Err(StatisticsError::ReadBefore { at: Timestamp::from_seconds(at).date() });
    }
    match first_counted(connection).map_err(failed())? {
        Some(first) if last >= first => Err(StatisticsError::counted_here(last, first)),
        _ => Ok(()),
    }
}

/// The first day that a gateway counted here.
pub(super) fn first_counted(connection: &Connection) -> rusqlite::Result<Option<Day>> {
    let first = fact(connection, "first_day")?;
    Ok(first.map(|first| Day::from_number(i32::try_from(first).unwrap_or(i32::MAX))))
}

/// The logs that were read in, of one site or of all.
pub(super) fn imports(connection: &Connection, schema: &str, site: Option<i64>) -> rusqlite::Result<Vec<Import>> {
    let sentence = format!(
        "SELECT fingerprint, at, first_day, last_day, lines, counted FROM {schema}.import \
         WHERE ?1 IS NULL OR site = ?1 ORDER BY first_day, last_day"
    );
    let number = |number: i64| number.unsigned_abs();
    let mut statement = connection.prepare(&sentence)?;
    let rows = statement.query_map([site], |row| {
        Ok(Import {
            fingerprint: row.get(0)?,
            at: Timestamp::from_seconds(row.get(1)?),
            first: Day::from_number(row.get(2)?),
            last: Day::from_number(row.get(3)?),
            lines: number(row.get(4)?),
            counted: number(row.get(5)?),
        })
    })?;
    rows.collect()
}

/// `INSERT … SELECT … ON CONFLICT … DO UPDATE` that adds each number to the one that is there.
fn adding_from(table: &str, keys: &[(&str, &str)], numbers: &[&str], from: &str) -> String {
    let names = |place: fn(&(&str, &str)) -> String| keys.iter().map(place).collect::<Vec<_>>().join(", ");
    let sums: Vec<_> = numbers.iter().map(|name| format!("{name} = {table}.{name} + excluded.{name}")).collect();
    let (named, numbers) = (names(|(name, _)| (*name).to_owned()), numbers.join(", "));
    let values = names(|(_, value)| (*value).to_owned());
    format!(
        "INSERT INTO main.{table} ({named}, {numbers}) SELECT {values}, {numbers} FROM {from} WHERE true \
         ON CONFLICT ({named}) DO UPDATE SET {}",
        sums.join(", ")
    )
}

fn add_staged(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute("INSERT OR IGNORE INTO main.site (name) SELECT name FROM staged.site", [])?;
    let site: i64 = transaction.query_row(
        "SELECT main.site.id FROM main.site JOIN staged.site ON main.site.name = staged.site.name",
        [],
        |row| row.get(0),
    )?;
    transaction.execute("INSERT OR IGNORE INTO main.word (text) SELECT text FROM staged.word", [])?;
    transaction.execute_batch(
        "DROP TABLE IF EXISTS temp.place;
         CREATE TEMP TABLE place (staged INTEGER PRIMARY KEY, here INTEGER NOT NULL);
         INSERT INTO temp.place SELECT staged.word.id, main.word.id FROM staged.word JOIN main.word ON main.word.text = staged.word.text",
    )?;
    let hours = adding_from("hour", &[("site", "?1"), ("day", "day"), ("hour", "hour")], &Totals::NAMES, "staged.hour");
    transaction.execute(&hours, [site])?;
    let cells = adding_from(
        "cell",
        &[("site", "?1"), ("kind", "kinds.here"), ("day", "day"), ("word", "words.here"), ("other", "others.here")],
        &Figures::NAMES,
        "staged.cell JOIN temp.place kinds ON kinds.staged = kind JOIN temp.place words ON words.staged = word \
         JOIN temp.place others ON others.staged = other",
    );
    transaction.execute(&cells, [site])?;
    let keys = [("site", "?1"), ("day", "day"), ("language", "language"), ("edition", "edition")];
    transaction.execute(&adding_from("answer", &keys, &Answers::NAMES, "staged.answer"), [site])?;
    transaction.execute(
        "INSERT INTO main.mark SELECT DISTINCT day, ?1, 1 FROM staged.hour WHERE true \
         ON CONFLICT (day, kind) DO UPDATE SET count = count + 1",
        [Mark::Import.name()],
    )?;
    transaction.execute(
        "INSERT INTO main.import SELECT fingerprint, ?1, at, first_day, last_day, lines, counted FROM staged.import",
        [site],
    )?;
    // Days that were cut before are cut anew: they may have more rows now.
    let first: Option<i64> = transaction.query_row("SELECT min(day) FROM staged.hour", [], |row| row.get(0))?;
    if let (Some(first), Some(cut_to)) = (first, fact(transaction, "cut_to")?) {
        set_fact(transaction, "cut_to", cut_to.min(first))?;
    }
    transaction.execute_batch("DROP TABLE temp.place")
}
