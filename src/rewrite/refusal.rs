//! Whether an address in a header leads to a host from which this visitor's pages may not load.

use crate::{
    consent::{Category, CategorySet},
    routing::ForeignHosts,
    visitor::Scheme,
};

/// What is refused to one visitor.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// What the site says of hosts.
    pub hosts: &'a ForeignHosts,
    /// What the visitor allows.
    pub allowed: CategorySet,
    /// Whether hosts that nobody named are refused, too.
    pub unknown: bool,
    /// The page's own scheme.
    pub scheme: Scheme,
}

impl Refusal<'_> {
    /// Whether an address, absolute or relative to a page of the site, leads to a refused host. What can't be read counts as a host that
    /// nobody named.
    pub fn refuses(&self, address: &[u8]) -> bool {
        self.weigh(address).is_some_and(|(_, refused)| refused)
    }

    /// The category of what an address leads to, and whether it is refused; `None` where it is the site's own.
    pub(super) fn weigh(&self, address: &[u8]) -> Option<(Option<Category>, bool)> {
        match destination(address, self.scheme) {
            Destination::NoOther => None,
            Destination::Unreadable => Some((None, self.unknown)),
            Destination::Host(host, port) => self.hosts.weigh(&host, port, self.allowed, self.unknown),
        }
    }

    /// Whether there is a host that is refused.
    pub fn refuses_any(&self) -> bool {
        self.unknown || self.hosts.lines().any(|line| !line.passes(self.allowed))
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Destination {
    /// The page's own host, or none: `data:`, `blob:`.
    NoOther,
    /// In lower case, with a port that is not the scheme's own.
    Host(String, Option<u16>),
    Unreadable,
}

/// Reads an address as browsers do (URL Standard, section 4.4), as far as the host goes: white space round it and line breaks in it do not
/// count, `\` is `/`, and of slashes after the scheme any number will do.
fn destination(address: &[u8], scheme: Scheme) -> Destination {
    let address: Vec<u8> = address.iter().copied().filter(|byte| !matches!(byte, b'\t' | b'\n' | b'\r')).collect();
    let start = address.iter().position(|byte| *byte > b' ').unwrap_or(address.len());
    let end = address.iter().rposition(|byte| *byte > b' ').map_or(start, |at| at + 1);
    let address = &address[start..end];
    let is_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    let (named, rest) = match scheme_of(address) {
        Some(length) => (address[..length].to_ascii_lowercase(), &address[length + 1..]),
        None if address.iter().take(2).filter(|byte| is_slash(byte)).count() == 2 => {
            (scheme.name().as_bytes().to_vec(), address)
        }
        None => return Destination::NoOther,
    };
    let usual_port = match named.as_slice() {
        b"http" | b"ws" => 80,
        b"https" | b"wss" => 443,
        _ => return Destination::NoOther,
    };
    let rest = &rest[rest.iter().position(|byte| !is_slash(byte)).unwrap_or(rest.len())..];
    let end = rest.iter().position(|byte| is_slash(byte) || matches!(byte, b'?' | b'#')).unwrap_or(rest.len());
    let authority = &rest[..end];
    let authority = &authority[authority.iter().rposition(|byte| *byte == b'@').map_or(0, |at| at + 1)..];
    host(authority, usual_port).map_or(Destination::Unreadable, |(host, port)| Destination::Host(host, port))
}

/// How long the scheme at the beginning is, if there is one.
fn scheme_of(address: &[u8]) -> Option<usize> {
    let length = address.iter().position(|byte| *byte == b':')?;
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    (address[..length].first()?.is_ascii_alphabetic() && address[..length].iter().all(legal)).then_some(length)
}

/// Names in other scripts and with `%` are not read: a header can write them in ASCII.
fn host(authority: &[u8], usual_port: u16) -> Option<(String, Option<u16>)> {
    let authority = str::from_utf8(authority).ok()?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, "")) => (host, None),
        Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
        _ => (authority, None),
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'[' | b']' | b':');
    let legal = !host.is_empty() && host.bytes().all(legal);
    legal.then(|| (host.to_ascii_lowercase(), port.filter(|port| *port != usual_port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_browsers_read_it() {
        let check = |address: &str, host: &str, port| {
            let expected = Destination::Host(host.to_owned(), port);
            assert_eq!(destination(address.as_bytes(), Scheme::Https), expected, "{address:?}");
        };
        check("https://t.example/x", "t.example", None);
        check("HTTPS://T.Example.:443?x", "t.example", None);
        check("http://t.example:8080#x", "t.example", Some(8080));
        check("http://t.example:443/", "t.example", Some(443));
        check("//t.example", "t.example", None);
        check(" \u{1}\\/t.example\\x", "t.example", None);
        check("ht\ntps:\\\\t.exa\tmple/", "t.example", None);
        check("https:///t.example/", "t.example", None);
        check("http:t.example", "t.example", None);
        check("https://a.kz@t.example/", "t.example", None);
        check("https://a.kz:80@b@t.example:/", "t.example", None);
        check("wss://t.example/socket", "t.example", None);
        check("https://[2001:DB8::1]:81/", "[2001:db8::1]", Some(81));
        check("https://[2001:db8::1]/", "[2001:db8::1]", None);
    }

    #[test]
    fn what_browsers_leave_out_behind_an_address_hides_no_host() {
        for address in ["https://t.example\u{1} ", "https://t.example:443\u{1f}", "//t.example\0"] {
            let expected = Destination::Host("t.example".to_owned(), None);
            assert_eq!(destination(address.as_bytes(), Scheme::Https), expected, "{address:?}");
        }
    }

    #[test]
    fn an_address_without_a_host_leads_nowhere_else() {
        for address in
            ["", "/x", "x//t.example", "?//t.example", "data:text/html,//t.example", "blob:https://t.example/1"]
        {
            assert_eq!(destination(address.as_bytes(), Scheme::Https), Destination::NoOther, "{address}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_nobody_s_host() {
        let hosts = ForeignHosts::default();
        let strict = Refusal { hosts: &hosts, allowed: CategorySet::EMPTY, unknown: true, scheme: Scheme::Https };
        let compatible = Refusal { unknown: false, ..strict };
        for address in ["https://", "https://т.kz/", "https://%74.example/", "https://t.example:port/", "//:80"] {
            assert_eq!(destination(address.as_bytes(), Scheme::Https), Destination::Unreadable, "{address}");
            assert!(strict.refuses(address.as_bytes()) && !compatible.refuses(address.as_bytes()), "{address}");
        }
    }
}
