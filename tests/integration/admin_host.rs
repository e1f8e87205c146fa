//! The administration under a host of its own over TLS, on the listeners where the sites are.

use kelisim::admin::Role;

use crate::{
    administration::{PASSWORD, add, leaves, sign_in, signed_in},
    harness::{Browser, Gateway, Origin, Reply, shop},
};

const HOST: &str = "stats.shop.example";

/// The shop, one of whose wildcards covers the host.
fn gateway(shop: &Origin) -> Gateway {
    Gateway::with(shop).server(&format!("admin_host = \"{HOST}\"")).start()
}

/// A browser that connects to this name and asks for this host.
fn connected(gateway: &Gateway, name: &str, host: &str) -> Browser {
    let mut browser = Browser::over_tls(gateway.https(), name, &gateway.path().join("certificate.pem"));
    browser.host = host.to_owned();
    browser.sending("accept-language", "en")
}

fn visitor(gateway: &Gateway) -> Browser {
    connected(gateway, HOST, HOST)
}

fn over_tls(gateway: &Gateway, name: &str) -> Browser {
    let mut browser = visitor(gateway);
    let reply = sign_in(&mut browser, name, PASSWORD);
    let location = reply.header("location");
    assert!(reply.status == 303 && matches!(location, Some("/" | "/statistics")), "{location:?} {}", reply.text());
    browser
}

#[test]
fn who_signs_in_over_tls_has_a_cookie_that_only_this_host_can_set_and_only_tls_carries() {
    let shop = shop();
    let gateway = gateway(&shop);
    let number = add(&gateway, "anna", Role::Operator);
    let mut anna = visitor(&gateway);
    assert_eq!(anna.click("/").header("location"), Some("/sign-in"));
    let page = anna.click("/sign-in");
    assert_eq!((page.status, page.header("strict-transport-security")), (200, Some("max-age=31536000")));
    assert!(page.text().contains("type=\"password\""), "{}", page.text());
    let begun = sign_in(&mut anna, "anna", PASSWORD);
    let cookie = begun.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-kelisim-admin="), "{cookie}");
    for attribute in ["; Path=/;", "; Secure;", "; HttpOnly;", "; SameSite=Strict"] {
        assert!(cookie.contains(attribute), "{attribute}: {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let overview = anna.click("/");
    assert!(overview.text().contains("Refusals that wait"), "{}", overview.text());
    let policy = overview.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(overview.header("cache-control"), Some("no-store"));
    let head = anna.send("HEAD", "/", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(overview.body.len().to_string().as_str()));
    let export = anna.post("/export", "form=jsonl");
    assert_eq!((export.status, export.complete), (200, true));
    assert_eq!(leaves(&gateway, "access").last().unwrap()["by"], number.as_str());
    let ended = anna.post("/sign-out", "");
    assert!(ended.header("set-cookie").unwrap().contains("__Host-kelisim-admin=; Path=/; Max-Age=0; Secure;"));
    assert_eq!(anna.click("/").status, 303);
    assert_eq!(shop.count(), 0, "the site behind the wildcard is not asked");
}

#[test]
fn what_needs_no_sign_in_is_not_there() {
    let shop = shop();
    let gateway = gateway(&shop);
    add(&gateway, "anna", Role::Operator);
    for mut browser in [visitor(&gateway), over_tls(&gateway, "anna")] {
        for path in [
            "/metrics",
            "/healthz",
            "/readyz",
            "/readyz/https",
            "/readyz/consent",
            "/_kelisim/settings",
            "/_kelisim/log/checkpoint",
            "/elsewhere",
        ] {
            let reply = browser.click(path);
            assert_eq!((reply.status, &*reply.text()), (404, "nothing is here\n"), "{path}");
        }
        assert_eq!(browser.click("/style.css").status, 200);
    }
    assert!(gateway.admin("/metrics").contains("kelisim_"), "the listener has them");
    assert_eq!(shop.count(), 0);
}

#[test]
fn a_connection_for_one_name_answers_for_no_other() {
    let shop = shop();
    let gateway = gateway(&shop);
    let check = |name: &str, host: &str, expected: u16| {
        let reply = connected(&gateway, name, host).click("/sign-in");
        assert_eq!(reply.status, expected, "{name} {host}: {}", reply.text());
        assert!(expected == 200 || !reply.text().contains("password"), "{name} {host}");
    };
    check(HOST, HOST, 200);
    check(HOST, "STATS.shop.example:8443", 200);
    for host in ["shop.example", "www.shop.example", "elsewhere.example", "127.0.0.1"] {
        check(HOST, host, 421);
    }
    for name in ["shop.example", "www.shop.example", "127.0.0.1"] {
        check(name, HOST, 421);
    }
    check("shop.example", "elsewhere.example", 421);
    assert_eq!(shop.count(), 0);
    check("shop.example", "shop.example", 200);
    let address = gateway.running().admin().unwrap();
    assert_eq!(Browser::at(address, HOST).click("/sign-in").status, 421, "the listener without TLS has no name");
    let twice = format!("GET / HTTP/1.1\r\nhost: {HOST}\r\nhost: {HOST}\r\n\r\n");
    assert_eq!(visitor(&gateway).raw(twice.as_bytes()).unwrap().status, 400);
}

#[test]
fn a_page_of_the_site_can_do_nothing_here() {
    let gateway = gateway(&shop());
    add(&gateway, "anna", Role::Operator);
    let mut anna = over_tls(&gateway, "anna");
    let form = ("content-type", "application/x-www-form-urlencoded");
    for from in [
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://shop.example"),
        ("origin", "http://stats.shop.example"),
        ("origin", "null"),
        ("accept", "*/*"),
    ] {
        for path in ["/export", "/sign-out", "/sign-in", "/country"] {
            assert_eq!(anna.send("POST", path, &[form, from], b"form=csv").status, 403, "{path} {from:?}");
        }
    }
    assert_eq!(anna.click("/").status, 200, "nobody signed her out");
    assert_eq!(leaves(&gateway, "access").len(), 0);
    let ours = [form, ("origin", "https://stats.shop.example")];
    assert_eq!(anna.send("POST", "/export", &ours, b"form=csv").status, 200);
}

#[test]
fn a_session_of_one_way_is_none_of_the_other() {
    let gateway = gateway(&shop());
    add(&gateway, "anna", Role::Operator);
    let plain = signed_in(&gateway, "anna").jar.get("kelisim-admin").unwrap().clone();
    let secure = over_tls(&gateway, "anna").jar.get("__Host-kelisim-admin").unwrap().clone();
    for (name, token, expected) in [
        ("__Host-kelisim-admin", &plain, 303),
        ("kelisim-admin", &plain, 303),
        ("kelisim-admin", &secure, 303),
        ("__Host-kelisim-admin", &secure, 200),
    ] {
        assert_eq!(visitor(&gateway).holding(name, token).click("/").status, expected, "{name}");
    }
    let address = gateway.running().admin().unwrap();
    let local =
        |name: &str, token: &str| Browser::at(address, &address.to_string()).holding(name, token).click("/").status;
    assert_eq!([local("kelisim-admin", &secure), local("kelisim-admin", &plain)], [303, 200]);
    // Somebody who gave the browser a session before does not share the one that is begun now.
    let mut fixed = visitor(&gateway).holding("__Host-kelisim-admin", &"0".repeat(64));
    assert_eq!(sign_in(&mut fixed, "anna", PASSWORD).status, 303);
    assert_ne!(fixed.jar.get("__Host-kelisim-admin").unwrap(), &"0".repeat(64));
}

#[test]
fn a_stranger_who_guesses_is_held_up_and_nobody_on_the_machine_is() {
    let gateway = gateway(&shop());
    add(&gateway, "anna", Role::Operator);
    let guess = |name: &str, password: &str| sign_in(&mut visitor(&gateway), name, password).status;
    let statuses: Vec<_> =
        (0..9).map(|number| guess(if number % 2 == 0 { "anna" } else { "boris" }, "wrong")).collect();
    assert_eq!(statuses, [403, 403, 403, 403, 403, 403, 403, 403, 429]);
    assert_eq!(guess("anna", PASSWORD), 429, "this client waits, whatever it says");
    signed_in(&gateway, "anna");
    gateway.at("2026-11-22T10:10:00Z");
    assert_eq!(guess("anna", PASSWORD), 303);
}

#[test]
fn without_tls_the_host_is_sent_to_https_and_never_answers() {
    let shop = shop();
    let gateway = gateway(&shop);
    let port = gateway.https().port();
    let ask = |head: &str| -> Reply { gateway.plain_browser().raw(head.as_bytes()).unwrap() };
    for (method, host) in
        [("GET", "stats.shop.example"), ("POST", "STATS.shop.example:8080"), ("HEAD", "stats.shop.example.")]
    {
        let reply = ask(&format!("{method} /sign-in?a=b HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n"));
        let location = format!("https://stats.shop.example:{port}/sign-in?a=b");
        assert_eq!((reply.status, reply.header("location")), (308, Some(&*location)), "{method} {host}");
        assert!(reply.body.is_empty());
    }
    assert_eq!(shop.count(), 0);
    let challenge = "GET /.well-known/acme-challenge/a HTTP/1.1\r\nhost: stats.shop.example\r\n\r\n";
    assert_eq!((ask(challenge).status, shop.count()), (200, 1), "who issues certificates asks the site");
}
