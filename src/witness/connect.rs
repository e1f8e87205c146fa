//! Connections of a gateway to its witness, plain or TLS.

use std::io;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Settings;
use crate::sockets::{self, ClientTls};

/// Longest head of an answer, in bytes, and most of its lines: a witness has little to say.
const MOST_HEAD_BYTES: usize = 16 * 1024;
const MOST_HEAD_LINES: usize = 64;

/// How a witness is reached.
pub(super) struct Connector {
    host: String,
    port: u16,
    tls: Option<ClientTls>,
}

impl Connector {
    /// Prepares TLS with the well-known authorities, or with those of the file.
    pub(super) fn new(settings: &Settings) -> io::Result<Self> {
        let tls = || ClientTls::new(&settings.host, settings.certificate_authority.as_deref());
        let tls = settings.tls.then(tls).transpose()?;
        Ok(Self { host: settings.host.clone(), port: settings.port, tls })
    }

    /// Connects and begins HTTP/1.1. The time is limited by whoever calls.
    pub(super) async fn connect(&self) -> io::Result<SendRequest<Full<Bytes>>> {
        let stream = sockets::connect(&self.host, self.port).await?;
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
