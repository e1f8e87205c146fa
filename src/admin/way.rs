//! By which way a request came: the listener of the administration, or its host over TLS. What is allowed and which cookie counts follow
//! from it.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, Request, header};

use crate::visitor::ClientAddress;

/// The way of one request.
#[derive(Clone)]
pub(super) enum Way {
    /// The listener of the administration, which has no TLS.
    Plain {
        /// Whether the client is on this machine.
        is_local: bool,
    },
    /// The host of the administration on the listeners of the sites.
    Tls {
        /// The host as the browser writes it, with a port that is not 443.
        authority: String,
        /// Who asks, for limits.
        client: ClientAddress,
    },
}

/// Several hosts, or bytes that can't be one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoHost;

impl Way {
    /// The way of a connection to the listener of the administration.
    pub(super) fn plain(peer: SocketAddr) -> Self {
        Self::Plain { is_local: peer.ip().to_canonical().is_loopback() }
    }

    /// The way of a request to the host, which the server has compared.
    pub(super) fn tls<B>(request: &Request<B>, client: ClientAddress) -> Self {
        let authority = request.uri().authority().map(|authority| authority.as_str());
        let named = authority.or_else(|| request.headers().get(header::HOST)?.to_str().ok());
        Self::Tls { authority: named.unwrap_or_default().to_ascii_lowercase(), client }
    }

    /// Whether this is the host over TLS.
    pub(super) const fn is_tls(&self) -> bool {
        matches!(self, Self::Tls { .. })
    }

    /// Whether passwords are taken: without TLS from this machine alone. Who works elsewhere comes through a tunnel or to the host.
    pub(super) const fn takes_passwords(&self) -> bool {
        match self {
            Self::Plain { is_local } => *is_local,
            Self::Tls { .. } => true,
        }
    }

    /// The name of the cookie of a session. `__Host-` needs TLS, and keeps every other host from setting it (RFC 6265bis, section 4.1.3.2).
    pub(super) const fn cookie(&self) -> &'static str {
        match self {
            Self::Plain { .. } => "kelisim-admin",
            Self::Tls { .. } => "__Host-kelisim-admin",
        }
    }

    /// The line that sets the cookie for so many seconds.
    pub(super) fn set_cookie(&self, token: &str, seconds: i64) -> String {
        let secure = if self.is_tls() { " Secure;" } else { "" };
        format!("{}={token}; Path=/; Max-Age={seconds};{secure} HttpOnly; SameSite=Strict", self.cookie())
    }

    /// The origin of our own pages, as browsers write it; `None` where the request names no host.
    pub(super) fn origin(&self, headers: &HeaderMap) -> Option<String> {
        match self {
            Self::Plain { .. } => {
                let host = headers.get(header::HOST)?.to_str().ok()?;
                Some(format!("http://{host}"))
            }
            Self::Tls { authority, .. } => {
                Some(format!("https://{}", authority.strip_suffix(":443").unwrap_or(authority)))
            }
        }
    }

    /// Whether one of our own pages posts. Browsers say so by `Sec-Fetch-Site`, and by `Origin` with every POST; who sends neither is none.
    pub(super) fn is_from_our_page(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let site = text(header::HeaderName::from_static("sec-fetch-site")).map(|site| site == "same-origin");
        let ours = self.origin(headers);
        let origin = text(header::ORIGIN).map(|origin| ours.as_deref() == Some(origin));
        match (site, origin) {
            (None, None) => false,
            (site, origin) => site.unwrap_or(true) && origin.unwrap_or(true),
        }
    }
}

/// The host of the one `Host` line, if there is a line: a monitor that speaks HTTP/1.0 sends none.
pub(super) fn asked_host(headers: &HeaderMap) -> Result<Option<&str>, NoHost> {
    let mut lines = headers.get_all(header::HOST).iter();
    match (lines.next(), lines.next()) {
        (line, None) => line.map(|line| line.to_str().map_err(|_| NoHost)).transpose(),
        (_, Some(_)) => Err(NoHost),
    }
}

/// Whether nobody can make this host lead here: a name that anybody could point to this machine is none of ours.
pub(super) fn is_address_or_localhost(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn names_that_anybody_could_point_here_are_refused() {
        for ours in ["localhost", "localhost:9090", "127.0.0.1:9090", "[::1]:9090", "[::1]", "10.0.0.5"] {
            assert!(is_address_or_localhost(ours), "{ours}");
        }
        for foreign in ["rebound.example", "rebound.example:9090", "localhost.example", "127.0.0.1.example", ""] {
            assert!(!is_address_or_localhost(foreign), "{foreign}");
        }
    }

    #[test]
    fn a_host_that_is_none_or_two_is_no_address() {
        let check = |lines: &[&[u8]], expected: Result<Option<&str>, NoHost>| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::HOST, HeaderValue::from_bytes(line).unwrap());
            }
            assert_eq!(asked_host(&headers), expected, "{lines:?}");
        };
        check(&[], Ok(None));
        check(&[b"127.0.0.1:9090"], Ok(Some("127.0.0.1:9090")));
        check(&["rébound.example".as_bytes()], Err(NoHost));
        check(&[b"\xff"], Err(NoHost));
        check(&[b"localhost", b"localhost"], Err(NoHost));
    }

    fn from_our_page(way: &Way, host: &'static str, site: Option<&'static str>, origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        site.map(|site| headers.insert("sec-fetch-site", HeaderValue::from_static(site)));
        origin.map(|origin| headers.insert(header::ORIGIN, HeaderValue::from_static(origin)));
        way.is_from_our_page(&headers)
    }

    #[test]
    fn only_our_own_pages_post() {
        let check = |site: Option<&'static str>, origin: Option<&'static str>, expected: bool| {
            let way = Way::Plain { is_local: true };
            assert_eq!(from_our_page(&way, "127.0.0.1:9090", site, origin), expected, "{site:?} {origin:?}");
        };
        let ours = Some("http://127.0.0.1:9090");
        check(Some("same-origin"), ours, true);
        check(Some("same-origin"), None, true);
        check(None, ours, true);
        check(None, None, false);
        for site in ["same-site", "cross-site", "none", ""] {
            check(Some(site), ours, false);
        }
        for origin in ["null", "http://127.0.0.1:9091", "http://127.0.0.1", "https://127.0.0.1:9090", ""] {
            check(None, Some(origin), false);
            check(Some("same-origin"), Some(origin), false);
        }
    }

    #[test]
    fn over_tls_our_own_pages_have_an_origin_of_https() {
        let check = |host: &'static str, origin: &'static str, expected: bool| {
            let request = Request::get("/").header(header::HOST, host).body(()).unwrap();
            let way = Way::tls(&request, ClientAddress::new([203, 0, 113, 9].into()));
            assert_eq!(from_our_page(&way, host, None, Some(origin)), expected, "{host} {origin}");
        };
        check("stats.shop.example", "https://stats.shop.example", true);
        check("Stats.shop.example:443", "https://stats.shop.example", true);
        check("stats.shop.example:8443", "https://stats.shop.example:8443", true);
        for origin in ["http://stats.shop.example", "https://shop.example", "https://stats.shop.example:8443", "null"] {
            check("stats.shop.example", origin, false);
        }
        let way =
            Way::tls(&Request::get("https://a.example/").body(()).unwrap(), ClientAddress::new([10, 0, 0, 1].into()));
        assert_eq!(way.origin(&HeaderMap::new()).as_deref(), Some("https://a.example"));
    }

    #[test]
    fn the_cookie_of_tls_is_secure_and_of_this_host_alone() {
        let tls = Way::tls(&Request::get("/").body(()).unwrap(), ClientAddress::new([10, 0, 0, 1].into()));
        assert_eq!(
            tls.set_cookie("a", 5),
            "__Host-kelisim-admin=a; Path=/; Max-Age=5; Secure; HttpOnly; SameSite=Strict"
        );
        let plain = Way::Plain { is_local: true };
        assert_eq!(plain.set_cookie("a", 5), "kelisim-admin=a; Path=/; Max-Age=5; HttpOnly; SameSite=Strict");
        assert!(tls.takes_passwords() && plain.takes_passwords());
        assert!(!Way::plain("203.0.113.9:1".parse().unwrap()).takes_passwords());
    }
}
