//! The server of a witness: HTTP/1.1 on one address, bounded in everything that strangers can make grow. TLS is the business of a proxy before it.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};

use super::State;
use crate::{
    clock::Clock,
    ledger::{LONGEST_REQUEST, Refusal},
    sockets::{WriteLimit, cannot_listen},
};

/// Connections at once: some logs, and auditors who look.
const MOST_CONNECTIONS: usize = 64;
/// From accepting a connection to its first head, and between requests: a log signs when it has visitors.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// From a head to the last byte of its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a peer may refuse to take an answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long accepting pauses when the system has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long requests may go on after a stop.
const DRAIN: Duration = Duration::from_secs(5);

/// A witness on its address.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    state: Arc<State>,
    clock: Clock,
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    ///
    /// When the system refuses the address.
    pub async fn bind(address: SocketAddr, state: State, clock: Clock) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await.map_err(|error| cannot_listen(address, &error))?;
        Ok(Self { listener, state: Arc::new(state), clock })
    }

    /// Takes a socket that listens already. Within a runtime.
    ///
    /// # Errors
    ///
    /// When the system refuses to have it waited for.
    pub fn on(listener: std::net::TcpListener, state: State, clock: Clock) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self { listener: TcpListener::from_std(listener)?, state: Arc::new(state), clock })
    }

    /// Where it listens, with the port that was given for port 0.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` is done; then requests that have begun may finish.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let permits = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let (stopping, stopped) = watch::channel(());
        let mut connections = JoinSet::new();
        tokio::pin!(stop);
        loop {
            let accepted = async {
                let permit = permits.clone().acquire_owned().await;
                (self.listener.accept().await, permit)
            };
            let (accepted, permit) = tokio::select! {
                () = &mut stop => break,
                accepted = accepted => accepted,
            };
            while connections.try_join_next().is_some() {}
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let (state, clock, stopped) = (self.state.clone(), self.clock.clone(), stopped.clone());
            connections.spawn(async move {
                connection(stream, state, clock, stopped).await;
                drop(permit);
            });
        }
        drop(self.listener);
        stopping.send_replace(());
        let drained = async { while connections.join_next().await.is_some() {} };
        // What does not finish is cut off; it has no signature then, or has it in our memory.
        _ = tokio::time::timeout(DRAIN, drained).await;
    }
}

async fn connection(stream: TcpStream, state: Arc<State>, clock: Clock, mut stopped: watch::Receiver<()>) {
    let service = service_fn(move |request| {
        let (state, clock) = (state.clone(), clock.clone());
        async move { Ok::<_, Infallible>(answer(request, state, clock).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(WriteLimit::new(stream, WRITE_TIMEOUT)), service);
    tokio::pin!(connection);
    // A peer that goes away is of no interest.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
    }
    _ = connection.await;
}

async fn answer(request: Request<Incoming>, state: Arc<State>, clock: Clock) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    let hash = path.strip_prefix('/').and_then(|rest| rest.strip_suffix("/checkpoint"));
    match (request.method(), path, hash) {
        (&Method::POST, "/add-checkpoint", _) => add(request, state, clock).await,
        (&Method::GET | &Method::HEAD, "/", _) => text(StatusCode::OK, format!("{}\n", state.verifier())),
        (&Method::GET | &Method::HEAD, _, Some(hash)) => match state.newest(hash) {
            Some(note) => text(StatusCode::OK, note),
            None => text(StatusCode::NOT_FOUND, "no checkpoint of such a log was signed here\n"),
        },
        (&Method::GET | &Method::HEAD, ..) => text(StatusCode::NOT_FOUND, "there is nothing here\n"),
        _ => text(StatusCode::METHOD_NOT_ALLOWED, "POST /add-checkpoint, and GET\n"),
    }
}

async fn add(request: Request<Incoming>, state: Arc<State>, clock: Clock) -> Response<Full<Bytes>> {
    let body = Limited::new(request.into_body(), LONGEST_REQUEST).collect();
    let body = match tokio::time::timeout(BODY_TIMEOUT, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => return refused(Refusal::Malformed),
        Err(_) => return text(StatusCode::REQUEST_TIMEOUT, "the body did not come\n"),
    };
    let added = tokio::task::spawn_blocking(move || state.add(&body, clock.now())).await;
    match added {
        Ok(Ok(Ok(line))) => text(StatusCode::OK, line),
        Ok(Ok(Err(refusal))) => refused(refusal),
        Ok(Err(error)) => {
            tracing::error!(%error, "nothing can be signed");
            text(StatusCode::INTERNAL_SERVER_ERROR, "the checkpoint could not be kept, so it was not signed\n")
        }
        Err(error) => {
            tracing::error!(%error, "a request was not answered");
            text(StatusCode::INTERNAL_SERVER_ERROR, "this request could not be answered\n")
        }
    }
}

fn refused(refusal: Refusal) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(refusal.status()).expect("refusals have statuses of HTTP");
    match refusal {
        Refusal::Conflict { newest } => {
            let mut response = text(status, format!("{newest}\n"));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/x.tlog.size"));
            response
        }
        refusal => text(status, format!("{refusal}\n")),
    }
}

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
