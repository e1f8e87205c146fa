//! Withdrawing removes every refused cookie from a browser, wherever the site kept it, and leaves the allowed ones.

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderValue, header};
use kelisim::{
    consent::{Category, CategorySet},
    cookies::{
        Catalogue, ExpiryScope, ObservedPlaces, Pattern, Permit, RefusedCookies, Rule, Unknown, expiry_lines,
        filter_request,
    },
};
use proptest::prelude::*;

use crate::harness::{Answering, Browser, Gateway, Jar, Origin, PAGE, Reply, To, answer};

/// The same name in every place at once, and the session.
const EVERYWHERE: [&str; 12] = [
    "PHPSESSID=s; Path=/; HttpOnly",
    "_ga=host; Path=/",
    "_ga=domain; Path=/; Domain=shop.example",
    "_ga=middle; Path=/; Domain=www.shop.example",
    "_ga=a; Path=/a",
    "_ga=a-slash; Path=/a/; HttpOnly",
    "_ga=deep; Path=/a/b; Domain=shop.example; HttpOnly",
    "_ga=apart; Path=/; Secure; SameSite=None; Partitioned",
    "_ga=apart-a; Path=/a; Secure; SameSite=None; Partitioned",
    "__Host-_ga=bound; Path=/; Secure; HttpOnly",
    "__Secure-_ga=secure; Path=/a; Secure; Domain=shop.example",
    "_ym_uid=1; Path=/a/b/c; Max-Age=600",
];

/// A shop that sets all of this on every page.
fn shop(lines: &'static [&'static str]) -> Origin {
    Origin::new(move |request| {
        let sets = if request.target() == "/quiet" || request.target().starts_with("/a/") { &[][..] } else { lines };
        let cookies = sets.iter().map(|line| ("set-cookie", *line));
        let headers: Vec<_> = [("content-type", "text/html; charset=utf-8")].into_iter().chain(cookies).collect();
        Answering::Bytes(answer("200 OK", &headers, PAGE))
    })
}

fn browser(gateway: &Gateway) -> Browser {
    Browser::over_tls(gateway.https(), "www.shop.example", &gateway.path().join("certificate.pem"))
}

/// Names in the jar that are not ours, each once.
fn names(jar: &Jar) -> Vec<&str> {
    let names: BTreeSet<_> = jar.keys().map(String::as_str).filter(|name| !name.contains("kelisim")).collect();
    names.into_iter().collect()
}

fn bytes_of_cookies(reply: &Reply) -> usize {
    reply.all("set-cookie").iter().map(|line| line.len() + "set-cookie: \r\n".len()).sum()
}

/// What the site received of cookies, by name.
fn received(shop: &Origin) -> BTreeSet<String> {
    let seen = shop.last();
    let pairs = seen.header("cookie").unwrap_or_default().split("; ").filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split('=').next().unwrap().to_owned()).collect()
}

#[test]
fn one_name_in_every_place_at_once_is_gone_with_the_answer_to_the_withdrawal() {
    let shop = shop(&EVERYWHERE);
    let gateway = Gateway::before(&shop);
    let mut anna = browser(&gateway);
    anna.choose("accept");
    anna.click("/");
    assert_eq!(anna.jar.iter().filter(|(name, _)| *name == "_ga").count(), 8);
    anna.click("/a/b/c");
    assert_eq!(
        received(&shop),
        ["PHPSESSID", "__Host-_ga", "__Secure-_ga", "_ga", "_ym_uid"].map(str::to_owned).into()
    );
    let withdrawal = anna.choose("necessary");
    assert_eq!(names(&anna.jar), ["PHPSESSID"]);
    assert!(bytes_of_cookies(&withdrawal) <= 4096);
    for path in ["/", "/a", "/a/", "/a/b/c"] {
        let page = anna.click(path);
        assert_eq!(page.all("set-cookie").iter().filter(|line| line.contains("Max-Age=-1")).count(), 0);
        assert_eq!(received(&shop), ["PHPSESSID".to_owned()].into(), "{path}");
    }
    assert_eq!(names(&anna.jar), ["PHPSESSID"], "and none has come back");
}

/// Pages until all places of a few names three folders deep were tried; there are some 170.
const MOST_PAGES: usize = 8;

#[test]
fn what_nobody_saw_being_kept_is_gone_after_a_few_pages_that_it_comes_along_with() {
    let shop = shop(&["PHPSESSID=s; Path=/; HttpOnly"]);
    let gateway = Gateway::before(&shop);
    let mut anna = browser(&gateway);
    anna.choose("accept");
    for line in &EVERYWHERE {
        anna.jar.set(To { host: "www.shop.example", target: "/", secure: true }, line);
    }
    let mut answers = vec![anna.choose("necessary")];
    while names(&anna.jar) != ["PHPSESSID"] {
        assert!(answers.len() <= MOST_PAGES, "{:?} are left", names(&anna.jar));
        answers.push(anna.click("/a/b/c"));
        assert_eq!(received(&shop), ["PHPSESSID".to_owned()].into());
    }
    assert!(answers.iter().all(|answer| bytes_of_cookies(answer) <= 4096));
}

#[test]
fn more_than_fits_one_answer_goes_on_with_the_pages_that_follow() {
    let lines: Vec<String> = (0..60).map(|number| format!("_ga_{number}=1; Path=/a/b; Domain=shop.example")).collect();
    let lines: Vec<&'static str> = lines.into_iter().map(|line| &*line.leak()).collect();
    let shop = shop(lines.leak());
    let gateway = Gateway::before(&shop);
    let mut anna = browser(&gateway);
    anna.choose("accept");
    anna.click("/");
    assert_eq!(names(&anna.jar).len(), 60);
    let withdrawal = anna.choose("necessary");
    let left = names(&anna.jar).len();
    assert!((1..35).contains(&left), "{left} are left");
    let pages = [anna.click("/a/b/c"), anna.click("/a/b/c")];
    assert_eq!(names(&anna.jar), [""; 0]);
    for answer in [withdrawal].iter().chain(&pages) {
        assert!(bytes_of_cookies(answer) <= 4096);
    }
}

#[test]
fn a_narrower_choice_deletes_what_it_no_longer_allows_and_nothing_else() {
    let shop = shop(&["PHPSESSID=s", "font=1; Path=/a; Domain=shop.example", "_ga=1; Path=/a; Domain=shop.example"]);
    let gateway = Gateway::with(&shop).tables("[[site.cookie]]\nname = \"font\"\ncategory = \"functional\"").start();
    let mut anna = browser(&gateway);
    anna.choose("accept");
    let page = anna.click("/");
    assert_eq!(names(&anna.jar), ["PHPSESSID", "_ga", "font"]);
    assert!(!page.all("set-cookie").iter().any(|line| line.contains("Max-Age=-1")));
    let again = anna.choose("accept");
    assert!(!again.all("set-cookie").iter().any(|line| line.starts_with("_ga=")), "nothing is refused");
    anna.choose("save&functional=on");
    assert_eq!(names(&anna.jar), ["PHPSESSID", "font"]);
    anna.choose("necessary");
    assert_eq!(names(&anna.jar), ["PHPSESSID"]);
}

#[test]
fn what_the_site_keeps_is_also_learned_where_everything_passes_and_when_it_is_refused() {
    let shop = shop(&["_ga=1; Path=/a; Domain=www.shop.example"]);
    let passing = "[[site.path]]\nprefix = \"/legacy\"\npass_through = true";
    for (tables, page) in [(passing, "/legacy"), ("", "/")] {
        let gateway = Gateway::with(&shop).tables(tables).start();
        let mut anna = browser(&gateway);
        anna.open(page);
        anna.jar
            .set(To { host: "www.shop.example", target: "/", secure: true }, "_ga=1; Path=/a; Domain=www.shop.example");
        anna.choose("necessary");
        assert_eq!(names(&anna.jar), [""; 0], "{page}");
    }
}

#[test]
fn a_name_with_odd_letters_is_deleted_as_well() {
    let shop = shop(&[]);
    let gateway = Gateway::with(&shop).tables("[[site.cookie]]\nname = \"odd*\"\ncategory = \"analytical\"").start();
    let mut anna = browser(&gateway);
    anna.choose("accept");
    for name in ["odd one", "odd,two", "odd\"three\"", "odd[4]"] {
        anna.jar.insert(name.into(), "1".into());
    }
    anna.choose("necessary");
    assert_eq!(names(&anna.jar), [""; 0]);
}

/// Names of three kinds; what is allowed in the property below is `PHPSESSID` and functional.
const NAMES: [&str; 6] = ["PHPSESSID", "lang", "_ga", "_ga_1", "__Host-_ga", "__Secure-_ga"];
const HOST: &str = "a.b.shop.example";
const PAGE_PATH: &str = "/x/y/z";

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
    let rules = [("PHPSESSID", Category::Necessary), ("lang", Category::Functional), ("_ga*", Category::Analytical)];
    Catalogue::new(rules.map(|(pattern, category)| rule(pattern, category)).into(), Vec::new())
}

fn set_line() -> impl Strategy<Value = String> {
    let domains =
        ["", "; Domain=shop.example", "; Domain=b.shop.example", "; Domain=a.b.shop.example", "; Domain=example"];
    let paths =
        ["; Path=/", "; Path=/x", "; Path=/x/", "; Path=/x/y", "; Path=/x/y/", "; Path=/x/y/z", "; Path=/x/y/z/", ""];
    let rest = ["", "; Secure", "; HttpOnly", "; Secure; SameSite=None; Partitioned"];
    let one = |from: &'static [&'static str]| proptest::sample::select(from);
    (one(&NAMES), one(domains.to_vec().leak()), one(paths.to_vec().leak()), one(rest.to_vec().leak()))
        .prop_map(|(name, domain, path, rest)| format!("{name}=1{domain}{path}{rest}"))
}

/// What is left of refused and of allowed names.
fn left(jar: &Jar, refused: bool) -> Vec<(String, String)> {
    let all = jar.iter().map(|(name, value)| (name.clone(), value.clone()));
    all.filter(|(name, _)| name.contains("_ga") == refused).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_set_of_places_is_emptied_of_what_is_refused_and_keeps_what_is_allowed(
        lines in proptest::collection::vec(set_line(), 0..40),
        seen: bool,
        start in 0..1000u64,
    ) {
        let catalogue = catalogue();
        let permit = Permit { allowed: CategorySet::from_iter([Category::Functional]), unknown: Unknown::Refused };
        let page = To { host: HOST, target: PAGE_PATH, secure: true };
        let mut jar = Jar::default();
        lines.iter().for_each(|line| _ = jar.set(page, line));
        let (allowed, cookies) = (left(&jar, false), left(&jar, true).len());
        let mut table = ObservedPlaces::default();
        if seen {
            let sent = lines.iter().map(|line| (header::SET_COOKIE, HeaderValue::from_str(line).unwrap()));
            let sent: HeaderMap = sent.collect();
            table.add(table.unknown_in(&sent, &catalogue, HOST, PAGE_PATH));
        }
        let refused_at = |jar: &Jar, target| {
            let mut headers = HeaderMap::new();
            if let Some(line) = jar.line(To { target, ..page }) {
                headers.insert(header::COOKIE, line.parse().unwrap());
            }
            filter_request(&mut headers, &catalogue, permit).refused
        };
        let obey = |jar: &mut Jar, target, expiry: Vec<HeaderValue>| {
            assert!(expiry.iter().map(|line| line.len() + 14).sum::<usize>() <= 2048);
            expiry.iter().for_each(|line| _ = jar.set(To { target, ..page }, line.to_str().unwrap()));
        };
        // The choice, to which only cookies for `/` come along.
        let path = "/_kelisim/choice";
        let refused: RefusedCookies = refused_at(&jar, path);
        let scope = ExpiryScope { host: HOST, path, next: Some(PAGE_PATH), secure: true };
        obey(&mut jar, path, expiry_lines(&refused, table.refused(&catalogue, permit), &scope, start));
        // With everything seen, most of it goes with the choice and the rest with a page or two; unseen, four names have some 220 places.
        let pages = if seen { 6 } else { 40 };
        // A cookie under `/x/y/z/` comes along with what is under that only.
        for (round, target) in (0..pages).map(|round| (round, if round % 2 == 0 { PAGE_PATH } else { "/x/y/z/" })) {
            let refused = refused_at(&jar, target);
            let scope = ExpiryScope { host: HOST, path: target, next: None, secure: true };
            obey(&mut jar, target, expiry_lines(&refused, table.of(refused.names()), &scope, start + round));
        }
        prop_assert_eq!(left(&jar, true), vec![], "of {} cookies", cookies);
        prop_assert_eq!(left(&jar, false), allowed);
    }
}
