//! A site that fails in every way there is: the visitor gets a page that says so, the operator a count, and the gateway goes on.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
};

use crate::harness::{Answering, Gateway, Origin, PAGE, answer};

/// A site that reads a request and answers with these bytes, then closes.
fn saying(bytes: &[u8]) -> Origin {
    let bytes = bytes.to_vec();
    Origin::new(move |_| Answering::Last(bytes.clone()))
}

/// Ends a connection with a reset, as a process that crashed does.
fn reset(stream: TcpStream) {
    // After the request has come: before, it would be a connection that failed.
    _ = (&stream).read(&mut [0; 1]);
    socket2::SockRef::from(&stream).set_linger(Some(std::time::Duration::ZERO)).unwrap();
}

/// Whether the other side has closed; what it sent before stays unread.
fn is_hung_up(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let sent = socket2::SockRef::from(stream).send(b"");
    sent.is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock)
}

fn failures(gateway: &Gateway, reason: &str) -> bool {
    let line = format!("kelisim_upstream_failures_total{{reason=\"{reason}\",site=\"shop.example\"}} ");
    gateway.admin("/metrics").lines().any(|found| found.strip_prefix(&line).is_some_and(|count| count != "0"))
}

/// The visitor is told in Kazakh, the fault is counted, and the gateway goes on.
fn check(name: &str, site: &Origin, status: u16, reason: &str) {
    let gateway =
        Gateway::with(site).tables("[site.timeouts]\nanswer = \"1 s\"\nconnect = \"1 s\"\nbody = \"1 s\"").start();
    for method in ["GET", "POST"] {
        let mut visitor = gateway.browser().sending("accept-language", "kk, ru;q=0.5");
        let reply = if method == "GET" { visitor.open("/") } else { visitor.post("/", "a=b") };
        let title = if status == 504 { "Сайт" } else { "Сайт жауап бермейді" };
        assert_eq!(reply.status, status, "{name} {method}: {}", reply.text());
        assert!(reply.text().contains("lang=\"kk\"") && reply.text().contains(title), "{name}: {}", reply.text());
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{name}");
        assert!(!reply.text().contains(&site.address().to_string()), "{name}: the page tells of the inside");
    }
    assert!(failures(&gateway, reason), "{name}: {}", gateway.admin("/metrics"));
    assert_eq!(gateway.browser().get("/_kelisim/settings").status, 200, "{name}: the gateway goes on");
}

#[test]
fn a_site_that_is_not_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let gateway = Gateway::with(&saying(b"")).upstream(&url).start();
    for (language, text) in
        [("kk", "Сайт жауап бермейді"), ("ru-RU", "Сайт не отвечает"), ("en", "The site does not answer")]
    {
        let reply = gateway.browser().sending("accept-language", language).open("/");
        assert_eq!(reply.status, 502);
        assert!(reply.text().contains(text), "{language}: {}", reply.text());
    }
    assert!(failures(&gateway, "connect"));
}

#[test]
fn a_site_that_breaks_off_before_or_in_its_head() {
    check("nothing", &saying(b""), 502, "broken");
    check("half a head", &saying(b"HTTP/1.1 200 OK\r\ncontent-ty"), 502, "broken");
    check("reset", &Origin::raw(reset), 502, "broken");
}

#[test]
fn a_site_that_does_not_speak_http() {
    let huge = format!("HTTP/1.1 200 OK\r\nx-a: {}\r\n\r\n", "x".repeat(200_000));
    let endless = format!("HTTP/1.1 200 OK\r\nx-a: {}", "x".repeat(1_000_000));
    let lines: String = (0..1000).map(|number| format!("x-{number}: 1\r\n")).collect();
    for (name, bytes) in [
        ("garbage", &b"SSH-2.0-OpenSSH_9.9\r\n"[..]),
        ("binary", b"\x15\x03\x01\x00\x02\x02\x0a\0\0\0\0\0\0\0\0\0"),
        ("no status", b"HTTP/1.1 OK\r\n\r\n"),
        ("two lengths", b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
        ("a bad length", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\nab"),
        ("a NUL", b"HTTP/1.1 200 OK\r\nx-a: \0\r\n\r\n"),
        ("huge head", huge.as_bytes()),
        ("endless head", endless.as_bytes()),
        ("many lines", format!("HTTP/1.1 200 OK\r\n{lines}\r\n").as_bytes()),
    ] {
        check(name, &saying(bytes), 502, "broken");
    }
}

#[test]
fn a_site_that_is_silent() {
    let site = Origin::new(|_| {
        Answering::Stream(Box::new(|mut stream| {
            _ = stream.read(&mut [0; 8]);
        }))
    });
    check("silent", &site, 504, "answer_timeout");
}

#[test]
fn a_site_that_stops_taking_a_request() {
    let site = Origin::raw(|stream| {
        // It neither reads nor answers, and holds the connection until the gateway gives it up.
        while socket2::SockRef::from(&stream).take_error().is_ok_and(|error| error.is_none()) && !is_hung_up(&stream) {
            std::thread::yield_now();
        }
    });
    let gateway = Gateway::with(&site).tables("[site.timeouts]\nanswer = \"1 s\"").start();
    let mut writer = TcpStream::connect(gateway.http()).unwrap();
    writer.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let mut reader = std::io::BufReader::new(writer.try_clone().unwrap());
    std::thread::spawn(move || {
        _ = write!(writer, "POST / HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 1000000000\r\n\r\n");
        while writer.write_all(&[7; 65536]).is_ok() {}
    });
    let mut status = [0; 12];
    reader.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 504");
    assert!(failures(&gateway, "answer_timeout"));
}

#[test]
fn a_site_whose_page_breaks_before_anything_was_sent_to_the_visitor() {
    let site = saying(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 1000\r\n\r\n<!DOC");
    check("the beginning of a page", &site, 502, "broken");
}

#[test]
fn a_body_that_breaks_off_is_seen_to_be_broken() {
    let part = "x".repeat(100);
    let page = format!("{PAGE}{part}");
    let gzip = {
        let mut bytes = Vec::new();
        let mut encoder = flate2::write::GzEncoder::new(&mut bytes, flate2::Compression::none());
        encoder.write_all(format!("{PAGE}{}", part.repeat(2000)).as_bytes()).unwrap();
        encoder.flush().unwrap();
        drop(encoder);
        bytes.truncate(bytes.len() - 6);
        bytes.extend_from_slice(&[0xff; 64]);
        bytes
    };
    let head = |lines: &str| format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n").into_bytes();
    let cases: [(&str, Vec<u8>); 5] = [
        ("a file by length", [head("content-type: image/png\r\ncontent-length: 1000"), part.clone().into()].concat()),
        (
            "a file by chunks",
            [head("content-type: image/png\r\ntransfer-encoding: chunked"), b"64\r\n".to_vec(), part.clone().into()]
                .concat(),
        ),
        (
            "a page by length",
            [head("content-type: text/html; charset=utf-8\r\ncontent-length: 100000"), page.clone().into()].concat(),
        ),
        (
            "a page by chunks",
            [
                head("content-type: text/html; charset=utf-8\r\ntransfer-encoding: chunked"),
                format!("{:x}\r\n{page}\r\n", page.len()).into(),
            ]
            .concat(),
        ),
        (
            "a page in broken gzip",
            [head("content-type: text/html; charset=utf-8\r\ncontent-encoding: gzip"), gzip].concat(),
        ),
    ];
    for (name, bytes) in cases {
        let gateway = Gateway::before(&saying(&bytes));
        let reply = gateway.browser().sending("accept-encoding", "gzip").open("/");
        assert_eq!(reply.status, 200, "{name}");
        assert!(!reply.complete, "{name}: a part is taken for the whole: {}", reply.text());
        assert!(failures(&gateway, "body"), "{name}: {}", gateway.admin("/metrics"));
    }
}

#[test]
fn a_body_that_stands_still_is_broken_off() {
    let site = Origin::new(|_| {
        Answering::Stream(Box::new(|mut stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf").unwrap();
            _ = stream.read(&mut [0; 8]);
        }))
    });
    let gateway = Gateway::with(&site).tables("[site.timeouts]\nbody = \"1 s\"").start();
    let reply = gateway.browser().get("/");
    assert!(!reply.complete && reply.text() == "half");
    assert!(failures(&gateway, "body"));
}

#[test]
fn what_is_broken_from_its_beginning_passes_as_it_came() {
    for (name, headers, body) in [
        ("no gzip", &[("content-type", "text/html"), ("content-encoding", "gzip")][..], "this is no gzip"),
        ("an unknown coding", &[("content-type", "text/html"), ("content-encoding", "x-own")], PAGE),
        (
            "no header we know",
            &[("content-type", "text/html"), ("set-cookie", "caf\u{e9}=1"), ("x-\u{2}", "1")][..2],
            PAGE,
        ),
    ] {
        let gateway = Gateway::before(&Origin::answering(answer("200 OK", headers, body)));
        let reply = gateway.browser().open("/");
        assert!(reply.status == 200 && reply.complete, "{name}");
        assert!(
            reply.text().contains(if name == "no header we know" { "Welcome" } else { body }),
            "{name}: {}",
            reply.text()
        );
    }
}

#[test]
fn headers_that_are_not_utf_8_pass_as_bytes() {
    let lines = b"HTTP/1.1 200 OK\r\nx-latin: caf\xe9\r\nset-cookie: PHPSESSID=\xff\r\ncontent-disposition: inline; filename=\"\xcf\xf0\"\r\ncontent-length: 0\r\n\r\n";
    let site = Origin::answering(lines.to_vec());
    let gateway = Gateway::before(&site);
    let mut wire = crate::harness::Wire::of(&gateway.plain_browser());
    wire.send(&b"GET / HTTP/1.1\r\nhost: shop.example\r\nx-own: \xff\xfe\r\naccept-language: \xcf\r\nuser-agent: \xd0\r\nreferer: \xe9\r\n\r\n"[..]);
    let reply = wire.reply("GET");
    assert_eq!((reply.status, reply.header("x-latin")), (200, Some("caf\u{e9}")));
    assert_eq!(reply.header("set-cookie"), Some("PHPSESSID=\u{ff}"));
    assert_eq!(reply.header("content-disposition"), Some("inline; filename=\"\u{cf}\u{f0}\""));
    assert_eq!(site.last().header("x-own"), Some("\u{ff}\u{fe}"));
}

#[test]
fn a_site_that_answers_before_it_has_read_the_request_is_heard() {
    let site = Origin::raw(|mut stream| {
        let mut head = [0; 64];
        _ = stream.read(&mut head);
        stream
            .write_all(b"HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 3\r\n\r\nbig")
            .unwrap();
        _ = stream.shutdown(Shutdown::Write);
        _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let gateway = Gateway::before(&site);
    let mut wire = crate::harness::Wire::of(&gateway.plain_browser());
    wire.send("POST / HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 10000000\r\n\r\nbegin");
    let reply = wire.reply("POST");
    assert_eq!((reply.status, reply.text().as_str()), (413, "big"));
}

#[test]
fn a_page_whose_coding_breaks_in_what_came_first_passes_as_it_came() {
    let page = format!("{PAGE}{}", "<p>Text, and more of it.</p>".repeat(200));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(page.as_bytes()).unwrap();
    let mut broken = encoder.finish().unwrap();
    // The checksum at the end is wrong, so the beginning looks like a page.
    let checksum = broken.len() - 8;
    broken[checksum] ^= 0xff;
    let lines = format!(
        "content-type: text/html; charset=utf-8\r\ncontent-encoding: gzip\r\netag: \"1\"\r\ncontent-length: {}",
        broken.len()
    );
    let site = saying(&[format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n").as_bytes(), &broken].concat());
    let gateway = Gateway::before(&site);
    let reply = gateway.browser().sending("accept-encoding", "gzip").open("/");
    assert!(reply.status == 200 && reply.complete);
    assert_eq!(reply.body, broken);
    let tag = reply.header("etag").unwrap();
    assert!(tag.starts_with("W/\"1;ks"), "it carries the policy of one choice: {tag}");
    assert!(gateway.admin("/metrics").contains("outcome=\"broken_coding\""));
}

#[test]
fn a_short_page_whose_coding_ends_too_early_passes_as_it_came() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(PAGE.as_bytes()).unwrap();
    let mut broken = encoder.finish().unwrap();
    broken.truncate(broken.len() - 10);
    let lines = "content-type: text/html; charset=utf-8\r\ncontent-encoding: gzip";
    let head = format!("HTTP/1.1 200 OK\r\n{lines}\r\ncontent-length: {}\r\n\r\n", broken.len());
    let gateway = Gateway::before(&saying(&[head.as_bytes(), &broken].concat()));
    let reply = gateway.browser().sending("accept-encoding", "gzip").open("/");
    assert!(reply.status == 200 && reply.complete);
    assert_eq!(reply.body, broken);
}

#[test]
fn an_answer_that_cannot_be_read_is_not_asked_for_again() {
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = asked.clone();
    let site = Origin::new(move |_| {
        let number = counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let lines = "x-line: 1\r\n".repeat(if number == 0 { 1 } else { 101 });
        Answering::Bytes(format!("HTTP/1.1 200 OK\r\n{lines}content-length: 2\r\n\r\nok").into_bytes())
    });
    let gateway = Gateway::with(&site).start();
    // The second goes over the connection that the first left.
    let statuses = [gateway.browser().get("/").status, gateway.browser().get("/").status];
    assert_eq!((statuses, asked.load(std::sync::atomic::Ordering::Relaxed)), ([200, 502], 2));
}
