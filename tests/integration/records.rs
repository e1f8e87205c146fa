//! A record counts while it is genuine, in time and not ended. Anything else is no choice.

use crate::harness::{Browser, Gateway, GatewayBuilder, Origin, kelisim, shop};

fn gateway(shop: &Origin) -> GatewayBuilder {
    Gateway::with(shop).edition("first", "2026-01-01", false)
}

/// Whether this `Cookie` line lets an optional cookie through.
fn opens(gateway: &Gateway, shop: &Origin, cookies: &str) -> bool {
    let mut browser = gateway.plain_browser();
    let page = browser.send("GET", "/", &[("cookie", &format!("_ga=1; {cookies}")), ("accept", "text/html")], b"");
    let opened = shop.last().header("cookie") == Some("_ga=1");
    assert_eq!(page.shows_banner(), !opened, "who is not let through is asked");
    opened
}

fn record(browser: &Browser) -> String {
    format!("kelisim={}", browser.jar["kelisim"])
}

#[test]
fn a_record_that_was_changed_anywhere_opens_nothing() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.plain_browser();
    anna.choose("accept");
    let genuine = record(&anna);
    assert!(opens(&gateway, &shop, &genuine));
    for place in "kelisim=".len()..genuine.len() {
        let other = if genuine.as_bytes()[place] == b'A' { "B" } else { "A" };
        let mut forged = genuine.clone();
        forged.replace_range(place..=place, other);
        assert!(!opens(&gateway, &shop, &forged), "{place}");
    }
    for length in ("kelisim=".len()..genuine.len()).step_by(7) {
        assert!(!opens(&gateway, &shop, &genuine[..length]), "{length} bytes");
    }
    for forged in
        [format!("{genuine}A"), format!("{genuine}=="), "kelisim=1".into(), genuine.replace("kelisim=", "Kelisim=")]
    {
        assert!(!opens(&gateway, &shop, &forged), "{forged}");
    }
}

#[test]
fn a_record_that_comes_twice_opens_nothing() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let (mut anna, mut boris) = (gateway.plain_browser(), gateway.plain_browser());
    anna.choose("accept");
    boris.choose("accept");
    let (anna, boris) = (record(&anna), record(&boris));
    assert!(opens(&gateway, &shop, &anna) && opens(&gateway, &shop, &boris));
    assert!(!opens(&gateway, &shop, &format!("{anna}; {boris}")));
    assert!(!opens(&gateway, &shop, &format!("{anna}; {anna}")));
    assert!(!opens(&gateway, &shop, &format!("{anna}; kelisim=")));
}

#[test]
fn a_record_of_another_site_another_name_or_another_gateway_opens_nothing() {
    let shop = shop();
    let second = format!(
        "[[site]]\nhosts = [\"other.example\"]\nupstream = \"http://{}\"\n[site.notice]\nthird_parties = \"none\"\n\
         cross_border = \"none\"\npublic = \"none\"\ndata = [\"cookies\"]\nstorage_place = \"Kazakhstan\"\n",
        shop.address()
    );
    let first = gateway(&shop).tables(&second).start();
    let mut elsewhere = Browser::at(first.http(), "other.example");
    assert_eq!(elsewhere.choose("accept").status, 303);
    elsewhere.jar.insert("_ga".into(), "1".into());
    elsewhere.open("/");
    assert_eq!(shop.last().header("cookie"), Some("_ga=1"), "it is good where it was made");
    assert!(!opens(&first, &shop, &record(&elsewhere)));
    let mut secure = first.browser();
    secure.choose("accept");
    assert!(!opens(&first, &shop, &format!("kelisim={}", secure.jar["__Host-kelisim"])));
    let stranger = gateway(&shop).start();
    let mut anna = stranger.plain_browser();
    anna.choose("accept");
    assert!(!opens(&first, &shop, &record(&anna)));
}

#[test]
fn a_record_counts_for_its_term() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.plain_browser();
    anna.choose("accept");
    gateway.at("2027-05-22T09:59:59Z");
    assert!(opens(&gateway, &shop, &record(&anna)));
    gateway.at("2027-05-22T10:00:00Z");
    assert!(!opens(&gateway, &shop, &record(&anna)));
}

#[test]
fn a_record_from_the_future_counts_only_within_the_tolerance_of_clocks() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.plain_browser();
    anna.choose("accept");
    gateway.at("2026-11-22T09:55:00Z");
    assert!(opens(&gateway, &shop, &record(&anna)));
    gateway.at("2026-11-22T09:54:59Z");
    assert!(!opens(&gateway, &shop, &record(&anna)));
}

#[test]
fn what_was_saved_before_a_later_choice_opens_nothing_also_after_a_restart() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let choose_then = |later: &str| {
        let mut anna = gateway.plain_browser();
        anna.choose("accept");
        let saved = record(&anna);
        assert!(opens(&gateway, &shop, &saved));
        anna.choose(later);
        saved
    };
    let saved = [choose_then("necessary"), choose_then("save&functional=on"), choose_then("accept")];
    assert!(saved.iter().all(|saved| !opens(&gateway, &shop, saved)));
    let gateway = gateway.stopped(&shop).edition("first", "2026-01-01", false).start();
    assert!(saved.iter().all(|saved| !opens(&gateway, &shop, saved)));
}

#[test]
fn what_was_saved_before_an_erasure_opens_nothing_also_after_a_restart() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let (mut anna, mut boris) = (gateway.plain_browser(), gateway.plain_browser());
    anna.choose("accept");
    boris.choose("accept");
    let id = gateway.log()[0]["record"]["consent_id"].as_str().unwrap().to_owned();
    let erased = kelisim(gateway.path(), &["log", "erase", &id]);
    assert!(String::from_utf8_lossy(&erased.stdout).starts_with("1 record erased\n"), "{erased:?}");
    assert!(!opens(&gateway, &shop, &record(&anna)));
    assert!(opens(&gateway, &shop, &record(&boris)), "others keep what they chose");
    assert_eq!(gateway.log()[0]["removed_by"], "erasure");
    let gateway = gateway.stopped(&shop).edition("first", "2026-01-01", false).start();
    assert!(!opens(&gateway, &shop, &record(&anna)));
    assert!(opens(&gateway, &shop, &record(&boris)));
    let mut anna = gateway.plain_browser().holding("kelisim", &anna.jar["kelisim"]);
    assert_eq!(anna.choose("accept").status, 303);
    assert_ne!(gateway.log().last().unwrap()["record"]["consent_id"], id, "who was erased begins anew");
}

#[test]
fn a_refusal_is_never_turned_into_a_grant() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.plain_browser();
    anna.choose("necessary");
    let refusal = record(&anna);
    anna.choose("accept");
    let grant = record(&anna);
    // The saved refusal refuses, and the grant beside it is not touched by it.
    let mut again = gateway.plain_browser().holding("kelisim", refusal.split_once('=').unwrap().1);
    assert!(!again.open("/").shows_banner());
    assert_eq!(shop.last().header("kelisim-consent"), Some("answered=?1, functional=?0, analytical=?0"));
    assert!(opens(&gateway, &shop, &grant));
    again.choose("necessary");
    gateway.log_of(3);
    assert!(!opens(&gateway, &shop, &grant), "a later refusal of the same person ends it");
}
