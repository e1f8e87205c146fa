//! Reading for a bundle: which leaves a period spans, their records as they are kept, and checkpoints of all logs that the leaves are
//! of. Whoever needs that all of it belongs together holds a [`super::Snapshot`].

use rusqlite::{OptionalExtension as _, named_params, params};

use super::{
    Reader, StoreError,
    checkpoints::{self, COSIGNED},
    events::{IN_PERIOD, PAGE, days},
    logs::Logs,
};
use crate::{
    ledger::{LeafIndex, Salt},
    timestamp::Timestamp,
};

/// A record as it is kept.
pub type KeptRecord = (LeafIndex, Salt, Vec<u8>);

/// The leaves of one log, where the next one goes on after a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Era {
    /// The name under which it signed.
    pub origin: String,
    /// The leaf that begins it: what it signed has more leaves than that …
    pub start: u64,
    /// … and at most so many.
    pub end: u64,
}

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

    /// The logs of which the first `size` leaves are made, in their order, as far as they have signed anything.
    pub fn eras(&self, size: u64) -> Result<Vec<Era>, StoreError> {
        let Some(logs) = Logs::read(&self.connection).map_err(self.failed())? else { return Ok(Vec::new()) };
        let (mut eras, mut start) = (Vec::new(), 0);
        // The newest one has signed the state of `size`, which is no other one's.
        let ends = logs.earlier.into_iter().rev().chain([(logs.newest, size.saturating_sub(1))]);
        for (log, end) in ends {
            if let Some(origin) = checkpoints::origin(&self.connection, log).map_err(self.failed())? {
                eras.push(Era { origin, start, end });
            }
            start = end;
        }
        Ok(eras)
    }

    /// The sizes of the nearest checkpoints around a range of leaves that a witness has signed too: the last one without any of them, and
    /// the first one with all.
    pub fn cosigned_around(&self, eras: &[Era], (first, after): (u64, u64)) -> Result<[Option<u64>; 2], StoreError> {
        let signed = |era: &Era, bound: &str, order: &str, size: u64| {
            let sql = format!(
                "SELECT size FROM checkpoint WHERE origin = ?1 AND size > ?2 AND size <= ?3 AND size {bound} ?4 AND {COSIGNED}
                 ORDER BY size {order} LIMIT 1"
            );
            let values = params![era.origin, era.start.cast_signed(), era.end.cast_signed(), size.cast_signed()];
            let row = self.connection.query_row(&sql, values, |row| row.get::<_, i64>(0)).optional();
            row.map(|size| size.map(i64::cast_unsigned)).map_err(self.failed())
        };
        let mut around = [None; 2];
        for era in eras {
            around[0] = signed(era, "<=", "DESC", first)?.or(around[0]);
            around[1] = around[1].or(signed(era, ">=", "ASC", after)?);
        }
        Ok(around)
    }

    /// The next checkpoints of a log that were signed in the period or have one of the sizes `also`: size and signed note of those larger
    /// than `above`, the smallest first, some hundred at most.
    pub fn checkpoints_between(
        &self,
        era: &Era,
        (from, to): (Timestamp, Timestamp),
        also: [Option<u64>; 2],
        above: u64,
    ) -> Result<Vec<(u64, String)>, StoreError> {
        let sql = "SELECT size, note FROM checkpoint WHERE origin = ?1 AND size > ?2 AND size <= ?3
            AND (time >= ?4 AND time < ?5 OR size IN (?6, ?7)) ORDER BY size LIMIT ?8";
        let read = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let bounds = params![
                era.origin,
                above.max(era.start).cast_signed(),
                era.end.cast_signed(),
                from.milliseconds(),
                to.milliseconds(),
                also[0].map(u64::cast_signed),
                also[1].map(u64::cast_signed),
                PAGE as i64
            ];
            let rows = statement.query_map(bounds, |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))?;
            rows.collect::<Result<_, _>>()
        };
        read().map_err(self.failed())
    }

    /// How many events of the first `size` leaves lie before or after a range and no leaf among them says that they were deleted.
    pub fn kept_outside(&self, (first, after): (u64, u64), size: u64) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM ended JOIN leaf AS cause ON cause.idx = ended.by_idx
                   WHERE ended.idx >= ?2 AND ended.idx < ?3 AND cause.idx < ?1 AND cause.kind IN ('erasure', 'retention')";
        let kept = |first: u64, after: u64| {
            let bounds = [size, first, after].map(u64::cast_signed);
            let deleted: i64 = self.connection.query_row(sql, bounds, |row| row.get(0)).map_err(self.failed())?;
            Ok(self.events_between(first, after)?.saturating_sub(deleted.cast_unsigned()))
        };
        Ok(kept(0, first)? + kept(after, size)?)
    }

    /// Whether leaves from `size` on say that records of leaves from `first` to before `after` were deleted.
    pub fn deleted_since(&self, size: u64, (first, after): (u64, u64)) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM ended JOIN leaf AS cause ON cause.idx = ended.by_idx
                   WHERE ended.idx >= ?2 AND ended.idx < ?3 AND cause.idx >= ?1 AND cause.kind IN ('erasure', 'retention'))";
        let bounds = [size, first, after].map(u64::cast_signed);
        self.connection.query_row(sql, bounds, |row| row.get(0)).map_err(self.failed())
    }
}
