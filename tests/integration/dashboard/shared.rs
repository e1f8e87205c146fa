//! Links by which others read the statistics.

use super::{busy, json, operator};
use crate::{
    administration::visitor,
    harness::{Browser, Gateway, shop},
};

/// Makes a link and gives its path.
fn make(operator: &mut Browser, form: &str) -> String {
    let page = operator.post("/statistics/share", form);
    assert_eq!(page.status, 200, "{}", page.text());
    let text = page.text();
    let (_, rest) = text.split_once("/shared/").unwrap();
    let word: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    assert_eq!(word.len(), 32, "128 bits: {text}");
    format!("/shared/{word}")
}

fn number(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"number\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn a_link_shows_whole_periods_with_numbers_that_were_moved() {
    let (gateway, mut operator) = busy();
    let path = make(&mut operator, "name=Partner&site=shop.example&days=30");
    let mut reader = visitor(&gateway);
    let page = reader.click(&path);
    let text = page.text();
    assert_eq!(page.status, 200, "{text}");
    assert!(text.contains("9–15\u{a0}November 2026"), "the last week that is over: {text}");
    assert!(text.contains("moved by about two") && text.contains("Kazakhstan"), "{text}");
    assert_eq!((page.header("referrer-policy"), page.header("x-robots-tag")), (Some("no-referrer"), Some("noindex")));
    assert!(text.contains("name=\"robots\" content=\"noindex\"") && !text.contains("<script"));
    assert_eq!(text, reader.click(&path).text(), "asking again tells nothing more");
    for hidden in ["/wp-login.php", "YandexBot", "filter=", "class=\"chart\"", "sign-out", "/statistics"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
    let exact = json(&mut operator, "/statistics/report.json?from=2026-11-09&to=2026-11-15");
    assert_eq!(exact["totals"]["views"].as_i64().map(|views| views > 50), Some(true));
    let month = reader.click(&format!("{path}?from=2026-10-01&to=2026-10-31&lang=kk")).text();
    assert!(month.contains("2026 ж. қазан"), "{month}");
    for query in [
        "from=2026-11-10&to=2026-11-16",
        "from=2026-11-16&to=2026-11-22",
        "period=today",
        "from=2026-11-12&to=2026-11-12",
    ] {
        let refused = reader.click(&format!("{path}?{query}"));
        assert_eq!(refused.status, 400, "{query}");
        assert!(refused.text().contains("whole weeks"), "{}", refused.text());
    }
}

#[test]
fn a_link_that_is_over_revoked_or_made_up_is_nothing() {
    let (gateway, mut operator) = busy();
    let path = make(&mut operator, "name=&site=shop.example&days=30");
    let mut reader = visitor(&gateway);
    let unknown = reader.click("/shared/00000000000000000000000000000000");
    assert_eq!(unknown.status, 404);
    let page = operator.click("/statistics/share").text();
    assert!(!page.contains(&path), "it is shown once");
    let ended = operator.post("/statistics/share/revoke", &format!("number={}", number(&page)));
    assert_eq!(ended.status, 200);
    let check = |reader: &mut Browser, path: &str| {
        let gone = reader.click(path);
        assert_eq!((gone.status, gone.text()), (unknown.status, unknown.text()), "{path}");
        assert_eq!(gone.header("referrer-policy"), unknown.header("referrer-policy"));
    };
    check(&mut reader, &path);
    let path = make(&mut operator, "name=&site=shop.example&days=30");
    gateway.at("2026-12-22T09:59:59Z");
    assert_eq!(reader.click(&path).status, 200);
    gateway.at("2026-12-22T10:00:00Z");
    check(&mut reader, &path);
}

#[test]
fn links_are_made_by_the_operators_own_page_alone() {
    let gateway = Gateway::before(&shop());
    let mut operator = operator(&gateway);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let body = b"name=&site=shop.example&days=30";
    for from in [("sec-fetch-site", "cross-site"), ("origin", "http://localhost:1"), ("accept", "*/*")] {
        for path in ["/statistics/share", "/statistics/share/revoke"] {
            assert_eq!(operator.send("POST", path, &[form, from], body).status, 403, "{path} {from:?}");
        }
    }
    for wrong in ["name=&site=shop.example&days=31", "name=&site=evil.example&days=30", ""] {
        assert_eq!(operator.post("/statistics/share", wrong).status, 400, "{wrong}");
    }
    assert_eq!(visitor(&gateway).post("/statistics/share", "").header("location"), Some("/sign-in"));
    assert!(operator.click("/statistics/share").text().contains("None."));
    let named = operator.post("/statistics/share", "name=%3Cb%3Eme&site=shop.example&days=365").text();
    assert!(named.contains("&#60;b&#62;me") && !named.contains("<b>me"), "{named}");
}
