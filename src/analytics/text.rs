//! What becomes of single values: addresses of pages are cut, e-mail and network addresses go, what is too exact becomes coarse.

use std::{
    borrow::Cow,
    net::{IpAddr, SocketAddr},
};

use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::form_urlencoded;

/// Stands for what was taken out.
const TAKEN: &str = "*";

/// Parameters of a page's address that say by which campaign a visitor came.
const CAMPAIGN: [&str; 20] = [
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "utm_id",
    "mtm_campaign",
    "mtm_keyword",
    "mtm_kwd",
    "mtm_source",
    "mtm_medium",
    "mtm_content",
    "mtm_cid",
    "mtm_group",
    "mtm_placement",
    "pk_campaign",
    "pk_keyword",
    "pk_kwd",
    "pk_source",
    "pk_medium",
];

/// Longest id, in bytes: a UUID has 36, and experiments of Google's tags are lists.
const LONGEST_ID: usize = 128;

/// The address of a page, whole or beginning with its path: without user name, query and fragment, but for the parameters of campaigns.
pub(super) fn page(value: &str) -> String {
    cut(value, false)
}

/// The same; in a text of the site's own a host that is a network address may be the visitor's.
fn cut(value: &str, is_in_text: bool) -> String {
    let value = value.trim();
    let before_fragment = value.split('#').next().unwrap_or_default();
    let (base, query) = before_fragment.split_once('?').unwrap_or((before_fragment, ""));
    // Behind a semicolon some servers put the number of a session. First of all, since without it a host may stand there.
    let base: Vec<_> = base.split('/').map(|part| part.split(';').next().unwrap_or_default()).collect();
    let base = base.join("/");
    let base = base.trim();
    let (origin, path) = match base.split_once("//") {
        // In front of the name of a host there may be one of a person.
        Some((scheme, rest)) if is_scheme(scheme) => {
            let (authority, path) = rest.split_at(rest.find(['/', '\\']).unwrap_or(rest.len()));
            let host = authority.rsplit('@').next().unwrap_or_default();
            let is_taken = !is_of_host(host) || is_address(host) && (is_in_text || !is_network_address(host));
            (format!("{scheme}//{}", if is_taken { TAKEN } else { host }), path)
        }
        _ => (String::new(), base),
    };
    let mut cut = origin + &scrubbed(path);
    let campaign = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| CAMPAIGN.contains(&&**name));
    let mut written = form_urlencoded::Serializer::new(String::new());
    for (name, value) in campaign {
        written.append_pair(&name, &scrubbed(&value));
    }
    let written = written.finish();
    if !written.is_empty() {
        cut.push('?');
        cut.push_str(&written);
    }
    cut
}

/// Whether a text has nothing but what a host and its port are written with. What has more is nobody's host and may hold anything.
fn is_of_host(text: &str) -> bool {
    text.chars().all(|letter| letter.is_alphanumeric() || ".-_:[]".contains(letter))
}

/// Whether all of a host is a network address, as that of a page may be. In a part of a name it may be the visitor's.
fn is_network_address(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().is_ok() || host.parse::<SocketAddr>().is_ok()
}

/// Nothing, or what RFC 3986, section 3.1, calls a scheme, with its colon.
fn is_scheme(text: &str) -> bool {
    let Some(name) = text.strip_suffix(':') else { return text.is_empty() };
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// A text of the site's own: its title, an event. Where it is JSON, all texts in that.
pub(super) fn text(value: &str) -> String {
    if value.trim_start().starts_with(['{', '['])
        && let Ok(json) = serde_json::from_str(value)
    {
        return values(json).to_string();
    }
    words(value)
}

/// An object, list or value of the site's own: all names and texts in it as texts.
pub(super) fn values(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(words(&text)),
        Value::Array(list) => list.into_iter().map(values).collect(),
        Value::Object(object) => object.into_iter().map(|(name, value)| (words(&name), values(value))).collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}

/// Each word as the address of a page where it looks like one, and without e-mail and network addresses.
fn words(value: &str) -> String {
    let word = |word: &str| {
        let end = word.trim_end_matches(char::is_whitespace).len();
        let (word, space) = word.split_at(end);
        let decoded = percent_decode_str(word).decode_utf8().unwrap_or(Cow::Borrowed(word));
        let shown = [word, &decoded].into_iter().find(|word| is_page(word)).map(|word| cut(word, true));
        shown.unwrap_or_else(|| scrubbed(word).into_owned()) + space
    };
    value.split_inclusive(char::is_whitespace).map(word).collect()
}

/// Whether a word of a text looks like the address of a page, or the end of one with a query.
fn is_page(word: &str) -> bool {
    word.contains("://") || word.starts_with('/') || word.split_once('?').is_some_and(|(_, query)| query.contains('='))
}

/// An id that a script made up.
pub(super) fn id(value: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~!".contains(&byte);
    let fits = !value.is_empty() && value.len() <= LONGEST_ID && value.bytes().all(plain);
    (fits && matches!(scrubbed(value), Cow::Borrowed(_))).then(|| value.to_owned())
}

/// `ru` of `ru-KZ`.
pub(super) fn language(value: &str) -> Option<String> {
    let first = value.trim().split(['-', '_', ',', ';']).next()?;
    let is_language = matches!(first.len(), 2 | 3) && first.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_language.then(|| first.to_ascii_lowercase())
}

/// The nearest of four sizes: a telephone, a tablet, a laptop, a desk. The width alone counts, as in what analytics servers make of it.
pub(super) fn screen(value: &str) -> Option<String> {
    let width: u32 = value.split('x').next()?.parse().ok()?;
    let nearest = match width {
        0..480 => "360x800",
        480..1024 => "768x1024",
        1024..1920 => "1366x768",
        1920.. => "1920x1080",
    };
    Some(nearest.to_owned())
}

/// Without e-mail and network addresses, encoded ones too. Borrowed where there is none.
fn scrubbed(value: &str) -> Cow<'_, str> {
    let is_end = |letter: char| letter.is_whitespace() || "/\\?&=#;,\"'<>()[]{}|".contains(letter);
    if !value.split(is_end).any(is_address) {
        return Cow::Borrowed(value);
    }
    let mut scrubbed = String::with_capacity(value.len());
    for run in value.split_inclusive(is_end) {
        let word = run.strip_suffix(is_end).unwrap_or(run);
        scrubbed.push_str(if is_address(word) { TAKEN } else { word });
        scrubbed.push_str(&run[word.len()..]);
    }
    Cow::Owned(scrubbed)
}

/// Whether a word is, or holds, an address by which a person or a machine is reached. What is encoded twice is decoded twice.
fn is_address(word: &str) -> bool {
    if !word.contains(['@', '%', '.', ':']) {
        return false;
    }
    let once = percent_decode_str(word).decode_utf8_lossy();
    let twice = percent_decode_str(&once).decode_utf8_lossy();
    let is_mail = |text: &str| {
        let mut at = text.match_indices('@').map(|(at, _)| (&text[..at], &text[at + 1..]));
        at.any(|(name, host)| {
            name.ends_with(|letter: char| !letter.is_whitespace())
                && host.starts_with(|letter: char| !letter.is_whitespace())
        })
    };
    let is_one = |text: &str| {
        let address = text.parse().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
        // Everybody has the same loopback.
        address.is_ok_and(|address: IpAddr| !address.is_loopback() && !address.is_unspecified())
    };
    // A label before it, and what a sentence puts after it.
    let is_network = |text: &str| {
        let labelled = text.split_once(':').map_or("", |(_, rest)| rest);
        [text.trim_matches('.'), text.trim_matches(['.', ':']), labelled, labelled.trim_matches(['.', ':'])]
            .into_iter()
            .chain(
                text.split(|letter: char| !letter.is_ascii_digit() && letter != '.').map(|run| run.trim_matches('.')),
            )
            .any(is_one)
    };
    let holds = |text: &str| {
        is_mail(text) || text.split(|letter: char| !letter.is_alphanumeric() && !".:".contains(letter)).any(is_network)
    };
    holds(&once) || holds(&twice)
}
