//! What must change in a request so that its answer can be rewritten.

use http::header::{self, HeaderMap, HeaderValue};
use http::{HeaderName, Method};

use super::coding::Coding;
use crate::fields::{
    HX_REQUEST, SEC_FETCH_DEST, SEC_FETCH_MODE, TURBO_FRAME, UPGRADE_INSECURE_REQUESTS, X_PJAX, X_REQUESTED_WITH,
    remove_named,
};

/// Whether the answer may be a page that is rewritten: the browser wants a document or a frame, or says
/// nothing and takes HTML.
pub fn may_be_page(method: &Method, headers: &HeaderMap) -> bool {
    if !matches!(*method, Method::GET | Method::HEAD | Method::POST) || asks_for_fragment(headers) {
        return false;
    }
    match destination(headers) {
        Some(b"document" | b"iframe" | b"frame" | b"embed" | b"object") => true,
        Some(_) => false,
        None => accepts_html(headers),
    }
}

/// What the browser wants the answer for, where it says so. The site's service worker that sends a navigation on wants nothing itself, but
/// what it gets is shown as a page. Chromium keeps the mode of the navigation; Firefox keeps only the preference for https, which browsers
/// state in navigations alone.
pub(super) fn destination(headers: &HeaderMap) -> Option<&[u8]> {
    let value = |name: &HeaderName| headers.get(name).map(HeaderValue::as_bytes);
    let navigates = || value(&SEC_FETCH_MODE) == Some(b"navigate") || value(&UPGRADE_INSECURE_REQUESTS) == Some(b"1");
    match value(&SEC_FETCH_DEST) {
        Some(b"empty") if navigates() => Some(b"document"),
        destination => destination,
    }
}

/// Changes the headers that go upstream.
///
/// Codings that cannot be undone are no longer asked for, nor digests and dictionaries of bytes that we may change; a
/// part of a page is never asked for, since it could be neither rewritten nor put together with what the browser keeps.
pub fn request_headers(headers: &mut HeaderMap, may_be_page: bool) {
    restrict_codings(headers);
    remove_named(headers, |name| {
        matches!(
            name,
            "available-dictionary"
                | "dictionary-id"
                | "want-digest"
                | "want-content-digest"
                | "want-repr-digest"
                | "want-unencoded-digest"
        )
    });
    if may_be_page {
        headers.remove(header::RANGE);
        headers.remove(header::IF_RANGE);
    }
}

/// Whether a script asks for a part of a page, by the headers of htmx, Turbo, pjax and jQuery.
pub(super) fn asks_for_fragment(headers: &HeaderMap) -> bool {
    [&HX_REQUEST, &TURBO_FRAME, &X_PJAX, &X_REQUESTED_WITH].into_iter().any(|name| headers.contains_key(name))
}

/// Whether `Accept` names `text/html`.
pub(super) fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).any(|range| {
        let range = range.split(|byte| *byte == b';').next().unwrap_or_default();
        range.trim_ascii().eq_ignore_ascii_case(b"text/html")
    })
}

/// What becomes of the lines that browsers write: `Some(None)` where one stays as it is.
fn usual_codings(headers: &HeaderMap) -> Option<Option<&'static str>> {
    let mut lines = headers.get_all(header::ACCEPT_ENCODING).iter();
    let (line, None) = (lines.next()?.as_bytes(), lines.next()) else { return None };
    match line {
        b"gzip, deflate, br, zstd" => Some(Some("gzip, br, zstd")),
        b"gzip, deflate, br" => Some(Some("gzip, br")),
        b"gzip, deflate" => Some(Some("gzip")),
        b"gzip" | b"identity" | b"br" | b"gzip, br" | b"gzip, br, zstd" => Some(None),
        _ => None,
    }
}

/// Leaves the codings that can be undone, in the client's order and with its weights.
///
/// RFC 9110, section 12.5.3: without the header any coding is acceptable to the client, so where nothing is left, or
/// nothing was sent, the header says `identity`. `*` would ask for what we cannot undo; it is dropped, except where it
/// forbids everything else (`*;q=0`).
fn restrict_codings(headers: &mut HeaderMap) {
    if let Some(kept) = usual_codings(headers) {
        if let Some(kept) = kept {
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(kept));
        }
        return;
    }
    let mut kept = String::new();
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for item in value.to_str().unwrap_or_default().split(',') {
            let mut parts = item.trim().splitn(2, ';');
            let coding = parts.next().unwrap_or_default().trim();
            let weight = parts.next().unwrap_or_default().trim();
            if Coding::parse(coding).is_some() || (coding == "*" && is_zero(weight)) {
                if !kept.is_empty() {
                    kept.push_str(", ");
                }
                kept.push_str(item.trim());
            }
        }
    }
    let value = HeaderValue::try_from(kept).ok().filter(|value| !value.is_empty());
    headers.insert(header::ACCEPT_ENCODING, value.unwrap_or(HeaderValue::from_static("identity")));
}

/// Whether a weight is written as nothing at all (RFC 9110, section 12.4.2). What is no weight may be read as the greatest.
fn is_zero(weight: &str) -> bool {
    let digits = weight.strip_prefix(['q', 'Q']).and_then(|rest| rest.trim_start().strip_prefix('='));
    digits.is_some_and(|digits| {
        let digits = digits.trim_start();
        digits.starts_with('0') && digits.trim_matches(['0', '.']).is_empty()
    })
}
