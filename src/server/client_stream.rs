//! A client's connection with a time limit that hyper does not have: on a head that trickles in.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf as _, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep},
};
use tokio_rustls::server::TlsStream;

use super::activity::Activity;
use crate::sockets::WriteLimit;

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// `None` for HTTP/2, whose frames have limits of their own.
    pub(super) head: Option<HeadPatience>,
    /// How long a client may refuse to take bytes.
    pub(super) reading: Duration,
}

/// How long the head of a request may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeadPatience {
    /// When the first one is there at the latest.
    pub(super) first: Instant,
    /// From the first byte of each later one to its last.
    pub(super) later: Duration,
}

/// A stream that tells when there may be something to read, without a buffer to read it into.
pub(super) trait Readable {
    /// Ready when a read may give something, an end or an error; asked only after a read gave nothing.
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl Readable for TcpStream {
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_read_ready(context)
    }
}

impl Readable for Box<TlsStream<TcpStream>> {
    /// A read that gave nothing has taken from the socket all that there was, and what may be left of it is a part of a TLS record.
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_ref().0.poll_read_ready(context)
    }
}

/// The stream.
pub(super) struct ClientStream<S> {
    stream: WriteLimit<S>,
    activity: Activity,
    /// What was read before and is to be read again.
    replayed: Bytes,
    head_limit: Option<Duration>,
    /// Exists only while a head is awaited that must come soon.
    head: Option<Pin<Box<Sleep>>>,
}

impl<S> ClientStream<S> {
    /// A connection that was just accepted: its first head is awaited.
    pub(super) fn new(stream: S, activity: Activity, patience: Patience) -> Self {
        let stream = WriteLimit::new(stream, patience.reading);
        let head = patience.head.map(|head| Box::pin(tokio::time::sleep_until(head.first)));
        let head_limit = patience.head.map(|head| head.later);
        Self { stream, activity, replayed: Bytes::new(), head_limit, head }
    }

    /// Lets these bytes, the beginning of a head that was already read, be read before all that still comes.
    pub(super) fn replay(&mut self, bytes: Bytes) {
        debug_assert!(self.replayed.is_empty(), "what is replayed is read before anything rests again");
        self.replayed = bytes;
    }

    fn poll_inner_read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>>
    where
        S: AsyncRead + Unpin,
    {
        if self.replayed.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.replayed.len().min(buffer.remaining());
        buffer.put_slice(&self.replayed[..length]);
        self.replayed.advance(length);
        if self.replayed.is_empty() {
            // The rest of a head may be the tail of a large buffer.
            self.replayed = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_inner_write<T>(
        &mut self,
        poll: impl FnOnce(Pin<&mut WriteLimit<S>>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>>
    where
        S: AsyncWrite + Unpin,
    {
        let written = poll(Pin::new(&mut self.stream));
        self.activity.writes(written.is_ready());
        written
    }
}

impl<S: Readable> ClientStream<S> {
    /// Waits without a buffer until there may be something to read. A head that must come soon has no more time here than elsewhere.
    pub(super) fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.stream.get_ref().poll_readable(context)?.is_ready() {
            return Poll::Ready(Ok(()));
        }
        let Some(head) = &mut self.head else { return Poll::Pending };
        ready!(head.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientStream<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = this.poll_inner_read(context, buffer);
        if read.is_ready() {
            this.activity.reads(buffer.filled().len() > before);
        }
        if !this.activity.is_idle() {
            this.head = None;
            return read;
        }
        match (&read, this.head_limit) {
            (Poll::Ready(Ok(())), Some(limit)) if buffer.filled().len() > before && this.head.is_none() => {
                this.head = Some(Box::pin(tokio::time::sleep(limit)));
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
        self.get_mut().poll_inner_write(|stream| stream.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_inner_write(|stream| stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_inner_write(|stream| stream.poll_shutdown(context))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_inner_write(|stream| stream.poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn patience() -> Patience {
        let head = HeadPatience { first: Instant::now() + LIMIT, later: LIMIT };
        Patience { head: Some(head), reading: Duration::from_secs(20) }
    }

    /// A connection whose first request has been answered.
    async fn used(
        server: tokio::io::DuplexStream,
        client: &mut tokio::io::DuplexStream,
    ) -> ClientStream<tokio::io::DuplexStream> {
        let activity = Activity::default();
        let mut stream = ClientStream::new(server, activity.clone(), patience());
        let request = activity.begin();
        client.write_all(b"x").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'x');
        drop(request);
        stream
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_at_first_is_cut_off() {
        let (_client, server) = tokio::io::duplex(64);
        let mut stream = ClientStream::new(server, Activity::default(), patience());
        assert_eq!(stream.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_before_the_first_head_took_of_its_time() {
        let (_client, server) = tokio::io::duplex(64);
        let accepted = Instant::now();
        let patience = patience();
        // A PROXY header, or a handshake.
        tokio::time::advance(LIMIT * 3 / 4).await;
        let mut stream = ClientStream::new(server, Activity::default(), patience);
        assert_eq!(stream.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(accepted.elapsed(), LIMIT);
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
        let mut stream = ClientStream::new(server, activity.clone(), patience());
        client.write_all(b"x").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'x');
        let _request = activity.begin();
        assert!(tokio::time::timeout(Duration::from_secs(60), stream.read_u8()).await.is_err());
    }
}
