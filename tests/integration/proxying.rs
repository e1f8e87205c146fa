//! Forwarding by RFC 9110, section 7.6: what belongs to one connection stays there, everything else arrives as it was sent.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::harness::{Answering, Gateway, Origin, Wire, answer, ok};

fn names(headers: &[(String, String)]) -> Vec<&str> {
    headers.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn fields_of_one_connection_go_in_neither_direction() {
    let hops = [
        ("connection", "X-Hop, keep-alive"),
        ("x-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("proxy-authenticate", "Basic"),
        ("upgrade", "h2c"),
        ("x-end", "to end"),
    ];
    let site = Origin::answering(answer("200 OK", &hops, "body"));
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    let lines = [
        "Connection: x-private, close",
        "Connection: X-Second, Cookie, Host",
        "x-private: 1",
        "x-second: 2",
        "keep-alive: timeout=5",
        "proxy-connection: keep-alive",
        "proxy-authorization: Basic eDp5",
        "te: gzip",
        "http2-settings: AAMAAABkAAQAAP__",
        "cookie: PHPSESSID=1",
        "x-end: to end",
    ];
    let reply = wire.ask("GET", "/", &lines);
    let seen = site.last();
    let gone = ["connection", "x-private", "x-second", "keep-alive", "proxy-connection", "proxy-authorization", "te"];
    for name in gone.iter().chain(&["http2-settings", "upgrade", "transfer-encoding"]) {
        assert_eq!(seen.header(name), None, "{name} reached the site: {:?}", names(&seen.headers));
    }
    assert_eq!((seen.header("x-end"), seen.header("cookie")), (Some("to end"), Some("PHPSESSID=1")));
    for name in ["x-hop", "keep-alive", "proxy-authenticate", "upgrade"] {
        assert_eq!(reply.header(name), None, "{name} reached the client");
    }
    assert_eq!((reply.header("x-end"), reply.text().as_str()), (Some("to end"), "body"));
    assert!(wire.rest().is_empty(), "the client asked for an end");
}

#[test]
fn the_site_gets_the_host_that_was_routed_by() {
    let site = Origin::answering(ok("text/plain", ""));
    let gateway = Gateway::before(&site);
    let cases = [
        ("/a?b=c", "Shop.Example:8443", "/a?b=c", "Shop.Example:8443"),
        ("http://shop.example/a?b=c", "other.example", "/a?b=c", "shop.example"),
        ("http://shop.example:81", "localhost", "/", "shop.example:81"),
        ("/%7Ea//b/../c?x=%2F&&y", "shop.example", "/%7Ea//b/../c?x=%2F&&y", "shop.example"),
    ];
    for (target, host, target_seen, host_seen) in cases {
        let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n");
        assert_eq!(gateway.plain_browser().raw(request.as_bytes()).unwrap().status, 200, "{target} {host}");
        assert_eq!((site.last().target(), site.last().header("host")), (target_seen, Some(host_seen)));
    }
    let renamed = Gateway::with(&site).site("upstream_host = \"origin.internal\"").start();
    renamed.plain_browser().get("/");
    assert_eq!(site.last().header("host"), Some("origin.internal"));
    assert!(site.last().header("x-forwarded-host").is_some_and(|host| host.starts_with("localhost")));
}

#[test]
fn targets_arrive_as_they_were_written() {
    let site = Origin::answering(ok("text/plain", ""));
    let gateway = Gateway::before(&site);
    let targets = [
        "/a|b",
        "/{id}",
        "/\"q\"",
        "/a^b?c`d",
        "/[1]",
        "/%",
        "/%zz",
        "/a;b=c",
        "/?",
        "/a?b?c",
        "/?a[]=1&b={c}",
        "/~a/!$&'()*+,;=:@",
        "/%D0%BA%D0%B5%D0%BB",
        "/a\\b",
        "//double//",
        "/./..//.",
    ];
    for target in targets {
        assert_eq!(Wire::of(&gateway.plain_browser()).ask("GET", target, &[]).status, 200, "{target}");
        assert_eq!(site.last().target(), target);
    }
    // Bytes of UTF-8 that should have been encoded; the harness reads them as Latin-1.
    let bare = "/\u{43a}\u{435}?\u{43b}";
    assert_eq!(Wire::of(&gateway.plain_browser()).ask("GET", bare, &[]).status, 200);
    assert_eq!(site.last().target(), bare.bytes().map(char::from).collect::<String>());
    Wire::of(&gateway.plain_browser()).ask("OPTIONS", "*", &[]);
    assert_eq!(site.last().line, "OPTIONS * HTTP/1.1");
}

#[test]
fn the_gateway_answers_100_itself_and_the_site_gets_no_expectation() {
    let site = Origin::answering(ok("text/plain", "done"));
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    wire.send("POST / HTTP/1.1\r\nhost: shop.example\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n");
    assert!(wire.until("\r\n\r\n").starts_with("HTTP/1.1 100 "));
    wire.send("hello");
    assert_eq!(wire.reply("POST").text(), "done");
    assert_eq!((site.last().header("expect"), site.last().body.as_slice()), (None, b"hello".as_slice()));
}

#[test]
fn interim_answers_of_the_site_are_dropped() {
    let interim =
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\nset-cookie: _ga=1\r\n\r\n";
    let site = Origin::answering([&interim[..], &ok("text/plain", "final")].concat());
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    for _ in 0..2 {
        wire.send("GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n");
        let come = wire.until("final");
        assert!(come.starts_with("HTTP/1.1 200 ") && !come.contains("_ga") && !come.contains("a.css"), "{come}");
    }
    assert_eq!(site.connections(), 1);
}

#[test]
fn trailers_pass_both_ways_without_what_the_filters_would_have_stopped() {
    let site = Origin::answering(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum, set-cookie\r\n\r\n\
          2\r\nok\r\n0\r\nx-sum: 7\r\nset-cookie: _ga=1\r\n\r\n"
            .to_vec(),
    );
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    wire.send(
        "POST / HTTP/1.1\r\nhost: shop.example\r\nte: trailers\r\nconnection: te\r\ntransfer-encoding: chunked\r\n\
         trailer: x-sum, cookie, x-forwarded-for, kelisim_consent\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 5\r\ncookie: _ga=1\r\n\
         x-forwarded-for: 192.0.2.1\r\nkelisim_consent: answered=?1\r\n\r\n",
    );
    let reply = wire.reply("POST");
    let seen = site.last();
    assert_eq!(seen.trailers, [("x-sum".to_owned(), "5".to_owned())]);
    assert_eq!((seen.header("te"), seen.header("connection")), (Some("trailers"), Some("te")));
    assert_eq!((reply.text().as_str(), reply.trailers), ("ok", vec![("x-sum".to_owned(), "7".to_owned())]));
}

#[test]
fn answers_without_a_body_keep_their_headers_and_the_connection() {
    let site = Origin::new(|request| {
        Answering::Bytes(match (request.method(), request.target()) {
            ("HEAD", _) => b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 4711\r\n\r\n".to_vec(),
            (_, "/204") => b"HTTP/1.1 204 No Content\r\nx-a: 1\r\n\r\n".to_vec(),
            (_, "/304") => b"HTTP/1.1 304 Not Modified\r\netag: \"a\"\r\nx-a: 1\r\n\r\n".to_vec(),
            _ => b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-a: 1\r\n\r\n".to_vec(),
        })
    });
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    let head = wire.ask("HEAD", "/", &[]);
    assert_eq!((head.header("content-length"), head.header("transfer-encoding")), (Some("4711"), None));
    for (target, status, length) in [("/204", 204, None), ("/304", 304, None), ("/empty", 200, Some("0"))] {
        let reply = wire.ask("GET", target, &[]);
        assert_eq!((reply.status, reply.header("x-a"), reply.body.len()), (status, Some("1"), 0), "{target}");
        assert_eq!((reply.header("content-length"), reply.header("transfer-encoding")), (length, None), "{target}");
    }
    assert_eq!((site.count(), site.connections()), (4, 1));
}

#[test]
fn a_client_of_http_1_0_is_understood() {
    let site =
        Origin::answering(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".to_vec());
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    wire.send("GET / HTTP/1.0\r\nhost: shop.example\r\n\r\n");
    let come = String::from_utf8(wire.rest()).unwrap();
    assert!(come.starts_with("HTTP/1.0 200 ") || come.starts_with("HTTP/1.1 200 "), "{come}");
    assert!(come.ends_with("\r\n\r\nabc") && !come.contains("transfer-encoding"), "{come}");
    assert!(site.last().line.ends_with(" HTTP/1.1"));
    assert_eq!(site.last().header("via"), Some("1.0 kelisim"));
}

#[test]
fn a_site_of_http_1_0_is_understood() {
    let site = Origin::new(|_| Answering::Last(b"HTTP/1.0 200 Okay\r\ncontent-type: text/plain\r\n\r\nold".to_vec()));
    let gateway = Gateway::before(&site);
    let reply = gateway.plain_browser().get("/");
    assert_eq!((reply.text().as_str(), reply.complete, reply.header("via")), ("old", true, Some("1.0 kelisim")));
}

#[test]
fn one_connection_to_the_site_serves_many_requests() {
    let site = Origin::answering(ok("text/plain", "again"));
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    for _ in 0..20 {
        assert_eq!(wire.ask("GET", "/", &[]).text(), "again");
    }
    assert_eq!((site.count(), site.connections()), (20, 1));
}

#[test]
fn a_kept_connection_that_the_site_closes_is_replaced_for_what_may_be_repeated_only() {
    for (method, status, times) in
        [("GET", 200, 3), ("HEAD", 200, 3), ("DELETE", 200, 3), ("POST", 502, 2), ("PATCH", 502, 2)]
    {
        let asked = AtomicUsize::new(0);
        let site = Origin::new(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
            1 => Answering::Last(Vec::new()),
            _ => Answering::Bytes(ok("text/plain", "")),
        });
        let gateway = Gateway::before(&site);
        let mut wire = Wire::of(&gateway.plain_browser());
        assert_eq!(wire.ask("GET", "/first", &[]).status, 200);
        assert_eq!(wire.ask(method, "/second", &[]).status, status, "{method}");
        assert_eq!(site.count(), times, "{method}");
    }
}
