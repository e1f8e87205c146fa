//! A client's connection with time limits that hyper does not have: on a head that trickles in, and on a client that does not read.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

/// Whether requests are being answered on a connection: shared by the connection's stream and its requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Activity(Arc<AtomicUsize>);

impl Activity {
    /// Marks a request as being answered while the returned value lives.
    pub(super) fn begin(&self) -> ActiveRequest {
        self.0.fetch_add(1, Ordering::Relaxed);
        ActiveRequest(self.0.clone())
    }

    pub(super) fn is_idle(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

/// A request being answered.
#[derive(Debug)]
pub(super) struct ActiveRequest(Arc<AtomicUsize>);

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long a client may take for what it does between requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// From the first byte of a head to its last; `None` for HTTP/2, whose frames have limits of their own.
    pub(super) head: Option<Duration>,
    /// How long a client may refuse to take bytes.
    pub(super) reading: Duration,
}

/// The stream.
pub(super) struct ClientStream<S> {
    stream: S,
    activity: Activity,
    patience: Patience,
    head: Deadline,
    reading: Deadline,
}

impl<S> ClientStream<S> {
    pub(super) fn new(stream: S, activity: Activity, patience: Patience) -> Self {
        Self { stream, activity, patience, head: Deadline::default(), reading: Deadline::default() }
    }
}

/// A timer that exists only while something is late.
#[derive(Default)]
struct Deadline(Option<Pin<Box<Sleep>>>);

impl Deadline {
    fn start(&mut self, limit: Duration) {
        if self.0.is_none() {
            self.0 = Some(Box::pin(tokio::time::sleep_until(Instant::now() + limit)));
        }
    }

    fn stop(&mut self) {
        self.0 = None;
    }

    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Some(timer) => timer.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into())),
            None => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientStream<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if !this.activity.is_idle() {
            this.head.stop();
            return read;
        }
        match (&read, this.patience.head) {
            (Poll::Ready(Ok(())), Some(limit)) if buffer.filled().len() > before => this.head.start(limit),
            (Poll::Pending, _) => return this.head.poll_over(context),
            _ => {}
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> ClientStream<S> {
    fn poll_taken<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let written = poll(Pin::new(&mut self.stream), context);
        if written.is_ready() {
            self.reading.stop();
            return written;
        }
        self.reading.start(self.patience.reading);
        self.reading.poll_over(context).map(|over| over.and_then(|()| Err(io::ErrorKind::TimedOut.into())))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ClientStream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll_taken(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_taken(context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_taken(context, |stream, context| stream.poll_shutdown(context))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_taken(context, |stream, context| stream.poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const PATIENCE: Patience = Patience { head: Some(Duration::from_secs(10)), reading: Duration::from_secs(20) };

    #[tokio::test(start_paused = true)]
    async fn a_head_that_trickles_in_is_cut_off_and_an_idle_connection_is_not() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut stream = ClientStream::new(server, Activity::default(), PATIENCE);
        let idle = tokio::time::timeout(Duration::from_secs(60), stream.read_u8()).await;
        assert!(idle.is_err(), "an idle connection is the business of the idle limit");
        client.write_all(b"GET").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'G');
        let mut rest = [0; 8];
        assert_eq!(stream.read(&mut rest).await.unwrap(), 2);
        assert_eq!(stream.read(&mut rest).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_being_answered_has_all_the_time_of_its_upstream() {
        let (mut client, server) = tokio::io::duplex(64);
        let activity = Activity::default();
        let mut stream = ClientStream::new(server, activity.clone(), PATIENCE);
        client.write_all(b"x").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'x');
        let _request = activity.begin();
        assert!(tokio::time::timeout(Duration::from_secs(60), stream.read_u8()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_let_go() {
        let (_client, server) = tokio::io::duplex(4);
        let mut stream = ClientStream::new(server, Activity::default(), PATIENCE);
        assert_eq!(stream.write_all(&[0; 64]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
