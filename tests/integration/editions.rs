//! Editions of the policy come into force by the clock, and ask again only when they say so.

use kelisim::ledger::NoticeId;

use crate::harness::{Browser, Gateway, GatewayBuilder, Origin, shop};

const NEITHER: &str = "answered=?0, functional=?0, analytical=?0";
const BOTH: &str = "answered=?1, functional=?1, analytical=?1";

fn gateway(shop: &Origin) -> GatewayBuilder {
    Gateway::with(shop).edition("first", "2026-01-01", false).edition("typo", "2026-12-01", false).edition(
        "recipient",
        "2027-01-01",
        true,
    )
}

fn accept(browser: &mut Browser, edition: &str) -> u16 {
    let form = format!("choice=accept&edition={edition}&language=ru&layer=banner&to=/");
    browser.post("/_kelisim/choice", &form).status
}

/// The edition of the notice that a record names, as the notice's document says.
fn edition_of_notice(gateway: &Gateway, record: &serde_json::Value) -> String {
    let id = NoticeId::parse(record["notice_id"].as_str().unwrap()).unwrap();
    let document = gateway.running().store().reader().unwrap().notice(id).unwrap().unwrap();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    document["edition"].as_str().unwrap().to_owned()
}

#[test]
fn the_newest_edition_in_force_is_asked_about_and_logged() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    for (moment, edition) in [
        ("2026-11-30T23:59:59Z", "first"),
        ("2026-12-01T00:00:00Z", "typo"),
        ("2026-12-31T23:59:59Z", "typo"),
        ("2027-01-01T00:00:00Z", "recipient"),
    ] {
        gateway.at(moment);
        let mut anna = gateway.browser();
        assert!(anna.open("/").text().contains(&format!("name=\"edition\" value=\"{edition}\"")), "{moment}");
        anna.choose("accept");
        assert_eq!(gateway.log().last().unwrap()["record"]["edition"], edition, "{moment}");
    }
}

#[test]
fn a_correction_asks_nobody_again_and_a_new_recipient_does() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    anna.choose("accept");
    gateway.at("2026-12-01T00:00:00Z");
    assert!(!anna.click("/").shows_banner());
    assert_eq!(shop.last().header("kelisim-consent"), Some(BOTH));
    gateway.at("2027-01-01T00:00:00Z");
    anna.jar.insert("_ga".into(), "1".into());
    let page = anna.click("/");
    assert!(page.shows_banner());
    assert_eq!(shop.last().header("kelisim-consent"), Some(NEITHER));
    assert_eq!(shop.last().header("cookie"), None, "it is held back");
    assert!(anna.jar.contains_key("_ga"), "and not deleted, as the answer may be yes");
    anna.choose("accept");
    assert!(!anna.click("/").shows_banner());
    assert_eq!(shop.last().header("cookie"), Some("_ga=1"));
    let log = gateway.log();
    assert_eq!(log[0]["record"]["consent_id"], log[1]["record"]["consent_id"]);
    assert_eq!(log[1]["record"]["ends"], log[0]["index"]);
}

#[test]
fn a_page_that_was_open_when_the_edition_changed_is_heard_for_an_hour() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let check = |moment: &str, edition: &str, expected: u16| {
        gateway.at(moment);
        let before = gateway.log().len();
        assert_eq!(accept(&mut gateway.browser(), edition), expected, "{moment} {edition}");
        let log = gateway.log();
        assert_eq!(log.len() - before, usize::from(expected == 303));
        if expected == 303 {
            let record = &log.last().unwrap()["record"];
            assert_eq!(record["edition"], edition);
            assert_eq!(edition_of_notice(&gateway, record), edition, "an event's edition is that of the notice");
        }
    };
    check("2026-11-30T23:59:59Z", "typo", 400);
    check("2026-12-01T00:00:00Z", "first", 303);
    check("2026-12-01T00:59:59Z", "first", 303);
    check("2026-12-01T01:00:00Z", "first", 400);
    check("2026-12-01T01:00:00Z", "typo", 303);
    check("2027-01-01T00:30:00Z", "typo", 303);
    check("2027-01-01T00:30:00Z", "first", 400);
}

#[test]
fn an_answer_to_the_edition_before_does_not_answer_one_that_asks_again() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    gateway.at("2027-01-01T00:30:00Z");
    let mut anna = gateway.browser();
    assert_eq!(accept(&mut anna, "typo"), 303);
    assert!(anna.click("/").shows_banner());
    assert_eq!(shop.last().header("kelisim-consent"), Some(NEITHER));
}

#[test]
fn each_edition_has_its_page_in_each_language() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    for (edition, language) in [("first", "ru"), ("first", "kk"), ("typo", "en"), ("recipient", "ru")] {
        let page = anna.open(&format!("/_kelisim/policy/{edition}/{language}"));
        assert_eq!(page.status, 200, "{edition} {language}");
        let text = page.text();
        assert!(text.contains(&format!("Политика {edition}")) && text.contains(&format!("<html lang=\"{language}\"")));
        assert_eq!(page.header("x-robots-tag"), Some("noindex"));
    }
    for missing in ["policy/none/ru", "policy/first/de", "policy/first", "policy/first/ru/x", "policy/", "x", ""] {
        assert_eq!(anna.open(&format!("/_kelisim/{missing}")).status, 404, "{missing}");
    }
    assert_eq!(shop.count(), 0);
}
