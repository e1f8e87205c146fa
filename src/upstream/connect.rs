//! New connections to an upstream, plain or TLS.

use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use super::{Scheme, Settings, UpstreamError, connection::Connection};
use crate::sockets::{ClientTls, WriteLimit, keep_alive};

/// Longest head of an answer, in bytes.
const MOST_HEAD_BYTES: usize = 128 * 1024;

/// Connects within the time limit and begins HTTP/1.1.
pub(super) async fn connect(settings: &Settings, tls: Option<&ClientTls>) -> Result<Connection, UpstreamError> {
    let connecting = async {
        let stream =
            TcpStream::connect((settings.host.as_str(), settings.port)).await.map_err(UpstreamError::Connect)?;
        // A peer that is gone already makes this fail; what it says of itself comes with the first read.
        _ = stream.set_nodelay(true);
        keep_alive(&stream, settings.body_timeout);
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

async fn begin<S>(stream: S) -> Result<Connection, UpstreamError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Of header lines hyper takes 100, as most proxies do; a limit of our own would cost an allocation for each answer.
    let (sender, connection) = Builder::new()
        .max_header_size(MOST_HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(UpstreamError::Broken)?;
    Ok(Connection::new(sender, connection.with_upgrades()))
}
