//! Proxies that pass connections on and say whose they are: who may say so is believed, nobody else is.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::fd::AsRawFd as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::io::{FdFlags, fcntl_setfd};

use crate::harness::{Browser, Gateway, GatewayBuilder, Origin, Wire, ok};

const LISTED: &str = "proxy_protocol_from = [\"127.0.0.1\"]";
const LINE: &str = "PROXY TCP4 198.51.100.77 192.0.2.1 56324 443\r\n";
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// A header of version 2 whose client is 203.0.113.66, with an item behind its addresses.
fn binary() -> Vec<u8> {
    let addresses = [203, 0, 113, 66, 192, 0, 2, 1, 0xdc, 4, 1, 0xbb];
    [SIGNATURE, &[0x21, 0x11, 0, 18], &addresses, &[0x02, 0, 3, b'a', b'.', b'b']].concat()
}

fn site() -> Origin {
    Origin::answering(ok("text/plain", "fine"))
}

/// What the site is told of the client's address; it is asked by `browser` once.
fn told(site: &Origin, browser: &mut Browser) -> String {
    assert_eq!(browser.get("/").text(), "fine");
    site.last().header("x-forwarded-for").unwrap_or_default().to_owned()
}

fn gateway(site: &Origin) -> GatewayBuilder {
    Gateway::with(site).server(LISTED).site("client_address = \"full\"")
}

/// Waits until a counter of the gateway has this value.
fn counts(gateway: &Gateway, line: &str) {
    let begun = std::time::Instant::now();
    while !gateway.admin("/metrics").contains(line) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", gateway.admin("/metrics"));
        std::thread::yield_now();
    }
}

#[test]
fn the_address_of_the_header_is_the_clients_over_plain_http_and_over_tls() {
    let site = site();
    let gateway = gateway(&site).start();
    let six = "PROXY TCP6 2001:db8:1:2::7 ::1 1 443\r\n";
    for (header, client) in
        [(LINE.as_bytes(), "198.51.100.77"), (&binary(), "203.0.113.66"), (six.as_bytes(), "2001:db8:1:2::7")]
    {
        for browser in [gateway.plain_browser(), gateway.browser()] {
            assert_eq!(told(&site, &mut browser.beginning_with(header)), client);
        }
    }
    // It is the connection's: every request on it has it, and nothing of the header is left in the stream.
    let mut wire = Wire::of(&gateway.plain_browser().beginning_with(LINE));
    for _ in 0..3 {
        assert_eq!(wire.ask("GET", "/", &[]).status, 200);
        assert_eq!(site.last().header("x-forwarded-for"), Some("198.51.100.77"));
    }
}

#[test]
fn a_header_that_comes_byte_by_byte_or_together_with_the_request_is_the_same() {
    let site = site();
    let gateway = gateway(&site).start();
    let request = b"GET / HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n";
    for (header, client) in [(LINE.as_bytes().to_vec(), "198.51.100.77"), (binary(), "203.0.113.66")] {
        let whole = [header.as_slice(), request].concat();
        for piece in [1, 7, whole.len()] {
            let mut stream = TcpStream::connect(gateway.http()).unwrap();
            stream.set_nodelay(true).unwrap();
            for bytes in whole.chunks(piece) {
                stream.write_all(bytes).unwrap();
            }
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.ends_with("fine"), "{answer}");
            assert_eq!(site.last().header("x-forwarded-for"), Some(client), "in pieces of {piece}");
        }
    }
}

#[test]
fn a_proxy_that_speaks_for_itself_or_does_not_know_leaves_its_own_address() {
    let site = site();
    let gateway = gateway(&site).start();
    let local = [SIGNATURE, &[0x20, 0x11, 0, 12], &[9; 12]].concat();
    let unspecified = [SIGNATURE, &[0x21, 0, 0, 0]].concat();
    for header in [local, unspecified, b"PROXY UNKNOWN 198.51.100.77 ?\r\n".to_vec()] {
        assert_eq!(told(&site, &mut gateway.browser().beginning_with(header)), "127.0.0.1");
    }
}

#[test]
fn who_is_listed_and_sends_no_right_header_is_closed_and_counted() {
    let site = site();
    let gateway = gateway(&site).start();
    let long = [SIGNATURE, &[0x21, 0x11, 0xff, 0xff]].concat();
    let request = "GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n";
    for (bytes, reason) in [
        (request.as_bytes().to_vec(), "missing"),
        (format!("PROXY TCP4 198.51.100.777 192.0.2.1 1 443\r\n{request}").into_bytes(), "malformed"),
        ([SIGNATURE, &[0x31, 0x11, 0, 12], &[1; 12], request.as_bytes()].concat(), "malformed"),
        (long, "too_long"),
    ] {
        for address in [gateway.http(), gateway.https()] {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(&bytes).unwrap();
            let mut come = Vec::new();
            // What was sent and not read makes the end a reset.
            _ = stream.read_to_end(&mut come);
            assert_eq!(come, b"", "{reason}");
        }
    }
    // Half a header and the end of the stream is a broken one; nothing at all is a check that only connects.
    for half in ["PROXY TCP4 198", ""] {
        let mut stream = TcpStream::connect(gateway.http()).unwrap();
        stream.write_all(half.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(stream.read_to_end(&mut Vec::new()).unwrap(), 0);
    }
    for (reason, count) in [("missing", 2), ("malformed", 5), ("too_long", 2)] {
        counts(&gateway, &format!("kelisim_proxy_protocol_failures_total{{reason=\"{reason}\"}} {count}"));
    }
    assert_eq!(site.count(), 0);
}

#[test]
fn a_header_has_no_more_time_than_a_head() {
    let site = site();
    let gateway = gateway(&site).server("[server.limits]\nhead_timeout = \"1 s\"").start();
    let mut stream = TcpStream::connect(gateway.https()).unwrap();
    stream.write_all(b"PROXY TCP4").unwrap();
    assert_eq!(stream.read_to_end(&mut Vec::new()).unwrap(), 0);
    counts(&gateway, "kelisim_proxy_protocol_failures_total{reason=\"late\"} 1");
}

#[test]
fn who_is_not_listed_can_send_no_header() {
    let site = site();
    let gateway = Gateway::with(&site)
        .server("proxy_protocol_from = [\"192.0.2.0/24\"]")
        .site("client_address = \"full\"")
        .start();
    let request = b"GET / HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n";
    for header in [LINE.as_bytes(), &binary()] {
        let reply = gateway.plain_browser().raw(&[header, request].concat());
        assert!(reply.is_err() || reply.is_ok_and(|reply| reply.status == 400));
        // In place of a handshake it is none.
        let mut stream = TcpStream::connect(gateway.https()).unwrap();
        stream.write_all(&[header, request].concat()).unwrap();
        let mut come = Vec::new();
        _ = stream.read_to_end(&mut come);
        assert!(!String::from_utf8_lossy(&come).contains("HTTP"), "{}", String::from_utf8_lossy(&come));
    }
    assert_eq!(site.count(), 0);
    assert_eq!(told(&site, &mut gateway.browser()), "127.0.0.1");
}

#[test]
fn forwarding_headers_are_believed_where_the_announced_address_is_a_trusted_proxys() {
    let site = site();
    let gateway = gateway(&site).server("trusted_proxies = [\"198.51.100.77\"]").start();
    let forwarded = |browser: Browser| {
        told(&site, &mut browser.sending("x-forwarded-for", "203.0.113.5").sending("x-forwarded-proto", "https"));
        let seen = site.last();
        [seen.header("x-forwarded-for"), seen.header("x-forwarded-proto")].map(|value| value.unwrap().to_owned())
    };
    assert_eq!(forwarded(gateway.plain_browser().beginning_with(LINE)), ["203.0.113.5", "https"]);
    assert_eq!(forwarded(gateway.plain_browser().beginning_with(binary())), ["203.0.113.66", "http"]);
}

#[test]
fn limits_count_the_client_and_not_its_proxy() {
    let site = site();
    let gateway = gateway(&site).server("[server.limits]\nreports_per_minute = 1").start();
    let report = |client: u8| {
        let header = format!("PROXY TCP4 198.51.100.{client} 192.0.2.1 1 443\r\n");
        let mut browser = gateway.browser().beginning_with(header);
        browser.send("POST", "/_kelisim/report", &[("content-type", "application/reports+json")], b"[]").status
    };
    let first = report(1);
    assert_ne!(first, 429);
    assert_eq!((report(1), report(2)), (429, first));
}

/// HAProxy before the gateway; it ends when it is dropped.
struct HaProxy(Child);

impl HaProxy {
    /// Passes connections on, with these words on its line for the gateway. It is given a socket that listens already.
    fn before(gateway: SocketAddr, words: &str, folder: &Path) -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        fcntl_setfd(&listener, FdFlags::empty()).unwrap();
        let descriptor = listener.as_raw_fd();
        let configuration = folder.join("haproxy.cfg");
        let text = format!(
            "defaults\n  mode tcp\n  timeout connect 20s\n  timeout client 20s\n  timeout server 20s\n\
             frontend front\n  bind fd@{descriptor}\n  default_backend gateway\nbackend gateway\n  server gateway {gateway} {words}\n"
        );
        std::fs::write(&configuration, text).unwrap();
        let mut command = Command::new("/usr/sbin/haproxy");
        let child = command.arg("-db").arg("-f").arg(&configuration).stdout(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| panic!("haproxy: {error}; tests/run installs it"));
        (Self(child), listener.local_addr().unwrap())
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

#[test]
fn haproxy_says_who_came_in_both_versions_and_checks_the_gateways_health() {
    let site = site();
    let gateway = gateway(&site).start();
    let folder = tempfile::tempdir().unwrap();
    for words in [
        "send-proxy",
        "send-proxy-v2",
        "send-proxy-v2 check inter 100ms",
        "send-proxy-v2 proxy-v2-options unique-id,crc32c",
    ] {
        let (_proxy, address) = HaProxy::before(gateway.https(), words, folder.path());
        // The visitor has another address of this machine than HAProxy, which alone is listed.
        let mut browser = gateway.browser().coming_from([127, 0, 0, 5]).by_way_of(address);
        assert_eq!(told(&site, &mut browser), "127.0.0.5", "{words}");
        assert_eq!(site.last().header("x-forwarded-proto"), Some("https"));
    }
    // Without a header nobody gets through.
    let (_proxy, address) = HaProxy::before(gateway.http(), "", folder.path());
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n").unwrap();
    let mut come = Vec::new();
    _ = stream.read_to_end(&mut come);
    assert_eq!(come, b"");
}
