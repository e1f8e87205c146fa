//! Countries: a database that the operator supplies, read again when it changes, and the page that says why a visitor is where they are.

use std::{fs, path::Path};

use kelisim::{
    admin::Role,
    geo::{self, Database},
    visitor::{ClientAddress, TruncatedAddress},
};

use crate::{
    administration::{add, signed_in},
    harness::{Browser, Countries, Gateway, Origin, kelisim, map, shop, text},
};

/// Puts a file in place as `mv` does.
fn put(path: &Path, bytes: &[u8]) {
    let part = path.with_extension("part");
    fs::write(&part, bytes).unwrap();
    fs::rename(part, path).unwrap();
}

fn truncated(address: &str) -> TruncatedAddress {
    ClientAddress::new(address.parse().unwrap()).truncate()
}

/// The shop in the model `notice`, with this database.
fn gateway(shop: &Origin, database: &Countries) -> Gateway {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("country.mmdb");
    put(&file, &database.bytes());
    Gateway::with(shop)
        .consent("model = \"notice\"")
        .tables(&format!("[geo]\ndatabase = \"{}\"", file.display()))
        .within(folder)
        .start()
}

fn operator(gateway: &Gateway) -> Browser {
    add(gateway, "operator", Role::Operator);
    signed_in(gateway, "operator")
}

fn look_up(browser: &mut Browser, address: &str) -> String {
    let reply = browser.post("/country", &format!("address={}", address.replace(':', "%3A")));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.text()
}

#[test]
fn networks_are_found_by_the_longest_that_holds_the_address() {
    let database = Countries::new()
        .with("203.0.0.0/16", "KZ")
        .with("203.0.113.0/24", "DE")
        .with("203.0.114.0/25", "FR")
        .with("2001:db8::/32", "GB")
        .with("2001:db8:5::/48", "US");
    let database = Database::read(database.bytes()).unwrap();
    let check = |address: &str, expected: (&str, &str, u8)| {
        let answer = database.answer(truncated(address));
        let country = answer.country.map(|country| country.as_str().to_owned()).unwrap_or_default();
        assert_eq!((&*country, &*answer.network, answer.prefix), expected, "{address}");
        assert_eq!(database.country(truncated(address)), answer.country, "{address}");
    };
    check("203.0.5.9", ("KZ", "203.0.0.0/18", 18));
    check("203.0.113.9", ("DE", "203.0.113.0/24", 24));
    // The truncated address lies in the first half, whoever asks.
    check("203.0.114.200", ("FR", "203.0.114.0/25", 25));
    check("198.51.100.7", ("", "192.0.0.0/5", 5));
    check("2001:db8:9::1", ("GB", "2001:db8:8::/45", 45));
    check("2001:db8:5:1::1", ("US", "2001:db8:5::/48", 48));
}

#[test]
fn databases_write_the_code_in_three_places() {
    let beside = map(&[("country_code", text("KZ"))]);
    let alone = map(&[("country", text("DE")), ("continent", text("EU"))]);
    let both = map(&[("country", text("Kazakhstan")), ("country_code", text("KZ"))]);
    let database = Countries::new()
        .saying("10.0.0.0/8", beside)
        .saying("11.0.0.0/8", alone)
        .saying("12.0.0.0/8", both)
        .with("13.0.0.0/8", "Nowhere");
    let database = Database::read(database.bytes()).unwrap();
    let country = |address| database.country(truncated(address)).map(|country| country.as_str().to_owned());
    assert_eq!(
        ["10.1.1.1", "11.1.1.1", "12.1.1.1", "13.1.1.1"].map(country),
        [Some("KZ".to_owned()), Some("DE".to_owned()), Some("KZ".to_owned()), None]
    );
}

#[test]
fn a_new_database_counts_without_a_restart_and_a_wrong_one_never_takes_the_place_of_a_good_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("country.mmdb");
    let good = Countries::made("Test-Country", 1_790_000_000).with("203.0.113.0/24", "KZ").bytes();
    put(&file, &good);
    let countries = geo::Countries::open(&geo::Settings { database: Some(file.clone()) }).unwrap();
    let country = || countries.find(truncated("203.0.113.9")).unwrap().as_str().to_owned();
    assert!(!countries.read_again().unwrap(), "nothing changed");
    let owners = Countries::made("Test-ASN", 1_790_000_000).saying("203.0.113.0/24", map(&[("owner", text("A"))]));
    let mut damaged = good.clone();
    damaged[..300].fill(0xff);
    for (wrong, said) in [
        (&good[..good.len() / 2], "country.mmdb"),
        (&[][..], "country.mmdb"),
        (b"country,code\n", "country.mmdb"),
        (&owners.bytes(), "`Test-ASN`"),
        (&damaged, "country.mmdb"),
    ] {
        put(&file, wrong);
        let error = countries.read_again().unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        assert_eq!(country(), "KZ");
        assert!(!countries.read_again().unwrap(), "it is told once");
        assert!(
            geo::Countries::open(&geo::Settings { database: Some(file.clone()) }).is_err(),
            "and there is no start"
        );
    }
    fs::remove_file(&file).unwrap();
    countries.read_again().unwrap_err();
    assert_eq!(country(), "KZ");
    put(&file, &Countries::made("Test-Country", 1_795_000_000).with("203.0.113.0/24", "DE").bytes());
    assert!(countries.read_again().unwrap());
    assert_eq!(country(), "DE");
    let described = countries.described().unwrap();
    assert_eq!(
        (&*described.file, &*described.kind, &*described.built.date()),
        ("country.mmdb", "Test-Country", "2026-11-18")
    );
}

#[test]
fn a_gateway_goes_by_the_new_database_and_a_check_names_it() {
    let shop = shop();
    let gateway = gateway(&shop, &Countries::new().with("127.0.0.0/8", "DE"));
    let is_notice = || {
        let mut anna = gateway.browser();
        anna.open("/");
        anna.jar.contains_key("__Host-kelisim-shown")
    };
    assert!(!is_notice(), "opt-in holds in Germany");
    put(
        &gateway.path().join("country.mmdb"),
        &Countries::made("Newer", 1_795_000_000).with("127.0.0.0/8", "KZ").bytes(),
    );
    assert!(gateway.running().read_countries_again().unwrap());
    assert!(is_notice());
    let checked = kelisim(gateway.path(), &["check"]);
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(said.contains("countries: Newer of 2026-11-18, country.mmdb\n"), "{said}");
}

#[test]
fn an_operator_asks_why_a_country_and_nothing_of_the_address_is_kept() {
    let shop = shop();
    let database = Countries::new().with("203.0.113.0/25", "KZ").with("2001:db8::/32", "DE");
    let gateway = gateway(&shop, &database);
    let mut operator = operator(&gateway);
    let page = operator.click("/country").text();
    assert!(page.contains("Test-Country") && page.contains("2026-09-21") && page.contains("2 to 7 percent"), "{page}");
    let page = look_up(&mut operator, "203.0.113.77");
    for said in ["<code>203.0.113.0/24</code>", "KZ", "<code>203.0.113.0/25</code>", "first part", "<strong>notice"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("203.0.113.77"), "{page}");
    let page = look_up(&mut operator, "2001:db8:1:2::3");
    for said in ["2001:db8:1::/48", "DE", "<strong>opt-in</strong>", "The country is in the list."] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let page = look_up(&mut operator, "198.51.100.9");
    assert!(page.contains("the database names none") && page.contains("The country is unknown"), "{page}");
    let refused = operator.post("/country", "address=anna");
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("This is no address") && !refused.text().contains("anna<"));
    add(&gateway, "auditor", Role::Auditor);
    let mut auditor = signed_in(&gateway, "auditor");
    assert_eq!([auditor.click("/country").status, auditor.post("/country", "address=203.0.113.77").status], [403, 403]);
}

#[test]
fn without_a_database_the_page_says_so() {
    let gateway = Gateway::before(&shop());
    let mut operator = operator(&gateway);
    assert!(operator.click("/country").text().contains("none: every country is unknown"));
    let page = look_up(&mut operator, "203.0.113.77");
    assert!(page.contains("unknown: there is no database") && page.contains("<strong>opt-in</strong>"), "{page}");
    operator.headers = vec![("accept-language".into(), "kk".into())];
    let page = operator.click("/country").text();
    assert!(page.contains("<html lang=\"kk\">") && page.contains("Неге бұл ел"), "{page}");
}
