//! Reading the sums.

use std::{path::Path, sync::Arc};

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{
    StatisticsError,
    import::{self, Import},
    open_for_reading, statistics_path,
    write::Mark,
};
use crate::{
    consent::EditionId,
    statistics::{Answers, Banner, Day, Dimension, Figures, Hour, RowKey, Table, Totals},
    visitor::Language,
};

/// Totals of one hour.
pub type HourRow = (Day, Hour, Totals);
/// How one banner was answered on one day.
pub type AnswerRow = (Day, Banner, Answers);
/// A mark of a day, and how often.
pub type MarkRow = (Day, Mark, i64);

/// The file, open for reading beside whoever writes.
#[derive(Debug)]
pub struct StatisticsReader {
    connection: Connection,
    path: std::path::PathBuf,
}

impl StatisticsReader {
    /// Opens the file.
    pub fn open(state_dir: &Path) -> Result<Self, StatisticsError> {
        let path = statistics_path(state_dir);
        Ok(Self { connection: open_for_reading(&path)?, path })
    }

    /// The names of the sites that something was counted of.
    pub fn sites(&self) -> Result<Vec<String>, StatisticsError> {
        self.read("read the names of the sites", |connection| {
            connection.prepare("SELECT name FROM site ORDER BY id")?.query_map([], |row| row.get(0))?.collect()
        })
    }

    /// The first and the last day of a site with any numbers.
    pub fn extent(&self, site: &str) -> Result<Option<(Day, Day)>, StatisticsError> {
        self.read("read which days there are", |connection| {
            let site = site_number(connection, site)?;
            let sentence = "SELECT min(day), max(day) FROM hour WHERE site = ?1";
            connection
                .query_row(sentence, [site], |row| Ok(row.get::<_, Option<i32>>(0)?.zip(row.get::<_, Option<i32>>(1)?)))
        })
        .map(|days| days.map(|(first, last)| (Day::from_number(first), Day::from_number(last))))
    }

    /// Totals by hour, in their order, from the first day to the last, both included.
    pub fn hours(&self, site: &str, from: Day, to: Day) -> Result<Vec<HourRow>, StatisticsError> {
        let sentence = format!(
            "SELECT day, hour, {} FROM hour WHERE site = ?1 AND day BETWEEN ?2 AND ?3 ORDER BY day, hour",
            Totals::NAMES.join(", ")
        );
        self.read("read the totals", |connection| {
            let site = site_number(connection, site)?;
            let mut statement = connection.prepare_cached(&sentence)?;
            let rows = statement.query_map(params![site, from.number(), to.number()], |row| {
                Ok((Day::from_number(row.get(0)?), row.get(1)?, Totals::of_numbers(numbers(row, 2)?)))
            })?;
            rows.collect()
        })
    }

    /// The rows of a table, each summed over the days, the longest first.
    pub fn rows(
        &self,
        site: &str,
        table: Table,
        from: Day,
        to: Day,
    ) -> Result<Vec<(RowKey, Figures)>, StatisticsError> {
        let sentence = format!(
            "SELECT one.text, two.text, {} FROM \
             (SELECT word, other, {} FROM cell WHERE site = ?1 AND kind = ?2 AND day BETWEEN ?3 AND ?4 GROUP BY word, other) sums \
             JOIN word one ON one.id = sums.word JOIN word two ON two.id = sums.other \
             ORDER BY views DESC, visits DESC, one.text, two.text",
            Figures::NAMES.join(", "),
            Figures::NAMES.map(|name| format!("sum({name}) AS {name}")).join(", ")
        );
        self.read("read a table", |connection| {
            let site = site_number(connection, site)?;
            let Some(kind) = word_number(connection, &table.name())? else { return Ok(Vec::new()) };
            let mut statement = connection.prepare_cached(&sentence)?;
            let rows = statement.query_map(params![site, kind, from.number(), to.number()], |row| {
                let second = table.second.map(|_| row.get::<_, Arc<str>>(1)).transpose()?;
                Ok((RowKey { first: row.get(0)?, second }, Figures::of_numbers(numbers(row, 2)?)))
            })?;
            rows.collect()
        })
    }

    /// The rows of the cube of two dimensions that have `word` in `of`, by the word of the other one, the longest first. Nothing where there
    /// is no such cube.
    pub fn rows_where(
        &self,
        site: &str,
        (of, word): (Dimension, &str),
        other: Dimension,
        from: Day,
        to: Day,
    ) -> Result<Vec<(Arc<str>, Figures)>, StatisticsError> {
        let Some(table) = Table::cube(of, other) else { return Ok(Vec::new()) };
        let (given, asked) = if table.first == of { ("word", "other") } else { ("other", "word") };
        let sentence = format!(
            "SELECT word.text, {} FROM \
             (SELECT {asked} AS asked, {} FROM cell WHERE site = ?1 AND kind = ?2 AND day BETWEEN ?3 AND ?4 AND {given} = ?5 \
              GROUP BY asked) sums \
             JOIN word ON word.id = sums.asked ORDER BY views DESC, visits DESC, word.text",
            Figures::NAMES.join(", "),
            Figures::NAMES.map(|name| format!("sum({name}) AS {name}")).join(", ")
        );
        self.read("read a table of two dimensions", |connection| {
            let site = site_number(connection, site)?;
            let numbers_of = (word_number(connection, &table.name())?, word_number(connection, word)?);
            let (Some(kind), Some(given)) = numbers_of else { return Ok(Vec::new()) };
            let mut statement = connection.prepare_cached(&sentence)?;
            let rows = statement.query_map(params![site, kind, from.number(), to.number(), given], |row| {
                Ok((row.get(0)?, Figures::of_numbers(numbers(row, 1)?)))
            })?;
            rows.collect()
        })
    }

    /// One row of a table of one dimension, day by day. Days without it are left out.
    pub fn row_by_day(
        &self,
        site: &str,
        (of, word): (Dimension, &str),
        from: Day,
        to: Day,
    ) -> Result<Vec<(Day, Figures)>, StatisticsError> {
        let sentence = format!(
            "SELECT {} FROM cell WHERE site = ?1 AND kind = ?2 AND day = ?3 AND word = ?4 AND other = 0",
            Figures::NAMES.join(", ")
        );
        self.read("read a row by day", |connection| {
            let site = site_number(connection, site)?;
            let numbers_of = (word_number(connection, of.name())?, word_number(connection, word)?);
            let (Some(kind), Some(word)) = numbers_of else { return Ok(Vec::new()) };
            let mut statement = connection.prepare_cached(&sentence)?;
            let mut days = Vec::new();
            for day in from.number()..=to.number() {
                let found = statement
                    .query_row(params![site, kind, day, word], |row| Ok(Figures::of_numbers(numbers(row, 0)?)));
                days.extend(found.optional()?.map(|figures| (Day::from_number(day), figures)));
            }
            Ok(days)
        })
    }

    /// How banners were answered, by day. Languages and editions that no program knows any more are left out.
    pub fn answers(&self, site: &str, from: Day, to: Day) -> Result<Vec<AnswerRow>, StatisticsError> {
        let sentence = format!(
            "SELECT day, language, edition, {} FROM answer WHERE site = ?1 AND day BETWEEN ?2 AND ?3 ORDER BY day, language, edition",
            Answers::NAMES.join(", ")
        );
        self.read("read how banners were answered", |connection| {
            let site = site_number(connection, site)?;
            let mut statement = connection.prepare_cached(&sentence)?;
            let rows = statement.query_map(params![site, from.number(), to.number()], |row| {
                let language = Language::parse(&row.get::<_, String>(1)?);
                let edition = EditionId::parse(&row.get::<_, String>(2)?);
                let banner = language.zip(edition).map(|(language, edition)| Banner { language, edition });
                Ok(banner.map(|banner| (Day::from_number(row.get(0).unwrap_or_default()), banner, numbers(row, 3))))
            })?;
            let mut answers = Vec::new();
            for row in rows {
                if let Some((day, banner, numbers)) = row? {
                    answers.push((day, banner, Answers::of_numbers(numbers?)));
                }
            }
            Ok(answers)
        })
    }

    /// The first day that a gateway counted here, if one has.
    pub fn first_counted(&self) -> Result<Option<Day>, StatisticsError> {
        self.read("read since when is counted", import::first_counted)
    }

    /// The logs that were read in for a site, by their days.
    pub fn imports(&self, site: &str) -> Result<Vec<Import>, StatisticsError> {
        self.read("read which logs were read in", |connection| {
            import::imports(connection, "main", Some(site_number(connection, site)?))
        })
    }

    /// Refuses a log that was read in before, or that the gateway has counted itself.
    pub fn check_import(&self, fingerprint: &[u8; 32], last: Day) -> Result<(), StatisticsError> {
        import::check(&self.connection, &self.path, fingerprint, last)
    }

    /// What is to be known of the days besides their numbers.
    pub fn marks(&self, from: Day, to: Day) -> Result<Vec<MarkRow>, StatisticsError> {
        self.read("read the marks of the days", |connection| {
            let mut statement = connection
                .prepare("SELECT day, kind, count FROM mark WHERE day BETWEEN ?1 AND ?2 ORDER BY day, kind")?;
            let rows = statement.query_map(params![from.number(), to.number()], |row| {
                let kind: String = row.get(1)?;
                let kind = Mark::ALL.into_iter().find(|mark| mark.name() == kind);
                Ok((Day::from_number(row.get(0)?), kind, row.get(2)?))
            })?;
            let known = rows.filter_map(|row| row.map(|(day, kind, count)| Some((day, kind?, count))).transpose());
            known.collect()
        })
    }

    fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StatisticsError> {
        work(&self.connection).map_err(StatisticsError::database(&self.path, doing))
    }
}

/// The number of a site in the file; one that is not there has none of the numbers that are.
fn site_number(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    let found = connection.query_row("SELECT id FROM site WHERE name = ?1", [name], |row| row.get(0));
    Ok(found.optional()?.unwrap_or(-1))
}

fn word_number(connection: &Connection, text: &str) -> rusqlite::Result<Option<i64>> {
    connection.query_row("SELECT id FROM word WHERE text = ?1", [text], |row| row.get(0)).optional()
}

fn numbers<const N: usize>(row: &Row<'_>, from: usize) -> rusqlite::Result<[i64; N]> {
    let mut numbers = [0; N];
    for (place, number) in numbers.iter_mut().enumerate() {
        *number = row.get(from + place)?;
    }
    Ok(numbers)
}
