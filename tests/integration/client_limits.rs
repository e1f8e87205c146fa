//! What one client may have of what there is for all. Clients are told apart by what a proxy of connections says of them.

use std::{
    io::Read as _,
    sync::mpsc,
    time::{Duration, Instant},
};

use crate::{
    harness::{Answering, Browser, Gateway, Origin, Wire, ok},
    limits::site_with_web_sockets,
};

/// How long anything may take that happens at once.
const SOON: Duration = Duration::from_secs(20);

const GREEDY: &str = "198.51.100.77";
const MODEST: &str = "203.0.113.5";

fn gateway(site: &Origin, limits: &str) -> Gateway {
    Gateway::with(site).server(&format!("proxy_protocol_from = [\"127.0.0.1\"]\n[server.limits]\n{limits}")).start()
}

fn from(client: &str, browser: Browser) -> Browser {
    browser.beginning_with(format!("PROXY TCP4 {client} 192.0.2.1 56324 443\r\n"))
}

#[test]
fn one_client_has_its_share_of_connections_and_others_find_theirs() {
    let site = Origin::answering(ok("text/plain", "fine"));
    let gateway = gateway(&site, "connections_per_client = 3");
    let of = |client| [from(client, gateway.plain_browser()), from(client, gateway.browser())];
    let mut held: Vec<_> = of(GREEDY).iter().chain(&of(GREEDY)[..1]).map(Wire::of).collect();
    for wire in &mut held {
        assert_eq!(wire.ask("GET", "/", &[]).status, 200);
    }
    for _ in 0..4 {
        assert!(Wire::of(&of(GREEDY)[0]).rest().is_empty(), "a fourth is closed");
    }
    let metrics = gateway.admin("/metrics");
    assert!(metrics.contains("kelisim_client_limits_total{reason=\"connections_per_client\"} 4\n"), "{metrics}");
    for browser in &mut of(MODEST) {
        assert_eq!(browser.get("/").status, 200);
    }
    for wire in &mut held {
        assert_eq!(wire.ask("GET", "/", &[]).status, 200, "what it has it keeps");
    }
    drop(held);
    let begun = Instant::now();
    loop {
        let mut wire = Wire::of(&of(GREEDY)[0]);
        wire.try_send("GET / HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n");
        if wire.rest().starts_with(b"HTTP/1.1 200 ") {
            break;
        }
        assert!(begun.elapsed() < SOON, "its share is never free again");
    }
}

#[test]
fn one_client_has_its_share_of_requests_keeps_its_choices_and_others_find_the_site() {
    let (asked, arrives) = mpsc::channel();
    let site = Origin::new(move |request| match request.target() {
        // Answered with nothing, until whoever asked is gone.
        "/slow" => {
            asked.send(()).unwrap();
            Answering::Stream(Box::new(|mut stream| _ = stream.read(&mut [0; 8])))
        }
        _ => Answering::Bytes(ok("text/plain", "fine")),
    });
    let gateway = gateway(&site, "requests_per_client = 2");
    let mut held: Vec<_> = (0..2).map(|_| Wire::of(&from(GREEDY, gateway.plain_browser()))).collect();
    for wire in &mut held {
        wire.send("GET /slow HTTP/1.1\r\nhost: shop.example\r\n\r\n");
        arrives.recv_timeout(SOON).unwrap();
    }
    let reply = from(GREEDY, gateway.browser()).sending("accept-language", "en").get("/");
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("5")));
    assert!(reply.text().contains("Too many requests"), "{}", reply.text());
    assert_eq!(from(GREEDY, gateway.browser()).get("/_kelisim/settings").status, 200, "what it chose it can change");
    assert_eq!(from(MODEST, gateway.browser()).get("/").status, 200);
    let metrics = gateway.admin("/metrics");
    assert!(metrics.contains("kelisim_client_limits_total{reason=\"requests_per_client\"} 1\n"), "{metrics}");
    drop(held);
    let begun = Instant::now();
    while from(GREEDY, gateway.browser()).get("/").status != 200 {
        assert!(begun.elapsed() < SOON, "its share is never free again");
    }
}

#[test]
fn a_web_socket_is_a_connection_and_a_request_of_its_client_as_long_as_it_lives() {
    let site = site_with_web_sockets();
    let upgrade = ["connection: upgrade", "upgrade: websocket"];
    for (limit, count) in [("connections_per_client", "2"), ("requests_per_client", "1")] {
        let gateway = gateway(&site, &format!("{limit} = {count}"));
        let mut socket = Wire::of(&from(GREEDY, gateway.plain_browser()));
        assert_eq!(socket.ask("GET", "/", &upgrade).status, 101);
        // hyper has let the connection go by now, and whoever has it is still there.
        let refused = || gateway.admin("/metrics").contains("kelisim_client_limits_total{");
        let mut other = Wire::of(&from(GREEDY, gateway.plain_browser()));
        other.send("GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n");
        if limit == "connections_per_client" {
            assert_eq!((other.reply("GET").status, refused()), (200, false));
            assert!(Wire::of(&from(GREEDY, gateway.plain_browser())).rest().is_empty(), "a third is closed");
        } else {
            assert_eq!(other.reply("GET").status, 429);
        }
        assert!(refused());
        assert_eq!(from(MODEST, gateway.plain_browser()).get("/").status, 200);
    }
}

#[test]
fn who_speaks_for_many_is_not_one_client() {
    let site = Origin::answering(ok("text/plain", "fine"));
    let limits = "[server.limits]\nconnections_per_client = 1\nrequests_per_client = 1";
    let gateway = Gateway::with(&site)
        .server(&format!("trusted_proxies = [\"198.51.100.0/24\"]\nproxy_protocol_from = [\"127.0.0.2\"]\n{limits}"));
    let gateway = gateway.start();
    // From this machine, and through a proxy of requests that another of connections announces.
    let local: Vec<_> = (0..3).map(|_| gateway.plain_browser()).collect();
    let proxied: Vec<_> = (0..3).map(|_| from(GREEDY, gateway.plain_browser()).coming_from([127, 0, 0, 2])).collect();
    let mut held: Vec<_> = local.iter().chain(&proxied).map(Wire::of).collect();
    for wire in &mut held {
        assert_eq!(wire.ask("GET", "/", &[]).status, 200);
    }
}
