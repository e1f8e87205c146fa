//! One request of the administration, from its path to its answer: whether it may be asked at all, who asks, which page.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;

use super::{
    Administration,
    body::Body,
    pages::{self, Page, Words},
    sign_in::{self, Outcome, SignedIn},
};

/// Longest form, in bytes: the longest password, its name, and what escaping adds.
const LONGEST_FORM: usize = 8 * 1024;
/// How long a client may take to send it.
const FORM_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) type Answer = Response<Body>;

/// The answer to a request.
pub(super) async fn answer(request: Request<Incoming>, peer: SocketAddr, admin: &Arc<Administration>) -> Answer {
    match asked_host(request.headers()) {
        Ok(host) if host.is_none_or(is_address_or_localhost) => {}
        // A page on another name that resolves to this address (DNS rebinding) must not read anything here.
        Ok(_) => return text(StatusCode::MISDIRECTED_REQUEST, "ask by address or as localhost\n"),
        Err(NoHost) => return text(StatusCode::BAD_REQUEST, "the request names no single host\n"),
    }
    match *request.method() {
        Method::GET | Method::HEAD => read(&request, peer, admin).await,
        Method::POST => post(request, peer, admin).await,
        _ => {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET, HEAD and POST\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
            response
        }
    }
}

async fn read(request: &Request<Incoming>, peer: SocketAddr, admin: &Arc<Administration>) -> Answer {
    let path = request.uri().path();
    match path {
        "/metrics" => return metrics(admin),
        "/healthz" => return text(StatusCode::OK, "alive\n"),
        "/readyz" if admin.gateway.store().is_failing() => {
            return text(StatusCode::SERVICE_UNAVAILABLE, "the consent log can't be written\n");
        }
        "/readyz" => return text(StatusCode::OK, "ready\n"),
        "/style.css" => return style(),
        _ => {}
    }
    let words = Words::of(request.headers());
    let account = admin.signed_in(request.headers()).await;
    if path == "/sign-in" {
        return match account {
            Some(_) => redirect("/"),
            None => html(StatusCode::OK, admin.sign_in_page(words, peer, None).await),
        };
    }
    let Some(page) = Page::at(path) else {
        return text(StatusCode::NOT_FOUND, "there are /, /metrics, /healthz and /readyz\n");
    };
    let Some(account) = account else { return redirect("/sign-in") };
    if account.role < page.role() {
        return html(StatusCode::FORBIDDEN, pages::message(words, Some(&account), pages::Message::NotForYou));
    }
    show(page, words, account, admin).await
}

async fn post(request: Request<Incoming>, peer: SocketAddr, admin: &Arc<Administration>) -> Answer {
    let words = Words::of(request.headers());
    if !is_from_our_page(request.headers()) {
        return html(StatusCode::FORBIDDEN, pages::message(words, None, pages::Message::FromElsewhere));
    }
    let path = request.uri().path().to_owned();
    if path == "/sign-out" {
        let removal = admin.sign_out(request.headers());
        return with_cookie(redirect("/sign-in"), &removal);
    }
    if path == "/sign-in" {
        return sign_in(request, words, peer, admin).await;
    }
    let Some(page) = Page::at(&path).filter(|page| page.takes_form()) else {
        return text(StatusCode::NOT_FOUND, "nothing is posted here\n");
    };
    let Some(account) = admin.signed_in(request.headers()).await else { return redirect("/sign-in") };
    if account.role < page.role() {
        return html(StatusCode::FORBIDDEN, pages::message(words, Some(&account), pages::Message::NotForYou));
    }
    let Some(form) = Form::read(request).await else { return text(StatusCode::BAD_REQUEST, "no form\n") };
    match page {
        Page::Country => match pages::found(words, &account, admin, form.field("address")) {
            Ok(page) => html(StatusCode::OK, page),
            Err(page) => html(StatusCode::BAD_REQUEST, page),
        },
        _ => super::exporting::export(&form, words, account, admin).await,
    }
}

async fn sign_in(request: Request<Incoming>, words: Words, peer: SocketAddr, admin: &Administration) -> Answer {
    if !sign_in::is_possible(peer) {
        return html(StatusCode::FORBIDDEN, admin.sign_in_page(words, peer, None).await);
    }
    let headers = request.headers().clone();
    let Some(form) = Form::read(request).await else { return text(StatusCode::BAD_REQUEST, "no form\n") };
    match admin.sign_in(&headers, form.field("name"), form.field("password").to_owned()).await {
        Outcome::Begun(cookie) => with_cookie(redirect("/"), &cookie),
        Outcome::Refused(status, refusal) => html(status, admin.sign_in_page(words, peer, Some(refusal)).await),
    }
}

/// Makes a page on a thread that may wait for the disk.
async fn show(page: Page, words: Words, account: SignedIn, admin: &Arc<Administration>) -> Answer {
    let (for_page, for_fault) = (admin.clone(), account.clone());
    let made = tokio::task::spawn_blocking(move || page.make(words, &account, &for_page)).await;
    match made {
        Ok(Ok(page)) => html(StatusCode::OK, page),
        Ok(Err(error)) => unreadable(words, &for_fault, &error.to_string()),
        Err(_) => unreadable(words, &for_fault, "the page broke off"),
    }
}

/// The log can't be read: the reason goes to whoever reads the gateway's own log.
pub(super) fn unreadable(words: Words, account: &SignedIn, error: &str) -> Answer {
    tracing::error!(%error, "a page of the administration can't be made");
    html(StatusCode::SERVICE_UNAVAILABLE, pages::message(words, Some(account), pages::Message::Unreadable))
}

/// The fields of a posted form.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    async fn read(request: Request<Incoming>) -> Option<Self> {
        let body = Limited::new(request.into_body(), LONGEST_FORM).collect();
        let body = tokio::time::timeout(FORM_TIMEOUT, body).await.ok()?.ok()?.to_bytes();
        Some(Self(url::form_urlencoded::parse(&body).into_owned().collect()))
    }

    /// The first field of this name; what is missing is empty.
    pub(super) fn field(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }
}

/// Whether one of our own pages posts. Browsers say so by `Sec-Fetch-Site`, and by `Origin` with every POST; who sends neither is none.
fn is_from_our_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or_default());
    let site = text(header::HeaderName::from_static("sec-fetch-site")).map(|site| site == "same-origin");
    let host = text(header::HOST).unwrap_or_default();
    let origin = text(header::ORIGIN).map(|origin| origin.strip_prefix("http://") == Some(host) && !host.is_empty());
    match (site, origin) {
        (None, None) => false,
        (site, origin) => site.unwrap_or(true) && origin.unwrap_or(true),
    }
}

/// Several hosts, or bytes that can't be one.
#[derive(Debug, PartialEq, Eq)]
struct NoHost;

/// The host of the one `Host` line, if there is a line: a monitor that speaks HTTP/1.0 sends none.
fn asked_host(headers: &HeaderMap) -> Result<Option<&str>, NoHost> {
    let mut lines = headers.get_all(header::HOST).iter();
    match (lines.next(), lines.next()) {
        (line, None) => line.map(|line| line.to_str().map_err(|_| NoHost)).transpose(),
        (_, Some(_)) => Err(NoHost),
    }
}

fn is_address_or_localhost(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

fn metrics(admin: &Administration) -> Answer {
    let store = admin.gateway.store();
    admin.gateway.metrics().log_backlog(store.waiting(), store.lost());
    admin.gateway.metrics().witness_lag(admin.gateway.now());
    typed("text/plain; version=0.0.4; charset=utf-8", StatusCode::OK, admin.gateway.metrics().render())
}

fn style() -> Answer {
    typed("text/css; charset=utf-8", StatusCode::OK, pages::STYLE)
}

/// A page of ours.
pub(super) fn html(status: StatusCode, page: String) -> Answer {
    let mut response = typed("text/html; charset=utf-8", status, page);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Language, Cookie"));
    response
}

fn redirect(to: &'static str) -> Answer {
    let mut response = text(StatusCode::SEE_OTHER, "");
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(to));
    response
}

fn with_cookie(mut response: Answer, cookie: &str) -> Answer {
    let value = HeaderValue::from_str(cookie).expect("tokens are hexadecimal");
    response.headers_mut().insert(header::SET_COOKIE, value);
    response
}

fn text(status: StatusCode, text: &'static str) -> Answer {
    typed("text/plain; charset=utf-8", status, text)
}

fn typed(media_type: &'static str, status: StatusCode, content: impl Into<bytes::Bytes>) -> Answer {
    guarded(status, media_type, Body::whole(content))
}

/// An answer with the headers that all have: nothing of ours is kept, framed, or runs a script.
pub(super) fn guarded(status: StatusCode, media_type: &'static str, body: Body) -> Answer {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let policy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    for (name, value) in [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // With `no-referrer` browsers post forms with `Origin: null`.
        (header::REFERRER_POLICY, "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn only_our_own_pages_post() {
        let check = |site: Option<&'static str>, origin: Option<&'static str>, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:9090"));
            site.map(|site| headers.insert("sec-fetch-site", HeaderValue::from_static(site)));
            origin.map(|origin| headers.insert(header::ORIGIN, HeaderValue::from_static(origin)));
            assert_eq!(is_from_our_page(&headers), expected, "{site:?} {origin:?}");
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
}
