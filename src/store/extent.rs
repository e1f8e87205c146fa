//! Reading for a bundle: which leaves a period spans, their records as they are kept, checkpoints and texts. Only short reads, as for
//! all of [`Reader`]; whoever reads the whole log asks at the end whether something was deleted meanwhile.

use rusqlite::{OptionalExtension as _, named_params, params};

use super::{
    Reader, StoreError,
    events::{IN_PERIOD, PAGE, days},
};
use crate::{
    ledger::{LeafIndex, Salt},
    timestamp::Timestamp,
};

/// A record as it is kept.
pub type KeptRecord = (LeafIndex, Salt, Vec<u8>);

impl Reader {
    /// The first and the last leaf below `size` with an event of the period, removed ones too.
    ///
    /// # Errors
    ///
    /// When the file refuses; so for all that follow.
    pub fn extent(
        &self,
        from: Timestamp,
        to: Timestamp,
        size: u64,
    ) -> Result<Option<(LeafIndex, LeafIndex)>, StoreError> {
        let sql =
            format!("SELECT min(leaf.idx), max(leaf.idx) FROM leaf LEFT JOIN record USING (idx) WHERE {IN_PERIOD}");
        let (first_day, last_day) = days(from, to);
        let period = named_params! { ":after": -1, ":last": size.cast_signed() - 1, ":from": from.milliseconds(),
        ":to": to.milliseconds(), ":first_day": first_day, ":last_day": last_day };
        let ends = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?));
        let ends = self.connection.query_row(&sql, period, ends).map_err(self.failed())?;
        let leaf = |index: i64| LeafIndex(index.cast_unsigned());
        Ok(ends.0.zip(ends.1).map(|(first, last)| (leaf(first), leaf(last))))
    }

    /// The next records from `first` on and before `after`, some hundred at most; none when there are no more.
    pub fn kept_records(&self, first: u64, after: u64) -> Result<Vec<KeptRecord>, StoreError> {
        let sql = "SELECT idx, salt, body FROM record WHERE idx >= ?1 AND idx < ?2 ORDER BY idx LIMIT ?3";
        let read = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![first.cast_signed(), after.cast_signed(), PAGE as i64], |row| {
                Ok((LeafIndex(row.get::<_, i64>(0)?.cast_unsigned()), Salt(row.get(1)?), row.get(2)?))
            })?;
            rows.collect::<Result<_, _>>()
        };
        read().map_err(self.failed())
    }

    /// How many leaves from `first` on and before `after` hold events, whether their records are kept or not.
    pub fn events_between(&self, first: u64, after: u64) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM leaf WHERE kind = 'consent' AND idx >= ?1 AND idx < ?2";
        let count =
            self.connection.query_row(sql, [first.cast_signed(), after.cast_signed()], |row| row.get::<_, i64>(0));
        count.map(i64::cast_unsigned).map_err(self.failed())
    }

    /// The signed note of a log's newest checkpoint.
    pub fn newest_checkpoint(&self, origin: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT note FROM checkpoint WHERE origin = ?1 ORDER BY size DESC LIMIT 1";
        self.connection.query_row(sql, [origin], |row| row.get(0)).optional().map_err(self.failed())
    }

    /// The next checkpoints of a log that were signed in the period: size and signed note of those larger than `above` and smaller
    /// than `below`, the smallest first, some hundred at most.
    pub fn checkpoints_between(
        &self,
        origin: &str,
        (from, to): (Timestamp, Timestamp),
        above: u64,
        below: u64,
    ) -> Result<Vec<(u64, String)>, StoreError> {
        let sql = "SELECT size, note FROM checkpoint WHERE origin = ?1 AND time >= ?2 AND time < ?3 AND size > ?4 AND size < ?5
            ORDER BY size LIMIT ?6";
        let read = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let bounds = params![
                origin,
                from.milliseconds(),
                to.milliseconds(),
                above.cast_signed(),
                below.cast_signed(),
                PAGE as i64
            ];
            let rows = statement.query_map(bounds, |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))?;
            rows.collect::<Result<_, _>>()
        };
        read().map_err(self.failed())
    }

    /// Whether leaves from `size` on say that records of leaves from `first` to before `after` were deleted.
    pub fn deleted_since(&self, size: u64, (first, after): (u64, u64)) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM ended JOIN leaf AS cause ON cause.idx = ended.by_idx
                   WHERE ended.idx >= ?2 AND ended.idx < ?3 AND cause.idx >= ?1 AND cause.kind IN ('erasure', 'retention'))";
        let bounds = [size, first, after].map(u64::cast_signed);
        self.connection.query_row(sql, bounds, |row| row.get(0)).map_err(self.failed())
    }
}
