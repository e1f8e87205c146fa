//! Whether an answer is a page to rewrite, as far as request and headers tell.
//!
//! The body has a say too ([`super::PageBody`]). Header measures do not depend on this: they hold for every answer.

use std::borrow::Cow;

use http::header::{self, HeaderMap, HeaderName};
use http::{Method, StatusCode};

use super::coding::Coding;

/// What is known of a request when its answer arrives.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest<'a> {
    /// The client's method.
    pub method: &'a Method,
    /// The client's headers, before anything was cleared.
    pub headers: &'a HeaderMap,
    /// The operator keeps script and banner away from this path.
    pub banner_excluded: bool,
}

/// What happens to the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// It passes unchanged.
    Pass(PassReason),
    /// It is a page, unless its first bytes say otherwise.
    Rewrite(RewritePlan),
}

/// How a page is rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RewritePlan {
    /// How the origin coded the body; it leaves in the same coding.
    pub coding: Coding,
    /// What goes in.
    pub placement: Placement,
    /// The origin said `text/html`. Where it said nothing, only an unmistakable page is rewritten.
    pub typed: bool,
    /// The origin named an encoding compatible with ASCII, so that no `<meta>` can change it.
    pub encoding_named: bool,
}

/// What goes into a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placement {
    /// Script and banner: a page of its own.
    ScriptAndBanner,
    /// The script alone: a page inside another page.
    ScriptOnly,
}

/// Why a body passes unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PassReason {
    /// The operator excluded the path.
    Excluded,
    /// The method has no page as its answer.
    Method,
    /// The status has no whole page as its body.
    Status,
    /// Another media type.
    NotHtml,
    /// XHTML: one wrong byte would destroy the page.
    Xhtml,
    /// A file to keep.
    Attachment,
    /// A coding, or a chain of them, that cannot be undone.
    Coding,
    /// An encoding that is not compatible with ASCII.
    Charset,
    /// The browser wants something other than a page.
    FetchDestination,
    /// A script fetches a part of a page.
    Fragment,
    /// The origin forbids changes (RFC 9111, section 5.2.2.6).
    NoTransform,
    /// The first bytes are not those of a page.
    SniffedOther,
    /// An AMP page: foreign scripts make it invalid.
    Amp,
    /// Another gateway has already done it.
    AlreadyInjected,
    /// The body cannot be decoded from its beginning.
    BrokenCoding,
}

impl PassReason {
    /// The name as a metrics label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Excluded => "excluded",
            Self::Method => "method",
            Self::Status => "status",
            Self::NotHtml => "not_html",
            Self::Xhtml => "xhtml",
            Self::Attachment => "attachment",
            Self::Coding => "coding",
            Self::Charset => "charset",
            Self::FetchDestination => "fetch_destination",
            Self::Fragment => "fragment",
            Self::NoTransform => "no_transform",
            Self::SniffedOther => "sniffed_other",
            Self::Amp => "amp",
            Self::AlreadyInjected => "already_injected",
            Self::BrokenCoding => "broken_coding",
        }
    }
}

/// Decides what happens to the body of an answer.
pub fn plan(request: &PageRequest<'_>, status: StatusCode, headers: &HeaderMap) -> Plan {
    if !matches!(*request.method, Method::GET | Method::POST) {
        return Plan::Pass(PassReason::Method);
    }
    if !has_whole_body(status) {
        return Plan::Pass(PassReason::Status);
    }
    rewrite_plan(request, headers).map_or_else(Plan::Pass, Plan::Rewrite)
}

/// Whether an answer gets the headers of a rewritten page: a page, `HEAD` of a page, or 304 to a request for one.
///
/// A 304 says little about what it stands for; it counts as a page when the request may be one and the answer does not
/// name another type, since a browser writes its headers over those of the page it keeps (RFC 9111, section 3.2).
pub fn changes_headers(request: &PageRequest<'_>, status: StatusCode, headers: &HeaderMap) -> bool {
    if status == StatusCode::NOT_MODIFIED {
        return super::may_be_page(request.method, request.headers)
            && !request.banner_excluded
            && matches!(media_type(headers).as_deref(), None | Some("text/html"));
    }
    matches!(*request.method, Method::GET | Method::POST | Method::HEAD)
        && has_whole_body(status)
        && rewrite_plan(request, headers).is_ok()
}

fn has_whole_body(status: StatusCode) -> bool {
    matches!(status, StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION)
        || status.is_client_error()
        || status.is_server_error()
}

fn rewrite_plan(request: &PageRequest<'_>, headers: &HeaderMap) -> Result<RewritePlan, PassReason> {
    if request.banner_excluded {
        return Err(PassReason::Excluded);
    }
    let typed = match media_type(headers).as_deref() {
        None => false,
        Some("text/html") => true,
        Some("application/xhtml+xml") => return Err(PassReason::Xhtml),
        Some(_) => return Err(PassReason::NotHtml),
    };
    if is_attachment(headers) {
        return Err(PassReason::Attachment);
    }
    let coding = Coding::of(headers).ok_or(PassReason::Coding)?;
    let encoding_named = named_encoding(headers)?;
    let placement = placement(request.headers)?;
    if has_directive(headers, header::CACHE_CONTROL, "no-transform") {
        return Err(PassReason::NoTransform);
    }
    Ok(RewritePlan { coding, placement, typed, encoding_named })
}

/// The media type without parameters, in lower case; `None` when the answer names none.
pub(super) fn media_type(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let value = values.next()?;
    if values.next().is_some() {
        // Two types: browsers and caches disagree which one counts, so it is nobody's page.
        return Some(Cow::Borrowed(""));
    }
    let text = value.as_bytes();
    let essence = text.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let is_plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"/-+.".contains(byte);
    if essence.iter().all(is_plain)
        && !essence.is_empty()
        && memchr::memchr(b',', text).is_none()
        && let Ok(essence) = std::str::from_utf8(essence)
    {
        return Some(Cow::Borrowed(essence));
    }
    unusual_media_type(&String::from_utf8_lossy(text)).map(Cow::Owned)
}

/// The same for what is not written as nearly every server writes it.
fn unusual_media_type(text: &str) -> Option<String> {
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if text.contains(',') || essence.contains(char::is_whitespace) {
        return Some(String::new());
    }
    (!text.trim().is_empty()).then_some(essence)
}

pub(super) fn is_attachment(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_DISPOSITION).iter().any(|value| {
        let kind = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        kind.trim_ascii().eq_ignore_ascii_case(b"attachment")
    })
}

/// Whether the answer names its encoding; a name that no browser knows counts as none.
fn named_encoding(headers: &HeaderMap) -> Result<bool, PassReason> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(false) };
    let charset = value.as_bytes().split(|byte| *byte == b';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_at_checked(parameter.iter().position(|byte| *byte == b'=')?)?;
        name.trim_ascii().eq_ignore_ascii_case(b"charset").then(|| value[1..].trim_ascii())
    });
    let Some(charset) = charset else { return Ok(false) };
    let label = charset.strip_prefix(b"\"").unwrap_or(charset);
    let label = label.strip_suffix(b"\"").unwrap_or(label);
    if label.eq_ignore_ascii_case(b"utf-7") {
        return Err(PassReason::Charset);
    }
    match encoding_rs::Encoding::for_label(label) {
        None => Ok(false),
        Some(encoding) if encoding.is_ascii_compatible() => Ok(true),
        Some(_) => Err(PassReason::Charset),
    }
}

/// What the browser will do with the answer, by its fetch metadata, or by older signs where it sends none.
fn placement(headers: &HeaderMap) -> Result<Placement, PassReason> {
    if super::request::asks_for_fragment(headers) {
        return Err(PassReason::Fragment);
    }
    match super::request::destination(headers) {
        Some(b"document") => Ok(Placement::ScriptAndBanner),
        Some(b"iframe" | b"frame" | b"embed" | b"object") => Ok(Placement::ScriptOnly),
        Some(_) => Err(PassReason::FetchDestination),
        None if super::request::accepts_html(headers) => Ok(Placement::ScriptAndBanner),
        None => Err(PassReason::FetchDestination),
    }
}

/// Whether a comma-separated header names a directive, in any case.
pub(super) fn has_directive(headers: &HeaderMap, name: HeaderName, directive: &str) -> bool {
    headers.get_all(name).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).any(|item| {
        let token = item.split(|byte| *byte == b'=').next().unwrap_or_default();
        token.trim_ascii().eq_ignore_ascii_case(directive.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_media_type_is_read_alike_however_it_is_written(text in "[a-z/+;, \tA-Z=\"0-9é.-]{0,24}") {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_bytes(text.as_bytes()).unwrap());
            prop_assert_eq!(media_type(&headers).map(Cow::into_owned), unusual_media_type(&text));
        }
    }
}
