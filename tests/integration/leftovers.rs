//! Cookies that a browser still holds when they are refused: deleted where the will is known, only held back where it is not.

use crate::harness::{Gateway, GatewayBuilder, Origin, Reply, shop};

fn gateway(shop: &Origin) -> GatewayBuilder {
    Gateway::with(shop).edition("first", "2026-01-01", false).edition("recipient", "2027-01-01", true)
}

/// The names that an answer deletes, apart from our own.
fn deleted(reply: &Reply) -> Vec<&str> {
    let lines = reply.all("set-cookie").into_iter().filter(|line| line.contains("Max-Age=-1"));
    let mut names: Vec<_> = lines.map(|line| line.split_once('=').unwrap().0).collect();
    names.retain(|name| !name.contains("kelisim"));
    names.sort_unstable();
    names.dedup();
    names
}

#[test]
fn a_withdrawal_deletes_what_it_refuses_and_keeps_the_rest() {
    let shop = shop();
    let gateway = gateway(&shop).tables("[[site.cookie]]\nname = \"font\"\ncategory = \"functional\"").start();
    let mut anna = gateway.browser();
    anna.choose("accept");
    for name in ["PHPSESSID", "_ga", "font"] {
        anna.jar.insert(name.into(), "1".into());
    }
    assert!(deleted(&anna.click("/")).is_empty());
    assert_eq!(deleted(&anna.choose("save&functional=on")), ["_ga"]);
    anna.jar.insert("_ga".into(), "2".into());
    assert_eq!(deleted(&anna.click("/")), ["_ga"], "and again where a script sets it anew");
    assert_eq!(deleted(&anna.choose("necessary")), ["font"]);
    assert_eq!(anna.jar.get("PHPSESSID").map(String::as_str), Some("1"));
}

#[test]
fn deleting_stays_within_its_budget_and_takes_turns() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    for number in 0..60 {
        anna.jar.insert(format!("_ga_{number}"), "1".into());
    }
    anna.choose("necessary");
    for round in 0..40 {
        let page = anna.click("/");
        let bytes: usize = page.all("set-cookie").iter().map(|line| line.len() + "set-cookie: \r\n".len()).sum();
        assert!(bytes <= 2048, "{bytes} bytes in round {round}");
    }
    let left: Vec<_> = anna.jar.keys().filter(|name| name.starts_with("_ga")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn nothing_is_deleted_by_answers_that_are_no_pages() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    anna.choose("necessary");
    anna.jar.insert("_ga".into(), "1".into());
    let image = anna.send("GET", "/logo.png", &[("accept", "image/*"), ("sec-fetch-dest", "image")], b"");
    assert!(deleted(&image).is_empty());
    assert_eq!(shop.last().header("cookie"), None);
    assert_eq!(deleted(&anna.click("/")), ["_ga"]);
}

#[test]
fn while_an_edition_asks_again_cookies_are_held_back_and_not_deleted() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    anna.choose("accept");
    anna.jar.insert("_ga".into(), "1".into());
    gateway.at("2027-01-01T00:00:00Z");
    let page = anna.click("/");
    assert!(page.shows_banner() && deleted(&page).is_empty());
    assert_eq!(shop.last().header("cookie"), None);
    assert_eq!(deleted(&anna.choose("necessary")), ["_ga"]);
}

#[test]
fn a_request_that_could_not_carry_the_record_loses_nobody_a_cookie() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    // The bank's page posts the visitor back: a `SameSite=Lax` record stays at home, and so does nothing else.
    let mut anna = gateway.browser().holding("_ga", "1").holding("PHPSESSID", "1");
    let from_bank = [
        ("accept", "text/html"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let page = anna.send("POST", "/paid", &from_bank, b"order=1");
    assert!(!page.shows_banner() && deleted(&page).is_empty());
    assert_eq!(shop.last().header("cookie"), Some("PHPSESSID=1"));
    assert_eq!(shop.last().body, b"order=1");
    let embedded = [("accept", "text/html"), ("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "iframe")];
    let page = anna.send("GET", "/", &embedded, b"");
    assert!(!page.shows_banner() && deleted(&page).is_empty());
    let link = [&from_bank[..4], &[("sec-fetch-user", "?1")]].concat();
    let page = anna.send("GET", "/", &link, b"");
    assert!(page.shows_banner(), "a link from elsewhere would have carried it");
    assert_eq!(deleted(&page), ["_ga"]);
}
