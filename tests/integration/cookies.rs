//! Promise 1: no receipt, no cookie, in either direction.

use crate::harness::{Gateway, Origin, PAGE, answer};

fn shop() -> Origin {
    let cookies = [
        ("content-type", "text/html; charset=utf-8"),
        ("set-cookie", "PHPSESSID=1; HttpOnly"),
        ("set-cookie", "_ga=2"),
        ("set-cookie", "_fbp=3"),
        ("set-cookie", "unheard_of=4"),
    ];
    Origin::answering(answer("200 OK", &cookies, PAGE))
}

#[test]
fn before_a_choice_only_necessary_cookies_cross_in_either_direction() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut anna = gateway.browser().holding("PHPSESSID", "0").holding("_ga", "old").holding("zzz", "1");
    let page = anna.open("/");
    assert!(page.shows_banner());
    assert_eq!(shop.last().header("cookie"), Some("PHPSESSID=0"));
    assert_eq!(shop.last().header("kelisim-consent"), Some("answered=?0, functional=?0, analytical=?0"));
    assert_eq!(anna.jar.get("PHPSESSID").map(String::as_str), Some("1"));
    assert!(!anna.jar.contains_key("unheard_of") && !anna.jar.contains_key("_fbp"));
}

#[test]
fn accepted_categories_pass_and_marketing_never_does() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut anna = gateway.browser();
    let answer = anna.choose("accept");
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    let page = anna.click("/");
    assert!(!page.shows_banner() && page.text().contains("/_kelisim/settings"));
    assert_eq!(shop.last().header("kelisim-consent"), Some("answered=?1, functional=?1, analytical=?1"));
    anna.click("/");
    assert_eq!(shop.last().header("cookie"), Some("PHPSESSID=1; _ga=2"));
    assert_eq!(gateway.log().len(), 1);
}
