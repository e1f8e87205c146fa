//! Connections that give back their memory while nothing happens on them: whoever speaks on one notices nothing.

use std::io::{Read as _, Write as _};

use crate::harness::{Answering, Gateway, Origin, Wire, chunked, ok};

const GET: &str = "GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n";

/// A gateway whose connections rest at every chance, and a plain connection and one by TLS.
fn resting(site: &Origin) -> (Gateway, [Wire; 2]) {
    let gateway = Gateway::with(site).resting_at_once().start();
    let wires = [Wire::of(&gateway.plain_browser()), Wire::of(&gateway.browser())];
    (gateway, wires)
}

fn site() -> Origin {
    Origin::new(|request| Answering::Bytes(ok("text/plain", &String::from_utf8_lossy(&request.body))))
}

#[test]
fn requests_follow_each_other_on_one_connection() {
    let site = site();
    let (_gateway, wires) = resting(&site);
    for mut wire in wires {
        for number in 0..5 {
            let reply = wire.ask("GET", &format!("/{number}"), &[]);
            assert_eq!((reply.status, reply.header("connection")), (200, None));
            assert_eq!(site.last().target(), format!("/{number}"));
        }
    }
}

#[test]
fn heads_and_bodies_come_in_any_pieces() {
    let site = site();
    let (_gateway, wires) = resting(&site);
    let body = chunked(&[b"two", b"three"]);
    let chunks =
        [b"POST / HTTP/1.1\r\nhost: shop.example\r\ntransfer-encoding: chunked\r\n\r\n", body.as_slice()].concat();
    let length = "POST / HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 3\r\n\r\none".as_bytes();
    let requests = [length, GET.as_bytes(), &chunks, GET.as_bytes(), length];
    let expected = ["one", "", "twothree", "", "one"];
    let all = requests.concat();
    for mut wire in wires {
        for piece in [1, 2, 7, 50, 61, all.len() - 1, all.len()] {
            for bytes in all.chunks(piece) {
                wire.send(bytes);
            }
            let come: Vec<String> = expected.iter().map(|_| wire.reply("GET").text()).collect();
            assert_eq!(come, expected, "pieces of {piece}");
        }
    }
}

#[test]
fn a_head_that_came_in_part_with_the_request_before_it_goes_on() {
    let site = site();
    let (_gateway, wires) = resting(&site);
    for mut wire in wires {
        wire.send(GET.to_owned() + "GET /second HT");
        assert_eq!(wire.reply("GET").status, 200);
        wire.send("TP/1.1\r\nhost: shop.example\r\n\r\n");
        assert_eq!(wire.reply("GET").status, 200);
        assert_eq!(site.last().target(), "/second");
    }
}

#[test]
fn what_follows_an_answer_to_an_unread_body_is_no_request() {
    let site = site();
    let (_gateway, wires) = resting(&site);
    let smuggled = "GET /smuggled HTTP/1.1\r\nhost: shop.example\r\n\r\n";
    for mut wire in wires {
        assert_eq!(wire.ask("GET", "/", &[]).status, 200);
        // No such host: it is refused before its body has come.
        let length = smuggled.len();
        wire.send(format!("POST / HTTP/1.1\r\nhost: unknown.example\r\ncontent-length: {length}\r\n\r\n"));
        let status = wire.reply("POST").status;
        assert!((400..500).contains(&status), "{status}");
        wire.try_send(smuggled);
        wire.try_send("GET /after HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n");
        _ = wire.rest();
        assert_ne!(site.last().target(), "/smuggled");
    }
}

#[test]
fn a_client_that_waits_before_its_body_is_told_to_go_on() {
    let site = site();
    let (_gateway, wires) = resting(&site);
    for mut wire in wires {
        assert_eq!(wire.ask("GET", "/", &[]).status, 200);
        wire.send("POST / HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n");
        wire.until("HTTP/1.1 100 Continue\r\n\r\n");
        wire.send("body");
        assert_eq!(wire.reply("POST").text(), "body");
        assert_eq!(wire.ask("GET", "/", &[]).status, 200);
    }
}

#[test]
fn a_connection_closes_when_its_client_asks_for_it() {
    let site = site();
    let (_gateway, wires) = resting(&site);
    for mut wire in wires {
        assert_eq!(wire.ask("GET", "/", &[]).status, 200);
        assert_eq!(wire.ask("GET", "/", &["connection: close"]).status, 200);
        assert!(wire.rest().is_empty());
    }
    let (_gateway, wires) = resting(&site);
    for mut wire in wires {
        for _ in 0..2 {
            wire.send("GET / HTTP/1.0\r\nhost: shop.example\r\nconnection: keep-alive\r\n\r\n");
            assert_eq!(wire.reply("GET").header("connection"), Some("keep-alive"));
        }
        wire.send("GET / HTTP/1.0\r\nhost: shop.example\r\n\r\n");
        assert!(!wire.rest().is_empty());
    }
}

#[test]
fn a_client_that_takes_its_time_gets_all_of_an_answer() {
    let page = "x".repeat(8 * 1024 * 1024);
    let sent = ok("text/plain", &page);
    let site = Origin::answering(sent);
    let (_gateway, wires) = resting(&site);
    for mut wire in wires {
        for _ in 0..2 {
            wire.send(GET);
            let mut second = Wire::of(&_gateway.plain_browser());
            assert_eq!(second.ask("GET", "/", &[]).body.len(), page.len(), "others are served meanwhile");
            assert_eq!(wire.reply("GET").body.len(), page.len());
        }
    }
}

#[test]
fn a_connection_that_rested_can_change_to_another_protocol() {
    let accepted = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    let site = Origin::new(move |request| match request.target() {
        "/socket" => Answering::Stream(Box::new(|mut stream| {
            stream.write_all(accepted).unwrap();
            let mut bytes = [0; 64];
            while let Ok(length @ 1..) = stream.read(&mut bytes) {
                stream.write_all(&bytes[..length].to_ascii_uppercase()).unwrap();
            }
        })),
        _ => Answering::Bytes(ok("text/plain", "fine")),
    });
    let (_gateway, wires) = resting(&site);
    for mut wire in wires {
        assert_eq!(wire.ask("GET", "/", &[]).status, 200);
        wire.send(
            "GET /socket HTTP/1.1\r\nhost: shop.example\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nearly",
        );
        assert_eq!(wire.reply("GET").status, 101);
        assert_eq!(wire.exactly(5), b"EARLY");
        wire.send("late");
        assert_eq!(wire.exactly(4), b"LATE");
    }
}

#[test]
fn a_connection_that_rests_keeps_its_place_in_the_limit() {
    let site = site();
    let gateway = Gateway::with(&site).server("[server.limits]\nconnections = 1").resting_at_once().start();
    let mut first = Wire::of(&gateway.browser());
    assert_eq!(first.ask("GET", "/first", &[]).status, 200);
    let mut second = Wire::of(&gateway.plain_browser());
    second.send(GET);
    assert!(gateway.admin("/metrics").contains("kelisim_connections 1"));
    assert_eq!(first.ask("GET", "/first", &[]).status, 200);
    assert_eq!(site.last().target(), "/first");
    drop(first);
    assert_eq!(second.reply("GET").status, 200);
}

#[test]
fn connections_that_rest_close_when_the_gateway_stops() {
    let site = site();
    let (gateway, wires) = resting(&site);
    let wires = wires.map(|mut wire| {
        assert_eq!(wire.ask("GET", "/", &[]).status, 200);
        wire
    });
    drop(gateway);
    assert!(wires.into_iter().all(|mut wire| wire.rest().is_empty()));
}
