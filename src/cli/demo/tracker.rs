//! The tracker of the demonstration: it does what trackers do, and shows on its own page what it has learned.
//! It keeps names of cookies, never their values, and forgets all when it stops.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::{
    body,
    body::Body,
    contact::query,
    html::{Visitor, escape, fill, html, random, typed},
    serve::Loopback,
};

/// Requests that the page lists, the newest; the others are only counted.
const LISTED: usize = 25;

/// Longest text kept of anything a request says, in characters.
const TEXT: usize = 120;

/// Cookie names kept of one request.
const NAMES: usize = 16;

/// The smallest transparent GIF (GIF89a, one pixel).
const PIXEL: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// The tracker, running on a free port of 127.0.0.1 until it is dropped.
#[derive(Debug)]
pub struct Tracker {
    server: Loopback,
    learned: Arc<Mutex<Learned>>,
}

/// What the tracker knows. Its own page is not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// Requests for a script: a page was about to measure.
    pub scripts: u64,
    /// Hits sent by a script, each with page, screen and language.
    pub hits: u64,
    /// Pixels fetched by pages without script.
    pub pixels: u64,
    /// Anything else that was asked of it.
    pub others: u64,
    /// The newest requests, oldest first.
    pub newest: VecDeque<Visit>,
}

/// One request as the tracker keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Path of the request.
    pub path: String,
    /// The page that caused it: what the script told, or the path of the referrer. Empty where neither is known.
    pub page: String,
    /// What the script told of the browser. Empty for scripts and pixels.
    pub browser: String,
    /// Names of the cookies that came along.
    pub cookies: Vec<String>,
}

impl Learned {
    /// All requests but those for the tracker's own page.
    pub const fn requests(&self) -> u64 {
        self.scripts + self.hits + self.pixels + self.others
    }
}

impl Tracker {
    /// Starts it. Needs a Tokio runtime.
    ///
    /// # Errors
    /// When no port of the loopback interface can be had.
    pub async fn start() -> io::Result<Self> {
        let learned = Arc::default();
        let shared = Arc::clone(&learned);
        let server = Loopback::start(move |request| {
            let response = answer(&shared, &request);
            async move { response }
        });
        Ok(Self { server: server.await?, learned })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What it has learned until now.
    pub fn learned(&self) -> Learned {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(learned: &Mutex<Learned>, request: &Request<Incoming>) -> Response<Body> {
    let path = request.uri().path();
    let mut learned = learned.lock().unwrap_or_else(PoisonError::into_inner);
    let response = match path {
        "/" => return html(page(&learned)),
        "/favicon.ico" => return status(StatusCode::NO_CONTENT),
        "/metrika/tag.js" => {
            learned.scripts += 1;
            typed("text/javascript; charset=utf-8", include_str!("site/tracker/tag.js"))
        }
        "/ga/gtag.js" => {
            learned.scripts += 1;
            typed("text/javascript; charset=utf-8", include_str!("site/tracker/gtag.js"))
        }
        "/pixel.gif" => {
            learned.pixels += 1;
            typed("image/gif", PIXEL)
        }
        "/hit" => {
            learned.hits += 1;
            typed("image/gif", PIXEL)
        }
        "/map" => {
            learned.others += 1;
            html(include_str!("site/tracker/map.html").to_owned())
        }
        _ => {
            learned.others += 1;
            status(StatusCode::NOT_FOUND)
        }
    };
    if learned.newest.len() >= LISTED {
        learned.newest.pop_front();
    }
    learned.newest.push_back(visit(request));
    drop(learned);
    recognising(request.headers(), response)
}

/// Adds what lets a tracker recognise a browser on other sites, and what lets any site load from it.
fn recognising(request: &HeaderMap, mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.remove(header::ETAG);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    if !Visitor::read(request).cookies.iter().any(|(name, _)| name == "tracker_id") {
        let line = format!("tracker_id={}; Max-Age=31536000; Path=/; SameSite=None; Secure", random());
        headers.append(header::SET_COOKIE, line.try_into().expect("hexadecimal digits are legal"));
    }
    response
}

fn visit(request: &Request<Incoming>) -> Visit {
    let short = |text: &str| text.chars().take(TEXT).collect::<String>();
    let referrer = request.headers().get(header::REFERER).and_then(|value| value.to_str().ok());
    let referrer = referrer.and_then(|url| url.parse::<http::Uri>().ok()).map(|url| url.path().to_owned());
    let cookies = Visitor::read(request.headers()).cookies;
    Visit {
        path: short(request.uri().path()),
        page: short(&query(request, "page").or(referrer).unwrap_or_default()),
        browser: short(&query(request, "browser").unwrap_or_default()),
        cookies: cookies.iter().take(NAMES).map(|(name, _)| short(name)).collect(),
    }
}

/// The page that tells what was learned, newest first.
fn page(learned: &Learned) -> String {
    let mut rows = String::new();
    for Visit { path, page, browser, cookies } in learned.newest.iter().rev() {
        let cookies = cookies.join(", ");
        let cells = [path, page, browser, &cookies].map(|text| format!("<td>{}</td>", escape(text)));
        let _ = writeln!(rows, "<tr>{}</tr>", cells.concat());
    }
    if rows.is_empty() {
        rows.push_str("<tr><td colspan=\"4\" class=\"none\">nothing yet</td></tr>\n");
    }
    let numbers = [learned.requests(), learned.scripts, learned.hits, learned.pixels].map(|number| number.to_string());
    let [requests, scripts, hits, pixels] = numbers.each_ref().map(String::as_str);
    let state = if learned.requests() == 0 { "nothing" } else { "something" };
    let values = [("requests", requests), ("scripts", scripts), ("hits", hits), ("pixels", pixels)];
    fill(include_str!("site/tracker/page.html"), &[&values[..], &[("state", state), ("rows", &rows)]].concat())
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(body::whole(""));
    *response.status_mut() = status;
    response
}
