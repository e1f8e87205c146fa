//! Small databases of countries in the MaxMind DB format, version 2.0: a binary tree of networks with 24 bits a record, what is said of
//! them, and what the database says of itself. IPv6 with IPv4 below `::/96`, as databases of both have it.

use std::net::IpAddr;

/// A database that will be written.
pub struct Countries {
    kind: String,
    built: u64,
    /// The bits of each network from the left, how many they are, and what is said of it.
    networks: Vec<(u128, usize, Vec<u8>)>,
}

/// One side of a node.
#[derive(Clone, Copy)]
enum Record {
    Nothing,
    Node(usize),
    /// Where the data is, from the beginning of its section.
    Data(usize),
}

impl Countries {
    /// A database of this kind, made at this second.
    pub fn made(kind: &str, built: u64) -> Self {
        Self { kind: kind.to_owned(), built, networks: Vec::new() }
    }

    /// One that calls itself `Test-Country`.
    pub fn new() -> Self {
        Self::made("Test-Country", 1_790_000_000)
    }

    /// A network, as `203.0.113.0/24`, is in this country. What is said later of a part of it holds there.
    pub fn with(self, network: &str, country: &str) -> Self {
        self.saying(network, map(&[("country", map(&[("iso_code", text(country))]))]))
    }

    /// A network about which something else is said.
    pub fn saying(mut self, network: &str, data: Vec<u8>) -> Self {
        let (address, length) = network.split_once('/').unwrap();
        let (bits, before) = match address.parse().unwrap() {
            IpAddr::V4(address) => (u32::from(address).into(), 96),
            IpAddr::V6(address) => (u128::from(address), 0),
        };
        self.networks.push((bits, before + length.parse::<usize>().unwrap(), data));
        self
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut nodes = vec![[Record::Nothing; 2]];
        let mut data = Vec::new();
        for (bits, length, said) in &self.networks {
            let (mut at, side) = (0, |depth: usize| usize::from(bits >> (127 - depth) & 1 == 1));
            for depth in 0..length - 1 {
                at = match nodes[at][side(depth)] {
                    Record::Node(next) => next,
                    // What was said of the whole network is said of both halves from now on.
                    above => {
                        nodes.push([above; 2]);
                        let next = nodes.len() - 1;
                        nodes[at][side(depth)] = Record::Node(next);
                        next
                    }
                };
            }
            nodes[at][side(length - 1)] = Record::Data(data.len());
            data.extend_from_slice(said);
        }
        let mut bytes = Vec::new();
        for record in nodes.iter().flatten() {
            let number = match record {
                Record::Nothing => nodes.len(),
                Record::Node(next) => *next,
                // The data begins behind 16 bytes of zeros.
                Record::Data(place) => nodes.len() + 16 + place,
            };
            bytes.extend_from_slice(&u32::try_from(number).unwrap().to_be_bytes()[1..]);
        }
        bytes.extend_from_slice(&[0; 16]);
        bytes.extend(data);
        bytes.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
        bytes.extend(self.metadata(nodes.len()));
        bytes
    }

    fn metadata(&self, nodes: usize) -> Vec<u8> {
        map(&[
            ("binary_format_major_version", number16(2)),
            ("binary_format_minor_version", number16(0)),
            ("build_epoch", [&[8, 2][..], &self.built.to_be_bytes()].concat()),
            ("database_type", text(&self.kind)),
            ("description", map(&[("en", text("made by a test"))])),
            ("ip_version", number16(6)),
            ("languages", vec![0, 4]),
            ("node_count", [&[0b110_00100][..], &u32::try_from(nodes).unwrap().to_be_bytes()].concat()),
            ("record_size", number16(24)),
        ])
    }
}

/// A text of at most 28 bytes.
pub fn text(text: &str) -> Vec<u8> {
    [&[0b010_00000 | u8::try_from(text.len()).unwrap()][..], text.as_bytes()].concat()
}

/// A map of at most 28 keys.
pub fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let head = 0b111_00000 | u8::try_from(pairs.len()).unwrap();
    [head].into_iter().chain(pairs.iter().flat_map(|(key, value)| [text(key), value.clone()].concat())).collect()
}

fn number16(number: u8) -> Vec<u8> {
    vec![0b101_00001, number]
}
