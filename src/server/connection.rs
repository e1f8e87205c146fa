//! One client connection: TLS, HTTP/1.1 or HTTP/2, until it ends.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use http::HeaderValue;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::TlsAcceptor;

use super::{
    Limits,
    activity::Activity,
    client_stream::{ClientStream, HeadPatience, Patience},
    drain::{Drain, LAST_WORDS},
    http1,
    other_host::OtherHost,
    proxy_protocol::ProxyProtocol,
    requests::{Requests, Way},
    shares::Shares,
};
use crate::{
    acme::{Challenge, Served, TLS_ALPN_PROTOCOL},
    gateway::{Connection, Gateway},
    sockets::{Place, keep_alive},
    visitor::{Network, Peer, Scheme},
};

/// HTTP/2 keep-alive: a peer that does not answer a ping within the second time is gone.
const HTTP2_PING_EVERY: Duration = Duration::from_secs(30);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(20);
/// Streams that we may reset because of the client's errors before the connection is closed.
const HTTP2_MOST_LOCAL_RESETS: usize = 256;
/// Bytes that may wait in our memory for one stream of one connection.
const HTTP2_SEND_BUFFER_BYTES: usize = 64 * 1024;

/// What a connection goes by from its beginning to its end.
pub(super) struct Bounds {
    pub(super) limits: Limits,
    pub(super) idle_awake: http1::IdleAwake,
}

/// What every connection of one core shares while one configuration is in force.
pub(super) struct Shared {
    pub(super) gateway: Arc<Gateway>,
    pub(super) bounds: Arc<Bounds>,
    pub(super) tls: Option<TlsAcceptor>,
    /// What answers for one host in the sites' place.
    pub(super) other: Option<Arc<OtherHost>>,
    /// What an authority issued and asks for.
    pub(super) served: Arc<Served>,
    /// What each client has taken of the limits.
    pub(super) shares: Arc<Shares>,
    /// What visitors of sites are told about https.
    pub(super) hsts: Option<HeaderValue>,
    pub(super) trusted_proxies: Vec<Network>,
    pub(super) proxy_protocol: Arc<ProxyProtocol>,
    /// That of the first TLS listener.
    pub(super) https_port: u16,
    /// How long connections may finish when the gateway stops.
    pub(super) drain_timeout: Duration,
}

/// Serves a connection to its end. The permit is held as long as anything of the connection lives, upgraded streams too.
pub(super) async fn serve(
    current: Arc<ArcSwap<Shared>>,
    mut stream: TcpStream,
    peer: SocketAddr,
    scheme: Scheme,
    place: Place,
    drain: Drain,
) {
    // Answers are written whole or in large parts: waiting for more only adds latency.
    _ = stream.set_nodelay(true);
    let shared = current.load_full();
    let metrics = shared.gateway.metrics().clone();
    let bounds = shared.bounds.clone();
    let limits = &bounds.limits;
    keep_alive(&stream, limits.reading_timeout);
    let gauge = metrics.connected(scheme.name());
    let first_head = Instant::now() + limits.head_timeout;
    let peer = if shared.proxy_protocol.is_spoken_by(peer.ip()) {
        let taken = Box::pin(async {
            tokio::select! {
                peer = shared.proxy_protocol.take(&mut stream, peer.ip(), first_head, &metrics) => peer,
                () = drain.hurries() => None,
            }
        });
        let Some(peer) = taken.await else { return };
        peer
    } else {
        Peer::direct(peer.ip())
    };
    let Ok(share) = shared.shares.connect(peer, [&shared.trusted_proxies, shared.proxy_protocol.from()]) else {
        metrics.client_limited("connections_per_client");
        return;
    };
    // A stream that was upgraded outlives its requests, and is a connection of its client all the same.
    let connection = Connection::new(peer, scheme, (place, gauge, drain.alive(), share.clone()));
    let mut way = Way { peer, scheme, named: None, share };
    let activity = Activity::default();
    let patience = |head| Patience { head, reading: limits.reading_timeout };
    let heads = HeadPatience { first: first_head, later: limits.head_timeout };
    match (&shared.tls, scheme) {
        (Some(tls), Scheme::Https) => {
            let handshake = Box::pin(async {
                tokio::select! {
                    stream = tokio::time::timeout_at(first_head, tls.accept(stream)) => stream.ok()?.ok(),
                    () = drain.hurries() => None,
                }
            });
            let Some(mut stream) = handshake.await else {
                metrics.tls_failed();
                return;
            };
            if stream.get_ref().1.alpn_protocol() == Some(TLS_ALPN_PROTOCOL) {
                metrics.challenge_answered(Challenge::TlsAlpn01.name());
                // The handshake was the answer; nothing else is said in this protocol (RFC 8737, section 3).
                _ = tokio::time::timeout(limits.reading_timeout, stream.shutdown()).await;
                return;
            }
            let tls = &stream.get_ref().1;
            way.named = shared.other.as_ref().and_then(|other| other.named(tls.server_name()));
            let is_http2 = tls.alpn_protocol() == Some(b"h2");
            let stream = Box::new(stream);
            // A connection that lives for days must not hold what was configured when it began.
            drop((shared, metrics));
            let requests = Requests::new(current, connection, way, activity.clone());
            if is_http2 {
                let stream = ClientStream::new(stream, activity.clone(), patience(None));
                Box::pin(serve_http2(stream, requests, &activity, limits, drain)).await;
            } else {
                let stream = ClientStream::new(stream, activity.clone(), patience(Some(heads)));
                http1::serve((stream, requests), &activity, limits, &bounds.idle_awake, drain.requested()).await;
            }
        }
        (_, _) => {
            drop((shared, metrics));
            let stream = ClientStream::new(stream, activity.clone(), patience(Some(heads)));
            let requests = Requests::new(current, connection, way, activity.clone());
            http1::serve((stream, requests), &activity, limits, &bounds.idle_awake, drain.requested()).await;
        }
    }
}

async fn serve_http2<S>(stream: ClientStream<S>, requests: Requests, activity: &Activity, limits: &Limits, drain: Drain)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let serving = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.http2_streams)
        .max_pending_accept_reset_streams(limits.http2_resets)
        .max_local_error_reset_streams(HTTP2_MOST_LOCAL_RESETS)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .max_send_buf_size(HTTP2_SEND_BUFFER_BYTES)
        .keep_alive_interval(HTTP2_PING_EVERY)
        .keep_alive_timeout(HTTP2_PING_TIMEOUT)
        .serve_connection(TokioIo::new(stream), requests);
    let mut serving = std::pin::pin!(serving);
    // hyper has no idle limit for HTTP/2: a connection that had no request from one look to the next is told to go.
    let mut begun = activity.begun();
    // A stream whose window the client keeps shut writes nothing, so no limit on writing sees it.
    let mut stands_still = std::pin::pin!(activity.stands_still(limits.reading_timeout * 2));
    loop {
        tokio::select! {
            _ = &mut serving => return,
            () = &mut stands_still => return,
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
    let ends = tokio::time::timeout(LAST_WORDS, serving.as_mut()).await;
    // One that never said that it speaks HTTP/2 would be waited for without end.
    if ends.is_err() && activity.begun() > 0 {
        // Requests under way have their own limits. Who has none and does not take its leave is not waited for without end either.
        tokio::select! {
            _ = &mut serving => {}
            () = &mut stands_still => {}
            () = activity.rests(limits.reading_timeout) => {}
        }
    }
}
