//! Which places are tried, in which order, and that none is left out.

use super::*;
use crate::consent::Category;
use crate::cookies::{Catalogue, ObservedPlaces, Pattern, Rule};
use proptest::prelude::*;
use std::collections::HashSet;

fn refused(names: &[&str]) -> RefusedCookies {
    let mut refused = RefusedCookies::default();
    names.iter().for_each(|name| refused.add(Some(Category::Marketing), name.as_bytes()));
    refused
}

fn lines(names: &[&str], host: &str, path: &str, secure: bool, round: u64) -> Vec<String> {
    text(expiry_lines(&refused(names), std::iter::empty(), &ExpiryScope { host, path, next: None, secure }, round))
}

fn text(lines: Vec<HeaderValue>) -> Vec<String> {
    lines.iter().map(|line| String::from_utf8(line.as_bytes().to_vec()).unwrap()).collect()
}

#[test]
fn the_first_response_tries_the_likeliest_places() {
    let first = lines(&["_ga", "_fbp"], "www.example.com.kz", "/a/b", true, 0);
    let expected = [
        "_ga=; Path=/; Max-Age=-1; Secure",
        "_fbp=; Path=/; Max-Age=-1; Secure",
        "_ga=; Path=/; Domain=example.com.kz; Max-Age=-1; Secure",
        "_fbp=; Path=/; Domain=example.com.kz; Max-Age=-1; Secure",
    ];
    assert_eq!(first[..4], expected);
}

#[test]
fn every_place_that_could_have_sent_the_cookie_has_its_turn() {
    let all: HashSet<String> =
        (0..64).flat_map(|round| lines(&["x"], "a.b.example.kz", "/p/q/r", true, round)).collect();
    for path in ["/", "/p", "/p/", "/p/q", "/p/q/", "/p/q/r"] {
        for domain in ["", "; Domain=example.kz", "; Domain=b.example.kz", "; Domain=a.b.example.kz"] {
            for twin in ["", "; SameSite=None; Partitioned"] {
                let line = format!("x=; Path={path}{domain}; Max-Age=-1; Secure{twin}");
                assert!(all.contains(&line), "{line}");
            }
        }
    }
    assert_eq!(all.len(), 6 * 4 * 2);
}

#[test]
fn names_with_a_security_prefix_are_expired_only_as_they_can_have_been_set() {
    let all =
        |secure| (0..64).flat_map(move |round| lines(&["__Host-a", "__Secure-b"], "example.kz", "/p", secure, round));
    let https: HashSet<String> = all(true).collect();
    let bound: HashSet<_> = https.iter().filter(|line| line.starts_with("__Host-a")).map(String::as_str).collect();
    let plain = "__Host-a=; Path=/; Max-Age=-1; Secure";
    assert_eq!(bound, HashSet::from([plain, &format!("{plain}; SameSite=None; Partitioned")]));
    assert!(https.contains("__Secure-b=; Path=/p; Domain=example.kz; Max-Age=-1; Secure"));
    assert_eq!(all(false).count(), 0);
}

#[test]
fn names_that_browsers_take_with_http_only_alone_are_expired_with_it() {
    let first = lines(&["__Http-a", "__host-http-b", "c"], "localhost", "/", true, 0);
    for line in
        ["__Http-a=; Path=/; Max-Age=-1; Secure; HttpOnly", "__host-http-b=; Path=/; Max-Age=-1; Secure; HttpOnly"]
    {
        assert!(first.contains(&line.to_owned()), "{line}");
    }
    assert!(first.contains(&"c=; Path=/; Max-Age=-1; Secure".to_owned()));
    assert!(lines(&["__Http-a", "__host-http-b"], "localhost", "/", false, 0).is_empty());
}

/// What the site was seen to keep, read from its own lines.
fn observed(host: &str, path: &str, lines: &[&str]) -> ObservedPlaces {
    let rule = Rule {
        pattern: Pattern::expression(".*").unwrap(),
        category: Category::Marketing,
        owner: "".into(),
        purpose: "".into(),
        lifetime: "".into(),
        third_party: false,
        verified: true,
    };
    let headers = lines.iter().map(|line| (http::header::SET_COOKIE, HeaderValue::from_str(line).unwrap())).collect();
    let mut table = ObservedPlaces::default();
    table.add(table.unknown_in(&headers, &Catalogue::new(vec![rule], vec![]), host, path));
    table
}

#[test]
fn after_a_choice_observed_places_come_first_and_then_what_did_not_come_along() {
    let table = observed(
        "www.shop.kz",
        "/",
        &["x=1; Path=/; Domain=www.shop.kz", "x=1; Path=/a", "y=1; Path=/b/; Secure; Partitioned", "z=1; Path=/"],
    );
    let refused = refused(&["x"]);
    let path = "/_kelisim/choice";
    let check = |secure: bool, host: &str, expected: &[&str]| {
        for round in 0..9 {
            let scope = ExpiryScope { host, path, next: Some("/"), secure };
            let lines = text(expiry_lines(&refused, table.of(["x", "y", "z"].into_iter()), &scope, round));
            let mut first = lines[..expected.len()].to_vec();
            // The two that are kept elsewhere take turns.
            first[1..].sort();
            assert_eq!(first, expected, "{host} in round {round}");
            assert!(!lines.iter().any(|line| line.starts_with("z=")), "it would have come along");
        }
    };
    check(
        true,
        "www.shop.kz",
        &[
            "x=; Path=/; Domain=www.shop.kz; Max-Age=-1; Secure",
            "x=; Path=/a; Max-Age=-1; Secure",
            "y=; Path=/b/; Max-Age=-1; Secure; SameSite=None; Partitioned",
        ],
    );
    check(false, "www.shop.kz", &["x=; Path=/; Domain=www.shop.kz; Max-Age=-1", "x=; Path=/a; Max-Age=-1"]);
    // Another host of the site can't delete what is kept under the name of this one.
    let scope = ExpiryScope { host: "shop.kz", path, next: Some("/"), secure: false };
    let lines = text(expiry_lines(&refused, table.of(["x"].into_iter()), &scope, 0));
    assert!(lines.iter().all(|line| !line.contains("www")), "{lines:?}");
}

#[test]
fn without_a_name_that_came_only_what_is_kept_elsewhere_is_expired() {
    let table = observed("shop.kz", "/", &["x=1; Path=/", "x=1; Path=/a"]);
    let scope = ExpiryScope { host: "shop.kz", path: "/_kelisim/choice", next: Some("/"), secure: false };
    let lines = expiry_lines(&RefusedCookies::default(), table.of(["x"].into_iter()), &scope, 0);
    assert_eq!(text(lines), ["x=; Path=/a; Max-Age=-1"]);
}

#[test]
fn names_that_came_more_than_once_have_their_other_places_tried_before_others() {
    let mut refused = refused(&["once", "twice"]);
    refused.add(Some(Category::Marketing), b"twice");
    let scope = ExpiryScope { host: "localhost", path: "/a/b", next: None, secure: false };
    let lines = text(expiry_lines(&refused, std::iter::empty(), &scope, 0));
    let paths = |name: &str| -> Vec<usize> {
        let places = lines.iter().enumerate();
        places.filter(|(_, line)| line.starts_with(&format!("{name}=; Path=/a"))).map(|(place, _)| place).collect()
    };
    assert_eq!((paths("twice").len(), paths("once").len()), (4 - 1, 4 - 1));
    assert!(paths("twice").last() < paths("once").first(), "{lines:?}");
}

#[test]
fn over_http_nothing_is_marked_secure_or_partitioned() {
    let all: HashSet<String> = (0..16).flat_map(|round| lines(&["x"], "localhost", "/p/", false, round)).collect();
    let expected = ["/", "/p", "/p/"].map(|path| format!("x=; Path={path}; Max-Age=-1"));
    assert_eq!(all, HashSet::from(expected));
}

#[test]
fn a_name_of_the_gateway_is_never_expired() {
    assert_eq!(lines(&["__Host-kelisim", "kelisim_view"], "example.kz", "/", true, 0), [""; 0]);
}

proptest! {
    #[test]
    fn any_names_stay_within_the_budget_and_every_line_deletes_one_of_them(
        names in proptest::collection::vec("(__Host-|__Secure-|__Http-|__Host-Http-|kelisim_)?[ -~я]{1,200}", 0..80),
        host in "([a-z]{1,20}\\.){0,9}(kz|com|com\\.kz|test)",
        path in "(/[ -~]{0,100}){0,40}",
        secure: bool,
        round: u64,
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let refused = refused(&names);
        let lines = expiry_lines(&refused, std::iter::empty(), &ExpiryScope { host: &host, path: &path, next: None, secure }, round);
        prop_assert!(lines.iter().map(|line| line.len() + LINE_OVERHEAD_BYTES).sum::<usize>() <= BUDGET_BYTES);
        prop_assert_eq!(lines.iter().collect::<HashSet<_>>().len(), lines.len(), "a line stands twice");
        for line in &lines {
            let cookie = cookie::Cookie::parse(std::str::from_utf8(line.as_bytes()).unwrap()).unwrap();
            prop_assert!(refused.names().any(|name| name == cookie.name()));
            prop_assert!(!is_own(cookie.name().as_bytes()));
            prop_assert_eq!(cookie.value(), "");
            prop_assert!(line.as_bytes().windows(12).any(|part| part == b"; Max-Age=-1"));
            let path_sent = cookie.path().unwrap();
            prop_assert!(path_sent == "/" || path.starts_with(path_sent));
            prop_assert!(cookie.domain().is_none_or(|domain| host.ends_with(domain)));
            prop_assert_eq!(cookie.secure(), secure.then_some(true));
        }
    }
}

proptest! {
    // Each case runs thousands of rounds. Long names leave room for fewer lines than the start moves on.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_combination_has_its_turn(names in 1..8usize, depth in 0..3usize, bound in 0..3usize, secure: bool) {
        let mut all: Vec<String> = (0..names).map(|number| format!("name{number}{}", "x".repeat(number * 28))).collect();
        all.extend((0..bound).map(|number| format!("__Host-{number}")));
        let names: Vec<&str> = all.iter().map(String::as_str).collect();
        let (refused, path) = (refused(&names), "/a".repeat(depth));
        let scope = ExpiryScope { host: "www.example.kz", path: &path, next: None, secure };
        let plan = Plan::new(&refused, &scope);
        let rounds = (plan.count() * KINDS) as u64;
        let seen: HashSet<_> = (0..rounds).flat_map(|round| expiry_lines(&refused, std::iter::empty(), &scope, round)).collect();
        prop_assert_eq!(seen.len(), plan.count());
    }
}
