//! The canary itself must be able to fail.

use super::{marks::found, *};

/// A report of one request with these marks.
fn report(sent: &[&str], marks: Vec<&'static str>, before_consent: BeforeConsent) -> Report {
    let sent = sent.iter().map(ToString::to_string).collect();
    let tried = Tried { method: "GET", target: "/stats/matomo.php".into(), status: 200, sent, marks };
    let line = Line {
        site: "shop.example".into(),
        preset: "matomo",
        path: "/stats/".into(),
        before_consent,
        requests: vec![tried],
    };
    let mut report = Report::of(&[]);
    report.lines.push(line);
    report
}

fn written(report: &Report) -> String {
    let mut out = Vec::new();
    report.write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn each_mark_is_found_as_it_stands_and_encoded() {
    let check = |sent: &str, expected: &[&str]| {
        assert_eq!(found(sent.as_bytes(), ["recordrecord"].into_iter()), expected, "{sent}")
    };
    check("GET / HTTP/1.1\r\nx-forwarded-for: 203.0.113.0\r\n\r\n", &[]);
    check("x-forwarded-for: 203.0.113.77", &["address"]);
    check("cip=203%2E0.113.77", &["address"]);
    check("User-Agent: CANARYPHONE", &["user agent"]);
    check("Chrome/156.0.31415.926", &["user agent"]);
    check("cookie: a=canarycookie", &["cookie"]);
    check("url=https%253A%252F%252Fa%252Fcanary%252Eperson", &["e-mail address"]);
    check("uid=canaryaccount&token_auth=canarytoken", &["account", "token of the visitor's"]);
    check("gclid=canaryclick", &["query or id of a click"]);
    check("__Host-kelisim=recordrecord", &["Kelisim's own cookie"]);
}

#[test]
fn what_left_is_shown_with_its_verdict() {
    let right = report(&["GET /matomo.php HTTP/1.1\r\n\r\n"], Vec::new(), BeforeConsent::Nothing);
    assert!(right.is_right());
    let expected = "shop.example, /stats/ (matomo)\n  before consent: nothing left\n  GET /stats/matomo.php\n    | GET /matomo.php HTTP/1.1\n    | \n    no mark\n\n\
                    1 analytics server, 1 request: no mark left\n";
    assert_eq!(written(&right), expected);
    let check = |report: &Report, expected: &str| {
        assert!(!report.is_right());
        let written = written(report);
        assert!(written.contains(expected) && written.ends_with(": NOT RIGHT, see above\n"), "{written}");
    };
    check(&report(&["x"], vec!["address", "cookie"], BeforeConsent::Nothing), "MARKS LEFT: address, cookie\n");
    check(&report(&["x"], Vec::new(), BeforeConsent::Something), "before consent: SOMETHING LEFT\n");
    check(&report(&[], Vec::new(), BeforeConsent::Nothing), "NOTHING LEFT: the visitor was answered 200\n");
}
