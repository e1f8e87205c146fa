//! How many connections there may be at once, over all cores; the number may change while some are open.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The limit.
pub(super) struct ConnectionLimit {
    places: Arc<Semaphore>,
    most: AtomicUsize,
    /// Places that are to go with the connections that have them now.
    owed: AtomicUsize,
}

/// A place of one connection; it is free again when this is dropped.
pub(super) type Permit = OwnedSemaphorePermit;

impl ConnectionLimit {
    /// So many places, all free.
    pub(super) fn new(most: usize) -> Self {
        let most = most.min(Semaphore::MAX_PERMITS);
        Self { places: Arc::new(Semaphore::new(most)), most: AtomicUsize::new(most), owed: AtomicUsize::new(0) }
    }

    /// Waits for a place.
    pub(super) async fn take(&self) -> Permit {
        loop {
            let permit = self.places.clone().acquire_owned().await.expect("the places are never closed");
            let pays = self.owed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |owed| owed.checked_sub(1));
            if pays.is_err() {
                return permit;
            }
            permit.forget();
        }
    }

    /// There are so many places from now on. Nobody loses one: where there are fewer than are taken, new connections wait until enough of the
    /// old ones have ended. One change at a time.
    pub(super) fn change(&self, most: usize) {
        let most = most.min(Semaphore::MAX_PERMITS);
        let before = self.most.swap(most, Ordering::Relaxed);
        if most < before {
            let gone = self.places.forget_permits(before - most);
            self.owed.fetch_add(before - most - gone, Ordering::Relaxed);
            return;
        }
        let mut added = most - before;
        _ = self.owed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |owed| {
            added = (most - before).saturating_sub(owed);
            Some(owed.saturating_sub(most - before))
        });
        self.places.add_permits(added);
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, task::Poll};

    use super::*;

    /// A place that is free now.
    fn free(limit: &ConnectionLimit) -> Option<Permit> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(limit.take()).poll(&mut context) {
            Poll::Ready(permit) => Some(permit),
            Poll::Pending => None,
        }
    }

    #[test]
    fn fewer_places_take_nothing_from_who_is_there_and_more_are_there_at_once() {
        let limit = ConnectionLimit::new(4);
        let mut held: Vec<_> = (0..3).map(|_| free(&limit).unwrap()).collect();
        limit.change(1);
        assert!(free(&limit).is_none());
        for _ in 0..2 {
            held.pop();
            assert!(free(&limit).is_none(), "the place went with its connection");
        }
        held.pop();
        let one = free(&limit).unwrap();
        assert!(free(&limit).is_none());
        limit.change(2);
        let two = free(&limit).unwrap();
        assert!(free(&limit).is_none());
        // What is still owed is paid first.
        limit.change(1);
        limit.change(3);
        let three = free(&limit).unwrap();
        assert!(free(&limit).is_none());
        drop((one, two, three));
        assert_eq!((0..9).filter_map(|_| free(&limit)).collect::<Vec<_>>().len(), 3);
    }
}
