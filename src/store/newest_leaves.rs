//! The newest leaves of a kind: what the operator's side wrote last.

use rusqlite::params;

use super::{Reader, StoreError};
use crate::ledger::LeafIndex;

impl Reader {
    /// The newest leaf of a kind that is no choice, by the word in its tag line, and its data.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn newest_leaf(&self, kind: &str) -> Result<Option<(LeafIndex, Vec<u8>)>, StoreError> {
        Ok(self.newest_leaves(kind, 1)?.pop())
    }

    /// The newest leaves of a kind that is no choice, with their data: at most `count`, the newest first.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn newest_leaves(&self, kind: &str, count: usize) -> Result<Vec<(LeafIndex, Vec<u8>)>, StoreError> {
        self.newest_leaves_before(LeafIndex(i64::MAX.cast_unsigned()), kind, count)
    }

    /// The same, of the leaves before this one.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn newest_leaves_before(
        &self,
        end: LeafIndex,
        kind: &str,
        count: usize,
    ) -> Result<Vec<(LeafIndex, Vec<u8>)>, StoreError> {
        // The index over leaves that are no choices serves the query only where it is said that they are none.
        let sql =
            "SELECT idx, data FROM leaf WHERE kind = ?1 AND kind <> 'consent' AND idx < ?2 ORDER BY idx DESC LIMIT ?3";
        let read = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![kind, end.0.cast_signed(), count as i64], |row| {
                Ok((LeafIndex(row.get::<_, i64>(0)?.cast_unsigned()), row.get(1)?))
            })?;
            rows.collect::<Result<_, _>>()
        };
        read().map_err(self.failed())
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        clock::Clock,
        ledger::{Entry, ServiceState},
        store::{Settings, Store},
        timestamp::Timestamp,
    };

    #[test]
    fn the_newest_leaf_of_a_kind_is_found() {
        let directory = tempfile::TempDir::new().unwrap();
        let settings = Settings { state_dir: directory.path().join("state"), host: "shop.example".into() };
        let store = Store::open(&settings, Clock::standing_at(Timestamp::default())).unwrap();
        let reader = store.reader().unwrap();
        assert_eq!(reader.newest_leaf("service").unwrap(), None);
        let service = |state| Entry::Service { state, version: "1".into(), time: Timestamp::default() };
        for state in [ServiceState::Started, ServiceState::Stopped] {
            let index = store.note_waiting(service(state)).unwrap();
            assert_eq!(reader.newest_leaf("service").unwrap(), Some((index, service(state).leaf_data())));
        }
        let [newest, first] = reader.newest_leaves("service", 10).unwrap().try_into().unwrap();
        assert_eq!(reader.newest_leaves_before(newest.0, "service", 10).unwrap(), std::slice::from_ref(&first));
        assert_eq!(reader.newest_leaves_before(first.0, "service", 10).unwrap(), []);
    }
}
