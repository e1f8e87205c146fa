//! Authorities that say no, or nothing: what a gateway makes of it.

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{failures, folder, issued, pass, started, try_again};
use crate::harness::{Origin, Place, RequestSeen, answer, ok, shop};

/// Where the authority takes orders.
const ORDERS: &str = "/order-plz";

/// What is signed in a request to an authority (RFC 8555, section 6.2).
fn signed(request: &RequestSeen) -> serde_json::Value {
    let envelope: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let payload = URL_SAFE_NO_PAD.decode(envelope["payload"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap_or_default()
}

fn refused(kind: &str, detail: &str) -> Vec<u8> {
    let problem = serde_json::json!({ "type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail });
    answer("403 Forbidden", &[("content-type", "application/problem+json")], &problem.to_string())
}

#[test]
fn a_name_whose_certificate_another_account_got_is_renewed() {
    let Some(place) = Place::new() else { return };
    let site = shop();
    let replacing = Arc::new(AtomicUsize::new(0));
    let counted = replacing.clone();
    let windows = |json: &mut serde_json::Value, own: &str| json["renewalInfo"] = format!("{own}/when").into();
    let directory = place.through(windows, move |request| {
        if request.target().starts_with("/when/") {
            return Some(refused("malformed", "no windows today"));
        }
        let replaces = request.target() == ORDERS && signed(request).get("replaces").is_some();
        replaces.then(|| {
            counted.fetch_add(1, Ordering::SeqCst);
            // As Let's Encrypt says it.
            refused("unauthorized", "requester account did not request the certificate being replaced by this order")
        })
    });
    let gateway = started(&site, &place.tls(&["shop.example"]).replace(&place.directory(), &directory));
    let _pebble = place.before(&gateway, 0);
    try_again(&gateway);
    assert_eq!((issued(&gateway, "shop.example"), replacing.load(Ordering::SeqCst)), (1, 0));
    // The file was damaged, say, and the advice for that was followed.
    fs::remove_file(folder(&gateway).join("account.json")).unwrap();
    pass(&gateway, 41 * 30 * 24 * 60);
    gateway.running().renew_certificates().unwrap();
    assert_eq!((issued(&gateway, "shop.example"), replacing.load(Ordering::SeqCst)), (2, 1));
}

#[test]
fn an_account_that_is_refused_is_told_as_one_and_not_as_another_server() {
    let Some(place) = Place::new() else { return };
    let orders = |request: &RequestSeen| {
        (request.target() == ORDERS).then(|| refused("unauthorized", "the account is deactivated"))
    };
    let directory = place.through(|_, _| {}, orders);
    let gateway = started(&shop(), &place.tls(&["shop.example"]).replace(&place.directory(), &directory));
    let _pebble = place.before(&gateway, 0);
    try_again(&gateway);
    assert_eq!(failures(&gateway, "shop.example", "account"), 1, "{}", gateway.admin("/metrics"));
}

/// An authority whose proofs never end: it looks again and again, and says at the challenge what it saw.
fn looks_on(request: &RequestSeen, saw: &serde_json::Value) -> Option<Vec<u8>> {
    let own = format!("https://{}", request.header("host").unwrap());
    let challenges = ["http-01", "tls-alpn-01"].map(|kind| {
        let mut one = serde_json::json!({ "type": kind, "status": "pending", "token": "t", "url": format!("{own}/c") });
        if !saw.is_null() {
            one["error"] = saw.clone();
        }
        one
    });
    // Nobody who waits for a limited time waits for that.
    let said = |json: serde_json::Value| {
        answer("200 OK", &[("content-type", "application/json"), ("retry-after", "86400")], &json.to_string())
    };
    let name = serde_json::json!({ "type": "dns", "value": "shop.example" });
    match request.target().split('/').nth(1)? {
        "my-order" => Some(said(serde_json::json!({
            "status": "pending", "identifiers": [name], "authorizations": [format!("{own}/looks-on")], "finalize": format!("{own}/f"),
        }))),
        "looks-on" => {
            Some(said(serde_json::json!({ "status": "pending", "identifier": name, "challenges": challenges })))
        }
        "chalZ" => Some(said(
            serde_json::json!({ "type": "http-01", "status": "pending", "token": "t", "url": format!("{own}/c") }),
        )),
        _ => None,
    }
}

#[test]
fn a_proof_that_never_ends_is_a_matter_of_the_name_and_the_other_challenge_gets_its_turn() {
    let Some(place) = Place::new() else { return };
    let (site, other) = (shop(), Origin::answering(ok("text/plain", "who is there?")));
    // What the authority saw, as long as it looks on.
    let sees = Arc::new(Mutex::new(Some(serde_json::Value::Null)));
    let seen = sees.clone();
    let directory = place.through(|_, _| {}, move |request| looks_on(request, seen.lock().unwrap().as_ref()?));
    let gateway = started(&site, &place.tls(&["shop.example"]).replace(&place.directory(), &directory));
    let _pebble = place.start(other.address().port(), gateway.https().port(), 0);
    let failed = |reason: &str| {
        try_again(&gateway);
        failures(&gateway, "shop.example", reason)
    };
    assert_eq!(failed("unproved"), 1, "{}", gateway.admin("/metrics"));
    let refusal = "urn:ietf:params:acme:error:connection";
    *sees.lock().unwrap() = Some(serde_json::json!({ "type": refusal, "detail": "connection refused" }));
    assert_eq!(failed("connection"), 1, "{}", gateway.admin("/metrics"));
    *sees.lock().unwrap() = None;
    assert_eq!(failed("elsewhere"), 1, "by http again, where another server is: {}", gateway.admin("/metrics"));
    try_again(&gateway);
    assert_eq!(issued(&gateway, "shop.example"), 1, "and by a handshake");
}
