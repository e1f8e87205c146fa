//! The events of a period, read in pages, so that memory stays flat and nobody waits for a slow reader.

use std::{collections::VecDeque, path::Path};

use rusqlite::named_params;

use super::{
    Reader, StoreError,
    leaves::{day_number, day_start},
};
use crate::{
    ledger::{Content, Counted, LeafHash, LeafIndex, Removal, Row, Salt, parse},
    timestamp::Timestamp,
};

/// How many rows are read at once: half a megabyte of memory, a few milliseconds of a read transaction.
pub(super) const PAGE: usize = 500;

/// Which events a period holds. Of a removed one only the day of writing is left, so it is in the period that touches that day.
pub(super) const IN_PERIOD: &str = "leaf.kind = 'consent' AND leaf.idx > :after AND leaf.idx <= :last
    AND (record.idx IS NULL AND leaf.day BETWEEN :first_day AND :last_day OR record.time >= :from AND record.time < :to)";

impl Reader {
    /// The events from one moment up to, not including, another, in the order of the log; removed ones too. Memory stays flat
    /// however many there are. What is written after the call is left out.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn events(&self, from: Timestamp, to: Timestamp) -> Result<Events<'_>, StoreError> {
        Ok(Events { reader: self, from, to, after: -1, last: self.last()?, page: VecDeque::new(), done: false })
    }

    /// How many rows [`Reader::events`] gives, and of what.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn count(&self, from: Timestamp, to: Timestamp) -> Result<Counted, StoreError> {
        let sql = format!(
            "SELECT count(record.idx), count(*) - count(record.idx) FROM leaf LEFT JOIN record USING (idx) WHERE {IN_PERIOD}"
        );
        let (first_day, last_day) = days(from, to);
        let period = named_params! { ":after": -1, ":last": self.last()?, ":from": from.milliseconds(),
        ":to": to.milliseconds(), ":first_day": first_day, ":last_day": last_day };
        let counted = |row: &rusqlite::Row<'_>| {
            let [records, deleted] = [row.get::<_, i64>(0)?, row.get(1)?].map(i64::cast_unsigned);
            Ok(Counted { records, deleted })
        };
        self.connection.query_row(&sql, period, counted).map_err(self.failed())
    }

    fn last(&self) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(idx), -1) FROM leaf";
        self.connection.query_row(sql, [], |row| row.get(0)).map_err(self.failed())
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
pub(super) fn days(from: Timestamp, to: Timestamp) -> (i64, i64) {
    (day_number(from), day_number(Timestamp::from_milliseconds(to.milliseconds() - 1)))
}
