//! Connections that change to another protocol: both sides agree, bytes go both ways, and cookies are filtered all the same.

use std::io::{Read as _, Write as _};

use crate::harness::{Answering, Gateway, Origin, Wire, ok};

const ACCEPTED: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nset-cookie: PHPSESSID=1\r\nset-cookie: _ga=2\r\n\r\n";

/// A site that agrees and repeats what it gets in capitals, until the client says no more.
fn echo() -> Origin {
    Origin::new(|_| {
        Answering::Stream(Box::new(|mut stream| {
            stream.write_all(ACCEPTED.as_bytes()).unwrap();
            let mut bytes = [0; 1024];
            while let Ok(length @ 1..) = stream.read(&mut bytes) {
                stream.write_all(&bytes[..length].to_ascii_uppercase()).unwrap();
            }
            stream.write_all(b"bye").unwrap();
        }))
    })
}

fn request(cookies: &str) -> String {
    format!(
        "GET /chat HTTP/1.1\r\nhost: shop.example\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\ncookie: {cookies}\r\n\r\n"
    )
}

#[test]
fn a_web_socket_goes_through_with_filtered_cookies() {
    let site = echo();
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.browser());
    // Bytes that follow the request at once are the new protocol's.
    wire.send(request("PHPSESSID=1; _ga=2; kelisim_view=x; __Host-kelisim=x") + "early");
    let reply = wire.reply("GET");
    assert_eq!(reply.status, 101);
    assert_eq!((reply.header("upgrade"), reply.header("connection")), (Some("websocket"), Some("upgrade")));
    assert_eq!(reply.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert!(reply.all("set-cookie").iter().all(|line| !line.starts_with("_ga=2")));
    assert!(reply.all("set-cookie").contains(&"PHPSESSID=1"));
    let seen = site.last();
    assert_eq!((seen.header("upgrade"), seen.header("connection")), (Some("websocket"), Some("upgrade")));
    assert_eq!(seen.header("cookie"), Some("PHPSESSID=1"));
    assert_eq!(wire.exactly(5), b"EARLY");
    for word in ["one", "two", "three"] {
        wire.send(word);
        assert_eq!(wire.exactly(word.len()), word.to_uppercase().as_bytes());
    }
}

#[test]
fn our_own_cookies_are_not_sent_with_an_upgrade_after_a_choice_either() {
    let site = echo();
    let pages = Origin::answering(ok("text/html", crate::harness::PAGE));
    let chosen = Gateway::before(&pages);
    let mut anna = chosen.browser();
    anna.choose("accept");
    let cookies: Vec<_> = anna.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let gateway = chosen.stopped(&site).start();
    let mut wire = Wire::of(&gateway.browser());
    wire.send(request(&format!("{}; _ga=2", cookies.join("; "))));
    assert_eq!(wire.reply("GET").status, 101);
    assert_eq!(site.last().header("cookie"), Some("_ga=2"), "the choice counts, its record stays here");
}

#[test]
fn an_upgrade_goes_through_where_everything_does() {
    let site = echo();
    let gateway = Gateway::with(&site).tables("[[site.path]]\nprefix = \"/chat\"\npass_through = true").start();
    let mut wire = Wire::of(&gateway.browser());
    wire.send(request("_ga=2; kelisim_view=x"));
    assert_eq!(wire.reply("GET").status, 101);
    assert_eq!(site.last().header("cookie"), Some("_ga=2"));
    wire.send("x");
    assert_eq!(wire.exactly(1), b"X");
}

#[test]
fn each_side_may_end_the_upgraded_connection() {
    let site = Origin::new(|_| {
        Answering::Stream(Box::new(|mut stream| {
            stream.write_all((ACCEPTED.to_owned() + "last words").as_bytes()).unwrap();
        }))
    });
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    wire.send(request("a=1"));
    assert_eq!(wire.reply("GET").status, 101);
    assert_eq!(wire.exactly(10), b"last words");
}

#[test]
fn a_site_that_does_not_agree_answers_as_usual() {
    let site = Origin::answering(ok("text/plain", "no sockets here"));
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    for _ in 0..2 {
        wire.send(request("a=1"));
        let reply = wire.reply("GET");
        assert_eq!((reply.status, reply.text().as_str()), (200, "no sockets here"));
    }
}

#[test]
fn http_itself_is_no_protocol_to_change_to() {
    // In HTTP/2 without TLS a client could speak to the site past every filter.
    let site = Origin::answering(ok("text/plain", ""));
    let gateway = Gateway::before(&site);
    for protocol in ["h2c", "H2C", "HTTP/2.0", "TLS/1.0, HTTP/1.1", "websocket, h2c"] {
        let lines =
            [&format!("upgrade: {protocol}"), "connection: upgrade, http2-settings", "http2-settings: AAMAAABk"];
        let reply = Wire::of(&gateway.plain_browser()).ask("GET", "/", &lines);
        assert_eq!((reply.status, site.last().header("upgrade")), (200, None), "{protocol}");
        assert_eq!(site.last().header("connection"), None, "{protocol}");
    }
}

#[test]
fn a_change_that_nobody_asked_for_is_a_fault_of_the_site() {
    let site = Origin::answering(ACCEPTED.as_bytes().to_vec());
    let gateway = Gateway::before(&site);
    assert_eq!(gateway.plain_browser().get("/").status, 502);
}
