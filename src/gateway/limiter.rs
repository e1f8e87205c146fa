//! How often one client may do something.

use std::{
    hash::RandomState,
    sync::atomic::{AtomicI64, AtomicU32, Ordering},
};

use dashmap::DashMap;

use crate::{timestamp::Timestamp, visitor::ClientAddress};

/// Counts by client over fixed minutes. Clients are keyed numbers: no address is kept, and what is kept goes with its minute.
pub(super) struct Limiter {
    per_minute: AtomicU32,
    hasher: RandomState,
    counts: DashMap<u64, u32>,
    /// The minute that the counts belong to, since the epoch.
    minute: AtomicI64,
}

/// Clients counted at once. When there are more in a minute, further ones are refused until the minute ends: a flood from more addresses
/// than this shall not cost more memory.
const MOST_CLIENTS: usize = 100_000;

impl Limiter {
    pub(super) fn new(per_minute: u32) -> Self {
        Self {
            per_minute: AtomicU32::new(per_minute),
            hasher: RandomState::new(),
            counts: DashMap::new(),
            minute: AtomicI64::new(0),
        }
    }

    /// From now on it is so often.
    pub(super) fn allow(&self, per_minute: u32) {
        self.per_minute.store(per_minute, Ordering::Relaxed);
    }

    /// Whether this client may do it once more now.
    pub(super) fn allows(&self, client: ClientAddress, now: Timestamp) -> bool {
        self.forget_before(now);
        let key = client.limit_key(&self.hasher);
        if self.counts.len() >= MOST_CLIENTS && !self.counts.contains_key(&key) {
            return false;
        }
        let mut count = self.counts.entry(key).or_insert(0);
        *count = count.saturating_add(1);
        *count <= self.per_minute.load(Ordering::Relaxed)
    }

    /// Forgets the clients of earlier minutes. It is also called where nobody chooses, so that no number outlives its minute by much.
    pub(super) fn forget_before(&self, now: Timestamp) {
        let minute = now.seconds() / 60;
        if self.minute.swap(minute, Ordering::Relaxed) != minute {
            self.counts.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> ClientAddress {
        ClientAddress::new([203, 0, 113, last].into())
    }

    #[test]
    fn a_client_has_its_count_in_each_minute_and_others_have_theirs() {
        let limiter = Limiter::new(2);
        let at = |seconds: i64| Timestamp::from_seconds(60 * 1000 + seconds);
        assert!(limiter.allows(client(1), at(0)) && limiter.allows(client(1), at(1)));
        assert!(!limiter.allows(client(1), at(2)));
        assert!(limiter.allows(client(2), at(2)));
        assert!(limiter.allows(client(1), at(60)));
        limiter.allow(3);
        assert!(
            limiter.allows(client(1), at(61))
                && limiter.allows(client(1), at(62))
                && !limiter.allows(client(1), at(63))
        );
        limiter.forget_before(at(120));
        assert!(limiter.counts.is_empty());
    }
}
