//! What a gateway does while it waits for a certificate.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::{builder, failures, folder, issued, metric, shake, started, try_again};
use crate::harness::{Place, shop};

#[test]
fn a_gateway_without_a_certificate_serves_http_until_there_is_one_and_a_restart_asks_nobody() {
    let Some(place) = Place::new() else { return };
    let site = shop();
    let tls = place.tls(&["shop.example"]) + "challenge = \"http-01\"\n";
    let gateway = builder(&site, &tls).redirecting().start();
    gateway.running().renew_certificates().unwrap();
    assert_eq!(failures(&gateway, "shop.example", "unreachable"), 1, "nobody is there yet");
    let ask = || gateway.plain_browser().raw(b"GET /a HTTP/1.1\r\nhost: shop.example\r\n\r\n").unwrap();
    let plain = ask();
    assert_eq!(plain.status, 200, "http is served: browsers would keep a 308 to where TLS is refused");
    assert!(plain.text().contains("Welcome"), "{}", plain.text());
    assert!(shake(&gateway, "shop.example", &place.certificate(), &[]).is_err(), "and TLS refused");

    let pebble = place.before(&gateway, 0);
    try_again(&gateway);
    let page = pebble.browser(&gateway, "shop.example").get("/");
    assert_eq!((page.status, issued(&gateway, "shop.example")), (200, 1));
    assert_eq!(ask().status, 308);
    assert!(page.text().contains("Welcome"), "{}", page.text());
    let root = pebble.root();
    for other in ["www.shop.example", "elsewhere.example"] {
        assert!(shake(&gateway, other, &root, &[]).is_err(), "{other}");
    }
    let end = metric(&gateway, "kelisim_certificate_expiry_timestamp_seconds{name=\"shop.example\"}");
    assert!(end > u64::try_from(gateway.clock.now().seconds()).unwrap(), "{end}");
    let folder = folder(&gateway);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(&folder), mode(folder.parent().unwrap())], [0o700; 2]);
    for file in ["account.json", "shop.example.pem", "shop.example.json"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    let before = shake(&gateway, "shop.example", &root, &[]).unwrap().0;

    drop(pebble);
    let again = gateway.stopped(&site).hosts(&["shop.example", "*.shop.example", "localhost"]).tls(&tls).start();
    assert_eq!(shake(&again, "shop.example", &root, &[]).unwrap().0, before, "served from its first moment");
    again.running().renew_certificates().unwrap();
    assert!(!again.admin("/metrics").contains("kelisim_certificate_renewal_failures_total{"), "nobody was asked");
}

#[test]
fn who_comes_by_https_is_not_sent_to_a_canonical_host_that_has_no_certificate_yet() {
    let Some(place) = Place::new() else { return };
    let site = shop();
    let tls = |names: &[&str]| place.tls(names) + "challenge = \"http-01\"\n";
    let gateway = builder(&site, &tls(&["www.shop.example"])).start();
    let pebble = place.before(&gateway, 0);
    try_again(&gateway);
    assert_eq!(issued(&gateway, "www.shop.example"), 1);
    let again = gateway.stopped(&site).hosts(&["shop.example", "*.shop.example", "localhost"]);
    let again =
        again.site("canonical_host = \"shop.example\"").tls(&tls(&["www.shop.example", "shop.example"])).start();
    let page = pebble.browser(&again, "www.shop.example").get("/a");
    assert_eq!(page.status, 200, "at the other name TLS is refused");
}

#[test]
fn a_gateway_that_waits_for_its_first_certificate_is_ready_for_the_proof_and_not_for_https() {
    let Some(place) = Place::new() else { return };
    let site = shop();
    let gateway = started(&site, &(place.tls(&["shop.example"]) + "challenge = \"http-01\"\n"));
    let health = || ["/readyz", "/readyz/https"].map(|path| gateway.admin(path));
    let name = "{name=\"shop.example\"}";
    let shown =
        || ["missing", "failed_attempts"].map(|what| metric(&gateway, &format!("kelisim_certificate_{what}{name}")));
    let refused = "there is no certificate yet: every TLS handshake is refused\n";
    // A balancer that went by the second alone would keep the authority away.
    assert_eq!((health(), shown()), (["ready\n".to_owned(), refused.to_owned()], [1, 1]));
    let _pebble = place.before(&gateway, 0);
    try_again(&gateway);
    assert_eq!((health(), shown()), (["ready\n".to_owned(), "ready\n".to_owned()], [0, 0]));
}
