//! New connections to an upstream, plain or TLS.

use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use super::{RequestBody, Scheme, Settings, UpstreamError};
use crate::sockets::{ClientTls, WriteLimit, keep_alive};

/// Longest head of an answer, in bytes.
const MOST_HEAD_BYTES: usize = 128 * 1024;
/// Most header lines of an answer.
const MOST_HEAD_LINES: usize = 256;

/// Connects within the time limit and begins HTTP/1.1.
pub(super) async fn connect(
    settings: &Settings,
    tls: Option<&ClientTls>,
) -> Result<SendRequest<RequestBody>, UpstreamError> {
    let connecting = async {
        let stream =
            TcpStream::connect((settings.host.as_str(), settings.port)).await.map_err(UpstreamError::Connect)?;
        // A peer that is gone already makes this fail; what it says of itself comes with the first read.
        _ = stream.set_nodelay(true);
        keep_alive(&stream);
        let stream = WriteLimit::new(stream, settings.body_timeout);
        match (settings.scheme, tls) {
            (Scheme::Https, Some(tls)) => {
                let stream = tls.connect(stream).await.map_err(UpstreamError::Tls)?;
                begin(stream).await
            }
            (Scheme::Http, _) | (Scheme::Https, None) => begin(stream).await,
        }
    };
    tokio::time::timeout(settings.connect_timeout, connecting).await.unwrap_or(Err(UpstreamError::ConnectTimeout))
}

async fn begin<S>(stream: S) -> Result<SendRequest<RequestBody>, UpstreamError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = Builder::new()
        .max_headers(MOST_HEAD_LINES)
        .max_header_size(MOST_HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(UpstreamError::Broken)?;
    tokio::spawn(async move {
        // How a connection ends is seen by whoever uses it; one that ends unused is of no interest.
        _ = connection.with_upgrades().await;
    });
    Ok(sender)
}
