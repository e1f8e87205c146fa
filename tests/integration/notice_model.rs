//! The notice model: going on after the banner was shown implies consent, for a person, in a country where that may be.

use std::fs;

use crate::harness::{Browser, Gateway, Origin, Reply, shop};

const BOTH: &str = "answered=?1, functional=?1, analytical=?1";

/// A database of countries (MaxMind DB format 2.0) that knows 127.0.0.0/8 alone.
pub fn database_of_loopback(country: &str) -> Vec<u8> {
    const PREFIX: [u8; 8] = [0, 1, 1, 1, 1, 1, 1, 1];
    let nodes = PREFIX.len() as u32;
    let mut bytes = Vec::new();
    for (depth, bit) in PREFIX.into_iter().enumerate() {
        // The next node on the way, and behind the last one the data, which begins after 16 bytes of zeros.
        let next = if depth == 7 { nodes + 16 } else { depth as u32 + 1 };
        let sides = if bit == 0 { [next, nodes] } else { [nodes, next] };
        sides.into_iter().for_each(|side| bytes.extend_from_slice(&side.to_be_bytes()[1..]));
    }
    bytes.extend_from_slice(&[0; 16]);
    let text = |text: &str| [&[0b010_00000 | text.len() as u8], text.as_bytes()].concat();
    let number = |number: u8| vec![0b101_00001, number];
    let map = |pairs: &[(&str, Vec<u8>)]| {
        let pairs = pairs.iter().flat_map(|(key, value)| [text(key), value.clone()].concat());
        [0b111_00000].into_iter().chain(pairs).collect::<Vec<u8>>()
    };
    let sized = |mut map: Vec<u8>, entries: u8| {
        map[0] |= entries;
        map
    };
    bytes.extend(sized(map(&[("country", sized(map(&[("iso_code", text(country))]), 1))]), 1));
    bytes.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    let metadata = [
        ("binary_format_major_version", number(2)),
        ("binary_format_minor_version", number(0)),
        ("build_epoch", vec![0b000_00001, 2, 1]),
        ("database_type", text("Country")),
        ("description", sized(map(&[("en", text("test"))]), 1)),
        ("ip_version", number(4)),
        ("languages", vec![0b000_00000, 4]),
        ("node_count", vec![0b110_00001, nodes as u8]),
        ("record_size", number(24)),
    ];
    bytes.extend(sized(map(&metadata), metadata.len() as u8));
    bytes
}

fn gateway(shop: &Origin, country: &str, lines: &str) -> Gateway {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("country.mmdb"), database_of_loopback(country)).unwrap();
    let file = folder.path().join("country.mmdb");
    Gateway::with(shop)
        .edition("first", "2026-01-01", false)
        .edition("second", "2026-11-22", false)
        .consent("model = \"notice\"")
        .consent(lines)
        .tables(&format!("[geo]\ndatabase = \"{}\"", file.display()))
        .start()
}

fn marked(gateway: &Gateway) -> Browser {
    let mut anna = gateway.browser();
    let page = anna.open("/");
    assert!(page.shows_banner() && anna.jar.contains_key("__Host-kelisim-shown"));
    anna
}

const CLICK: [(&str, &str); 6] = [
    ("accept", "text/html"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/153.0"),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
    ("sec-fetch-user", "?1"),
];

/// Follows a link with one header changed, or left out where its value is empty.
fn click_with(browser: &mut Browser, method: &str, name: &str, value: &str) -> Reply {
    let mut headers: Vec<_> = CLICK.into_iter().filter(|(known, _)| *known != name).collect();
    if !value.is_empty() {
        headers.push((name, value));
    }
    browser.send(method, "/next", &headers, b"")
}

#[test]
fn going_on_after_the_banner_is_recorded_as_implied() {
    let shop = shop();
    let gateway = gateway(&shop, "KZ", "");
    let mut anna = marked(&gateway);
    assert!(gateway.log().is_empty(), "being shown a banner is no event");
    let page = anna.click("/services?name=Anna");
    assert!(!page.shows_banner());
    assert_eq!(shop.last().header("kelisim-consent"), Some(BOTH));
    assert!(anna.jar.contains_key("__Host-kelisim") && !anna.jar.contains_key("__Host-kelisim-shown"));
    let log = gateway.log();
    let record = &log[0]["record"];
    assert_eq!(
        (&record["event"], &record["method"], &record["page"], &record["edition"]),
        (&"implied".into(), &"navigation".into(), &"/services".into(), &"second".into())
    );
    anna.click("/");
    assert_eq!((shop.last().header("kelisim-consent"), gateway.log().len()), (Some(BOTH), 1));
}

#[test]
fn what_is_no_act_of_a_person_implies_nothing() {
    let shop = shop();
    let gateway = gateway(&shop, "KZ", "");
    let check = |method: &str, name: &str, value: &str| {
        let mut anna = marked(&gateway);
        click_with(&mut anna, method, name, value);
        assert_ne!(shop.last().header("kelisim-consent"), Some(BOTH), "{method} {name}: {value}");
        assert!(gateway.log().is_empty(), "{method} {name}: {value}");
    };
    check("GET", "sec-gpc", "1");
    check("GET", "dnt", "1");
    check("GET", "sec-purpose", "prefetch");
    check("GET", "purpose", "prefetch");
    check("GET", "sec-fetch-user", "");
    check("GET", "sec-fetch-site", "none");
    check("GET", "sec-fetch-site", "same-site");
    check("GET", "sec-fetch-site", "cross-site");
    check("GET", "sec-fetch-mode", "no-cors");
    check("GET", "sec-fetch-dest", "iframe");
    check("GET", "user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1)");
    check("GET", "user-agent", "");
    check("POST", "sec-fetch-user", "?1");
    check("HEAD", "sec-fetch-user", "?1");
    let mut anna = marked(&gateway);
    click_with(&mut anna, "GET", "sec-fetch-user", "?1");
    assert_eq!(shop.last().header("kelisim-consent"), Some(BOTH), "and with nothing changed it does");
}

#[test]
fn without_a_genuine_fresh_mark_nothing_is_implied() {
    let shop = shop();
    let gateway = gateway(&shop, "KZ", "");
    let mark = marked(&gateway).jar["__Host-kelisim-shown"].clone();
    let check = |moment: &str, value: &str, expected: bool| {
        gateway.at(moment);
        let mut anna = gateway.browser().holding("__Host-kelisim-shown", value);
        anna.click("/");
        assert_eq!(shop.last().header("kelisim-consent") == Some(BOTH), expected, "{moment} {value}");
    };
    check("2026-11-22T10:00:01Z", &mark.replace("second", "first"), false);
    check("2026-11-22T10:00:01Z", &format!("{mark}A"), false);
    check("2026-11-22T10:00:01Z", "", false);
    check("2026-11-23T10:00:01Z", &mark, false);
    check("2026-11-22T09:59:59Z", &mark, false);
    check("2026-11-22T10:00:01Z", &mark, true);
}

#[test]
fn a_refusal_after_the_banner_is_not_overridden_by_going_on() {
    let shop = shop();
    let gateway = gateway(&shop, "KZ", "");
    let mut anna = marked(&gateway);
    let mark = anna.jar["__Host-kelisim-shown"].clone();
    anna.choose("necessary");
    anna.jar.insert("__Host-kelisim-shown".into(), mark);
    anna.click("/");
    assert_eq!(shop.last().header("kelisim-consent"), Some("answered=?1, functional=?0, analytical=?0"));
    let events: Vec<_> = gateway.log_of(1).iter().map(|line| line["record"]["event"].clone()).collect();
    assert_eq!(events, ["refused"]);
}

#[test]
fn where_the_country_asks_for_opt_in_or_is_unknown_the_model_does_not_hold() {
    let shop = shop();
    for (country, lines) in [("DE", ""), ("GB", ""), ("KZ", "opt_in_countries = [\"KZ\"]"), ("??", "")] {
        let gateway = gateway(&shop, country, lines);
        let mut anna = gateway.browser();
        assert!(anna.open("/").shows_banner());
        assert!(!anna.jar.contains_key("__Host-kelisim-shown"), "{country}");
        assert!(anna.click("/").shows_banner());
        assert!(gateway.log().is_empty(), "{country}");
    }
}

#[test]
fn a_prefetched_page_sets_no_mark() {
    let shop = shop();
    let gateway = gateway(&shop, "KZ", "");
    let mut anna = gateway.browser();
    click_with(&mut anna, "GET", "sec-purpose", "prefetch;prerender");
    assert!(anna.jar.is_empty(), "nobody saw it");
}
