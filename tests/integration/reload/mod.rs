//! Another configuration without a stop: what it changes, what goes on, and that a bad one changes nothing.

mod command;
mod under_way;

use std::{
    fs,
    time::{Duration, Instant},
};

use kelisim::{
    admin::Role,
    cli::{
        demo,
        reloading::{ReloadError, Reloaded},
    },
    statistics::Day,
    store::{Reader, statistics::StatisticsReader},
};

use crate::{
    administration::{add, leaves, signed_in},
    harness::{Browser, Gateway, Origin, Wire, answer, ok, shop},
};

/// A cookie that nobody knows until it is configured.
const COOKIE: &str = "[[site.cookie]]\nname = \"basket\"\ncategory = \"necessary\"\n";

/// Changes the text of the configuration and has it read again.
fn reload(gateway: &Gateway, change: impl FnOnce(String) -> String) -> Result<Reloaded, ReloadError> {
    let file = gateway.path().join("kelisim.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, change(text)).unwrap();
    gateway.running().reload()
}

/// Adds lines at the end, where the only site's tables are, and has them read.
fn add_lines(gateway: &Gateway, lines: &str) {
    let reloaded = reload(gateway, |text| text + lines).unwrap_or_else(|error| panic!("{error}"));
    assert!(reloaded.is_new);
}

/// A second site, as it stands at the end of the file.
fn second(upstream: &Origin) -> String {
    format!(
        "[[site]]\nhosts = [\"second.example\"]\nupstream = \"http://{}\"\n[site.notice]\nthird_parties = \"none\"\ncross_border = \"none\"\n\
         public = \"none\"\ndata = [\"cookies\"]\nstorage_place = \"Kazakhstan\"\n",
        upstream.address()
    )
}

fn counts(gateway: &Gateway, outcome: &str) -> usize {
    let start = format!("kelisim_configuration_reloads_total{{outcome=\"{outcome}\"}} ");
    let text = gateway.admin("/metrics");
    text.lines().find_map(|line| line.strip_prefix(&start)).map_or(0, |count| count.parse().unwrap())
}

#[test]
fn a_cookie_that_is_named_passes_with_the_next_request_of_the_same_connection() {
    let site = Origin::answering(answer("200 OK", &[("set-cookie", "basket=2"), ("content-type", "text/plain")], ""));
    let gateway = Gateway::before(&site);
    let mut wires = [Wire::of(&gateway.plain_browser()), Wire::of(&gateway.browser())];
    let mut ask = || wires.each_mut().map(|wire| wire.ask("GET", "/", &["cookie: basket=1"]).all("set-cookie").len());
    let sent = || site.last().header("cookie").map(str::to_owned);
    assert_eq!((ask(), sent()), ([0, 0], None));
    add_lines(&gateway, COOKIE);
    assert_eq!((ask(), sent()), ([1, 1], Some("basket=1".to_owned())));
    assert!(site.connections() <= 2, "each core keeps the connection that it has");
    assert!(!gateway.running().reload().unwrap().is_new, "nothing has changed since");
    assert_eq!((counts(&gateway, "taken"), counts(&gateway, "unchanged")), (1, 1));
}

#[test]
fn a_file_with_faults_changes_nothing_and_every_fault_is_told() {
    let site = shop();
    let gateway = Gateway::before(&site);
    let mut wire = Wire::of(&gateway.browser());
    let named = leaves(&gateway, "configuration").len();
    let error =
        reload(&gateway, |text| text.replace("workers = 2", "wrokers = 2\ntrusted_proxies = 1") + COOKIE).unwrap_err();
    let ReloadError::Faults(faults) = &error else { panic!("{error}") };
    let told: Vec<_> = faults.iter().map(|fault| (fault.line > 0, fault.what.clone())).collect();
    assert!(told.len() >= 2 && told.iter().all(|(has_place, _)| *has_place), "{told:#?}");
    assert!(error.to_string().contains("did you mean `workers`?"), "{error}");
    wire.ask("GET", "/", &["cookie: basket=1"]);
    assert_eq!(site.last().header("cookie"), None);
    assert_eq!((leaves(&gateway, "configuration").len(), counts(&gateway, "refused")), (named, 1));
    // The file is mended, and holds.
    reload(&gateway, |text| text.replace("wrokers = 2\ntrusted_proxies = 1", "workers = 2")).unwrap();
    wire.ask("GET", "/", &["cookie: basket=1"]);
    assert_eq!(site.last().header("cookie"), Some("basket=1"));
    assert_eq!(leaves(&gateway, "configuration").len(), named + 1);
}

#[test]
fn what_needs_a_restart_is_named_and_nothing_else_is_changed_either() {
    let site = shop();
    let gateway = Gateway::before(&site);
    let cases = [
        ("workers = 2", "workers = 3", "`workers` in [server]"),
        ("http = [\"127.0.0.1:0\"]\n", "http = [\"127.0.0.1:0\", \"127.0.0.2:0\"]\n", "`http` in [server]"),
        ("admin = \"127.0.0.1:0\"\n", "", "`admin` in [server]"),
        ("/state\"", "/elsewhere\"", "`state_dir` in [server]"),
        ("workers = 2", "workers = 2\nlog_format = \"json\"", "`log_format` in [server]"),
        ("[controller]", "[statistics]\ntime_zone = \"Asia/Almaty\"\n[controller]", "`time_zone` in [statistics]"),
    ];
    let whole = fs::read_to_string(gateway.path().join("kelisim.toml")).unwrap();
    for (line, other, key) in cases {
        let error = reload(&gateway, |_| whole.replacen(line, other, 1) + COOKIE).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{key} can't change while the gateway runs")), "{error}");
        Wire::of(&gateway.browser()).ask("GET", "/", &["cookie: basket=1"]);
        assert_eq!(site.last().header("cookie"), None);
    }
    assert_eq!(leaves(&gateway, "configuration").len(), 1);
    assert!(!gateway.path().join("elsewhere").exists());
}

#[test]
fn the_log_names_the_configuration_before_anybody_is_answered_by_it() {
    let site = shop();
    let gateway = Gateway::before(&site);
    reload(&gateway, |text| text.replace("[[site]]\n", "[[site]]\nmode = \"compatible\"\n")).unwrap();
    let named = leaves(&gateway, "configuration");
    assert_eq!(named.len(), 2);
    assert_ne!(named[0]["fingerprint"], named[1]["fingerprint"]);
    assert_eq!(named[1]["summary"]["sites"][0]["mode"], "compatible");
}

#[test]
fn sites_come_and_go_and_each_is_counted_under_its_own_name() {
    let (first, other) = (shop(), Origin::answering(ok("text/html", "<!doctype html><title>Second</title>")));
    let gateway = Gateway::before(&first);
    let asks = |host: &str| {
        let mut browser = gateway.browser().sending("accept-language", "ru-RU,ru;q=0.9");
        browser.host = host.to_owned();
        (browser.open("/").status, browser.open("/price").status)
    };
    assert_eq!((asks("shop.example"), asks("second.example")), ((200, 200), (421, 421)));
    add_lines(&gateway, &second(&other));
    assert_eq!((asks("shop.example"), asks("second.example")), ((200, 200), (200, 200)));
    // The second becomes the first, and the first the second; then the only one that was there from the beginning goes.
    let whole = fs::read_to_string(gateway.path().join("kelisim.toml")).unwrap();
    let (head, sites) = whole.split_once("[[site]]").unwrap();
    let (one, two) = sites.split_once("[[site]]").unwrap();
    reload(&gateway, |_| format!("{head}[[site]]{two}[[site]]{one}")).unwrap();
    assert_eq!((asks("shop.example"), asks("second.example")), ((200, 200), (200, 200)));
    reload(&gateway, |_| format!("{head}[[site]]{two}")).unwrap();
    assert_eq!((asks("shop.example"), asks("second.example")), ((421, 421), (200, 200)));

    let day = Day::parse("2026-11-22").unwrap();
    let views = |site: &str| {
        gateway.running().write_statistics();
        let reader = StatisticsReader::open(&gateway.path().join("state")).unwrap();
        let hours = reader.hours(site, day.plus(-1), day.plus(1)).unwrap();
        hours
            .iter()
            .map(|(.., totals)| (totals.requests, totals.views))
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    // A request is counted when its last byte has left, a little after its visitor has it.
    let begun = Instant::now();
    while (views("shop.example"), views("second.example")) != ((6, 6), (6, 6)) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?} {:?}", views("shop.example"), views("second.example"));
        std::thread::yield_now();
    }
    let mut operator = operator(&gateway);
    let page = operator.click("/statistics").text();
    assert!(page.contains("second.example") && !page.contains("shop.example"), "{page}");
    let live = operator.click("/statistics/live.json").text();
    assert!(live.contains('6'), "{live}");
}

fn operator(gateway: &Gateway) -> Browser {
    add(gateway, "operator", Role::Operator);
    signed_in(gateway, "operator")
}

#[test]
fn a_reload_that_the_log_can_not_take_leaves_the_terms_of_the_statistics() {
    let site = shop();
    let gateway = Gateway::before(&site);
    let day = Day::parse("2026-11-22").unwrap();
    let rows = || {
        gateway.running().write_statistics();
        let reader = StatisticsReader::open(&gateway.path().join("state")).unwrap();
        reader.hours("shop.example", day.plus(-1), day.plus(1)).unwrap().len()
    };
    for (hour, expected) in [("09", 1), ("11", 2)] {
        gateway.at(&format!("2026-11-22T{hour}:00:00Z"));
        gateway.browser().open("/");
        let begun = Instant::now();
        while rows() < expected {
            assert!(begun.elapsed() < Duration::from_secs(20), "nothing was counted at {hour}");
            std::thread::yield_now();
        }
    }
    // Nothing is deleted by a clock before it has gone for a week, and the log was signed by it.
    gateway.at("2027-02-01T10:00:00Z");
    gateway.browser().choose("accept");
    gateway.at("2027-02-08T10:00:02Z");
    gateway.browser().choose("accept");
    let begun = Instant::now();
    while !Reader::open(&gateway.path().join("state")).unwrap().is_steady(gateway.clock.now()).unwrap() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the log was not signed");
        std::thread::yield_now();
    }
    let shorter = |text: String| text.replace("[controller]", "[statistics]\nkeep_hours = \"1 month\"\n[controller]");
    let held = rusqlite::Connection::open(gateway.path().join("state/consent.sqlite")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    reload(&gateway, shorter).unwrap_err();
    assert_eq!(rows(), 2);
    held.execute_batch("ROLLBACK").unwrap();
    assert!(reload(&gateway, |text| text).unwrap().is_new);
    assert_eq!(rows(), 1, "one sum for the day");
}

#[test]
fn another_upstream_answers_at_once_and_the_connections_to_those_that_stay_are_kept() {
    let (old, new) = (Origin::answering(ok("text/plain", "old")), Origin::answering(ok("text/plain", "new")));
    let gateway = Gateway::before(&old);
    let mut wire = Wire::of(&gateway.plain_browser());
    assert_eq!(wire.ask("GET", "/", &[]).text(), "old");
    let (from, to) = (old.address().to_string(), new.address().to_string());
    reload(&gateway, |text| text.replace(&from, &to)).unwrap();
    assert_eq!(wire.ask("GET", "/", &[]).text(), "new");
    for number in 0..3 {
        add_lines(&gateway, &format!("[[site.cookie]]\nname = \"n{number}\"\ncategory = \"necessary\"\n"));
        assert_eq!(wire.ask("GET", "/", &[]).text(), "new");
    }
    assert_eq!((old.connections(), new.connections()), (1, 1));
}

#[test]
fn choices_limits_sign_ins_and_statistics_outlive_it() {
    let site = shop();
    let gateway = Gateway::with(&site).server("[server.limits]\nreports_per_minute = 2").start();
    let mut anna = gateway.browser();
    anna.choose("accept");
    let mut operator = operator(&gateway);
    let report = || {
        gateway
            .browser()
            .send("POST", "/_kelisim/report", &[("content-type", "application/reports+json")], b"[]")
            .status
    };
    let taken = report();
    add_lines(&gateway, COOKIE);
    anna.click("/");
    assert!(site.last().header("kelisim-consent").unwrap().starts_with("answered=?1"));
    assert!(operator.click("/statistics").text().contains("shop.example"));
    // The reports of before count, and so does the new limit.
    assert_eq!((report(), report()), (taken, 429));
    reload(&gateway, |text| text.replace("reports_per_minute = 2", "reports_per_minute = 4")).unwrap();
    assert_eq!((report(), report()), (taken, 429));
    assert_eq!(gateway.log().len(), 1);
}

#[test]
fn certificates_and_the_host_of_the_administration_change_with_the_names() {
    let site = shop();
    let gateway = Gateway::before(&site);
    let folder = gateway.path().to_owned();
    let (certificate, key) = demo::certificate(&["second.example", "stats.second.example"]).unwrap();
    fs::write(folder.join("other.pem"), certificate).unwrap();
    fs::write(folder.join("other-key.pem"), key).unwrap();
    let other = "{ certificate = \"other.pem\", key = \"other-key.pem\" }";
    let known = |text: &str, from: &str| {
        text.replace("hosts = [", "hosts = [\"second.example\", ").replace(from, &format!("{from}, {other}"))
    };
    let mut first = Wire::of(&gateway.browser());
    assert_eq!(first.ask("GET", "/", &[]).status, 200);
    let certificates = "{ certificate = \"certificate.pem\", key = \"key.pem\" }";
    reload(&gateway, |text| {
        known(&text, certificates).replace("workers = 2", "workers = 2\nadmin_host = \"stats.second.example\"")
    })
    .unwrap();
    let mut second = Browser::over_tls(gateway.https(), "second.example", &folder.join("other.pem"));
    assert_eq!(second.open("/").status, 200);
    let administration = || Browser::over_tls(gateway.https(), "stats.second.example", &folder.join("other.pem"));
    assert_eq!(administration().click("/").header("location"), Some("/sign-in"));
    let mut kept = Wire::of(&administration());
    let asks_for_admin = "GET / HTTP/1.1\r\nhost: stats.second.example\r\n\r\n";
    kept.send(asks_for_admin);
    assert_eq!(kept.reply("GET").status, 303);
    // Without its name there is no such host any more, over a connection that was made for it either.
    reload(&gateway, |text| text.replace("admin_host = \"stats.second.example\"", "")).unwrap();
    kept.send(asks_for_admin);
    assert_eq!(kept.reply("GET").status, 421);
    assert_eq!(first.ask("GET", "/", &[]).status, 200);
}
