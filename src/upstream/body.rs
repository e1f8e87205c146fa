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
    incoming: Option<Incoming>,
    whole: Option<Bytes>,
    pause: Pause,
    progress: Arc<RequestProgress>,
}

/// What the sender of a request knows of its body.
#[derive(Debug, Default)]
pub(super) struct RequestProgress {
    pub(super) sent: Notify,
    pub(super) broken: AtomicBool,
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
            if tokio::time::timeout(limit, self.sent.notified()).await.is_ok() {
                return true;
            }
            if self.asked.load(Ordering::Relaxed) == before && !self.client_is_late.load(Ordering::Relaxed) {
                return false;
            }
        }
    }
}

impl RequestBody {
    /// A body that may stand still for at most `limit`.
    pub fn new(incoming: Incoming, limit: Duration) -> Self {
        let incoming = (!incoming.is_end_stream()).then_some(incoming);
        Self { incoming, whole: None, pause: Pause::new(limit), progress: Arc::default() }
    }

    /// A body that is there.
    pub fn whole(bytes: Bytes) -> Self {
        let whole = (!bytes.is_empty()).then_some(bytes);
        Self { incoming: None, whole, pause: Pause::new(Duration::ZERO), progress: Arc::default() }
    }

    /// No body.
    pub fn empty() -> Self {
        Self::whole(Bytes::new())
    }

    pub(super) fn progress(&self) -> Arc<RequestProgress> {
        self.progress.clone()
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(bytes) = this.whole.take() {
            this.progress.sent.notify_one();
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        let Some(incoming) = &mut this.incoming else { return Poll::Ready(None) };
        let polled = Pin::new(incoming).poll_frame(context);
        this.progress.asked.fetch_add(1, Ordering::Relaxed);
        this.progress.client_is_late.store(polled.is_pending(), Ordering::Relaxed);
        let Poll::Ready(frame) = polled else {
            ready!(this.pause.poll_over(context));
            this.progress.broken.store(true, Ordering::Relaxed);
            return Poll::Ready(Some(Err(BodyError::StoodStill)));
        };
        this.pause.progress();
        match frame {
            Some(Ok(frame)) => Poll::Ready(Some(Ok(cleared(frame)))),
            Some(Err(error)) => {
                this.progress.broken.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Err(error.into())))
            }
            None => {
                this.incoming = None;
                this.progress.sent.notify_one();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.whole.is_none() && self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let whole = || SizeHint::with_exact(self.whole.as_ref().map_or(0, |bytes| bytes.len() as u64));
        self.incoming.as_ref().map_or_else(whole, Incoming::size_hint)
    }
}

impl Drop for RequestBody {
    /// A body that is not read to its end (the site answered early) counts as sent: the answer's time limit must not wait for it.
    fn drop(&mut self) {
        self.progress.sent.notify_one();
    }
}

/// What the site answers, on its way to the client. When it has been read to its end, its connection goes back to the pool.
pub struct ResponseBody {
    incoming: Incoming,
    pause: Pause,
    lease: Option<Lease>,
}

impl ResponseBody {
    pub(super) fn new(incoming: Incoming, limit: Duration, lease: Lease) -> Self {
        let mut body = Self { incoming, pause: Pause::new(limit), lease: Some(lease) };
        body.give_back_at_end();
        body
    }

    fn give_back_at_end(&mut self) {
        if self.incoming.is_end_stream()
            && let Some(lease) = self.lease.take()
        {
            lease.give_back();
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let Poll::Ready(frame) = Pin::new(&mut this.incoming).poll_frame(context) else {
            ready!(this.pause.poll_over(context));
            return Poll::Ready(Some(Err(BodyError::StoodStill)));
        };
        this.pause.progress();
        match frame {
            Some(Ok(frame)) => {
                this.give_back_at_end();
                Poll::Ready(Some(Ok(cleared(frame))))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(error.into()))),
            None => {
                if let Some(lease) = this.lease.take() {
                    lease.give_back();
                }
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
