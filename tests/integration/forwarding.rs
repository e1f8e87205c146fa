//! Forwarding headers: what clients forge never reaches the site, and the site learns of an address what it was configured to learn.

use crate::harness::{Gateway, GatewayBuilder, Origin, Wire, ok};

fn site() -> Origin {
    Origin::answering(ok("text/plain", ""))
}

/// What the site sees of `X-Forwarded-For`, `X-Forwarded-Proto` and `Forwarded` when a proxy names a client.
fn forwarded(site: &Origin, builder: GatewayBuilder, lines: &[&str]) -> [Option<String>; 3] {
    let gateway = builder.start();
    Wire::of(&gateway.plain_browser()).ask("GET", "/", lines);
    ["x-forwarded-for", "x-forwarded-proto", "forwarded"].map(|name| site.last().header(name).map(str::to_owned))
}

#[test]
fn forged_forwarding_headers_and_their_underscore_twins_are_deleted() {
    let site = site();
    let gateway = Gateway::before(&site);
    let forged = [
        "Forwarded",
        "X-Forwarded-For",
        "X_Forwarded_For",
        "x-forwarded_for",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Port",
        "X-Forwarded-Prefix",
        "X-Forwarded-Server",
        "X-Forwarded-Scheme",
        "X-Real-IP",
        "X_Real_IP",
        "X-Client-IP",
        "Client-IP",
        "CLIENT_IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "CF_Connecting_IP",
        "CF-IPCountry",
        "Fastly-Client-IP",
        "X-Original-URL",
        "X_Original_URL",
        "X-Rewrite-URL",
        "X-Cluster-Client-IP",
        "Remote-Addr",
        "Remote_User",
        "X-Appengine-User-IP",
        "X-ProxyUser-IP",
        "Fly-Client-IP",
        "Kelisim-Consent",
        "kelisim_consent",
    ];
    let lines: Vec<String> = forged.iter().map(|name| format!("{name}: forged")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    Wire::of(&gateway.plain_browser()).ask("GET", "/", &lines);
    let seen = site.last();
    assert!(!seen.headers.iter().any(|(_, value)| value.contains("forged")), "{:?}", seen.headers);
    assert_eq!(seen.header("x-forwarded-for"), Some("127.0.0.0"));
    assert_eq!(seen.header("x-forwarded-proto"), Some("http"));
    assert_eq!(seen.header("forwarded"), Some("for=127.0.0.0;proto=http;host=\"shop.example\""));
    assert_eq!(seen.header("kelisim-consent"), Some("answered=?0, functional=?0, analytical=?0"));
}

#[test]
fn the_site_learns_of_the_address_what_is_configured() {
    let site = site();
    let trusting = || Gateway::with(&site).server("trusted_proxies = [\"127.0.0.0/8\"]");
    let lines = ["x-forwarded-for: 192.0.2.66, 198.51.100.77", "x-forwarded-proto: https"];
    let some = |text: &str| Some(text.to_owned());
    for (form, shown, in_full) in [
        ("truncated", some("198.51.100.0"), "for=198.51.100.0"),
        ("none", None, "for=unknown"),
        ("full", some("198.51.100.77"), "for=198.51.100.77"),
    ] {
        let builder = trusting().site(&format!("client_address = \"{form}\""));
        let expected = [shown, some("https"), Some(format!("{in_full};proto=https;host=\"shop.example\""))];
        assert_eq!(forwarded(&site, builder, &lines), expected, "{form}");
        assert!(form == "full" || !format!("{:?}", site.last().headers).contains("100.77"), "{form}");
    }
    let six = ["x-forwarded-for: 2001:db8:1:2:3:4:5:6"];
    let [address, _, header] = forwarded(&site, trusting(), &six);
    assert_eq!(address, some("2001:db8:1::"));
    assert!(header.unwrap().starts_with("for=\"[2001:db8:1::]\";"));
    let [address, scheme, _] = forwarded(&site, Gateway::with(&site), &lines);
    assert_eq!((address, scheme), (some("127.0.0.0"), some("http")), "nobody is trusted");
}

#[test]
fn a_path_may_tell_less_of_the_address_than_the_site() {
    let site = site();
    let rule = "[[site.path]]\nprefix = \"/stats/\"\nclient_address = \"none\"";
    let gateway = Gateway::with(&site).tables(rule).start();
    gateway.plain_browser().get("/stats/a");
    assert_eq!(site.last().header("x-forwarded-for"), None);
    gateway.plain_browser().get("/other");
    assert_eq!(site.last().header("x-forwarded-for"), Some("127.0.0.0"));
}

#[test]
fn via_grows_in_both_directions() {
    let site = Origin::answering(b"HTTP/1.1 200 OK\r\nvia: 1.1 behind\r\ncontent-length: 0\r\n\r\n".to_vec());
    let gateway = Gateway::before(&site);
    let reply = Wire::of(&gateway.plain_browser()).ask("GET", "/", &["via: 1.1 front"]);
    let seen = site.last();
    let vias: Vec<_> = seen.headers.iter().filter(|(name, _)| name == "via").map(|(_, value)| value.as_str()).collect();
    assert_eq!(vias, ["1.1 front", "1.1 kelisim"]);
    assert_eq!(reply.all("via"), ["1.1 behind", "1.1 kelisim"]);
}
