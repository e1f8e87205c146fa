//! Certificates from an authority: a real one, `pebble`, which looks for the proofs where a gateway gives them.

mod refusals;
mod waiting;

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use kelisim::clock::Clock;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};

use crate::harness::{Gateway, GatewayBuilder, Origin, Place, Wire, answer, ok, shop};

/// A gateway with nothing but what the authority gives, which was asked in vain: it is not there yet.
fn started(shop: &Origin, tls: &str) -> Gateway {
    let gateway = builder(shop, tls).start();
    gateway.running().renew_certificates().unwrap();
    gateway
}

/// The same before its start, on the machine's time: certificates say when they are valid.
pub(crate) fn builder(shop: &Origin, tls: &str) -> GatewayBuilder {
    let builder = Gateway::with(shop).hosts(&["shop.example", "*.shop.example", "localhost"]).tls(tls);
    builder.clock().set(Clock::system().now());
    builder
}

/// As many minutes later.
pub(crate) fn pass(gateway: &Gateway, minutes: u64) {
    gateway.clock.set(gateway.clock.now().plus(std::time::Duration::from_secs(minutes * 60)));
}

/// Tries again what failed before.
fn try_again(gateway: &Gateway) {
    pass(gateway, 24 * 60);
    gateway.running().renew_certificates().unwrap();
}

/// Shakes hands under a name with these protocols; the certificate and the protocol agreed on. Trusts whoever follows from the root.
fn shake(
    gateway: &Gateway,
    name: &str,
    root: &Path,
    protocols: &[&[u8]],
) -> std::io::Result<(Vec<u8>, Option<Vec<u8>>)> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(root).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(name.to_owned()).unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(gateway.https()).unwrap());
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    let certificate = stream.conn.peer_certificates().unwrap()[0].to_vec();
    Ok((certificate, stream.conn.alpn_protocol().map(<[u8]>::to_vec)))
}

/// The number that a metric shows, 0 where there is none.
fn metric(gateway: &Gateway, line: &str) -> u64 {
    let page = gateway.admin("/metrics");
    let found = page.lines().find_map(|shown| shown.strip_prefix(line)?.strip_prefix(' '));
    found.map_or(0, |number| number.parse().unwrap())
}

pub(crate) fn failures(gateway: &Gateway, name: &str, reason: &str) -> u64 {
    metric(gateway, &format!("kelisim_certificate_renewal_failures_total{{name=\"{name}\",reason=\"{reason}\"}}"))
}

pub(crate) fn issued(gateway: &Gateway, name: &str) -> u64 {
    metric(gateway, &format!("kelisim_certificate_renewals_total{{name=\"{name}\"}}"))
}

/// Questions of the authority that were answered.
fn answered(gateway: &Gateway, challenge: &str) -> u64 {
    metric(gateway, &format!("kelisim_acme_challenges_answered_total{{challenge=\"{challenge}\"}}"))
}

/// The folder of the only authority there is.
fn folder(gateway: &Gateway) -> PathBuf {
    let mut folders = fs::read_dir(gateway.path().join("state/acme")).unwrap();
    folders.next().unwrap().unwrap().path()
}

#[test]
fn names_are_proved_by_a_handshake_and_an_authority_that_refuses_nonces_is_asked_again() {
    let Some(place) = Place::new() else { return };
    let site = shop();
    let names = ["shop.example", "www.shop.example"];
    let gateway = started(&site, &(place.tls(&names) + "challenge = \"tls-alpn-01\"\n"));
    // No plain listener is there for it.
    let pebble = place.start(1, gateway.https().port(), 20);
    for _ in 0..5 {
        try_again(&gateway);
    }
    let root = pebble.root();
    for name in names {
        assert_eq!(pebble.browser(&gateway, name).get("/").status, 200, "{name}");
        assert_eq!(issued(&gateway, name), 1, "{name}");
        let spoken = |protocols: &[&[u8]]| shake(&gateway, name, &root, protocols).map(|(_, spoken)| spoken);
        assert_eq!(spoken(&[b"acme-tls/1", b"h2"]).unwrap().as_deref(), Some(&b"h2"[..]), "a visitor stays one");
        assert!(spoken(&[b"acme-tls/1"]).is_err(), "nothing waits for a proof");
    }
    assert_eq!(site.count(), 2, "an authority never reaches the site");
}

#[test]
fn a_challenge_that_fails_is_followed_by_the_other() {
    let Some(place) = Place::new() else { return };
    let (site, other) = (shop(), Origin::answering(ok("text/plain", "who is there?")));
    let gateway = started(&site, &place.tls(&["shop.example"]));
    let _pebble = place.start(other.address().port(), gateway.https().port(), 0);
    try_again(&gateway);
    try_again(&gateway);
    assert_eq!(failures(&gateway, "shop.example", "elsewhere"), 1, "{}", gateway.admin("/metrics"));
    assert_eq!(issued(&gateway, "shop.example"), 1);
    assert!(other.last().target().starts_with("/.well-known/acme-challenge/"), "another server was asked");
    let plan = fs::read_to_string(folder(&gateway).join("shop.example.json")).unwrap();
    assert!(plan.contains("\"challenge\":\"tls-alpn-01\""), "what worked goes first the next time: {plan}");
}

#[test]
fn a_name_that_leads_elsewhere_is_told_and_holds_up_no_other() {
    let Some(place) = Place::new() else { return };
    let site = shop();
    let names = ["lost.shop.example", "old.shop.example", "shop.example"];
    let gateway = started(&site, &(place.tls(&names) + "challenge = \"http-01\"\n"));
    let pebble = place.before(&gateway, 0);
    pebble.lose("lost.shop.example");
    // On this address of the machine nobody listens.
    pebble.lead("old.shop.example", "127.0.0.99");
    try_again(&gateway);
    try_again(&gateway);
    assert_eq!(pebble.browser(&gateway, "shop.example").get("/").status, 200);
    // Pebble calls a name server that fails a failure of the connection.
    assert!(failures(&gateway, "lost.shop.example", "connection") >= 1, "{}", gateway.admin("/metrics"));
    assert!(failures(&gateway, "old.shop.example", "connection") >= 1, "{}", gateway.admin("/metrics"));
    assert!(shake(&gateway, "old.shop.example", &pebble.root(), &[]).is_err());
    pebble.lead("old.shop.example", "127.0.0.1");
    try_again(&gateway);
    assert_eq!(pebble.browser(&gateway, "old.shop.example").get("/").status, 200, "mended");
    assert_eq!(issued(&gateway, "shop.example"), 1, "once was enough");
}

#[test]
fn a_file_goes_before_what_an_authority_issued() {
    let Some(place) = Place::new() else { return };
    let site = shop();
    let files = "[tls]\ncertificates = [{ certificate = \"certificate.pem\", key = \"key.pem\" }]\n";
    let gateway = started(&site, &(files.to_owned() + &place.tls(&["shop.example"])));
    let _pebble = place.before(&gateway, 0);
    try_again(&gateway);
    assert_eq!(issued(&gateway, "shop.example"), 1);
    let file = gateway.path().join("certificate.pem");
    let served = shake(&gateway, "shop.example", &file, &[]).unwrap().0;
    assert_eq!(served, CertificateDer::from_pem_file(&file).unwrap().to_vec());
}

#[test]
fn the_host_of_the_administration_is_proved_before_it_is_redirected() {
    let Some(place) = Place::new() else { return };
    let site = shop();
    let tls = place.tls(&["stats.shop.example"]) + "challenge = \"http-01\"\n";
    let gateway = builder(&site, &tls).server("admin_host = \"stats.shop.example\"").redirecting().start();
    gateway.running().renew_certificates().unwrap();
    let pebble = place.before(&gateway, 0);
    try_again(&gateway);
    let page = pebble.browser(&gateway, "stats.shop.example").get("/sign-in");
    assert_eq!((page.status, site.count()), (200, 0), "{}", page.text());
}

#[test]
fn names_come_and_go_with_a_reload() {
    let Some(place) = Place::new() else { return };
    let site = shop();
    let gateway = started(&site, &place.tls(&["shop.example"]));
    let pebble = place.before(&gateway, 0);
    try_again(&gateway);
    let root = pebble.root();
    let served = |name: &str| shake(&gateway, name, &root, &[]).ok().map(|(certificate, _)| certificate);
    let first = served("shop.example").unwrap();
    let reload = |from: &str, to: &str| {
        let file = gateway.path().join("kelisim.toml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&file, text.replace(from, to)).unwrap();
        gateway.running().reload().map(|_| gateway.running().renew_certificates().unwrap())
    };
    reload("names = [\"shop.example\"]", "names = [\"shop.example\", \"www.shop.example\"]").unwrap();
    assert_eq!(served("shop.example").as_ref(), Some(&first), "what is there is not asked for again");
    assert!(served("www.shop.example").is_some());
    assert_eq!([issued(&gateway, "shop.example"), issued(&gateway, "www.shop.example")], [1, 1]);
    assert!(reload("\"www.shop.example\"]", "\"*.shop.example\"]").is_err(), "a wildcard");
    assert!(served("www.shop.example").is_some(), "a bad file changes nothing");
    reload("[\"shop.example\", \"*.shop.example\"]\ndirectory", "[\"www.shop.example\"]\ndirectory").unwrap();
    assert_eq!((served("shop.example"), served("www.shop.example").is_some()), (None, true));
}

#[test]
fn nobody_agrees_to_terms_unasked() {
    let Some(place) = Place::new() else { return };
    let tls = place.tls(&["shop.example"]).replace("agreed = true", "agreed = false");
    let gateway = started(&shop(), &tls);
    let _pebble = place.before(&gateway, 0);
    try_again(&gateway);
    assert_eq!(failures(&gateway, "shop.example", "terms"), 1);
    assert!(!folder(&gateway).join("account.json").exists());
}

#[test]
fn a_certificate_is_renewed_in_time_and_an_authority_that_forgot_the_account_gets_another() {
    let Some(place) = Place::new() else { return };
    let site = shop();
    let gateway = started(&site, &place.tls(&["shop.example"]));
    let pebble = place.before(&gateway, 0);
    try_again(&gateway);
    let root = pebble.root();
    let first = shake(&gateway, "shop.example", &root, &[]).unwrap().0;
    let account = fs::read_to_string(folder(&gateway).join("account.json")).unwrap();
    let mut open = Wire::of(&pebble.browser(&gateway, "shop.example"));
    assert_eq!(open.ask("GET", "/", &[]).status, 200);
    gateway.running().renew_certificates().unwrap();
    assert_eq!(issued(&gateway, "shop.example"), 1, "it is not due");

    drop(pebble);
    let pebble = place.before(&gateway, 0);
    // Two thirds of the five years that pebble gives.
    pass(&gateway, 41 * 30 * 24 * 60);
    gateway.running().renew_certificates().unwrap();
    assert_eq!(issued(&gateway, "shop.example"), 2);
    let second = shake(&gateway, "shop.example", &pebble.root(), &[]).unwrap().0;
    assert_ne!(first, second);
    assert_ne!(fs::read_to_string(folder(&gateway).join("account.json")).unwrap(), account);
    assert!(folder(&gateway).join("account.json.old").exists());
    assert_eq!(open.ask("GET", "/", &[]).status, 200, "a connection goes on");
}

#[test]
fn an_authority_that_says_when_to_renew_is_believed() {
    let Some(place) = Place::new() else { return };
    let site = shop();
    let window = Arc::new(Mutex::new((String::from("2099-01-01T00:00:00Z"), String::from("2099-01-02T00:00:00Z"))));
    let said = window.clone();
    let also = |json: &mut serde_json::Value, own: &str| json["renewalInfo"] = format!("{own}/when").into();
    let directory = place.changed(also, move |request| {
        assert!(request.target().starts_with("/when/") && request.target().contains('.'), "{}", request.target());
        let (start, end) = said.lock().unwrap().clone();
        let json = serde_json::json!({ "suggestedWindow": { "start": start, "end": end } }).to_string();
        answer("200 OK", &[("content-type", "application/json"), ("retry-after", "21600")], &json)
    });
    let tls = place.tls(&["shop.example"]).replace(&place.directory(), &directory);
    let gateway = started(&site, &tls);
    let pebble = place.before(&gateway, 0);
    try_again(&gateway);
    let first = shake(&gateway, "shop.example", &pebble.root(), &[]).unwrap().0;
    pass(&gateway, 60);
    gateway.running().renew_certificates().unwrap();
    assert_eq!(issued(&gateway, "shop.example"), 1);
    *window.lock().unwrap() = ("2026-01-01T00:00:00Z".to_owned(), "2026-01-02T00:00:00Z".to_owned());
    gateway.running().renew_certificates().unwrap();
    assert_eq!(issued(&gateway, "shop.example"), 1, "it is not asked more often than it wants");
    pass(&gateway, 7 * 60);
    gateway.running().renew_certificates().unwrap();
    assert_eq!(issued(&gateway, "shop.example"), 1, "what has just come is rested from, whatever is said of it");
    pass(&gateway, 16 * 60);
    gateway.running().renew_certificates().unwrap();
    assert_eq!(issued(&gateway, "shop.example"), 2, "its window is past");
    assert_ne!(shake(&gateway, "shop.example", &pebble.root(), &[]).unwrap().0, first);
}

#[test]
fn an_authority_that_wants_to_be_left_alone_is() {
    let Some(place) = Place::new() else { return };
    let site = shop();
    let asked = Arc::new(AtomicUsize::new(0));
    let orders = asked.clone();
    let elsewhere = |json: &mut serde_json::Value, own: &str| json["newOrder"] = format!("{own}/order").into();
    let directory = place.changed(elsewhere, move |request| {
        assert_eq!(request.target(), "/order");
        orders.fetch_add(1, Ordering::SeqCst);
        let problem = r#"{"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many"}"#;
        let headers = [("content-type", "application/problem+json"), ("retry-after", "259200")];
        answer("429 Too Many Requests", &headers, problem)
    });
    let tls = place.tls(&["shop.example", "www.shop.example"]).replace(&place.directory(), &directory);
    let gateway = started(&site, &tls);
    let _pebble = place.before(&gateway, 0);
    try_again(&gateway);
    assert_eq!(failures(&gateway, "shop.example", "rate_limited"), 1, "{}", gateway.admin("/metrics"));
    gateway.running().renew_certificates().unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1, "the other name waits a little");
    try_again(&gateway);
    try_again(&gateway);
    assert_eq!(asked.load(Ordering::SeqCst), 2, "three days are three days");
    try_again(&gateway);
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[test]
fn what_nobody_asked_for_goes_on_to_the_site() {
    let Some(place) = Place::new() else { return };
    let site = shop();
    let gateway = builder(&site, &place.tls(&["www.shop.example"])).redirecting().start();
    let ask = |target: &str| {
        let request = format!("GET {target} HTTP/1.1\r\nhost: shop.example\r\n\r\n");
        gateway.plain_browser().raw(request.as_bytes()).unwrap()
    };
    for target in ["/.well-known/acme-challenge/abc", "/.well-known/acme-challenge/", "/.well-known/acme-challenge/a/b"]
    {
        assert!(ask(target).text().contains("Welcome"), "{target}: the site may have an authority of its own");
    }
    assert_eq!(ask("/.well-known/acme-challeng/abc").status, 308);
}

#[test]
fn what_an_authority_asks_is_counted_for_each_challenge() {
    let Some(place) = Place::new() else { return };
    let (site, other) = (shop(), Origin::answering(ok("text/plain", "who is there?")));
    let by =
        |name: &str| builder(&site, &(place.tls(&["shop.example"]) + &format!("challenge = \"{name}\"\n"))).start();
    let (plain, handshakes) = (by("http-01"), by("tls-alpn-01"));
    let pebble = place.before(&plain, 0);
    try_again(&plain);
    assert!(answered(&plain, "http-01") > 0 && answered(&plain, "tls-alpn-01") == 0, "{}", plain.admin("/metrics"));
    drop(pebble);
    let _pebble = place.start(other.address().port(), handshakes.https().port(), 0);
    try_again(&handshakes);
    assert!(answered(&handshakes, "tls-alpn-01") > 0, "{}", handshakes.admin("/metrics"));
    assert_eq!([&plain, &handshakes].map(|gateway| issued(gateway, "shop.example")), [1, 1]);
}
