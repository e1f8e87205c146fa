//! What was allowed before a withdrawal: without it nobody can say what was taken back.

use super::{Reader, StoreError};
use crate::{
    consent::CategorySet,
    ledger::{Event, EventKind, parse},
};

impl Reader {
    /// What the record that a withdrawal ends had allowed; `None` where it is deleted, and of every other event.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn allowed_before(&self, event: &Event) -> Result<Option<CategorySet>, StoreError> {
        let Some(leaf) = event.ends.filter(|_| event.kind == EventKind::Withdrawn) else { return Ok(None) };
        let record = self.record(leaf)?;
        let earlier = record.and_then(|(_, record)| parse(&record).ok());
        // A place may hold somebody else's record where a log was restored.
        Ok(earlier.filter(|earlier| earlier.consent_id == event.consent_id).map(|earlier| earlier.allowed))
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        clock::Clock,
        ledger::{
            ErasureReason,
            samples::{event, withdrawal},
        },
        store::{Settings, Store},
    };

    #[tokio::test]
    async fn what_was_given_is_known_until_it_is_erased_and_nobody_elses_is_taken_for_it() {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings { state_dir: directory.path().join("state"), host: "shop.example".into() };
        let store = Store::open(&settings, Clock::system()).unwrap();
        let given = store.append(event(1)).await.unwrap().index;
        let reader = store.reader().unwrap();
        assert_eq!(reader.allowed_before(&withdrawal(1, given)).unwrap(), Some(event(1).allowed));
        assert_eq!(reader.allowed_before(&withdrawal(2, given)).unwrap(), None, "somebody else gave it");
        assert_eq!(reader.allowed_before(&event(1)).unwrap(), None, "it takes nothing back");
        store.erase(event(1).consent_id, ErasureReason::Request).await.unwrap();
        assert_eq!(reader.allowed_before(&withdrawal(1, given)).unwrap(), None);
    }
}
