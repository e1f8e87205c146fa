//! The request that an analytics server gets.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header, request::Parts};

use super::{
    body::{self, Body, TOKEN},
    preset::{Preset, Use},
    route::{Asked, Route, SentAddress},
    text,
};
use crate::{
    consent::Country,
    cookies::{Catalogue, Permit, RequestOutcome, filter_request, keep_named},
    visitor::{CoarseAgent, Scheme, TruncatedAddress},
};

/// A request that may be sent to an analytics server. Only [`AnalyticsRequest::new`] makes one, from nothing but what a preset names; what
/// sends such requests takes nothing else.
#[derive(Debug)]
pub struct AnalyticsRequest(Request<Bytes>);

/// What we know of the visitor, as far as it may be told.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// The network that the visitor is in.
    pub address: TruncatedAddress,
    /// The country of that network.
    pub country: Option<Country>,
    /// How the visitor reached us.
    pub scheme: Scheme,
}

/// Why a hit can't be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsendable {
    /// It can't be read, so nothing can be taken out of it.
    Unreadable,
    /// It is of a kind that does not count anything.
    Kind,
}

/// Stands for an address that nobody is to learn, where Matomo would else take the gateway's for the visitor's.
const NO_ADDRESS: &str = "0.0.0.0";

/// Codings of bodies that browsers can undo.
const CODINGS: [&str; 4] = ["gzip", "br", "zstd", "deflate"];

/// Longest header that is copied as it came, in bytes: tags of entities, dates and Umami's token.
const LONGEST_COPIED: usize = 1024;

impl AnalyticsRequest {
    /// Writes the request for what was asked. Cookies are filtered by the visitor's choice first, then by the preset.
    ///
    /// # Errors
    ///
    /// When the hit can't be read, or does not pass as a whole.
    pub fn new(
        asked: Asked<'_>,
        head: Parts,
        body: Bytes,
        sender: Sender,
        (catalogue, permit): (&Catalogue, Permit),
    ) -> Result<(Self, RequestOutcome), Unsendable> {
        let route = asked.route;
        let mut theirs = head.headers;
        let outcome = filter_request(&mut theirs, catalogue, permit);
        keep_named(&mut theirs, route.preset.cookies());
        let forced = if asked.what == Use::Hit { forced(route, sender) } else { Vec::new() };
        let mut headers = headers(&theirs, route, sender);
        let is_posted = head.method == Method::POST;
        // Ours stand where the visitor's do.
        let in_query = if is_posted { &[][..] } else { &forced };
        let fields = if asked.what == Use::Hit { route.preset.hit_fields() } else { route.preset.script_fields() };
        let query = body::query(fields, head.uri.query().unwrap_or_default().as_bytes(), in_query);
        let mut bytes = Bytes::new();
        if is_posted {
            if theirs.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
                return Err(Unsendable::Unreadable);
            }
            let Body { content_type, bytes: written } = body::body(route.preset, &body, &forced)?;
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
            headers.insert(header::CONTENT_LENGTH, written.len().into());
            bytes = written.into();
        }
        if asked.what == Use::Script {
            copy(&theirs, &mut headers, &[header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE]);
        }
        let mut request = Request::new(bytes);
        *request.uri_mut() = target(route, head.uri.path(), &query).ok_or(Unsendable::Unreadable)?;
        *request.method_mut() = head.method;
        *request.headers_mut() = headers;
        Ok((Self(request), outcome))
    }

    /// The request, for sending it.
    pub fn into_request(self) -> Request<Bytes> {
        self.0
    }
}

/// Parameters by which Matomo is told what its token lets us tell.
fn forced(route: &Route, sender: Sender) -> Vec<(&'static str, String)> {
    let Some(token) = &route.token else { return Vec::new() };
    let address = match route.address {
        SentAddress::Truncated => sender.address.to_string(),
        SentAddress::None => NO_ADDRESS.to_owned(),
    };
    let mut forced = vec![("cip", address), (TOKEN, token.secret().to_owned())];
    forced.extend(sender.country.map(|country| ("country", country.as_str().to_ascii_lowercase())));
    forced
}

/// The headers, written anew.
fn headers(theirs: &HeaderMap, route: &Route, sender: Sender) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let text_of = |name: HeaderName| theirs.get(name).and_then(|value| value.to_str().ok());
    let mut set = |name: HeaderName, text: &str| {
        // What can't be written is left out.
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    set(header::HOST, &route.host);
    let agent = theirs.get(header::USER_AGENT).map(HeaderValue::as_bytes);
    set(header::USER_AGENT, &CoarseAgent::read(agent).to_string());
    set(header::ACCEPT, "*/*");
    let accepted = text_of(header::ACCEPT_ENCODING).unwrap_or_default();
    let codings: Vec<_> = CODINGS.into_iter().filter(|coding| accepted.contains(coding)).collect();
    if !codings.is_empty() {
        set(header::ACCEPT_ENCODING, &codings.join(", "));
    }
    if let Some(language) = text_of(header::ACCEPT_LANGUAGE).and_then(text::language) {
        set(header::ACCEPT_LANGUAGE, &language);
    }
    if let Some(referer) = text_of(header::REFERER) {
        set(header::REFERER, &text::page(referer));
    }
    // One address or none, and only one field that holds it.
    if route.address == SentAddress::Truncated && route.token.is_none() {
        set(HeaderName::from_static("x-forwarded-for"), &sender.address.to_string());
    }
    set(HeaderName::from_static("x-forwarded-proto"), sender.scheme.name());
    if let Some(country) = sender.country {
        for name in country_headers(route.preset) {
            set(HeaderName::from_static(name), country.as_str());
        }
    }
    set(header::VIA, "1.1 kelisim");
    copy(theirs, &mut headers, &[header::COOKIE]);
    if route.preset == Preset::Umami {
        copy(theirs, &mut headers, &[HeaderName::from_static("x-umami-cache")]);
    }
    headers
}

/// Where a server reads the country of a visitor beside the address.
fn country_headers(preset: Preset) -> &'static [&'static str] {
    match preset {
        Preset::Umami => &["cf-ipcountry"],
        Preset::Google => &["x-forwarded-country", "x-forwarded-countryregion"],
        // Matomo has a parameter, which needs its token; Plausible has none.
        Preset::Matomo | Preset::Plausible => &[],
    }
}

/// Copies headers that hold what we, or the server, put there. Several lines of one are one that nobody wrote, so none passes.
fn copy(theirs: &HeaderMap, ours: &mut HeaderMap, names: &[HeaderName]) {
    for name in names {
        let mut lines = theirs.get_all(name).iter();
        if let (Some(value), None) = (lines.next(), lines.next())
            && (value.len() <= LONGEST_COPIED || *name == header::COOKIE)
        {
            ours.insert(name, value.clone());
        }
    }
}

/// The path as the server knows it, which is public and therefore plain, and the query.
fn target(route: &Route, path: &str, query: &str) -> Option<Uri> {
    let below = path.strip_prefix(&route.path)?;
    let start = if route.preset.keeps_path() { &route.path } else { "/" };
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{start}{below}{mark}{query}").parse().ok()
}
