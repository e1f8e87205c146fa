//! What the log holds of one visitor, for this visitor: their events, and which leaf ended each.

use rusqlite::{OptionalExtension as _, params};

use super::{Reader, StoreError, leaves::day_start};
use crate::{
    consent::ConsentId,
    ledger::{Event, LeafIndex, Removal, Salt, parse},
    timestamp::Timestamp,
};

/// How many events of one visitor are read at most, the newest: a person answers a few times in a year, and a page shows them all.
pub const LONGEST_HISTORY: usize = 200;

/// An event that is kept, with what its leaf is computed from.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptEvent {
    /// Its place in the log.
    pub index: LeafIndex,
    /// What happened.
    pub event: Event,
    /// What hides it in the log.
    pub salt: Salt,
    /// Its canonical bytes, as they are kept.
    pub record: Vec<u8>,
    /// The leaf after which it stands no longer.
    pub ended_by: Option<LeafIndex>,
}

impl Reader {
    /// The newest events of a visitor on a site, at most [`LONGEST_HISTORY`], in their order. What was erased is not among them: nothing
    /// in the log tells whose it was.
    ///
    /// # Errors
    ///
    /// When the file refuses, or holds what is no record.
    pub fn history(&self, id: ConsentId, site: &str) -> Result<Vec<KeptEvent>, StoreError> {
        self.kept_between(id, site, i64::MIN, i64::MAX)
    }

    /// The events of a visitor on a site within one second, also where they are too old for [`Self::history`].
    ///
    /// # Errors
    ///
    /// When the file refuses, or holds what is no record.
    pub fn history_of_second(&self, id: ConsentId, site: &str, at: Timestamp) -> Result<Vec<KeptEvent>, StoreError> {
        let first = Timestamp::from_seconds(at.seconds()).milliseconds();
        self.kept_between(id, site, first, first.saturating_add(999))
    }

    /// The newest events of a period, from the first to the last millisecond, in their order.
    fn kept_between(&self, id: ConsentId, site: &str, first: i64, last: i64) -> Result<Vec<KeptEvent>, StoreError> {
        let sql = "SELECT record.idx, salt, body, by_idx FROM record LEFT JOIN ended USING (idx)
                   WHERE consent_id = ?1 AND site = ?2 AND time BETWEEN ?4 AND ?5 ORDER BY record.idx DESC LIMIT ?3";
        let read = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let parameters = params![id.as_bytes(), site, LONGEST_HISTORY as i64, first, last];
            let rows = statement.query_map(parameters, |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?, row.get::<_, Option<i64>>(3)?))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        let rows = read().map_err(self.failed())?;
        let kept = rows.into_iter().rev().map(|(index, salt, record, ended_by)| {
            let event = parse(&record).map_err(|error| self.damaged(format!("leaf {index}: {error}")))?;
            let place = |index: i64| LeafIndex(index.cast_unsigned());
            Ok(KeptEvent { index: place(index), event, salt: Salt(salt), record, ended_by: ended_by.map(place) })
        });
        kept.collect()
    }

    /// How many events of a visitor are kept, on one site or on all of them.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn kept_of(&self, id: ConsentId, site: Option<&str>) -> Result<usize, StoreError> {
        let sql = "SELECT count(*) FROM record WHERE consent_id = ?1 AND (?2 IS NULL OR site = ?2)";
        let count = self.connection.query_row(sql, params![id.as_bytes(), site], |row| row.get::<_, isize>(0));
        count.map(isize::cast_unsigned).map_err(self.failed())
    }

    /// On which day and why a record was deleted, and the leaf that says so; `None` where it is kept or never was.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn removal(&self, index: LeafIndex) -> Result<Option<(LeafIndex, Removal, Timestamp)>, StoreError> {
        let sql = "SELECT cause.idx, cause.kind, cause.day FROM ended JOIN leaf AS cause ON cause.idx = ended.by_idx
                   WHERE ended.idx = ?1";
        let row = self.connection.query_row(sql, [index.0.cast_signed()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get(2)?))
        });
        let Some((cause, kind, day)) = row.optional().map_err(self.failed())? else { return Ok(None) };
        let why = [Removal::Erasure, Removal::Retention].into_iter().find(|removal| removal.name() == kind);
        Ok(why.map(|why| (LeafIndex(cause.cast_unsigned()), why, day_start(day))))
    }

    fn damaged(&self, what: String) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), what }
    }
}
