//! HTTP/1.1 on one connection: with hyper while there are requests, and with next to no memory while there are none.
//!
//! hyper holds a buffer and a state for every connection, also for those of which nothing comes. A connection that has lain idle for
//! [`Limits::rest_after`] is taken back from it: what stays is the stream, and hyper begins anew with the next byte.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Buf as _;
use hyper::{
    body::{Body, Incoming},
    server::conn::http1::{Builder, UpgradeableConnection},
    service::HttpService,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    time::{Instant, Sleep, sleep, sleep_until},
};

use super::{
    Limits,
    activity::{Activity, HeadWatch},
    client_stream::{ClientStream, Readable},
    drain::LAST_WORDS,
};

/// Bytes of a read or write buffer of one connection; hyper takes no smaller limit than its first read.
const BUFFER_BYTES: usize = 64 * 1024;

/// Header lines that hyper takes unless it is told a number.
const HYPERS_HEAD_LINES: usize = 100;

/// How many connections of one core may be idle and awake at a time: what more there is rests at once, so that many clients that come within
/// a short time do not take the memory that each gives back a little later. An awake one takes about 20 KiB.
const MOST_IDLE_AWAKE: usize = 128;

/// How many connections of one core are idle and awake.
#[derive(Debug, Default)]
pub(super) struct IdleAwake(AtomicUsize);

impl IdleAwake {
    /// Counts one more while the returned value lives; none where there are enough.
    fn count(&self) -> Option<Counted<'_>> {
        let counted = Counted(self);
        (self.0.fetch_add(1, Ordering::Relaxed) < MOST_IDLE_AWAKE).then_some(counted)
    }
}

struct Counted<'a>(&'a IdleAwake);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves a connection to its end. After `stop` it ends with the request under way, or at once where there is none. One that has not asked for
/// anything yet, or has begun to ask, has [`LAST_WORDS`] to do so, and is answered.
pub(super) async fn serve<S, R>(
    (stream, requests): (ClientStream<S>, R),
    activity: &Activity,
    limits: &Limits,
    idle_awake: &IdleAwake,
    stop: impl Future<Output = ()>,
) where
    S: AsyncRead + AsyncWrite + Readable + Unpin + Send + 'static,
    R: HttpService<Incoming, ResBody: 'static>,
    <R::ResBody as Body>::Error: Into<BoxError>,
{
    let mut stop = Stop { requested: std::pin::pin!(stop), last_words: None };
    let mut idle = Idle { begun: activity.begun(), since: Instant::now() };
    let mut connection = (stream, requests);
    loop {
        let is_last = stop.last_words.is_some();
        let mut awake = Box::new(Awake::new(connection, activity, idle, (limits, is_last), idle_awake));
        let Some(left) = poll_fn(|context| awake.poll(context, &mut stop)).await else { return };
        idle = awake.idle;
        let is_stopping = awake.is_stopping;
        drop(awake);
        connection = left;
        if is_stopping {
            _ = connection.0.shutdown().await;
            return;
        }
        match rest(&mut connection.0, idle, limits.idle_timeout, &mut stop).await {
            Rested::Wakes => {}
            Rested::Ends => {
                // A client that is gone need not be told.
                _ = connection.0.shutdown().await;
                return;
            }
            Rested::Broken => return,
        }
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The stop of the gateway.
struct Stop<'a, F> {
    requested: Pin<&'a mut F>,
    /// There from the stop on: until when who has begun to ask, or never asked, is waited for.
    last_words: Option<Pin<Box<Sleep>>>,
}

impl<F: Future<Output = ()>> Stop<'_, F> {
    fn is_requested(&mut self, context: &mut Context<'_>) -> bool {
        if self.last_words.is_none() && self.requested.as_mut().poll(context).is_ready() {
            self.last_words = Some(Box::pin(sleep(LAST_WORDS)));
        }
        self.last_words.is_some()
    }

    /// Ready when nobody is waited for any longer who still might ask.
    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.last_words.as_mut().map_or(Poll::Pending, |last_words| last_words.as_mut().poll(context))
    }
}

/// When a connection became idle.
#[derive(Clone, Copy)]
struct Idle {
    /// After how many requests.
    begun: u64,
    since: Instant,
}

/// A connection that hyper serves.
struct Awake<'a, S, R: HttpService<Incoming>> {
    /// There until the connection goes to rest.
    serving: Option<Serving<S, R>>,
    activity: &'a Activity,
    limits: &'a Limits,
    /// Its next answer is the last one.
    is_last: bool,
    idle_awake: &'a IdleAwake,
    /// There while it is idle.
    counted: Option<Counted<'a>>,
    idle: Idle,
    /// When it is looked whether it still is idle. A connection that is busy is looked at now and then, and not with every request.
    look: Option<Pin<Box<Sleep>>>,
    is_stopping: bool,
}

type Serving<S, R> = UpgradeableConnection<TokioIo<ClientStream<S>>, R>;

impl<'a, S, R> Awake<'a, S, R>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    R: HttpService<Incoming, ResBody: 'static>,
    <R::ResBody as Body>::Error: Into<BoxError>,
{
    fn new(
        (stream, requests): (ClientStream<S>, R),
        activity: &'a Activity,
        idle: Idle,
        (limits, is_last): (&'a Limits, bool),
        idle_awake: &'a IdleAwake,
    ) -> Self {
        let (serving, counted, look) = (None, None, None);
        let is_stopping = false;
        let mut awake = Self { serving, activity, limits, is_last, idle_awake, counted, idle, look, is_stopping };
        awake.begin(stream, requests);
        awake
    }

    fn begin(&mut self, stream: ClientStream<S>, requests: R) {
        let mut builder = Builder::new();
        // Told a number of its own, even this, hyper allocates a list for each head.
        if self.limits.head_lines != HYPERS_HEAD_LINES {
            builder.max_headers(self.limits.head_lines);
        }
        let serving = builder
            // `Patience::head` bounds heads; what is between them is bounded here.
            .timer(HeadWatch::new(self.activity.clone(), self.idle.since.into_std()))
            .header_read_timeout(HeadWatch::LIMIT)
            .max_header_size(self.limits.head_bytes)
            .max_buf_size(self.limits.head_bytes.max(BUFFER_BYTES))
            .half_close(false)
            .keep_alive(!self.is_last)
            .serve_connection(TokioIo::new(stream), requests)
            .with_upgrades();
        self.serving = Some(serving);
    }

    /// Ready with what is left when the connection goes to rest, and with nothing when it has ended.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        stop: &mut Stop<'_, impl Future<Output = ()>>,
    ) -> Poll<Option<(ClientStream<S>, R)>> {
        loop {
            let mut serving = self.serving.as_mut().map(Pin::new).expect("what rests is not polled");
            // Clients break connections in every way there is; what concerns the operator was counted with the request.
            if serving.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            let is_requested = stop.is_requested(context);
            let mut begins_anew = false;
            if is_requested && !self.is_stopping {
                if !self.activity.expects_request() {
                    self.is_stopping = true;
                    serving.graceful_shutdown();
                    continue;
                }
                if stop.poll_over(context).is_ready() {
                    return Poll::Ready(None);
                }
                // Told now, hyper would close the connection before the request has come.
                begins_anew = !self.is_last && self.activity.awaits_head();
            }
            if begins_anew {
                self.is_last = true;
            } else {
                ready!(self.poll_idle(context, is_requested));
            }
            let Some(parts) = self.serving.take().and_then(UpgradeableConnection::into_parts) else {
                return Poll::Ready(None);
            };
            let mut stream = parts.io.into_inner();
            let mut begun = parts.read_buf;
            // An empty line before a head is no part of it (RFC 9112, section 2.2).
            begun.advance(begun.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count());
            if begun.is_empty() {
                return Poll::Ready(Some((stream, parts.service)));
            }
            // The beginning of a head came with the request before it, or before the stop.
            stream.replay(begun);
            self.begin(stream, parts.service);
            if self.is_stopping {
                self.serving.as_mut().map(Pin::new).expect("it has begun").graceful_shutdown();
            }
        }
    }

    /// Ready when there has been no request for long enough, or there is none and it may rest `at_once`, as it may where too many others wait
    /// for theirs.
    fn poll_idle(&mut self, context: &mut Context<'_>, at_once: bool) -> Poll<()> {
        if !self.activity.is_between_requests() {
            self.counted = None;
            return Poll::Pending;
        }
        if self.idle.begun != self.activity.begun() {
            self.idle = Idle { begun: self.activity.begun(), since: Instant::now() };
        }
        let rest_after = self.limits.rest_after.min(self.limits.idle_timeout);
        if self.counted.is_none() {
            self.counted = self.idle_awake.count();
        }
        if at_once || rest_after.is_zero() || self.counted.is_none() {
            return Poll::Ready(());
        }
        let rests = self.idle.since + rest_after;
        let look = self.look.get_or_insert_with(|| Box::pin(sleep_until(rests)));
        loop {
            ready!(look.as_mut().poll(context));
            if look.deadline() >= rests {
                return Poll::Ready(());
            }
            look.as_mut().reset(rests);
        }
    }
}

/// Why a connection rests no more.
enum Rested {
    /// There may be something to read.
    Wakes,
    /// It was idle for too long, or the gateway stops.
    Ends,
    /// The client is gone, or its first head did not come.
    Broken,
}

/// Waits for the next byte. Nothing of a head has been read, and nothing is left to write.
async fn rest<S: Readable>(
    stream: &mut ClientStream<S>,
    idle: Idle,
    longest: Duration,
    stop: &mut Stop<'_, impl Future<Output = ()>>,
) -> Rested {
    let mut limit = std::pin::pin!(sleep_until(idle.since + longest));
    poll_fn(|context| {
        // First what has come: a request that was sent before the end is still answered.
        if let Poll::Ready(readable) = stream.poll_readable(context) {
            return Poll::Ready(if readable.is_ok() { Rested::Wakes } else { Rested::Broken });
        }
        let stops = stop.is_requested(context) && (idle.begun > 0 || stop.poll_over(context).is_ready());
        if stops || limit.as_mut().poll(context).is_ready() {
            return Poll::Ready(Rested::Ends);
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests;
