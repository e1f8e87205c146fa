//! One client connection: TLS, HTTP/1.1 or HTTP/2, until it ends.

use std::{
    convert::Infallible,
    future::Future,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use http::{Request, Response};
use http_body_util::Either;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::Service,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
};
use tokio_rustls::TlsAcceptor;

use super::{
    Limits,
    client_stream::{ActiveRequest, Activity, ClientStream, Patience},
    drain::Drain,
    other_host::{Goes, OtherBody, OtherHost},
};
use crate::{
    gateway::{AnswerBody, Connection, Gateway},
    sockets::keep_alive,
    visitor::{Network, Scheme, client_connection},
};

/// HTTP/2 keep-alive: a peer that does not answer a ping within the second time is gone.
const HTTP2_PING_EVERY: Duration = Duration::from_secs(30);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(20);
/// Streams that we may reset because of the client's errors before the connection is closed.
const HTTP2_MOST_LOCAL_RESETS: usize = 256;
/// Bytes that may wait in our memory for one stream of one connection.
const HTTP2_SEND_BUFFER_BYTES: usize = 64 * 1024;
/// Bytes of a read or write buffer of one HTTP/1.1 connection; hyper takes no smaller limit than its first read.
const HTTP1_BUFFER_BYTES: usize = 64 * 1024;
/// How long a client may refuse to take bytes.
const CLIENT_READING_TIMEOUT: Duration = Duration::from_secs(60);

/// What every connection of one core shares.
pub(super) struct Shared {
    pub(super) gateway: Arc<Gateway>,
    pub(super) limits: Limits,
    pub(super) tls: Option<TlsAcceptor>,
    /// What answers for one host in the sites' place.
    pub(super) other: Option<Arc<OtherHost>>,
    pub(super) trusted_proxies: Vec<Network>,
    /// That of the first TLS listener.
    pub(super) https_port: u16,
}

/// How a connection was made.
#[derive(Clone, Copy)]
struct Way {
    peer: IpAddr,
    scheme: Scheme,
    /// It asked for the other host by SNI.
    is_others: bool,
}

/// Serves a connection to its end. The permit is held as long as anything of the connection lives, upgraded streams too.
pub(super) async fn serve(
    shared: Arc<Shared>,
    stream: TcpStream,
    peer: SocketAddr,
    scheme: Scheme,
    permit: OwnedSemaphorePermit,
    drain: Drain,
) {
    // Answers are written whole or in large parts: waiting for more only adds latency.
    _ = stream.set_nodelay(true);
    keep_alive(&stream);
    let metrics = shared.gateway.metrics();
    let gauge = metrics.connected(scheme.name());
    let connection = Connection::new(peer.ip(), scheme, (permit, gauge, drain.clone()));
    let mut way = Way { peer: peer.ip(), scheme, is_others: false };
    match (&shared.tls, scheme) {
        (Some(tls), Scheme::Https) => {
            let handshake = tokio::time::timeout(shared.limits.head_timeout, tls.accept(stream)).await;
            let Ok(Ok(stream)) = handshake else {
                metrics.tls_failed();
                return;
            };
            let tls = &stream.get_ref().1;
            way.is_others = shared.other.as_ref().is_some_and(|other| other.is_named(tls.server_name()));
            if tls.alpn_protocol() == Some(b"h2") {
                serve_http2(&shared, stream, connection, way, drain).await;
            } else {
                serve_http1(&shared, stream, connection, way, drain).await;
            }
        }
        (_, _) => serve_http1(&shared, stream, connection, way, drain).await,
    }
}

async fn serve_http1<S>(shared: &Arc<Shared>, stream: S, connection: Connection, way: Way, drain: Drain)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = &shared.limits;
    let activity = Activity::default();
    let patience = Patience { head: Some(limits.head_timeout), reading: CLIENT_READING_TIMEOUT };
    let stream = ClientStream::new(stream, activity.clone(), patience);
    let service = Requests { shared: shared.clone(), connection, way, activity };
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        // hyper runs this limit from the moment it waits for a head, so it bounds idle connections; `Patience::head` bounds heads.
        .header_read_timeout(limits.idle_timeout)
        .max_headers(limits.head_lines)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes.max(HTTP1_BUFFER_BYTES))
        .half_close(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut serving = std::pin::pin!(serving);
    // Clients break connections in every way there is; what concerns the operator was counted with the request.
    tokio::select! {
        _ = &mut serving => {}
        () = drain.requested() => {
            serving.as_mut().graceful_shutdown();
            _ = serving.await;
        }
    }
}

async fn serve_http2<S>(shared: &Arc<Shared>, stream: S, connection: Connection, way: Way, drain: Drain)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = &shared.limits;
    let activity = Activity::default();
    let patience = Patience { head: None, reading: CLIENT_READING_TIMEOUT };
    let stream = ClientStream::new(stream, activity.clone(), patience);
    let service = Requests { shared: shared.clone(), connection, way, activity: activity.clone() };
    let serving = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.http2_streams)
        .max_pending_accept_reset_streams(limits.http2_resets)
        .max_local_error_reset_streams(HTTP2_MOST_LOCAL_RESETS)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .max_send_buf_size(HTTP2_SEND_BUFFER_BYTES)
        .keep_alive_interval(HTTP2_PING_EVERY)
        .keep_alive_timeout(HTTP2_PING_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    // hyper has no idle limit for HTTP/2: a connection that had no request from one look to the next is told to go.
    let mut begun = activity.begun();
    loop {
        tokio::select! {
            _ = &mut serving => return,
            () = drain.requested() => break,
            () = tokio::time::sleep(limits.idle_timeout) => {
                if activity.is_idle() && begun == activity.begun() {
                    break;
                }
                begun = activity.begun();
            }
        }
    }
    serving.as_mut().graceful_shutdown();
    // A peer that is gone does not answer; requests under way have their own limits and the end of the gateway has its own.
    _ = serving.await;
}

/// The requests of one connection.
struct Requests {
    shared: Arc<Shared>,
    connection: Connection,
    way: Way,
    activity: Activity,
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<Busy<Either<AnswerBody, OtherBody>>>;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        // What the request is upgraded to keeps the connection busy as long as it lives.
        let active = Arc::new(self.activity.begin());
        let shared = self.shared.clone();
        let Way { peer, scheme, is_others } = self.way;
        if let Some(other) = shared.other.as_ref().filter(|other| other.concerns(&request, is_others)) {
            let client = client_connection(peer, scheme, request.headers(), &shared.trusted_proxies);
            let goes = other.goes(&request, scheme, is_others, client.scheme);
            if goes != Goes::ToSites {
                let (other, port) = (other.clone(), shared.https_port);
                return Box::pin(async move {
                    let answer = other.answer(goes, request, client, port).await;
                    Ok(answer.map(|body| Busy { body: Either::Right(body), _active: active }))
                });
            }
        }
        let connection = self.connection.holding(active.clone());
        Box::pin(async move {
            let answer = shared.gateway.answer(request, &connection).await;
            Ok(answer.map(|body| Busy { body: Either::Left(body), _active: active }))
        })
    }
}

/// A body that keeps its connection busy until it has gone.
struct Busy<B> {
    body: B,
    _active: Arc<ActiveRequest>,
}

impl<B: http_body::Body + Unpin> http_body::Body for Busy<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        std::pin::Pin::new(&mut self.get_mut().body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
