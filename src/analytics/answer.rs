//! What of an analytics server's answer reaches the browser.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::preset::Use;

/// Headers that pass. `Location` is not among them: it would lead browsers to the server itself, which then learnt their addresses.
const PASSING: [HeaderName; 9] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::DATE,
    header::ETAG,
    header::LAST_MODIFIED,
    header::SET_COOKIE,
    header::VARY,
    header::VIA,
];

/// By this Plausible says that it counted nothing.
const DROPPED: HeaderName = HeaderName::from_static("x-plausible-dropped");

/// Takes out of an answer what a script or a hit has no need of, and says how it may be kept: a script is asked for again each time, so that
/// a withdrawal holds at once, and nobody is given the script that another has accepted.
pub fn clear_answer(headers: &mut HeaderMap, what: Use) {
    let passes = |name: &HeaderName| PASSING.contains(name) || *name == DROPPED;
    let others: Vec<HeaderName> = headers.keys().filter(|name| !passes(name)).cloned().collect();
    for name in others {
        headers.remove(name);
    }
    let kept = match what {
        Use::Script => "private, no-cache",
        Use::Hit => "no-store",
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    // Whoever opens such an address as a page gets one without rights: it is not the site's.
    let sandbox = HeaderValue::from_static("default-src 'none'; sandbox");
    headers.insert(header::CONTENT_SECURITY_POLICY, sandbox);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
