//! How the origin's policies let us through, as a table.

use http::header::{CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY, HeaderMap, HeaderValue};

use crate::rewrite::{Admission, OwnSources, admit_own};

const OWN: OwnSources<'_> = OwnSources {
    script_url: "https://a.kz/_k/x.js",
    style_url: "https://a.kz/_k/x.css",
    form_url: "https://a.kz/_k/choice",
    connect_url: "https://a.kz/_k/event",
    frame_url: None,
};

fn check(given: &[&str], expected: &[&str], nonce: Option<&str>, script_refused: bool) {
    let mut headers = HeaderMap::new();
    for policy in given {
        headers.append(CONTENT_SECURITY_POLICY, HeaderValue::from_str(policy).unwrap());
    }
    let admission = admit_own(&mut headers, &OWN);
    let left: Vec<&str> =
        headers.get_all(CONTENT_SECURITY_POLICY).iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(left, expected, "{given:?}");
    assert_eq!(admission, Admission { nonce: nonce.map(str::to_owned), script_refused }, "{given:?}");
}

#[test]
fn a_policy_that_lets_us_through_stays_byte_for_byte() {
    let policies = [
        "img-src  *;;FRAME-ancestors 'none'",
        "default-src 'self'",
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src *; connect-src https:",
        "script-src https://a.kz/_k/",
        "script-src https://*.kz/_k/x.js , object-src 'none'",
        "script-src A.KZ 'nonce-abc'",
        "script-src 'self' 'none'",
        "no such directive",
        ";,;",
        "",
    ];
    for policy in policies {
        check(&[policy], &[policy], None, false);
    }
}

#[test]
fn our_address_is_added_where_a_policy_would_stop_us() {
    let cases = [
        ("script-src 'unsafe-inline' x.kz", "script-src 'unsafe-inline' x.kz https://a.kz/_k/x.js"),
        ("Script-Src 'NONE'", "script-src https://a.kz/_k/x.js"),
        ("script-src", "script-src https://a.kz/_k/x.js"),
        ("script-src 'sha256-abc='; img-src *", "script-src 'sha256-abc=' https://a.kz/_k/x.js; img-src *"),
        ("script-src 'self'; script-src-elem b.kz", "script-src 'self'; script-src-elem b.kz https://a.kz/_k/x.js"),
        ("script-src b.kz; script-src 'self'", "script-src b.kz https://a.kz/_k/x.js"),
        (
            "script-src https://a.kz:444 http://a.kz wss: data: *.a.kz a.kz/_k",
            "script-src https://a.kz:444 http://a.kz wss: data: *.a.kz a.kz/_k https://a.kz/_k/x.js",
        ),
        ("style-src 'unsafe-inline'", "style-src 'unsafe-inline' https://a.kz/_k/x.css"),
        ("form-action 'none'", "form-action https://a.kz/_k/choice"),
        ("connect-src b.kz", "connect-src b.kz https://a.kz/_k/event"),
        (
            "default-src 'none'; img-src *",
            "default-src 'none'; img-src *; script-src https://a.kz/_k/x.js; style-src https://a.kz/_k/x.css; connect-src https://a.kz/_k/event",
        ),
        (
            "default-src b.kz 'unsafe-inline'; style-src 'self'",
            "default-src b.kz 'unsafe-inline'; style-src 'self'; script-src b.kz 'unsafe-inline' https://a.kz/_k/x.js; connect-src b.kz 'unsafe-inline' https://a.kz/_k/event",
        ),
    ];
    for (given, expected) in cases {
        check(&[given], &[expected], None, false);
    }
}

#[test]
fn a_nonce_is_repeated_where_every_policy_that_stops_us_has_it() {
    check(&["script-src 'nonce-Ab+/-_='"], &["script-src 'nonce-Ab+/-_='"], Some("Ab+/-_="), false);
    check(
        &["script-src 'strict-dynamic' 'NONCE-r' 'self'"],
        &["script-src 'strict-dynamic' 'NONCE-r' 'self'"],
        Some("r"),
        false,
    );
    // One of two has no nonce: it is extended, and so is the other, since no nonce serves both.
    check(
        &["script-src 'nonce-r'", "script-src b.kz"],
        &["script-src 'nonce-r' https://a.kz/_k/x.js", "script-src b.kz https://a.kz/_k/x.js"],
        None,
        false,
    );
    check(
        &["script-src 'nonce-r' 'strict-dynamic', script-src b.kz, script-src 'self'"],
        &["script-src 'nonce-r' 'strict-dynamic', script-src b.kz https://a.kz/_k/x.js, script-src 'self'"],
        Some("r"),
        false,
    );
    // Nonces are told apart by case, and markup is none.
    check(
        &["script-src 'nonce-r'", "script-src 'nonce-R'"],
        &["script-src 'nonce-r' https://a.kz/_k/x.js", "script-src 'nonce-R' https://a.kz/_k/x.js"],
        None,
        false,
    );
    check(&["script-src 'nonce-\"><b>'"], &["script-src 'nonce-\"><b>' https://a.kz/_k/x.js"], None, false);
}

#[test]
fn strict_dynamic_without_a_common_nonce_refuses_our_script_and_is_not_weakened() {
    let hashes = "script-src 'strict-dynamic' 'sha256-abc=' https:; form-action 'self'";
    check(&[hashes], &[hashes], None, true);
    let two = ["script-src 'strict-dynamic' 'nonce-a'", "script-src 'strict-dynamic' 'nonce-b'"];
    check(&two, &two, None, true);
}

#[test]
fn nothing_is_ever_taken_away_but_none_and_no_nonce_or_hash_is_ever_added() {
    let policies = [
        "default-src 'none' 'nonce-x'; script-src 'unsafe-inline'; form-action b.kz",
        "style-src 'sha256-a='; connect-src 'none'",
    ];
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policies.join(", ")).unwrap());
    admit_own(&mut headers, &OWN);
    let text = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
    for word in policies.join(";").split([';', ' ']).filter(|word| !word.is_empty() && *word != "'none'") {
        assert!(text.contains(word), "{word} in {text}");
    }
    assert!(text.contains("script-src 'unsafe-inline' https://a.kz/_k/x.js;"), "{text}");
    assert!(text.contains("style-src 'sha256-a=' https://a.kz/_k/x.css;"), "{text}");
}

#[test]
fn report_only_is_extended_too_but_never_refuses() {
    let mut headers = HeaderMap::new();
    headers.append(CONTENT_SECURITY_POLICY_REPORT_ONLY, HeaderValue::from_static("script-src b.kz"));
    headers.append(CONTENT_SECURITY_POLICY_REPORT_ONLY, HeaderValue::from_static("script-src 'strict-dynamic'"));
    headers.append(CONTENT_SECURITY_POLICY_REPORT_ONLY, HeaderValue::from_bytes(b"script-src \xFF").unwrap());
    assert_eq!(admit_own(&mut headers, &OWN), Admission::default());
    let left: Vec<&[u8]> =
        headers.get_all(CONTENT_SECURITY_POLICY_REPORT_ONLY).iter().map(HeaderValue::as_bytes).collect();
    assert_eq!(
        left,
        [b"script-src b.kz https://a.kz/_k/x.js".as_slice(), b"script-src 'strict-dynamic'", b"script-src \xFF"]
    );
}

#[test]
fn the_page_in_place_of_refused_frames_passes_where_frames_are_restricted() {
    let own = OwnSources { frame_url: Some("https://a.kz/_k/frame"), ..OWN };
    let admitted = |given: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("content-security-policy", HeaderValue::from_static(given));
        admit_own(&mut headers, &own);
        headers["content-security-policy"].to_str().unwrap().to_owned()
    };
    let same = ["frame-src 'self'", "child-src 'self'; frame-src https:", "img-src 'none'"];
    same.into_iter().for_each(|policy| assert_eq!(admitted(policy), policy));
    assert_eq!(admitted("frame-src https://maps.example"), "frame-src https://maps.example https://a.kz/_k/frame");
    assert_eq!(admitted("child-src 'none'"), "child-src https://a.kz/_k/frame");
}
