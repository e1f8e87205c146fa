//! Places: hosts, addresses, the upstream, paths. Texts of the file to the types of the modules, with advice where a text
//! names no place.

use std::net::{Ipv6Addr, SocketAddr};

use super::context::Advice;
use crate::{routing::HostPattern, upstream::Scheme, visitor::Network};

/// A host name in lower case; other scripts than Latin stand in punycode (RFC 5890).
pub(super) fn host(text: &str) -> Result<String, Advice> {
    if !text.is_ascii() {
        return Err(Advice::new(
            format!("`{text}` is not in the form that browsers send"),
            "write the name in punycode, such as `xn--80ao21a.kz`",
        ));
    }
    let name = text.to_ascii_lowercase();
    let label = |label: &str| {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(legal) && !label.starts_with('-') && !label.ends_with('-')
    };
    if name.len() <= 253 && name.split('.').all(label) {
        Ok(name)
    } else {
        Err(Advice::new(
            format!("`{text}` is not a host name"),
            "write a name such as `example.kz`, without scheme, port and path",
        ))
    }
}

/// A host, or `*.` and a name for its subdomains.
pub(super) fn host_pattern(text: &str) -> Result<HostPattern, Advice> {
    match text.strip_prefix("*.") {
        Some(rest) => host(rest).map(HostPattern::Subdomains),
        None if text.contains('*') => Err(Advice::new(
            format!("`{text}` has its `*` in the wrong place"),
            "write `*.` and a name, such as `*.example.kz`, and the name itself on its own",
        )),
        None => host(text).map(HostPattern::Exact),
    }
}

/// A host that pages load from, or `*.` and a name, with a port where it is not the scheme's own.
pub(super) fn foreign_host(text: &str) -> Result<(HostPattern, Option<u16>), Advice> {
    // Behind a scheme's colon no port follows; such a text is told as no host name.
    let named = text.rsplit_once(':').filter(|(_, port)| !port.starts_with('/'));
    let Some((name, port)) = named else { return Ok((host_pattern(text)?, None)) };
    let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
        Advice::new(
            format!("`{text}` is not a host with a port"),
            "write a name such as `static.example.kz`, or `static.example.kz:8443` where the port is unusual",
        )
    })?;
    // The schemes' own ports are what a name without one means.
    Ok((host_pattern(name)?, Some(port).filter(|port| !matches!(port, 80 | 443))))
}

/// The pattern as it is written.
pub(super) fn written(pattern: &HostPattern) -> String {
    match pattern {
        HostPattern::Exact(name) => name.clone(),
        HostPattern::Subdomains(name) => format!("*.{name}"),
    }
}

/// An address and a port.
pub(super) fn listener(text: &str) -> Result<SocketAddr, Advice> {
    text.parse().map_err(|_| {
        Advice::new(
            format!("`{text}` is not an address with a port"),
            "write `0.0.0.0:80`, `127.0.0.1:8080` or `[::]:443`",
        )
    })
}

/// A network, or one address.
pub(super) fn network(text: &str) -> Result<Network, Advice> {
    Network::parse(text).ok_or_else(|| {
        Advice::new(format!("`{text}` is not a network"), "write `10.0.0.0/8`, `2001:db8::/32` or one address")
    })
}

/// Where the site is: scheme, host without brackets, port.
pub(super) fn upstream(text: &str) -> Result<(Scheme, String, u16), Advice> {
    let advice = |what: &str| {
        let remedy =
            "write scheme, host and perhaps port, such as `http://127.0.0.1:8080` or `https://origin.example.kz`";
        Advice::new(format!("`{text}` {what}"), remedy)
    };
    let (scheme, rest) = text.split_once("://").ok_or_else(|| advice("has no scheme"))?;
    let (scheme, usual_port) = match scheme.to_ascii_lowercase().as_str() {
        "http" => (Scheme::Http, 80),
        "https" => (Scheme::Https, 443),
        _ => return Err(advice("is neither http nor https")),
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#']) {
        return Err(advice("has a path; the visitor's path is what is sent"));
    }
    if authority.contains('@') {
        return Err(advice("has a user name; the gateway sends none"));
    }
    let port_of = |port: &str| port.parse().ok().filter(|port| *port > 0).ok_or_else(|| advice("has no such port"));
    if let Some((address, port)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let legal = address.parse::<Ipv6Addr>().is_ok();
        let port = match port.strip_prefix(':') {
            Some(port) => port_of(port)?,
            None if port.is_empty() => usual_port,
            None => return Err(advice("is not an address")),
        };
        return if legal { Ok((scheme, address.to_owned(), port)) } else { Err(advice("is not an address")) };
    }
    let (name, port) = match authority.split_once(':') {
        Some((name, port)) => (name, port_of(port)?),
        None => (authority, usual_port),
    };
    Ok((scheme, host(name).map_err(|_| advice("has no host name"))?, port))
}

/// A path of the site, as it stands in a request.
pub(super) fn path(text: &str) -> Result<String, Advice> {
    let legal = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'*'));
    if text.starts_with('/') && legal {
        Ok(text.to_owned())
    } else {
        Err(Advice::new(
            format!("`{text}` is not a path"),
            "begin it with `/`, in ASCII (other characters percent-encoded), without `?`, `#` and `*`",
        ))
    }
}

/// Where our own pages live.
pub(super) fn prefix(text: &str) -> Result<String, Advice> {
    let legal = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'/');
    let inner = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    let segments = |inner: &str| inner.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    if inner.is_some_and(segments) && text.bytes().all(legal) {
        Ok(text.to_owned())
    } else {
        Err(Advice::new(
            format!("`{text}` can't be where Kelisim's own pages live"),
            "begin and end it with `/`, with a-z, 0-9, `_`, `-` and `.` between, such as `/_kelisim/`",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::value::tests::check, *};

    #[test]
    fn hosts_are_lower_case_names() {
        let name = |text: &str| HostPattern::Exact(text.to_owned());
        let right = [
            ("Example.KZ", name("example.kz")),
            ("xn--80ao21a.kz", name("xn--80ao21a.kz")),
            ("localhost", name("localhost")),
            ("*.example.kz", HostPattern::Subdomains("example.kz".to_owned())),
        ];
        let long = "a".repeat(64);
        let wrong = [
            "https://example.kz",
            "example.kz:80",
            "пример.kz",
            "*",
            "a.*.kz",
            ".kz",
            "a..kz",
            "-a.kz",
            "a.kz/",
            &long,
        ];
        check(host_pattern, &right, &wrong);
    }

    #[test]
    fn a_host_of_others_may_have_a_port() {
        let name = |text: &str| HostPattern::Exact(text.to_owned());
        let right = [
            ("Static.example.kz", (name("static.example.kz"), None)),
            ("*.example.kz", (HostPattern::Subdomains("example.kz".to_owned()), None)),
            ("tracker.localhost:8080", (name("tracker.localhost"), Some(8080))),
            ("*.example.kz:8443", (HostPattern::Subdomains("example.kz".to_owned()), Some(8443))),
            ("example.kz:443", (name("example.kz"), None)),
            ("example.kz:80", (name("example.kz"), None)),
        ];
        let wrong = [
            "https://example.kz",
            "example.kz:",
            "example.kz:0",
            "example.kz:65536",
            "example.kz:x",
            ":8080",
            "*:80",
            "a.*.kz:81",
            "[::1]:80",
            "a:1:2",
        ];
        check(foreign_host, &right, &wrong);
    }

    #[test]
    fn an_upstream_is_a_scheme_a_host_and_a_port() {
        let right = [
            ("http://127.0.0.1:8080", (Scheme::Http, "127.0.0.1".to_owned(), 8080)),
            ("https://Origin.example.kz/", (Scheme::Https, "origin.example.kz".to_owned(), 443)),
            ("http://[::1]:81", (Scheme::Http, "::1".to_owned(), 81)),
            ("http://[::1]", (Scheme::Http, "::1".to_owned(), 80)),
        ];
        let wrong = [
            "127.0.0.1:8080",
            "ftp://a",
            "http://a/b",
            "http://a?b",
            "http://a@b",
            "http://a:0",
            "http://a:x",
            "http://",
            "http://[::1",
            "http://[x]",
            "http://[::1]x",
        ];
        check(upstream, &right, &wrong);
    }

    #[test]
    fn our_own_prefix_is_a_plain_path_between_slashes() {
        check(
            prefix,
            &[("/_kelisim/", "/_kelisim/".to_owned()), ("/a/b/", "/a/b/".to_owned())],
            &["/", "//", "/a", "a/", "/A/", "/a//b/", "/../", "/a b/", "/é/"],
        );
    }
}
