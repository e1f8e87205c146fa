//! What connections on both sides need and the libraries leave open: limits on how many there are and on a peer that does not take bytes, and a
//! way to notice one that is gone without a word; and of the connections that we make the way by several addresses, and TLS.

mod connect;
mod connector;
pub mod descriptors;
mod places;
mod seldom;
mod tls;

use std::{
    future::Future as _,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep},
};

pub use connect::connect;
pub use connector::Connector;
pub use places::{Place, Places};
pub use seldom::Seldom;
pub use tls::ClientTls;

/// How long a connection may be silent before the system asks whether the other side is still there.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);
/// How long it waits for the answer before it asks again.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);
/// How often it asks before it gives the connection up: two minutes after the last word of a peer that is gone. The usual settings take two hours.
const KEEP_ALIVE_TRIES: u32 = 6;
/// How long sent bytes may stay without an answer of the other side's system, which is not asked while any are on their way: as long. The usual
/// settings take a quarter of an hour, and more where more is written meanwhile.
const LONGEST_UNANSWERED: Duration = Duration::from_secs(120);

/// What is told where this address can't be listened on. Most often another program has it, such as the web server that the site had before.
pub fn cannot_listen(address: SocketAddr, error: &io::Error) -> io::Error {
    let who = match error.kind() {
        io::ErrorKind::AddrInUse => format!("; `ss -ltnp 'sport = :{}'` says to root who has it", address.port()),
        _ => String::new(),
    };
    io::Error::new(error.kind(), format!("can't listen on {address}: {error}{who}"))
}

/// Lets the system find out that the other side is gone without a word (RFC 1122, section 4.2.3.6): connections that were upgraded have
/// no other limit on silence. Where the other side may refuse to take bytes for longer than two minutes, it is given up so late.
pub fn keep_alive(stream: &TcpStream, may_refuse: Duration) {
    // Without it such a connection only lives longer.
    let asking = TcpKeepalive::new().with_time(KEEP_ALIVE_AFTER).with_interval(KEEP_ALIVE_EVERY);
    let socket = SockRef::from(stream);
    _ = socket.set_tcp_keepalive(&asking.with_retries(KEEP_ALIVE_TRIES));
    _ = socket.set_tcp_user_timeout(Some(LONGEST_UNANSWERED.max(may_refuse)));
}

/// A stream that gives up when the other side does not take bytes: a peer whose system accepts a connection and whose program never reads
/// from it would otherwise hold a request for ever. Reading is not limited here.
#[derive(Debug)]
pub struct WriteLimit<S> {
    stream: S,
    limit: Duration,
    /// Exists only while a write waits.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> WriteLimit<S> {
    /// Lets the other side refuse bytes for at most `limit` at a time.
    pub fn new(stream: S, limit: Duration) -> Self {
        Self { stream, limit, deadline: None }
    }

    /// The stream itself.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteLimit<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> WriteLimit<S> {
    fn poll_taken<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let taken = poll(Pin::new(&mut self.stream), context);
        if taken.is_ready() {
            self.deadline = None;
            return taken;
        }
        let limit = self.limit;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + limit)));
        deadline.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteLimit<S> {
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
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[test]
    fn where_another_program_has_the_address_it_is_said_how_to_find_it() {
        let told = |kind| cannot_listen("[::]:80".parse().unwrap(), &io::Error::from(kind)).to_string();
        assert!(told(io::ErrorKind::AddrInUse).ends_with("; `ss -ltnp 'sport = :80'` says to root who has it"));
        assert!(told(io::ErrorKind::PermissionDenied).ends_with("can't listen on [::]:80: permission denied"));
    }

    #[tokio::test]
    async fn a_peer_that_is_gone_without_a_word_is_given_up_after_two_minutes() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        keep_alive(&stream, Duration::from_secs(60));
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        let (after, every) = (socket.tcp_keepalive_time().unwrap(), socket.tcp_keepalive_interval().unwrap());
        assert_eq!(after + every * socket.tcp_keepalive_retries().unwrap(), Duration::from_secs(120));
        // Also where bytes are on their way, since it is not asked then.
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(120)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_is_let_go() {
        let (_peer, stream) = tokio::io::duplex(4);
        let mut stream = WriteLimit::new(stream, Duration::from_secs(20));
        assert_eq!(stream.write_all(&[0; 64]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
