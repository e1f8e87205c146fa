//! What is done to days that are over: tables are cut to their longest rows, and what is past its term goes.

use rusqlite::{Transaction, params};

use super::{
    Statistics, StatisticsError,
    write::{fact, in_transaction, set_fact},
};
use crate::statistics::{Day, Figures, Table, Totals};

/// Days that are cut in one go, so that the writer is never away for long.
const MOST_DAYS_AT_ONCE: i64 = 7;

/// The first day that is kept, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptFrom {
    /// Totals by hour. Before that they are kept by day, under midnight.
    pub hours: Day,
    /// Tables of one dimension, and answers.
    pub rows: Day,
    /// Cubes.
    pub cubes: Day,
}

impl Statistics {
    /// Cuts the tables of days before `today`: each keeps its longest rows, and the others become one. Whether days are left for another go.
    pub fn cut(&mut self, today: Day) -> Result<bool, StatisticsError> {
        let failed = StatisticsError::database(&self.path, "cut the tables of the days that are over");
        let today = i64::from(today.number());
        let cut = |transaction: &Transaction<'_>| {
            // Whatever has a row has a total, and of those there are few.
            let sentence = "SELECT DISTINCT day FROM hour WHERE day >= ?1 AND day < ?2 ORDER BY day LIMIT ?3";
            let from = fact(transaction, "cut_to")?.unwrap_or(i64::MIN);
            let mut days = transaction.prepare_cached(sentence)?;
            let days = days.query_map([from, today, MOST_DAYS_AT_ONCE], |row| row.get(0))?;
            let days = days.collect::<Result<Vec<i64>, _>>()?;
            for day in &days {
                cut_day(transaction, *day)?;
            }
            let to = days.get(MOST_DAYS_AT_ONCE as usize - 1).map_or(today, |last| last + 1).max(from);
            set_fact(transaction, "cut_to", to)?;
            Ok(to < today)
        };
        in_transaction(&mut self.connection, cut).map_err(failed)
    }

    /// Deletes what is past its term, and says how many rows went. Their bytes are overwritten.
    pub fn retire(&mut self, kept: &KeptFrom) -> Result<usize, StatisticsError> {
        let failed = StatisticsError::database(&self.path, "delete statistics that are past their term");
        let (hours, rows, cubes) =
            (i64::from(kept.hours.number()), i64::from(kept.rows.number()), i64::from(kept.cubes.number()));
        let retire = |transaction: &Transaction<'_>| {
            let mut gone = join_hours(transaction, hours)?;
            let names = Table::all().filter(|table| table.second.is_some()).map(|table| format!("'{}'", table.name()));
            let of_cubes = format!("(SELECT id FROM word WHERE text IN ({}))", names.collect::<Vec<_>>().join(", "));
            gone +=
                transaction.execute(&format!("DELETE FROM cell WHERE day < ?1 AND kind NOT IN {of_cubes}"), [rows])?;
            gone += transaction.execute(&format!("DELETE FROM cell WHERE day < ?1 AND kind IN {of_cubes}"), [cubes])?;
            gone += transaction.execute("DELETE FROM answer WHERE day < ?1", [rows])?;
            gone += transaction.execute("DELETE FROM mark WHERE day < ?1", [rows])?;
            // Also words of rows that were cut: strangers may invent any number of them.
            let words = transaction.execute(
                "DELETE FROM word WHERE id <> 0 AND id NOT IN \
                 (SELECT word FROM cell UNION SELECT other FROM cell UNION SELECT kind FROM cell)",
                [],
            )?;
            Ok((gone, words))
        };
        let (gone, words) = in_transaction(&mut self.connection, retire).map_err(failed)?;
        if words > 0 {
            self.forget_words();
        }
        Ok(gone)
    }
}

/// Cuts every table of one day.
fn cut_day(transaction: &Transaction<'_>, day: i64) -> rusqlite::Result<()> {
    for table in Table::all() {
        let kind = transaction
            .prepare_cached("SELECT id FROM word WHERE text = ?1")?
            .query_map([table.name()], |row| row.get::<_, i64>(0))?
            .next()
            .transpose()?;
        let Some(kind) = kind else { continue };
        let most = i64::try_from(table.most_rows()).unwrap_or(i64::MAX);
        let mut sites = transaction
            .prepare_cached("SELECT site FROM cell WHERE kind = ?1 AND day = ?2 GROUP BY site HAVING count(*) > ?3")?;
        let sites = sites.query_map(params![kind, day, most], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
        for site in sites {
            cut_table(transaction, site, kind, day, most)?;
        }
    }
    Ok(())
}

/// Adds what is beyond the longest rows to the row for the rest.
fn cut_table(transaction: &Transaction<'_>, site: i64, kind: i64, day: i64, most: i64) -> rusqlite::Result<()> {
    let numbers = Figures::NAMES.map(|name| format!("sum({name})")).join(", ");
    let beyond = "SELECT word, other FROM cell WHERE site = ?1 AND kind = ?2 AND day = ?3 AND word <> 0 \
                  ORDER BY views DESC, visits DESC, word, other LIMIT -1 OFFSET ?4";
    let sum = format!(
        "SELECT {numbers} FROM cell WHERE site = ?1 AND kind = ?2 AND day = ?3 AND (word, other) IN ({beyond})"
    );
    let rest = transaction.query_row(&sum, params![site, kind, day, most], |row| {
        let mut numbers = [0; Figures::NAMES.len()];
        for (place, number) in numbers.iter_mut().enumerate() {
            *number = row.get::<_, Option<i64>>(place)?.unwrap_or_default();
        }
        Ok(Figures::of_numbers(numbers))
    })?;
    let gone = format!("DELETE FROM cell WHERE site = ?1 AND kind = ?2 AND day = ?3 AND (word, other) IN ({beyond})");
    transaction.execute(&gone, params![site, kind, day, most])?;
    let add = super::write::adding("cell", &["site", "kind", "day", "word", "other"], &Figures::NAMES);
    let keys = [site, kind, day, 0, 0];
    transaction.execute(&add, rusqlite::params_from_iter(keys.into_iter().chain(rest.numbers()))).map(drop)
}

/// Hours past their term become one sum for each day.
fn join_hours(transaction: &Transaction<'_>, before: i64) -> rusqlite::Result<usize> {
    let names = Totals::NAMES.join(", ");
    transaction.execute_batch("DROP TABLE IF EXISTS temp.joined")?;
    transaction.execute(
        &format!(
            "CREATE TEMP TABLE joined AS SELECT site, day, 0 AS hour, {} FROM hour WHERE day < ?1 \
             GROUP BY site, day HAVING count(*) > 1 OR max(hour) > 0",
            Totals::NAMES.map(|name| format!("sum({name}) AS {name}")).join(", ")
        ),
        [before],
    )?;
    let gone = transaction.execute("DELETE FROM hour WHERE (site, day) IN (SELECT site, day FROM temp.joined)", [])?;
    transaction.execute(
        &format!("INSERT INTO hour (site, day, hour, {names}) SELECT site, day, hour, {names} FROM temp.joined"),
        [],
    )?;
    transaction.execute_batch("DROP TABLE temp.joined")?;
    Ok(gone)
}
