//! The newest leaf of a kind: what the operator's side wrote last.

use rusqlite::OptionalExtension as _;

use super::{Reader, StoreError};
use crate::ledger::LeafIndex;

impl Reader {
    /// The newest leaf of a kind that is no choice, by the word in its tag line, and its data.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn newest_leaf(&self, kind: &str) -> Result<Option<(LeafIndex, Vec<u8>)>, StoreError> {
        // The index over leaves that are no choices serves the query only where it is said that they are none.
        let sql = "SELECT idx, data FROM leaf WHERE kind = ?1 AND kind <> 'consent' ORDER BY idx DESC LIMIT 1";
        let leaf = |row: &rusqlite::Row<'_>| Ok((LeafIndex(row.get::<_, i64>(0)?.cast_unsigned()), row.get(1)?));
        self.connection.query_row(sql, [kind], leaf).optional().map_err(self.failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
    }
}
