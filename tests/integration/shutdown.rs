//! The end: requests in flight finish, idle connections close, and nothing holds the gateway longer than `drain_timeout`.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use crate::harness::{Answering, Gateway, Origin, Wire, ok};

/// How long a stop may take that nobody holds up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Begins to stop a gateway, and waits until nobody listens any more.
fn stopping(gateway: Gateway) -> mpsc::Receiver<()> {
    let address = gateway.http();
    let (ended, has_ended) = mpsc::channel();
    thread::spawn(move || {
        drop(gateway);
        _ = ended.send(());
    });
    while TcpStream::connect(address).is_ok() {
        thread::yield_now();
    }
    has_ended
}

/// A site whose answers wait until they are let go; it tells when it has been asked.
fn waiting() -> (Origin, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (asked, was_asked) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let site = Origin::new(move |request| {
        if request.target() == "/slow" {
            asked.send(()).unwrap();
            _ = wait.lock().unwrap().recv();
        }
        Answering::Bytes(ok("text/plain", "fine"))
    });
    (site, was_asked, go)
}

#[test]
fn a_request_in_flight_finishes_and_idle_connections_close() {
    let (site, was_asked, go) = waiting();
    let gateway = Gateway::before(&site);
    let address = gateway.http();
    let mut idle = Wire::of(&gateway.plain_browser());
    let mut idle_tls = Wire::of(&gateway.browser());
    let mut busy = Wire::of(&gateway.browser());
    assert_eq!(idle.ask("GET", "/", &[]).status, 200);
    assert_eq!(idle_tls.ask("GET", "/", &[]).status, 200);
    busy.send("GET /slow HTTP/1.1\r\nhost: shop.example\r\n\r\n");
    was_asked.recv().unwrap();
    let stopping = thread::spawn(move || drop(gateway));
    // Only a gateway that is stopping closes these two.
    assert!(idle.rest().is_empty() && idle_tls.rest().is_empty());
    go.send(()).unwrap();
    let reply = busy.reply("GET");
    assert_eq!((reply.status, reply.text().as_str()), (200, "fine"));
    // Whether its thread knew of the stop when it wrote the head or after, the connection ends with this answer.
    assert!(busy.rest().is_empty());
    stopping.join().unwrap();
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
}

#[test]
fn what_takes_longer_than_the_time_to_drain_is_dropped() {
    let (site, was_asked, go) = waiting();
    let gateway = Gateway::before(&site);
    let mut busy = Wire::of(&gateway.plain_browser());
    busy.send("GET /slow HTTP/1.1\r\nhost: shop.example\r\n\r\n");
    was_asked.recv().unwrap();
    drop(gateway);
    assert!(busy.rest().is_empty(), "broken off without an answer");
    drop(go);
}

#[test]
fn an_upgraded_connection_does_not_hold_the_end_up() {
    let accepted = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    let site = Origin::new(move |_| {
        Answering::Stream(Box::new(|mut stream| {
            stream.write_all(accepted).unwrap();
            _ = stream.read(&mut [0; 8]);
        }))
    });
    // Not even where requests have all the time that they want.
    let gateway = patient(&site);
    let mut socket = Wire::of(&gateway.plain_browser());
    assert_eq!(socket.ask("GET", "/", &["connection: upgrade", "upgrade: websocket"]).status, 101);
    drop(gateway);
    assert!(socket.rest().is_empty());
}

#[test]
fn who_has_said_nothing_does_not_hold_the_end_up_either() {
    let site = Origin::answering(ok("text/plain", "fine"));
    let gateway = patient(&site);
    let (http, https) = (gateway.http(), gateway.https());
    let mut silent: Vec<_> = [http, https].map(|address| TcpStream::connect(address).unwrap()).into();
    let mut half = TcpStream::connect(http).unwrap();
    half.write_all(b"GET / HT").unwrap();
    let mut asks = Wire::of(&gateway.plain_browser());
    assert_eq!(asks.ask("GET", "/", &[]).status, 200);
    stopping(gateway).recv_timeout(PATIENCE).expect("the stop waits for who says nothing");
    silent.push(half);
    for mut stream in silent {
        let mut come = Vec::new();
        // What was sent and not read makes the end a reset.
        _ = stream.read_to_end(&mut come);
        assert!(come.is_empty(), "{}", String::from_utf8_lossy(&come));
    }
}

#[test]
fn who_connected_before_the_stop_and_asks_after_it_is_answered() {
    let site = Origin::answering(ok("text/plain", "fine"));
    let gateway = patient(&site);
    let mut fresh = [gateway.plain_browser(), gateway.browser()].map(|browser| Wire::of(&browser));
    let mut half = Wire::of(&gateway.plain_browser());
    half.send("GET / HT");
    let started = Instant::now();
    while !gateway.admin("/metrics").contains("kelisim_connections 3\n") {
        assert!(started.elapsed() < PATIENCE, "they are never accepted");
    }
    let ended = stopping(gateway);
    for wire in &mut fresh {
        wire.send("GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n");
    }
    half.send("TP/1.1\r\nhost: shop.example\r\n\r\n");
    for wire in fresh.iter_mut().chain([&mut half]) {
        let reply = wire.reply("GET");
        assert_eq!((reply.status, reply.text().as_str()), (200, "fine"));
        assert_eq!(reply.header("connection"), Some("close"));
        assert!(wire.rest().is_empty());
    }
    ended.recv_timeout(PATIENCE).expect("the stop waits for who was answered");
}

/// A gateway that waits for as long as requests need, and for heads too.
fn patient(site: &Origin) -> Gateway {
    let limits = "[server.limits]\nhead_timeout = \"10 min\"";
    Gateway::with(site).draining_for("10 min").server(limits).start()
}

#[test]
fn a_gateway_begins_again_where_another_ended() {
    let site = Origin::answering(ok("text/plain", "fine"));
    let gateway = Gateway::before(&site).stopped(&site).start();
    assert_eq!(gateway.browser().get("/").text(), "fine");
}
