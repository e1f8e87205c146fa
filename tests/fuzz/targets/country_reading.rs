//! A database of countries read a second time, by the letter of the MaxMind DB format, version 2.0: one walk down the tree, and of the data
//! only what leads to the code of a country. The whole file has been checked before.

use std::net::IpAddr;

/// What stands before the metadata.
const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";
/// Bytes of zeros between the tree and the data.
const GAP: usize = 16;

/// Something of the data: where it stands, once pointers were followed.
#[derive(Clone, Copy)]
struct Place<'a> {
    data: &'a [u8],
    at: usize,
}

/// What stands there.
enum Value<'a> {
    Text(&'a [u8]),
    /// How many pairs, and where they begin.
    Map(usize, usize),
    /// How many values, and where they begin.
    List(usize, usize),
    /// Where it ends.
    Other(usize),
}

/// The text in which the database says a country of an address, before anybody asks whether it is the code of one.
pub fn country(file: &[u8], address: IpAddr) -> Option<&[u8]> {
    let metadata = memchr::memmem::rfind(file, MARKER)? + MARKER.len();
    let metadata = Place { data: &file[metadata..], at: 0 };
    let number = |name: &[u8]| metadata.entry(name).map(Place::number);
    let (nodes, size) = (number(b"node_count")?, number(b"record_size")?);
    let bits: Vec<bool> = match (address, number(b"ip_version")?) {
        (IpAddr::V4(address), 4) => (0..32).rev().map(|bit| address.to_bits() >> bit & 1 == 1).collect(),
        (IpAddr::V4(address), _) => (0..128).rev().map(|bit| u128::from(address.to_bits()) >> bit & 1 == 1).collect(),
        (IpAddr::V6(_), 4) => return None,
        (IpAddr::V6(address), _) => (0..128).rev().map(|bit| address.to_bits() >> bit & 1 == 1).collect(),
    };
    let mut node = 0;
    for bit in bits {
        if node >= nodes {
            break;
        }
        node = record(file, node, size, bit);
    }
    let data = &file[nodes * size / 4 + GAP..];
    let found = Place { data, at: node.checked_sub(nodes + GAP)? };
    let country = found.entry(b"country");
    let below = || country?.entry(b"iso_code")?.text();
    let beside = || found.entry(b"country_code")?.text();
    below().or_else(beside).or_else(|| country?.text())
}

/// One of the two numbers of a node.
fn record(file: &[u8], node: usize, size: usize, right: bool) -> usize {
    let bytes = &file[node * size / 4..][..size / 4];
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
    match (size, right) {
        (28, false) => usize::from(bytes[3] >> 4) << 24 | number(&bytes[..3]),
        (28, true) => usize::from(bytes[3] & 15) << 24 | number(&bytes[4..]),
        (_, false) => number(&bytes[..size / 8]),
        (_, true) => number(&bytes[size / 8..]),
    }
}

impl<'a> Place<'a> {
    /// The control bytes: kind, size, and where what follows begins.
    fn control(self) -> (u8, usize, usize) {
        let Self { data, mut at } = self;
        let mut next = || {
            at += 1;
            usize::from(data[at - 1])
        };
        let first = next();
        let kind = if first >> 5 == 0 { 7 + u8::try_from(next()).unwrap() } else { u8::try_from(first >> 5).unwrap() };
        if kind == 1 {
            return (kind, first & 31, at);
        }
        let size = match first & 31 {
            29 => 29 + next(),
            30 => 285 + (next() << 8 | next()),
            31 => 65_821 + (next() << 16 | next() << 8 | next()),
            size => size,
        };
        (kind, size, at)
    }

    /// The same place, or where a pointer leads, with the end of what stands here.
    fn followed(self) -> (Self, Option<usize>) {
        let (kind, bits, at) = self.control();
        if kind != 1 {
            return (self, None);
        }
        let (length, base) = [(1, 0), (2, 2048), (3, 526_336), (4, 0)][bits >> 3];
        let high = if length == 4 { 0 } else { bits & 7 };
        let number = self.data[at..at + length].iter().fold(high, |number, byte| number << 8 | usize::from(*byte));
        (Self { at: number + base, ..self }, Some(at + length))
    }

    fn value(self) -> Value<'a> {
        let (kind, size, at) = self.followed().0.control();
        match kind {
            2 => Value::Text(&self.data[at..at + size]),
            7 => Value::Map(size, at),
            11 => Value::List(size, at),
            // Whether it is true stands in its size.
            14 => Value::Other(at),
            _ => Value::Other(at + size),
        }
    }

    fn text(self) -> Option<&'a [u8]> {
        match self.value() {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn number(self) -> usize {
        let (_, size, at) = self.followed().0.control();
        self.data[at..at + size].iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
    }

    /// Where what stands here ends.
    fn end(self) -> usize {
        let (place, end) = self.followed();
        if let Some(end) = end {
            return end;
        }
        match place.value() {
            Value::Text(text) => {
                let (_, _, at) = place.control();
                at + text.len()
            }
            Value::Map(pairs, at) => (0..2 * pairs).fold(at, |at, _| Self { at, ..self }.end()),
            Value::List(values, at) => (0..values).fold(at, |at, _| Self { at, ..self }.end()),
            Value::Other(end) => end,
        }
    }

    /// The value of a map under this name; the first where there are several.
    fn entry(self, name: &[u8]) -> Option<Self> {
        let Value::Map(pairs, mut at) = self.value() else { return None };
        for _ in 0..pairs {
            let key = Self { at, ..self };
            let value = Self { at: key.end(), ..self };
            if key.text() == Some(name) {
                return Some(value);
            }
            at = value.end();
        }
        None
    }
}
