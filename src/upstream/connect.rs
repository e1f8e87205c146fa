//! New connections to an upstream, plain or TLS.

use std::{io, path::Path, sync::Arc};

use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{RequestBody, Scheme, Settings, UpstreamError};
use crate::sockets::{WriteLimit, keep_alive};

/// Longest head of an answer, in bytes.
const MOST_HEAD_BYTES: usize = 128 * 1024;
/// Most header lines of an answer.
const MOST_HEAD_LINES: usize = 256;

/// TLS towards an upstream.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// Prepares TLS with the well-known authorities, or with the operator's own.
    pub(super) fn new(settings: &Settings) -> io::Result<Self> {
        let name = settings.host_header.as_deref().unwrap_or(&settings.host);
        let invalid =
            |error| io::Error::new(io::ErrorKind::InvalidInput, format!("{name} is no name for TLS: {error}"));
        let name = ServerName::try_from(name.to_owned()).map_err(invalid)?;
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
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }
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

/// Connects within the time limit and begins HTTP/1.1.
pub(super) async fn connect(settings: &Settings, tls: Option<&Tls>) -> Result<SendRequest<RequestBody>, UpstreamError> {
    let connecting = async {
        let stream =
            TcpStream::connect((settings.host.as_str(), settings.port)).await.map_err(UpstreamError::Connect)?;
        // A peer that is gone already makes this fail; what it says of itself comes with the first read.
        _ = stream.set_nodelay(true);
        keep_alive(&stream);
        let stream = WriteLimit::new(stream, settings.body_timeout);
        match (settings.scheme, tls) {
            (Scheme::Https, Some(tls)) => {
                let stream = tls.connector.connect(tls.name.clone(), stream).await.map_err(UpstreamError::Tls)?;
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
