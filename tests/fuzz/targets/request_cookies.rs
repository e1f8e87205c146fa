//! The filter on `Cookie`. Input: a byte for the permit, then lines.

use http::{HeaderMap, header::COOKIE};
use kelisim::{
    consent::CategoryCounts,
    cookies::{Catalogue, Found, OwnNames, Permit, filter_own, filter_request, find, is_own, keep_named, names_sent},
};

use super::{
    Target,
    cookie_reading::{Fate, fate, headers, lines, name, permit, shipped, trimmed},
};

pub const TARGET: Target = Target { name: "request_cookies", run, words: WORDS, runs: 2000 };

pub const WORDS: &[&str] = &[
    "_ga",
    "_ga_1",
    "PHPSESSID",
    "lang",
    "_fbp",
    "kelisim",
    "__Host-kelisim",
    "__Secure-",
    "__Host-",
    "who",
    "=",
    ";",
    "; ",
    " ",
    "\t",
    ",",
    "\"",
    "$Path",
    "fifteen_letters",
    "\n",
    "0123456789abcdef0123456789abcdef",
    "Kelisim_view",
    "-and-a-very-long-value-which-fills-more-than-a-block-of-its-own-0123456789-0123456789",
];

fn run(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else { return };
    let Some(sent) = headers(&COOKIE, rest) else { return };
    check(&sent, shipped(), permit(*first));
    own_cookies_end_here(&sent);
}

/// The filter leaves exactly what a plain reading of the lines leaves.
pub fn check(sent: &HeaderMap, catalogue: &Catalogue, permit: Permit) {
    let mut filtered = sent.clone();
    let outcome = filter_request(&mut filtered, catalogue, permit);
    let (mut refused, mut passed) = (0, CategoryCounts::default());
    let expected = rewritten(sent, |pair| match fate(pair, catalogue, permit) {
        Fate::Passes(category) => {
            passed.add(category);
            true
        }
        Fate::Refused(_) => {
            refused += 1;
            false
        }
        Fate::Own => false,
    });
    assert_eq!(shown(&lines(&filtered, &COOKIE)), shown(&expected));
    assert_eq!((outcome.refused.total(), outcome.passed), (refused, passed));
    for name in outcome.refused.names() {
        assert!(!is_own(name.as_bytes()) && !name.contains([';', '=']), "{name} can be expired");
    }
    let once = filtered.clone();
    assert!(filter_request(&mut filtered, catalogue, permit).refused.is_empty(), "what passed passes again");
    assert_eq!(filtered, once);
    for line in lines(&filtered, &COOKIE) {
        for cookie in cookie::Cookie::split_parse(String::from_utf8_lossy(&line).into_owned()).flatten() {
            let read = fate(cookie.name().as_bytes(), catalogue, permit);
            assert_ne!(read, Fate::Own, "{cookie} is read by another parser");
        }
    }
}

fn own_cookies_end_here(sent: &HeaderMap) {
    let pairs: Vec<Vec<u8>> = lines(sent, &COOKIE)
        .iter()
        .flat_map(|line| line.split(|byte| *byte == b';').map(|pair| trimmed(pair).to_vec()).collect::<Vec<_>>())
        .filter(|pair| !pair.is_empty())
        .collect();
    for own in OwnNames::ALL {
        let values: Vec<&[u8]> = pairs
            .iter()
            .filter(|pair| name(pair) == own.as_bytes())
            .map(|pair| trimmed(&pair[pair.iter().position(|byte| *byte == b'=').unwrap() + 1..]))
            .collect();
        let expected = match values[..] {
            [] => Found::Absent,
            [value] => Found::Once(value),
            _ => Found::Several,
        };
        assert_eq!(find(sent, own), expected);
    }
    let foreign = |name: &[u8]| !name.is_empty() && !is_own(name);
    let names: Vec<&[u8]> = pairs.iter().map(|pair| name(pair)).filter(|name| foreign(name)).collect();
    assert_eq!(names_sent(sent).collect::<Vec<_>>(), names);

    let mut left = sent.clone();
    filter_own(&mut left);
    assert!(OwnNames::ALL.iter().all(|own| find(&left, own) == Found::Absent));
    assert_eq!(names_sent(&left).filter(|name| is_own(name)).count(), 0);

    let mut named = sent.clone();
    keep_named(&mut named, &["_ga*", "lang"]);
    let keep = |pair: &[u8]| name(pair).starts_with(b"_ga") || name(pair) == b"lang";
    assert_eq!(shown(&lines(&named, &COOKIE)), shown(&rewritten(sent, keep)));
}

/// What is left of the lines: what stays is copied with what is between it; where something went, and between lines, stands `; `. A single
/// line of which all stays is what it was.
fn rewritten(sent: &HeaderMap, mut keep: impl FnMut(&[u8]) -> bool) -> Vec<Vec<u8>> {
    let before = lines(sent, &COOKIE);
    let mut runs: Vec<Vec<u8>> = Vec::new();
    let mut lost = false;
    for line in &before {
        let mut run: Vec<u8> = Vec::new();
        for part in line.split_inclusive(|byte| *byte == b';') {
            let pair = trimmed(part.strip_suffix(b";").unwrap_or(part));
            if pair.is_empty() || keep(pair) {
                run.extend_from_slice(part);
            } else {
                lost = true;
                runs.push(std::mem::take(&mut run));
            }
        }
        runs.push(run);
    }
    if before.len() == 1 && !lost {
        return before;
    }
    let outside = |byte: u8| matches!(byte, b';' | b' ' | b'\t');
    let bare = |run: &Vec<u8>| {
        let start = run.iter().position(|byte| !outside(*byte))?;
        let end = run.iter().rposition(|byte| !outside(*byte))?;
        Some(run[start..=end].to_vec())
    };
    let kept: Vec<_> = runs.iter().filter_map(bare).collect();
    if kept.is_empty() { Vec::new() } else { vec![kept.join(&b"; "[..])] }
}

fn shown(lines: &[Vec<u8>]) -> Vec<String> {
    lines.iter().map(|line| line.escape_ascii().to_string()).collect()
}
