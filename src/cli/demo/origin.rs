//! The site of the demonstration: which path is answered by what.

use std::{io, net::SocketAddr, sync::Arc};

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::{
    body,
    body::Body,
    contact::{Contact, query},
    html::{Text, Visitor, fill, maps_host, revalidated, tracker_host, typed},
    lab,
    lab::Lab,
    seen,
    serve::Loopback,
    websocket::Echoes,
};

/// Chooses a page of `site/` by the visitor's language.
macro_rules! text {
    ($visitor:expr, $name:literal) => {
        $visitor.choose(
            include_str!(concat!("site/ru/", $name, ".html")),
            include_str!(concat!("site/en/", $name, ".html")),
        )
    };
}

/// The site, running on a free port of 127.0.0.1 until it is dropped.
#[derive(Debug)]
pub struct Origin(Loopback);

impl Origin {
    /// Starts it. Its pages load the tracker at `tracker`. Needs a Tokio runtime.
    ///
    /// # Errors
    /// When no port of the loopback interface can be had.
    pub async fn start(tracker: SocketAddr) -> io::Result<Self> {
        let site = Arc::new(Site::new(tracker));
        Loopback::start(move |request| answer(Arc::clone(&site), request)).await.map(Self)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.0.address()
    }
}

struct Site {
    tracker: SocketAddr,
    contact: Contact,
    lab: Lab,
    echoes: Echoes,
}

impl Site {
    fn new(tracker: SocketAddr) -> Self {
        let host = tracker_host(tracker);
        let trackers = fill(include_str!("site/trackers.html"), &[("tracker", &host)]);
        let with_trackers = |page| fill(page, &[("trackers", trackers.trim_end())]);
        let lab = Lab::new(
            &with_trackers(include_str!("site/gzip.html")),
            &with_trackers(include_str!("site/windows-1251.html")),
        );
        Self { tracker, contact: Contact::new(), lab, echoes: Echoes::default() }
    }
}

async fn answer(site: Arc<Site>, request: Request<Incoming>) -> Response<Body> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let posts = request.method() == Method::POST;
    match request.uri().path() {
        "/contact" if posts => {
            let visitor = Visitor::read(request.headers());
            site.contact.take(&visitor, request.into_body()).await
        }
        "/upload" if posts => lab::upload(request.into_body()).await,
        _ if reads => {
            let known = request.headers().clone();
            revalidated(&known, read(&site, request))
        }
        _ => {
            let mut response = Response::new(body::whole("This path does not take this method.\n"));
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            response
        }
    }
}

fn read(site: &Site, mut request: Request<Incoming>) -> Response<Body> {
    match request.uri().path() {
        "/style.css" => typed("text/css; charset=utf-8", include_str!("site/style.css")),
        "/page.js" => typed("text/javascript; charset=utf-8", include_str!("site/page.js")),
        "/logo.svg" => typed("image/svg+xml", include_str!("site/logo.svg")),
        "/robots.txt" => typed("text/plain; charset=utf-8", include_str!("site/robots.txt")),
        "/sitemap.xml" => typed("application/xml", include_str!("site/sitemap.xml")),
        // Labelled as a page, as many sites do by mistake: nothing may be put into it.
        "/feed.xml" => typed("text/html; charset=utf-8", include_str!("site/feed.xml")),
        "/cookies.txt" => typed("text/plain; charset=utf-8", seen::plain(request.headers())),
        "/favicon.ico" => status(StatusCode::NO_CONTENT),
        "/language" => language(&request),
        "/windows-1251" => site.lab.windows_1251(),
        "/gzip" => site.lab.gzip(),
        "/broken-gzip" => site.lab.broken_gzip(),
        "/strict-csp" => lab::strict_policy(),
        "/download" => lab::download(),
        "/slow" => lab::slow(include_str!("site/slow.html")),
        "/cut" => lab::cut(include_str!("site/slow.html")),
        "/echo" => site.echoes.answer(&mut request),
        _ => page(site, &request),
    }
}

/// The pages in the site's frame.
fn page(site: &Site, request: &Request<Incoming>) -> Response<Body> {
    let visitor = Visitor::read(request.headers());
    let path = request.uri().path();
    let plain = |text: Text| visitor.page(site.tracker, path, text, &[]);
    match path {
        "/" => plain(text!(visitor, "home")),
        "/services" => plain(text!(visitor, "services")),
        "/about" => plain(text!(visitor, "about")),
        "/lab" => plain(text!(visitor, "lab")),
        "/upload" => plain(text!(visitor, "upload")),
        "/websocket" => plain(text!(visitor, "websocket")),
        "/contact" => {
            let token = site.contact.token(&visitor.session);
            let values = [("token", token.as_str()), ("maps", &maps_host(site.tracker))];
            visitor.page(site.tracker, path, text!(visitor, "contact"), &values)
        }
        "/contact/sent" => match site.contact.sent(&visitor.session) {
            Some(message) => {
                let values = message.escaped();
                let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
                visitor.page(site.tracker, path, text!(visitor, "sent"), &values)
            }
            None => redirect("/contact"),
        },
        "/cookies" => {
            let (cookies, headers) = (seen::cookies(&visitor), seen::headers(&visitor, request.headers()));
            let values = [("cookies", cookies.as_str()), ("headers", headers.as_str())];
            visitor.page(site.tracker, path, text!(visitor, "cookies"), &values)
        }
        "/error" => with_status(StatusCode::INTERNAL_SERVER_ERROR, plain(text!(visitor, "error"))),
        _ => with_status(StatusCode::NOT_FOUND, plain(text!(visitor, "missing"))),
    }
}

/// Keeps the language in a functional cookie and goes back to the page.
fn language(request: &Request<Incoming>) -> Response<Body> {
    let back = query(request, "back").filter(|path| is_own_path(path)).unwrap_or_else(|| "/".to_owned());
    let mut response = redirect(&back);
    let line = match query(request, "to").as_deref() {
        Some("en") => "language=en; Max-Age=31536000; Path=/; SameSite=Lax",
        Some("ru") => "language=ru; Max-Age=31536000; Path=/; SameSite=Lax",
        _ => return response,
    };
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_static(line));
    response
}

/// A path of this site: letters, digits and `/-._`, so that no other host can be named.
fn is_own_path(path: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_');
    path.starts_with('/') && !path.starts_with("//") && path.bytes().all(legal)
}

fn redirect(path: &str) -> Response<Body> {
    let mut response = status(StatusCode::SEE_OTHER);
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, location);
    response
}

fn status(status: StatusCode) -> Response<Body> {
    with_status(status, Response::new(body::whole("")))
}

fn with_status(status: StatusCode, mut response: Response<Body>) -> Response<Body> {
    *response.status_mut() = status;
    if status.is_client_error() || status.is_server_error() {
        response.headers_mut().remove(header::ETAG);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::is_own_path;

    #[test]
    fn the_way_back_stays_on_the_site() {
        for path in ["/", "/services", "/contact/sent", "/windows-1251"] {
            assert!(is_own_path(path), "{path}");
        }
        for path in ["", "services", "//evil.example", "/\\evil.example", "https://evil.example", "/a?b", "/\r\nx"] {
            assert!(!is_own_path(path), "{path:?}");
        }
    }
}
