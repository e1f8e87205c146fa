//! Whole requests of each preset.

use super::*;

const AGENT: &str = "Mozilla/5.0 (X11; Fedora; Linux x86_64; rv:153.2) Gecko/20100101 Firefox/153.2";

#[test]
fn a_hit_of_matomo_is_written_anew() {
    let headers = [
        ("user-agent", AGENT),
        ("accept-language", "ru-KZ,ru;q=0.9"),
        ("accept-encoding", "gzip, br;q=0.5, x-own"),
        ("x-forwarded-for", "198.51.100.1"),
        ("forwarded", "for=198.51.100.1"),
        ("cf-ipcountry", "US"),
        ("via", "1.1 x"),
        ("cookie", "_pk_id.1.abcd=1; matomo_ignore=ignore; sid=7; __Host-kelisim=x"),
        ("referer", "https://shop.example/a?email=a@b.kz"),
        ("sec-ch-ua-model", "\"SM\""),
        ("authorization", "Basic eA=="),
    ];
    let target = "matomo.php?idsite=1&rec=1&url=https%3A%2F%2Fshop.example%2F%3Fq%3D1&cip=198.51.100.1&country=us\
                  &cdt=2020-01-01&token_auth=x&token_auth%5B%5D=y&uid=anna&uadata=%7B%7D&res=1440x900&_id=a1b2c3d4e5f60718\
                  &dimension1=red&dimension%5B=x";
    let expected = "GET /matomo.php?idsite=1&rec=1&url=https%3A%2F%2Fshop.example%2F&res=1366x768&_id=a1b2c3d4e5f60718&dimension1=red
accept-encoding: gzip, br
accept-language: ru
accept: */*
cookie: matomo_ignore=ignore
host: stats.example:8088
referer: https://shop.example/a
user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0
via: 1.1 kelisim
x-forwarded-for: 203.0.113.0
x-forwarded-proto: https

";
    assert_eq!(leaves(usual(Preset::Matomo), theirs("GET", target, &headers, "")).unwrap(), expected);
}

#[test]
fn matomo_s_token_stands_where_the_hit_does_and_brings_one_address() {
    let ours = format!("cip=203.0.113.0&token_auth={TOKEN}&country=kz");
    let with_token = || route(Preset::Matomo, SentAddress::Truncated, true);
    let (line, _) = line_and_body(with_token(), theirs("GET", "matomo.php?idsite=1&cip=1.2.3.4", &[], ""));
    assert_eq!(line, format!("GET /matomo.php?idsite=1&{ours}"));
    let posted = theirs("POST", "matomo.php?rec=1&token_auth=x", &[], "idsite=1&cip=1.2.3.4&lat=5");
    let expected = ("POST /matomo.php?rec=1".to_owned(), format!("idsite=1&{ours}"));
    assert_eq!(line_and_body(with_token(), posted), expected);
    let bulk = r#"{"requests":["?idsite=1&cip=1.2.3.4&e_n=x","?idsite=2"],"token_auth":"x","send_image":0,"z":1}"#;
    let (_, body) = line_and_body(with_token(), theirs("POST", "matomo.php", &[], bulk));
    let expected = format!(
        r#"{{"requests":["?idsite=1&e_n=x&cip=203.0.113.0&country=kz","?idsite=2&cip=203.0.113.0&country=kz"],"send_image":0,"token_auth":"{TOKEN}"}}"#
    );
    assert_eq!(body, expected);
    let none = route(Preset::Matomo, SentAddress::None, true);
    let (line, _) = line_and_body(none, theirs("GET", "matomo.php?idsite=1", &[], ""));
    assert_eq!(line, format!("GET /matomo.php?idsite=1&cip=0.0.0.0&token_auth={TOKEN}&country=kz"));
    let written = leaves(with_token(), theirs("GET", "matomo.php?idsite=1", &[], "")).unwrap();
    assert_eq!(header(&written, "x-forwarded-for"), None, "one address, in one place");
    let script = leaves(with_token(), theirs("GET", "matomo.js?v=5&cip=1.2.3.4", &[], "")).unwrap();
    assert!(script.starts_with("GET /matomo.js?v=5\n") && !script.contains(TOKEN), "{script}");
}

#[test]
fn a_hit_of_umami_keeps_what_counts() {
    let payload = r#"{"type":"event","cache":"x","payload":{"website":"9d35f1c8-0000-4000-8000-0123456789ab","url":"/a?q=1&utm_source=s",
        "referrer":"https://other.example/?q=anna","title":"Shop","screen":"1440x900","language":"ru-KZ","hostname":"shop.example",
        "ip":"198.51.100.1","userAgent":"x","id":"anna","timestamp":1,"data":{"to":"https://a.example/?t=1","n":2}}}"#;
    let headers = [("x-umami-cache", "aa.bb.cc"), ("content-type", "application/json"), ("cookie", "_ga=1")];
    let written = leaves(usual(Preset::Umami), theirs("POST", "api/send?x=1", &headers, payload)).unwrap();
    let expected = r#"POST /api/send
accept: */*
cf-ipcountry: KZ
content-length: 246
content-type: application/json
host: stats.example:8088
user-agent: Mozilla/5.0 (compatible; bot)
via: 1.1 kelisim
x-forwarded-for: 203.0.113.0
x-forwarded-proto: https
x-umami-cache: aa.bb.cc

{"payload":{"data":{"n":2,"to":"https://a.example/"},"hostname":"shop.example","language":"ru","referrer":"https://other.example/","screen":"1366x768","title":"Shop","url":"/a?utm_source=s","website":"9d35f1c8-0000-4000-8000-0123456789ab"},"type":"event"}"#;
    let length = expected.split_once("\n\n").unwrap().1.len().to_string();
    assert_eq!(written, expected.replace("246", &length));
}

#[test]
fn a_hit_of_plausible_keeps_what_counts() {
    let payload = r#"{"n":"pageview","u":"https://shop.example/a?token=1#x","d":"shop.example","r":null,"m":"{}","w":1440,
        "p":"{\"to\":\"anna@mail.kz\"}","i":false,"$":{"currency":"KZT","amount":1.5},"x":1}"#;
    let sent = theirs("POST", "api/event", &[("content-type", "text/plain"), ("x-plausible-ip", "1.2.3.4")], payload);
    let expected = r#"{"$":{"amount":1.5,"currency":"KZT"},"d":"shop.example","i":false,"n":"pageview","p":"{\"to\":\"*\"}","r":null,"u":"https://shop.example/a"}"#;
    assert_eq!(line_and_body(usual(Preset::Plausible), sent), ("POST /api/event".to_owned(), expected.to_owned()));
}

#[test]
fn hits_of_google_keep_their_path_and_lose_names_of_persons() {
    let cookies = "_ga=GA1.1.1.2; _ga_ABC=GS2.1.s1; _gcl_au=1.1; FPID=x; sid=1";
    let query = "g/collect?v=2&tid=G-ABC&cid=1.2&uid=anna&_uip=1.2.3.4&em=x&uafvl=a&dl=https%3A%2F%2Fshop.example%2F%3Fgclid%3D1&en=page_view";
    let batch = "en=scroll&ep.email=anna%40mail.kz&up.name=anna\nen=click&epn.value=3&ecid=9";
    let written = leaves(usual(Preset::Google), theirs("POST", query, &[("cookie", cookies)], batch)).unwrap();
    let line = "POST /stats/g/collect?v=2&tid=G-ABC&cid=1.2&dl=https%3A%2F%2Fshop.example%2F&en=page_view\n";
    assert!(written.starts_with(line), "{written}");
    assert!(written.ends_with("\n\nen=scroll&ep.email=*\nen=click&epn.value=3"), "{written}");
    assert_eq!(header(&written, "cookie").as_deref(), Some("_ga=GA1.1.1.2; _ga_ABC=GS2.1.s1; FPID=x"));
    assert_eq!(header(&written, "x-forwarded-for"), None);
    assert_eq!(header(&written, "x-forwarded-countryregion").as_deref(), Some("KZ"));
    assert_eq!(header(&written, "x-forwarded-country").as_deref(), Some("KZ"));
}

#[test]
fn only_scripts_are_asked_for_by_what_the_browser_has() {
    let headers =
        [("if-none-match", "\"1\""), ("if-modified-since", "Sun, 22 Nov 2026 10:00:00 GMT"), ("range", "bytes=0-")];
    let check = |target: &str, expected: Option<&str>| {
        let written = leaves(usual(Preset::Matomo), theirs("GET", target, &headers, "")).unwrap();
        assert_eq!(header(&written, "if-none-match").as_deref(), expected);
        assert_eq!(header(&written, "range"), None);
    };
    check("matomo.js", Some("\"1\""));
    check("matomo.php?rec=1", None);
}

#[test]
fn what_can_t_be_read_is_not_sent() {
    let check = |preset, target: &str, headers: &[(&str, &str)], body: &str, expected| {
        assert_eq!(leaves(usual(preset), theirs("POST", target, headers, body)), Err(expected), "{body}");
    };
    for body in ["", "x", "[]", "\"text\"", r#"{"type":1}"#, r#"{"type":"event","payload":[]}"#, "{\"type\":\"event\""]
    {
        check(Preset::Umami, "api/send", &[], body, Unsendable::Unreadable);
    }
    check(Preset::Umami, "api/send", &[], r#"{"type":"identify","payload":{}}"#, Unsendable::Kind);
    check(Preset::Plausible, "api/event", &[], "n=pageview", Unsendable::Unreadable);
    check(Preset::Plausible, "api/event", &[("content-encoding", "gzip")], "{}", Unsendable::Unreadable);
    for body in ["{}", r#"{"requests":1}"#, r#"{"requests":[{"cip":"1.2.3.4"}]}"#, "{\"requests\":"] {
        check(Preset::Matomo, "matomo.php", &[], body, Unsendable::Unreadable);
    }
}

#[test]
fn an_answer_says_nothing_but_what_a_script_or_hit_needs() {
    let mut headers = http::HeaderMap::new();
    for (name, value) in [
        ("content-type", "text/javascript"),
        ("etag", "\"1\""),
        ("cache-control", "public, max-age=86400"),
        ("location", "https://stats.example/"),
        ("accept-ch", "Sec-CH-UA-Model"),
        ("clear-site-data", "\"*\""),
        ("service-worker-allowed", "/"),
        ("x-plausible-dropped", "1"),
        ("link", "<https://stats.example>; rel=preconnect"),
        ("server-timing", "x"),
    ] {
        headers.insert(HeaderName::from_static(name), value.parse().unwrap());
    }
    clear_answer(&mut headers, Use::Script);
    let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    let expected = [
        "cache-control",
        "content-security-policy",
        "content-type",
        "etag",
        "x-content-type-options",
        "x-plausible-dropped",
    ];
    assert_eq!(names, expected);
    assert_eq!(headers["cache-control"], "private, no-cache");
    clear_answer(&mut headers, Use::Hit);
    assert_eq!(headers["cache-control"], "no-store");
}

#[test]
fn a_token_is_never_printed() {
    let route = route(Preset::Matomo, SentAddress::Truncated, true);
    assert!(!format!("{route:?}").contains(TOKEN));
    assert_eq!(Token::parse("short"), None);
}
