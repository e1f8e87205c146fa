//! Connections to one server that is asked little, such as a witness or a collector of traces: plain or TLS.

use std::io;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{ClientTls, connect};

/// Longest head of an answer, in bytes, and most of its lines: such a server has little to say.
const MOST_HEAD_BYTES: usize = 16 * 1024;
const MOST_HEAD_LINES: usize = 64;

/// How such a server is reached.
pub struct Connector {
    host: String,
    port: u16,
    tls: Option<ClientTls>,
}

impl Connector {
    /// For a server at this host and port, with TLS where it is given.
    pub const fn new(host: String, port: u16, tls: Option<ClientTls>) -> Self {
        Self { host, port, tls }
    }

    /// Connects and begins HTTP/1.1. The time is limited by whoever calls.
    ///
    /// # Errors
    ///
    /// When no address of the host takes a connection, or TLS fails.
    pub async fn connect(&self) -> io::Result<SendRequest<Full<Bytes>>> {
        let stream = connect(&self.host, self.port).await?;
        match &self.tls {
            Some(tls) => begin(tls.connect(stream).await?).await,
            None => begin(stream).await,
        }
    }
}

async fn begin<S>(stream: S) -> io::Result<SendRequest<Full<Bytes>>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = Builder::new()
        .max_headers(MOST_HEAD_LINES)
        .max_header_size(MOST_HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    tokio::spawn(async move {
        // How a connection ends is seen by whoever uses it.
        _ = connection.await;
    });
    Ok(sender)
}
