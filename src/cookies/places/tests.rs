//! What is learned from a site's lines, what is not, and that no flood makes the table grow.

use super::*;
use crate::consent::CategorySet;
use crate::cookies::{Pattern, Rule, Unknown};
use http::HeaderValue;
use proptest::prelude::*;

fn catalogue() -> Catalogue {
    let rule = |pattern: &str, category| Rule {
        pattern: Pattern::name(pattern).unwrap(),
        category,
        owner: "".into(),
        purpose: "".into(),
        lifetime: "".into(),
        third_party: false,
        verified: true,
    };
    let rules = [("sid", Category::Necessary), ("font", Category::Functional), ("_ga*", Category::Analytical)];
    Catalogue::new(rules.map(|(pattern, category)| rule(pattern, category)).into(), Vec::new())
}

fn headers<'a>(lines: impl IntoIterator<Item = &'a str>) -> HeaderMap {
    lines.into_iter().map(|line| (SET_COOKIE, HeaderValue::from_str(line).unwrap())).collect()
}

fn learn(table: &mut ObservedPlaces, host: &str, path: &str, line: &str) -> usize {
    let new = table.unknown_in(&headers([line]), &catalogue(), host, path);
    let count = new.len();
    table.add(new);
    count
}

fn places(table: &ObservedPlaces) -> Vec<String> {
    let permit = Permit { allowed: CategorySet::EMPTY, unknown: Unknown::Refused };
    let mut places: Vec<_> = table
        .refused(&catalogue(), permit)
        .map(|(name, place)| {
            let partitioned = if place.partitioned { " apart" } else { "" };
            format!("{name} {}{}{partitioned}", place.domain.as_deref().unwrap_or_default(), place.path)
        })
        .collect();
    places.sort();
    places
}

#[test]
fn a_line_is_read_as_browsers_read_it() {
    let check = |host: &str, path: &str, line: &str, expected: &[&str]| {
        let mut table = ObservedPlaces::default();
        learn(&mut table, host, path, line);
        assert_eq!(places(&table), expected, "{line} from {host}{path}");
    };
    let (host, path) = ("www.shop.kz", "/a/b");
    check(host, path, "_ga=1", &["_ga /a"]);
    check(host, path, "_ga=1; Path=/; HttpOnly", &["_ga /"]);
    check(host, path, "_ga=1; Path=/x; path=/a/", &["_ga /a/"]);
    check(host, path, "_ga=1; Path=a", &["_ga /a"]);
    check(host, "/", "_ga=1; Path=", &["_ga /"]);
    check(host, path, "_ga=1; Path=/; Domain=.SHOP.kz", &["_ga shop.kz/"]);
    check(host, path, "_ga=1; Path=/; Domain=www.shop.kz", &["_ga www.shop.kz/"]);
    check(host, path, "_ga=1; Path=/; Domain=shop.kz; Domain=", &["_ga /"]);
    check(host, path, "_ga=1; Path=/; Secure; Partitioned", &["_ga / apart"]);
    check(host, path, "__Host-_ga=1; Path=/; Secure", &["__Host-_ga /"]);
    check("127.0.0.1", path, "_ga=1; Path=/; Domain=127.0.0.1", &["_ga /"]);
    check("localhost", path, "_ga=1; Path=/; Domain=localhost", &["_ga /"]);
    check("github.io", path, "_ga=1; Path=/; Domain=github.io", &["_ga /"]);
    // Browsers take none of these.
    check(host, path, "_ga=1; Domain=kz", &[]);
    check(host, path, "_ga=1; Domain=other.kz", &[]);
    check(host, path, "_ga=1; Domain=op.kz", &[]);
    check("127.0.0.1", path, "_ga=1; Domain=0.0.1", &[]);
    check(host, path, "_ga=1; Partitioned", &[]);
    check(host, path, "__Host-_ga=1; Path=/a; Secure", &[]);
    check(host, path, "__host-_ga=1; Path=/; Domain=shop.kz; Secure", &[]);
    // These are never sent, are deletions, or are no business of a withdrawal.
    check(host, path, "_ga=1; Path=/a b", &[]);
    check(host, path, "_ga=1; Max-Age=0", &[]);
    check(host, path, "sid=1", &[]);
    check(host, path, "unheard_of=1", &[]);
    check(host, path, "=_ga", &[]);
    check(host, path, "kelisim_view=1", &[]);
}

#[test]
fn what_is_known_is_not_learned_again() {
    let mut table = ObservedPlaces::default();
    let line = "_ga=1; Path=/; Domain=shop.kz";
    assert_eq!(learn(&mut table, "shop.kz", "/", line), 1);
    for same in [line, "_ga=2; domain=.shop.kz; path=/; secure; Max-Age=60"] {
        assert_eq!(learn(&mut table, "www.shop.kz", "/elsewhere", same), 0, "{same}");
    }
    assert_eq!(learn(&mut table, "shop.kz", "/", "_ga=1; Path=/"), 1);
    table.add(vec![("_ga".into(), Place { domain: None, path: "/".into(), partitioned: false })]);
    assert_eq!(places(&table), ["_ga /", "_ga shop.kz/"], "two cores may have seen the same line");
}

#[test]
fn only_places_of_refused_names_are_told() {
    let mut table = ObservedPlaces::default();
    learn(&mut table, "shop.kz", "/", "_ga=1; Path=/");
    learn(&mut table, "shop.kz", "/", "font=1; Path=/");
    let permit = Permit { allowed: [Category::Functional].into_iter().collect(), unknown: Unknown::Refused };
    let catalogue = catalogue();
    assert_eq!(table.refused(&catalogue, permit).map(|(name, _)| name).collect::<Vec<_>>(), ["_ga"]);
    assert_eq!(table.of(["font", "none"].into_iter()).map(|(name, _)| name).collect::<Vec<_>>(), ["font"]);
}

#[test]
fn a_flood_pushes_the_oldest_out_and_what_is_in_use_comes_back() {
    let mut table = ObservedPlaces::default();
    learn(&mut table, "shop.kz", "/", "_ga=1; Path=/real");
    for number in 0..3 * MOST_PLACES {
        learn(&mut table, "shop.kz", &format!("/{number}/x"), "_ga=1");
    }
    assert_eq!(table.names["_ga"].places.len(), MOST_PLACES);
    assert_eq!(learn(&mut table, "shop.kz", "/", "_ga=1; Path=/real"), 1);
    for number in 0..3 * MOST_NAMES {
        learn(&mut table, "shop.kz", "/", &format!("_ga_{number}=1"));
    }
    assert_eq!(table.names.len(), MOST_NAMES);
    assert!(!table.names.contains_key("_ga") && table.names.contains_key(&*format!("_ga_{}", 3 * MOST_NAMES - 1)));
}

proptest! {
    #[test]
    fn any_lines_are_read_without_harm(
        lines in proptest::collection::vec("(_ga|__Host-_ga|font)?=?[ -~]{0,9}(; ?(Path|Domain|Secure|Partitioned|Max-Age)=?[ -~]{0,20}){0,5}", 0..6),
        host in "([a-z]{1,5}\\.){0,3}(kz|com)",
        path in "(/[ -~]{0,10}){0,4}",
    ) {
        let mut table = ObservedPlaces::default();
        let new = table.unknown_in(&headers(lines.iter().map(String::as_str)), &catalogue(), &host, &path);
        for (name, place) in &new {
            prop_assert!(is_optional(name.as_bytes(), &catalogue()));
            prop_assert!(place.path.starts_with('/'));
            prop_assert!(place.domain.as_deref().is_none_or(|domain| domain.contains('.') && host.ends_with(domain)));
        }
        table.add(new);
        prop_assert!(table.unknown_in(&headers(lines.iter().map(String::as_str)), &catalogue(), &host, &path).is_empty());
    }
}
