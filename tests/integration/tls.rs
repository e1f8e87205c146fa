//! TLS: versions, names, protocols, certificates that change, and what is sent to https.

use std::{
    fs,
    io::Write as _,
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion, version};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};

use crate::harness::{Browser, Gateway, Origin, Wire, answer, ok};

/// The server's certificate, the version and the protocol.
type Agreed = (Vec<u8>, Option<rustls::ProtocolVersion>, Option<Vec<u8>>);

/// Names of protocols, the preferred one first.
type Protocols<'a> = &'a [&'a [u8]];

/// Connects and completes the handshake, and tells what was agreed on.
fn handshake(
    gateway: &Gateway,
    name: &str,
    trusted: &str,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&[u8]],
) -> std::io::Result<Agreed> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(gateway.path().join(trusted)).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(gateway.https()).unwrap());
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    let certificate = stream.conn.peer_certificates().unwrap()[0].to_vec();
    Ok((certificate, stream.conn.protocol_version(), stream.conn.alpn_protocol().map(<[u8]>::to_vec)))
}

const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS12, &version::TLS13];

fn der(gateway: &Gateway, file: &str) -> Vec<u8> {
    CertificateDer::from_pem_file(gateway.path().join(file)).unwrap().to_vec()
}

#[test]
fn versions_and_protocols_are_agreed_on() {
    let gateway = Gateway::before(&Origin::answering(ok("text/plain", "")));
    let shake = |versions: &[&'static SupportedProtocolVersion], protocols: &[&[u8]]| {
        handshake(&gateway, "shop.example", "certificate.pem", versions, protocols)
    };
    for version in [&version::TLS12, &version::TLS13] {
        let (_, agreed, _) = shake(&[version], &[]).unwrap();
        assert_eq!(agreed, Some(version.version));
    }
    let cases: [(Protocols<'_>, Option<&[u8]>); 4] = [
        (&[b"h2", b"http/1.1"], Some(b"h2")),
        (&[b"http/1.1"], Some(b"http/1.1")),
        (&[b"http/1.1", b"h2"], Some(b"h2")),
        (&[], None),
    ];
    for (protocols, agreed) in cases {
        assert_eq!(shake(BOTH, protocols).unwrap().2.as_deref(), agreed, "{protocols:?}");
    }
    assert!(shake(BOTH, &[b"spdy/3"]).is_err(), "no protocol in common");
}

#[test]
fn each_name_gets_its_certificate_and_an_unknown_name_gets_none() {
    let gateway = Gateway::with(&Origin::answering(ok("text/plain", ""))).also_named("second.example").start();
    for (name, file) in
        [("shop.example", "certificate.pem"), ("www.shop.example", "certificate.pem"), ("second.example", "other.pem")]
    {
        assert_eq!(handshake(&gateway, name, file, BOTH, &[]).unwrap().0, der(&gateway, file), "{name}");
    }
    assert!(handshake(&gateway, "127.0.0.1", "certificate.pem", BOTH, &[]).is_ok(), "an address is no name of SNI");
    for name in ["elsewhere.example", "a.b.shop.example", "www.second.example", "example"] {
        let error = handshake(&gateway, name, "certificate.pem", BOTH, &[]).unwrap_err();
        assert!(format!("{error}").contains("AccessDenied") || format!("{error}").contains("alert"), "{name}: {error}");
    }
    // The client may know of the refusal before it is counted.
    let begun = Instant::now();
    while !gateway.admin("/metrics").contains("kelisim_tls_handshake_failures_total 4") {
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", gateway.admin("/metrics"));
    }
}

#[test]
fn certificates_that_were_replaced_on_disk_are_used_for_new_connections() {
    let gateway = Gateway::before(&Origin::answering(ok("text/plain", "still")));
    let mut old = Wire::of(&gateway.browser());
    assert_eq!(old.ask("GET", "/", &[]).text(), "still");
    assert!(!gateway.running().read_certificates_again().unwrap(), "nothing changed");
    let before = der(&gateway, "certificate.pem");
    fs::write(gateway.path().join("certificate.pem"), "half a fi").unwrap();
    let error = gateway.running().read_certificates_again().unwrap_err();
    assert!(error.to_string().contains("certificate.pem"), "{error}");
    let (certificate, key) = kelisim::cli::demo::certificate(&["shop.example", "localhost"]).unwrap();
    fs::write(gateway.path().join("certificate.pem"), certificate).unwrap();
    fs::write(gateway.path().join("key.pem"), key).unwrap();
    assert!(gateway.running().read_certificates_again().unwrap());
    let now = handshake(&gateway, "shop.example", "certificate.pem", BOTH, &[]).unwrap().0;
    assert_eq!(now, der(&gateway, "certificate.pem"));
    assert_ne!(now, before);
    assert_eq!(old.ask("GET", "/", &[]).text(), "still", "an open connection goes on");
}

#[test]
fn a_certificate_that_could_not_be_used_once_is_read_again_although_its_length_and_time_stay() {
    let gateway = Gateway::before(&Origin::answering(ok("text/plain", "")));
    let key_file = gateway.path().join("key.pem");
    let (certificate, key) = kelisim::cli::demo::certificate(&["shop.example", "localhost"]).unwrap();
    let modified = fs::metadata(&key_file).unwrap().modified().unwrap();
    // As a change of owner or rights does, this leaves both.
    let put = |text: &str| {
        fs::write(&key_file, text).unwrap();
        fs::File::options().write(true).open(&key_file).unwrap().set_modified(modified).unwrap();
    };
    fs::write(gateway.path().join("certificate.pem"), certificate).unwrap();
    put(&"x".repeat(key.len()));
    gateway.running().read_certificates_again().unwrap_err();
    assert!(!gateway.running().read_certificates_again().unwrap(), "it is told once");
    put(&key);
    assert!(gateway.running().read_certificates_again().unwrap());
    let now = handshake(&gateway, "shop.example", "certificate.pem", BOTH, &[]).unwrap().0;
    assert_eq!(now, der(&gateway, "certificate.pem"));

    let aside = gateway.path().join("aside.pem");
    fs::rename(&key_file, &aside).unwrap();
    assert_eq!(gateway.running().read_certificates_again().unwrap_err().kind(), std::io::ErrorKind::NotFound);
    assert!(!gateway.running().read_certificates_again().unwrap(), "it is told once");
    fs::rename(&aside, &key_file).unwrap();
    assert!(gateway.running().read_certificates_again().unwrap());
}

#[test]
fn garbage_in_place_of_tls_disturbs_nobody() {
    let gateway = Gateway::before(&Origin::answering(ok("text/plain", "fine")));
    let mut wire = Wire::of(&gateway.browser());
    let garbage: [&[u8]; 4] = [b"GET / HTTP/1.1\r\n\r\n", &[0; 512], &[0x16, 3, 1, 0xff, 0xff, 1, 0, 0], b""];
    let streams: Vec<_> = garbage
        .iter()
        .map(|bytes| {
            let mut stream = TcpStream::connect(gateway.https()).unwrap();
            stream.write_all(bytes).unwrap();
            stream
        })
        .collect();
    assert_eq!(wire.ask("GET", "/", &[]).text(), "fine");
    assert_eq!(gateway.browser().get("/").text(), "fine");
    drop(streams);
}

#[test]
fn plain_requests_are_sent_to_https_with_method_path_and_port() {
    let site = Origin::answering(ok("text/plain", ""));
    let gateway = Gateway::with(&site).redirecting().start();
    let port = gateway.https().port();
    for (method, host, target) in [
        ("GET", "shop.example", "/a/b?c=%20d&e"),
        ("POST", "www.shop.example:8080", "/form"),
        ("HEAD", "SHOP.example.", "/"),
    ] {
        let request = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n");
        let reply = gateway.plain_browser().raw(request.as_bytes()).unwrap();
        let name = host.split(':').next().unwrap().trim_end_matches('.').to_ascii_lowercase();
        assert_eq!(reply.status, 308);
        assert_eq!(reply.header("location"), Some(format!("https://{name}:{port}{target}").as_str()));
    }
    assert_eq!(gateway.browser().get("/").status, 200);
    assert_eq!(site.count(), 1, "what was redirected is not asked");
}

#[test]
fn browsers_are_told_to_come_by_https_over_https_alone() {
    let own = answer("200 OK", &[("content-type", "text/plain"), ("strict-transport-security", "max-age=5")], "");
    let site = Origin::answering(own);
    let told =
        |mut browser: Browser, path: &str| browser.get(path).header("strict-transport-security").map(str::to_owned);
    let gateway = Gateway::with(&site).also_tls("hsts = \"1 year\"\nhsts_subdomains = true").start();
    let expected = Some("max-age=31536000; includeSubDomains".to_owned());
    assert_eq!(told(gateway.browser(), "/"), expected, "the site's own goes");
    assert_eq!(told(gateway.browser(), "/_kelisim/settings"), expected, "our own pages too");
    assert_eq!(told(gateway.plain_browser(), "/_kelisim/settings"), None);
    let proxied =
        Gateway::with(&site).also_tls("hsts = \"0 days\"").server("trusted_proxies = [\"127.0.0.1\"]").start();
    let by = |browser: Browser, scheme: &str| told(browser.sending("x-forwarded-proto", scheme), "/_kelisim/settings");
    assert_eq!(by(proxied.plain_browser(), "https"), Some("max-age=0".to_owned()), "the visitor came by https");
    assert_eq!(by(proxied.browser(), "http"), None, "the visitor came without");
    let without = Gateway::before(&site);
    assert_eq!(told(without.browser(), "/"), Some("max-age=5".to_owned()), "the site's own stays");
    assert_eq!(told(without.browser(), "/_kelisim/settings"), None);
}

#[test]
fn where_visitors_reach_the_site_by_another_port_than_the_listeners_they_are_sent_there() {
    let site = Origin::answering(ok("text/plain", ""));
    for (address, expected) in [("https://shop.example", ""), ("https://shop.example:444", ":444")] {
        let gateway = Gateway::with(&site).site(&format!("address = \"{address}\"")).redirecting().start();
        let reply = gateway.plain_browser().raw(b"GET /a HTTP/1.1\r\nhost: shop.example\r\n\r\n").unwrap();
        assert_eq!(reply.header("location"), Some(&*format!("https://shop.example{expected}/a")));
    }
}

#[test]
fn other_hosts_are_sent_to_the_canonical_one() {
    let site = Origin::answering(ok("text/plain", ""));
    let gateway = Gateway::with(&site).site("canonical_host = \"shop.example\"").start();
    let reply = gateway.browser().raw(b"GET /a?b HTTP/1.1\r\nhost: www.shop.example:8443\r\n\r\n").unwrap();
    assert_eq!((reply.status, reply.header("location")), (308, Some("https://shop.example:8443/a?b")));
    let reply = gateway.browser().raw(b"GET //evil.example/ HTTP/1.1\r\nhost: www.shop.example\r\n\r\n").unwrap();
    assert_eq!((reply.status, reply.header("location")), (308, Some("https://shop.example//evil.example/")));
    assert_eq!(site.count(), 0);
    assert_eq!(gateway.browser().get("/").status, 200);
}
