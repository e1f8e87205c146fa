//! Single values.

use super::super::text::{id, language, page, screen, text};

#[test]
fn addresses_of_pages_keep_their_path_and_their_campaign() {
    let check = |value: &str, expected: &str| assert_eq!(page(value), expected, "{value}");
    check("https://shop.example/a?utm_source=mail&email=a@b.kz#x", "https://shop.example/a?utm_source=mail");
    check("https://a:b@shop.example/", "https://shop.example/");
    check("https://a%40b.kz/x", "https://*/x");
    check("/a/b?pk_campaign=x+y&gclid=1&yclid=2&fbclid=3", "/a/b?pk_campaign=x+y");
    check("/a?mtm_source=a%40b.kz", "/a?mtm_source=*");
    check("//cdn.example/a?b", "//cdn.example/a");
    check("/leave/anna@mail.kz/now", "/leave/*/now");
    check("/leave/anna%40mail.kz", "/leave/*");
    check("/leave/anna%2540mail.kz", "/leave/*");
    check("/by/203.0.113.77", "/by/*");
    check("/by/203.0.113.77:8080/2001:db8::1/", "/by/*/*/");
    check("mailto:anna@mail.kz", "*");
    check("http://127.0.0.1:8080/a?b#c", "http://127.0.0.1:8080/a");
    check("https://shop.example/cart;jsessionid=0A?x=1", "https://shop.example/cart");
    check("/a;b=c/d;e", "/a/d");
    check("", "");
    check("#only", "");
    check("?a=1&utm_term=x", "?utm_term=x");
}

#[test]
fn texts_lose_addresses_of_persons_machines_and_pages() {
    let check = |value: &str, expected: &str| assert_eq!(text(value), expected, "{value}");
    check("Договор № 7, 15%", "Договор № 7, 15%");
    check("from 203.0.113.77 to you", "from * to you");
    check("from [2001:db8::1]:443", "from [*]:443");
    check("write to Anna <anna@mail.kz>!", "write to Anna <*>!");
    check("@name and name@", "@name and name@");
    check("see https://shop.example/a?token=1#x now", "see https://shop.example/a now");
    check("to /a?token=1", "to /a");
    check("12:30 1.2.3", "12:30 1.2.3");
    check(r#"{"a@b.kz":["x",1,{"to":"https://a/?q=1"}]}"#, r#"{"*":["x",1,{"to":"https://a/"}]}"#);
    check("{not json a@b.kz", "{not json *");
    // In every company: glued to a page, before a colon, behind a label, as a host.
    check("anna@mail.kz,https://shop.example/", "*,https://shop.example/");
    check("203.0.113.77|https://x.example/", "*|https://x.example/");
    check("203.0.113.77: denied", "* denied");
    check("ip:203.0.113.77 ip:2001:db8::1", "* *");
    check("http://203.0.113.77/", "http://*/");
    check("results?q=secret", "results");
    check("https%3A%2F%2Fx.example%2F%3Fq%3Dsecret", "https://x.example/");
}

#[test]
fn ids_languages_and_screens_are_coarse_or_gone() {
    let check = |found: Option<String>, expected: Option<&str>| assert_eq!(found.as_deref(), expected);
    check(id("a1b2c3d4e5f60718"), Some("a1b2c3d4e5f60718"));
    check(id("1234567890.1700000000"), Some("1234567890.1700000000"));
    check(id("203.0.113.77"), None);
    check(id("anna@mail.kz"), None);
    check(id(""), None);
    check(id(&"a".repeat(129)), None);
    check(language("kk-KZ,ru;q=0.9"), Some("kk"));
    check(language("x-canary"), None);
    check(screen("393x852"), Some("360x800"));
    check(screen("1024x1366"), Some("1366x768"));
    check(screen("3440x1440"), Some("1920x1080"));
    check(screen("wide"), None);
}

#[test]
fn what_is_no_host_carries_no_address_in_its_place() {
    for (value, expected) in [
        ("s://x=1.2.3.4&y=203.0.113.77", "s://*"),
        ("https://a|203.0.113.77|b/path", "https://*/path"),
        ("https://203.0.113.77.pool.example/path", "https://*/path"),
        ("https://x-203.0.113.77/", "https://*/"),
        ("https://203.0.113.77:8080/path", "https://203.0.113.77:8080/path"),
        ("http://[2001:db8::1]/", "http://[2001:db8::1]/"),
        ("https://[2001:db8::1]:81/", "https://[2001:db8::1]:81/"),
        ("https://магазин.example:8443/", "https://магазин.example:8443/"),
    ] {
        assert_eq!(page(value), expected, "{value}");
    }
}

#[test]
fn a_semicolon_hides_no_host() {
    for (value, expected) in [
        ("https:;//x%41y/a", "https://*/a"),
        ("https:/;/a@shop.example/", "https://shop.example/"),
        ("https://shop.example/c;d", "https://shop.example/c"),
    ] {
        assert_eq!(page(value), expected, "{value}");
        assert_eq!(page(&page(value)), expected, "{value} cut once more");
    }
}

#[test]
fn no_space_is_left_where_something_was_cut() {
    for (value, expected) in [("https:a: ?b={}", "https:a:"), ("/a #b", "/a"), ("/a ;b?utm_term=c", "/a?utm_term=c")] {
        assert_eq!(page(value), expected, "{value}");
        assert_eq!(page(&page(value)), expected, "{value} cut once more");
    }
}
