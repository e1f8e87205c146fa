//! Which choices a later answer has ended, and when.

use rusqlite::params;

use super::{Reader, StoreError, leaves::day_start};
use crate::{
    ledger::{Ending, LeafIndex},
    timestamp::Timestamp,
};

impl Reader {
    /// The choices from a leaf on that a later answer has ended, in their order, at most `count` of them. A frame that is opened once
    /// ends by itself, and a record that was deleted is no choice any more: neither is among them.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn endings(&self, from: LeafIndex, count: usize) -> Result<Vec<(LeafIndex, Ending)>, StoreError> {
        let sql = "SELECT ended.idx, cause.idx, cause.day, record.time
                   FROM ended JOIN leaf AS cause ON cause.idx = ended.by_idx LEFT JOIN record ON record.idx = cause.idx
                   WHERE ended.idx >= ?1 AND cause.idx <> ended.idx AND cause.kind = 'consent'
                   ORDER BY ended.idx LIMIT ?2";
        let leaf = |index: i64| LeafIndex(index.cast_unsigned());
        let read = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![from.0.cast_signed(), count as i64], |row| {
                let time: Option<i64> = row.get(3)?;
                let time = time.map(Timestamp::from_milliseconds);
                Ok((leaf(row.get(0)?), Ending { by: leaf(row.get(1)?), day: day_start(row.get(2)?), time }))
            })?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(self.failed())
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        clock::Clock,
        ledger::{
            ErasureReason, LeafIndex,
            samples::{event, opened_frame, withdrawal},
        },
        store::{Settings, Store},
    };

    #[tokio::test]
    async fn only_a_choice_that_a_later_answer_has_ended_has_an_ending() {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings { state_dir: directory.path().join("state"), host: "shop.example".into() };
        let store = Store::open(&settings, Clock::system()).unwrap();
        let given = store.append(event(1)).await.unwrap().index;
        store.append(opened_frame(1)).await.unwrap();
        let erased = store.append(event(2)).await.unwrap().index;
        store.append(withdrawal(2, erased)).await.unwrap();
        let taken_back = store.append(withdrawal(1, given)).await.unwrap().index;
        let reader = store.reader().unwrap();
        let endings = |from: LeafIndex| -> Vec<_> {
            let found = reader.endings(from, 10).unwrap().into_iter();
            found.map(|(index, ending)| (index, ending.by, ending.time.is_some())).collect()
        };
        assert_eq!(endings(LeafIndex(0)).len(), 2);
        assert_eq!(endings(LeafIndex(given.0 + 1))[0].0, erased);
        store.erase(event(2).consent_id, ErasureReason::Request).await.unwrap();
        assert_eq!(endings(LeafIndex(0)), [(given, taken_back, true)], "what is deleted is explained by the deletion");
        store.erase(event(1).consent_id, ErasureReason::Request).await.unwrap();
        assert_eq!(endings(LeafIndex(0)), []);
    }
}
