//! A host for which something else answers than the sites do, over TLS alone: the administration, which `cli` hands in, since the server
//! knows no more of it than its name.
//!
//! A connection that was made for this host by name serves nothing else, and no other connection serves it: what a browser may send over one
//! connection because a certificate covers both names (RFC 9113, section 9.1.1) gets 421, and is asked again over its own.

use std::{error::Error, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use hyper::body::Incoming;

use crate::{
    routing::request_host,
    visitor::{ClientConnection, Scheme},
};

/// The body of an answer that the server does not look into.
pub type OtherBody = UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>;

type Answering = Pin<Box<dyn Future<Output = Response<OtherBody>> + Send>>;

/// The host, and what answers for it.
pub struct OtherHost {
    name: Arc<str>,
    answer: Box<dyn Fn(Request<Incoming>, ClientConnection) -> Answering + Send + Sync>,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goes {
    /// To the sites, as if this host were not there.
    ToSites,
    /// To what answers for the host.
    Here,
    /// To the same address by https: nothing is answered without TLS.
    ToHttps,
    /// To another connection.
    Elsewhere,
    /// Nowhere: it names no host, or two.
    Nowhere,
}

impl OtherHost {
    /// `name` in lower case, without port. No site has it as an exact host; it goes before a wildcard that covers it.
    pub fn new<A>(
        name: String,
        answer: impl Fn(Request<Incoming>, ClientConnection) -> A + Send + Sync + 'static,
    ) -> Self
    where
        A: Future<Output = Response<OtherBody>> + Send + 'static,
    {
        Self { name: name.into(), answer: Box::new(move |request, client| Box::pin(answer(request, client))) }
    }

    /// The name of this host, where a connection asked for it by SNI.
    pub(super) fn named(&self, sni: Option<&str>) -> Option<Arc<str>> {
        sni.filter(|name| name.eq_ignore_ascii_case(&self.name)).map(|_| self.name.clone())
    }

    /// Whether a connection was made for this host.
    pub(super) fn is(&self, named: Option<&str>) -> bool {
        named == Some(&*self.name)
    }

    /// Whether a request may be for this host. Nearly all are for sites, and cost no more than this look.
    pub(super) fn concerns<B>(&self, request: &Request<B>, is_named: bool) -> bool {
        let begins = |text: &[u8]| {
            text.get(..self.name.len()).is_some_and(|text| text.eq_ignore_ascii_case(self.name.as_bytes()))
        };
        is_named
            || request.uri().authority().is_some_and(|authority| begins(authority.as_str().as_bytes()))
            || request.headers().get_all(header::HOST).iter().any(|line| begins(line.as_bytes()))
    }

    /// Where a request goes. `way` is the scheme of the connection, `is_named` whether that was made for this host; `client` is the scheme by which
    /// the client came, of which a trusted proxy may say something else.
    pub(super) fn goes<B>(&self, request: &Request<B>, way: Scheme, is_named: bool, client: Scheme) -> Goes {
        let host = request_host(request.version(), request.uri(), request.headers());
        match (host, way) {
            (Err(_), _) if is_named => Goes::Nowhere,
            (Err(_), _) => Goes::ToSites,
            (Ok(host), _) if *host != *self.name => {
                if is_named {
                    Goes::Elsewhere
                } else {
                    Goes::ToSites
                }
            }
            // An authority that checks a name asks by plain http (RFC 8555, section 8.3): a site behind a wildcard may answer it.
            (Ok(_), Scheme::Http) if request.uri().path().starts_with("/.well-known/acme-challenge/") => Goes::ToSites,
            // Behind a proxy that ended TLS a redirect would come back here.
            (Ok(_), Scheme::Http) if client == Scheme::Https => Goes::Elsewhere,
            (Ok(_), Scheme::Http) => Goes::ToHttps,
            (Ok(_), Scheme::Https) if !is_named => Goes::Elsewhere,
            (Ok(_), Scheme::Https) if client == Scheme::Http => Goes::ToHttps,
            (Ok(_), Scheme::Https) => Goes::Here,
        }
    }

    /// The answer to a request that does not go to the sites. `port` is that of the first TLS listener.
    pub(super) async fn answer(
        &self,
        goes: Goes,
        request: Request<Incoming>,
        client: ClientConnection,
        port: u16,
    ) -> Response<OtherBody> {
        match goes {
            Goes::Here => (self.answer)(request, client).await,
            Goes::ToHttps => self.to_https(request.uri(), port),
            Goes::Nowhere => text(StatusCode::BAD_REQUEST, "the request names no single host\n"),
            Goes::ToSites | Goes::Elsewhere => text(StatusCode::MISDIRECTED_REQUEST, "ask over another connection\n"),
        }
    }

    fn to_https(&self, uri: &http::Uri, port: u16) -> Response<OtherBody> {
        let port = if port == 443 { String::new() } else { format!(":{port}") };
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let Ok(location) = HeaderValue::try_from(format!("https://{}{port}{target}", self.name)) else {
            return text(StatusCode::BAD_REQUEST, "the request names no address\n");
        };
        let mut response = text(StatusCode::PERMANENT_REDIRECT, "");
        response.headers_mut().insert(header::LOCATION, location);
        response
    }
}

fn text(status: StatusCode, text: &'static str) -> Response<OtherBody> {
    let body = Full::new(Bytes::from_static(text.as_bytes())).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use Scheme::{Http, Https};

    use super::*;

    fn host() -> OtherHost {
        OtherHost::new("stats.shop.example".to_owned(), |_, _| async { text(StatusCode::OK, "") })
    }

    fn goes(target: &str, hosts: &[&str], way: Scheme, is_named: bool, client: Scheme) -> Goes {
        let mut request = Request::get(target).body(()).unwrap();
        for host in hosts {
            request.headers_mut().append(header::HOST, HeaderValue::from_str(host).unwrap());
        }
        let goes = host().goes(&request, way, is_named, client);
        assert!(goes == Goes::ToSites || host().concerns(&request, is_named), "the first look lets it pass");
        goes
    }

    #[test]
    fn the_host_is_served_over_its_own_connections_alone_and_they_serve_nothing_else() {
        let check = |host: &str, is_named: bool, expected: Goes| {
            assert_eq!(goes("/", &[host], Https, is_named, Https), expected, "{host} {is_named}");
        };
        for ours in ["stats.shop.example", "STATS.Shop.example:8443", "stats.shop.example."] {
            check(ours, true, Goes::Here);
            check(ours, false, Goes::Elsewhere);
        }
        for other in ["shop.example", "stats.shop.example.evil.example", "xstats.shop.example", "127.0.0.1"] {
            check(other, true, Goes::Elsewhere);
            check(other, false, Goes::ToSites);
        }
        let named = |target: &str, hosts: &[&str]| goes(target, hosts, Https, true, Https);
        assert_eq!(named("/", &["stats.shop.example", "stats.shop.example"]), Goes::Nowhere);
        assert_eq!(named("/", &[]), Goes::Nowhere);
        assert_eq!(named("https://stats.shop.example/", &[]), Goes::Here);
        assert_eq!(named("https://shop.example/", &["stats.shop.example"]), Goes::Elsewhere);
        assert_eq!(goes("https://stats.shop.example/", &[], Https, false, Https), Goes::Elsewhere);
        assert_eq!(goes("/", &["shop.example", "stats.shop.example"], Https, false, Https), Goes::ToSites, "400 there");
    }

    #[test]
    fn without_tls_there_is_a_redirect_at_most() {
        let plain = |target: &str, client| goes(target, &["stats.shop.example"], Http, false, client);
        assert_eq!(plain("/sign-in", Http), Goes::ToHttps);
        assert_eq!(plain("/sign-in", Https), Goes::Elsewhere, "no endless redirect behind a proxy");
        assert_eq!(plain("/.well-known/acme-challenge/x", Http), Goes::ToSites);
        assert_eq!(goes("/", &["stats.shop.example"], Https, true, Http), Goes::ToHttps);
        let to = |port| host().to_https(&"/a?b=c".parse().unwrap(), port).headers()[header::LOCATION].clone();
        assert_eq!(to(443), "https://stats.shop.example/a?b=c");
        assert_eq!(to(8443), "https://stats.shop.example:8443/a?b=c");
    }

    #[test]
    fn a_connection_is_named_by_sni_in_any_case() {
        let named = host().named(Some("Stats.shop.EXAMPLE"));
        assert!(host().is(named.as_deref()) && !host().is(None));
        assert!(host().named(Some("shop.example")).is_none() && host().named(None).is_none());
        // The host may have got another name since.
        assert!(!host().is(Some("old.shop.example")));
    }
}
