//! TLS of the connections that we make: to upstreams and witnesses, with the well-known authorities or with the operator's own.

use std::{io, path::Path, sync::Arc};

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// TLS towards one server. HTTP/1.1 alone is offered.
pub struct ClientTls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl ClientTls {
    /// Prepares TLS with the server of this name or address; the PEM file takes the place of the well-known authorities.
    ///
    /// # Errors
    ///
    /// When no certificate can be for such a name, or the file can't be read or holds none.
    pub fn new(name: &str, certificate_authority: Option<&Path>) -> io::Result<Self> {
        let invalid =
            |error| io::Error::new(io::ErrorKind::InvalidInput, format!("{name} is no name for TLS: {error}"));
        let name = ServerName::try_from(name.to_owned()).map_err(invalid)?;
        let roots = match certificate_authority {
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

    /// Shakes hands on a new connection. The time is limited by whoever calls.
    ///
    /// # Errors
    ///
    /// When the connection breaks, or the server is not who it should be.
    pub async fn connect<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.connector.connect(self.name.clone(), stream).await
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_trusted_is_said_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("authority.pem");
        let said = |name, file| ClientTls::new(name, file).err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(said("shop.example", None), "");
        assert!(said("two words", None).starts_with("two words is no name for TLS"));
        assert!(said("shop.example", Some(&file)).starts_with(&file.display().to_string()));
        std::fs::write(&file, "no certificate").unwrap();
        assert!(said("shop.example", Some(&file)).ends_with("holds no certificate"));
    }
}
