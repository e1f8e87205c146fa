//! What caches and validators are told about a page that was changed.
//!
//! A rewritten page is one of several variants of what the origin sent. Its entity tag names the variant, it is
//! revalidated every time, and nothing that speaks about the origin's bytes stays on it. Answers that were not changed
//! keep every end-to-end header.

use std::fmt;

use http::{
    Method,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};

use super::plan::has_directive;

/// What begins our suffix in an entity tag; `s` or `w` follows, for the strength of the origin's tag, then the variant.
const SUFFIX: &str = ";k";

/// The length of the suffix: [`SUFFIX`], the strength, 16 hexadecimal digits.
const SUFFIX_LENGTH: usize = SUFFIX.len() + 1 + 16;

/// Entity tags read from one request at most; more are no browser's.
const MOST_TAGS: usize = 32;

/// Which variant of a page: a hash of all that decides what is put into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variant(u64);

impl Variant {
    /// Wraps a hash. Equal hashes must mean equal insertions and an equal policy.
    pub const fn from_hash(hash: u64) -> Self {
        Self(hash)
    }
}

impl fmt::Display for Variant {
    /// 16 hexadecimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

/// Whether the answer is a page that was changed (or `HEAD` of one, or 304 to a request for one).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyChanged {
    /// It was.
    Yes,
    /// It passes as the origin sent it.
    No,
}

/// Makes validators of a request mean to the origin what they mean to the browser.
///
/// Our suffix is taken off a tag of the same variant, and the tag has its old strength again. A tag of another variant
/// goes: a 304 would leave the browser with the wrong page. When the answer may be a page, so do tags without our
/// suffix, which stand for a page that was not changed, and dates, which stand for no variant at all.
pub fn request_validators(headers: &mut HeaderMap, variant: Variant, may_be_page: bool) {
    if may_be_page {
        headers.remove(header::IF_MODIFIED_SINCE);
    }
    if !headers.contains_key(header::IF_NONE_MATCH) {
        return;
    }
    let given: Vec<&[u8]> = headers.get_all(header::IF_NONE_MATCH).iter().map(HeaderValue::as_bytes).collect();
    let given = given.join(&b", "[..]);
    let tags = entity_tags(&given);
    let ours = tags.iter().any(|tag| suffix(tag).is_some());
    if !may_be_page && !ours {
        return;
    }
    let kept: Vec<Vec<u8>> = tags
        .into_iter()
        .filter_map(|tag| match suffix(tag) {
            Some((origin, named)) if may_be_page && named == variant => Some(origin),
            Some(_) => None,
            None => (!may_be_page).then(|| tag.to_vec()),
        })
        .collect();
    headers.remove(header::IF_NONE_MATCH);
    if let (false, Ok(value)) = (kept.is_empty(), HeaderValue::from_bytes(&kept.join(&b", "[..]))) {
        headers.insert(header::IF_NONE_MATCH, value);
    }
}

/// Whether a page may be kept in memory after it has left, as a cache of many visitors might keep it: it answers a GET, the site did not
/// forbid it (RFC 9111, sections 5.2.2.5 and 5.2.2.7) and sets no cookie with it, and the request proved nobody's identity by `Authorization`
/// (section 3.5).
pub fn may_be_remembered(method: &Method, request: &HeaderMap, answer: &HeaderMap) -> bool {
    *method == Method::GET
        && !request.contains_key(header::AUTHORIZATION)
        && !answer.contains_key(header::SET_COOKIE)
        && !["no-store", "private"].iter().any(|directive| has_directive(answer, header::CACHE_CONTROL, directive))
}

/// Makes the headers of an answer fit its body.
pub fn response_headers(headers: &mut HeaderMap, variant: Variant, changed: BodyChanged) {
    if changed == BodyChanged::No {
        return;
    }
    const OF_THE_OLD_BYTES: [&str; 10] = [
        "last-modified",
        "content-length",
        "content-md5",
        "digest",
        "content-digest",
        "repr-digest",
        "unencoded-digest",
        "signature",
        "signature-input",
        "use-as-dictionary",
    ];
    for name in OF_THE_OLD_BYTES {
        headers.remove(HeaderName::from_static(name));
    }
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("none"));
    bind_to_variant(headers, variant);
}

/// Makes an answer one of this variant alone: its entity tag says so, no shared cache keeps it, and a browser asks again each time.
///
/// An answer that is bound already stays as it is.
pub(super) fn bind_to_variant(headers: &mut HeaderMap, variant: Variant) {
    let is_bound = |tag: &HeaderValue| suffix(tag.as_bytes()).is_some_and(|(_, named)| named == variant);
    if !headers.get(header::ETAG).is_some_and(is_bound)
        && let Some(tag) = headers.remove(header::ETAG)
        && let Some(tag) = suffixed(tag.as_bytes(), variant)
    {
        headers.insert(header::ETAG, tag);
    }
    keep_private(headers);
    if headers.contains_key(header::PRAGMA) {
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    }
    if !has_directive(headers, header::VARY, "*") && !has_directive(headers, header::VARY, "cookie") {
        headers.append(header::VARY, HeaderValue::from_static("Cookie"));
    }
}

/// Keeps shared caches from storing an answer, whatever the origin allowed; what is stricter stays.
pub fn keep_private(headers: &mut HeaderMap) {
    // Shared caches have words of their own, above `Cache-Control` (RFC 9213).
    for name in ["cdn-cache-control", "surrogate-control", "expires"] {
        headers.remove(HeaderName::from_static(name));
    }
    let mut control = String::from("private, no-cache");
    for stricter in ["no-store", "no-transform"] {
        if has_directive(headers, header::CACHE_CONTROL, stricter) {
            control.push_str(", ");
            control.push_str(stricter);
        }
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::try_from(control).expect("ASCII words"));
}

/// What holds for every answer, changed or not.
///
/// An origin that varies by our request header varies, for the browser, by its cookies. And `Alt-Svc` would lead the
/// browser round the gateway.
pub fn every_response_headers(headers: &mut HeaderMap) {
    headers.remove(header::ALT_SVC);
    if !has_directive(headers, header::VARY, "kelisim-consent") {
        return;
    }
    let mut fields: Vec<String> = Vec::new();
    for value in headers.get_all(header::VARY) {
        for field in
            String::from_utf8_lossy(value.as_bytes()).split(',').map(str::trim).filter(|field| !field.is_empty())
        {
            let field = if field.eq_ignore_ascii_case("kelisim-consent") { "Cookie" } else { field };
            if !fields.iter().any(|known| known.eq_ignore_ascii_case(field)) {
                fields.push(field.to_owned());
            }
        }
    }
    if let Ok(value) = HeaderValue::try_from(fields.join(", ")) {
        headers.insert(header::VARY, value);
    }
}

/// The origin's tag, weak and with our suffix; `None` when it is no entity tag (RFC 9110, section 8.8.3).
fn suffixed(tag: &[u8], variant: Variant) -> Option<HeaderValue> {
    let tag = tag.trim_ascii();
    let (strength, opaque) = match tag.strip_prefix(b"W/") {
        Some(opaque) => ('w', opaque),
        None => ('s', tag),
    };
    let opaque = opaque.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if opaque.contains(&b'"') {
        return None;
    }
    let suffix = format!("{SUFFIX}{strength}{variant}\"");
    HeaderValue::from_bytes(&[b"W/\"", opaque, suffix.as_bytes()].concat()).ok()
}

/// The origin's tag and the variant in a tag of ours.
fn suffix(tag: &[u8]) -> Option<(Vec<u8>, Variant)> {
    let opaque = tag.strip_prefix(b"W/\"")?.strip_suffix(b"\"")?;
    let (origin, suffix) = opaque.split_at_checked(opaque.len().checked_sub(SUFFIX_LENGTH)?)?;
    if origin.contains(&b'"') {
        return None;
    }
    let suffix = std::str::from_utf8(suffix).ok()?.strip_prefix(SUFFIX)?;
    let (strength, digits) = suffix.split_at_checked(1)?;
    let variant = digits.bytes().all(|digit| digit.is_ascii_hexdigit() && !digit.is_ascii_uppercase());
    let variant = Variant(u64::from_str_radix(digits, 16).ok().filter(|_| variant)?);
    let prefix: &[u8] = match strength {
        "s" => b"\"",
        "w" => b"W/\"",
        _ => return None,
    };
    Some(([prefix, origin, b"\""].concat(), variant))
}

/// The tags of a list; a comma inside quotes belongs to its tag. What is no tag ends the list.
fn entity_tags(list: &[u8]) -> Vec<&[u8]> {
    let mut tags = Vec::new();
    let mut rest = list;
    while tags.len() < MOST_TAGS {
        rest = rest.trim_ascii_start();
        rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
        let opens = if rest.starts_with(b"W/\"") { 3 } else { 1 };
        if opens == 1 && !rest.starts_with(b"\"") {
            break;
        }
        let Some(closes) = memchr::memchr(b'"', &rest[opens..]) else { break };
        let (tag, after) = rest.split_at(opens + closes + 1);
        tags.push(tag);
        rest = after;
    }
    tags
}
