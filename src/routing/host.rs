//! The host that a request asks for, and the site that answers for it.

use std::{collections::HashMap, net::Ipv6Addr};

use http::{HeaderMap, Uri, Version, header::HOST};

use super::HostPattern;

/// Why a request names no host that could be looked up. Each is a 400 (RFC 9112, section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostFault {
    /// HTTP/1.1 without `Host`.
    Missing,
    /// More than one `Host`.
    Several,
    /// Not a host.
    Malformed,
}

/// The host of a request in lower case, without port and trailing dot. In absolute form and HTTP/2 the target's authority counts (RFC 9112,
/// section 3.2.2; RFC 9113, section 8.3.1), else the one `Host` line. HTTP/1.0 may leave it out: then the host is empty and no site has it.
pub fn request_host(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<String, HostFault> {
    let mut lines = headers.get_all(HOST).iter();
    let line = lines.next();
    if lines.next().is_some() {
        return Err(HostFault::Several);
    }
    // Also where the target's authority counts a line that is no host is no request (RFC 9112, section 3.2).
    let line = line.map(|line| line.to_str().map_err(|_| HostFault::Malformed)).transpose()?;
    let line = line.map(|line| without_port(line).and_then(plain)).transpose()?;
    let host = match (uri.authority(), line) {
        (Some(authority), _) => {
            // `user@host` in a target is deprecated (RFC 9110, section 4.2.4) and only ever disguises the host.
            if authority.as_str().contains('@') {
                return Err(HostFault::Malformed);
            }
            without_port(authority.as_str()).and_then(plain)?
        }
        (None, Some(host)) => host,
        (None, None) if version == Version::HTTP_10 => "",
        (None, None) => return Err(HostFault::Missing),
    };
    Ok(host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase())
}

/// Longest host name in bytes (RFC 1035, section 2.3.4).
const LONGEST_HOST: usize = 255;

fn without_port(authority: &str) -> Result<&str, HostFault> {
    let (host, port) = match authority.rfind(':') {
        Some(colon) if !authority[colon..].contains(']') => (&authority[..colon], &authority[colon + 1..]),
        Some(_) | None => (authority, ""),
    };
    if port.bytes().all(|byte| byte.is_ascii_digit()) { Ok(host) } else { Err(HostFault::Malformed) }
}

/// A name of legal bytes that is not too long, or an address of IPv6: brackets and colons stand in no other (RFC 3986, section 3.2.2).
fn plain(host: &str) -> Result<&str, HostFault> {
    let is_host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => {
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
            let longest = if host.ends_with('.') { LONGEST_HOST + 1 } else { LONGEST_HOST };
            host.len() <= longest && host.bytes().all(legal)
        }
    };
    if is_host { Ok(host) } else { Err(HostFault::Malformed) }
}

/// Which site answers for a host.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    exact: HashMap<String, usize>,
    subdomains: HashMap<String, usize>,
}

impl Hosts {
    /// Takes the patterns of each site, in the order of the sites. Configuration has made sure that none stands twice.
    pub fn new<'a>(sites: impl IntoIterator<Item = &'a [HostPattern]>) -> Self {
        let mut hosts = Self::default();
        for (site, patterns) in sites.into_iter().enumerate() {
            for pattern in patterns {
                match pattern {
                    HostPattern::Exact(name) => hosts.exact.insert(name.clone(), site),
                    HostPattern::Subdomains(name) => hosts.subdomains.insert(name.clone(), site),
                };
            }
        }
        hosts
    }

    /// The number of the site: an exact name first, then the nearest wildcard above.
    pub fn find(&self, host: &str) -> Option<usize> {
        if let Some(site) = self.exact.get(host) {
            return Some(*site);
        }
        let mut rest = host;
        while let Some((_, parent)) = rest.split_once('.') {
            if let Some(site) = self.subdomains.get(parent) {
                return Some(*site);
            }
            rest = parent;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(uri: &str, lines: &[&str], expected: Result<&str, HostFault>) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HOST, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let host = request_host(Version::HTTP_11, &uri.parse().unwrap(), &headers);
        assert_eq!(host.as_deref(), expected.as_deref(), "{uri} {lines:?}");
    }

    #[test]
    fn the_host_is_read_without_port_case_and_dot() {
        check("/", &["Shop.Example:8443"], Ok("shop.example"));
        check("/", &["shop.example."], Ok("shop.example"));
        check("/", &["[::1]:8080"], Ok("[::1]"));
        check("/", &["[::1]"], Ok("[::1]"));
        check("http://real.example/", &["other.example"], Ok("real.example"));
    }

    #[test]
    fn what_names_no_single_host_is_refused() {
        check("/", &[], Err(HostFault::Missing));
        check("/", &["a.example", "a.example"], Err(HostFault::Several));
        check("/", &["a.example:80:80"], Err(HostFault::Malformed));
        check("/", &["a.example:x"], Err(HostFault::Malformed));
        check("/", &["a.example/path"], Err(HostFault::Malformed));
        check("/", &["a b"], Err(HostFault::Malformed));
        check("/", &["магазин.example"], Err(HostFault::Malformed));
        check("http://a.example/", &["магазин.example"], Err(HostFault::Malformed));
        check("http://a.example/", &["a.example/path"], Err(HostFault::Malformed));
        check("http://user@a.example/", &[], Err(HostFault::Malformed));
        check("http://a.example:x.other.example/", &[], Err(HostFault::Malformed));
    }

    #[test]
    fn brackets_stand_around_an_address_and_in_no_name() {
        check("/", &["[2001:DB8::1]"], Ok("[2001:db8::1]"));
        check("/", &["[::ffff:192.0.2.1]:80"], Ok("[::ffff:192.0.2.1]"));
        for odd in
            ["[shop.example]", "[].shop.example", "[x", "x]", "[", "[]", "[::1]x", "[::1].shop.example", "a:b", "::1"]
        {
            check("/", &[odd], Err(HostFault::Malformed));
        }
    }

    #[test]
    fn exact_names_win_over_wildcards_and_near_wildcards_over_far_ones() {
        let sites: [&[HostPattern]; 3] = [
            &[HostPattern::Exact("a.example".into()), HostPattern::Subdomains("a.example".into())],
            &[HostPattern::Exact("x.a.example".into())],
            &[HostPattern::Subdomains("y.a.example".into())],
        ];
        let hosts = Hosts::new(sites);
        assert_eq!(hosts.find("a.example"), Some(0));
        assert_eq!(hosts.find("www.a.example"), Some(0));
        assert_eq!(hosts.find("x.a.example"), Some(1));
        assert_eq!(hosts.find("deep.y.a.example"), Some(2));
        assert_eq!(hosts.find("example"), None);
        assert_eq!(hosts.find(""), None);
    }
}
