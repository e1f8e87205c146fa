//! What browsers report, in its three forms, and what is kept of it. Input: the body.

use kelisim::{
    cookies::Pattern,
    inventory::{
        BlockedLoad, FoldedName, FoldedPath, HostAndPort, NamePattern, read_report_to, read_report_uri,
        read_storage_report,
    },
};

use super::{Target, cookie_reading::shipped};

pub const TARGET: Target = Target { name: "report", run, words: WORDS, runs: 3000 };

const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\\",
    "null",
    "csp-report",
    "document-uri",
    "blocked-uri",
    "effective-directive",
    "script-src",
    "csp-violation",
    "body",
    "type",
    "documentURL",
    "blockedURL",
    "https://",
    "wss://",
    "shop.example",
    "t.example:8443",
    "127.0.0.1",
    "[::1]",
    "xn--80ak6aa92e",
    "%40",
    "@",
    "?",
    "#",
    "/",
    "local",
    "session",
    "850617450628",
    "0123456789abcdef",
    "{hex 32}",
    "5f2b6c1e-8d0a-4c3b-9e7f-112233445566",
    "_ga",
    "\\u0000",
    "*",
];

/// More violations or keys than this are taken of no body.
const MOST: usize = 64;

fn run(input: &[u8]) {
    for loads in [read_report_uri(input), read_report_to(input)].into_iter().flatten() {
        assert!(loads.len() <= MOST);
        loads.iter().for_each(check_load);
    }
    if let Ok(report) = read_storage_report(input) {
        assert!(report.keys.len() <= 4 * MOST);
        report.keys.iter().for_each(|(_, name)| check_name(name.as_bytes()));
    }
    // A name is a stranger's in a cookie as well, and a path in a request.
    let head = &input[..input.len().min(300)];
    check_name(head);
    check_path(&String::from_utf8_lossy(head));
}

fn check_load(load: &BlockedLoad) {
    for host in [&load.page_host, &load.host] {
        assert_eq!(HostAndPort::parse(&host.to_string()).as_ref(), Some(host));
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.*".contains(&byte);
        assert!(host.host().bytes().all(is_name) && host.host().len() <= 255, "{host}");
        assert!(host.host().parse::<std::net::IpAddr>().is_err(), "an address is nobody's name");
    }
    check_path(load.page.as_str());
}

fn check_path(path: &str) {
    let folded = FoldedPath::of(path);
    let kept = folded.as_str();
    assert_eq!(FoldedPath::of(kept), folded, "folding again folds nothing");
    assert!(kept.starts_with('/') && kept.len() <= 110, "{kept}");
    assert!(kept.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@".contains(&byte)), "{kept}");
    assert!(longest_number(kept) <= 1, "{kept} has a number in it");
}

fn check_name(name: &[u8]) {
    let catalogue = shipped();
    let folded = FoldedName::of(name, catalogue);
    let kept = folded.as_str();
    assert_eq!(FoldedName::of(kept.as_bytes(), catalogue), folded, "folding again folds nothing");
    assert!((1..=64).contains(&kept.len()), "{kept}");
    let known = catalogue.rule(name).is_some();
    let hexadecimal = kept.starts_with("{hex ");
    assert!(known || hexadecimal || longest_number(kept) <= 1, "{kept} has a number in it");
    assert!(!kept.contains(['@', ';', '\n']) || known, "{kept}");
    let matches = |text: &str| match folded.pattern() {
        Some(NamePattern::Name(written)) => match Pattern::name(&written).unwrap() {
            Pattern::Prefix(start) => text.starts_with(&*start),
            other => text == other.as_str(),
        },
        Some(NamePattern::Expression(written)) => {
            let Pattern::Expression(expression) = Pattern::expression(&written).unwrap() else { unreachable!() };
            expression.is_match(text.as_bytes())
        }
        None => true,
    };
    for sample in folded.samples() {
        assert!(matches(&sample), "{kept} does not find {sample}");
    }
    // What is written as if it had been folded stays.
    if let Ok(text) = std::str::from_utf8(name)
        && !text.starts_with("{hex ")
    {
        assert!(matches(text), "{kept} does not find {text}, of which it was made");
    }
}

fn longest_number(text: &str) -> usize {
    let mut longest = 0;
    let mut length = 0;
    for byte in text.bytes() {
        length = if byte.is_ascii_digit() { length + 1 } else { 0 };
        longest = longest.max(length);
    }
    longest
}
