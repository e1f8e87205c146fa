//! How many connections there may be at once, over all cores, from clients or to sites; the number may change while some are open.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places for connections.
#[derive(Debug)]
pub struct Places {
    places: Arc<Semaphore>,
    most: AtomicUsize,
    /// Places that are to go with the connections that have them now.
    owed: AtomicUsize,
}

/// A place of one connection; it is free again when this is dropped.
pub type Place = OwnedSemaphorePermit;

impl Places {
    /// So many places, all free.
    pub fn new(most: usize) -> Self {
        let most = most.min(Semaphore::MAX_PERMITS);
        Self { places: Arc::new(Semaphore::new(most)), most: AtomicUsize::new(most), owed: AtomicUsize::new(0) }
    }

    /// Waits for a place.
    pub async fn take(&self) -> Place {
        loop {
            let place = self.places.clone().acquire_owned().await.expect("the places are never closed");
            if let Some(place) = self.unless_owed(place) {
                return place;
            }
        }
    }

    /// A place that is free now, and that nobody waits for.
    pub fn take_free(&self) -> Option<Place> {
        loop {
            let place = self.places.clone().try_acquire_owned().ok()?;
            if let Some(place) = self.unless_owed(place) {
                return Some(place);
            }
        }
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        let all = self.most.load(Ordering::Relaxed) + self.owed.load(Ordering::Relaxed);
        all.saturating_sub(self.places.available_permits())
    }

    fn unless_owed(&self, place: Place) -> Option<Place> {
        let pays = self.owed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |owed| owed.checked_sub(1));
        if pays.is_err() {
            return Some(place);
        }
        place.forget();
        None
    }

    /// There are so many places from now on. Nobody loses one: where there are fewer than are taken, new connections wait until enough of the
    /// old ones have ended. One change at a time.
    pub fn change(&self, most: usize) {
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
    use std::{future::Future, pin::pin, task::Poll};

    use super::*;

    fn waits(waiting: std::pin::Pin<&mut impl Future<Output = Place>>) -> Option<Place> {
        match waiting.poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
            Poll::Ready(place) => Some(place),
            Poll::Pending => None,
        }
    }

    /// A place that is free now, for who would wait for one.
    fn free(places: &Places) -> Option<Place> {
        waits(pin!(places.take()))
    }

    #[test]
    fn who_waits_goes_before_who_does_not() {
        let places = Places::new(1);
        let held = places.take_free().unwrap();
        assert!(places.take_free().is_none());
        let mut waiting = pin!(places.take());
        assert!(waits(waiting.as_mut()).is_none());
        drop(held);
        assert!(places.take_free().is_none(), "it has been given to who waited");
        assert_eq!(places.taken(), 1);
        drop(waits(waiting.as_mut()).unwrap());
        assert_eq!(places.taken(), 0);
        assert!(places.take_free().is_some());
    }

    #[test]
    fn fewer_places_take_nothing_from_who_is_there_and_more_are_there_at_once() {
        let places = Places::new(4);
        let mut held: Vec<_> = (0..3).map(|_| free(&places).unwrap()).collect();
        places.change(1);
        assert_eq!(places.taken(), 3);
        assert!(free(&places).is_none() && places.take_free().is_none());
        for _ in 0..2 {
            held.pop();
            assert!(free(&places).is_none(), "the place went with its connection");
        }
        held.pop();
        let one = free(&places).unwrap();
        assert!(free(&places).is_none());
        places.change(2);
        let two = free(&places).unwrap();
        assert!(free(&places).is_none());
        // What is still owed is paid first.
        places.change(1);
        places.change(3);
        let three = free(&places).unwrap();
        assert!(free(&places).is_none());
        drop((one, two, three));
        assert_eq!((0..9).filter_map(|_| free(&places)).collect::<Vec<_>>().len(), 3);
    }
}
