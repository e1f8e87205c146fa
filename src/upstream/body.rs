//! Bodies in both directions, each with a limit on how long it may stand still.

use std::{
    future::Future as _,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::{
    sync::Notify,
    time::{Instant, Sleep},
};

use super::{hop_by_hop::clear_trailers, pool::Lease};

/// A body failed on its way.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The connection it came from.
    #[error("the body broke off: {0}")]
    Broken(#[from] hyper::Error),
    /// Nothing came for longer than the limit.
    #[error("the body stood still for longer than the limit")]
    StoodStill,
}

/// A limit on pauses: created when something has to be waited for, so that bodies which are already there cost no timer.
struct Pause {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl Pause {
    fn new(limit: Duration) -> Self {
        Self { limit, timer: None, waiting: false }
    }

    fn progress(&mut self) {
        self.waiting = false;
    }

    /// Ready when the pause has become too long.
    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let deadline = || Instant::now() + self.limit;
        if !self.waiting {
            self.waiting = true;
            match &mut self.timer {
                Some(timer) => timer.as_mut().reset(deadline()),
                None => self.timer = Some(Box::pin(tokio::time::sleep_until(deadline()))),
            }
        }
        self.timer.as_mut().expect("set above").as_mut().poll(context)
    }
}

/// What the client sends, on its way to the site; or what we have written ourselves, as a whole.
pub struct RequestBody {
    whole: Option<Bytes>,
    streamed: Option<Box<Streamed>>,
}

/// A body that comes while it is sent.
struct Streamed {
    incoming: Incoming,
    pause: Pause,
    progress: Arc<RequestProgress>,
}

/// What the sender of a request knows of its body.
#[derive(Debug, Default)]
pub(super) struct RequestProgress {
    ended: Notify,
    has_ended: AtomicBool,
    broken: AtomicBool,
    /// How often the connection asked for more of the body, and whether it is the client who keeps it waiting.
    asked: AtomicUsize,
    client_is_late: AtomicBool,
}

impl RequestProgress {
    /// Waits until the body is sent, or until the site has taken nothing of it for `limit`. Pauses of the client do not count: they have a
    /// limit of their own. True when it was sent.
    pub(super) async fn sent_within(&self, limit: Duration) -> bool {
        loop {
            let before = self.asked.load(Ordering::Relaxed);
            if tokio::time::timeout(limit, self.ended.notified()).await.is_ok() {
                return true;
            }
            if self.asked.load(Ordering::Relaxed) == before && !self.client_is_late.load(Ordering::Relaxed) {
                return false;
            }
        }
    }

    /// Whether no more of it will be sent.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }

    /// Whether the client's side of it broke.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    fn end(&self) {
        self.has_ended.store(true, Ordering::Relaxed);
        self.ended.notify_one();
    }
}

impl RequestBody {
    /// A body that may stand still for at most `limit`.
    pub fn new(incoming: Incoming, limit: Duration) -> Self {
        let streamed = (!incoming.is_end_stream())
            .then(|| Box::new(Streamed { incoming, pause: Pause::new(limit), progress: Arc::default() }));
        Self { whole: None, streamed }
    }

    /// A body that is there.
    pub fn whole(bytes: Bytes) -> Self {
        Self { whole: (!bytes.is_empty()).then_some(bytes), streamed: None }
    }

    /// No body.
    pub fn empty() -> Self {
        Self::whole(Bytes::new())
    }

    /// How it gets on; `None` of a body that is there, which nobody waits for.
    pub(super) fn progress(&self) -> Option<Arc<RequestProgress>> {
        self.streamed.as_ref().map(|streamed| streamed.progress.clone())
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(bytes) = this.whole.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        let Some(streamed) = &mut this.streamed else { return Poll::Ready(None) };
        let Streamed { incoming, pause, progress } = &mut **streamed;
        let polled = Pin::new(incoming).poll_frame(context);
        progress.asked.fetch_add(1, Ordering::Relaxed);
        progress.client_is_late.store(polled.is_pending(), Ordering::Relaxed);
        let Poll::Ready(frame) = polled else {
            ready!(pause.poll_over(context));
            progress.broken.store(true, Ordering::Relaxed);
            return Poll::Ready(Some(Err(BodyError::StoodStill)));
        };
        pause.progress();
        match frame {
            Some(Ok(frame)) => Poll::Ready(Some(Ok(cleared(frame)))),
            Some(Err(error)) => {
                progress.broken.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Err(error.into())))
            }
            None => {
                this.streamed = None;
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.whole.is_none() && self.streamed.as_ref().is_none_or(|streamed| streamed.incoming.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let whole = || SizeHint::with_exact(self.whole.as_ref().map_or(0, |bytes| bytes.len() as u64));
        self.streamed.as_ref().map_or_else(whole, |streamed| streamed.incoming.size_hint())
    }
}

impl Drop for Streamed {
    /// A body that is not read to its end (the site answered early) counts as sent: the answer's time limit must not wait for it.
    fn drop(&mut self) {
        self.progress.end();
    }
}

/// What the site answers, on its way to the client. When it has been read to its end, its connection goes back to the pool.
pub struct ResponseBody {
    incoming: Incoming,
    /// How long it may stand still, and until when it may now: set when something has to be waited for.
    limit: Duration,
    late: Option<Instant>,
    lease: Option<Box<Lease>>,
    /// Told with the next poll.
    failure: Option<BodyError>,
}

impl ResponseBody {
    pub(super) fn new(incoming: Incoming, limit: Duration, lease: Box<Lease>) -> Self {
        Self { incoming, limit, late: None, lease: Some(lease), failure: None }
    }

    /// To be told once in the beginning: an answer without a body needs its connection no longer.
    pub(super) fn begin(&mut self, context: &mut Context<'_>) {
        if self.incoming.is_end_stream() {
            self.give_back(context);
        }
    }

    fn give_back(&mut self, context: &mut Context<'_>) {
        if let Some(lease) = self.lease.take() {
            lease.give_back(context);
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(failure) = this.failure.take() {
            return Poll::Ready(Some(Err(failure)));
        }
        let incoming = &mut this.incoming;
        let Some(lease) = &mut this.lease else { return Poll::Ready(None) };
        let Poll::Ready(frame) =
            lease.connection.drive(context, |context| Pin::new(&mut *incoming).poll_frame(context))
        else {
            let late = *this.late.get_or_insert_with(|| Instant::now() + this.limit);
            ready!(lease.connection.poll_late(context, late));
            return Poll::Ready(Some(Err(BodyError::StoodStill)));
        };
        this.late = None;
        match frame {
            Some(Ok(frame)) => {
                if this.incoming.is_end_stream() {
                    this.give_back(context);
                }
                Poll::Ready(Some(Ok(cleared(frame))))
            }
            Some(Err(error)) => {
                // Whoever looks at what is there shall make something of it before hearing that no more will come.
                this.failure = Some(error.into());
                context.waker().wake_by_ref();
                Poll::Pending
            }
            None => {
                this.give_back(context);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// A part of a body; trailers without what no header would pass with.
fn cleared(mut frame: Frame<Bytes>) -> Frame<Bytes> {
    if let Some(trailers) = frame.trailers_mut() {
        clear_trailers(trailers);
    }
    frame
}
