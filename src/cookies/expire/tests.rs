//! Which places are tried, in which order, and that none is left out.

use super::*;
use crate::consent::Category;
use proptest::prelude::*;
use std::collections::HashSet;

fn refused(names: &[&str]) -> RefusedCookies {
    let mut refused = RefusedCookies::default();
    names.iter().for_each(|name| refused.add(Some(Category::Marketing), name.as_bytes()));
    refused
}

fn lines(names: &[&str], host: &str, path: &str, secure: bool, round: u64) -> Vec<String> {
    let lines = expiry_lines(&refused(names), &ExpiryScope { host, path, secure }, round);
    lines.iter().map(|line| line.to_str().unwrap().to_owned()).collect()
}

#[test]
fn the_first_response_tries_the_likeliest_places() {
    let first = lines(&["_ga", "_fbp"], "www.example.com.kz", "/a/b", true, 0);
    let expected = [
        "_ga=; Path=/; Max-Age=0; Secure",
        "_fbp=; Path=/; Max-Age=0; Secure",
        "_ga=; Path=/; Domain=example.com.kz; Max-Age=0; Secure",
        "_fbp=; Path=/; Domain=example.com.kz; Max-Age=0; Secure",
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
                let line = format!("x=; Path={path}{domain}; Max-Age=0; Secure{twin}");
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
    let plain = "__Host-a=; Path=/; Max-Age=0; Secure";
    assert_eq!(bound, HashSet::from([plain, &format!("{plain}; SameSite=None; Partitioned")]));
    assert!(https.contains("__Secure-b=; Path=/p; Domain=example.kz; Max-Age=0; Secure"));
    assert_eq!(all(false).count(), 0);
}

#[test]
fn over_http_nothing_is_marked_secure_or_partitioned() {
    let all: HashSet<String> = (0..16).flat_map(|round| lines(&["x"], "localhost", "/p/", false, round)).collect();
    let expected = ["/", "/p", "/p/"].map(|path| format!("x=; Path={path}; Max-Age=0"));
    assert_eq!(all, HashSet::from(expected));
}

#[test]
fn addresses_public_suffixes_and_odd_hosts_have_no_domain() {
    for host in ["127.0.0.1", "[::1]", "::1", "localhost", "kz", "com.kz", "example.kz.", "example.kz; a", ".", ""] {
        assert_eq!(domains(host), [None], "{host}");
    }
    assert_eq!(domains("example.kz"), [None, Some("example.kz")]);
    let deep = format!("{}example.kz", "a.".repeat(100));
    assert_eq!(domains(&deep).len(), 1 + MOST_DOMAINS);
}

#[test]
fn a_path_is_cut_where_the_attribute_could_not_hold_it() {
    assert_eq!(paths("/a;b/c"), ["/"]);
    assert_eq!(paths("/a/b c/d"), ["/", "/a", "/a/"]);
    assert_eq!(paths(""), ["/"]);
    assert_eq!(paths("*"), ["/"]);
    assert_eq!(paths("//a"), ["/", "//", "//a"]);
    assert_eq!(paths(&"/a".repeat(1000)).len(), MOST_PATHS);
}

#[test]
fn a_name_of_the_gateway_is_never_expired() {
    assert_eq!(lines(&["__Host-kelisim", "kelisim_view"], "example.kz", "/", true, 0), [""; 0]);
}

proptest! {
    #[test]
    fn any_names_stay_within_the_budget_and_every_line_deletes_one_of_them(
        names in proptest::collection::vec("(__Host-|__Secure-|kelisim_)?[!-~]{1,200}", 0..80),
        host in "([a-z]{1,20}\\.){0,9}(kz|com|com\\.kz|test)",
        path in "(/[ -~]{0,100}){0,40}",
        secure: bool,
        round: u64,
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let refused = refused(&names);
        let lines = expiry_lines(&refused, &ExpiryScope { host: &host, path: &path, secure }, round);
        prop_assert!(lines.iter().map(|line| line.len() + LINE_OVERHEAD_BYTES).sum::<usize>() <= BUDGET_BYTES);
        prop_assert_eq!(lines.iter().collect::<HashSet<_>>().len(), lines.len(), "a line stands twice");
        for line in &lines {
            let cookie = cookie::Cookie::parse(line.to_str().unwrap()).unwrap();
            prop_assert!(refused.names().any(|name| name == cookie.name()));
            prop_assert!(!is_own(cookie.name().as_bytes()));
            prop_assert_eq!(cookie.value(), "");
            prop_assert_eq!(cookie.max_age(), Some(cookie::time::Duration::ZERO));
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
        let scope = ExpiryScope { host: "www.example.kz", path: &path, secure };
        let plan = Plan::new(&refused, &scope);
        let rounds = plan.count() as u64 * OTHERS_FIRST_EVERY;
        let seen: HashSet<_> = (0..rounds).flat_map(|round| expiry_lines(&refused, &scope, round)).collect();
        prop_assert_eq!(seen.len(), plan.count());
    }
}
