//! Whether the first bytes of a body are those of a page, whatever its type says.

use super::html::MARKER;
use super::plan::PassReason;

/// How many decoded bytes are looked at before a body counts as a page: in as many a page must name its encoding (HTML,
/// section 4.2.5.4), and browsers wait for as many before they begin to show it.
pub(super) const LOOK_AHEAD_BYTES: usize = 1024;

/// How far NUL bytes are looked for. A page has none; a mislabelled file has one early.
const NUL_BYTES: usize = 512;

/// What the headers already said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Declared {
    /// The answer is typed as HTML.
    pub(super) typed: bool,
    /// The encoding is named, so no `<meta>` decides about it.
    pub(super) encoding_named: bool,
}

/// What a prefix turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sniffed {
    /// A page.
    Html,
    /// Something that passes unchanged.
    Other(PassReason),
    /// Too short to say.
    NeedMore,
}

/// Judges the beginning of a decoded body. `complete` says that no more will come.
///
/// A page is let through as soon as everything that could speak against it is settled, so that a server which sends the
/// head of a page first and thinks about the rest is not held up.
pub(super) fn sniff(prefix: &[u8], complete: bool, declared: Declared) -> Sniffed {
    let complete = complete || prefix.len() >= LOOK_AHEAD_BYTES;
    let prefix = &prefix[..prefix.len().min(LOOK_AHEAD_BYTES)];
    if prefix.starts_with(b"\xFE\xFF") || prefix.starts_with(b"\xFF\xFE") {
        return Sniffed::Other(PassReason::Charset);
    }
    if prefix[..prefix.len().min(NUL_BYTES)].contains(&0) {
        return Sniffed::Other(PassReason::SniffedOther);
    }
    let text = prefix.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(prefix);
    let encoding_named = declared.encoding_named || text.len() < prefix.len();
    let start = text.trim_ascii_start();
    if let Some(reason) = not_html(start, declared.typed, complete) {
        return Sniffed::Other(reason);
    }
    // Exactly as we write it: right after the start of our script's tag.
    let mut marked = memchr::memmem::find_iter(text, MARKER.as_bytes());
    if marked.any(|at| text[..at].ends_with(b"<script ")) {
        return Sniffed::Other(PassReason::AlreadyInjected);
    }
    match amp(text) {
        Some(true) => return Sniffed::Other(PassReason::Amp),
        None if !complete => return Sniffed::NeedMore,
        _ => {}
    }
    let encoding = if encoding_named { Meta::Compatible } else { meta_encoding(text) };
    match encoding {
        Meta::Foreign => Sniffed::Other(PassReason::Charset),
        Meta::Undecided if !complete => Sniffed::NeedMore,
        Meta::Compatible if !complete && !past_marker(text) => Sniffed::NeedMore,
        _ => Sniffed::Html,
    }
}

/// Why a body that begins so is no page.
fn not_html(start: &[u8], typed: bool, complete: bool) -> Option<PassReason> {
    const FILES: [&[u8]; 9] =
        [b"%PDF", b"{", b"[", b"GIF8", b"\x89PNG", b"PK\x03\x04", b"\xFF\xD8\xFF", b"\x1F\x8B", b"%!PS"];
    if FILES.iter().any(|magic| start.starts_with(magic)) {
        return Some(PassReason::SniffedOther);
    }
    let declared_xml = begins(start, b"<?xml");
    let root = if declared_xml { after_prolog(start) } else { Some(start) };
    if let Some(root) = root {
        const VOCABULARIES: [&[u8]; 8] =
            [b"<rss", b"<feed", b"<svg", b"<urlset", b"<sitemapindex", b"<rdf:rdf", b"<opml", b"<math"];
        if VOCABULARIES.iter().any(|name| begins(root, name) && !name_goes_on(root, name.len())) {
            return Some(PassReason::SniffedOther);
        }
    }
    // Without a type a browser guesses, so only what it surely takes for a page is one.
    let long_enough = complete || start.len() >= b"<!doctype html".len();
    if !typed && long_enough && !begins(start, b"<!doctype html") && !begins(start, b"<html") {
        return Some(if declared_xml { PassReason::Xhtml } else { PassReason::SniffedOther });
    }
    (complete && !start.contains(&b'<')).then_some(PassReason::SniffedOther)
}

/// What follows `<?xml …?>`, comments and the document type; `None` while it has not come.
fn after_prolog(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        text = text.trim_ascii_start();
        let end: &[u8] = match text {
            _ if text.starts_with(b"<?") => b"?>",
            _ if text.starts_with(b"<!--") => b"-->",
            _ if text.starts_with(b"<!") => b">",
            [] => return None,
            _ => return Some(text),
        };
        text = &text[memchr::memmem::find(text, end)? + end.len()..];
    }
}

/// Whether the page is AMP; `None` while its `<html>` tag is not complete.
fn amp(text: &[u8]) -> Option<bool> {
    let Some(start) = find(text, b"<html") else {
        // Another tag came first, or enough of the page to know that `<html>` is left out.
        return (find(text, b"<head").is_some() || find(text, b"<body").is_some() || find(text, b"<meta").is_some())
            .then_some(false);
    };
    let tag = &text[start + b"<html".len()..];
    let tag = &tag[..memchr::memchr(b'>', tag)?];
    Some(tag.split(u8::is_ascii_whitespace).any(|attribute| {
        let name = attribute.split(|byte| *byte == b'=').next().unwrap_or_default();
        ["amp", "\u{26A1}", "amp4ads", "\u{26A1}4ads", "amp4email", "\u{26A1}4email"]
            .iter()
            .any(|mark| name.eq_ignore_ascii_case(mark.as_bytes()))
    }))
}

enum Meta {
    Compatible,
    Foreign,
    Undecided,
}

/// What the page's own `<meta>` says about its encoding. UTF-16 cannot be said there: a browser reads it as UTF-8.
fn meta_encoding(text: &[u8]) -> Meta {
    let mut rest = text;
    while let Some(at) = find(rest, b"<meta") {
        rest = &rest[at + b"<meta".len()..];
        let Some(end) = memchr::memchr(b'>', rest) else { return Meta::Undecided };
        let tag = &rest[..end];
        let Some(name) = find(tag, b"charset") else { continue };
        let value = tag[name + b"charset".len()..].trim_ascii_start();
        let Some(value) = value.strip_prefix(b"=") else { continue };
        let value = value.trim_ascii_start();
        let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
        let end = value.iter().position(|byte| b"\"'; \t\r\n/".contains(byte)).unwrap_or(value.len());
        let label = &value[..end];
        if label.eq_ignore_ascii_case(b"utf-7") {
            return Meta::Foreign;
        }
        match encoding_rs::Encoding::for_label(label) {
            None => continue,
            Some(encoding) if encoding.is_ascii_compatible() || encoding.name().starts_with("UTF-16") => {
                return Meta::Compatible;
            }
            Some(_) => return Meta::Foreign,
        }
    }
    Meta::Undecided
}

/// Whether enough follows `<head>` to tell whether the marker of another gateway stands there.
fn past_marker(text: &[u8]) -> bool {
    let place = match find(text, b"<head") {
        Some(at) => memchr::memchr(b'>', &text[at..]).map(|end| at + end + 1),
        None => find(text, b"<meta").or_else(|| find(text, b"<body")),
    };
    let room = b"<script ".len() + MARKER.len();
    place.is_some_and(|place| {
        let next = text[place..].trim_ascii_start();
        next.len() >= room || next.iter().zip(b"<script ").any(|(found, ours)| found != ours)
    })
}

fn begins(text: &[u8], name: &[u8]) -> bool {
    text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

fn name_goes_on(text: &[u8], length: usize) -> bool {
    text.get(length).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// Where `needle`, in lower case, stands first, in any case.
fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    let (first, length) = (needle[0], needle.len());
    memchr::memchr2_iter(first, first.to_ascii_uppercase(), text)
        .find(|at| text.get(*at..at + length).is_some_and(|found| found.eq_ignore_ascii_case(needle)))
}
