//! Connections of a gateway to its witness, plain or TLS.

use std::{io, path::Path, sync::Arc};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::Settings;

/// Longest head of an answer, in bytes, and most of its lines: a witness has little to say.
const MOST_HEAD_BYTES: usize = 16 * 1024;
const MOST_HEAD_LINES: usize = 64;

/// How a witness is reached.
pub(super) struct Connector {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Connector {
    /// Prepares TLS with the well-known authorities, or with those of the file.
    pub(super) fn new(settings: &Settings) -> io::Result<Self> {
        let tls = settings.tls.then(|| tls(settings)).transpose()?;
        Ok(Self { host: settings.host.clone(), port: settings.port, tls })
    }

    /// Connects and begins HTTP/1.1. The time is limited by whoever calls.
    pub(super) async fn connect(&self) -> io::Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        match &self.tls {
            Some((connector, name)) => begin(connector.connect(name.clone(), stream).await?).await,
            None => begin(stream).await,
        }
    }
}

fn tls(settings: &Settings) -> io::Result<(TlsConnector, ServerName<'static>)> {
    let host = &settings.host;
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidInput, format!("{host} is no name for TLS: {error}"));
    let name = ServerName::try_from(host.clone()).map_err(invalid)?;
    let roots = match &settings.certificate_authority {
        Some(file) => read_roots(file)?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((TlsConnector::from(Arc::new(config)), name))
}

fn read_roots(file: &Path) -> io::Result<RootCertStore> {
    let fault = |error: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", file.display()))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| fault(&error))? {
        roots.add(certificate.map_err(|error| fault(&error))?).map_err(|error| fault(&error))?;
    }
    if roots.is_empty() { Err(fault(&"holds no certificate")) } else { Ok(roots) }
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
