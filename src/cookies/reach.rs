//! Which cookies a host and a path reach: the domains and paths under which a browser may keep a cookie that it sends there.

use std::net::IpAddr;

/// Most domains of one host: deeper names than this hardly exist, and a `Host` may have 127 labels.
pub(super) const MOST_DOMAINS: usize = 8;

/// Longest path of a cookie that is handled, in bytes: a line with it and the longest name must fit the budget.
pub(super) const LONGEST_PATH: usize = 512;

/// Most prefixes of a path; `/a` and `/a/` are two.
pub(super) const MOST_PATHS: usize = 33;

/// The host alone, then the registrable domain and what lies between it and the host. Public suffixes, addresses and names of one label have
/// no domain (RFC 6265bis, 5.7): browsers take `Domain` for such a host as the host alone.
pub(super) fn domains(host: &str) -> Vec<Option<&str>> {
    let mut domains = vec![None];
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    // The list takes the end of an address for a domain; and nothing that could end the attribute may stand in it.
    let plain = host.bytes().all(legal) && !host.ends_with('.') && host.parse::<IpAddr>().is_err();
    let Some(registrable) = psl::domain_str(host).filter(|_| plain) else { return domains };
    let ends = |start: &usize| *start == 0 || host.as_bytes()[start - 1] == b'.';
    let starts = (0..=host.len() - registrable.len()).rev().filter(ends);
    domains.extend(starts.map(|start| Some(&host[start..])).take(MOST_DOMAINS));
    domains
}

/// `/`, and every prefix of the path that ends before or after a slash. A path that could not stand in the attribute is cut there.
pub(super) fn paths(path: &str) -> Vec<&str> {
    let end = path.bytes().position(|byte| !stands_in_path(byte)).unwrap_or(path.len());
    // What is cut is not a whole segment, so it is no prefix in the sense of RFC 6265, 5.1.4.
    let cut = end < path.len();
    let path = &path[..end];
    let mut paths = vec!["/"];
    for (slash, _) in path.match_indices('/').skip(1) {
        paths.extend([&path[..slash], &path[..=slash]]);
    }
    if !cut && path.len() > 1 && !path.ends_with('/') {
        paths.push(path);
    }
    paths.dedup();
    paths.retain(|path| path.starts_with('/') && path.len() <= LONGEST_PATH);
    paths.truncate(MOST_PATHS);
    paths
}

/// Whether a byte may stand in the path of a cookie that is ever sent: browsers compare it with the path of an address, where spaces and
/// letters beyond ASCII are percent-encoded, and `;` ends the attribute.
pub(super) fn stands_in_path(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b';'
}

/// Whether a cookie with this path comes along with a request for that one (RFC 6265bis, 5.1.4).
pub(super) fn path_reaches(cookie: &str, request: &str) -> bool {
    match request.strip_prefix(cookie) {
        Some(rest) => rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

/// The path of a cookie whose line names none (RFC 6265bis, 5.1.4).
pub(super) fn default_path(request: &str) -> &str {
    match request.rfind('/') {
        Some(end) if end > 0 && request.starts_with('/') => &request[..end],
        _ => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_public_suffixes_and_odd_hosts_have_no_domain() {
        for host in [
            "127.0.0.1",
            "[::1]",
            "::1",
            "localhost",
            "kz",
            "com.kz",
            "github.io",
            "xn--c1avg.xn--90a3ac",
            "example.kz.",
            "example.kz; a",
            ".",
            "",
        ] {
            assert_eq!(domains(host), [None], "{host}");
        }
        assert_eq!(domains("example.kz"), [None, Some("example.kz")]);
        assert_eq!(domains("a.example.com.kz"), [None, Some("example.com.kz"), Some("a.example.com.kz")]);
        assert_eq!(domains("anna.github.io"), [None, Some("anna.github.io")]);
        let deep = format!("{}example.kz", "a.".repeat(100));
        assert_eq!(domains(&deep).len(), 1 + MOST_DOMAINS);
    }

    #[test]
    fn a_path_is_cut_where_the_attribute_could_not_hold_it() {
        assert_eq!(paths("/a/b/c"), ["/", "/a", "/a/", "/a/b", "/a/b/", "/a/b/c"]);
        assert_eq!(paths("/a/b/"), ["/", "/a", "/a/", "/a/b", "/a/b/"]);
        assert_eq!(paths("/a;b/c"), ["/"]);
        assert_eq!(paths("/a,b"), ["/", "/a,b"]);
        assert_eq!(paths("/a/b c/d"), ["/", "/a", "/a/"]);
        assert_eq!(paths(""), ["/"]);
        assert_eq!(paths("*"), ["/"]);
        assert_eq!(paths("//a"), ["/", "//", "//a"]);
        assert_eq!(paths(&"/a".repeat(1000)).len(), MOST_PATHS);
    }

    #[test]
    fn a_path_reaches_what_lies_under_it_and_nothing_beside_it() {
        for (cookie, request, expected) in [
            ("/", "/", true),
            ("/", "/a", true),
            ("/a", "/a", true),
            ("/a", "/a/", true),
            ("/a", "/a/b", true),
            ("/a", "/ab", false),
            ("/a/", "/a", false),
            ("/a/", "/a/b", true),
            ("/a/b", "/a", false),
        ] {
            assert_eq!(path_reaches(cookie, request), expected, "{cookie} {request}");
        }
        for path in ["/a/b/c", "/a/b/", "//x", "/x", "/", "", "*"] {
            let default = default_path(path);
            assert!(default == "/" || path_reaches(default, path), "{path}: {default}");
        }
        assert_eq!(default_path("/a/b/c"), "/a/b");
        assert_eq!(default_path("/a/b/"), "/a/b");
    }
}
