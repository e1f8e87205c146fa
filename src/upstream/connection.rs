//! One connection to the site, driven by whoever uses it.
//!
//! hyper gives a sender and a future that does the connection's work. As a task of its own that future would cost two turns of the
//! scheduler for each answer; here the request that uses the connection polls it, in its own turn.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;
use hyper::{
    Response,
    body::Incoming,
    client::conn::{TrySendError, http1::SendRequest},
};
use tokio::time::Instant;

use super::{RequestBody, deadline::Deadline};

/// Turns of the connection in one turn of its user. What still wants to go on then waits for the user's next turn, so that a site which
/// sends without end does not keep other requests waiting.
const MOST_TURNS: usize = 8;

type Request = http::Request<RequestBody>;
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A connection. Dropping it closes it, unless its work was left to a task.
pub(super) struct Connection {
    sender: SendRequest<RequestBody>,
    /// `None` once it has ended, or runs as a task of its own.
    work: Option<Work>,
    /// Wakes whoever uses the connection.
    user: Arc<User>,
    /// `user`, as futures know it.
    waker: Waker,
    deadline: Deadline,
}

impl Connection {
    /// A connection from hyper's two halves.
    pub(super) fn new(
        sender: SendRequest<RequestBody>,
        work: impl Future<Output = hyper::Result<()>> + Send + 'static,
    ) -> Self {
        // How a connection ends is seen by whoever uses it; one that ends unused is of no interest.
        let work: Work = Box::pin(async move { _ = work.await });
        let user = Arc::new(User::default());
        let waker = Waker::from(user.clone());
        Self { sender, work: Some(work), user, waker, deadline: Deadline::default() }
    }

    /// Hands a request over. The answer comes while the connection is driven.
    pub(super) fn send(
        &mut self,
        request: Request,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request>>> + Send + use<> {
        // What this tells the work is seen when it is driven, which is next.
        self.user.begin(Waker::noop());
        let answer = self.sender.try_send_request(request);
        self.user.end();
        answer
    }

    /// Polls `wanted` and the connection's work by turns, until the former is ready or the latter waits for the network.
    pub(super) fn drive<T>(
        &mut self,
        context: &mut Context<'_>,
        mut wanted: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let Some(work) = &mut self.work else { return wanted(context) };
        self.user.begin(context.waker());
        let mut within = Context::from_waker(&self.waker);
        let mut outcome = Poll::Pending;
        let mut ended = false;
        for _ in 0..MOST_TURNS {
            outcome = wanted(&mut within);
            if outcome.is_ready() {
                break;
            }
            if !ended && work.as_mut().poll(&mut within).is_ready() {
                ended = true;
            }
            if !self.user.take_woken() {
                break;
            }
        }
        if ended {
            self.work = None;
        }
        if self.user.end() && outcome.is_pending() {
            context.waker().wake_by_ref();
        }
        outcome
    }

    /// Whether it could take a request, after what is left of the last exchange has been done as far as that goes without waiting.
    pub(super) fn settle(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let Self { sender, work, .. } = self;
        if work.is_none() {
            return sender.poll_ready(context).map_err(|_| Ended);
        }
        self.drive_once(context);
        if self.sender.is_ready() {
            Poll::Ready(Ok(()))
        } else if self.work.is_none() {
            Poll::Ready(Err(Ended))
        } else {
            Poll::Pending
        }
    }

    fn drive_once(&mut self, context: &mut Context<'_>) {
        _ = self.drive(context, |_| Poll::<()>::Pending);
    }

    /// Leaves the work to a task: for an exchange whose two directions must not wait for each other.
    pub(super) fn leave_to_task(&mut self) {
        if let Some(work) = self.work.take() {
            tokio::spawn(work);
        }
    }

    /// Polls the connection's clock. Ready when `at` has passed.
    pub(super) fn poll_late(&mut self, context: &mut Context<'_>, at: Instant) -> Poll<()> {
        self.deadline.poll_passed(context, at)
    }

    /// Tells `waker`, from now on until it is driven again, when something happens to it.
    pub(super) fn is_watched_by(&self, waker: &Waker) {
        self.user.waker.register(waker);
    }
}

/// The connection ended while it was waited for.
pub(super) struct Ended;

/// Whoever uses the connection at the moment. While the connection is being driven nobody is woken: it is remembered that there is more
/// to do, so that what the two halves tell each other costs no turn of the scheduler.
#[derive(Default)]
struct User {
    waker: AtomicWaker,
    drives: AtomicBool,
    woken: AtomicBool,
}

impl User {
    fn begin(&self, waker: &Waker) {
        self.waker.register(waker);
        self.drives.store(true, Ordering::SeqCst);
    }

    fn take_woken(&self) -> bool {
        self.woken.swap(false, Ordering::SeqCst)
    }

    /// Whether there is more to do.
    fn end(&self) -> bool {
        self.drives.store(false, Ordering::SeqCst);
        self.take_woken()
    }
}

impl Wake for User {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        if !self.drives.load(Ordering::SeqCst) {
            self.woken.store(false, Ordering::SeqCst);
            self.waker.wake();
        }
    }
}
