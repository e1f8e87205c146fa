//! Headers by which a client says what it has and what it would rather have: entity tags, languages, codings. Input: a byte for the kind of
//! request, then the tag of the site's answer, then the lines of the client.

use http::{HeaderMap, HeaderValue, header};
use kelisim::{
    rewrite::{BodyChanged, Variant, request_headers, request_validators, response_headers},
    visitor::Language,
};

use super::Target;

pub const TARGET: Target = Target { name: "negotiation", run, words: WORDS, runs: 6000 };

const WORDS: &[&str] = &[
    "\n",
    "\"",
    "W/\"",
    "\"v1\"",
    "*",
    ",",
    ";",
    ";ks00000000000000aa\"",
    ";kw00000000000000aa\"",
    ";ks00000000000000bb\"",
    "00000000000000aa",
    "ru",
    "kk-KZ",
    "kk",
    "en",
    "de",
    "*",
    ";q=",
    "0",
    "0.000",
    "0.5",
    "1",
    "1.000",
    "NaN",
    "inf",
    "-1",
    "1e9",
    "q",
    "gzip",
    "x-gzip",
    "br",
    "zstd",
    "deflate",
    "identity",
    "dcb",
    " ",
    "\t",
    "\u{44f}",
];

/// The variant of a page that this client has, and another.
const OURS: Variant = Variant::from_hash(0xaa);
const OTHER: Variant = Variant::from_hash(0xbb);

fn run(input: &[u8]) {
    let Some((what, rest)) = input.split_first() else { return };
    let mut lines = rest.split(|byte| *byte == b'\n');
    let (tag, given) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let (accepted, codings) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    round_trip(tag);
    validators(given, what & 1 == 1);
    languages(accepted);
    offered_codings(codings, what & 1 == 1);
}

fn one(name: header::HeaderName, value: &[u8]) -> Option<HeaderMap> {
    Some(HeaderMap::from_iter([(name, HeaderValue::from_bytes(value.trim_ascii()).ok()?)]))
}

/// A tag goes out with our suffix and comes back as the site wrote it, for the same variant alone.
fn round_trip(tag: &[u8]) {
    let Some(mut answer) = one(header::ETAG, tag) else { return };
    let written = answer[header::ETAG].clone();
    response_headers(&mut answer, OURS, BodyChanged::Yes);
    let Some(sent) = answer.get(header::ETAG).cloned() else { return };
    assert!(sent.as_bytes().starts_with(b"W/\"") && sent.as_bytes().ends_with(b"\""), "a changed page is no copy");
    response_headers(&mut answer, OURS, BodyChanged::Yes);
    assert_eq!(answer.get(header::ETAG), Some(&sent), "what is bound stays as it is");
    let asks = |variant, may_be_page| {
        let mut request = one(header::IF_NONE_MATCH, sent.as_bytes()).unwrap();
        request_validators(&mut request, variant, may_be_page);
        request.get(header::IF_NONE_MATCH).cloned()
    };
    // A quoted tag that our suffix ended before it came is read as ours: that is what it says.
    let ends_like_ours = memchr::memmem::find(written.as_bytes(), b";k").is_some();
    assert!(
        ends_like_ours || asks(OURS, true).as_ref() == Some(&written),
        "{written:?} came back as {:?}",
        asks(OURS, true)
    );
    assert_eq!(asks(OTHER, true), None, "another variant is confirmed for nobody");
    assert_eq!(asks(OURS, false), None);
}

/// Of a list no tag of ours reaches the site with its suffix, and where the answer may be a page none that we did not write.
fn validators(given: &[u8], may_be_page: bool) {
    let Some(mut request) = one(header::IF_NONE_MATCH, given) else { return };
    request.insert(header::IF_MODIFIED_SINCE, HeaderValue::from_static("Sun, 22 Nov 2026 10:00:00 GMT"));
    let came = request[header::IF_NONE_MATCH].clone();
    request_validators(&mut request, OURS, may_be_page);
    assert_eq!(request.contains_key(header::IF_MODIFIED_SINCE), !may_be_page, "a date stands for no variant");
    let left = request.get(header::IF_NONE_MATCH).map(|value| value.as_bytes().to_vec());
    let Some(left) = left else { return };
    if !may_be_page && left == came.as_bytes() {
        return;
    }
    let tags = tags(&left);
    assert!((1..=32).contains(&tags.len()), "what is left is a list of tags: {}", left.escape_ascii());
    for tag in tags {
        assert!(came.as_bytes().len() >= tag.len(), "nothing is made longer");
        if may_be_page {
            let opaque = tag.strip_prefix(b"W/").unwrap_or(tag);
            let strength = if opaque.len() == tag.len() { "s" } else { "w" };
            let ours =
                [b"W/", &opaque[..opaque.len() - 1], format!(";k{strength}00000000000000aa\"").as_bytes()].concat();
            assert!(memchr::memmem::find(came.as_bytes(), &ours).is_some(), "{} was not ours", tag.escape_ascii());
        }
    }
}

/// A list that is right throughout (RFC 9110, section 8.8.3), taken apart at its quotes.
fn tags(list: &[u8]) -> Vec<&[u8]> {
    let mut tags = Vec::new();
    let mut rest = list;
    loop {
        let opens = if rest.starts_with(b"W/") { 2 } else { 0 };
        assert_eq!(rest.get(opens), Some(&b'"'), "{}", list.escape_ascii());
        let closes = opens + 1 + memchr::memchr(b'"', &rest[opens + 1..]).expect("what opens closes");
        tags.push(&rest[..=closes]);
        match rest[closes + 1..].strip_prefix(b", ") {
            Some(more) => rest = more,
            None => {
                assert!(rest[closes + 1..].is_empty(), "{}", list.escape_ascii());
                return tags;
            }
        }
    }
}

/// The language is one of those that are offered, and where the header is written as RFC 9110 writes it, that of the greatest weight.
fn languages(accepted: &[u8]) {
    let text = std::str::from_utf8(accepted).ok();
    for offered in [&[Language::Ru, Language::Kk, Language::En][..], &[Language::Kk, Language::En], &[Language::En]] {
        let chosen = Language::negotiate(text, offered);
        assert!(offered.contains(&chosen));
        if let Some(weights) = text.and_then(weighted) {
            // The first of those with the greatest weight that is offered; a star is the first that is offered.
            let known = |tag: &str| {
                let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
                let found = offered.iter().find(|language| language.tag() == primary).copied();
                if tag == "*" { offered.first().copied() } else { found }
            };
            let usable: Vec<_> = weights
                .iter()
                .filter(|(_, weight)| *weight > 0)
                .filter_map(|(tag, weight)| Some((known(tag)?, *weight)))
                .collect();
            let greatest = usable.iter().map(|(_, weight)| *weight).max();
            let expected =
                usable.iter().find(|(_, weight)| Some(*weight) == greatest).map_or(offered[0], |(tag, _)| *tag);
            assert_eq!(chosen, expected, "{text:?}");
        }
    }
}

/// Tags and weights in thousandths, where all of the header is by the letter and no longer than is read.
fn weighted(text: &str) -> Option<Vec<(&str, u32)>> {
    let item = |item| {
        let item: &str = item;
        let item = item.trim_matches([' ', '\t']);
        let (tag, weight) = match item.split_once(';') {
            Some((tag, weight)) => (tag, weight.strip_prefix("q=")?),
            None => (item, "1"),
        };
        let letters =
            |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_tag = tag == "*" || tag.split('-').all(letters);
        let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
        let is_weight = matches!(whole, "0" | "1") && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
        let thousandths = whole.parse::<u32>().ok()? * 1000 + format!("{part:0<3}").parse::<u32>().ok()?;
        (is_tag && is_weight && thousandths <= 1000).then_some((tag, thousandths))
    };
    let items: Option<Vec<_>> = text.split(',').map(item).collect();
    items.filter(|items| items.len() <= 32)
}

/// What is asked of the site can be undone, was asked for by the client, and asking once more changes nothing.
fn offered_codings(codings: &[u8], may_be_page: bool) {
    let Some(mut request) = one(header::ACCEPT_ENCODING, codings) else { return };
    let came = String::from_utf8_lossy(codings).into_owned();
    request.insert(header::RANGE, HeaderValue::from_static("bytes=0-1"));
    request_headers(&mut request, may_be_page);
    assert_eq!(request.contains_key(header::RANGE), !may_be_page);
    let asked = request.get(header::ACCEPT_ENCODING).expect("without the header anything would be acceptable").clone();
    let text = asked.to_str().unwrap();
    for item in text.split(',').map(|item| item.trim().to_ascii_lowercase()) {
        let (coding, weight) = item.split_once(';').unwrap_or((&item, ""));
        let coding = coding.trim();
        assert!(["gzip", "x-gzip", "br", "zstd", "identity", "*"].contains(&coding), "{text}");
        assert!(coding != "*" || weight.contains('0'), "{text} asks for what can't be undone");
        assert!(text == "identity" || came.to_ascii_lowercase().contains(coding), "{text} of {came}");
    }
    request_headers(&mut request, may_be_page);
    assert_eq!(request.get(header::ACCEPT_ENCODING), Some(&asked));
}
