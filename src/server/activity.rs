//! What happens on a client's connection: the one thing that its stream, its requests and what serves them know together.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::rt;

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

    /// Whether HTTP/1.1 waits for a request of which nothing has come, and has nothing left to write.
    pub(super) fn is_between_requests(&self) -> bool {
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        is(&self.0.awaits_head) && !is(&self.0.head_begun) && !is(&self.0.write_waits)
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
    time: Instant,
}

impl HeadWatch {
    /// Any limit that hyper may be given: it never passes.
    pub(super) const LIMIT: Duration = Duration::from_secs(1);

    pub(super) fn new(activity: Activity, time: Instant) -> Self {
        Self { activity, time }
    }
}

impl rt::Timer for HeadWatch {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(HeadWait(self.activity.clone()))
    }

    fn sleep_until(&self, _: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(HeadWait(self.activity.clone()))
    }

    fn now(&self) -> Instant {
        self.time
    }

    fn reset(&self, _: &mut Pin<Box<dyn rt::Sleep>>, _: Instant) {}
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
