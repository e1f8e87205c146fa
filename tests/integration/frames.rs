//! Frames of refused hosts: what stands in their place, and what a click on it opens, for how long, and for whom.

use crate::harness::{Browser, Gateway, GatewayBuilder, Origin, Reply, answer};

const PAGE: &str = "<!DOCTYPE html><html><head><title>Shop</title><link rel=preconnect href=https://maps.example></head><body>\
    <iframe src='https://maps.example/office?id=1' width=600></iframe>\
    <iframe src='https://maps.example/branch' width=600></iframe>\
    <iframe src='https://video.example/1' width=600></iframe></body></html>";

const HOSTS: &str = r#"
[[site.host]]
name = "maps.example"
category = "functional"
owner = "Maps & Co"
[[site.host]]
name = "count.example"
category = "analytical"
owner = "Counter"
[[site.host]]
name = "adverts.example"
category = "marketing"
owner = "Adverts"
sees_address = true
"#;

fn shop() -> Origin {
    Origin::answering(answer("200 OK", &[("content-type", "text/html; charset=utf-8"), ("etag", "\"1\"")], PAGE))
}

fn gateway(shop: &Origin) -> GatewayBuilder {
    Gateway::with(shop).tables(HOSTS)
}

/// The addresses of our pages in a page, as a browser reads them.
fn placeholders(page: &Reply) -> Vec<String> {
    let text = page.text().replace("&#38;", "&").replace("&#61;", "=");
    let starts = text.match_indices("src='/_kelisim/frame").map(|(at, _)| at + "src='".len()).collect::<Vec<_>>();
    starts.into_iter().map(|at| text[at..].split('\'').next().unwrap().to_owned()).collect()
}

/// What the form of a placeholder posts.
fn form(address: &str) -> String {
    address.split_once('?').unwrap().1.to_owned()
}

fn load_once(browser: &mut Browser, address: &str) -> Reply {
    browser.post("/_kelisim/frame", &form(address))
}

fn grant(reply: &Reply) -> Option<&str> {
    reply.all("set-cookie").into_iter().find(|line| line.starts_with("__Host-kelisim-frame="))
}

#[test]
fn a_refused_frame_is_opened_once_by_a_click_and_no_other_frame_with_it() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    let page = anna.open("/about?x=1");
    assert_eq!(placeholders(&page).len(), 3);
    assert!(page.text().contains("<link rel=kelisim-refused href=https://maps.example>"));

    let shown = anna.click(&placeholders(&page)[0]);
    assert_eq!((shown.status, shown.header("x-frame-options")), (200, Some("SAMEORIGIN")));
    assert!(shown.header("content-security-policy").unwrap().contains("frame-ancestors 'self'"));
    for expected in ["maps.example", "Maps &#38; Co", "IP-адрес", "target=\"_parent\"", "data-kelisim-action=\"frame\""]
    {
        assert!(shown.text().contains(expected), "{expected} in {}", shown.text());
    }
    assert!(!shown.text().contains("<script"));

    let opened = load_once(&mut anna, &placeholders(&page)[0]);
    assert_eq!((opened.status, opened.header("location")), (303, Some("/about?x=1")));
    // It would cut the site's window off from the one that opened it, and drivers of Firefox lose the window.
    assert_eq!(opened.header("cross-origin-opener-policy"), None);
    let cookie = grant(&opened).unwrap();
    for attribute in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/", "Max-Age=60"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    let loaded = anna.click("/about?x=1");
    assert!(loaded.text().contains("<iframe src='https://maps.example/office?id=1' width=600>"));
    assert_eq!(placeholders(&loaded).len(), 2, "every other frame stays as it was");
    assert!(loaded.shows_banner(), "it is no choice");
    assert_eq!(shop.last().header("kelisim-consent"), Some("answered=?0, functional=?0, analytical=?0"));
    assert_eq!(shop.last().header("cookie"), None);

    let log = gateway.log();
    let record = &log[0]["record"];
    assert_eq!(log.len(), 1);
    assert_eq!(
        (&record["event"], &record["host"], &record["category"]),
        (&"frame".into(), &"maps.example".into(), &"functional".into())
    );
    assert_eq!((&record["page"], &record["allowed"]), (&"/about".into(), &serde_json::json!([])));

    // The leave was for one load.
    assert_eq!(placeholders(&anna.click("/about?x=1")).len(), 3);
}

#[test]
fn a_frame_that_a_script_makes_is_let_in_by_the_policy_and_changes_nothing_in_the_page() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    let frames = |page: &Reply| {
        let policies = page.all("content-security-policy").join(", ");
        policies.split(';').any(|directive| directive.contains("frame-src") && directive.contains("maps.example"))
    };
    assert!(!frames(&anna.open("/about")));
    let opened = anna.post("/_kelisim/frame", "host=maps.example&frame=0000000000000000&to=/about");
    assert_eq!((opened.status, opened.header("location")), (303, Some("/about")));
    let page = anna.click("/about");
    assert!(frames(&page));
    assert_eq!(placeholders(&page).len(), 3);
    assert!(!frames(&anna.click("/about")));
    assert_eq!(gateway.log()[0]["record"]["host"], "maps.example");
}

#[test]
fn a_leave_counts_for_a_minute_on_its_own_page() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    let address = placeholders(&anna.open("/a"))[0].clone();
    load_once(&mut anna, &address);
    assert_eq!(placeholders(&anna.click("/b")).len(), 3, "another page");
    gateway.at("2026-11-22T10:01:01Z");
    assert_eq!(placeholders(&anna.click("/a")).len(), 3, "too late");
    load_once(&mut anna, &address);
    let mut forged = gateway.browser().holding("__Host-kelisim-frame", "true");
    assert_eq!(placeholders(&forged.open("/a")).len(), 3);
    let stolen = anna.jar["__Host-kelisim-frame"].replace("maps", "maps2");
    assert_eq!(placeholders(&gateway.browser().holding("__Host-kelisim-frame", &stolen).open("/a")).len(), 3);
}

#[test]
fn a_page_with_an_opened_frame_is_another_variant_of_the_page() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    let page = anna.open("/a");
    load_once(&mut anna, &placeholders(&page)[0]);
    let opened = anna.click("/a");
    let again = anna.click("/a");
    assert_ne!(page.header("etag"), opened.header("etag"));
    assert_eq!(page.header("etag"), again.header("etag"));
}

#[test]
fn an_accepted_category_loads_its_frames_and_a_frame_ends_no_choice() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    anna.choose("accept");
    let page = anna.click("/");
    assert!(page.text().contains("<iframe src='https://maps.example/office?id=1'"));
    assert_eq!(placeholders(&page).len(), 1, "nobody named the third");
    let chosen = gateway.log()[0]["record"]["consent_id"].clone();
    let body = "host=maps.example&frame=0123456789abcdef&to=/";
    assert_eq!(anna.post("/_kelisim/frame", body).status, 303);
    let log = gateway.log();
    assert_eq!((&log[1]["record"]["event"], &log[1]["record"]["consent_id"]), (&"frame".into(), &chosen));
    assert!(!anna.click("/").shows_banner(), "the choice still stands");
}

#[test]
fn what_may_not_be_opened_has_no_button_and_opens_for_no_request() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    for (host, reason) in [
        ("video.example", "сайт не указал"),
        ("count.example", "считает посещения"),
        ("adverts.example", "не предлагает эту категорию"),
        ("maps.example:8080", "сайт не указал"),
    ] {
        let form = format!("host={host}&frame=0123456789abcdef&to=/");
        let shown = anna.click(&format!("/_kelisim/frame?{form}")).text();
        assert!(shown.contains(reason) && shown.contains(host) && !shown.contains("<form"), "{shown}");
        let refused = anna.post("/_kelisim/frame", &form);
        assert_eq!((refused.status, grant(&refused)), (400, None), "{host}");
    }
    let limited = anna.click("/_kelisim/frame?host=maps.example&frame=0123456789abcdef&to=/&sandboxed=1").text();
    assert!(limited.contains("ограничивает") && !limited.contains("<form") && !limited.contains("<a "));
    for hostile in ["", "host=%3Cscript%3E&frame=0123456789abcdef&to=/", "host=a.example&frame=%22&to=/"] {
        let shown = anna.click(&format!("/_kelisim/frame?{hostile}"));
        assert_eq!(shown.status, 400);
        assert!(!shown.text().contains("<script"));
    }
    let kazakh = anna.click("/_kelisim/frame?host=maps.example&frame=0123456789abcdef&to=/&language=kk").text();
    assert!(kazakh.contains("lang=\"kk\"") && kazakh.contains("Бір рет жүктеу"));
    assert_eq!(gateway.log().len(), 0);
}

#[test]
fn a_frame_is_opened_by_a_click_on_this_site_only() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    let body = b"host=maps.example&frame=0123456789abcdef&to=/";
    let form = ("content-type", "application/x-www-form-urlencoded");
    let mut post = |site: &str, user: &[(&str, &str)]| {
        let headers =
            [&[form, ("sec-fetch-site", site), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")], user];
        anna.send("POST", "/_kelisim/frame", &headers.concat(), body).status
    };
    let clicked = [("sec-fetch-user", "?1")];
    assert_eq!(post("cross-site", &clicked), 403);
    assert_eq!(post("same-site", &clicked), 403);
    assert_eq!(post("same-origin", &[]), 403, "a script posted it");
    assert_eq!(post("same-origin", &clicked), 303);
    assert_eq!(gateway.log().len(), 1);
    assert_eq!(anna.send("PUT", "/_kelisim/frame", &[], b"").header("allow"), Some("GET, HEAD, POST"));
}

#[test]
fn frames_count_with_choices_against_a_flood() {
    let shop = shop();
    let gateway = gateway(&shop).server("limits.choices_per_minute = 2").start();
    let mut anna = gateway.browser();
    let body = "host=maps.example&frame=0123456789abcdef&to=/";
    let statuses: Vec<_> = (0..3).map(|_| anna.post("/_kelisim/frame", body).status).collect();
    assert_eq!(statuses, [303, 303, 429]);
}

#[test]
fn in_compatible_mode_what_a_line_refuses_is_held_back_and_the_rest_passes() {
    let shop = shop();
    let gateway = gateway(&shop).site("mode = \"compatible\"").start();
    let mut anna = gateway.browser();
    let page = anna.open("/");
    assert_eq!(placeholders(&page).len(), 2);
    assert!(page.text().contains("<iframe src='https://video.example/1' width=600>"));
    assert!(page.text().contains("<link rel=preconnect data-kelisim-href=https://maps.example>"));
}
