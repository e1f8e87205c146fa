//! HTTP/2 towards clients: the same requests in other frames.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn::http2::SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::net::TcpStream;

use crate::harness::{Answering, Gateway, Origin, PAGE, ok};

type Sender = SendRequest<Full<Bytes>>;

/// Tells a story to a gateway over HTTP/2.
pub fn over_http2<T>(gateway: &Gateway, story: impl AsyncFnOnce(Sender) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        story(connect(gateway.https(), &gateway.path().join("certificate.pem"), "shop.example").await).await
    })
}

/// Connects to this name.
async fn connect(address: std::net::SocketAddr, certificate: &Path, name: &'static str) -> Sender {
    let stream = tls(address, certificate, name).await;
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// A connection on which HTTP/2 was agreed.
pub async fn tls(
    address: std::net::SocketAddr,
    certificate: &Path,
    name: &'static str,
) -> tokio_rustls::client::TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(name).unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &'static [u8]) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(format!("https://shop.example{target}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::from(body)).unwrap()
}

pub async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[test]
fn pages_and_forms_go_through_as_over_http_1() {
    let site = Origin::answering(ok("text/html", PAGE));
    let gateway = Gateway::before(&site);
    over_http2(&gateway, async |mut sender| {
        let page = sender.send_request(request("GET", "/a?b", &[("accept", "text/html")], b"")).await.unwrap();
        assert_eq!((page.status().as_u16(), page.version()), (200, Version::HTTP_2));
        assert!(text(page).await.contains("data-kelisim-action=\"accept\""));
        let seen = site.last();
        assert_eq!((seen.line.as_str(), seen.header("host")), ("GET /a?b HTTP/1.1", Some("shop.example")));
        assert_eq!((seen.header("via"), seen.header("x-forwarded-proto")), (Some("2 kelisim"), Some("https")));
        assert_eq!((seen.header("transfer-encoding"), seen.header("content-length")), (None, None));
        let posted = sender.send_request(request("POST", "/form", &[], b"name=value")).await.unwrap();
        assert_eq!(posted.status(), 200);
        assert_eq!(site.last().body, b"name=value");
        let head = sender.send_request(request("HEAD", "/", &[], b"")).await.unwrap();
        assert_eq!(
            (head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()),
            (200, PAGE.len().to_string().as_str())
        );
    });
}

#[test]
fn streams_of_one_connection_do_not_wait_for_each_other() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let site = Origin::new(move |request| {
        if request.target() == "/slow" {
            wait.lock().unwrap().recv().unwrap();
        }
        Answering::Bytes(ok("text/plain", request.target()))
    });
    let gateway = Gateway::before(&site);
    over_http2(&gateway, async |mut sender| {
        let slow = sender.send_request(request("GET", "/slow", &[], b""));
        let mut others = Vec::new();
        for number in 0..20 {
            others.push((number, sender.send_request(request("GET", &format!("/{number}"), &[], b""))));
        }
        for (number, other) in others {
            assert_eq!(text(other.await.unwrap()).await, format!("/{number}"));
        }
        go.send(()).unwrap();
        assert_eq!(text(slow.await.unwrap()).await, "/slow");
    });
}

#[test]
fn a_stream_in_flight_finishes_when_the_gateway_stops() {
    let (asked, was_asked) = std::sync::mpsc::channel();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let site = Origin::new(move |_| {
        asked.send(()).unwrap();
        wait.lock().unwrap().recv().unwrap();
        Answering::Bytes(ok("text/plain", "whole"))
    });
    let gateway = Gateway::before(&site);
    let (address, folder) = (gateway.https(), gateway.path().to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut sender = connect(address, &folder.join("certificate.pem"), "shop.example").await;
        let answer = tokio::spawn(sender.send_request(request("GET", "/", &[], b"")));
        tokio::task::spawn_blocking(move || was_asked.recv().unwrap()).await.unwrap();
        let stopping = std::thread::spawn(move || drop(gateway));
        // The gateway says that it takes no more streams; only then is the site let go on.
        while sender.send_request(request("GET", "/more", &[], b"")).await.is_ok() {}
        go.send(()).unwrap();
        assert_eq!(text(answer.await.unwrap().unwrap()).await, "whole");
        tokio::task::spawn_blocking(move || stopping.join().unwrap()).await.unwrap();
    });
}

#[test]
fn cookie_crumbs_become_one_header() {
    let site = Origin::answering(ok("text/plain", ""));
    let crumbs = [("cookie", "PHPSESSID=1"), ("cookie", "_ga=2"), ("cookie", "csrftoken=3")];
    let through = "[[site.path]]\nprefix = \"/\"\npass_through = true";
    for (tables, expected) in [("", "PHPSESSID=1; csrftoken=3"), (through, "PHPSESSID=1; _ga=2; csrftoken=3")] {
        let gateway = Gateway::with(&site).tables(tables).start();
        over_http2(&gateway, async |mut sender| {
            assert_eq!(sender.send_request(request("GET", "/", &crumbs, b"")).await.unwrap().status(), 200);
            assert_eq!(site.last().header("cookie"), Some(expected));
        });
    }
}

#[test]
fn the_authority_names_the_site_and_host_stands_in_for_it() {
    let site = Origin::answering(ok("text/plain", ""));
    let gateway = Gateway::before(&site);
    over_http2(&gateway, async |mut sender| {
        // As forwarded from HTTP/1.1 there is a path and no authority.
        let bare = |host: Option<&str>| {
            let mut request = Request::builder().uri("/bare").version(Version::HTTP_11);
            if let Some(host) = host {
                request = request.header("host", host);
            }
            request.body(Full::default()).unwrap()
        };
        assert_eq!(sender.send_request(bare(Some("www.shop.example"))).await.unwrap().status(), 200);
        assert_eq!(site.last().header("host"), Some("www.shop.example"));
        assert_eq!(sender.send_request(bare(None)).await.unwrap().status(), 400);
        let other = request("GET", "/", &[("host", "elsewhere.example")], b"");
        assert_eq!(sender.send_request(other).await.unwrap().status(), 200);
        assert_eq!(site.last().header("host"), Some("shop.example"), "the authority was routed by");
        let mut unknown = request("GET", "/", &[], b"");
        *unknown.uri_mut() = "https://elsewhere.example/".parse().unwrap();
        assert_eq!(sender.send_request(unknown).await.unwrap().status(), 421);
        assert_eq!(site.count(), 2);
    });
}

#[test]
fn a_promised_length_that_is_not_kept_never_becomes_a_request() {
    let site = Origin::answering(ok("text/plain", "fine"));
    let gateway = Gateway::before(&site);
    over_http2(&gateway, async |mut sender| {
        for (length, body) in [("10", &b""[..]), ("10", b"short"), ("2", b"too long")] {
            let answer = sender.send_request(request("POST", "/", &[("content-length", length)], body)).await;
            assert!(answer.is_err_and(|_| true) || site.count() == 0, "{length} {body:?}");
        }
        assert_eq!(site.count(), 0);
        assert_eq!(text(sender.send_request(request("GET", "/", &[], b"")).await.unwrap()).await, "fine");
    });
}

#[test]
fn a_head_that_is_too_large_is_refused_and_others_are_served() {
    let site = Origin::answering(ok("text/plain", "fine"));
    let gateway = Gateway::with(&site).server("[server.limits]\nhead_bytes = 8192").start();
    over_http2(&gateway, async |mut sender| {
        let large = "x".repeat(20_000);
        let answer = sender.send_request(request("GET", "/large", &[("x-large", &large)], b"")).await;
        assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() == 431));
        assert_eq!(site.count(), 0);
    });
    over_http2(&gateway, async |mut sender| {
        assert_eq!(text(sender.send_request(request("GET", "/", &[], b"")).await.unwrap()).await, "fine");
    });
}

#[test]
fn connection_headers_of_the_site_do_not_reach_an_http_2_client() {
    let site = Origin::answering(
        b"HTTP/1.1 200 OK\r\nconnection: keep-alive, x-hop\r\nx-hop: 1\r\nkeep-alive: timeout=5\r\nupgrade: h2c\r\n\
          transfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nx-sum: 7\r\nset-cookie: _ga=1\r\n\r\n"
            .to_vec(),
    );
    let gateway = Gateway::before(&site);
    over_http2(&gateway, async |mut sender| {
        let answer = sender.send_request(request("GET", "/", &[("te", "trailers")], b"")).await.unwrap();
        for name in ["connection", "x-hop", "keep-alive", "upgrade", "transfer-encoding"] {
            assert!(!answer.headers().contains_key(name), "{name}");
        }
        let whole = answer.into_body().collect().await.unwrap();
        let trailers = whole.trailers().unwrap().clone();
        assert_eq!((trailers.len(), trailers["x-sum"].to_str().unwrap()), (1, "7"));
        assert_eq!(whole.to_bytes(), "ok");
    });
}

#[test]
fn a_connection_that_a_certificate_would_let_share_does_not_reach_the_administration() {
    let site = Origin::answering(ok("text/html", PAGE));
    let gateway = Gateway::with(&site).server("admin_host = \"stats.shop.example\"").start();
    over_http2(&gateway, async |mut shared| {
        let to = |host: &str| Request::get(format!("https://{host}/sign-in")).body(Full::default()).unwrap();
        assert_eq!(shared.send_request(to("stats.shop.example")).await.unwrap().status(), 421);
        assert_eq!(shared.send_request(to("shop.example")).await.unwrap().status(), 200);
        let mut own = connect(gateway.https(), &gateway.path().join("certificate.pem"), "stats.shop.example").await;
        let page = own.send_request(to("stats.shop.example")).await.unwrap();
        assert_eq!((page.status().as_u16(), page.version()), (200, Version::HTTP_2));
        assert!(text(page).await.contains("type=\"password\""));
        assert_eq!(own.send_request(to("shop.example")).await.unwrap().status(), 421);
        let head = Request::head("https://stats.shop.example/sign-in").body(Full::default()).unwrap();
        let head = own.send_request(head).await.unwrap();
        assert!(head.headers().contains_key("content-length") && text(head).await.is_empty());
    });
}

#[test]
fn a_client_that_agrees_on_http_2_and_says_no_more_is_let_go() {
    let site = Origin::answering(ok("text/plain", ""));
    let gateway = Gateway::with(&site).server("[server.limits]\nidle_timeout = \"1 s\"").start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut stream = tls(gateway.https(), &gateway.path().join("certificate.pem"), "shop.example").await;
        let mut come = Vec::new();
        let ends = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut come);
        // Whether it says goodbye in TLS or not, it hangs up.
        _ = tokio::time::timeout(std::time::Duration::from_secs(60), ends).await.expect("it is waited for without end");
    });
}
