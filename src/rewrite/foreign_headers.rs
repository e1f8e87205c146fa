//! Headers by which an answer sends a browser to other hosts, past our content-security policy or ahead of it.
//!
//! Chromium and Firefox obey `Link: rel=preconnect`, `Speculation-Rules`, and the places to which reports go whatever a policy
//! says. Entries that lead to refused hosts are taken out, one by one; all others stay byte for byte. An entry that can't be
//! read is of no use to the site and is taken out with them.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::{Governed, Judged, put_policy, refusal::Refusal};
use crate::{
    consent::{Category, CategorySet},
    fields::{has_named, remove_named},
};
use http::StatusCode;

/// Relations that make a browser connect or load.
const LOADING_RELATIONS: [&str; 8] = [
    "preload",
    "modulepreload",
    "preconnect",
    "dns-prefetch",
    "prefetch",
    "prerender",
    "stylesheet",
    "compression-dictionary",
];

/// Headers of Chromium's interfaces for advertising and cross-site recognition.
const ADVERTISING: [&str; 4] =
    ["observe-browsing-topics", "activate-storage-access", "shared-storage-write", "ad-auction-signals"];

/// Their families.
const ADVERTISING_FAMILIES: [&str; 2] = ["attribution-reporting-register-", "ad-auction-"];

/// What a page is denied while advertising is refused. Older versions of Chromium had more such features; the present one complains of each
/// in the console of every page, and what would use them is on hosts that do not load.
const ADVERTISING_FEATURES: [&str; 3] =
    ["browsing-topics", "private-state-token-issuance", "private-state-token-redemption"];

/// Takes out of an answer what leads to refused hosts, and counts what it would load from others: the entries of `Link`.
pub fn drop_foreign(headers: &mut HeaderMap, refusal: &Refusal<'_>) -> Judged {
    let mut judged = Judged::default();
    if !has_named(headers, may_lead_elsewhere) {
        return judged;
    }
    filter(headers, &header::LINK, |entry| {
        let load = link_load(entry, refusal);
        if let Some((category, refused)) = load {
            judged.count(category, refused);
        }
        load.is_none_or(|(_, refused)| !refused)
    });
    let names_refused = |entry: &[u8]| quoted(entry).is_none_or(|address| refusal.refuses(&address));
    filter(headers, &HeaderName::from_static("reporting-endpoints"), |entry| !names_refused(entry));
    // A file of rules on the site's own host may name any other, and browsers follow them without asking the page's policy.
    if refusal.refuses_any() {
        headers.remove("speculation-rules");
    }
    if drop_report_groups(headers, refusal) {
        // Without its group it would be of no use; and a browser forgets what it kept while the host was allowed (Network Error Logging, section 5.1).
        let nel = HeaderName::from_static("nel");
        if headers.contains_key(&nel) {
            headers.insert(nel, HeaderValue::from_static(r#"{"report_to":"none","max_age":0}"#));
        }
    }
    for name in [header::CONTENT_SECURITY_POLICY, header::CONTENT_SECURITY_POLICY_REPORT_ONLY] {
        drop_report_addresses(headers, &name, refusal);
    }
    judged
}

/// The fields that [`drop_foreign`] looks into.
fn may_lead_elsewhere(name: &str) -> bool {
    matches!(
        name,
        "link"
            | "nel"
            | "report-to"
            | "reporting-endpoints"
            | "speculation-rules"
            | "content-security-policy"
            | "content-security-policy-report-only"
    )
}

/// Takes out what serves advertising, while it is refused.
pub fn drop_advertising(headers: &mut HeaderMap, allowed: CategorySet) {
    if allowed.permits(Category::Marketing) {
        return;
    }
    const LOADING_MODE: &str = "supports-loading-mode";
    if !has_named(headers, |name| name == LOADING_MODE || is_advertising(name)) {
        return;
    }
    remove_named(headers, is_advertising);
    filter(headers, &HeaderName::from_static(LOADING_MODE), |entry| !entry.starts_with(b"credentialed-"));
}

fn is_advertising(name: &str) -> bool {
    // All of them begin with one of these letters.
    matches!(name.as_bytes().first(), Some(b'a' | b'o' | b's'))
        && (ADVERTISING.contains(&name) || ADVERTISING_FAMILIES.iter().any(|family| name.starts_with(family)))
}

/// Puts on a document what keeps a browser from looking hosts up ahead of time and from advertising, while that is refused.
pub fn restrict_document(headers: &mut HeaderMap, status: StatusCode, governed: Governed, refusal: &Refusal<'_>) {
    if governed == Governed::Lasting {
        return;
    }
    let prefetch = HeaderName::from_static("x-dns-prefetch-control");
    if refusal.refuses_any() && (status != StatusCode::NOT_MODIFIED || headers.contains_key(&prefetch)) {
        headers.insert(prefetch, HeaderValue::from_static("off"));
    }
    if refusal.allowed.permits(Category::Marketing) {
        return;
    }
    let name = HeaderName::from_static("permissions-policy");
    // Lines are read as one, and of a feature that stands twice the last counts: what the site itself says of a feature stays.
    let named: Vec<Vec<u8>> = headers
        .get_all(&name)
        .iter()
        .flat_map(|line| entries(line.as_bytes()))
        .map(|entry| entry.split(|byte| matches!(byte, b'=' | b';')).next().unwrap_or_default().trim_ascii().to_vec())
        .collect();
    let denied: Vec<String> = ADVERTISING_FEATURES
        .iter()
        .filter(|feature| !named.iter().any(|name| name == feature.as_bytes()))
        .map(|feature| format!("{feature}=()"))
        .collect();
    if !denied.is_empty() {
        let value = HeaderValue::try_from(denied.join(", ")).expect("names of features");
        put_policy(headers, status, &name, value);
    }
}

/// What an entry of `Link` (RFC 8288, section 3) makes the browser load from a host of others: the category, and whether it is refused.
fn link_load(entry: &[u8], refusal: &Refusal<'_>) -> Option<(Option<Category>, bool)> {
    let Some((target, parameters)) = entry.strip_prefix(b"<").and_then(|rest| {
        let end = memchr::memchr(b'>', rest)?;
        Some((&rest[..end], &rest[end + 1..]))
    }) else {
        return Some((None, true));
    };
    let loads = split(parameters, b';').iter().any(|parameter| {
        let (name, value) = parameter.split_at(memchr::memchr(b'=', parameter).unwrap_or(parameter.len()));
        let value = value.strip_prefix(b"=").unwrap_or_default().trim_ascii();
        let value = quoted(value).unwrap_or_else(|| value.to_vec());
        name.trim_ascii().eq_ignore_ascii_case(b"rel")
            && value
                .split(u8::is_ascii_whitespace)
                .any(|relation| LOADING_RELATIONS.iter().any(|known| relation.eq_ignore_ascii_case(known.as_bytes())))
    });
    refusal.weigh(target).filter(|_| loads)
}

/// Takes groups with refused endpoints out of `Report-To`, a list of JSON objects. Whether there was one.
fn drop_report_groups(headers: &mut HeaderMap, refusal: &Refusal<'_>) -> bool {
    let name = HeaderName::from_static("report-to");
    let lines: Vec<HeaderValue> = headers.get_all(&name).iter().cloned().collect();
    let group_is_refused = |group: &serde_json::Value| {
        let endpoints = group["endpoints"].as_array().map(Vec::as_slice).unwrap_or_default();
        endpoints.iter().any(|end| end["url"].as_str().is_none_or(|url| refusal.refuses(url.as_bytes())))
    };
    let kept_of = |line: &HeaderValue| {
        let list = [b"[", line.as_bytes(), b"]"].concat();
        let Ok(groups) = serde_json::from_slice::<Vec<serde_json::Value>>(&list) else { return None };
        if !groups.iter().any(group_is_refused) {
            return Some(line.clone());
        }
        let kept: Vec<String> =
            groups.iter().filter(|group| !group_is_refused(group)).map(ToString::to_string).collect();
        HeaderValue::try_from(kept.join(", ")).ok().filter(|line| !line.is_empty())
    };
    let kept: Vec<HeaderValue> = lines.iter().filter_map(kept_of).collect();
    if kept == lines {
        return false;
    }
    headers.remove(&name);
    for line in kept {
        headers.append(&name, line);
    }
    true
}

/// Takes refused hosts out of `report-uri` in the site's own policies. A directive that is left without addresses goes.
fn drop_report_addresses(headers: &mut HeaderMap, name: &HeaderName, refusal: &Refusal<'_>) {
    let without = |directive: &str| {
        let mut words = directive.split_ascii_whitespace();
        if !words.next().is_some_and(|word| word.eq_ignore_ascii_case("report-uri")) {
            return Some(directive.to_owned());
        }
        let addresses: Vec<&str> = words.collect();
        let kept: Vec<&str> =
            addresses.iter().copied().filter(|address| !refusal.refuses(address.as_bytes())).collect();
        match kept.as_slice() {
            _ if kept.len() == addresses.len() => Some(directive.to_owned()),
            [] => None,
            kept => Some(format!(" report-uri {}", kept.join(" "))),
        }
    };
    let lines: Vec<HeaderValue> = headers.get_all(name).iter().cloned().collect();
    let changed = |line: &HeaderValue| {
        // Byte for byte, since a policy may hold bytes that are no ASCII and still report somewhere.
        let text: String = line.as_bytes().iter().map(|byte| char::from(*byte)).collect();
        let policies = text.split(',').map(|policy| {
            let directives: Vec<String> = policy.split(';').filter_map(without).collect();
            directives.join(";")
        });
        let text = policies.collect::<Vec<_>>().join(",");
        HeaderValue::from_bytes(&text.chars().map(|letter| letter as u8).collect::<Vec<_>>()).ok()
    };
    let kept: Vec<HeaderValue> = lines.iter().map(|line| changed(line).unwrap_or_else(|| line.clone())).collect();
    if kept != lines {
        headers.remove(name);
        for line in kept {
            headers.append(name, line);
        }
    }
}

/// Keeps the entries of a list for which `keeps` is true. Lines of which all entries stay are not touched.
fn filter(headers: &mut HeaderMap, name: &HeaderName, mut keeps: impl FnMut(&[u8]) -> bool) {
    if !headers.contains_key(name) {
        return;
    }
    let lines: Vec<HeaderValue> = headers.get_all(name).iter().cloned().collect();
    headers.remove(name);
    for line in lines {
        let all = entries(line.as_bytes());
        let kept: Vec<&[u8]> = all.iter().copied().filter(|entry| keeps(entry)).collect();
        if kept.len() == all.len() {
            headers.append(name, line);
        } else if let (false, Ok(value)) = (kept.is_empty(), HeaderValue::from_bytes(&kept.join(&b", "[..]))) {
            headers.append(name, value);
        }
    }
}

/// The entries of a list, without empty ones.
fn entries(list: &[u8]) -> Vec<&[u8]> {
    split(list, b',').into_iter().filter(|entry| !entry.is_empty()).collect()
}

/// Splits, but not inside `"…"` and `<…>`.
fn split(text: &[u8], separator: u8) -> Vec<&[u8]> {
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    let (mut in_quotes, mut in_address) = (false, false);
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' if in_quotes => at += 1,
            b'"' if !in_address => in_quotes = !in_quotes,
            b'<' if !in_quotes => in_address = true,
            b'>' if !in_quotes => in_address = false,
            byte if *byte == separator && !in_quotes && !in_address => {
                parts.push(text[start..at].trim_ascii());
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(text[start.min(text.len())..].trim_ascii());
    parts
}

/// The first quoted string of an entry (RFC 9651, section 3.3.3).
fn quoted(entry: &[u8]) -> Option<Vec<u8>> {
    let start = memchr::memchr(b'"', entry)? + 1;
    let mut text = Vec::new();
    let mut bytes = entry[start..].iter();
    loop {
        match bytes.next()? {
            b'"' => return Some(text),
            b'\\' => text.push(*bytes.next()?),
            byte => text.push(*byte),
        }
    }
}
