//! Marked values never leave, wherever a visitor's browser puts them.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A word that is in nothing else, for what no field may carry.
const MARK: &str = "qzqmarkqzq";

/// An address of a person and one of a machine, which may stand in no text either.
const PERSON: &str = "qzqperson@mail.kz";
const MACHINE: &str = "203.0.113.77";

/// Whether a text holds a mark, also encoded twice.
fn is_marked(text: &str) -> bool {
    let once = percent_decode_str(text).decode_utf8_lossy();
    let twice = percent_decode_str(&once).decode_utf8_lossy();
    [text, &once, &twice].iter().any(|text| [MARK, "qzqperson", MACHINE].iter().any(|mark| text.contains(mark)))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Headers whose values end at the gateway, or are written anew.
fn header_name() -> impl Strategy<Value = String> {
    let known = [
        "user-agent",
        "accept",
        "accept-language",
        "accept-encoding",
        "content-type",
        "origin",
        "authorization",
        "x-forwarded-for",
        "x-real-ip",
        "forwarded",
        "true-client-ip",
        "cf-connecting-ip",
        "cf-ipcountry",
        "x-plausible-ip",
        "x-umami-client-ip",
        "x-forwarded-countryregion",
        "via",
        "sec-ch-ua-model",
        "sec-ch-ua-full-version-list",
        "sec-ch-ua-platform-version",
        "dnt",
        "x-requested-with",
        "range",
        "date",
    ];
    prop_oneof![proptest::sample::select(known.map(str::to_owned).to_vec()), "x-[a-z]{1,12}"]
}

/// Names of parameters that no preset lists, and those that are left out on purpose.
fn foreign_name() -> impl Strategy<Value = String> {
    let forbidden = [
        "cip",
        "cdt",
        "cdo",
        "country",
        "region",
        "city",
        "lat",
        "long",
        "token_auth",
        "uid",
        "ua",
        "uadata",
        "ip",
        "userAgent",
        "id",
        "timestamp",
        "_uip",
        "em",
        "ecid",
        "uafvl",
        "uam",
        "gclid",
        "yclid",
        "up.name",
        "m",
        "w",
    ];
    // `m` is the minute for Matomo, and a text of the site's for Plausible; `id` is the tag in a script's address.
    let forbidden: Vec<_> =
        forbidden.iter().filter(|name| !matches!(**name, "m" | "id")).map(|name| (*name).to_owned()).collect();
    prop_oneof![proptest::sample::select(forbidden), "zz[a-z]{1,8}"]
}

/// A hit of the preset with marks: the mark in a foreign parameter and in the queries of pages, the other two in every text.
fn hit(preset: Preset, foreign: &str, person: &str) -> Request<Bytes> {
    let page = format!("https://{MARK}@shop.example/{person}/?{MARK}={MARK}&utm_source={person}#{MARK}");
    match preset {
        Preset::Matomo | Preset::Google => {
            let (texts, page_name) = if preset == Preset::Matomo { ("action_name", "url") } else { ("ep.x", "dl") };
            let fields = format!(
                "{texts}={}&{page_name}={}&{foreign}={MARK}&{MARK}=1",
                encoded(&format!("for {person} {page}")),
                encoded(&page)
            );
            let path = if preset == Preset::Matomo { "matomo.php" } else { "g/collect" };
            theirs("POST", &format!("{path}?{fields}"), &[], &fields)
        }
        Preset::Umami => {
            let mut payload = json!({ "website": "w", "title": format!("for {person}"), "url": page,
                "data": { person: [person, { "deep": page }] }, MARK: 1 });
            payload[foreign] = json!(MARK);
            payload["id"] = json!(MARK);
            theirs("POST", "api/send", &[], &json!({ "type": "event", "payload": payload, MARK: 1 }).to_string())
        }
        Preset::Plausible => {
            let props = json!({ person: page }).to_string();
            let mut payload = json!({ "n": format!("for {person}"), "u": page, "p": props, "m": MARK, MARK: 1 });
            payload[foreign] = json!(MARK);
            theirs("POST", "api/event", &[], &payload.to_string())
        }
    }
}

proptest! {
    #[test]
    fn no_mark_leaves(
        preset in proptest::sample::select(Preset::ALL.to_vec()),
        with_token: bool,
        names in prop::collection::vec(header_name(), 0..12),
        foreign in foreign_name(),
        person in proptest::sample::select(vec![PERSON, MACHINE, "qzqperson%40mail.kz", "a=qzqperson@mail.kz"]),
        cookie in "[a-z_]{1,8}",
    ) {
        let mut request = hit(preset, &foreign, person);
        for name in names {
            let value = format!("{MARK} {MACHINE}");
            request.headers_mut().append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let cookies = format!("zz{cookie}={MARK}; __Host-kelisim={MARK}; kelisim_view={MARK}; _ym_uid={MARK}; _pk_id.1={MARK}");
        request.headers_mut().insert("cookie", cookies.parse().unwrap());
        let referer = format!("https://shop.example/{person}?{MARK}#{MARK}");
        request.headers_mut().insert("referer", referer.parse().unwrap());
        let route = if preset == Preset::Matomo { route(preset, SentAddress::Truncated, with_token) } else { usual(preset) };
        let written = leaves(route, request).unwrap();
        prop_assert!(!is_marked(&written), "{written}");
    }

    #[test]
    fn whatever_comes_is_filtered_or_refused_and_never_a_panic(
        preset in proptest::sample::select(Preset::ALL.to_vec()),
        body in ".{0,200}",
        query in "[ -~&&[^ #<>\"`{}|\\\\^]]{0,100}",
    ) {
        let path = match preset {
            Preset::Matomo => "matomo.php",
            Preset::Umami => "api/send",
            Preset::Plausible => "api/event",
            Preset::Google => "g/collect",
        };
        _ = leaves(usual(preset), theirs("POST", &format!("{path}?{query}"), &[], &body));
    }
}

#[test]
fn the_search_for_marks_finds_them() {
    for text in [MARK, "qzqperson", "a%71zqmarkqzq", "203%2E0.113.77", "203%252E0.113.77"] {
        assert!(is_marked(text), "{text}");
    }
    assert!(!is_marked("203.0.113.0"));
}
