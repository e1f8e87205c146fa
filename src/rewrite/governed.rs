//! Which answers carry our content-security policy.
//!
//! A policy binds what a browser runs: documents and workers. What a browser only shows or reads, such as an image or a
//! script, is bound by the page around it. But caches do not keep what an answer was fetched for, and what was fetched as an
//! image may be opened as a page later. So whatever could run something carries a policy, and what is not fetched to be run
//! carries one that is the same for everybody: such an answer can be kept by all caches as the site meant it.

use http::header::{self, HeaderMap, HeaderValue};
use http::{HeaderName, Method, StatusCode};

use super::caching::{Variant, bind_to_variant};
use super::plan::{is_attachment, media_type};
use super::request::accepts_html;
use crate::fields::{PURPOSE, SEC_FETCH_DEST, SEC_PURPOSE, SERVICE_WORKER};

/// What a browser will do with an answer, as far as its request tells (W3C Fetch Metadata Request Headers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Show it as a document, whole or in a frame.
    Document,
    /// Show it as a document later, perhaps.
    Prefetch,
    /// Run it as a worker.
    Worker,
    /// Run it as the site's service worker.
    ServiceWorker,
    /// Not said: an old browser, or none.
    Unsaid,
    /// Something that the page around it is bound for.
    Part,
}

impl Purpose {
    /// Reads the headers of a request.
    pub fn of(headers: &HeaderMap) -> Self {
        let value = |name: &HeaderName| headers.get(name).map(HeaderValue::as_bytes);
        if value(&SERVICE_WORKER) == Some(b"script") {
            return Self::ServiceWorker;
        }
        match value(&SEC_FETCH_DEST) {
            Some(b"document" | b"iframe" | b"frame" | b"embed" | b"object" | b"fencedframe") => Self::Document,
            Some(b"worker" | b"sharedworker") => Self::Worker,
            Some(b"serviceworker") => Self::ServiceWorker,
            Some(_) if headers.contains_key(&SEC_PURPOSE) || value(&PURPOSE) == Some(b"prefetch") => Self::Prefetch,
            Some(_) => Self::Part,
            None if accepts_html(headers) => Self::Document,
            None => Self::Unsaid,
        }
    }

    /// Whether what a browser keeps of an answer is of use only to a visitor with the same choice. Then a validator must name it, too.
    pub const fn is_bound(self) -> bool {
        matches!(self, Self::Document | Self::Worker | Self::ServiceWorker)
    }
}

/// How an answer is governed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Governed {
    /// It runs for this visitor: it carries the policy of their choice, and nobody else may get it from a cache.
    Bound,
    /// As [`Self::Bound`], but it was not fetched as what it may be used for, so it has no validator that would count then.
    Ahead,
    /// It is not fetched to be run: it carries the policy of those who accepted nothing, and caches keep it as they like.
    Lasting,
}

/// Decides whether, and how, an answer carries our policy.
pub fn governed(purpose: Purpose, status: StatusCode, headers: &HeaderMap) -> Option<Governed> {
    let not_modified = status == StatusCode::NOT_MODIFIED;
    // Of other answers, and of a redirect that leads nowhere, browsers show the body (Fetch, "redirect status").
    let leads_elsewhere = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
        && headers.get(header::LOCATION).is_some_and(|location| !location.as_bytes().trim_ascii().is_empty());
    if status.is_informational() || leads_elsewhere {
        return None;
    }
    let kind = Kind::of(headers);
    match purpose {
        Purpose::Worker | Purpose::ServiceWorker => Some(Governed::Bound),
        // A 304 says little of what it stands for.
        Purpose::Document if not_modified || kind.is_document() && !is_attachment(headers) => Some(Governed::Bound),
        Purpose::Document => Some(Governed::Lasting),
        Purpose::Prefetch if kind == Kind::Html => Some(Governed::Ahead),
        // Workers too start from what a browser keeps of a script that a page or a hint has loaded; and old browsers do not say when they start one.
        Purpose::Prefetch | Purpose::Part | Purpose::Unsaid if kind.is_document() || kind == Kind::Script => {
            Some(Governed::Lasting)
        }
        Purpose::Prefetch | Purpose::Part | Purpose::Unsaid => None,
    }
}

/// Puts a policy on an answer, beside those of the site, and tells caches for whom it is.
///
/// On a 304 a browser replaces all lines of a header that it keeps by those of the 304, and many servers send no policy with one: ours alone
/// would take the site's own away. So a 304 gets ours only beside one of the site. Without it the kept lines stay, ours among them, and they
/// are the right ones: validators name the variant, so a 304 never comes for another choice.
pub fn put_policy(headers: &mut HeaderMap, status: StatusCode, name: &HeaderName, policy: HeaderValue) {
    if status != StatusCode::NOT_MODIFIED || headers.contains_key(name) {
        headers.append(name, policy);
    }
}

/// Keeps an answer with a policy from visitors with another choice.
pub fn keep_for_choice(headers: &mut HeaderMap, governed: Governed, variant: Variant) {
    match governed {
        Governed::Bound => bind_to_variant(headers, variant),
        Governed::Ahead => {
            headers.remove(header::ETAG);
            bind_to_variant(headers, variant);
        }
        Governed::Lasting => {}
    }
}

/// Whether a request may be for the script of a service worker whose answer can be extended.
pub fn may_be_service_worker(method: &Method, purpose: Purpose) -> bool {
    *method == Method::GET && purpose == Purpose::ServiceWorker
}

/// Whether this answer is such a script: only JavaScript is installed.
pub fn is_service_worker(status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::OK && Kind::of(headers) == Kind::Script
}

/// What a browser may make of a media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Html,
    /// XML, in which a browser runs scripts of XHTML and SVG; and what it would look at to find out.
    OtherDocument,
    Script,
    Inert,
}

impl Kind {
    fn of(headers: &HeaderMap) -> Self {
        let Some(name) = media_type(headers) else { return Self::OtherDocument };
        let (kind, subtype) = name.split_once('/').unwrap_or_default();
        match (kind, subtype) {
            ("text", "html") | ("application", "xhtml+xml") => Self::Html,
            (_, "xml" | "xsl" | "x-mixed-replace") => Self::OtherDocument,
            (_, subtype) if subtype.ends_with("+xml") => Self::OtherDocument,
            // Browsers treat these, and what is no type, as if nothing had been said (MIME Sniffing, section 7).
            ("" | "*" | "unknown", _) | (_, "" | "unknown") => Self::OtherDocument,
            (_, subtype) if subtype.contains("javascript") || subtype.contains("ecmascript") => Self::Script,
            ("text", "jscript" | "livescript") => Self::Script,
            _ => Self::Inert,
        }
    }

    fn is_document(self) -> bool {
        matches!(self, Self::Html | Self::OtherDocument)
    }
}
