//! Clocks that jump, forward and back: what was granted keeps its dates, nothing lives for longer than it may, nobody is locked out, and the log stays
//! one that can be checked.

use std::process::Command;

use kelisim::{admin::Role, clock::Clock, timestamp::Timestamp};

use crate::{
    acme::{self, failures, issued, pass},
    administration::{PASSWORD, add, sign_in, signed_in},
    harness::{Browser, Gateway, GatewayBuilder, Origin, Place, kelisim, shop},
};

const NOW: &str = "2026-11-22T10:00:00Z";

fn gateway(shop: &Origin) -> GatewayBuilder {
    Gateway::with(shop).edition("first", "2026-01-01", false)
}

#[test]
fn a_record_outlives_no_term_and_a_clock_that_comes_back_finds_it_again() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    anna.choose("accept");
    let record = anna.jar["__Host-kelisim"].clone();
    let asked = || gateway.browser().holding("__Host-kelisim", &record).click("/").shows_banner();
    assert!(!asked());
    for (moment, expected) in [
        ("2026-11-22T09:56:00Z", false), // machines may disagree a little
        ("2026-11-22T09:00:00Z", true),  // one from the future has no term that could be known
        (NOW, false),
        ("2056-11-22T10:00:00Z", true),
        (NOW, false),
        ("2026-02-01T00:00:00Z", true),
        (NOW, false),
    ] {
        gateway.at(moment);
        assert_eq!(asked(), expected, "{moment}");
        assert_eq!(shop.last().header("kelisim-consent").is_some_and(|said| said.contains("answered=?0")), expected);
    }
}

#[test]
fn choices_while_the_clock_jumps_are_all_in_a_log_that_can_be_checked() {
    let shop = shop();
    let started = gateway(&shop).server("[server.limits]\nchoices_per_minute = 10000").start();
    let moments = [NOW, "2026-11-22T10:30:00Z", "2026-11-22T08:00:00Z", "2027-03-01T00:00:00Z", NOW];
    for moment in moments {
        started.at(moment);
        for _ in 0..3 {
            assert_eq!(started.browser().choose("accept").status, 303, "{moment}");
        }
    }
    assert_eq!(started.log().len(), 3 * moments.len());
    // And so it is after a restart under the earliest of them.
    started.at("2026-11-22T08:00:00Z");
    let again = started.stopped(&shop).edition("first", "2026-01-01", false).start();
    assert_eq!(again.browser().choose("accept").status, 303);
    let folder = again.stopped(&shop).folder();
    let bundle = folder.path().join("bundle.zip");
    let export = kelisim(folder.path(), &["log", "export", "--format", "bundle", "--out", bundle.to_str().unwrap()]);
    assert!(export.status.success(), "{export:?}");
    let mut verify = Command::new(env!("CARGO_BIN_EXE_kelisim"));
    let said = verify.args(["log", "verify", "--json"]).arg(&bundle).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    // Times that run backwards are said; that something is missing or changed is not.
    let problems = report["problems"].as_array().unwrap().iter().map(|problem| problem["problem"].as_str().unwrap());
    let others: Vec<_> = problems.filter(|problem| !["time_order", "forward_dated"].contains(problem)).collect();
    assert!(others.is_empty(), "{report:#}");
}

#[test]
fn limits_of_a_minute_are_over_after_a_jump_in_either_direction() {
    let shop = shop();
    let gateway = gateway(&shop).server("[server.limits]\nchoices_per_minute = 2").start();
    let statuses = || [(); 3].map(|()| gateway.browser().choose("accept").status);
    assert_eq!(statuses(), [303, 303, 429]);
    for moment in ["2036-01-01T00:00:00Z", NOW, "2026-02-01T00:00:00Z", NOW] {
        gateway.at(moment);
        let allowed = statuses().iter().filter(|status| **status != 429).count();
        assert_eq!(allowed, 2, "{moment}");
    }
}

#[test]
fn who_guessed_while_the_clock_was_ahead_locks_nobody_out_and_who_signed_in_is_signed_out() {
    let gateway = gateway(&shop()).start();
    add(&gateway, "anna", Role::Operator);
    let address = gateway.running().admin().unwrap();
    gateway.at("2036-01-01T00:00:00Z");
    let mut anna = signed_in(&gateway, "anna");
    assert_eq!(anna.click("/").status, 200);
    let stranger = || Browser::at(address, &address.to_string());
    let guesses: Vec<_> = (0..20).map(|_| sign_in(&mut stranger(), "anna", "wrong").status).collect();
    assert_eq!(guesses.last(), Some(&429));
    gateway.at(NOW);
    assert_eq!(anna.click("/").status, 303, "a session ends half an hour after its last use, whatever clocks say");
    assert_eq!(sign_in(&mut stranger(), "anna", PASSWORD).status, 303, "she gets in");
}

#[test]
fn a_clock_that_was_ahead_when_a_certificate_was_asked_for_in_vain_stops_no_renewal() {
    for restarts in [false, true] {
        let Some(place) = Place::new() else { return };
        let site = shop();
        let tls = place.tls(&["shop.example"]);
        let builder = acme::builder(&site, &tls);
        builder.clock().set(Timestamp::parse("2056-01-01T00:00:00Z").unwrap());
        let mut gateway = builder.start();
        gateway.running().renew_certificates().unwrap();
        assert_eq!(failures(&gateway, "shop.example", "unreachable"), 1, "nobody is there yet");
        if restarts {
            let builder = gateway.stopped(&site).hosts(&["shop.example", "localhost"]).tls(&tls);
            builder.clock().set(Clock::system().now());
            gateway = builder.start();
        }
        gateway.clock.set(Clock::system().now());
        gateway.running().renew_certificates().unwrap();
        let _pebble = place.before(&gateway, 0);
        // As long as a first failure is waited for at most.
        pass(&gateway, 6);
        gateway.running().renew_certificates().unwrap();
        assert_eq!(issued(&gateway, "shop.example"), 1, "{}", gateway.admin("/metrics"));
    }
}
