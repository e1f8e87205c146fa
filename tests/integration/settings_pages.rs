//! The settings page, browser signals, and what becomes of our own cookies on every way through the gateway.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use crate::harness::{Answering, Gateway, Origin, PAGE, answer, shop};

/// A site that sets cookies with our names.
fn forger() -> Origin {
    let cookies = [
        ("content-type", "text/html"),
        ("set-cookie", "kelisim=1"),
        ("set-cookie", "__Host-kelisim=1; Secure; Path=/"),
        ("set-cookie", "__Secure-KELISIM-shown=1; Secure"),
        ("set-cookie", "kelisim_view=analytical=1"),
        ("set-cookie", "PHPSESSID=1"),
        ("set-cookie", "_ga=1"),
    ];
    Origin::answering(answer("200 OK", &cookies, PAGE))
}

#[test]
fn the_settings_page_shows_what_is_in_force_and_works_without_a_script() {
    let shop = shop();
    let gateway = Gateway::with(&shop).edition("first", "2026-01-01", false).start();
    let mut anna = gateway.browser();
    let settings = "/_kelisim/settings?language=en&to=/services";
    let page = anna.open(settings);
    assert_eq!(
        (page.status, page.header("cache-control"), page.header("x-robots-tag")),
        (200, Some("no-store"), Some("noindex"))
    );
    let text = page.text();
    assert!(!text.contains("<script") && !text.contains("data-kelisim-consent-id"));
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    assert!(anna.jar.is_empty(), "looking sets nothing");
    // The form as it stands there, with one box ticked.
    let field = |name: &str| {
        let rest = &text[text.find(&format!("name=\"{name}\" value=\"")).unwrap()..];
        rest.split('"').nth(3).unwrap().to_owned()
    };
    let fields: Vec<_> =
        ["edition", "language", "notice", "layer", "to"].iter().map(|name| format!("{name}={}", field(name))).collect();
    let reply = anna.post("/_kelisim/choice", &format!("{}&analytical=on&choice=save", fields.join("&")));
    assert_eq!((reply.status, reply.header("location")), (303, Some("/services")));
    let record = gateway.log().remove(0)["record"].clone();
    assert_eq!((record["method"].as_str(), record["language"].as_str()), (Some("settings_form"), Some("en")));
    assert_eq!(record["notice_id"].as_str(), Some(field("notice").as_str()), "the notice that was shown");
    let text = anna.open(settings).text();
    assert!(!text.contains(record["consent_id"].as_str().unwrap()), "a script of the site may read this page");
    assert!(text.contains("<a href=\"/_kelisim/receipt?language=en"));
    assert!(
        text.contains("name=\"analytical\" value=\"on\" checked")
            && !text.contains("name=\"functional\" value=\"on\" checked")
    );
    assert!(text.contains("__Host-kelisim"), "our own cookies are listed");
    gateway.at("2027-05-22T10:00:00Z");
    let text = anna.open(settings).text();
    assert!(!text.contains("name=\"analytical\" value=\"on\" checked"), "what has expired is not in force");
    assert!(text.contains("/_kelisim/receipt?"), "and is recorded all the same");
}

#[test]
fn a_signal_of_the_browser_refuses_without_an_event_and_a_choice_wins_over_it() {
    let shop = shop();
    let gateway = Gateway::with(&shop).start();
    for (name, value, refuses) in [
        ("sec-gpc", "1", true),
        ("dnt", "1", true),
        ("sec-gpc", "0", false),
        ("dnt", "0", false),
        ("sec-gpc", "true", false),
    ] {
        let mut anna = gateway.browser().sending(name, value).holding("_ga", "1");
        assert_eq!(anna.open("/").shows_banner(), !refuses, "{name}: {value}");
        assert_eq!(shop.last().header("cookie"), None);
        let said = if refuses {
            "answered=?1, functional=?0, analytical=?0"
        } else {
            "answered=?0, functional=?0, analytical=?0"
        };
        assert_eq!(shop.last().header("kelisim-consent"), Some(said), "{name}: {value}");
    }
    assert!(gateway.log().is_empty());
    let mut anna = gateway.browser().sending("sec-gpc", "1");
    anna.choose("accept");
    anna.click("/");
    assert_eq!(shop.last().header("kelisim-consent"), Some("answered=?1, functional=?1, analytical=?1"));
    assert_eq!(gateway.log()[0]["record"]["gpc"], true);
    // Chosen before the signal was switched on.
    let mut boris = gateway.browser();
    boris.choose("accept");
    let mut boris = boris.sending("sec-gpc", "1");
    boris.click("/");
    assert_eq!(shop.last().header("kelisim-consent"), Some("answered=?1, functional=?1, analytical=?1"));
}

#[test]
fn our_cookies_end_at_the_gateway_and_the_site_cannot_set_them() {
    for (lines, tables, expected) in [
        ("", "", Some("PHPSESSID=0")),
        ("mode = \"compatible\"", "", Some("PHPSESSID=0; zzz=1")),
        ("", "[[site.path]]\nprefix = \"/\"\npass_through = true", Some("PHPSESSID=0; _ga=0; zzz=1")),
        ("mode = \"observe\"", "", Some("PHPSESSID=0; _ga=0; zzz=1")),
    ] {
        let forger = forger();
        let gateway = Gateway::with(&forger).site(lines).tables(tables).start();
        let mut anna = gateway.browser();
        for (name, value) in [("PHPSESSID", "0"), ("_ga", "0"), ("zzz", "1"), ("__Host-kelisim", "a"), ("kelisim", "b")]
        {
            anna.jar.insert(name.into(), value.into());
        }
        for (name, value) in
            [("kelisim_view", "c"), ("KELISIM-x", "d"), ("__Secure-kelisim", "e"), ("__Host-kelisim-shown", "f")]
        {
            anna.jar.insert(name.into(), value.into());
        }
        let page = anna.open("/");
        assert_eq!(forger.last().header("cookie"), expected, "{lines}{tables}");
        let set: Vec<_> = page.all("set-cookie").into_iter().filter(|line| !line.contains("Max-Age=0")).collect();
        assert!(set.iter().all(|line| !line.to_ascii_lowercase().contains("kelisim")), "{lines}{tables}: {set:?}");
        assert!(set.contains(&"PHPSESSID=1"), "{lines}{tables}: {set:?}");
    }
}

#[test]
fn our_cookies_do_not_cross_an_upgrade() {
    let site = Origin::new(|_| {
        Answering::Stream(Box::new(|mut stream: TcpStream| {
            let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n";
            let cookies = "set-cookie: kelisim=1\r\nset-cookie: _ga=1\r\nset-cookie: PHPSESSID=1\r\n\r\n";
            stream.write_all(format!("{head}{cookies}hello").as_bytes()).unwrap();
            _ = stream.read(&mut [0; 1]);
        }))
    });
    for lines in ["", "mode = \"observe\""] {
        let gateway = Gateway::with(&site).site(lines).start();
        let browser = gateway.plain_browser();
        let request = format!(
            "GET /socket HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             cookie: PHPSESSID=0; kelisim=x; kelisim_view=y\r\n\r\n",
            browser.host
        );
        let reply = browser.raw(request.as_bytes()).unwrap();
        assert_eq!(reply.status, 101, "{lines}");
        assert_eq!(site.last().header("cookie"), Some("PHPSESSID=0"), "{lines}");
        let set = reply.all("set-cookie");
        assert!(set.contains(&"PHPSESSID=1") && !set.contains(&"kelisim=1"), "{lines}: {set:?}");
        assert_eq!(set.contains(&"_ga=1"), !lines.is_empty(), "{lines}: {set:?}");
    }
}

#[test]
fn observing_changes_nothing_of_what_is_observed() {
    let shop = Origin::new(|request| {
        let cookies =
            [("content-type", "text/html"), ("set-cookie", "_ga=1"), ("set-cookie", "zzz=1"), ("etag", "\"1\"")];
        let status = if request.target().starts_with("/_kelisim/") { "404 Not Found" } else { "200 OK" };
        Answering::Bytes(answer(status, &cookies, PAGE))
    });
    let gateway = Gateway::with(&shop).site("mode = \"observe\"").start();
    let mut anna = gateway.browser();
    let page = anna.open("/");
    assert_eq!(crate::inventory::without_our_tag(&page.text()), PAGE);
    assert!(!page.shows_banner());
    assert_eq!(page.all("set-cookie"), ["_ga=1", "zzz=1"]);
    assert_eq!(page.header("content-security-policy"), None);
    assert_eq!(shop.last().header("kelisim-consent"), None);
    anna.click("/");
    assert_eq!(shop.last().header("cookie"), Some("_ga=1; zzz=1"));
    for path in ["/_kelisim/settings", "/_kelisim/choice"] {
        assert_eq!((anna.open(path).status, shop.last().target()), (404, path), "there are no pages of ours");
    }
    assert_eq!(anna.post("/_kelisim/choice", "choice=accept").status, 404);
    assert!(gateway.log().is_empty());
}
