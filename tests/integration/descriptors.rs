//! Floods of connections against the program itself: memory and descriptors return to where they were, and what was granted stays granted.

use std::{
    io::Write as _,
    net::TcpStream,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use crate::harness::{Answering, Browser, Gateway, Origin, Program, Wire, kelisim, ok};

/// Connections of one flood.
const FLOOD: usize = 300;
/// Places for connections, so that half of a flood waits.
const PLACES: usize = 150;
/// By how much memory may differ after the same flood, in bytes: what the allocator keeps for the next one.
const MOST_GROWTH: usize = 24 << 20;
/// By how much descriptors may differ: kept connections to the site.
const MOST_KEPT: usize = 8;
/// Listeners of the program: http and https, on two cores each.
const LISTENERS: usize = 4;
/// How long it may take until what was given up is back.
const PATIENCE: Duration = Duration::from_secs(30);

/// Resident memory of the program, in bytes.
fn resident(program: &Program) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// Descriptors that the program holds.
fn descriptors(program: &Program) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", program.id())).unwrap().count()
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "it never came to this: {what}");
        thread::yield_now();
    }
}

/// A site with a large file.
fn site() -> Origin {
    Origin::new(|request| match request.target() {
        "/large" => Answering::Stream(Box::new(|mut stream| {
            _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/zip\r\ncontent-length: {}\r\n\r\n",
                1 << 30
            );
            while stream.write_all(&[7; 65_536]).is_ok() {}
        })),
        _ => Answering::Bytes(ok("text/plain", "fine")),
    })
}

fn program(site: &Origin, limits: &str) -> Program {
    let limits = format!("[server.limits]\n{limits}\nchoices_per_minute = 10000");
    Program::run(Gateway::with(site).edition("first", "2026-01-01", false).server(&limits).folder())
}

/// Connections that were begun with these bytes; those that find no place wait, and say nothing of it.
fn flood(program: &Program, count: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let connect = |_| {
        let mut stream = TcpStream::connect(program.http).ok()?;
        // One that was closed meanwhile takes nothing.
        _ = stream.write_all(bytes);
        Some(stream)
    };
    (0..count).filter_map(connect).collect()
}

#[test]
fn after_floods_of_each_kind_memory_and_descriptors_are_where_they_were() {
    let site = site();
    let program = program(&site, &format!("connections = {PLACES}\nhead_timeout = \"2 s\""));
    let head = b"GET / HTTP/1.1\r\nhost: localhost\r\n";
    let large = b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let body = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\nhalf";
    let floods: [(&str, usize, &[u8]); 4] = [
        ("nothing at all", FLOOD, b""),
        ("half a head", FLOOD, head),
        ("half a body", FLOOD, body),
        ("an answer that nobody reads", 64, large),
    ];
    let (mut memory, mut open) = (0, 0);
    for round in 0..4 {
        for (name, count, bytes) in floods {
            let held = flood(&program, count, bytes);
            assert_eq!(held.len(), count, "{name}: connections wait and are not refused");
            if count == FLOOD {
                eventually(name, || descriptors(&program) >= PLACES / 2);
            }
            assert_eq!(program.admin("/readyz"), 200, "{name}: the operator gets in");
            drop(held);
            assert_eq!(program.browser().get("/").text(), "fine", "{name}: visitors are served again");
        }
        let settled = if round == 0 { usize::MAX } else { open + MOST_KEPT };
        // The first round settles what is kept for the next ones.
        eventually("descriptors are back", || descriptors(&program) <= settled.min(64));
        eventually("connections are gone", || {
            let metrics = Browser::at(program.admin, &program.admin.to_string()).get("/metrics").text();
            metrics.contains("kelisim_connections 0")
        });
        if round == 0 {
            (memory, open) = (resident(&program), descriptors(&program));
        } else {
            let now = resident(&program);
            assert!(now < memory + MOST_GROWTH, "round {round}: {} MiB, {} MiB before", now >> 20, memory >> 20);
        }
    }
}

#[test]
fn without_descriptors_nothing_granted_is_lost_and_all_goes_on_when_there_are_some() {
    let site = site();
    let program = program(&site, "");
    let mut anna = program.browser();
    anna.choose("accept");
    assert!(!anna.click("/").shows_banner());
    let mut kept = Wire::of(&program.browser());
    assert_eq!(kept.ask("GET", "/_kelisim/settings", &[]).status, 200);
    let before = descriptors(&program);
    let most_open = before + 20;
    // An eighth is kept back.
    let for_visitors = most_open - most_open / 8;
    let floods = ["GET / HTTP/1.1\r\nhost: localhost\r\n", "GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n"];
    for round in 0..3 {
        let most = format!("--nofile={most_open}:");
        let limited = Command::new("prlimit").args(["--pid", &program.id().to_string(), &most]).status();
        assert!(limited.unwrap().success());
        let held = flood(&program, FLOOD, floods[round % floods.len()].as_bytes());
        eventually("it has none left for visitors", || descriptors(&program) >= for_visitors);
        assert_eq!(program.admin("/readyz"), 200, "round {round}: the operator gets in");
        let reply = kept.ask("GET", "/_kelisim/settings", &[]);
        assert_eq!(reply.status, 200, "round {round}: who is connected is answered");
        drop(held);
        eventually("they are back", || descriptors(&program) <= before + MOST_KEPT);
        // The limit is still there: what was freed is enough.
        assert_eq!(program.browser().get("/").text(), "fine");
        assert_eq!(program.browser().choose("accept").status, 303, "round {round}: choices are recorded");
    }
    assert!(!anna.click("/").shows_banner());
    let said = program.says().into_iter().filter(|line| line.contains("can't accept connections")).count();
    assert!((1..=LISTENERS).contains(&said), "{said} lines: whoever takes all descriptors would fill the log too");
    let export = kelisim(program.path(), &["log", "export", "--format", "jsonl"]);
    assert_eq!(String::from_utf8(export.stdout).unwrap().matches("\"event\":\"expressed\"").count(), 4);
}
