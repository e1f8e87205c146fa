//! Arbitrary bytes through the filters, read again by parsers that share nothing with them.

use http::header::{COOKIE, SET_COOKIE};
use proptest::prelude::*;

use super::*;
use crate::cookies::judge::{by_permit, judge, judge_sent, name_and_value};
use crate::cookies::pairs::for_each_pair;
use crate::cookies::{filter_request, filter_response, is_own};

/// Lines made of pieces that tend to collide, and of arbitrary legal bytes between them.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let word = proptest::sample::select(vec![
        "_ga",
        "_ga_1",
        "PHPSESSID",
        "lang",
        "_fbp",
        "kelisim",
        "__Host-kelisim",
        "__Secure-lang",
        "who",
        "=",
        "=",
        "=",
        ";",
        "; ",
        "; ",
        ";",
        " ",
        "\t",
        ",",
        "\"",
        "$Path",
        "wordpress_logged_in_",
        "fifteen_letters",
        "-and-a-very-long-value-which-fills-more-than-a-block-of-its-own-0123456789",
        "; Max-Age=0",
        "; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ]);
    let piece = prop_oneof![
        8 => word.prop_map(|word| word.as_bytes().to_vec()),
        1 => proptest::collection::vec(prop_oneof![Just(b'\t'), 0x20..=0x7eu8, 0x80..=0xffu8], 0..4),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn permit() -> impl Strategy<Value = Permit> {
    (0..8u8, any::<bool>()).prop_map(|(bits, strict)| Permit {
        allowed: CategorySet::from_bits(bits << 1).unwrap(),
        unknown: if strict { Unknown::Refused } else { Unknown::Passed },
    })
}

/// Pairs by the letter of RFC 6265bis, one byte after the other: name, and the bytes of the pair without space around.
fn read(line: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut pairs, mut pair) = (Vec::new(), Vec::new());
    for byte in line.iter().chain(b";") {
        if *byte != b';' {
            pair.push(*byte);
            continue;
        }
        let text: String = std::mem::take(&mut pair).into_iter().map(char::from).collect();
        let text = text.trim_matches([' ', '\t']);
        let name = text.split_once('=').map_or("", |(name, _)| name.trim_matches([' ', '\t']));
        let bytes = |text: &str| text.chars().map(|letter| u8::try_from(letter).unwrap()).collect::<Vec<u8>>();
        if !text.is_empty() {
            pairs.push((bytes(name), bytes(text)));
        }
    }
    pairs
}

fn passes(catalogue: &Catalogue, permit: Permit, name: &[u8]) -> bool {
    let by_catalogue = match catalogue.classify(name) {
        Some(category) => permit.allowed.permits(category),
        None => permit.unknown == Unknown::Passed,
    };
    by_catalogue && !is_own(name)
}

/// Whether the pair has but one reading: no white space, comma or quotation mark, and a name.
fn is_plain(name: &[u8], pair: &[u8]) -> bool {
    !name.is_empty() && !pair.iter().any(|byte| b" \t,\"".contains(byte))
}

fn cookie_names(line: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(line).into_owned();
    let names: Vec<String> =
        cookie::Cookie::split_parse(text).filter_map(Result::ok).map(|cookie| cookie.name().to_owned()).collect();
    names
}

proptest! {
    #[test]
    fn after_the_request_filter_nobody_reads_a_refused_name_and_nothing_else_is_lost(
        sent in proptest::collection::vec(line(), 1..4),
        permit in permit(),
    ) {
        let catalogue = shipped_once();
        let mut map = headers(&COOKIE, &sent.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let before: Vec<_> = lines(&map, &COOKIE).iter().flat_map(|line| read(line)).collect();
        let outcome = filter_request(&mut map, catalogue, permit);
        let left = lines(&map, &COOKIE);
        prop_assert!(left.len() <= 1);

        let after: Vec<_> = left.iter().flat_map(|line| read(line)).collect();
        for (name, pair) in &after {
            prop_assert!(passes(catalogue, permit, name), "{} stayed", pair.escape_ascii());
        }
        for name in left.iter().flat_map(|line| cookie_names(line)) {
            prop_assert!(passes(catalogue, permit, name.as_bytes()), "{name} is read by another parser");
        }

        // What stays is a subsequence of what came, and holds every plain pair that is allowed.
        let mut rest = after.iter().peekable();
        for sent in &before {
            if rest.next_if(|kept| *kept == sent).is_none() {
                let lost = is_plain(&sent.0, &sent.1) && passes(catalogue, permit, &sent.0);
                prop_assert!(!lost, "{} was lost", sent.1.escape_ascii());
            }
        }
        prop_assert!(rest.next().is_none(), "something came from nowhere");

        let once = map.clone();
        prop_assert!(filter_request(&mut map, catalogue, permit).refused.is_empty());
        prop_assert_eq!(&map, &once);

        let own = before.iter().any(|(_, pair)| String::from_utf8_lossy(pair).to_lowercase().contains("kelisim"));
        if sent.len() == 1 && outcome.refused.is_empty() && !own {
            prop_assert_eq!(&left[0], &sent[0]);
        }
    }

    #[test]
    fn the_short_way_to_a_verdict_comes_to_the_same_as_the_careful_one(sent in line(), permit in permit()) {
        let catalogue = shipped_once();
        for_each_pair(&sent, |pair| {
            let careful = judge(pair.text(), by_permit(catalogue, permit));
            assert_eq!(judge_sent(pair, catalogue, permit), (name_and_value(pair.text()).0, careful), "{}", pair.text().escape_ascii());
        });
    }

    #[test]
    fn after_the_response_filter_no_refused_name_is_set_and_no_line_is_changed(
        sent in proptest::collection::vec(line(), 0..6),
        permit in permit(),
    ) {
        let catalogue = shipped_once();
        let mut map = headers(&SET_COOKIE, &sent.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let before = lines(&map, &SET_COOKIE);
        filter_response(&mut map, catalogue, permit);
        let after = lines(&map, &SET_COOKIE);
        let name_of = |line: &[u8]| {
            let first = line.split(|byte| *byte == b';').next().unwrap_or_default();
            read(first).pop().unwrap_or_default()
        };
        for line in &after {
            let (name, _) = name_of(line);
            let text = String::from_utf8_lossy(line).into_owned();
            let deletes = text.contains("Max-Age=0") || text.contains("01 Jan 1970");
            prop_assert!(!is_own(&name), "{} is ours", line.escape_ascii());
            prop_assert!(deletes || passes(catalogue, permit, &name), "{} stayed", line.escape_ascii());
            if let Ok(cookie) = cookie::Cookie::parse(text) {
                let gone = cookie.max_age().is_some_and(|age| age.is_zero()) || cookie.expires().is_some();
                prop_assert!(!is_own(cookie.name().as_bytes()));
                prop_assert!(gone || passes(catalogue, permit, cookie.name().as_bytes()), "{cookie} stayed");
            }
        }
        let mut rest = after.iter().peekable();
        for sent in &before {
            if rest.next_if(|kept| *kept == sent).is_none() {
                let (name, pair) = name_of(sent);
                prop_assert!(!(is_plain(&name, &pair) && passes(catalogue, permit, &name)), "{} was lost", sent.escape_ascii());
            }
        }
        prop_assert!(rest.next().is_none(), "something came from nowhere");
        let once = map.clone();
        filter_response(&mut map, catalogue, permit);
        prop_assert_eq!(map, once);
    }
}

/// Parsed once for all cases.
fn shipped_once() -> &'static Catalogue {
    static SHIPPED: std::sync::OnceLock<Catalogue> = std::sync::OnceLock::new();
    SHIPPED.get_or_init(shipped)
}
