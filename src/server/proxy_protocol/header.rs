//! The header of the PROXY protocol, versions 1 and 2 (HAProxy, `proxy-protocol.txt`, sections 2.1 and 2.2), as bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest header of version 2, in bytes. Addresses take at most 232 of it; the rest are items that nothing here reads, such as the
/// certificate of a client. nginx takes as many.
pub const LONGEST: usize = 4096;

/// Longest header of version 1, in bytes: "a 108-byte buffer is always enough to store all the line and a trailing zero".
const LONGEST_LINE: usize = 107;

const LINE_BEGINS: &[u8] = b"PROXY ";

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Bytes of version 2 before the addresses: signature, version and command, family and transport, length.
const FIXED: usize = 16;

/// What the first bytes of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The beginning of a header: all of them belong to it, and more must come.
    Part,
    /// A whole header with this many bytes, and the address of the client. There is none where the proxy speaks for itself, as with a check
    /// of health, or does not know.
    Whole {
        /// All bytes of it.
        length: usize,
        /// Where the connection comes from.
        client: Option<IpAddr>,
    },
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// They begin with something else.
    Missing,
    /// They begin as a header does, and go on otherwise.
    Malformed,
    /// It is longer than is taken.
    TooLong,
}

/// Reads the first bytes of a connection. What it says of the beginning of some bytes it says of any of their beginnings that is as long.
///
/// # Errors
///
/// When they are no header, whatever follows.
pub fn parse(bytes: &[u8]) -> Result<Parsed, Broken> {
    let begins = |mark: &[u8]| bytes.iter().zip(mark).all(|(byte, expected)| byte == expected);
    match (begins(SIGNATURE), begins(LINE_BEGINS)) {
        (true, _) if bytes.len() >= FIXED => binary(bytes),
        (_, true) if bytes.len() >= LINE_BEGINS.len() => line(bytes),
        (false, false) => Err(Broken::Missing),
        _ => Ok(Parsed::Part),
    }
}

/// Version 1: a line of text.
fn line(bytes: &[u8]) -> Result<Parsed, Broken> {
    let within = &bytes[..bytes.len().min(LONGEST_LINE)];
    let Some(end) = within.windows(2).position(|pair| pair == b"\r\n") else {
        return if bytes.len() < LONGEST_LINE { Ok(Parsed::Part) } else { Err(Broken::TooLong) };
    };
    let text = std::str::from_utf8(&bytes[LINE_BEGINS.len()..end]);
    let client = match text.map(|text| text.split(' ').collect::<Vec<_>>()).as_deref() {
        // Whatever follows this word is to be ignored, also what is no text.
        _ if is_unknown(&bytes[LINE_BEGINS.len()..end]) => None,
        Ok(["TCP4", from, to, ports @ ..]) if are_ports(ports) && to.parse::<Ipv4Addr>().is_ok() => {
            Some(from.parse::<Ipv4Addr>().map_err(|_| Broken::Malformed)?.into())
        }
        Ok(["TCP6", from, to, ports @ ..]) if are_ports(ports) && to.parse::<Ipv6Addr>().is_ok() => {
            Some(from.parse::<Ipv6Addr>().map_err(|_| Broken::Malformed)?.into())
        }
        _ => return Err(Broken::Malformed),
    };
    Ok(Parsed::Whole { length: end + 2, client })
}

fn is_unknown(rest: &[u8]) -> bool {
    rest.strip_prefix(b"UNKNOWN").is_some_and(|rest| matches!(rest.first(), None | Some(b' ')))
}

/// Two numbers in decimal digits, without leading zeros.
fn are_ports(words: &[&str]) -> bool {
    let is_port = |word: &&str| word.parse::<u16>().is_ok_and(|port| port.to_string() == **word);
    words.len() == 2 && words.iter().all(is_port)
}

/// Version 2.
fn binary(bytes: &[u8]) -> Result<Parsed, Broken> {
    let (command, family) = (bytes[12], bytes[13]);
    let length = FIXED + usize::from(u16::from_be_bytes([bytes[14], bytes[15]]));
    let addresses = match (command, family) {
        // LOCAL: the family is to be ignored.
        (0x20, _) => 0,
        // PROXY: unknown, TCP over IPv4, TCP over IPv6, a stream over a socket of Unix. Nothing else reaches us over TCP.
        (0x21, 0x00) => 0,
        (0x21, 0x11) => 12,
        (0x21, 0x21) => 36,
        (0x21, 0x31) => 216,
        _ => return Err(Broken::Malformed),
    };
    if length < FIXED + addresses {
        return Err(Broken::Malformed);
    }
    if length > LONGEST {
        return Err(Broken::TooLong);
    }
    if bytes.len() < length {
        return Ok(Parsed::Part);
    }
    let client = match addresses {
        12 => bytes[FIXED..].first_chunk::<4>().map(|address| IpAddr::from(*address)),
        36 => bytes[FIXED..].first_chunk::<16>().map(|address| IpAddr::from(*address)),
        _ => None,
    };
    Ok(Parsed::Whole { length, client })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(bytes: &[u8], client: Option<&str>) {
        let expected = Parsed::Whole { length: bytes.len(), client: client.map(|client| client.parse().unwrap()) };
        for length in 0..bytes.len() {
            assert_eq!(
                parse(&bytes[..length]),
                Ok(Parsed::Part),
                "{length} bytes of {:?}",
                bytes.escape_ascii().to_string()
            );
        }
        for after in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", b"\r\n", b"PROXY UNKNOWN\r\n", &[0x16, 3, 1]] {
            assert_eq!(parse(&[bytes, after].concat()), Ok(expected), "{:?}", bytes.escape_ascii().to_string());
        }
    }

    fn broken(bytes: &[u8], expected: Broken) {
        assert_eq!(parse(bytes), Err(expected), "{:?}", bytes.escape_ascii().to_string());
    }

    fn binary_header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family], &length, rest].concat()
    }

    #[test]
    fn a_line_names_the_client_or_says_that_nobody_knows_it() {
        whole(b"PROXY TCP4 198.51.100.7 192.0.2.1 56324 443\r\n", Some("198.51.100.7"));
        whole(b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", Some("255.255.255.255"));
        whole(b"PROXY TCP6 2001:db8::7 ::1 0 443\r\n", Some("2001:db8::7"));
        whole(b"PROXY UNKNOWN\r\n", None);
        whole(b"PROXY UNKNOWN 2001:db8::7 \xff anything\r\n", None);
        let longest = format!("PROXY UNKNOWN {}\r\n", "f".repeat(LONGEST_LINE - 16));
        assert_eq!(longest.len(), LONGEST_LINE);
        whole(longest.as_bytes(), None);
    }

    #[test]
    fn a_line_that_is_not_exact_is_broken() {
        for line in [
            "PROXY TCP4 198.51.100.7 192.0.2.1 56324\r\n",
            "PROXY TCP4 198.51.100.7 192.0.2.1 56324 443 \r\n",
            "PROXY TCP4  198.51.100.7 192.0.2.1 56324 443\r\n",
            "PROXY TCP4 198.51.100.07 192.0.2.1 56324 443\r\n",
            "PROXY TCP4 198.51.100.7 192.0.2.1 65536 443\r\n",
            "PROXY TCP4 198.51.100.7 192.0.2.1 +1 443\r\n",
            "PROXY TCP4 198.51.100.7 192.0.2.1 1 0443\r\n",
            "PROXY TCP4 2001:db8::7 ::1 1 443\r\n",
            "PROXY TCP6 198.51.100.7 192.0.2.1 1 443\r\n",
            "PROXY UDP4 198.51.100.7 192.0.2.1 1 443\r\n",
            "PROXY UNKNOWNS\r\n",
            "PROXY tcp4 198.51.100.7 192.0.2.1 1 443\r\n",
            "PROXY TCP4 198.51.100.7 192.0.2.1 1 443\nPROXY TCP4 203.0.113.9 192.0.2.1 1 443\r\n",
            "PROXY \r\n",
        ] {
            broken(line.as_bytes(), Broken::Malformed);
        }
        broken(format!("PROXY UNKNOWN {}\r\n", "f".repeat(LONGEST_LINE - 15)).as_bytes(), Broken::TooLong);
        for other in ["GET / HTTP/1.1\r\n", "PROXy TCP4", "proxy ", "\r\n\r\nQUIT", "\u{16}\u{3}\u{1}", " PROXY"] {
            broken(other.as_bytes(), Broken::Missing);
        }
    }

    #[test]
    fn a_binary_header_names_the_client_and_what_follows_its_addresses_is_skipped() {
        let four = [198, 51, 100, 7, 192, 0, 2, 1, 0xdc, 4, 1, 0xbb];
        let mut six = [0; 36];
        six[..4].copy_from_slice(&[0x20, 1, 0x0d, 0xb8]);
        six[15] = 7;
        whole(&binary_header(0x21, 0x11, &four), Some("198.51.100.7"));
        whole(&binary_header(0x21, 0x21, &six), Some("2001:db8::7"));
        let items = [&four[..], &[0x02, 0, 3, b'a', b'.', b'b', 0x20, 0xff, 0xff]].concat();
        whole(&binary_header(0x21, 0x11, &items), Some("198.51.100.7"));
        whole(&binary_header(0x21, 0x31, &[0; 216]), None);
        whole(&binary_header(0x21, 0x00, b""), None);
        whole(&binary_header(0x21, 0x00, &[1; 40]), None);
        whole(&binary_header(0x20, 0x00, b""), None);
        whole(&binary_header(0x20, 0x11, &four), None);
        whole(&binary_header(0x20, 0x42, b"?"), None);
        let longest = [&four[..], &[0; LONGEST - FIXED - 12]].concat();
        whole(&binary_header(0x21, 0x11, &longest), Some("198.51.100.7"));
    }

    #[test]
    fn a_binary_header_that_is_not_exact_is_broken_before_all_of_it_has_come() {
        for (command, family, length) in
            [(0x31, 0x11, 12), (0x22, 0x11, 12), (0x21, 0x12, 12), (0x21, 0x41, 12), (0x21, 0x11, 11), (0x21, 0x21, 35)]
        {
            broken(&binary_header(command, family, &vec![0; length]), Broken::Malformed);
        }
        broken(&binary_header(0x21, 0x11, &[0; 5000])[..FIXED], Broken::TooLong);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_within_bounds_and_the_same_at_every_split(
            begins in prop::sample::select(vec![b"".to_vec(), LINE_BEGINS.to_vec(), b"PROXY TCP4 1.2.3.4 5.6.7.8 ".to_vec(),
                [SIGNATURE, &[0x21, 0x11, 0, 12]].concat(), [SIGNATURE, &[0x21, 0x21]].concat()]),
            rest in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b' '), b'0'..=b'9', any::<u8>()], 0..200),
        ) {
            let bytes = [begins, rest].concat();
            let known = parse(&bytes);
            if let Ok(Parsed::Whole { length, .. }) = known {
                prop_assert!(length <= bytes.len() && length <= LONGEST);
                for part in 0..length {
                    prop_assert_eq!(parse(&bytes[..part]), Ok(Parsed::Part));
                }
            }
            // What was said of a beginning holds for all that goes on from it.
            for part in 0..bytes.len() {
                let of_part = parse(&bytes[..part]);
                prop_assert!(of_part == Ok(Parsed::Part) || of_part == known, "{} bytes: {:?}, then {:?}", part, of_part, known);
            }
        }

        #[test]
        fn every_address_is_read_as_it_was_written(four: [u8; 4], six: [u8; 16], port: u16) {
            let (four, six) = (Ipv4Addr::from(four), Ipv6Addr::from(six));
            whole(format!("PROXY TCP4 {four} 192.0.2.1 {port} 443\r\n").as_bytes(), Some(&four.to_string()));
            whole(format!("PROXY TCP6 {six} ::1 {port} 443\r\n").as_bytes(), Some(&six.to_string()));
            whole(&binary_header(0x21, 0x21, &[&six.octets()[..], &[0; 20]].concat()), Some(&six.to_string()));
        }
    }
}
