//! How a choice is made: which requests are heard, what they are answered, what is set.

use crate::harness::{Browser, Gateway, GatewayBuilder, Origin, Reply, shop};

const CHOICE: &str = "/_kelisim/choice";
const FORM: &str = "application/x-www-form-urlencoded";
const ACCEPT: &str = "choice=accept&edition=first&language=ru&layer=banner&to=/";
const REFUSE: &str = "choice=necessary&edition=first&language=ru&layer=banner&to=/";

fn gateway(shop: &Origin) -> GatewayBuilder {
    Gateway::with(shop).edition("first", "2026-01-01", false).server("[server.limits]\nchoices_per_minute = 10000")
}

fn posted(browser: &mut Browser, headers: &[(&str, &str)], body: &str) -> Reply {
    browser.send("POST", CHOICE, &[&[("content-type", FORM)], headers].concat(), body.as_bytes())
}

#[test]
fn a_form_is_answered_by_a_way_back_on_this_very_site() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let check = |to: &str, expected: &str| {
        let form = format!("choice=necessary&edition=first&language=ru&layer=banner&to={to}");
        let reply = gateway.browser().post(CHOICE, &form);
        assert_eq!((reply.status, reply.header("location")), (303, Some(expected)), "{to}");
    };
    check("/services?a=1%26b=2", "/services?a=1&b=2");
    check("", "/");
    check("//evil.example/", "/");
    check("/%5Cevil.example", "/");
    check("/\\evil.example", "/");
    check("https://evil.example/", "/");
    check("/a%0d%0aset-cookie:x=1", "/");
    check("/%09/evil.example", "/");
    check("%2F%2Fevil.example", "/");
    check("javascript:alert(1)", "/");
    check("/_kelisim/choice", "/");
}

#[test]
fn a_script_learns_what_is_in_force() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    let headers = [("content-type", "application/json; charset=utf-8"), ("sec-fetch-site", "same-origin")];
    let body = br#"{"choice":"save","categories":["functional"],"edition":"first","language":"kk","layer":"banner"}"#;
    let reply = anna.send("POST", CHOICE, &headers, body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let said: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(said, serde_json::json!({ "answered": true, "allowed": ["functional"], "recorded": true }));
    let record = &gateway.log()[0]["record"];
    assert_eq!((record["method"].as_str(), record["language"].as_str()), (Some("script"), Some("kk")));
    anna.click("/");
    assert_eq!(shop.last().header("kelisim-consent"), Some("answered=?1, functional=?1, analytical=?0"));
    let refused = anna.send("POST", CHOICE, &headers, b"{\"choice\":\"accept\",\"choice\":\"accept\"}");
    let said: serde_json::Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!((refused.status, said["error"].as_str()), (400, Some("malformed")));
}

#[test]
fn only_pages_of_this_site_are_heard() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let check = |headers: &[(&str, &str)], expected: u16| {
        let reply = posted(&mut gateway.browser(), headers, REFUSE);
        assert_eq!(reply.status, expected, "{headers:?}");
        assert_eq!(reply.all("set-cookie").is_empty(), expected == 403, "{headers:?}");
    };
    check(&[("sec-fetch-site", "same-origin")], 303);
    check(&[("sec-fetch-site", "same-site")], 403);
    check(&[("sec-fetch-site", "cross-site")], 403);
    check(&[("sec-fetch-site", "none")], 403);
    check(&[("sec-fetch-site", "nonsense"), ("origin", "https://shop.example")], 403);
    check(&[("sec-fetch-mode", "navigate"), ("origin", "https://shop.example")], 403);
    check(&[("sec-fetch-site", "cross-site"), ("origin", "https://shop.example")], 403);
    check(&[("origin", "https://shop.example")], 303);
    check(&[("origin", "https://SHOP.example")], 303);
    check(&[("origin", "http://shop.example")], 403);
    check(&[("origin", "https://shop.example.evil.example")], 403);
    check(&[("origin", "https://a.shop.example")], 403);
    check(&[("origin", "null")], 403);
    check(&[("origin", "null"), ("referer", "https://shop.example/")], 403);
    check(&[("referer", "https://shop.example/a?b")], 303);
    check(&[("referer", "https://shop.example")], 403);
    check(&[("referer", "https://shop.example.evil.example/")], 403);
    check(&[("referer", "https://shop.example@evil.example/")], 403);
    check(&[], 403);
}

#[test]
fn a_form_that_no_person_sent_may_refuse_and_not_accept() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let script = [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let mut anna = gateway.browser();
    let save = ACCEPT.replace("accept", "save") + "&functional=on";
    for form in [ACCEPT, &save] {
        assert_eq!(posted(&mut anna, &script, form).status, 403);
        assert!(anna.jar.is_empty());
    }
    assert!(gateway.log().is_empty());
    anna.choose("accept");
    assert_eq!(posted(&mut anna, &script, REFUSE).status, 303);
    anna.click("/");
    assert_eq!(shop.last().header("kelisim-consent"), Some("answered=?1, functional=?0, analytical=?0"));
}

#[test]
fn no_other_method_changes_anything() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let headers = [("sec-fetch-site", "same-origin"), ("sec-fetch-user", "?1"), ("content-type", FORM)];
        let reply = anna.send(method, &format!("{CHOICE}?{ACCEPT}"), &headers, b"");
        assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")), "{method}");
    }
    assert_eq!(anna.send("POST", "/_kelisim/settings", &[], b"").status, 405);
    assert!(anna.jar.is_empty() && gateway.log().is_empty());
    assert_eq!(shop.count(), 0);
}

#[test]
fn what_is_not_exactly_a_choice_is_none() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let check = |kind: &str, body: &str| {
        let mut anna = gateway.browser();
        let headers = [("content-type", kind), ("sec-fetch-site", "same-origin"), ("sec-fetch-user", "?1")];
        let reply = anna.send("POST", CHOICE, &headers, body.as_bytes());
        assert_eq!(reply.status, 400, "{kind}: {body}");
        assert!(anna.jar.is_empty(), "{kind}: {body}");
    };
    check(FORM, "");
    check(FORM, &ACCEPT.replace("accept", "everything"));
    check(FORM, &ACCEPT.replace("first", "second"));
    check(FORM, &ACCEPT.replace("=ru", "=de"));
    check(FORM, &format!("{ACCEPT}&choice=necessary"));
    check(FORM, &format!("{ACCEPT}&edition=first"));
    check(FORM, &format!("{}&functional=on&functional=on", ACCEPT.replace("accept", "save")));
    check(FORM, &format!("{}&marketing=on", ACCEPT.replace("accept", "save")));
    check(FORM, &format!("{}&necessary=on", ACCEPT.replace("accept", "save")));
    check(FORM, &format!("{}&functional=yes", ACCEPT.replace("accept", "save")));
    check(FORM, &format!("{ACCEPT}&unheard_of=1"));
    check(FORM, &format!("{ACCEPT}{}", "a".repeat(5000)));
    check(FORM, r#"{"choice":"accept","edition":"first","language":"ru","layer":"banner"}"#);
    check("application/json", ACCEPT);
    check(
        "application/json",
        r#"{"choice":"save","categories":["marketing"],"edition":"first","language":"ru","layer":"banner"}"#,
    );
    check("application/json", r#"{"choice":"accept","edition":"first","language":"ru","layer":"banner","x":1}"#);
    for kind in ["text/plain", "multipart/form-data; boundary=x", "application/xml", ""] {
        check(kind, ACCEPT);
    }
    assert!(gateway.log().is_empty());
}

#[test]
fn one_client_may_choose_so_often_in_a_minute() {
    let shop = shop();
    let gateway = Gateway::with(&shop)
        .edition("first", "2026-01-01", false)
        .server("trusted_proxies = [\"127.0.0.0/8\"]\n[server.limits]\nchoices_per_minute = 2")
        .start();
    let choose = |client: &str| gateway.browser().sending("x-forwarded-for", client).post(CHOICE, REFUSE).status;
    let statuses: Vec<_> = (0..4).map(|_| choose("203.0.113.7")).collect();
    assert_eq!(statuses, [303, 303, 429, 429]);
    assert_eq!(choose("203.0.113.8"), 303);
    gateway.at("2026-11-22T10:00:59Z");
    assert_eq!(choose("203.0.113.7"), 429);
    gateway.at("2026-11-22T10:01:00Z");
    assert_eq!(choose("203.0.113.7"), 303);
}

/// From 2026-11-22 to 2027-05-22, in seconds.
const AGE: u32 = 181 * 86_400;

/// The lines that set a cookie, by its name, without its value.
fn lines(reply: &Reply) -> Vec<String> {
    let without_value = |line: &str| {
        let (name, rest) = line.split_once('=').unwrap();
        format!("{name}; {}", rest.split_once("; ").unwrap().1)
    };
    reply.all("set-cookie").into_iter().map(without_value).collect()
}

#[test]
fn the_record_is_kept_from_scripts_and_from_other_hosts() {
    let shop = shop();
    let alone = gateway(&shop).start();
    let reply = alone.browser().choose("accept");
    let expected = [
        format!("__Host-kelisim; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age={AGE}"),
        format!("kelisim_view; SameSite=Lax; Secure; Path=/; Max-Age={AGE}"),
        "__Host-kelisim-shown; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0".to_owned(),
    ];
    assert_eq!(lines(&reply), expected);
    let reply = alone.plain_browser().choose("accept");
    let expected = [
        format!("kelisim; HttpOnly; SameSite=Lax; Path=/; Max-Age={AGE}"),
        format!("kelisim_view; SameSite=Lax; Path=/; Max-Age={AGE}"),
        "kelisim-shown; HttpOnly; SameSite=Lax; Path=/; Max-Age=0".to_owned(),
    ];
    assert_eq!(lines(&reply), expected);
}

#[test]
fn subdomains_share_a_record_where_they_shall() {
    let shop = shop();
    let gateway = gateway(&shop).hosts(&["shop.example", "*.shop.example"]).site("share_subdomains = true").start();
    let certificate = gateway.path().join("certificate.pem");
    let browser_at = |host: &str| Browser::over_tls(gateway.https(), host, &certificate);
    let mut anna = browser_at("blog.shop.example");
    let expected = [
        format!("__Secure-kelisim; HttpOnly; SameSite=Lax; Secure; Path=/; Domain=shop.example; Max-Age={AGE}"),
        format!("kelisim_view; SameSite=Lax; Secure; Path=/; Domain=shop.example; Max-Age={AGE}"),
        "__Host-kelisim-shown; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0".to_owned(),
    ];
    assert_eq!(lines(&anna.choose("accept")), expected);
    for host in ["shop.example", "other.shop.example"] {
        let mut browser = browser_at(host);
        browser.jar = anna.jar.clone();
        assert!(!browser.open("/").shows_banner(), "{host}");
    }
}

#[test]
fn on_http_that_others_can_read_nothing_is_asked_and_nothing_set() {
    let shop = shop();
    let gateway = Gateway::with(&shop)
        .edition("first", "2026-01-01", false)
        .server("trusted_proxies = [\"127.0.0.0/8\"]")
        .start();
    let mut anna = gateway.plain_browser().sending("x-forwarded-for", "203.0.113.7").holding("_ga", "1");
    let page = anna.open("/");
    assert!(!page.shows_banner() && page.all("set-cookie").is_empty());
    assert_eq!(shop.last().header("cookie"), None);
    assert_eq!(anna.post(CHOICE, ACCEPT).status, 400);
    assert!(!anna.jar.contains_key("kelisim") && gateway.log().is_empty());
    let mut secure =
        gateway.plain_browser().sending("x-forwarded-for", "203.0.113.7").sending("x-forwarded-proto", "https");
    assert_eq!(secure.post(CHOICE, ACCEPT).status, 303);
    assert!(secure.jar.contains_key("__Host-kelisim"));
}

#[test]
fn a_choice_can_be_changed_and_taken_back_in_one_click() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    let mut count = 0;
    let mut check = |choice: &str, allowed: &str, event: &str| {
        anna.choose(choice);
        assert!(!anna.click("/").shows_banner());
        assert_eq!(shop.last().header("kelisim-consent"), Some(allowed), "{choice}");
        count += 1;
        assert_eq!(gateway.log_of(count).last().unwrap()["record"]["event"], event, "{choice}");
    };
    check("necessary", "answered=?1, functional=?0, analytical=?0", "refused");
    check("accept", "answered=?1, functional=?1, analytical=?1", "renewed");
    check("save&functional=on", "answered=?1, functional=?1, analytical=?0", "withdrawn");
    check("accept", "answered=?1, functional=?1, analytical=?1", "renewed");
    check("necessary", "answered=?1, functional=?0, analytical=?0", "withdrawn");
    let log = gateway.log();
    let ids: Vec<_> = log.iter().map(|line| &line["record"]["consent_id"]).collect();
    assert_eq!(ids.len(), 5);
    assert!(ids.iter().all(|id| **id == *ids[0]), "one person has one id");
}
