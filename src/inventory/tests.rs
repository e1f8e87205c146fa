//! What is kept of what strangers send, and what is proposed for it.

use proptest::prelude::*;

use super::*;
use crate::{
    consent::Category,
    cookies::{CATALOGUE, Catalogue, Pattern, parse_catalogue},
    routing::{ForeignHosts, HostPattern, known_hosts},
    timestamp::Timestamp,
};

fn catalogue() -> Catalogue {
    Catalogue::new(parse_catalogue(CATALOGUE).unwrap(), Vec::new())
}

fn empty() -> Catalogue {
    Catalogue::new(Vec::new(), Vec::new())
}

fn hour(number: i64) -> Hour {
    Hour::of(Timestamp::from_seconds(number * 3600))
}

fn name(text: &str) -> FoldedName {
    FoldedName::of(text.as_bytes(), &empty())
}

#[test]
fn what_could_tell_visitors_apart_is_folded() {
    let check = |given: &str, expected: &str| assert_eq!(name(given).as_str(), expected, "{given}");
    check("PHPSESSID", "PHPSESSID");
    check("_ym_uid", "_ym_uid");
    check("tildauid", "tildauid");
    check("__ddg1_", "__ddg1_");
    check("_ga_ABC123", "_ga_*");
    check("_ga_1A2B3C4D5E", "_ga_*");
    check("_ym61234567_reqNum", "_ym*_reqNum");
    check("wordpress_logged_in_0123456789abcdef0123456789abcdef", "wordpress_logged_in_*");
    check("SESS0123456789abcdef0123456789abcdef", "SESS*");
    check("0123456789abcdef0123456789abcdef", "{hex 32}");
    check("{hex 32}", "{hex 32}");
    check("cart-7f3c1a90-1c2d-4e5f-8a9b-0c1d2e3f4a5b", "cart-*");
    check(".AspNetCore.Antiforgery.w5W7x28NAIs", ".AspNetCore.Antiforgery.*");
    check("i18next", "i*next");
    check("wp-settings-12", "wp-settings-*");
    check("%D0%B8%D0%BC%D1%8F_form", "*_form");
    check("form[a]", "form[a]");
    for withheld in [
        "cart_anna@example.kz",
        "cart_anna%40example.kz",
        "12345",
        "_77011234567",
        "имя",
        "a b",
        "a\u{7f}",
        "x\"y",
        "x12",
    ] {
        check(withheld, "*");
    }
    check(&"long_".repeat(40), "*");
    assert_eq!(FoldedName::of(b"\xff\xfe", &empty()).as_str(), "*");
}

#[test]
fn a_name_that_the_catalogue_knows_is_kept_as_the_catalogue_writes_it() {
    let catalogue = catalogue();
    let check = |given: &str, expected: &str| {
        assert_eq!(FoldedName::of(given.as_bytes(), &catalogue).as_str(), expected, "{given}");
    };
    check("top100_id", "top100_id");
    check("_ga_ABC123", "_ga_*");
    check("_ga_*", "_ga_*");
    check("__Host-PHPSESSID", "__Host-PHPSESSID");
    check("__Secure-_gat_UA-1", "__Secure-_gat*");
}

#[test]
fn a_path_loses_its_query_and_everything_long() {
    let check = |given: &str, expected: &str| assert_eq!(FoldedPath::of(given).as_str(), expected, "{given}");
    check("", "/");
    check("/", "/");
    check("/catalog/shoes/?utm_source=a#b", "/catalog/shoes/");
    check("/orders/120345/pay", "/orders/*/*");
    check("/reset/0123456789abcdef0123456789abcdef", "/reset/*");
    check("/users/anna@example.kz", "/users/*");
    check("/%D0%B8%D0%BC%D1%8F", "/*");
    check("/a/b/c", "/a/b/*");
    assert!(FoldedPath::of(&"/part".repeat(1000)).as_str().len() <= 102);
}

#[test]
fn only_names_of_hosts_are_hosts() {
    let check = |given: &str, expected: Option<&str>| {
        assert_eq!(HostAndPort::of_url(given).map(|host| host.to_string()).as_deref(), expected, "{given}");
    };
    check("https://MC.yandex.ru/watch/1?a=b", Some("mc.yandex.ru"));
    check("https://mc.yandex.ru:443", Some("mc.yandex.ru"));
    check("http://tracker.localhost:8080/t.js", Some("tracker.localhost:8080"));
    check("wss://live.example", Some("live.example"));
    check("https://cdn12.a1.pages.example/", Some("cdn12.a1.pages.example"));
    check("https://203-0-113-7.u-anna.count.example/", Some("*.count.example"));
    check("https://0123456789abcdef.x.count.example:81/", Some("*.count.example:81"));
    check("https://12345678.example/", Some("12345678.example"));
    for other in [
        "inline",
        "eval",
        "data",
        "blob",
        "about:blank",
        "chrome-extension://abcdef/x",
        "moz-extension://a-b/x",
        "https://203.0.113.7/",
        "https://[2001:db8::1]/",
        "https://0x7f.1/",
        "https://a.0x7f000001/",
        "https://anna@example.kz/",
        "https:///",
        "https://a b/",
        "https://\u{1b}[31m.example/",
        "https://a\"b.example/",
    ] {
        check(other, None);
    }
}

#[test]
fn attributes_are_read_as_browsers_read_them_and_rounded() {
    let read = |text: &str| {
        let pairs: Vec<(&[u8], &[u8])> = text
            .split(';')
            .filter(|part| !part.is_empty())
            .map(|part| part.split_once('=').map_or((part.as_bytes(), &b""[..]), |(n, v)| (n.as_bytes(), v.as_bytes())))
            .collect();
        Attributes::read(pairs.into_iter(), Timestamp::parse("2026-11-22").unwrap())
    };
    let all =
        read("HttpOnly;Secure;Partitioned;SameSite=None;Domain=.Shop.example;Path=/x/123456;Max-Age=31536001").unwrap();
    assert!(all.http_only && all.secure && all.partitioned && all.same_site_none && !all.session);
    assert_eq!(all.persistent.unwrap().to_string(), "1 year");
    assert_eq!(all.domains.iter().map(ToString::to_string).collect::<Vec<_>>(), ["shop.example"]);
    assert_eq!(all.paths.iter().map(FoldedPath::as_str).collect::<Vec<_>>(), ["/x/*"]);
    assert!(read("Path=/").unwrap().session);
    let life = |text: &str| read(text).unwrap().persistent.unwrap().to_string();
    assert_eq!(life("Max-Age=60"), "1 hour");
    assert_eq!(life("Max-Age=7201"), "2 hours");
    assert_eq!(life("Max-Age=86400"), "1 day");
    assert_eq!(life("Expires=Tue, 22 Dec 2026 00:00:07 GMT"), "30 days");
    assert_eq!(life("expires=Tue, 22-Dec-2026 00:00:07 GMT"), "30 days");
    assert_eq!(life("Max-Age=63072000; Expires=x"), "2 years");
    for deletes in ["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"] {
        assert_eq!(read(deletes), None, "{deletes}");
    }
}

#[test]
fn a_flood_of_made_up_names_moves_nothing_that_the_site_sets_and_nothing_seen_often() {
    let mut site = SiteInventory::default();
    site.cookie_set(name("session"), Attributes::default(), hour(1));
    for number in 1..5 {
        site.cookie_sent(name("by_a_script"), hour(number));
        site.load(
            HostAndPort::parse("often.example").unwrap(),
            LoadKind::Script,
            FoldedPath::of("/"),
            true,
            hour(number),
        );
        site.key(StorageKind::Local, name("kept_key"), hour(number));
    }
    // Letters only, since numbers would be folded to one name.
    let made_up =
        |number: u32| -> String { format!("{number:05}").bytes().map(|digit| char::from(digit + 49)).collect() };
    for number in 0..2_000 {
        site.cookie_sent(name(&format!("flood_{}", made_up(number))), hour(9));
        site.key(StorageKind::Local, name(&format!("flood_{}", made_up(number))), hour(9));
        let host = HostAndPort::parse(&format!("{}.flood.example", made_up(number))).unwrap();
        site.load(host, LoadKind::Image, FoldedPath::of("/"), false, hour(9));
    }
    assert_eq!(site.cookies.len(), site::MOST_OF_VISITORS + 1);
    assert_eq!((site.hosts.len(), site.keys.len()), (site::MOST_HOSTS, site::MOST_KEYS));
    assert!(site.cookie(&name("session")).is_some() && site.cookie(&name("by_a_script")).is_some());
    assert!(site.hosts.contains_key(&HostAndPort::parse("often.example").unwrap()));
    assert!(site.keys.contains_key(&(StorageKind::Local, name("kept_key"))));
    for number in 0..2_000 {
        site.cookie_set(name(&format!("set_{}", made_up(number))), Attributes::default(), hour(9));
    }
    assert_eq!(site.cookies.len(), site::MOST_OF_VISITORS + site::MOST_OF_SITE);
}

#[test]
fn a_name_from_browsers_becomes_the_sites_own_when_the_site_sets_it() {
    let mut site = SiteInventory::default();
    site.cookie_sent(name("basket"), hour(1));
    assert_eq!(site.cookie(&name("basket")).unwrap().set_by_site, None);
    site.cookie_set(name("basket"), Attributes { http_only: true, ..Attributes::default() }, hour(3));
    site.cookie_set(name("basket"), Attributes { secure: true, ..Attributes::default() }, hour(3));
    let entry = site.cookie(&name("basket")).unwrap();
    let attributes = entry.set_by_site.as_ref().unwrap();
    assert!(attributes.http_only && attributes.secure);
    assert_eq!((entry.seen.first, entry.seen.last, entry.seen.hours), (hour(1), hour(3), 2));
}

#[test]
fn what_is_written_is_read_again_and_what_is_no_inventory_is_told() {
    let mut site = SiteInventory::default();
    let attributes =
        Attributes { http_only: true, session: true, paths: [FoldedPath::of("/")].into(), ..Attributes::default() };
    site.cookie_set(name("basket"), attributes, hour(1));
    site.cookie_sent(name("from_script_123"), hour(2));
    site.load(HostAndPort::parse("a.example:81").unwrap(), LoadKind::Frame, FoldedPath::of("/x"), true, hour(2));
    site.key(StorageKind::Database, name("drafts"), hour(2));
    let (catalogue, sites) = (empty(), [("shop.example".to_owned(), site)].into());
    let text = write(&sites);
    assert_eq!(read(&text, |_| Some(&catalogue)).unwrap(), sites);
    assert!(read(&text, |_| None).unwrap().is_empty());
    for wrong in ["", "{", "[]", &text[..text.len() / 2], &text.replace("\"version\": 1", "\"version\": 2")] {
        assert!(read(wrong, |_| Some(&catalogue)).is_err(), "{wrong}");
    }
    assert!(read(&text.replace("a.example:81", "203.0.113.7"), |_| Some(&catalogue)).is_err());
    let by_hand = read(&text.replace("basket", "basket of anna@example.kz"), |_| Some(&catalogue)).unwrap();
    assert!(!write(&by_hand).contains("anna"));
}

#[test]
fn reports_of_both_forms_yield_host_kind_and_page_only() {
    let report = r#"{"csp-report":{"document-uri":"https://shop.example/orders/12345?token=secret","referrer":"https://x.example/?q=1",
        "violated-directive":"script-src-elem https:","effective-directive":"script-src-elem","original-policy":"default-src 'self'",
        "disposition":"report","blocked-uri":"https://mc.yandex.ru/metrika/tag.js?id=9","status-code":200,"script-sample":"secret"}}"#;
    let load = BlockedLoad {
        page_host: HostAndPort::parse("shop.example").unwrap(),
        page: FoldedPath::of("/orders/*"),
        host: HostAndPort::parse("mc.yandex.ru").unwrap(),
        kind: LoadKind::Script,
        blocked: false,
    };
    assert_eq!(read_report_uri(report.as_bytes()).unwrap(), std::slice::from_ref(&load));
    let list = r#"[{"type":"csp-violation","age":1,"url":"https://shop.example/","user_agent":"secret","body":{
        "documentURL":"https://shop.example/orders/12345?token=secret","blockedURL":"https://mc.yandex.ru/x","disposition":"report",
        "effectiveDirective":"script-src-elem","sample":"secret"}},
        {"type":"deprecation","body":{"id":"x"}},{"type":"csp-violation","body":{"blockedURL":"inline"}},{"type":"csp-violation"}]"#;
    assert_eq!(read_report_to(list.as_bytes()).unwrap(), [load]);
    for other in ["inline", "eval", "data", "chrome-extension", "moz-extension://a/b", ""] {
        let body = report.replace("https://mc.yandex.ru/metrika/tag.js?id=9", other);
        assert_eq!(read_report_uri(body.as_bytes()).unwrap(), [], "{other}");
    }
    for wrong in ["", "[]", "{}", "null", "{\"csp-report\":1}", "\u{0}"] {
        assert_eq!(read_report_uri(wrong.as_bytes()), Err(ReportFault), "{wrong}");
    }
    assert_eq!(read_report_to(b"{}"), Err(ReportFault));
}

#[test]
fn our_script_lists_names_and_a_bounded_number_of_them() {
    let report = read_storage_report(br#"{"local":["a",""],"cache":["b"]}"#).unwrap();
    assert_eq!(report.keys, [(StorageKind::Local, "a".to_owned()), (StorageKind::Cache, "b".to_owned())]);
    let many: Vec<_> = (0..1000).map(|number| format!("\"n{number}\"")).collect();
    let report = read_storage_report(format!("{{\"session\":[{}]}}", many.join(",")).as_bytes()).unwrap();
    assert_eq!(report.keys.len(), 64);
    for wrong in ["", "null", "{\"values\":[]}", "{\"local\":[1]}", "{\"local\":{\"a\":\"b\"}}"] {
        assert_eq!(read_storage_report(wrong.as_bytes()), Err(ReportFault), "{wrong}");
    }
}

#[test]
fn every_proposal_has_its_reason() {
    let catalogue = catalogue();
    let check = |text: &str, set: Option<Attributes>, expected: Option<Category>, reason: &str| {
        let entry = CookieEntry { set_by_site: set, seen: Seen::at(hour(1)) };
        let proposal = propose_cookie(&name(text), &entry, &catalogue);
        assert_eq!(proposal.category, expected, "{text}: {}", proposal.reason);
        assert!(proposal.reason.to_string().contains(reason), "{text}: {}", proposal.reason);
    };
    let session = Attributes { http_only: true, session: true, ..Attributes::default() };
    check("mysid", Some(session.clone()), Some(Category::Necessary), "probably necessary");
    check(
        "remember",
        Some(Attributes {
            session: false,
            persistent: Attributes::read([(&b"max-age"[..], &b"9999"[..])].into_iter(), Timestamp::default())
                .unwrap()
                .persistent,
            ..session
        }),
        None,
        "beyond the session",
    );
    check("siteLang", Some(Attributes::default()), Some(Category::Functional), "`lang` in its name");
    check("my_csrf", None, Some(Category::Necessary), "protecting forms");
    check("visit_count", None, Some(Category::Analytical), "measuring visits");
    check("utm_source", None, Some(Category::Marketing), "advertising");
    check("quirk", Some(Attributes::default()), None, "scripts can read it");
    check("quirk", None, None, "a script does");
    let known = known_hosts();
    let host = |text: &str| propose_host(&HostAndPort::parse(text).unwrap(), &known);
    assert_eq!(host("mc.yandex.ru").category, Some(Category::Analytical));
    assert_eq!(host("mc.yandex.ru:8443").category, None);
    assert_eq!(host("nobody.example").category, None);
    assert_eq!(propose_key(&name("_ym_uid"), &catalogue).category, Some(Category::Analytical));
    assert_eq!(propose_key(&name("quirk"), &catalogue).category, None);
}

fn own_rule(pattern: Pattern) -> crate::cookies::Rule {
    let nothing = || "".into();
    crate::cookies::Rule {
        pattern,
        category: Category::Functional,
        owner: nothing(),
        purpose: nothing(),
        lifetime: nothing(),
        third_party: false,
        verified: true,
    }
}

fn configured<'a>(catalogue: &'a Catalogue, storage: &'a Catalogue, hosts: &'a ForeignHosts) -> Configured<'a> {
    Configured { catalogue, storage, hosts, known: &[] }
}

#[test]
fn what_is_covered_is_left_out_and_every_other_thing_is_written_once() {
    let catalogue = catalogue();
    let hosts = ForeignHosts::new(vec![HostPattern::Subdomains("shop.example".into())], Vec::new());
    let mut site = SiteInventory::default();
    for cookie in ["_ga_ABC123", "PHPSESSID", "quirk_12345", "quirk_67890", "anna@example.kz"] {
        site.cookie_sent(FoldedName::of(cookie.as_bytes(), &catalogue), hour(1));
    }
    for host in ["img.shop.example", "nobody.example"] {
        site.load(HostAndPort::parse(host).unwrap(), LoadKind::Image, FoldedPath::of("/"), false, hour(1));
    }
    for key in ["cart", "draft"] {
        site.key(StorageKind::Local, name(key), hour(1));
    }
    let storage = Catalogue::new(Vec::new(), vec![own_rule(Pattern::name("cart*").unwrap())]);
    let blocks = blocks(&site, configured(&catalogue, &storage, &hosts));
    let text: String = blocks.iter().map(Block::active).collect();
    assert_eq!(blocks.len(), 4, "{text}");
    assert!(text.contains("# [[site.storage]]\n# name = \"draft\"\n"), "{text}");
    assert!(text.contains("# [[site.cookie]]\n# name = \"quirk_*\"\n"), "{text}");
    assert!(text.contains("# name = \"nobody.example\"\n") && text.contains("names are not kept"), "{text}");
    assert!(text.lines().all(|line| line.is_empty() || line.starts_with('#')), "nothing is decided here: {text}");
}

#[test]
fn cookies_of_the_catalogue_are_offered_for_visitors_to_read() {
    let mut site = SiteInventory::default();
    ["_ga", "lang", "quirk"].into_iter().for_each(|cookie| site.cookie_sent(name(cookie), hour(1)));
    let named = |own: Vec<_>| {
        let catalogue = Catalogue::new(parse_catalogue(CATALOGUE).unwrap(), own);
        named_by_catalogue(&site, &catalogue).iter().map(Block::commented).collect::<String>()
    };
    let text = named(Vec::new());
    assert!(text.contains("# name = \"_ga\"\n# category = \"analytical\"\n# owner = "), "{text}");
    assert!(text.contains("# category = \"functional\"\n\n") && !text.contains("quirk"), "no source for lang: {text}");
    assert!(!named(vec![own_rule(Pattern::name("_ga").unwrap())]).contains("_ga"), "visitors see it already");
}

proptest! {
    #[test]
    fn folding_ends_and_its_pattern_finds_what_was_folded(text in "[ -~]{1,80}|[a-z_]{1,20}[0-9a-f]{8,40}(_[a-z]{0,9})?|[0-9a-f]{16,64}") {
        let folded = name(&text);
        prop_assert_eq!(&FoldedName::of(folded.as_str().as_bytes(), &empty()), &folded, "twice is once");
        let pattern = match folded.pattern() {
            None => return Ok(()),
            Some(NamePattern::Name(name)) => Pattern::name(&name).unwrap(),
            Some(NamePattern::Expression(expression)) => Pattern::expression(&expression).unwrap(),
        };
        let own = Catalogue::new(vec![own_rule(pattern)], Vec::new());
        prop_assert!(own.classify(text.as_bytes()).is_some(), "{} as {}", text, folded);
    }

    #[test]
    fn no_number_and_no_hash_stays_in_a_name(text in "[a-zA-Z]{2,8}[_.-][0-9]{2,12}|[a-zA-Z]{2,8}_[0-9a-f]{16,32}|[a-z]{2,8}[0-9]{2,12}[a-z]{0,4}") {
        let folded = name(&text);
        let digits = folded.as_str().as_bytes().windows(2).filter(|pair| pair.iter().all(u8::is_ascii_digit)).count();
        prop_assert!(digits == 0 && !folded.as_str().contains("0123"), "{} as {}", text, folded);
    }

    #[test]
    fn whatever_strangers_send_the_lines_are_toml_in_plain_text(names in prop::collection::vec(".{1,40}", 1..20)) {
        let (catalogue, hosts) = (empty(), ForeignHosts::default());
        let mut site = SiteInventory::default();
        for text in &names {
            site.cookie_sent(FoldedName::of(text.as_bytes(), &catalogue), hour(1));
            site.key(StorageKind::Local, FoldedName::of(text.as_bytes(), &catalogue), hour(1));
            let session = Attributes { http_only: true, session: true, ..Attributes::default() };
            site.cookie_set(FoldedName::of(text.as_bytes(), &catalogue), session, hour(1));
            if let Some(host) = HostAndPort::of_url(&format!("https://{text}/")) {
                site.load(host, LoadKind::Image, FoldedPath::of(text), false, hour(1));
            }
        }
        let storage = empty();
        let text: String = blocks(&site, configured(&catalogue, &storage, &hosts)).iter().map(Block::active).collect();
        prop_assert!(text.parse::<toml::Table>().is_ok(), "{}", text);
        prop_assert!(text.chars().all(|character| character == '\n' || (' '..='~').contains(&character)), "{}", text);
    }
}
