//! Who the client is when other proxies stand in front: forwarding headers are believed only from trusted ones.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

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

/// Finds the client. From a trusted peer the rightmost address of `X-Forwarded-For` that is not itself trusted counts (what stands left
/// of it anybody could have written), and its last `X-Forwarded-Proto`; from others nothing is believed.
pub fn client_connection(peer: IpAddr, scheme: Scheme, headers: &HeaderMap, trusted: &[Network]) -> ClientConnection {
    let peer = ClientAddress::new(peer);
    if !peer.is_in(trusted) {
        return ClientConnection { address: peer, scheme };
    }
    let last_item = |name| headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next().map(str::trim);
    let scheme = match last_item("x-forwarded-proto") {
        Some(proto) if proto.eq_ignore_ascii_case("https") => Scheme::Https,
        Some(proto) if proto.eq_ignore_ascii_case("http") => Scheme::Http,
        Some(_) | None => scheme,
    };
    let mut address = peer;
    'lines: for line in headers.get_all("x-forwarded-for").iter().rev() {
        for item in line.to_str().unwrap_or_default().rsplit(',') {
            // An item that is no address ends the part of the list that trusted proxies wrote.
            let Some(hop) = read_address(item.trim()) else { break 'lines };
            address = ClientAddress::new(hop);
            if !address.is_in(trusted) {
                break 'lines;
            }
        }
    }
    ClientConnection { address, scheme }
}

/// An address, with or without port and brackets.
fn read_address(item: &str) -> Option<IpAddr> {
    let bare = item.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(item);
    bare.parse().ok().or_else(|| item.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(peer: &str, lines: &[&str], expected: &str) {
        let trusted = [Network::parse("10.0.0.0/8").unwrap(), Network::parse("::1").unwrap()];
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let client = client_connection(peer.parse().unwrap(), Scheme::Http, &headers, &trusted);
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
    fn the_rightmost_address_that_is_not_trusted_counts() {
        check("10.0.0.1", &["192.0.2.1, 198.51.100.7, 10.2.3.4"], "198.51.100.0");
        check("10.0.0.1", &["192.0.2.1", "198.51.100.7"], "198.51.100.0");
        check("10.0.0.1", &["198.51.100.7:4711"], "198.51.100.0");
        check("10.0.0.1", &["[2001:db8:1:2::3]:443"], "2001:db8:1::");
        check("10.0.0.1", &["192.0.2.1, unknown, 10.9.9.9"], "10.9.9.0");
        check("10.0.0.1", &["10.3.3.3, 10.4.4.4"], "10.3.3.0");
    }

    #[test]
    fn the_scheme_of_the_client_is_what_the_trusted_proxy_says() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-proto", "http, HTTPS".parse().unwrap());
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        let scheme = |peer: &str| client_connection(peer.parse().unwrap(), Scheme::Http, &headers, &trusted).scheme;
        assert_eq!(scheme("10.0.0.1"), Scheme::Https);
        assert_eq!(scheme("203.0.113.9"), Scheme::Http);
    }
}
