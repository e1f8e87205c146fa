//! Cookies read a second time, by the letter of RFC 6265bis and one byte after the other: what the filters must come to.

use std::sync::OnceLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use kelisim::{
    consent::{Category, CategorySet},
    cookies::{CATALOGUE, Catalogue, Permit, Unknown, is_own, parse_catalogue},
};

/// The shipped catalogue, read once.
pub fn shipped() -> &'static Catalogue {
    static SHIPPED: OnceLock<Catalogue> = OnceLock::new();
    SHIPPED.get_or_init(|| Catalogue::new(parse_catalogue(CATALOGUE).unwrap(), Vec::new()))
}

/// A permit from the first byte of an input: three categories and whether unknown names pass.
pub fn permit(byte: u8) -> Permit {
    Permit {
        allowed: CategorySet::from_bits(byte << 1 & CategorySet::MOST_BITS).unwrap(),
        unknown: if byte & 8 == 0 { Unknown::Refused } else { Unknown::Passed },
    }
}

/// A header with one value for each line of the input; `None` where a line can't be a value.
pub fn headers(name: &HeaderName, lines: &[u8]) -> Option<HeaderMap> {
    /// More lines than any client sends.
    const MOST_LINES: usize = 8;
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n').take(MOST_LINES) {
        headers.append(name, HeaderValue::from_bytes(line).ok()?);
    }
    Some(headers)
}

pub fn lines(headers: &HeaderMap, name: &HeaderName) -> Vec<Vec<u8>> {
    headers.get_all(name).into_iter().map(|line| line.as_bytes().to_vec()).collect()
}

/// What becomes of a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Passes(Option<Category>),
    Refused(Option<Category>),
    Own,
}

fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

pub fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_space(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
}

/// The name of a pair; empty where there is no `=`.
pub fn name(pair: &[u8]) -> &[u8] {
    let Some(end) = pair.iter().position(|byte| *byte == b'=') else { return b"" };
    trimmed(&pair[..end])
}

pub fn fate_of_name(name: &[u8], catalogue: &Catalogue, permit: Permit) -> Fate {
    if is_own(name) {
        return Fate::Own;
    }
    match catalogue.classify(name) {
        Some(category) if permit.allowed.permits(category) => Fate::Passes(Some(category)),
        None if permit.unknown == Unknown::Passed => Fate::Passes(None),
        other => Fate::Refused(other),
    }
}

/// The fate of a pair without white space around it. A server may also part words at commas, quotation marks and white space, and take the
/// bare value of a nameless cookie for a cookie: then a refused or own name in any such place refuses the whole.
pub fn fate(pair: &[u8], catalogue: &Catalogue, permit: Permit) -> Fate {
    let first = fate_of_name(name(pair), catalogue, permit);
    let Fate::Passes(_) = first else { return first };
    let equals = pair.iter().filter(|byte| **byte == b'=').count();
    let is_nameless = name(pair).is_empty() && equals >= 2;
    let parts = |byte: &u8| is_space(*byte) || matches!(*byte, b',' | b'"');
    if !is_nameless && !pair.iter().any(parts) {
        return first;
    }
    let mut word: Vec<u8> = Vec::new();
    let mut is_over = false;
    for byte in pair {
        if *byte == b'=' {
            match fate_of_name(&word, catalogue, permit) {
                Fate::Own => return Fate::Own,
                Fate::Refused(Some(category)) => return Fate::Refused(Some(category)),
                Fate::Refused(None) | Fate::Passes(_) => {}
            }
            word.clear();
            is_over = false;
        } else if parts(byte) {
            is_over = !word.is_empty();
        } else {
            if is_over {
                word.clear();
                is_over = false;
            }
            word.push(*byte);
        }
    }
    first
}
