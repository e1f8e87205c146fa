//! A site behind TLS: known by its name and its authority, or not spoken to at all.

use std::{fs, io::BufReader, net::TcpStream, sync::Arc};

use kelisim::cli::demo;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

use crate::harness::{Gateway, Origin, ok, read_request};

/// A site with a certificate for this name, and the certificate.
fn secure(name: &str) -> (Origin, String) {
    let (certificate, key) = demo::certificate(&[name]).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    let config = Arc::new(config);
    let site = Origin::raw(move |stream: TcpStream| {
        let connection = ServerConnection::new(config.clone()).unwrap();
        let mut stream = BufReader::new(StreamOwned::new(connection, stream));
        while let Ok(Some(request)) = read_request(&mut stream) {
            let name = stream.get_ref().conn.server_name().unwrap_or_default().to_owned();
            let text = format!("{} asked for {name}", request.header("host").unwrap());
            std::io::Write::write_all(stream.get_mut(), &ok("text/plain", &text)).unwrap();
        }
    });
    (site, certificate)
}

#[test]
fn the_name_is_sent_and_checked() {
    let (site, certificate) = secure("origin.internal");
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    fs::write(&authority, certificate).unwrap();
    let url = format!("https://{}", site.address());
    let trust = format!("upstream_certificate_authority = {:?}", authority.display().to_string());
    let gateway = |lines: &str| Gateway::with(&site).upstream(&url).site(lines).start();
    let right = gateway(&format!("upstream_host = \"origin.internal\"\n{trust}"));
    assert_eq!(right.browser().get("/").text(), "origin.internal asked for origin.internal");
    for (name, lines) in [
        ("another name", format!("upstream_host = \"other.internal\"\n{trust}")),
        ("an unknown authority", "upstream_host = \"origin.internal\"".to_owned()),
    ] {
        let wrong = gateway(&lines);
        assert_eq!(wrong.browser().get("/").status, 502, "{name}");
        let counted = "kelisim_upstream_failures_total{reason=\"tls\",site=\"shop.example\"} 1";
        assert!(wrong.admin("/metrics").contains(counted), "{name}");
    }
}
