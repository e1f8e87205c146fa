//! The PROXY header with which a proxy begins a connection. Input: the first bytes of the connection.
//!
//! A second reading, written for this by the letter of the protocol (`proxy-protocol.txt`, sections 2.1 and 2.2), has to come to the same.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

use kelisim::server::proxy_protocol::header::{Broken, LONGEST, Parsed, parse};
use regex::bytes::Regex;

use super::Target;

pub const TARGET: Target = Target { name: "proxy_header", run, words: WORDS, runs: 6000 };

const WORDS: &[&str] = &[
    "PROXY ",
    "TCP4 ",
    "TCP6 ",
    "UNKNOWN",
    "UDP4",
    " ",
    "\r\n",
    "\r",
    "\n",
    "198.51.100.7",
    "0.0.0.0",
    "255.255.255.255",
    "256.1.1.1",
    "01.2.3.4",
    "::",
    "::1",
    "2001:db8::7",
    "1:2:3:4:5:6:7:8",
    "::ffff:198.51.100.7",
    "0",
    "65535",
    "65536",
    "00443",
    "+1",
    "\r\n\r\n\0\r\nQUIT\n",
    "\u{21}\u{11}\0\u{c}",
    "\u{21}\u{21}\0\u{24}",
    "\u{20}\0\0\0",
    "GET / HTTP/1.1\r\n\r\n",
];

/// The longest line of version 1 that needs a buffer of 108 bytes with a zero at its end.
const LONGEST_LINE: usize = 107;

fn run(input: &[u8]) {
    let read = parse(input);
    let second = match (line(input), binary(input)) {
        (Reading::Other, reading) | (reading, Reading::Other) => reading,
        both => panic!("a header of two versions: {both:?}"),
    };
    match (&read, second) {
        (Ok(Parsed::Part), Reading::Part)
        | (Err(Broken::Missing), Reading::Other)
        | (Err(Broken::Malformed | Broken::TooLong), Reading::Bad) => {}
        (Ok(Parsed::Whole { length, client }), Reading::Whole(second, from)) => {
            assert_eq!((*length, *client), (second, from), "{}", input.escape_ascii());
        }
        (read, second) => panic!("{read:?} and {second:?}: {}", input.escape_ascii()),
    }
    // What is known of the first bytes holds whatever follows, so that it does not matter in which pieces they come.
    let ends = match read {
        Ok(Parsed::Whole { length, .. }) => length,
        _ => input.len(),
    };
    for part in (0..ends).rev().take(64).chain([ends / 2, ends / 3]) {
        let of_part = parse(&input[..part.min(ends.saturating_sub(1))]);
        assert!(of_part == Ok(Parsed::Part) || (of_part == read && read.is_err()), "{part}: {of_part:?} then {read:?}");
    }
    if let Ok(Parsed::Whole { length, client }) = read {
        assert!(length <= LONGEST && length <= input.len());
        assert_eq!(parse(&input[..length]), read, "nothing behind it is looked at");
        if let Some(client) = client {
            for written in [written_as_line(client), written_as_binary(client)] {
                let length = written.len();
                assert_eq!(
                    parse(&written),
                    Ok(Parsed::Whole { length, client: Some(client) }),
                    "the same in each version"
                );
            }
        }
    }
}

/// What the first bytes are by one version.
#[derive(Debug, PartialEq)]
enum Reading {
    Other,
    Part,
    Bad,
    Whole(usize, Option<IpAddr>),
}

/// A decimal number up to 255 and up to 65535, without zeros in front.
const BYTE: &str = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const PORT: &str = "(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}|0)";

fn line(bytes: &[u8]) -> Reading {
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        let four = format!("(?:{BYTE}\\.){{3}}{BYTE}");
        let ports = format!("{PORT} {PORT}");
        let text = format!(
            "^(?s-u)(?:TCP4 (?P<four>{four}) {four} {ports}|TCP6 (?P<six>[0-9A-Fa-f:.]+) (?P<to>[0-9A-Fa-f:.]+) {ports}|UNKNOWN(?: .*)?)$"
        );
        Regex::new(&text).unwrap()
    });
    const BEGINS: &[u8] = b"PROXY ";
    if bytes.len() < BEGINS.len() {
        // No byte says anything yet, of either version.
        return if bytes.is_empty() || !BEGINS.starts_with(bytes) { Reading::Other } else { Reading::Part };
    }
    let Some(rest) = bytes.strip_prefix(BEGINS) else { return Reading::Other };
    let Some(end) = memchr::memmem::find(rest, b"\r\n") else {
        return if bytes.len() < LONGEST_LINE { Reading::Part } else { Reading::Bad };
    };
    let length = BEGINS.len() + end + 2;
    if length > LONGEST_LINE {
        return Reading::Bad;
    }
    let Some(found) = LINE.captures(&rest[..end]) else { return Reading::Bad };
    let text = |name| found.name(name).map(|part| std::str::from_utf8(part.as_bytes()).unwrap());
    let client = match (text("four"), text("six"), text("to")) {
        (Some(four), ..) => {
            let bytes: Vec<u8> = four.split('.').map(|byte| byte.parse().unwrap()).collect();
            Some(IpAddr::from(<[u8; 4]>::try_from(bytes).unwrap()))
        }
        (_, Some(six), Some(to)) => match (six_of(six), six_of(to)) {
            (Some(six), Some(_)) => Some(six.into()),
            _ => return Reading::Bad,
        },
        _ => None,
    };
    Reading::Whole(length, client)
}

/// An address of IPv6 by RFC 4291, section 2.2: eight groups, of which one run of zeros may be left out, the last two perhaps as IPv4.
fn six_of(text: &str) -> Option<Ipv6Addr> {
    let (head, tail) = match text.split_once("::") {
        Some((head, tail)) => (groups(head, false)?, Some(groups(tail, true)?)),
        None => (groups(text, true)?, None),
    };
    let all = match tail {
        Some(tail) => {
            let missing = 8_usize.checked_sub(head.len() + tail.len()).filter(|missing| *missing > 0)?;
            [head, vec![0; missing], tail].concat()
        }
        None => head,
    };
    Some(<[u16; 8]>::try_from(all).ok()?.into())
}

fn groups(text: &str, ends: bool) -> Option<Vec<u16>> {
    let mut groups = Vec::new();
    let mut parts = text.split(':').peekable();
    if text.is_empty() {
        return Some(groups);
    }
    while let Some(part) = parts.next() {
        if part.contains('.') {
            let four: Ipv4Addr = part.parse().ok().filter(|_| ends && parts.peek().is_none())?;
            let [one, two, three, four] = four.octets();
            groups.extend([u16::from_be_bytes([one, two]), u16::from_be_bytes([three, four])]);
        } else {
            groups.push(u16::from_str_radix(part, 16).ok().filter(|_| part.len() <= 4 && !part.starts_with('+'))?);
        }
    }
    Some(groups)
}

fn binary(bytes: &[u8]) -> Reading {
    const SIGNATURE: [u8; 12] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
    let common = bytes.iter().zip(SIGNATURE).take_while(|(byte, expected)| *byte == expected).count();
    if common < bytes.len().min(SIGNATURE.len()) {
        return Reading::Other;
    }
    let [version, transport, length @ ..] = &bytes[common..] else { return Reading::Part };
    let Some(length) = length.first_chunk::<2>().map(|length| usize::from(u16::from_be_bytes(*length))) else {
        return Reading::Part;
    };
    if version >> 4 != 2 || version & 15 > 1 || 16 + length > LONGEST {
        return Reading::Bad;
    }
    let local = version & 15 == 0;
    // By family and transport: what nobody knows, TCP over IPv4 and IPv6, streams of Unix.
    let addresses = match (transport >> 4, transport & 15) {
        _ if local => 0,
        (0, 0) => 0,
        (1, 1) => 12,
        (2, 1) => 36,
        (3, 1) => 216,
        _ => return Reading::Bad,
    };
    if length < addresses {
        return Reading::Bad;
    }
    let Some(body) = bytes[16..].get(..length) else { return Reading::Part };
    let client = match addresses {
        12 => Some(IpAddr::from(<[u8; 4]>::try_from(&body[..4]).unwrap())),
        36 => Some(IpAddr::from(<[u8; 16]>::try_from(&body[..16]).unwrap())),
        _ => None,
    };
    Reading::Whole(16 + length, client)
}

fn written_as_line(client: IpAddr) -> Vec<u8> {
    match client {
        IpAddr::V4(_) => format!("PROXY TCP4 {client} 192.0.2.1 65535 0\r\n"),
        IpAddr::V6(_) => format!("PROXY TCP6 {client} ::1 65535 0\r\n"),
    }
    .into_bytes()
}

fn written_as_binary(client: IpAddr) -> Vec<u8> {
    let (transport, address, rest) = match client {
        IpAddr::V4(client) => (0x11, client.octets().to_vec(), 8),
        IpAddr::V6(client) => (0x21, client.octets().to_vec(), 20),
    };
    let length = u8::try_from(address.len() + rest).unwrap();
    [b"\r\n\r\n\0\r\nQUIT\n", &[0x21, transport, 0, length][..], &address, &vec![0; rest]].concat()
}
