//! A small HTTP/1.1 server on loopback, shared by the site and the tracker. It listens nowhere else.

use std::{convert::Infallible, io, net::SocketAddr};

use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};

use super::body::Body;

/// Connections at once; one more waits in the listener's queue. A browser opens six to a host.
const CONNECTIONS: usize = 512;

/// A running server. Dropping it closes the listener and every connection.
#[derive(Debug)]
pub(super) struct Loopback {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Loopback {
    /// Listens on a free port of 127.0.0.1 and answers each request with `answer`. Needs a Tokio runtime.
    pub(super) async fn start<Answer, Answered>(answer: Answer) -> io::Result<Self>
    where
        Answer: Fn(Request<Incoming>) -> Answered + Clone + Send + 'static,
        Answered: Future<Output = Response<Body>> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, answer));
        Ok(Self { address, accepting })
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Accepts for ever. The connections live in this future, so that they end with it.
async fn accept<Answer, Answered>(listener: TcpListener, answer: Answer)
where
    Answer: Fn(Request<Incoming>) -> Answered + Clone + Send + 'static,
    Answered: Future<Output = Response<Body>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        // A failed accept concerns one client (it has gone) or the limit of open files, which the next close lifts.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let answer = answer.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let answered = answer(request);
                async move { Ok::<_, Infallible>(answered.await) }
            });
            // An error here is a client that went away or sent no HTTP: nobody is left to be told.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
        });
    }
}
