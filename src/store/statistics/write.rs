//! Adding to the sums.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::super::directory::Lock;
use super::{StatisticsError, open_for_writing, statistics_path};
use crate::statistics::{Answers, Changes, Day, Figures, Totals};

/// Words whose numbers are remembered between two writings. When there are more they are looked up again.
const MOST_REMEMBERED: usize = 50_000;

/// What is to be known of a day besides its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The program ended without writing its last sums: up to half a minute is missing, and visits were split.
    Crash,
    /// The program was started anew: visits that were open are counted as two, their visitors too.
    Restart,
    /// Some of it was read in from logs.
    Import,
}

impl Mark {
    /// Every mark.
    pub const ALL: [Self; 3] = [Self::Crash, Self::Restart, Self::Import];

    /// The word that it is kept under.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Restart => "restart",
            Self::Import => "import",
        }
    }
}

/// The file, open for writing. The caller holds the lock of the state directory.
#[derive(Debug)]
pub struct Statistics {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    /// The numbers of the sites in the file, by their numbers here.
    pub(super) sites: Vec<i64>,
    words: HashMap<Arc<str>, i64>,
    sentences: Sentences,
    /// The lock, where no gateway holds it for this process. Freed last.
    _lock: Option<Lock>,
}

/// The sentences that add, made once.
#[derive(Debug)]
struct Sentences {
    hour: String,
    cell: String,
    answer: String,
}

impl Statistics {
    /// Opens the file, and makes it where there is none. `sites` are the names of the sites in the order of their numbers.
    pub fn open(state_dir: &Path, sites: &[Arc<str>]) -> Result<Self, StatisticsError> {
        let path = statistics_path(state_dir);
        let connection = open_for_writing(&path)?;
        let sentences = Sentences {
            hour: adding("hour", &["site", "day", "hour"], &Totals::NAMES),
            cell: adding("cell", &["site", "kind", "day", "word", "other"], &Figures::NAMES),
            answer: adding("answer", &["site", "day", "language", "edition"], &Answers::NAMES),
        };
        let mut statistics =
            Self { connection, path, sites: Vec::new(), words: HashMap::new(), sentences, _lock: None };
        statistics.know(sites)?;
        Ok(statistics)
    }

    /// There are these sites now, in the order of their numbers. What is to be added next may be of any of them.
    pub fn know(&mut self, sites: &[Arc<str>]) -> Result<(), StatisticsError> {
        let connection = &self.connection;
        let number = |name: &Arc<str>| -> rusqlite::Result<i64> {
            connection.execute("INSERT OR IGNORE INTO site (name) VALUES (?1)", [&**name])?;
            connection.query_row("SELECT id FROM site WHERE name = ?1", [&**name], |row| row.get(0))
        };
        let sites = sites.iter().map(number).collect::<rusqlite::Result<_>>();
        self.sites = sites.map_err(StatisticsError::database(&self.path, "name the sites in the statistics"))?;
        Ok(())
    }

    /// Opens the file for a command while no gateway runs, and holds the lock of the directory. While one runs the answer is
    /// [`StatisticsError::Running`].
    pub fn open_for_command(state_dir: &Path, sites: &[Arc<str>]) -> Result<Self, StatisticsError> {
        let lock = Lock::take(state_dir)?;
        Ok(Self { _lock: Some(lock), ..Self::open(state_dir, sites)? })
    }

    /// Somebody counts from now on. What the file says of whoever counted before becomes a mark: that it ended without a word, or that it
    /// was another run on the same day.
    ///
    /// With `goes_on` the run before has handed over what it knew, so that nothing was split.
    pub fn begin(&mut self, today: Day, goes_on: bool) -> Result<(), StatisticsError> {
        let failed = StatisticsError::database(&self.path, "begin to count");
        let begin = |transaction: &Transaction<'_>| -> rusqlite::Result<()> {
            let number = i64::from(today.number());
            if let Some(day) = fact(transaction, "counting")? {
                mark(transaction, day, Mark::Crash)?;
                if day != number {
                    mark(transaction, number, Mark::Crash)?;
                }
            } else if fact(transaction, "ended")? == Some(number) && !goes_on {
                mark(transaction, number, Mark::Restart)?;
            }
            transaction.execute("DELETE FROM fact WHERE name = 'ended'", [])?;
            transaction.execute("INSERT OR IGNORE INTO fact VALUES ('first_day', ?1)", [number])?;
            set_fact(transaction, "counting", number)
        };
        in_transaction(&mut self.connection, begin).map_err(failed)
    }

    /// Nobody counts any more; all sums are written.
    pub fn end(&mut self, today: Day) -> Result<(), StatisticsError> {
        let failed = StatisticsError::database(&self.path, "end counting");
        let end = |transaction: &Transaction<'_>| {
            transaction.execute("DELETE FROM fact WHERE name = 'counting'", [])?;
            set_fact(transaction, "ended", today.number().into())
        };
        in_transaction(&mut self.connection, end).map_err(failed)
    }

    /// Adds what changed, all of it or nothing. `today` is the day that whoever counts is in.
    pub fn add(&mut self, changes: &Changes, today: Day) -> Result<(), StatisticsError> {
        let failed = StatisticsError::database(&self.path, "add to the statistics");
        let Self { connection, sites, words, sentences, .. } = self;
        if words.len() > MOST_REMEMBERED {
            words.clear();
        }
        let added = in_transaction(connection, |transaction| {
            transaction.execute("UPDATE fact SET number = ?1 WHERE name = 'counting'", [today.number()])?;
            write(transaction, changes, sites, words, sentences)
        });
        if added.is_err() {
            // Numbers of words that were made in it are not there.
            words.clear();
        }
        added.map_err(failed)
    }

    /// Numbers of words that are no longer there are looked up again.
    pub(super) fn forget_words(&mut self) {
        self.words.clear();
    }
}

/// `INSERT … ON CONFLICT … DO UPDATE` that adds each number to the one that is there.
pub(super) fn adding(table: &str, keys: &[&str], numbers: &[&str]) -> String {
    let names: Vec<_> = keys.iter().chain(numbers).copied().collect();
    let places: Vec<_> = (1..=names.len()).map(|place| format!("?{place}")).collect();
    let sums: Vec<_> = numbers.iter().map(|name| format!("{name} = {name} + excluded.{name}")).collect();
    format!(
        "INSERT INTO {table} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}",
        names.join(", "),
        places.join(", "),
        keys.join(", "),
        sums.join(", ")
    )
}

fn write(
    transaction: &Transaction<'_>,
    changes: &Changes,
    sites: &[i64],
    words: &mut HashMap<Arc<str>, i64>,
    sentences: &Sentences,
) -> rusqlite::Result<()> {
    let mut add = transaction.prepare_cached(&sentences.hour)?;
    for (site, day, hour, totals) in &changes.hours {
        let keys = [sites[*site], day.number().into(), (*hour).into()];
        add.execute(rusqlite::params_from_iter(keys.into_iter().chain(totals.numbers())))?;
    }
    let mut add = transaction.prepare_cached(&sentences.cell)?;
    for (site, day, table, key, figures) in &changes.rows {
        let kind = word(transaction, words, &table.name().into())?;
        let first = word(transaction, words, &key.first)?;
        let other = key.second.as_ref().map_or(Ok(0), |second| word(transaction, words, second))?;
        let keys = [sites[*site], kind, day.number().into(), first, other];
        add.execute(rusqlite::params_from_iter(keys.into_iter().chain(figures.numbers())))?;
    }
    let mut add = transaction.prepare_cached(&sentences.answer)?;
    for (site, day, banner, answers) in &changes.answers {
        let mut values: Vec<rusqlite::types::Value> = vec![
            sites[*site].into(),
            i64::from(day.number()).into(),
            banner.language.tag().to_owned().into(),
            banner.edition.as_str().to_owned().into(),
        ];
        values.extend(answers.numbers().map(Into::into));
        add.execute(rusqlite::params_from_iter(values))?;
    }
    Ok(())
}

/// The number of a word, which is made where there is none.
fn word(transaction: &Transaction<'_>, words: &mut HashMap<Arc<str>, i64>, text: &Arc<str>) -> rusqlite::Result<i64> {
    if let Some(number) = words.get(text) {
        return Ok(*number);
    }
    let known =
        transaction.prepare_cached("SELECT id FROM word WHERE text = ?1")?.query_row([&**text], |row| row.get(0));
    let number = match known.optional()? {
        Some(number) => number,
        None => {
            transaction.prepare_cached("INSERT INTO word (text) VALUES (?1)")?.execute([&**text])?;
            transaction.last_insert_rowid()
        }
    };
    words.insert(text.clone(), number);
    Ok(number)
}

pub(super) fn in_transaction<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction()?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

pub(super) fn fact(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection.query_row("SELECT number FROM fact WHERE name = ?1", [name], |row| row.get(0)).optional()
}

pub(super) fn set_fact(connection: &Connection, name: &str, number: i64) -> rusqlite::Result<()> {
    connection.execute("INSERT OR REPLACE INTO fact VALUES (?1, ?2)", params![name, number]).map(drop)
}

fn mark(connection: &Connection, day: i64, kind: Mark) -> rusqlite::Result<()> {
    let sentence = "INSERT INTO mark VALUES (?1, ?2, 1) ON CONFLICT (day, kind) DO UPDATE SET count = count + 1";
    connection.execute(sentence, params![day, kind.name()]).map(drop)
}
