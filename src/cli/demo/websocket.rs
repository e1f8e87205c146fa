//! The echo endpoint: a WebSocket (RFC 6455) that sends back what it gets.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::{body::Incoming, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::protocol::{Role, WebSocketConfig},
};

use super::{body, body::Body};

/// Longest message that is echoed, in bytes; a longer one ends the connection.
const MESSAGE: usize = 1024 * 1024;

/// Connections at once; one more is answered 503.
const CONNECTIONS: usize = 64;

/// What RFC 6455, 1.3 appends to the client's key.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The connections that are open. Dropping it ends them.
#[derive(Debug, Default)]
pub(super) struct Echoes(Mutex<JoinSet<()>>);

impl Echoes {
    /// Takes the opening handshake: 101 and an echo, or 426 for what is none.
    pub(super) fn answer(&self, request: &mut Request<Incoming>) -> Response<Body> {
        let mut response = Response::new(body::whole(""));
        let Some(accept) = accept_key(request.headers()) else {
            *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
            response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            response.headers_mut().insert("sec-websocket-version", HeaderValue::from_static("13"));
            return response;
        };
        let mut echoes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while echoes.try_join_next().is_some() {}
        if echoes.len() >= CONNECTIONS {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            return response;
        }
        let upgraded = hyper::upgrade::on(request);
        echoes.spawn(async move {
            if let Ok(upgraded) = upgraded.await {
                echo(upgraded).await;
            }
        });
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        response.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        response
    }
}

/// Sends every text and binary message back, until the client closes. The library answers pings and the closing handshake.
async fn echo(upgraded: Upgraded) {
    let limits = WebSocketConfig::default().max_message_size(Some(MESSAGE)).max_frame_size(Some(MESSAGE));
    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(limits)).await;
    while let Some(Ok(message)) = socket.next().await {
        if (message.is_text() || message.is_binary()) && socket.send(message).await.is_err() {
            return;
        }
    }
}

/// The answer to the client's key (RFC 6455, 4.2.2), when the request is an opening handshake of version 13.
fn accept_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let names = |name, token: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
    };
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?.to_str().ok()?;
    let right = names(header::UPGRADE, "websocket")
        && names(header::CONNECTION, "upgrade")
        && names(header::SEC_WEBSOCKET_VERSION, "13")
        && STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16);
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes());
    right.then(|| STANDARD.encode(hash)).and_then(|accept| accept.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_standard_gets_the_answer_of_the_standard() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::UPGRADE, "websocket"),
            (header::CONNECTION, "keep-alive, Upgrade"),
            (header::SEC_WEBSOCKET_VERSION, "13"),
            (header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        assert_eq!(accept_key(&headers).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("8"));
        assert_eq!(accept_key(&headers), None);
    }
}
