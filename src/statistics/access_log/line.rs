//! One line of the combined format, which nginx and Apache write unless they are told otherwise:
//!
//! `address identity user [time] "request" status bytes "referrer" "agent"`

use std::{borrow::Cow, net::IpAddr};

use crate::{
    timestamp::Timestamp,
    visitor::{ClientAddress, TruncatedAddress},
};

/// How both servers write a moment: `29/Nov/2026:10:15:00 +0500`.
const TIME: &str = "%d/%b/%Y:%H:%M:%S %z";

/// More than any answer has, in bytes: a terabyte. What says more is wrong, and sums must not overflow by it.
const MOST_BYTES: u64 = 1 << 40;

/// Why a line is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// Nothing in brackets where the time stands.
    #[error("no time in brackets; is it the combined format?")]
    NoTime,
    /// Not a moment.
    #[error("the time is not written as 29/Nov/2026:10:15:00 +0500")]
    WrongTime,
    /// Nothing in quotation marks where the request stands.
    #[error("no request in quotation marks after the time")]
    NoRequest,
    /// Not a status.
    #[error("no status of three digits after the request")]
    NoStatus,
    /// The common format, which says neither.
    #[error("no referrer and agent in quotation marks at the end; only the combined format has them")]
    NoAgent,
}

/// What a line says. Its address was truncated before anything else was read.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// `None` for a name, or what is no address.
    pub(super) address: Option<TruncatedAddress>,
    pub(super) time: Timestamp,
    pub(super) method: &'a str,
    /// `None` where the request is no line of HTTP.
    pub(super) target: Option<Cow<'a, str>>,
    pub(super) status: u16,
    pub(super) bytes: u64,
    pub(super) referrer: Option<Cow<'a, str>>,
    pub(super) agent: Option<Cow<'a, str>>,
}

impl<'a> Line<'a> {
    pub(super) fn read(line: &'a [u8]) -> Result<Self, LineFault> {
        let (address, rest) = split(line, b' ').ok_or(LineFault::NoTime)?;
        let address = std::str::from_utf8(address).ok().and_then(|text| text.parse::<IpAddr>().ok());
        let address = address.map(|address| ClientAddress::new(address).truncate());
        let (_, rest) = split(rest, b'[').ok_or(LineFault::NoTime)?;
        let (time, rest) = split(rest, b']').ok_or(LineFault::NoTime)?;
        let time = jiff::Timestamp::strptime(TIME, time).map_err(|_| LineFault::WrongTime)?;
        let time = Timestamp::from_milliseconds(time.as_millisecond());
        let (request, rest) = quoted(rest).ok_or(LineFault::NoRequest)?;
        let rest = rest.strip_prefix(b" ").ok_or(LineFault::NoStatus)?;
        let (status, rest) = split(rest, b' ').unwrap_or((rest, b""));
        let status = Some(status).filter(|status| status.len() == 3).and_then(number).ok_or(LineFault::NoStatus)?;
        let (bytes, rest) = split(rest, b' ').ok_or(LineFault::NoAgent)?;
        let (referrer, rest) = quoted(rest).ok_or(LineFault::NoAgent)?;
        let (agent, _) = quoted(rest).ok_or(LineFault::NoAgent)?;
        let (method, target) = parts(request);
        Ok(Self {
            address,
            time,
            method,
            target: target.map(text),
            status: u16::try_from(status).map_err(|_| LineFault::NoStatus)?,
            // What was not sent is `-`.
            bytes: number(bytes).filter(|bytes| *bytes <= MOST_BYTES).unwrap_or_default(),
            referrer: said(referrer),
            agent: said(agent),
        })
    }
}

fn split(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = memchr::memchr(at, bytes)?;
    Some((&bytes[..place], &bytes[place + 1..]))
}

/// What stands between quotation marks at the beginning, after spaces. Within it both servers write a quotation mark with a backslash
/// before it or by its number.
fn quoted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = bytes.trim_ascii_start().strip_prefix(b"\"")?;
    let mut from = 0;
    loop {
        let place = from + memchr::memchr2(b'"', b'\\', inside.get(from..)?)?;
        if inside[place] == b'"' {
            return Some((&inside[..place], &inside[place + 1..]));
        }
        from = place + 2;
    }
}

/// Method and target of `GET /path HTTP/1.1`.
fn parts(request: &[u8]) -> (&str, Option<&[u8]>) {
    let Some((method, rest)) = split(request, b' ') else { return ("", None) };
    let end = memchr::memrchr(b' ', rest).unwrap_or(rest.len());
    let target = Some(&rest[..end]).filter(|_| rest[end..].starts_with(b" HTTP/"));
    (std::str::from_utf8(method).unwrap_or_default(), target)
}

fn number(bytes: &[u8]) -> Option<u64> {
    bytes.iter().all(u8::is_ascii_digit).then(|| std::str::from_utf8(bytes).ok()?.parse().ok())?
}

/// A field, unless it says that there was none.
fn said(bytes: &[u8]) -> Option<Cow<'_, str>> {
    (!matches!(bytes, b"" | b"-")).then(|| text(bytes))
}

/// A field as it was sent: `\"`, `\\` and `\xD0` stand for what a line can't hold.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(b'\\', bytes).is_none() {
        return String::from_utf8_lossy(bytes);
    }
    let mut sent = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let (byte, taken) = match (first, after) {
            (b'\\', [b'x', one, two, ..]) => match hexadecimal(*one).zip(hexadecimal(*two)) {
                Some((one, two)) => (one << 4 | two, 4),
                None => (b'\\', 1),
            },
            (b'\\', [escaped @ (b'"' | b'\\'), ..]) => (*escaped, 2),
            _ => (*first, 1),
        };
        sent.push(byte);
        rest = &rest[taken..];
    }
    Cow::Owned(String::from_utf8_lossy(&sent).into_owned())
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";

    fn line(text: &str) -> Result<Line<'_>, LineFault> {
        Line::read(text.as_bytes())
    }

    #[test]
    fn a_line_is_read_in_the_forms_that_servers_write() {
        let check = |text: &str, target: Option<&str>, referrer: Option<&str>, agent: Option<&str>| {
            let line = line(text).unwrap();
            assert_eq!(
                (line.target.as_deref(), line.referrer.as_deref(), line.agent.as_deref()),
                (target, referrer, agent)
            );
        };
        let head = "203.0.113.77 - - [29/Nov/2026:10:15:00 +0500]";
        check(
            &format!("{head} \"GET /a?b=c HTTP/1.1\" 200 512 \"https://google.kz/\" \"{AGENT}\""),
            Some("/a?b=c"),
            Some("https://google.kz/"),
            Some(AGENT),
        );
        check(&format!("{head} \"GET / HTTP/2.0\" 304 - \"-\" \"-\""), Some("/"), None, None);
        check(&format!("{head} \"GET / HTTP/2.0\" 200 1 \"-\" \"a\" \"extra\" 0.001"), Some("/"), None, Some("a"));
        check(&format!("{head} \"GET /a b HTTP/1.1\" 400 0 \"-\" \"-\""), Some("/a b"), None, None);
        check(&format!("{head} \"\\x16\\x03\\x01\" 400 0 \"-\" \"-\""), None, None, None);
        check(&format!("{head} \"\" 408 0 \"-\" \"-\""), None, None, None);
        // nginx writes a quotation mark by its number, Apache with a backslash.
        check(&format!("{head} \"GET /\\xD0\\xB0 HTTP/1.1\" 200 0 \"-\" \"a\\x22b\""), Some("/а"), None, Some("a\"b"));
        check(&format!("{head} \"GET / HTTP/1.1\" 200 0 \"a\\\"b\" \"c\\\\\""), Some("/"), Some("a\"b"), Some("c\\"));
        check(&format!("{head} \"GET / HTTP/1.1\" 200 0 \"\\xzz\" \"-\""), Some("/"), Some("\\xzz"), None);
    }

    #[test]
    fn a_moment_has_its_zone_and_an_address_loses_its_end() {
        let rest = "[29/Nov/2026:10:15:00 +0500] \"GET / HTTP/1.1\" 200 512 \"-\" \"-\"";
        let check = |address: &str, expected: Option<&str>| {
            let text = format!("{address} - petr {rest}");
            let line = line(&text).unwrap();
            assert_eq!(line.time.to_string(), "2026-11-29T05:15:00.000Z");
            assert_eq!((line.method, line.status, line.bytes), ("GET", 200, 512));
            assert_eq!(line.address.map(|address| address.to_string()).as_deref(), expected);
        };
        check("203.0.113.77", Some("203.0.113.0"));
        check("2001:db8:1:2::77", Some("2001:db8:1::"));
        check("::ffff:203.0.113.77", Some("203.0.113.0"));
        check("host-77.example.kz", None);
    }

    #[test]
    fn what_is_no_such_line_is_told_by_what_is_missing() {
        let head = "203.0.113.77 - - [29/Nov/2026:10:15:00 +0500]";
        for (text, expected) in [
            ("", LineFault::NoTime),
            ("{\"ip\":\"203.0.113.77\"}", LineFault::NoTime),
            ("203.0.113.77 - - [29/Nov/2026:10:15:00", LineFault::NoTime),
            ("203.0.113.77 - - [2026-11-29T10:15:00Z] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"", LineFault::WrongTime),
            (&format!("{head} GET / 200"), LineFault::NoRequest),
            (&format!("{head} \"GET / HTTP/1.1"), LineFault::NoRequest),
            (&format!("{head} \"GET / HTTP/1.1\" \"-\" \"-\""), LineFault::NoStatus),
            (&format!("{head} \"GET / HTTP/1.1\" 20 1 \"-\" \"-\""), LineFault::NoStatus),
            (&format!("{head} \"GET / HTTP/1.1\" 200 512"), LineFault::NoAgent),
            (&format!("{head} \"GET / HTTP/1.1\" 200 512 \"-\" \"Mozi"), LineFault::NoAgent),
        ] {
            assert_eq!(line(text).unwrap_err(), expected, "{text}");
        }
    }
}
