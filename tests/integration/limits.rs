//! What one client may take: bytes, lines, time and connections. Only here do tests wait for seconds to pass.

use std::{
    io::{Read as _, Write as _},
    time::{Duration, Instant},
};

use crate::harness::{Answering, Gateway, Origin, Wire, ok};

fn limited(site: &Origin, lines: &str) -> Gateway {
    Gateway::with(site).server(&format!("[server.limits]\n{lines}")).start()
}

fn site() -> Origin {
    Origin::answering(ok("text/plain", "fine"))
}

/// The same, and a WebSocket on which nothing comes, for who asks for one.
pub(crate) fn site_with_web_sockets() -> Origin {
    let accepted = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    Origin::new(move |request| match request.header("upgrade") {
        Some(_) => Answering::Stream(Box::new(|mut stream| {
            stream.write_all(accepted).unwrap();
            _ = stream.read(&mut [0; 8]);
        })),
        None => Answering::Bytes(ok("text/plain", "fine")),
    })
}

#[test]
fn a_head_that_is_too_large_is_refused_and_ends_the_connection() {
    let site = site();
    let gateway = limited(&site, "head_bytes = 8192\nhead_lines = 16");
    let lines: String = (0..40).map(|number| format!("x-{number}: 1\r\n")).collect();
    let cases = [
        ("bytes", format!("GET / HTTP/1.1\r\nhost: shop.example\r\nx-a: {}\r\n\r\n", "x".repeat(9000))),
        ("lines", format!("GET / HTTP/1.1\r\nhost: shop.example\r\n{lines}\r\n")),
        ("target", format!("GET /{} HTTP/1.1\r\nhost: shop.example\r\n\r\n", "x".repeat(9000))),
        ("no end", format!("GET / HTTP/1.1\r\nhost: shop.example\r\nx-a: {}", "x".repeat(100_000))),
    ];
    for (name, head) in cases {
        let mut wire = Wire::of(&gateway.plain_browser());
        wire.try_send(&head);
        let come = String::from_utf8_lossy(&wire.rest()).into_owned();
        assert!(come.is_empty() || come.starts_with("HTTP/1.1 431 "), "{name}: {come}");
        assert_eq!(site.count(), 0, "{name}");
    }
    let cookies = format!("cookie: a={}", "x".repeat(6000));
    assert_eq!(Wire::of(&gateway.plain_browser()).ask("GET", "/", &[&cookies]).status, 200, "within the limit");
}

#[test]
fn a_head_that_trickles_in_is_cut_off() {
    let site = site();
    let gateway = limited(&site, "head_timeout = \"1 s\"");
    let mut patient = Wire::of(&gateway.plain_browser());
    assert_eq!(patient.ask("GET", "/", &[]).status, 200);
    let mut wire = Wire::of(&gateway.plain_browser());
    let begun = Instant::now();
    let mut tls = Wire::of(&gateway.browser());
    tls.send("GET / HT");
    wire.send("GET / HTTP/1.1\r\nhost: shop.example\r\n");
    // A line now and then does not buy more time: whoever waits for the end is told.
    while begun.elapsed() < Duration::from_millis(1500) {
        wire.try_send("x-a: 1\r\n");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(wire.rest().is_empty() && tls.rest().is_empty());
    assert_eq!(site.count(), 1);
    assert_eq!(patient.ask("GET", "/", &[]).status, 200, "an idle connection is not a slow head");
}

#[test]
fn an_idle_connection_is_closed() {
    let site = site();
    let gateway = limited(&site, "idle_timeout = \"1 s\"");
    let mut silent = Wire::of(&gateway.plain_browser());
    let mut used = Wire::of(&gateway.browser());
    assert_eq!(used.ask("GET", "/", &[]).status, 200);
    assert!(used.rest().is_empty() && silent.rest().is_empty());
}

#[test]
fn one_connection_more_than_the_limit_waits_until_another_ends() {
    let site = site();
    let gateway = limited(&site, "connections = 1");
    for _ in 0..8 {
        let mut first = Wire::of(&gateway.plain_browser());
        assert_eq!(first.ask("GET", "/first", &[]).status, 200);
        let mut second = Wire::of(&gateway.plain_browser());
        second.send("GET /second HTTP/1.1\r\nhost: shop.example\r\n\r\n");
        assert_eq!(first.ask("GET", "/first", &[]).status, 200);
        assert_eq!(site.last().target(), "/first", "the second waits");
        drop(first);
        assert_eq!(second.reply("GET").status, 200);
    }
}

#[test]
fn an_upgraded_connection_keeps_its_place_in_the_limit() {
    let site = site_with_web_sockets();
    let gateway = limited(&site, "connections = 1");
    let mut socket = Wire::of(&gateway.plain_browser());
    assert_eq!(socket.ask("GET", "/socket", &["connection: upgrade", "upgrade: websocket"]).status, 101);
    let mut second = Wire::of(&gateway.plain_browser());
    second.send("GET /second HTTP/1.1\r\nhost: shop.example\r\n\r\n");
    assert!(gateway.admin("/metrics").contains("kelisim_connections 1"));
    assert_eq!(site.count(), 1);
    drop(socket);
    assert_eq!(second.reply("GET").status, 200);
}

#[test]
fn a_web_socket_has_its_place_among_connections_to_the_site_until_it_ends() {
    let site = site_with_web_sockets();
    let gateway = limited(&site, "upstream_connections = 1");
    let mut socket = Wire::of(&gateway.plain_browser());
    assert_eq!(socket.ask("GET", "/", &["connection: upgrade", "upgrade: websocket"]).status, 101);
    let reply = gateway.browser().get("/");
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("5")));
    let counted = "kelisim_upstream_failures_total{reason=\"too_many\",site=\"shop.example\"} 1\n";
    assert!(gateway.admin("/metrics").contains(counted));
    drop(socket);
    let started = Instant::now();
    while gateway.browser().get("/").status != 200 {
        assert!(started.elapsed() < Duration::from_secs(20), "its place is never free again");
    }
}

#[test]
fn connections_that_are_kept_for_the_next_request_make_room() {
    let site = site();
    let gateway = limited(&site, "upstream_connections = 1");
    // On both cores, each of which keeps its own.
    let mut wires: Vec<_> = (0..8).map(|_| Wire::of(&gateway.plain_browser())).collect();
    for _ in 0..3 {
        for wire in &mut wires {
            assert_eq!(wire.ask("GET", "/", &[]).status, 200);
        }
    }
    assert!(gateway.admin("/metrics").contains("kelisim_upstream_connections 1\n"));
}
