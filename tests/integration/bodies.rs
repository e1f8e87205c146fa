//! Bodies in both directions: whole, in order, as fast as the slower side takes them, and never collected in memory.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::harness::{Answering, Gateway, Origin, Wire, chunked, ok};

/// Bytes of a large body: many times what may be under way, and still a matter of seconds in a debug build.
const LARGE: usize = 1 << 30;
/// By how much the process may grow while a large body goes through, in bytes. Socket buffers are the kernel's.
const MOST_GROWTH: usize = 64 << 20;
/// Most bytes that the system and the gateway take from a site whose client does not read: the socket buffers of two connections.
const MOST_UNDER_WAY: usize = 64 << 20;
const PART: usize = 64 * 1024;

/// Resident memory of this process (the gateway runs in it), in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[test]
fn bodies_arrive_as_they_were_sent_in_either_framing() {
    let site = Origin::new(|request| {
        Answering::Bytes(if request.target() == "/chunked" {
            let parts: Vec<&[u8]> = request.body.chunks(1000).collect();
            [&b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"[..], &chunked(&parts)].concat()
        } else {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", request.body.len());
            [head.as_bytes(), &request.body].concat()
        })
    });
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    for size in [0, 1, 4096, 65_536, 300_001] {
        let body: Vec<u8> = (0..size).map(|number: u32| (number % 251) as u8).collect();
        for method in ["POST", "PUT", "GET", "DELETE", "REPORT"] {
            let target = if size % 2 == 0 { "/length" } else { "/chunked" };
            let head = format!("{method} {target} HTTP/1.1\r\nhost: shop.example\r\n");
            wire.send([format!("{head}content-length: {size}\r\n\r\n").as_bytes(), &body].concat());
            let reply = wire.reply(method);
            assert!(reply.complete && reply.body == body, "{method} {size} by length");
            assert_eq!(site.last().header("transfer-encoding"), None);
            let parts: Vec<&[u8]> = body.chunks(777).collect();
            wire.send([format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes(), &chunked(&parts)].concat());
            let reply = wire.reply(method);
            assert!(reply.complete && reply.body == body, "{method} {size} by chunks");
            assert_eq!(site.last().header("content-length"), None);
        }
    }
    assert_eq!(site.connections(), 1);
}

#[test]
fn a_large_download_does_not_collect_in_memory() {
    let site = Origin::new(|_| {
        Answering::Stream(Box::new(|mut stream| {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n").unwrap();
            for _ in 0..LARGE / PART {
                stream.write_all(&[7; PART]).unwrap();
            }
        }))
    });
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    wire.send("GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n");
    wire.until("\r\n\r\n");
    let (before, mut most, mut left, mut turns) = (resident(), 0, LARGE, 0_usize);
    while left > 0 {
        left -= wire.swallow();
        turns += 1;
        if turns.is_multiple_of(1000) {
            most = most.max(resident());
        }
    }
    assert!(most > 0 && most < before + MOST_GROWTH, "{} MiB more", (most - before) >> 20);
}

#[test]
fn a_large_upload_does_not_collect_in_memory() {
    let site = Origin::raw(|mut stream| {
        let (mut part, mut come) = (vec![0; PART], 0);
        // The head comes first and is a little; what counts is that all of the body comes.
        while come < LARGE {
            come += stream.read(&mut part).unwrap();
        }
        stream.write_all(&ok("text/plain", "thanks")).unwrap();
    });
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    wire.send(format!("POST / HTTP/1.1\r\nhost: shop.example\r\ncontent-length: {LARGE}\r\n\r\n"));
    let (before, mut most) = (resident(), 0);
    for number in 0..LARGE / PART {
        wire.send([7; PART]);
        if number % 1000 == 0 {
            most = most.max(resident());
        }
    }
    assert_eq!(wire.reply("POST").text(), "thanks");
    assert!(most > 0 && most < before + MOST_GROWTH, "{} MiB more", (most - before) >> 20);
}

#[test]
fn a_site_waits_for_a_client_that_does_not_read() {
    let (tell, told) = mpsc::channel();
    let site = Origin::new(move |_| {
        let tell = tell.clone();
        Answering::Stream(Box::new(move |mut stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/zip\r\n\r\n").unwrap();
            // A write that finds no room for this long has met back-pressure.
            stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
            let mut sent = 0;
            let stopped = loop {
                match stream.write(&[7; PART]) {
                    Ok(length) if sent < 4 * MOST_UNDER_WAY => sent += length,
                    Ok(_) => break None,
                    Err(error) => break Some(error.kind()),
                }
            };
            tell.send((sent, stopped)).unwrap();
        }))
    });
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    wire.send("GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n");
    let (sent, stopped) = told.recv().unwrap();
    assert_eq!(stopped, Some(ErrorKind::WouldBlock), "{sent} bytes");
    assert!(sent < MOST_UNDER_WAY, "{sent} bytes");
}

#[test]
fn the_first_bytes_of_a_page_reach_the_client_before_the_last_have_left_the_site() {
    let first = "<!DOCTYPE html><html><head><title>Slow</title></head><body><p>first</p>";
    for coding in ["identity", "gzip"] {
        let (go, wait) = mpsc::channel::<()>();
        let wait = std::sync::Arc::new(std::sync::Mutex::new(wait));
        let site = Origin::new(move |_| {
            let wait = wait.clone();
            Answering::Stream(Box::new(move |mut stream| {
                let coded = if coding == "gzip" { "content-encoding: gzip\r\n" } else { "" };
                write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\n{coded}\r\n").unwrap();
                let mut page: Box<dyn std::io::Write> = match coding {
                    "gzip" => Box::new(flate2::write::GzEncoder::new(stream, flate2::Compression::fast())),
                    _ => Box::new(stream),
                };
                page.write_all(first.as_bytes()).unwrap();
                page.flush().unwrap();
                wait.lock().unwrap().recv().unwrap();
                page.write_all(b"<p>last</p></body></html>").unwrap();
            }))
        });
        let gateway = Gateway::before(&site);
        let mut wire = Wire::of(&gateway.browser());
        wire.send("GET / HTTP/1.1\r\nhost: shop.example\r\naccept: text/html\r\naccept-encoding: gzip\r\n\r\n");
        let head = wire.until("\r\n\r\n");
        assert!(head.contains("transfer-encoding: chunked"), "{head}");
        // Decodes chunk by chunk until the first paragraph is there; the site has not been let go on yet.
        let mut decoder = flate2::write::GzDecoder::new(Vec::new());
        let mut plain = Vec::new();
        let has = |bytes: &[u8], text: &str| String::from_utf8_lossy(bytes).contains(text);
        let mut next = |plain: &mut Vec<u8>| {
            let size = wire.until("\r\n");
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            let bytes = wire.exactly(size + 2);
            match coding {
                "gzip" => {
                    decoder.write_all(&bytes[..size]).unwrap();
                    decoder.flush().unwrap();
                    plain.clone_from(decoder.get_ref());
                }
                _ => plain.extend_from_slice(&bytes[..size]),
            }
            size
        };
        while !has(&plain, "<p>first</p>") {
            assert_ne!(next(&mut plain), 0, "{coding}: the page ended");
        }
        assert!(has(&plain, "data-kelisim-action=\"accept\"") && !has(&plain, "last"), "{coding}");
        go.send(()).unwrap();
        while next(&mut plain) != 0 {}
        assert!(has(&plain, "<p>last</p></body></html>"), "{coding}");
    }
}

#[test]
fn a_client_s_body_that_stands_still_or_ends_too_early_is_no_request() {
    let site = Origin::answering(ok("text/plain", ""));
    let gateway = Gateway::with(&site).tables("[site.timeouts]\nbody = \"1 s\"").start();
    let mut still = Wire::of(&gateway.plain_browser());
    still.send("POST / HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 10\r\n\r\nhalf");
    assert_eq!(still.reply("POST").status, 408);
    assert!(still.rest().is_empty(), "what comes later is no request");
    for framing in [
        "content-length: 10\r\n\r\nhalf",
        "transfer-encoding: chunked\r\n\r\na\r\nhalf",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let mut gone = Wire::of(&gateway.plain_browser());
        gone.send(format!("POST / HTTP/1.1\r\nhost: shop.example\r\n{framing}"));
        drop(gone);
    }
    assert_eq!(gateway.plain_browser().get("/").status, 200);
    assert_eq!(site.count(), 1, "the site took none of them for a whole request");
}

#[test]
fn a_client_that_goes_away_while_the_site_thinks_ends_the_site_s_work() {
    let (tell, told) = mpsc::channel();
    let site = Origin::new(move |_| {
        let tell = tell.clone();
        Answering::Stream(Box::new(move |mut stream| {
            tell.send(()).unwrap();
            _ = stream.read(&mut [0; 8]);
            tell.send(()).unwrap();
        }))
    });
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    wire.send("GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n");
    told.recv_timeout(Duration::from_secs(20)).unwrap();
    drop(wire);
    told.recv_timeout(Duration::from_secs(20)).expect("the site is told that nobody waits");
}

#[test]
fn a_client_that_goes_away_ends_the_site_s_work() {
    let (tell, told) = mpsc::channel();
    let site = Origin::new(move |_| {
        let tell = tell.clone();
        Answering::Stream(Box::new(move |mut stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/zip\r\n\r\nbegin").unwrap();
            while stream.write_all(&[7; PART]).is_ok() {
                thread::yield_now();
            }
            tell.send(()).unwrap();
        }))
    });
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    wire.send("GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n");
    wire.until("begin");
    drop(wire);
    told.recv_timeout(Duration::from_secs(20)).expect("the site is told that nobody listens");
}
