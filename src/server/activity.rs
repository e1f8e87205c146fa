//! What happens on a client's connection: the one thing that its stream, its requests and what serves them know together.

use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt;
use tokio::time::Instant;

/// Which requests are being answered on a connection, and what its HTTP/1.1 waits for.
#[derive(Clone, Debug, Default)]
pub(super) struct Activity(Arc<Happening>);

#[derive(Debug, Default)]
struct Happening {
    active: AtomicUsize,
    begun: AtomicU64,
    /// Nothing has been read since hyper began to wait for a head.
    awaits_head: AtomicBool,
    /// Something of the next head has been read.
    head_begun: AtomicBool,
    /// The client does not take what is written.
    write_waits: AtomicBool,
    /// Pieces of answers that were handed over and whose followers were not asked for yet, the oldest first. No more than requests under way.
    handed: Mutex<BTreeSet<(Instant, u64)>>,
    /// Numbers for those pieces.
    pieces: AtomicU64,
}

impl Activity {
    /// Marks a request as being answered while the returned value lives.
    pub(super) fn begin(&self) -> ActiveRequest {
        self.0.active.fetch_add(1, Ordering::Relaxed);
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        self.0.head_begun.store(false, Ordering::Relaxed);
        ActiveRequest(self.0.clone())
    }

    pub(super) fn is_idle(&self) -> bool {
        self.0.active.load(Ordering::Relaxed) == 0
    }

    /// How many requests there have been.
    pub(super) fn begun(&self) -> u64 {
        self.0.begun.load(Ordering::Relaxed)
    }

    /// A read ended, with bytes or with the end of the stream.
    pub(super) fn reads(&self, anything: bool) {
        self.0.awaits_head.store(false, Ordering::Relaxed);
        if anything && self.is_idle() {
            self.0.head_begun.store(true, Ordering::Relaxed);
        }
    }

    /// A write or a flush was done, or has to wait.
    pub(super) fn writes(&self, done: bool) {
        self.0.write_waits.store(!done, Ordering::Relaxed);
    }

    /// Follows an answer of a connection that carries several.
    pub(super) fn handing(&self) -> Handing {
        let mut handing = Handing { happening: self.0.clone(), waits: None };
        handing.handed();
        handing
    }

    /// Returns when the client has not taken something for so long that it had asked for.
    pub(super) async fn stands_still(&self, limit: Duration) {
        loop {
            let oldest = self.0.handed().first().map(|(since, _)| *since);
            let until = oldest.unwrap_or_else(Instant::now) + limit;
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    /// Returns when no request was under way, from one look to the next.
    pub(super) async fn rests(&self, between: Duration) {
        let mut before = None;
        loop {
            tokio::time::sleep(between).await;
            let now = self.is_idle().then(|| self.begun());
            if now.is_some() && now == before {
                return;
            }
            before = now;
        }
    }

    /// Whether a request is owed an answer before the end though none is under way: one whose head has begun to come, or the first of all.
    pub(super) fn expects_request(&self) -> bool {
        self.is_idle() && (self.begun() == 0 || self.0.head_begun.load(Ordering::Relaxed))
    }

    /// Whether HTTP/1.1 waits for a request, or for the rest of its head, and has nothing left to write.
    pub(super) fn awaits_head(&self) -> bool {
        self.0.awaits_head.load(Ordering::Relaxed) && !self.0.write_waits.load(Ordering::Relaxed)
    }

    /// Whether it waits for a request of which nothing has come.
    pub(super) fn is_between_requests(&self) -> bool {
        self.awaits_head() && !self.0.head_begun.load(Ordering::Relaxed)
    }
}

impl Happening {
    fn handed(&self) -> MutexGuard<'_, BTreeSet<(Instant, u64)>> {
        self.handed.lock().expect("nothing panics while it holds the pieces")
    }
}

/// An answer on its way: whether what was handed over is still being taken.
#[derive(Debug)]
pub(super) struct Handing {
    happening: Arc<Happening>,
    waits: Option<(Instant, u64)>,
}

impl Handing {
    /// A piece was handed over, or the head.
    pub(super) fn handed(&mut self) {
        let piece = (Instant::now(), self.happening.pieces.fetch_add(1, Ordering::Relaxed));
        self.happening.handed().insert(piece);
        self.waits = Some(piece);
    }

    /// The next piece is asked for: the one before has gone.
    pub(super) fn asked(&mut self) {
        if let Some(piece) = self.waits.take() {
            self.happening.handed().remove(&piece);
        }
    }
}

impl Drop for Handing {
    fn drop(&mut self) {
        self.asked();
    }
}

/// A request being answered, or a protocol that it was upgraded to.
#[derive(Debug)]
pub(super) struct ActiveRequest(Arc<Happening>);

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Takes the place of the clock by which hyper limits its waiting for a head. hyper looks at that limit exactly while it waits for bytes of a
/// head, which nothing else of it tells; the limits themselves are kept by whoever serves the connection.
pub(super) struct HeadWatch {
    activity: Activity,
    /// A time for hyper to reckon with; it is not read again.
    time: std::time::Instant,
}

impl HeadWatch {
    /// Any limit that hyper may be given: it never passes.
    pub(super) const LIMIT: Duration = Duration::from_secs(1);

    pub(super) fn new(activity: Activity, time: std::time::Instant) -> Self {
        Self { activity, time }
    }
}

impl rt::Timer for HeadWatch {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(HeadWait(self.activity.clone()))
    }

    fn sleep_until(&self, _: std::time::Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(HeadWait(self.activity.clone()))
    }

    fn now(&self) -> std::time::Instant {
        self.time
    }

    fn reset(&self, _: &mut Pin<Box<dyn rt::Sleep>>, _: std::time::Instant) {}
}

/// A limit that notes when it is looked at.
struct HeadWait(Activity);

impl Future for HeadWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.0.0.awaits_head.store(true, Ordering::Relaxed);
        Poll::Pending
    }
}

impl rt::Sleep for HeadWait {}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(120);

    #[tokio::test(start_paused = true)]
    async fn who_does_not_take_a_piece_stands_still_and_who_waits_for_one_does_not() {
        let activity = Activity::default();
        let (mut waiting, mut taking) = (activity.handing(), activity.handing());
        waiting.asked();
        for _ in 0..10 {
            assert!(timeout(LIMIT / 2, activity.stands_still(LIMIT)).await.is_err());
            taking.asked();
            taking.handed();
        }
        let begun = Instant::now();
        activity.stands_still(LIMIT).await;
        assert_eq!(begun.elapsed(), LIMIT);
        drop(taking);
        assert!(timeout(LIMIT * 3, activity.stands_still(LIMIT)).await.is_err(), "what ended is taken");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_rests_when_nothing_was_under_way_from_one_look_to_the_next() {
        let activity = Activity::default();
        let request = activity.begin();
        assert!(timeout(LIMIT * 9, activity.rests(LIMIT)).await.is_err());
        drop(request);
        let begun = Instant::now();
        activity.rests(LIMIT).await;
        assert_eq!(begun.elapsed(), LIMIT * 2);
    }
}
