//! The record that was verified last on a connection. A browser sends the same one with every request, and a signature that held a moment ago
//! holds now; whether the record is still alive is asked each time.

use std::sync::{Mutex, PoisonError};

use crate::consent::Record;

/// At most one record, with the bytes that it was read from.
#[derive(Debug, Default)]
pub(super) struct RecordMemory(Mutex<Option<Box<Verified>>>);

#[derive(Debug)]
struct Verified {
    site: usize,
    cookie_name: &'static str,
    /// Not longer than [`Record::LONGEST_VALUE`], or it would not have been verified.
    value: Box<[u8]>,
    record: Record,
}

impl RecordMemory {
    /// The record in this value of this cookie of this site, verified now unless it was the last one that was.
    pub(super) fn verified(
        &self,
        site: usize,
        cookie_name: &'static str,
        value: &[u8],
        verify: impl FnOnce() -> Option<Record>,
    ) -> Option<Record> {
        // Only streams of one HTTP/2 connection could meet here, and they are on one core.
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = &*last
            && (last.site, last.cookie_name, &*last.value) == (site, cookie_name, value)
        {
            return Some(last.record.clone());
        }
        let record = verify()?;
        *last = Some(Box::new(Verified { site, cookie_name, value: value.into(), record: record.clone() }));
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        consent::{CategorySet, ConsentId, EditionId},
        timestamp::Timestamp,
    };

    fn record(seconds: i64) -> Record {
        Record {
            consent_id: ConsentId::from_bytes([7; 16]),
            offered: CategorySet::EMPTY,
            allowed: CategorySet::EMPTY,
            time: Timestamp::from_seconds(seconds),
            leaf: None,
            edition: EditionId::parse("2026-11").unwrap(),
        }
    }

    #[test]
    fn the_same_bytes_are_verified_once_and_all_others_each_time() {
        let memory = RecordMemory::default();
        let verified = |site, name, value: &[u8], seconds| memory.verified(site, name, value, || Some(record(seconds)));
        let known = |site, name, value: &[u8]| memory.verified(site, name, value, || None);
        assert_eq!(verified(0, "kelisim", b"value", 1), Some(record(1)));
        assert_eq!(known(0, "kelisim", b"value"), Some(record(1)));
        assert_eq!(known(1, "kelisim", b"value"), None, "another site");
        assert_eq!(known(0, "__Host-kelisim", b"value"), None, "another cookie");
        assert_eq!(known(0, "kelisim", b"valuE"), None, "other bytes");
        assert_eq!(known(0, "kelisim", b"value"), Some(record(1)), "what does not verify is not remembered");
        assert_eq!(verified(0, "kelisim", b"newer", 2), Some(record(2)));
        assert_eq!(known(0, "kelisim", b"value"), None, "one is remembered");
    }
}
