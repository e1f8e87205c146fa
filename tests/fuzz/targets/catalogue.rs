//! A catalogue that an operator wrote. Input: its text.

use http::header::COOKIE;
use kelisim::cookies::{Catalogue, Pattern, Permit, parse_catalogue};

use super::{
    Target,
    cookie_reading::{headers, permit},
    request_cookies,
};

pub const TARGET: Target = Target { name: "catalogue", run, words: WORDS, runs: 1500 };

const WORDS: &[&str] = &[
    "[[cookie]]",
    "name = ",
    "expression = ",
    "category = ",
    "owner = ",
    "purpose = ",
    "lifetime = ",
    "source = ",
    "third_party = true",
    "verified = false",
    "\"",
    "'''",
    "\"\"\"",
    "*",
    "_ga*",
    "necessary",
    "analytical",
    "\n",
    "\r\n",
    "=",
    "#",
    "[",
    "]",
    "{",
    "}",
    ".*",
    "(?:",
    ")",
    "{9999}",
    "\\d+",
    "(?i)",
    "\\x",
    "\\u00e9",
    "__Host-",
    "kelisim",
    "\u{feff}",
];

fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let rules = match parse_catalogue(text) {
        Ok(rules) => rules,
        Err(faults) => {
            let lines = text.split('\n').count();
            assert!(!faults.is_empty(), "a catalogue that is refused says why");
            assert!(
                faults.iter().all(|fault| (1..=lines).contains(&fault.line) && !fault.message.is_empty()),
                "{faults:?}"
            );
            assert!(faults.is_sorted_by_key(|fault| fault.line), "{faults:?}");
            return;
        }
    };
    let written = text.matches("cookie").count();
    assert!(rules.len() <= written, "no rule comes from nowhere");
    let catalogue = Catalogue::new(rules.clone(), Vec::new());
    let mut sent = Vec::new();
    for rule in &rules {
        let name = rule.pattern.as_str();
        match &rule.pattern {
            // The name itself is the most specific there is.
            Pattern::Exact(name) if !rule.third_party => {
                assert_eq!(catalogue.classify(name.as_bytes()), Some(rule.category), "{name}");
            }
            Pattern::Prefix(start) if !rule.third_party => {
                assert!(catalogue.classify(format!("{start}x").as_bytes()).is_some(), "{start}");
            }
            Pattern::Exact(_) | Pattern::Prefix(_) | Pattern::Expression(_) => {}
        }
        assert!(catalogue.rule(name.as_bytes()).is_some() || matches!(rule.pattern, Pattern::Expression(_)), "{name}");
        sent.extend_from_slice(format!("{name}=1; {name}x={name}; ").as_bytes());
    }
    // Whatever is in it, the filter does what a plain reading says, and our own cookies are nobody's.
    for byte in [0, 2, 8, 15] {
        let permit: Permit = permit(byte);
        if let Some(sent) = headers(&COOKIE, &sent) {
            request_cookies::check(&sent, &catalogue, permit);
        }
        let own = headers(&COOKIE, b"kelisim=1; __Host-kelisim=2; KELISIM_view=3").unwrap();
        request_cookies::check(&own, &catalogue, permit);
    }
}
