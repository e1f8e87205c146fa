//! Header fields that concern one connection only (RFC 9110, section 7.6).

use http::{
    HeaderMap, HeaderName, HeaderValue, Version,
    header::{CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, SET_COOKIE, TE, TRAILER, UPGRADE, VIA},
};

use super::remove_forwarding;
use crate::fields::remove_named;

/// Whether a field is dropped whether `Connection` names it or not (section 7.6.1).
fn is_of_one_connection(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "http2-settings"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Fields that `Connection` may not remove, since a request or an answer means something else without them.
const PROTECTED: [HeaderName; 4] = [HOST, COOKIE, SET_COOKIE, CONTENT_LENGTH];

/// How many names of `Connection` are obeyed.
const MOST_NAMES: usize = 32;

/// Removes them. `TE: trailers` is told to the caller, who may set it again for its own connection.
pub fn remove_hop_by_hop(headers: &mut HeaderMap) -> KeptTrailers {
    let trailers = headers.get_all(TE).iter().any(|value| {
        value.to_str().is_ok_and(|text| text.split(',').any(|item| item.trim().eq_ignore_ascii_case("trailers")))
    });
    let mut named: Vec<HeaderName> = Vec::new();
    for value in headers.get_all(CONNECTION) {
        let names = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii).take(MOST_NAMES);
        // What nearly every message says names no field that is there, or one that goes in any case.
        let names =
            names.filter(|name| !name.eq_ignore_ascii_case(b"keep-alive") && !name.eq_ignore_ascii_case(b"close"));
        named.extend(names.filter_map(|name| HeaderName::from_bytes(name).ok()));
    }
    for name in named.iter().filter(|name| !PROTECTED.contains(name)) {
        headers.remove(name);
    }
    remove_named(headers, is_of_one_connection);
    KeptTrailers(trailers)
}

/// Whether the sender can take trailers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptTrailers(pub bool);

/// The protocol that a request or an answer wants to change to, when `Connection` names `upgrade` (section 7.8). HTTP itself and TLS are
/// none: inside them a client could speak to the site past every filter.
pub fn upgrade_protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut lines = headers.get_all(UPGRADE).iter();
    let only = lines.next().filter(|_| lines.next().is_none())?;
    let wants = headers.get_all(CONNECTION).iter().any(|value| {
        value.as_bytes().split(|byte| *byte == b',').any(|name| name.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
    });
    let passes_filters = |protocol: &[u8]| {
        let name = protocol.split(|byte| *byte == b'/').next().unwrap_or_default().trim_ascii();
        ["h2c", "h2", "h3", "http", "tls"].iter().any(|http| name.eq_ignore_ascii_case(http.as_bytes()))
    };
    let passes = wants && !only.is_empty() && !only.as_bytes().split(|byte| *byte == b',').any(passes_filters);
    passes.then(|| only.clone())
}

/// Takes out of trailers what was taken out of headers: cookies, forwarding fields and fields of one connection. A recipient may merge
/// trailers into headers (RFC 9110, section 6.5.1), so that they would be a way round every filter.
pub(super) fn clear_trailers(trailers: &mut HeaderMap) {
    remove_hop_by_hop(trailers);
    remove_forwarding(trailers);
    for name in [COOKIE, SET_COOKIE, HOST, CONTENT_LENGTH, TRAILER] {
        trailers.remove(name);
    }
}

/// Appends our name to `Via` (section 7.6.3).
pub fn append_via(headers: &mut HeaderMap, received: Version) {
    let ours = match received {
        Version::HTTP_10 => "1.0 kelisim",
        Version::HTTP_2 => "2 kelisim",
        _ => "1.1 kelisim",
    };
    headers.append(VIA, HeaderValue::from_static(ours));
}

/// Takes what the gateway has fulfilled itself out of a request: `Expect` (it answers 100 when it begins to read the body; RFC 9110,
/// section 10.1.1) and keeps the `Trailer` announcement, which is end to end.
pub fn remove_fulfilled(headers: &mut HeaderMap) {
    headers.remove(EXPECT);
    debug_assert!(!is_of_one_connection(TRAILER.as_str()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        lines.iter().map(line).collect()
    }

    #[test]
    fn fields_of_one_connection_do_not_travel() {
        let mut all = headers(&[
            ("connection", "close, X-Private"),
            ("x-private", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-authorization", "Basic x"),
            ("transfer-encoding", "chunked"),
            ("te", "gzip, trailers"),
            ("upgrade", "h2c"),
            ("accept", "*/*"),
        ]);
        assert_eq!(remove_hop_by_hop(&mut all), KeptTrailers(true));
        assert_eq!(all, headers(&[("accept", "*/*")]));
    }

    #[test]
    fn connection_can_not_take_the_cookies_or_the_host_away() {
        let mut all =
            headers(&[("connection", "cookie, host, content-length"), ("cookie", "a=1"), ("host", "a.example")]);
        remove_hop_by_hop(&mut all);
        assert_eq!(all, headers(&[("cookie", "a=1"), ("host", "a.example")]));
    }

    #[test]
    fn an_upgrade_needs_both_fields() {
        assert_eq!(upgrade_protocol(&headers(&[("upgrade", "websocket")])), None);
        let both = headers(&[("upgrade", "websocket"), ("connection", "keep-alive, Upgrade")]);
        assert_eq!(upgrade_protocol(&both).unwrap(), "websocket");
        for past_the_filter in ["h2c", "HTTP/2.0", "websocket, h2c", "TLS/1.2", ""] {
            let headers = headers(&[("upgrade", past_the_filter), ("connection", "upgrade")]);
            assert_eq!(upgrade_protocol(&headers), None, "{past_the_filter}");
        }
    }

    #[test]
    fn via_grows_at_its_end() {
        let mut all = headers(&[("via", "1.1 front")]);
        append_via(&mut all, Version::HTTP_2);
        let lines: Vec<_> = all.get_all(VIA).iter().collect();
        assert_eq!(lines, ["1.1 front", "2 kelisim"]);
    }
}
