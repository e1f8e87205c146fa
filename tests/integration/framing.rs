//! Where a message ends: one answer for everybody, or a refusal. What follows a refused request is never a request to the site.

use crate::harness::{Answering, Gateway, Origin, Wire, chunked, ok};

const NEXT: &str = "GET /smuggled HTTP/1.1\r\nhost: shop.example\r\n\r\n";

fn site() -> Origin {
    Origin::answering(ok("text/plain", "fine"))
}

/// The statuses of all answers up to the end of the connection.
fn statuses(come: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(come).into_owned();
    text.match_indices("HTTP/1.1 ").filter_map(|(at, _)| text.get(at + 9..at + 12)?.parse().ok()).collect()
}

#[test]
fn what_is_no_request_is_refused_and_ends_the_connection() {
    let site = site();
    let gateway = Gateway::before(&site);
    let cases: [(&str, &[u8]); 15] = [
        (
            "two lengths",
            b"POST / HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        ),
        ("a list of lengths", b"POST / HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 5, 5\r\n\r\nhello"),
        ("a signed length", b"POST / HTTP/1.1\r\nhost: shop.example\r\ncontent-length: +5\r\n\r\nhello"),
        ("a negative length", b"POST / HTTP/1.1\r\nhost: shop.example\r\ncontent-length: -5\r\n\r\nhello"),
        ("an empty length", b"POST / HTTP/1.1\r\nhost: shop.example\r\ncontent-length:\r\n\r\nhello"),
        (
            "not chunked at last",
            b"POST / HTTP/1.1\r\nhost: shop.example\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        ),
        ("no coding of ours", b"POST / HTTP/1.1\r\nhost: shop.example\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("chunks in HTTP/1.0", b"POST / HTTP/1.0\r\nhost: shop.example\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("a folded line", b"GET / HTTP/1.1\r\nhost: shop.example\r\nx-a: 1\r\n x-b: 2\r\n\r\n"),
        ("a NUL", b"GET / HTTP/1.1\r\nhost: shop.example\r\nx-a: 1\x002\r\n\r\n"),
        ("a space before the colon", b"GET / HTTP/1.1\r\nhost: shop.example\r\ncontent-length : 0\r\n\r\n"),
        ("a lone CR", b"GET / HTTP/1.1\r\nhost: shop.example\r\nx-a: 1\rx-b: 2\r\n\r\n"),
        ("no name", b"GET / HTTP/1.1\r\nhost: shop.example\r\n: 1\r\n\r\n"),
        ("another version", b"GET / HTTP/3.7\r\nhost: shop.example\r\n\r\n"),
        ("a space in the target", b"GET /a b HTTP/1.1\r\nhost: shop.example\r\n\r\n"),
    ];
    for (name, request) in cases {
        let mut wire = Wire::of(&gateway.plain_browser());
        wire.try_send([request, NEXT.as_bytes()].concat());
        let come = wire.rest();
        let [status] = statuses(&come)[..] else { panic!("{name}: {}", String::from_utf8_lossy(&come)) };
        assert!((400..500).contains(&status), "{name}: {status}");
        assert_eq!(site.count(), 0, "{name}");
    }
    assert_eq!(gateway.plain_browser().get("/").status, 200, "others are served");
}

#[test]
fn of_two_framings_the_chunks_count_and_the_connection_closes() {
    let site = site();
    let gateway = Gateway::before(&site);
    for lines in ["content-length: 4\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 4"]
    {
        let mut wire = Wire::of(&gateway.plain_browser());
        let head = format!("POST / HTTP/1.1\r\nhost: shop.example\r\n{lines}\r\n\r\n");
        wire.try_send([head.as_bytes(), &chunked(&[b"hello"]), NEXT.as_bytes()].concat());
        assert_eq!(statuses(&wire.rest()), [200], "{lines}");
        let seen = site.last();
        assert_eq!((seen.header("content-length"), seen.header("transfer-encoding")), (None, Some("chunked")));
        assert_eq!((seen.target(), seen.body.as_slice()), ("/", b"hello".as_slice()));
    }
    assert_eq!(site.count(), 2);
}

#[test]
fn of_two_framings_in_an_answer_the_chunks_count() {
    let site = Origin::answering(
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n".to_vec(),
    );
    let gateway = Gateway::before(&site);
    let reply = gateway.plain_browser().get("/");
    assert_eq!((reply.text().as_str(), reply.complete, reply.header("content-length")), ("hello", true, None));
}

#[test]
fn a_transfer_coding_that_is_not_undone_is_refused_in_both_directions() {
    let site = Origin::new(|_| {
        Answering::Last(b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".to_vec())
    });
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    wire.send("POST / HTTP/1.1\r\nhost: shop.example\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    assert_eq!((wire.reply("POST").status, site.count()), (501, 0));
    assert_eq!(gateway.plain_browser().get("/").status, 502);
}

#[test]
fn broken_chunks_break_the_request_off() {
    let site = site();
    let gateway = Gateway::before(&site);
    for body in [
        "5\nhello\n0\n\n",
        "5\r\nhello0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "5_\r\nhello\r\n0\r\n\r\n",
        "g\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "5\rhello\r0\r\r",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
    ] {
        let mut wire = Wire::of(&gateway.plain_browser());
        let head = "POST / HTTP/1.1\r\nhost: shop.example\r\ntransfer-encoding: chunked\r\n\r\n";
        wire.try_send([head, body, NEXT].concat());
        let come = statuses(&wire.rest());
        assert!(!come.contains(&200), "{body:?}: {come:?}");
        assert_eq!(site.count(), 0, "{body:?}");
    }
}

#[test]
fn what_stands_beside_the_size_of_a_chunk_does_not_reach_the_site() {
    let site = site();
    let gateway = Gateway::before(&site);
    for body in ["5;name=value;other=\"x\"\r\nhello\r\n0\r\n\r\n", "05\r\nhello\r\n000;last\r\n\r\n"] {
        let mut wire = Wire::of(&gateway.plain_browser());
        wire.send(format!("POST / HTTP/1.1\r\nhost: shop.example\r\ntransfer-encoding: chunked\r\n\r\n{body}"));
        assert_eq!(wire.reply("POST").status, 200, "{body:?}");
        // The harness reads no extensions and would have failed on any.
        assert_eq!(site.last().body, b"hello", "{body:?}");
        assert_eq!(wire.ask("GET", "/next", &[]).status, 200, "{body:?}: the next request begins where it begins");
        assert_eq!(site.last().target(), "/next");
    }
    let mut wire = Wire::of(&gateway.plain_browser());
    let extension = "x".repeat(100_000);
    let head = "POST / HTTP/1.1\r\nhost: shop.example\r\ntransfer-encoding: chunked\r\n\r\n";
    wire.try_send(format!("{head}5;{extension}\r\nhello\r\n0\r\n\r\n{NEXT}"));
    assert!(!statuses(&wire.rest()).contains(&200), "extensions have a bound");
}

#[test]
fn what_a_request_says_of_its_own_framing_is_no_matter_of_one_hop() {
    let site = site();
    let gateway = Gateway::before(&site);
    for named in ["content-length", "transfer-encoding", "host", "close, content-length"] {
        let mut wire = Wire::of(&gateway.plain_browser());
        wire.send(format!(
            "POST / HTTP/1.1\r\nhost: shop.example\r\nconnection: {named}\r\ncontent-length: 5\r\n\r\nhello"
        ));
        assert_eq!(wire.reply("POST").status, 200, "{named}");
        assert_eq!(site.last().body, b"hello", "{named}: the site reads the same body");
        assert_eq!(site.last().header("host"), Some("shop.example"), "{named}");
    }
}

#[test]
fn lines_that_end_in_lf_alone_go_out_as_lines_of_http() {
    let site = site();
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.plain_browser());
    wire.send("POST / HTTP/1.1\nhost: shop.example\ncontent-length: 5\nx-a: 1\n\nhello");
    assert_eq!(wire.reply("POST").status, 200);
    // The harness reads CRLF only and would have failed on anything else.
    assert_eq!((site.last().header("x-a"), site.last().body.as_slice()), (Some("1"), b"hello".as_slice()));
}

#[test]
fn a_request_for_no_site_of_ours_is_answered_here_with_its_body_unread() {
    let site = site();
    let gateway = Gateway::before(&site);
    let cases = [
        ("host: shop.example\r\nhost: shop.example\r\n", 400),
        ("", 400),
        ("host: shop.example:80:80\r\n", 400),
        ("host: shop.example/path\r\n", 400),
        ("host: user@shop.example\r\n", 400),
        ("host: магазин.example\r\n", 400),
        ("host: \r\n", 421),
        ("host: elsewhere.example\r\n", 421),
        ("host: notshop.example\r\n", 421),
        ("host: shop.example.evil.example\r\n", 421),
    ];
    for (lines, status) in cases {
        let mut wire = Wire::of(&gateway.plain_browser());
        let length = NEXT.len();
        wire.try_send(format!("POST / HTTP/1.1\r\n{lines}content-length: {length}\r\nconnection: close\r\n\r\n{NEXT}"));
        assert_eq!(statuses(&wire.rest()), [status], "{lines:?}");
        assert_eq!(site.count(), 0, "{lines:?}");
    }
    for method in ["CONNECT shop.example:443", "TRACE /", "CONNECT /"] {
        let mut wire = Wire::of(&gateway.plain_browser());
        wire.try_send(format!("{method} HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n"));
        let come = statuses(&wire.rest());
        assert!(matches!(come[..], [400 | 405]), "{method}: {come:?}");
        assert_eq!(site.count(), 0, "{method}");
    }
}
