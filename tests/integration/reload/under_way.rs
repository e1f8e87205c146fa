//! What is under way when the configuration changes: it ends as it began, and none of it is lost.

use std::{
    io::{Read as _, Write as _},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use super::{COOKIE, add_lines, reload};
use crate::{
    harness::{Answering, Gateway, Origin, PAGE, Wire, answer},
    http2::{over_http2, request, text},
};

/// A site whose answers wait until they are let go; it tells when it has been asked.
fn waiting(answer: Vec<u8>) -> (Origin, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (asked, was_asked) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let site = Origin::new(move |request| {
        if request.target() == "/slow" {
            asked.send(()).unwrap();
            _ = wait.lock().unwrap().recv();
        }
        Answering::Bytes(answer.clone())
    });
    (site, was_asked, go)
}

#[test]
fn a_request_that_has_begun_ends_by_what_it_began_with() {
    let (site, was_asked, go) = waiting(answer("200 OK", &[("set-cookie", "basket=2")], "fine"));
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.browser());
    wire.send("GET /slow HTTP/1.1\r\nhost: shop.example\r\n\r\n");
    was_asked.recv().unwrap();
    add_lines(&gateway, COOKIE);
    go.send(()).unwrap();
    let reply = wire.reply("GET");
    assert_eq!(
        (reply.text().as_str(), reply.all("set-cookie").len()),
        ("fine", 0),
        "the answer to what was asked before"
    );
    assert_eq!(wire.ask("GET", "/", &[]).all("set-cookie"), ["basket=2"]);
}

#[test]
fn streams_of_http_2_go_on_and_the_next_one_goes_by_the_new_file() {
    let (site, was_asked, go) = waiting(answer("200 OK", &[("set-cookie", "basket=2")], "fine"));
    let gateway = Gateway::before(&site);
    over_http2(&gateway, async |mut sender| {
        let slow = tokio::spawn(sender.send_request(request("GET", "/slow", &[], b"")));
        tokio::task::spawn_blocking(move || was_asked.recv().unwrap()).await.unwrap();
        add_lines(&gateway, COOKIE);
        let next = sender.send_request(request("GET", "/", &[], b"")).await.unwrap();
        assert_eq!(next.headers()["set-cookie"], "basket=2");
        go.send(()).unwrap();
        let slow = slow.await.unwrap().unwrap();
        assert!(!slow.headers().contains_key("set-cookie"));
        assert_eq!(text(slow).await, "fine");
    });
}

#[test]
fn a_page_that_streams_is_whole_though_its_site_is_gone_meanwhile() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Arc::new(Mutex::new(wait));
    let page = PAGE.replace("<p>", &("<p>A long page.</p>".repeat(1000) + "<p>"));
    let (head, tail) = page.split_at(page.find("<p>Welcome").unwrap());
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\r\n{head}",
        page.len()
    );
    let (head, tail) = (Arc::new(head), Arc::new(tail.to_owned()));
    let site = Origin::new(move |_| {
        let (wait, head, tail) = (wait.clone(), head.clone(), tail.clone());
        Answering::Stream(Box::new(move |mut stream| {
            stream.write_all(head.as_bytes()).unwrap();
            wait.lock().unwrap().recv().unwrap();
            stream.write_all(tail.as_bytes()).unwrap();
        }))
    });
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.browser());
    wire.send(
        "GET / HTTP/1.1\r\nhost: shop.example\r\naccept: text/html\r\nsec-fetch-site: none\r\nsec-fetch-mode: navigate\r\nsec-fetch-dest: document\r\nconnection: close\r\n\r\n",
    );
    let begun = wire.until("A long page.");
    assert!(begun.contains("data-kelisim-action=\"accept\""), "{begun}");
    reload(&gateway, |text| text.replace("\"shop.example\", \"*.shop.example\"", "\"other.example\"")).unwrap();
    assert_eq!(gateway.browser().get("/").status, 421);
    go.send(()).unwrap();
    let rest = String::from_utf8(wire.rest()).unwrap();
    assert!(rest.contains("<p>Welcome</p></body></html>"), "{rest}");
}

#[test]
fn a_web_socket_lives_on_though_its_site_is_gone() {
    const ACCEPTED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    let site = Origin::new(|_| {
        Answering::Stream(Box::new(|mut stream| {
            stream.write_all(ACCEPTED).unwrap();
            let mut bytes = [0; 64];
            while let Ok(length @ 1..) = stream.read(&mut bytes) {
                stream.write_all(&bytes[..length].to_ascii_uppercase()).unwrap();
            }
        }))
    });
    let gateway = Gateway::before(&site);
    let mut socket = Wire::of(&gateway.browser());
    assert_eq!(socket.ask("GET", "/chat", &["connection: upgrade", "upgrade: websocket"]).status, 101);
    for (word, hosts) in [("one", "\"shop.example\", \"second.example\""), ("two", "\"other.example\"")] {
        reload(&gateway, |text| {
            let (before, rest) = text.split_once("hosts = [").unwrap();
            let (_, after) = rest.split_once(']').unwrap();
            format!("{before}hosts = [{hosts}]{after}")
        })
        .unwrap();
        socket.send(word);
        assert_eq!(socket.exactly(word.len()), word.to_uppercase().as_bytes());
    }
    assert_eq!(gateway.browser().get("/").status, 421);
}

#[test]
fn under_load_no_request_is_lost_and_each_goes_by_one_file() {
    let site =
        Origin::answering(answer("200 OK", &[("set-cookie", "basket=2"), ("content-type", "text/plain")], "fine"));
    // A machine that stands still for a while closes nothing.
    let patient = "[server.limits]\nhead_timeout = \"10 min\"\nidle_timeout = \"10 min\"";
    let gateway = Gateway::with(&site).server(patient).start();
    let whole = std::fs::read_to_string(gateway.path().join("kelisim.toml")).unwrap();
    let is_over = AtomicBool::new(false);
    let answered = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (is_over, answered, gateway) = (&is_over, &answered, &gateway);
        for keeps in [true, true, false] {
            scope.spawn(move || {
                let browser = if keeps { gateway.plain_browser() } else { gateway.browser() };
                let mut kept = keeps.then(|| Wire::of(&browser));
                let mut number = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let mut new = (!keeps).then(|| Wire::of(&browser));
                    let wire = kept.as_mut().or(new.as_mut()).unwrap();
                    let path = format!("/{number}");
                    let reply = wire.ask("GET", &path, &["cookie: basket=1"]);
                    assert_eq!((reply.status, reply.text().as_str()), (200, "fine"));
                    number += 1;
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for number in 0..20 {
            let before = answered.load(Ordering::Relaxed);
            let lines = if number % 2 == 0 { COOKIE } else { "" };
            assert!(reload(gateway, |_| whole.clone() + lines).unwrap().is_new);
            // Requests have been answered by each file.
            while answered.load(Ordering::Relaxed) < before + 6 {
                thread::yield_now();
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(site.count(), answered.load(Ordering::Relaxed));
    let metrics = gateway.admin("/metrics");
    let of_status =
        |status: &str| metrics.lines().any(|line| line.starts_with("kelisim_requests_total") && line.contains(status));
    assert!(of_status("status=\"2xx\"") && !of_status("status=\"5"), "{metrics}");
}
