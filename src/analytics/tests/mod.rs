//! The rules of analytics, case by case: requests are written as the wire would carry them.

mod marks;
mod requests;
mod routes;
mod texts;

use std::sync::OnceLock;

use bytes::Bytes;
use http::{HeaderName, Request};

use super::*;
use crate::{
    consent::{Category, CategorySet, Country},
    cookies::{CATALOGUE, Catalogue, Permit, Unknown, parse_catalogue},
    visitor::{ClientAddress, Scheme},
};

/// Read once for all cases.
static SHIPPED: OnceLock<Catalogue> = OnceLock::new();

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn route(preset: Preset, address: SentAddress, token: bool) -> Route {
    Route {
        preset,
        path: "/stats/".into(),
        category: Category::Analytical,
        address,
        host: "stats.example:8088".into(),
        token: token.then(|| Token::parse(TOKEN).unwrap()),
    }
}

fn usual(preset: Preset) -> Route {
    let address = if preset == Preset::Google { SentAddress::None } else { SentAddress::Truncated };
    route(preset, address, false)
}

/// A request as a visitor sends it, below `/stats/`.
fn theirs(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri(format!("/stats/{target}"));
    for (name, value) in headers {
        request = request.header(name.parse::<HeaderName>().unwrap(), *value);
    }
    request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

/// The request that leaves: its line, its headers in the order of their names, its body.
fn leaves(route: Route, request: Request<Bytes>) -> Result<String, Unsendable> {
    let routes = Routes::new(vec![route]);
    let (head, body) = request.into_parts();
    let asked = routes.find(&head.method, head.uri.path()).unwrap().expect("a path below the route");
    let catalogue = SHIPPED.get_or_init(|| Catalogue::new(parse_catalogue(CATALOGUE).unwrap(), Vec::new()));
    let allowed = CategorySet::EMPTY.with(Category::Analytical);
    let sender = Sender {
        address: ClientAddress::new("203.0.113.77".parse().unwrap()).truncate(),
        country: Country::parse("KZ"),
        scheme: Scheme::Https,
    };
    let permit = Permit { allowed, unknown: Unknown::Refused };
    let (request, _) = AnalyticsRequest::new(asked, head, body, sender, (catalogue, permit))?;
    let (head, body) = request.into_request().into_parts();
    let mut lines: Vec<_> =
        head.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    Ok(format!("{} {}\n{}\n\n{}", head.method, head.uri, lines.join("\n"), String::from_utf8_lossy(&body)))
}

/// The line of a request and its body.
fn line_and_body(route: Route, request: Request<Bytes>) -> (String, String) {
    let written = leaves(route, request).unwrap();
    let (head, body) = written.split_once("\n\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

fn header(written: &str, name: &str) -> Option<String> {
    written.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).map(str::to_owned)
}
