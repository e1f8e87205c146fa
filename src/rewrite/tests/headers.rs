//! Which answers are pages, what is asked for, and what caches are told, as tables.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};

use crate::rewrite::{
    BodyChanged, Coding, PageRequest, PassReason, Placement, Plan, Variant, changes_headers, every_response_headers,
    may_be_page, plan, request_headers, request_validators, response_headers,
};

const NAVIGATION: &str = "sec-fetch-dest: document";
const VARIANT: Variant = Variant::from_hash(0x1f);

/// Headers from lines as they stand in a message.
fn headers(lines: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        headers.append(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    headers
}

/// Lines from headers, sorted.
fn lines(headers: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<String> =
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    lines
}

fn planned(method: &Method, request: &str, status: u16, response: &str) -> Plan {
    let request = headers(request);
    let request = PageRequest { method, headers: &request, banner_excluded: false };
    plan(&request, StatusCode::from_u16(status).unwrap(), &headers(response))
}

#[test]
fn pages_are_rewritten_in_the_coding_they_came_in() {
    let cases = [
        ("content-type: text/html", Coding::Identity, true, false),
        ("content-type: Text/HTML ; Charset=\"windows-1251\"\ncontent-encoding: GZIP", Coding::Gzip, true, true),
        ("content-type: text/html;charset=nobody\ncontent-encoding: br", Coding::Brotli, true, false),
        ("content-encoding: zstd", Coding::Zstd, false, false),
        ("content-type: text/html\ncontent-disposition: inline; filename=attachment", Coding::Identity, true, false),
    ];
    for (response, coding, typed, encoding_named) in cases {
        for status in [200, 203, 404, 503] {
            let Plan::Rewrite(plan) = planned(&Method::GET, NAVIGATION, status, response) else { panic!("{response}") };
            assert_eq!((plan.coding, plan.typed, plan.encoding_named), (coding, typed, encoding_named), "{response}");
        }
    }
}

#[test]
fn everything_else_passes_and_says_why() {
    let html = "content-type: text/html";
    let cases = [
        (Method::HEAD, NAVIGATION, 200, html, PassReason::Method),
        (Method::OPTIONS, NAVIGATION, 200, html, PassReason::Method),
        (Method::GET, NAVIGATION, 204, html, PassReason::Status),
        (Method::GET, NAVIGATION, 206, html, PassReason::Status),
        (Method::GET, NAVIGATION, 301, html, PassReason::Status),
        (Method::GET, NAVIGATION, 304, html, PassReason::Status),
        (Method::GET, NAVIGATION, 200, "content-type: text/plain", PassReason::NotHtml),
        (Method::GET, NAVIGATION, 200, "content-type: text/html\ncontent-type: text/plain", PassReason::NotHtml),
        (Method::GET, NAVIGATION, 200, "content-type: multipart/mixed; x=text/html", PassReason::NotHtml),
        (Method::GET, NAVIGATION, 200, "content-type: application/xhtml+xml", PassReason::Xhtml),
        (
            Method::GET,
            NAVIGATION,
            200,
            "content-type: text/html\ncontent-disposition: Attachment; filename=x",
            PassReason::Attachment,
        ),
        (Method::GET, NAVIGATION, 200, "content-type: text/html\ncontent-encoding: gzip, br", PassReason::Coding),
        (Method::GET, NAVIGATION, 200, "content-type: text/html\ncontent-encoding: dcb", PassReason::Coding),
        (
            Method::GET,
            NAVIGATION,
            200,
            "content-type: text/html\ncontent-encoding: br\ncontent-encoding: gzip",
            PassReason::Coding,
        ),
        (Method::GET, NAVIGATION, 200, "content-type: text/html; charset=utf-16le", PassReason::Charset),
        (Method::GET, NAVIGATION, 200, "content-type: text/html; charset=UTF-7", PassReason::Charset),
        (Method::GET, NAVIGATION, 200, "content-type: text/html; charset=ISO-2022-JP", PassReason::Charset),
        (
            Method::GET,
            NAVIGATION,
            200,
            "content-type: text/html\ncache-control: public, No-Transform",
            PassReason::NoTransform,
        ),
        (Method::GET, "sec-fetch-dest: empty", 200, html, PassReason::FetchDestination),
        (Method::GET, "sec-fetch-dest: empty\nsec-fetch-mode: cors", 200, html, PassReason::FetchDestination),
        (Method::GET, "sec-fetch-dest: image", 200, html, PassReason::FetchDestination),
        (Method::GET, "accept: */*", 200, html, PassReason::FetchDestination),
        (Method::GET, "accept: text/html\nx-requested-with: XMLHttpRequest", 200, html, PassReason::Fragment),
        (Method::GET, "sec-fetch-dest: document\nturbo-frame: x", 200, html, PassReason::Fragment),
    ];
    for (method, request, status, response, reason) in cases {
        assert_eq!(
            planned(&method, request, status, response),
            Plan::Pass(reason),
            "{method} {request} {status} {response}"
        );
    }
    let request = PageRequest { method: &Method::GET, headers: &headers(NAVIGATION), banner_excluded: true };
    assert_eq!(plan(&request, StatusCode::OK, &headers(html)), Plan::Pass(PassReason::Excluded));
}

#[test]
fn a_page_inside_a_page_gets_the_script_alone() {
    let cases = [
        (NAVIGATION, Placement::ScriptAndBanner),
        ("accept: application/xml;q=0.9, Text/HTML;q=0.8", Placement::ScriptAndBanner),
        ("sec-fetch-dest: empty\nsec-fetch-mode: navigate", Placement::ScriptAndBanner),
        (
            "sec-fetch-dest: empty\nsec-fetch-mode: same-origin\nupgrade-insecure-requests: 1",
            Placement::ScriptAndBanner,
        ),
        ("sec-fetch-dest: iframe", Placement::ScriptOnly),
        ("sec-fetch-dest: frame", Placement::ScriptOnly),
    ];
    for (request, placement) in cases {
        let Plan::Rewrite(plan) = planned(&Method::POST, request, 200, "content-type: text/html") else {
            panic!("{request}")
        };
        assert_eq!(plan.placement, placement, "{request}");
    }
}

#[test]
fn head_and_not_modified_get_the_headers_of_the_page_they_stand_for() {
    let cases = [
        (Method::GET, NAVIGATION, 200, "content-type: text/html", true),
        (Method::HEAD, NAVIGATION, 200, "content-type: text/html", true),
        (Method::GET, NAVIGATION, 304, "etag: \"x\"", true),
        (Method::GET, NAVIGATION, 304, "content-type: image/png", false),
        (Method::GET, "sec-fetch-dest: image", 304, "etag: \"x\"", false),
        (Method::GET, NAVIGATION, 206, "content-type: text/html", false),
        (Method::PUT, NAVIGATION, 200, "content-type: text/html", false),
    ];
    for (method, request, status, response, expected) in cases {
        let given = headers(request);
        let request = PageRequest { method: &method, headers: &given, banner_excluded: false };
        let changed = changes_headers(&request, StatusCode::from_u16(status).unwrap(), &headers(response));
        assert_eq!(changed, expected, "{method} {given:?} {status} {response}");
    }
}

#[test]
fn only_codings_that_can_be_undone_are_asked_for() {
    let cases = [
        ("accept-encoding: gzip, deflate, br, zstd, dcb, dcz", "gzip, br, zstd"),
        ("accept-encoding: gzip, deflate, br, zstd", "gzip, br, zstd"),
        ("accept-encoding: gzip, deflate, br", "gzip, br"),
        ("accept-encoding: gzip, deflate", "gzip"),
        ("accept-encoding: gzip, br", "gzip, br"),
        ("accept-encoding: br;q=0.5, *;q=0.1, GZIP;q=0", "br;q=0.5, GZIP;q=0"),
        ("accept-encoding: identity;q=0, zstd\naccept-encoding: gzip", "identity;q=0, zstd, gzip"),
        ("accept-encoding: gzip, *;q=0", "gzip, *;q=0"),
        ("accept-encoding: gzip, *; q = 0.000", "gzip, *; q = 0.000"),
        // What is no weight forbids nothing: whoever reads none would take the star for all codings.
        ("accept-encoding: gzip, *;q=", "gzip"),
        ("accept-encoding: *;q", "identity"),
        ("accept-encoding: deflate", "identity"),
        ("accept-encoding: *", "identity"),
        ("", "identity"),
    ];
    for (given, expected) in cases {
        let mut request = headers(given);
        request_headers(&mut request, false);
        assert_eq!(lines(&request), [format!("accept-encoding: {expected}")], "{given}");
    }
}

#[test]
fn parts_are_asked_for_only_of_what_is_no_page() {
    let given = "accept-encoding: br\navailable-dictionary: :x:\nwant-repr-digest: sha-256=1\nrange: bytes=0-9\nif-range: \"x\"";
    let mut page = headers(given);
    request_headers(&mut page, true);
    assert_eq!(lines(&page), ["accept-encoding: br"]);
    let mut film = headers(given);
    request_headers(&mut film, false);
    assert_eq!(lines(&film), ["accept-encoding: br", "if-range: \"x\"", "range: bytes=0-9"]);
    assert!(may_be_page(&Method::GET, &headers("sec-fetch-dest: object")));
    assert!(may_be_page(&Method::HEAD, &headers("accept: text/html")));
    assert!(may_be_page(&Method::GET, &headers("sec-fetch-dest: empty\nsec-fetch-mode: navigate")));
    assert!(!may_be_page(&Method::GET, &headers("sec-fetch-dest: video\naccept: text/html")));
    assert!(!may_be_page(&Method::GET, &headers("")));
    assert!(!may_be_page(&Method::GET, &headers("accept: text/html\nhx-request: true")));
    assert!(!may_be_page(&Method::DELETE, &headers(NAVIGATION)));
}

#[test]
fn a_changed_page_speaks_for_its_variant_and_for_no_old_bytes() {
    let mut page = headers(
        "content-type: text/html\netag: \"a,b\"\nlast-modified: x\ncontent-length: 5\nexpires: x\npragma: x\nrepr-digest: x\n\
         content-md5: x\nsignature-input: x\nuse-as-dictionary: x\ncdn-cache-control: max-age=9\naccept-ranges: bytes\n\
         cache-control: public, max-age=600, no-store\nvary: Accept-Encoding\nset-cookie: a=b",
    );
    response_headers(&mut page, VARIANT, BodyChanged::Yes);
    let expected = [
        "accept-ranges: none",
        "cache-control: private, no-cache, no-store",
        "content-type: text/html",
        "etag: W/\"a,b;ks000000000000001f\"",
        "pragma: no-cache",
        "set-cookie: a=b",
        "vary: Accept-Encoding",
        "vary: Cookie",
    ];
    assert_eq!(lines(&page), expected);
    for vary in ["vary: *", "vary: Origin, cookie"] {
        let mut page = headers(vary);
        response_headers(&mut page, VARIANT, BodyChanged::Yes);
        assert!(lines(&page).contains(&vary.to_owned()) && page.get_all("vary").iter().count() == 1, "{page:?}");
    }
    // Nor is one that ends as ours do, with a quote in it.
    for tag in ["etag: unquoted", "etag: W/x", "etag: \"a\"b\"", "etag: W/\"a\"b;ks000000000000001f\""] {
        let mut page = headers(tag);
        response_headers(&mut page, VARIANT, BodyChanged::Yes);
        assert!(!page.contains_key("etag"), "{tag} is no entity tag");
    }
}

#[test]
fn an_unchanged_answer_keeps_every_header() {
    let given = "etag: \"x\"\nlast-modified: y\ncontent-length: 5\ncache-control: public\nvary: Origin\nexpires: z\naccept-ranges: bytes";
    let mut image = headers(given);
    response_headers(&mut image, VARIANT, BodyChanged::No);
    every_response_headers(&mut image);
    assert_eq!(image, headers(given));
}

#[test]
fn a_tag_comes_back_to_the_origin_as_it_left_it() {
    for tag in ["\"x\"", "W/\"x\"", "\"\"", "\"a,b;ks\""] {
        let mut page = headers(&format!("etag: {tag}"));
        response_headers(&mut page, VARIANT, BodyChanged::Yes);
        let mut request = HeaderMap::new();
        request.insert("if-none-match", page["etag"].clone());
        request_validators(&mut request, VARIANT, true);
        assert_eq!(request["if-none-match"], tag);
    }
}

#[test]
fn validators_of_another_variant_never_reach_the_origin() {
    let cases = [
        ("if-none-match: W/\"x;ks000000000000002f\"", true, ""),
        ("if-none-match: \"x\"\nif-modified-since: y", true, ""),
        ("if-none-match: *", true, ""),
        (
            "if-none-match: W/\"x;kw000000000000002f\", W/\"a,b;ks000000000000001f\", \"z\"",
            true,
            "if-none-match: \"a,b\"",
        ),
        ("if-none-match: \"x\"\nif-modified-since: y", false, "if-modified-since: y\nif-none-match: \"x\""),
        ("if-none-match: W/\"x;ks000000000000001f\", \"y\"", false, "if-none-match: \"y\""),
        ("if-none-match: W/\"x;ks00000000000000GG\"", false, "if-none-match: W/\"x;ks00000000000000GG\""),
        ("if-none-match: broken", false, "if-none-match: broken"),
    ];
    for (given, page, expected) in cases {
        let mut request = headers(given);
        request_validators(&mut request, VARIANT, page);
        assert_eq!(request, headers(expected), "{given}");
    }
}

#[test]
fn every_answer_varies_by_cookie_where_it_varied_by_our_header() {
    let cases = [
        ("vary: Kelisim-Consent", "vary: Cookie"),
        ("vary: Origin, kelisim-consent\nvary: cookie\nalt-svc: h3=\":443\"", "vary: Origin, Cookie"),
        ("vary: Origin\nvary: Accept", "vary: Origin\nvary: Accept"),
    ];
    for (given, expected) in cases {
        let mut answer = headers(given);
        every_response_headers(&mut answer);
        assert_eq!(answer, headers(expected), "{given}");
    }
}
