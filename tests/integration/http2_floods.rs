//! HTTP/2 by clients that mean no good: frames written by hand, over TLS. Whoever floods loses its connection; nobody else notices.

use std::{
    io::Read as _,
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use crate::{
    harness::{Answering, Gateway, Origin, Program, ok},
    http2::tls,
};

/// How long a flood may go on before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Until then nobody is let go who answers no ping of the gateway: 30 seconds to the ping, 20 for its answer.
const UNANSWERED_PINGS: Duration = Duration::from_secs(50);

// Types of frames and flags (RFC 9113, section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

/// A code of errors: the other side behaves as if it would cause harm (RFC 9113, section 7).
const ENHANCE_YOUR_CALM: u32 = 11;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// GET / of the shop, in HPACK (RFC 7541): three lines of the static table, and the authority as it is.
fn head() -> Vec<u8> {
    let host = b"shop.example";
    [&[0x82, 0x87, 0x84, 0x01, u8::try_from(host.len()).unwrap()], &host[..]].concat()
}

/// A client that says what it likes.
struct Hostile(TlsStream<TcpStream>);

/// What came of it.
#[derive(Debug, Default)]
struct Ended {
    /// The code with which the gateway said goodbye.
    goodbye: Option<u32>,
    /// Streams that it reset, and heads that it sent.
    resets: usize,
    answers: usize,
}

impl Hostile {
    async fn of(gateway: &Gateway, settings: &[u8]) -> Self {
        Self::at(gateway.https(), gateway.path(), settings).await
    }

    /// The certificate lies in this folder.
    async fn at(address: SocketAddr, folder: &Path, settings: &[u8]) -> Self {
        let mut stream = tls(address, &folder.join("certificate.pem"), "shop.example").await;
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        stream.write_all(&frame(SETTINGS, 0, 0, settings)).await.unwrap();
        Self(stream)
    }

    /// Sends these frames one after the other until the gateway hangs up or they are at an end; answers how many were taken, and what came.
    async fn floods(self, frames: impl Iterator<Item = Vec<u8>>) -> (usize, Ended) {
        let (mut reader, mut writer) = tokio::io::split(self.0);
        let reading = tokio::spawn(async move {
            let mut ended = Ended::default();
            let mut head = [0; 9];
            while reader.read_exact(&mut head).await.is_ok() {
                let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
                if reader.read_exact(&mut payload).await.is_err() {
                    break;
                }
                match head[3] {
                    GOAWAY => ended.goodbye = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap())),
                    RST_STREAM => ended.resets += 1,
                    HEADERS => ended.answers += 1,
                    _ => {}
                }
            }
            ended
        });
        let writing = async {
            let mut taken = 0;
            for frame in frames {
                if writer.write_all(&frame).await.is_err() || writer.flush().await.is_err() {
                    break;
                }
                taken += 1;
            }
            taken
        };
        let taken = tokio::time::timeout(PATIENCE, writing).await.expect("the flood is taken without end");
        (taken, tokio::time::timeout(PATIENCE, reading).await.expect("the connection stays open").unwrap())
    }
}

/// Tells a story on a runtime of its own.
fn story<T>(story: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(story)
}

fn site() -> Origin {
    Origin::answering(ok("text/plain", "fine"))
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "it never came to this: {what}");
        std::thread::yield_now();
    }
}

fn others_are_served(gateway: &Gateway) {
    assert_eq!(gateway.browser().get("/").text(), "fine");
}

#[test]
fn a_client_that_resets_what_it_asks_for_is_sent_away() {
    let site = site();
    let gateway = Gateway::before(&site);
    const RESETS: u32 = 50_000;
    let rapid = (0..RESETS).map(|number| {
        let stream = 2 * number + 1;
        let cancel = 8_u32.to_be_bytes();
        [frame(HEADERS, END_STREAM | END_HEADERS, stream, &head()), frame(RST_STREAM, 0, stream, &cancel)].concat()
    });
    let (taken, ended) = story(async { Hostile::of(&gateway, &[]).await.floods(rapid).await });
    assert_eq!(ended.goodbye, Some(ENHANCE_YOUR_CALM), "{taken} {ended:?}");
    assert!(site.count() < 1000, "the site was asked {} times", site.count());
    others_are_served(&gateway);
}

#[test]
fn a_head_that_goes_on_without_end_is_not_collected() {
    let site = site();
    let gateway = Gateway::before(&site);
    // The limit on a head is 64 KiB; this would be a gigabyte.
    let line = [&[0, 1, b'x', 0x7f, 0x81, 0x1f][..], &[b'y'; 4096]].concat();
    for payload in [&line[..], b""] {
        let asked = site.count();
        let begins = frame(HEADERS, END_STREAM, 1, &head());
        let goes_on = std::iter::repeat_n(frame(CONTINUATION, 0, 1, payload), 250_000);
        let flood = std::iter::once(begins).chain(goes_on);
        let (taken, ended) = story(async { Hostile::of(&gateway, &[]).await.floods(flood).await });
        assert!(taken < 20_000, "{} bytes in each: {taken} were taken, {ended:?}", payload.len());
        assert!(ended.goodbye.is_some_and(|code| code != 0), "{ended:?}");
        assert_eq!(site.count(), asked);
        others_are_served(&gateway);
    }
}

#[test]
fn a_small_head_that_unpacks_to_a_large_one_is_refused() {
    let site = site();
    let gateway = Gateway::before(&site);
    // A line of 4,000 bytes goes into the table once, and is then named by one byte each: 64 MB of head in 16 KB.
    let value = 3900;
    let mut bomb = head();
    bomb.extend_from_slice(&[0x40, 1, b'x', 0x7f]);
    let rest = value - 127;
    bomb.extend_from_slice(&[(rest % 128) as u8 | 0x80, (rest / 128) as u8]);
    bomb.extend(std::iter::repeat_n(b'y', value));
    bomb.extend(std::iter::repeat_n(0xbe, 16_000 - bomb.len()));
    let goodbye = frame(GOAWAY, 0, 0, &[0; 8]);
    let frames = [frame(HEADERS, END_STREAM | END_HEADERS, 1, &bomb), goodbye].into_iter();
    let (_, ended) = story(async { Hostile::of(&gateway, &[]).await.floods(frames).await });
    assert!(ended.answers + ended.resets > 0 || ended.goodbye.is_some_and(|code| code != 0), "{ended:?}");
    assert_eq!(site.count(), 0);
    others_are_served(&gateway);
}

#[test]
fn streams_beyond_the_limit_are_refused() {
    let site = Origin::new(|request| match request.header("x-waits") {
        Some(_) => Answering::Stream(Box::new(|mut stream| _ = stream.read(&mut [0; 1]))),
        None => Answering::Bytes(ok("text/plain", "fine")),
    });
    let limits = "[server.limits]\nhttp2_streams = 8";
    let gateway = Gateway::with(&site).server(limits).tables("[site.timeouts]\nanswer = \"1 s\"").start();
    let waits = [head(), [&[0, 7][..], b"x-waits", &[1, b'1']].concat()].concat();
    let many = (0..100_u32).map(|number| frame(HEADERS, END_STREAM | END_HEADERS, 2 * number + 1, &waits));
    let frames: Vec<_> = many.chain([frame(GOAWAY, 0, 0, &[0; 8])]).collect();
    let (_, ended) = story(async { Hostile::of(&gateway, &[]).await.floods(frames.into_iter()).await });
    assert!(site.count() <= 8, "{} at once", site.count());
    assert!(ended.resets >= 80 || ended.goodbye.is_some_and(|code| code != 0), "{ended:?}");
    others_are_served(&gateway);
}

#[test]
fn pings_settings_and_empty_frames_without_end_disturb_nobody() {
    let site = site();
    let gateway = Gateway::before(&site);
    let floods: [(&str, Vec<u8>); 4] = [
        ("ping", frame(PING, 0, 0, &[1; 8])),
        ("settings", frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])),
        ("acknowledgements", frame(SETTINGS, ACK, 0, &[])),
        ("data of no stream", frame(DATA, 0, 1, &[])),
    ];
    for (name, one) in floods {
        let flood = std::iter::repeat_n(one.repeat(100), 300).chain([frame(GOAWAY, 0, 0, &[0; 8])]);
        let (_, ended) = story(async { Hostile::of(&gateway, &[]).await.floods(flood).await });
        assert_eq!(ended.answers, 0, "{name}");
        others_are_served(&gateway);
    }
}

#[test]
fn frames_that_make_no_sense_leave_no_line_in_the_log_of_the_program() {
    let site = site();
    let program = Program::run(Gateway::with(&site).folder());
    // An answer to a ping that nobody sent.
    let flood = frame(PING, ACK, 0, &[1; 8]).repeat(10_000);
    let frames = [flood, frame(GOAWAY, 0, 0, &[0; 8])].into_iter();
    story(async { Hostile::at(program.https.unwrap(), program.path(), &[]).await.floods(frames).await });
    assert!(std::process::Command::new("kill").args(["-HUP", &program.id().to_string()]).status().unwrap().success());
    let (mut said, asked) = (Vec::new(), Instant::now());
    while !said.iter().any(|line: &String| line.contains("the configuration was read again")) {
        assert!(asked.elapsed() < PATIENCE, "it says nothing of what it was told after them");
        said.extend(program.says());
        std::thread::yield_now();
    }
    // What is advised when the file is read again, and nothing of the ten thousand.
    assert!(said.len() < 10, "{} lines, such as {:#?}", said.len(), &said[..10]);
}

#[test]
fn streams_that_nobody_reads_take_no_more_connections_to_the_site_than_there_may_be() {
    const PLACES: usize = 40;
    let page = "x".repeat(300_000);
    let site = Origin::answering(ok("text/plain", &page));
    let limits = format!("[server.limits]\nupstream_connections = {PLACES}");
    let gateway = Gateway::with(&site).server(&limits).start();
    let shut = [0, 4, 0, 0, 0, 0];
    let counted = |line: &str| eventually(line, || gateway.admin("/metrics").contains(line));
    story(async {
        let mut held = Vec::new();
        for _ in 0..4 {
            let mut hostile = Hostile::of(&gateway, &shut).await;
            for number in 0..30 {
                let ask = frame(HEADERS, END_STREAM | END_HEADERS, 2 * number + 1, &head());
                hostile.0.write_all(&ask).await.unwrap();
            }
            hostile.0.flush().await.unwrap();
            held.push(hostile);
        }
        counted(&format!("kelisim_upstream_connections {PLACES}\n"));
        counted("kelisim_upstream_failures_total{reason=\"too_many\",site=\"shop.example\"} ");
        let reply = gateway.browser().get("/");
        assert_eq!((reply.status, reply.header("retry-after")), (503, Some("5")));
        assert_eq!(site.count(), PLACES);
        assert_eq!(gateway.browser().get("/_kelisim/settings").status, 200, "what needs no site is answered");
        assert_eq!(gateway.admin("/readyz"), "ready\n", "the operator gets in");
    });
    // They are gone, and with them what they held.
    eventually("there is room again", || gateway.browser().get("/").status == 200);
}

#[test]
fn a_client_that_takes_nothing_of_what_it_asked_for_is_let_go() {
    let page = "x".repeat(300_000);
    let site = Origin::answering(ok("text/plain", &page));
    let gateway = Gateway::with(&site).reading_within(Duration::from_secs(1)).start();
    // SETTINGS_INITIAL_WINDOW_SIZE = 0: not a byte of a body may be sent.
    let shut = [0, 4, 0, 0, 0, 0];
    let ask = frame(HEADERS, END_STREAM | END_HEADERS, 1, &head());
    let begun = Instant::now();
    let (_, ended) = story(async { Hostile::of(&gateway, &shut).await.floods(std::iter::once(ask)).await });
    assert!(begun.elapsed() < UNANSWERED_PINGS, "its window let it go, and not its silence about pings");
    assert_eq!(ended.answers, 1, "the head came, and then the end of the connection");
}

#[test]
fn a_client_that_was_answered_and_does_not_hear_goodbye_is_let_go() {
    let site = site();
    let limits = "[server.limits]\nidle_timeout = \"1 s\"";
    let gateway = Gateway::with(&site).server(limits).reading_within(Duration::from_secs(1)).start();
    // It takes its answer, and never answers the ping that comes with the goodbye; so does one that begins a head and stops.
    let ask = frame(HEADERS, END_STREAM | END_HEADERS, 1, &head());
    for last in [None, Some(frame(HEADERS, END_STREAM, 3, &head()))] {
        let frames = [ask.clone()].into_iter().chain(last);
        let begun = Instant::now();
        let (_, ended) = story(async { Hostile::of(&gateway, &[]).await.floods(frames).await });
        assert!(begun.elapsed() < UNANSWERED_PINGS, "its idleness let it go, and not its silence about pings");
        assert_eq!(ended.answers, 1);
    }
    assert_eq!(site.count(), 2);
}
