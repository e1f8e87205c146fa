//! For the operator, on a listener of its own: metrics and health. Nothing here is reachable through the site's listeners.

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore};

use crate::gateway;

/// Connections at once: a monitor and a person or two.
const MOST_CONNECTIONS: usize = 64;
/// From accepting a connection to its first head, and between requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long accepting pauses when the system has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers until it is dropped.
pub async fn serve(listener: TcpListener, gateway: Arc<gateway::Shared>) {
    let permits = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(permit) = permits.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let gateway = gateway.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let answer = answer(&request, &gateway);
                async move { Ok::<_, Infallible>(answer) }
            });
            // A monitor that goes away is of no interest.
            _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            drop(permit);
        });
    }
}

fn answer(request: &Request<Incoming>, gateway: &gateway::Shared) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if !host.is_none_or(is_address_or_localhost) {
        // A page on another name that resolves to this address (DNS rebinding) must not read the metrics.
        return text(StatusCode::MISDIRECTED_REQUEST, "ask by address or as localhost\n");
    }
    match request.uri().path() {
        "/metrics" => metrics(gateway),
        "/healthz" => text(StatusCode::OK, "alive\n"),
        "/readyz" if gateway.store().is_failing() => {
            text(StatusCode::SERVICE_UNAVAILABLE, "the consent log can't be written\n")
        }
        "/readyz" => text(StatusCode::OK, "ready\n"),
        "/" => text(
            StatusCode::OK,
            "Kelisim\n\n/metrics  for Prometheus\n/healthz  alive\n/readyz   choices can be recorded\n",
        ),
        _ => text(StatusCode::NOT_FOUND, "there are /metrics, /healthz and /readyz\n"),
    }
}

fn metrics(gateway: &gateway::Shared) -> Response<Full<Bytes>> {
    let store = gateway.store();
    gateway.metrics().log_backlog(store.waiting(), store.lost());
    gateway.metrics().witness_lag(gateway.now());
    let mut response = text(StatusCode::OK, gateway.metrics().render());
    let format = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, format);
    response
}

fn is_address_or_localhost(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
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

#[cfg(test)]
mod tests {
    use super::is_address_or_localhost;

    #[test]
    fn names_that_anybody_could_point_here_are_refused() {
        for ours in ["localhost", "localhost:9090", "127.0.0.1:9090", "[::1]:9090", "[::1]", "10.0.0.5"] {
            assert!(is_address_or_localhost(ours), "{ours}");
        }
        for foreign in ["rebound.example", "rebound.example:9090", "localhost.example", "127.0.0.1.example", ""] {
            assert!(!is_address_or_localhost(foreign), "{foreign}");
        }
    }
}
