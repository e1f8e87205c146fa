//! A client's connection with a time limit that hyper does not have: on a head that trickles in.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

use crate::sockets::WriteLimit;

/// Which requests are being answered on a connection: shared by the connection's stream and its requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Activity(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    active: AtomicUsize,
    begun: AtomicU64,
}

impl Activity {
    /// Marks a request as being answered while the returned value lives.
    pub(super) fn begin(&self) -> ActiveRequest {
        self.0.active.fetch_add(1, Ordering::Relaxed);
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        ActiveRequest(self.0.clone())
    }

    pub(super) fn is_idle(&self) -> bool {
        self.0.active.load(Ordering::Relaxed) == 0
    }

    /// How many requests there have been.
    pub(super) fn begun(&self) -> u64 {
        self.0.begun.load(Ordering::Relaxed)
    }
}

/// A request being answered, or a protocol that it was upgraded to.
#[derive(Debug)]
pub(super) struct ActiveRequest(Arc<Counts>);

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// From accepting the connection to the end of its first head, and from the first byte of each later head to its last; `None` for
    /// HTTP/2, whose frames have limits of their own.
    pub(super) head: Option<Duration>,
    /// How long a client may refuse to take bytes.
    pub(super) reading: Duration,
}

/// The stream.
pub(super) struct ClientStream<S> {
    stream: WriteLimit<S>,
    activity: Activity,
    head_limit: Option<Duration>,
    /// Exists only while a head is awaited that must come soon.
    head: Option<Pin<Box<Sleep>>>,
}

impl<S> ClientStream<S> {
    /// A connection that was just accepted: its first head is awaited.
    pub(super) fn new(stream: S, activity: Activity, patience: Patience) -> Self {
        let stream = WriteLimit::new(stream, patience.reading);
        Self { stream, activity, head_limit: patience.head, head: patience.head.map(sleep) }
    }
}

fn sleep(limit: Duration) -> Pin<Box<Sleep>> {
    Box::pin(tokio::time::sleep_until(Instant::now() + limit))
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientStream<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if !this.activity.is_idle() {
            this.head = None;
            return read;
        }
        match (&read, this.head_limit) {
            (Poll::Ready(Ok(())), Some(limit)) if buffer.filled().len() > before && this.head.is_none() => {
                this.head = Some(sleep(limit));
            }
            (Poll::Pending, _) => {
                if let Some(head) = &mut this.head {
                    return head.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()));
                }
            }
            _ => {}
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ClientStream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, parts)
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

    /// A connection whose first request has been answered.
    async fn used(
        server: tokio::io::DuplexStream,
        client: &mut tokio::io::DuplexStream,
    ) -> ClientStream<tokio::io::DuplexStream> {
        let activity = Activity::default();
        let mut stream = ClientStream::new(server, activity.clone(), PATIENCE);
        let request = activity.begin();
        client.write_all(b"x").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'x');
        drop(request);
        stream
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_at_first_is_cut_off() {
        let (_client, server) = tokio::io::duplex(64);
        let mut stream = ClientStream::new(server, Activity::default(), PATIENCE);
        assert_eq!(stream.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_trickles_in_is_cut_off_and_an_idle_connection_is_not() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut stream = used(server, &mut client).await;
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
}
