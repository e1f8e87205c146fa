//! Lines of other servers' logs, as `stats import` reads them, and the list of robots. Input: the log; behind a line of `---` a list of robots.

use std::sync::OnceLock;

use jiff::tz::TimeZone;
use kelisim::{
    statistics::{AccessLog, Calendar, Counted, LogDays, Robots},
    timestamp::Timestamp,
};
use regex::bytes::Regex;

use super::Target;

pub const TARGET: Target = Target { name: "access_log", run, words: WORDS, runs: 1500 };

const WORDS: &[&str] = &[
    "203.0.113.77",
    "2001:db8:1:2::77",
    " - - ",
    "[29/Nov/2026:10:15:00 +0500]",
    "\"GET / HTTP/1.1\"",
    "\"",
    "\\\"",
    "\\x22",
    "\\\\",
    "\\xD0",
    " 200 512 ",
    "\"-\"",
    "-",
    "\n",
    "\r\n",
    "---\n",
    "HTTP/2.0",
    "?",
    "utm_source=ig",
    "https://www.google.kz/",
    "Googlebot/2.1",
    "curl/8.5.0",
    "Mozilla/5.0",
    "%2e%2e/",
    "/price.pdf",
    "4294967295",
    "1099511627777",
    "+9999",
    "[",
    "]",
    "{\"pattern\":",
    "\"tags\":",
    "(",
    ")",
    ".*",
];

fn run(input: &[u8]) {
    let parting = memchr::memmem::find(input, b"\n---\n");
    let (log, list) = parting.map_or((input, &b""[..]), |at| (&input[..at], &input[at + 5..]));
    let robots = std::str::from_utf8(list).ok().and_then(|list| Robots::parse(list).ok()).unwrap_or_default();
    if let Some(patterns) = robots.patterns() {
        assert!(patterns <= 10_000);
    }
    let is_own = |host: &str| host == "shop.example";
    let mut reader = AccessLog::new(&robots, &is_own, &|_| None);
    let mut days = LogDays::new(Calendar::new(TimeZone::UTC), || [7; 32]);
    let (mut read, mut bytes, mut changes) = (0, 0, Vec::new());
    for line in log.split(|byte| *byte == b'\n') {
        let entry = reader.read(line);
        assert_eq!(AccessLog::time(line), entry.as_ref().ok().map(|entry| entry.time), "both read the same moment");
        let plain = plainly(line);
        assert!(plain.is_none() || entry.is_ok(), "{} is a line: {entry:?}", line.escape_ascii());
        let Ok(entry) = entry else { continue };
        if let Some((time, bytes)) = plain {
            assert_eq!((entry.time, entry.traffic.bytes), (time, bytes), "{}", line.escape_ascii());
        }
        if let Some(Counted::View(view)) = &entry.counted {
            let path = view.path.as_str();
            assert!(path.starts_with('/') && !path.contains(['?', '#', '\\', '<', '"']) && path.len() <= 200, "{path}");
            assert!(view.visitor.is_none() && view.language.is_none(), "a line tells neither");
        }
        read += 1;
        bytes += entry.traffic.bytes;
        changes.extend(days.count(entry));
    }
    changes.extend(days.end());
    let hours = changes.iter().flat_map(|(_, changes)| &changes.hours);
    let (requests, counted) =
        hours.fold((0, 0), |(requests, bytes), (.., totals)| (requests + totals.requests, bytes + totals.bytes));
    assert_eq!((requests, counted), (read, i64::try_from(bytes).unwrap()), "every line is counted once");
}

/// Moment and bytes of a line without anything odd in it, by an expression.
fn plainly(line: &[u8]) -> Option<(Timestamp, u64)> {
    static LINE: OnceLock<Regex> = OnceLock::new();
    let expression = LINE.get_or_init(|| {
        let line = r#"^[0-9a-f.:]+ - - \[(\d\d)/Nov/(20\d\d):(\d\d):(\d\d):(\d\d) \+0500\] "[!#-\[\]-~ ]*" \d{3} (\d{1,9}|-) "[!#-\[\]-~ ]*" "[!#-\[\]-~ ]*"$"#;
        Regex::new(line).unwrap()
    });
    let found = expression.captures(line)?;
    let part = |number: usize| std::str::from_utf8(&found[number]).unwrap().to_owned();
    let moment = format!("{}-11-{}T{}:{}:{}+05:00", part(2), part(1), part(3), part(4), part(5));
    Some((Timestamp::parse(&moment)?, part(6).parse().unwrap_or_default()))
}
