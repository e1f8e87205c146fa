//! Who the client is when other proxies stand in front: forwarding headers are believed only from trusted ones.

use std::{
    hash::BuildHasher,
    net::{IpAddr, SocketAddr},
};

use http::{HeaderMap, HeaderValue};

use super::{ClientAddress, Network};

/// How the client reached us or the proxy in front of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// The client behind a connection.
#[derive(Clone, Copy)]
pub struct ClientConnection {
    /// Its address.
    pub address: ClientAddress,
    /// Its scheme.
    pub scheme: Scheme,
}

/// The other end of a connection.
#[derive(Clone, Copy)]
pub struct Peer {
    address: ClientAddress,
    /// The proxy that announced the address, where it is not the connection's own.
    announced_by: Option<ClientAddress>,
}

impl Peer {
    /// Nobody stands between.
    pub fn direct(address: IpAddr) -> Self {
        Self { address: ClientAddress::new(address), announced_by: None }
    }

    /// A proxy that is believed passes the connection on, and says from whom it has it.
    pub fn announced(address: IpAddr, by: IpAddr) -> Self {
        Self { address: ClientAddress::new(address), announced_by: Some(ClientAddress::new(by)) }
    }

    /// Whether it is one of the proxies that are believed itself.
    pub fn is_one_of(self, trusted: &[Network]) -> bool {
        self.address.is_in(trusted)
    }

    /// Whether the connection comes from this machine.
    pub fn is_loopback(self) -> bool {
        self.address.is_loopback()
    }

    /// As [`ClientAddress::limit_key`], of whoever connects.
    pub fn limit_key(self, hasher: &impl BuildHasher) -> u64 {
        self.address.limit_key(hasher)
    }
}

/// Finds the client. From a trusted peer the rightmost address of `X-Forwarded-For` that is not itself trusted counts (what stands left
/// of it anybody could have written), and its last `X-Forwarded-Proto`; from others nothing is believed.
///
/// An address that a proxy announced for a connection is one more hop of the same list, the rightmost: the list goes on only where it is
/// trusted. The scheme is believed from a trusted proxy on either side of it.
pub fn client_connection(peer: Peer, scheme: Scheme, headers: &HeaderMap, trusted: &[Network]) -> ClientConnection {
    let is_trusted = peer.is_one_of(trusted);
    if !is_trusted && !peer.announced_by.is_some_and(|proxy| proxy.is_in(trusted)) {
        return ClientConnection { address: peer.address, scheme };
    }
    // Items are cut out of bytes: what a client wrote into the same line may be no text, and must not hide what its proxy added.
    let last_item = |name| items(headers.get_all(name).iter().next_back()?).next();
    let scheme = match last_item("x-forwarded-proto") {
        Some(proto) if proto.eq_ignore_ascii_case(b"https") => Scheme::Https,
        Some(proto) if proto.eq_ignore_ascii_case(b"http") => Scheme::Http,
        Some(_) | None => scheme,
    };
    let mut address = peer.address;
    if !is_trusted {
        return ClientConnection { address, scheme };
    }
    'lines: for line in headers.get_all("x-forwarded-for").iter().rev() {
        for item in items(line) {
            // An item that is no address ends the part of the list that trusted proxies wrote.
            let Some(hop) = read_address(item) else { break 'lines };
            address = ClientAddress::new(hop);
            if !address.is_in(trusted) {
                break 'lines;
            }
        }
    }
    ClientConnection { address, scheme }
}

/// The items of a line, the last one first.
fn items(line: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    line.as_bytes().rsplit(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// An address, with or without port and brackets.
fn read_address(item: &[u8]) -> Option<IpAddr> {
    let item = std::str::from_utf8(item).ok()?;
    let bare = item.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(item);
    bare.parse().ok().or_else(|| item.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `client by proxy`, or the client alone.
    fn peer_of(text: &str) -> Peer {
        match text.split_once(" by ") {
            Some((client, proxy)) => Peer::announced(client.parse().unwrap(), proxy.parse().unwrap()),
            None => Peer::direct(text.parse().unwrap()),
        }
    }

    fn check(peer: &str, lines: &[&str], expected: &str) {
        let trusted = [Network::parse("10.0.0.0/8").unwrap(), Network::parse("::1").unwrap()];
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let client = client_connection(peer_of(peer), Scheme::Http, &headers, &trusted);
        assert_eq!(client.address.truncate().to_string(), expected, "{peer} {lines:?}");
    }

    #[test]
    fn forwarding_headers_are_believed_only_from_trusted_proxies() {
        check("203.0.113.9", &["198.51.100.7"], "203.0.113.0");
        check("10.0.0.1", &["198.51.100.7"], "198.51.100.0");
        check("::1", &["198.51.100.7"], "198.51.100.0");
        check("10.0.0.1", &[], "10.0.0.0");
    }

    #[test]
    fn an_announced_address_is_the_last_hop_of_the_list() {
        check("203.0.113.9 by 192.0.2.1", &["198.51.100.7"], "203.0.113.0");
        check("203.0.113.9 by 10.0.0.1", &["198.51.100.7"], "203.0.113.0");
        check("10.0.0.2 by 192.0.2.1", &["198.51.100.7"], "198.51.100.0");
        check("10.0.0.2 by 10.0.0.1", &["198.51.100.7, 10.9.9.9"], "198.51.100.0");
    }

    #[test]
    fn the_rightmost_address_that_is_not_trusted_counts() {
        check("10.0.0.1", &["192.0.2.1, 198.51.100.7, 10.2.3.4"], "198.51.100.0");
        check("10.0.0.1", &["192.0.2.1", "198.51.100.7"], "198.51.100.0");
        check("10.0.0.1", &["198.51.100.7:4711"], "198.51.100.0");
        check("10.0.0.1", &["[2001:db8:1:2::3]:443"], "2001:db8:1::");
        check("10.0.0.1", &["192.0.2.1, unknown, 10.9.9.9"], "10.9.9.0");
        check("10.0.0.1", &["10.3.3.3, 10.4.4.4"], "10.3.3.0");
    }

    #[test]
    fn what_is_no_text_in_front_of_what_a_proxy_added_does_not_make_the_proxy_the_client() {
        check("10.0.0.1", &["\u{44f}, 198.51.100.7"], "198.51.100.0");
        check("10.0.0.1", &["\u{44f}", "198.51.100.7"], "198.51.100.0");
        check("10.0.0.1", &["192.0.2.1, \u{44f}, 198.51.100.7, 10.2.3.4"], "198.51.100.0");
        let headers = [("x-forwarded-proto".parse().unwrap(), HeaderValue::from_bytes(b"\xff, https").unwrap())]
            .into_iter()
            .collect();
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        assert_eq!(client_connection(peer_of("10.0.0.1"), Scheme::Http, &headers, &trusted).scheme, Scheme::Https);
    }

    #[test]
    fn the_scheme_of_the_client_is_what_the_trusted_proxy_says() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-proto", "http, HTTPS".parse().unwrap());
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        let scheme = |peer: &str| client_connection(peer_of(peer), Scheme::Http, &headers, &trusted).scheme;
        assert_eq!(scheme("10.0.0.1"), Scheme::Https);
        assert_eq!(scheme("203.0.113.9"), Scheme::Http);
        // A proxy of requests that announces its clients says by which scheme they came, too; one of connections alone is not listed.
        assert_eq!(scheme("203.0.113.9 by 10.0.0.1"), Scheme::Https);
        assert_eq!(scheme("10.0.0.1 by 192.0.2.1"), Scheme::Https);
        assert_eq!(scheme("203.0.113.9 by 192.0.2.1"), Scheme::Http);
    }
}
