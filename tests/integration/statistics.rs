//! What the gateway counts of real requests, and what nobody finds in it.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use kelisim::{
    statistics::{Day, Dimension, Figures, Table, Totals},
    store::statistics::{Mark, StatisticsReader},
};

use crate::harness::{Answering, Browser, Gateway, GatewayBuilder, Origin, answer, ok};

const SITE: &str = "shop.example";
const TODAY: &str = "2026-11-22";

/// A small site: pages, a file, a picture, a page that is gone, one that leads on.
fn site() -> Origin {
    let html = |body: &str| ok("text/html; charset=utf-8", &format!("<!doctype html><title>x</title><body>{body}"));
    Origin::new(move |request| {
        let path = request.target().split('?').next().unwrap_or_default().to_owned();
        Answering::Bytes(match path.as_str() {
            "/price.pdf" => ok("application/pdf", "%PDF"),
            "/logo.png" => ok("image/png", "png"),
            "/data.json" => ok("application/json", "{}"),
            "/gone" => answer("404 Not Found", &[("content-type", "text/html")], "<p>gone"),
            "/old" => answer("302 Found", &[("location", "/")], ""),
            "/broken" => answer("500 Internal Server Error", &[("content-type", "text/html")], "<p>broken"),
            _ => html("page"),
        })
    })
}

fn almaty(site: &Origin) -> GatewayBuilder {
    Gateway::with(site).tables("[statistics]\ntime_zone = \"Asia/Almaty\"")
}

/// A browser with all that browsers send.
fn visitor(gateway: &Gateway) -> Browser {
    gateway.browser().sending("accept-language", "ru-RU,ru;q=0.9")
}

fn day() -> Day {
    Day::parse(TODAY).unwrap()
}

fn reader(state: &Path) -> StatisticsReader {
    StatisticsReader::open(state).unwrap()
}

fn totals_of(state: &Path) -> Totals {
    let hours = reader(state).hours(SITE, day().plus(-5), day().plus(5)).unwrap();
    hours.iter().map(|(.., totals)| *totals).sum()
}

/// The totals when so many requests are counted: a request is when its last byte has left, a little after its visitor has it.
fn totals(gateway: &Gateway, requests: i64) -> Totals {
    let (state, begun) = (gateway.path().join("state"), Instant::now());
    loop {
        gateway.running().write_statistics();
        let totals = totals_of(&state);
        if totals.requests >= requests {
            assert_eq!(totals.requests, requests);
            return totals;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "only {} of {requests}", totals.requests);
        thread::yield_now();
    }
}

fn row(gateway: &Gateway, dimension: Dimension, word: &str) -> Figures {
    let rows = reader(&gateway.path().join("state")).rows(SITE, Table::of(dimension), day(), day()).unwrap();
    rows.into_iter().find(|(key, _)| &*key.first == word).map(|(_, figures)| figures).unwrap_or_default()
}

#[test]
fn everybody_is_counted_without_a_script() {
    let site = site();
    let gateway = almaty(&site).start();
    let mut anna = visitor(&gateway);
    anna.open("/?utm_source=ig&utm_campaign=Autumn");
    anna.click("/services?question=secret");
    anna.click("/price.pdf");
    anna.click("/gone");
    let mut boris = visitor(&gateway).sending("referer", "https://www.google.kz/search?q=trade+mark");
    boris.send("GET", "/", &[("accept", "text/html"), ("user-agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 15_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.0 Mobile/15E148 Safari/604.1")], b"");
    let totals = totals(&gateway, 5);
    let expected = Totals {
        requests: 5,
        views: 3,
        entries: 2,
        not_found: 1,
        downloads: 1,
        unanswered_views: 3,
        shown: 2,
        ..Totals::default()
    };
    assert_eq!(Totals { bytes: 0, waited: 0, slow: 0, ..totals }, expected);
    assert!(totals.bytes > 0);
    let of = |dimension, word| row(&gateway, dimension, word).views;
    assert_eq!((of(Dimension::Page, "/"), of(Dimension::Page, "/services")), (2, 1));
    assert_eq!((of(Dimension::Source, "Instagram"), of(Dimension::Source, "Google")), (1, 1));
    assert_eq!((of(Dimension::Campaign, "autumn"), of(Dimension::Language, "ru")), (1, 3));
    assert_eq!((of(Dimension::Browser, "Firefox"), of(Dimension::Device, "phone")), (2, 1));
    assert_eq!((of(Dimension::NotFound, "/gone"), of(Dimension::Download, "/price.pdf")), (1, 1));
}

#[test]
fn what_is_no_view_of_a_person_is_none() {
    let site = site();
    let gateway = almaty(&site).tables("[[site.path]]\nprefix = \"/office/\"\npass_through = true").start();
    let mut anna = visitor(&gateway);
    let agent = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0");
    let mut asked = 0;
    let mut ask = |target: &str, headers: &[(&str, &str)]| {
        asked += 1;
        let headers = [&[agent, ("accept", "text/html,*/*")], headers].concat();
        anna.send("GET", target, &headers, b"");
    };
    let navigation = [("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    // Part of a page, loaded by a script, in a frame, ahead; a picture; an answer that leads on or fails.
    ask("/logo.png", &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")]);
    ask("/data.json", &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")]);
    ask("/part", &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")]);
    ask("/frame", &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")]);
    ask("/next", &[navigation.as_slice(), &[("sec-purpose", "prefetch")]].concat());
    ask("/price.pdf", &[navigation.as_slice(), &[("range", "bytes=100-")]].concat());
    ask("/old", &navigation);
    ask("/broken", &navigation);
    ask("/office/", &navigation);
    ask("/_kelisim/settings", &navigation);
    let totals = totals(&gateway, asked);
    assert_eq!(Totals { bytes: 0, ..totals }, Totals { requests: asked, ..Totals::default() });
}

#[test]
fn robots_are_counted_apart_by_what_gives_them_away() {
    let site = site();
    let gateway = almaty(&site).start();
    let chrome =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
    let mut robot = gateway.browser();
    for headers in [
        vec![("user-agent", "curl/8.5.0"), ("accept", "*/*")],
        vec![("user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1)"), ("accept", "text/html")],
        vec![("accept", "text/html")],
        vec![("user-agent", chrome), ("accept", "text/html"), ("accept-language", "en")],
    ] {
        robot.send("GET", "/", &headers, b"");
    }
    // The same line in plain http is a browser's: there browsers send no fetch headers.
    let mut person = gateway.plain_browser();
    person.send("GET", "/", &[("user-agent", chrome), ("accept", "text/html"), ("accept-language", "en")], b"");
    let totals = totals(&gateway, 5);
    assert_eq!((totals.robots, totals.views), (4, 1));
    let reason = |word| row(&gateway, Dimension::RobotReason, word).views;
    assert_eq!(["program", "says_so", "no_agent", "contradiction"].map(reason), [1, 1, 1, 1]);
    assert_eq!(row(&gateway, Dimension::Robot, "Googlebot").views, 1);
}

#[test]
fn who_accepts_is_a_visit_from_the_page_that_is_loaded_again() {
    let site = site();
    let gateway = almaty(&site).start();
    let mut anna = visitor(&gateway);
    assert_eq!(anna.choose("accept").status, 303);
    anna.click("/");
    gateway.at("2026-11-22T10:02:00Z");
    anna.click("/services");
    let mut boris = visitor(&gateway);
    assert_eq!(boris.choose("necessary").status, 303);
    boris.click("/");
    boris.click("/services");
    let totals = totals(&gateway, 8);
    let expected = Totals {
        requests: 8,
        views: 4,
        entries: 2,
        unanswered_views: 2,
        accepted_views: 1,
        refused_views: 1,
        shown: 2,
        accepted: 1,
        refused: 1,
        visits: 1,
        visitors: 1,
        seconds: 120,
        ..Totals::default()
    };
    assert_eq!(Totals { bytes: 0, waited: 0, slow: 0, ..totals }, expected);
    assert_eq!(row(&gateway, Dimension::Page, "/services").visitors, 1);
}

#[test]
fn a_page_that_changes_its_address_is_counted_where_the_operator_wants_it() {
    let site = site();
    let gateway = almaty(&site).site("count_routes = true").start();
    let mut anna = visitor(&gateway);
    anna.choose("accept");
    anna.click("/");
    let agent = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0");
    let mut tell = |site: &str, body: &str| {
        let from = [agent, ("sec-fetch-site", site), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "empty")];
        anna.send("POST", "/_kelisim/view", &from, body.as_bytes()).status
    };
    assert_eq!(tell("same-origin", "/cart"), 204);
    assert_eq!(tell("cross-site", "/forged"), 204);
    assert_eq!(tell("same-origin", "cart"), 400);
    assert_eq!(tell("same-origin", "/a b"), 400);
    assert_eq!(tell("same-origin", &format!("/{}", "a".repeat(2048))), 413);
    assert_eq!(anna.get("/_kelisim/view").status, 405);
    let totals = totals(&gateway, 9);
    assert_eq!((totals.views, totals.visits, totals.bounces), (2, 1, 0));
    assert_eq!(row(&gateway, Dimension::Page, "/cart").views, 1);
    let gateway = almaty(&site).start();
    assert_eq!(visitor(&gateway).post("/_kelisim/view", "/cart").status, 405, "nothing is posted there");
}

#[test]
fn a_signal_is_seen_and_observed_sites_are_counted_too() {
    let site = site();
    let gateway = almaty(&site).start();
    visitor(&gateway).sending("sec-gpc", "1").open("/");
    assert_eq!(totals(&gateway, 1).signalled_views, 1);
    let gateway = almaty(&site).site("mode = \"observe\"").start();
    visitor(&gateway).open("/");
    let totals = totals(&gateway, 1);
    assert_eq!((totals.views, totals.unanswered_views, totals.shown), (1, 0, 0));
}

#[test]
fn the_end_of_a_days_key_stands_in_the_log() {
    let site = site();
    let gateway = almaty(&site).start();
    let mut anna = visitor(&gateway);
    anna.choose("accept");
    anna.click("/");
    let keys = |state: &Path| -> Vec<String> {
        let reader = kelisim::store::Reader::open(state).unwrap();
        let newest = reader.newest_leaf("key").unwrap();
        newest.into_iter().map(|(_, data)| String::from_utf8(data).unwrap()).collect()
    };
    let state = gateway.path().join("state");
    gateway.running().write_statistics();
    assert_eq!(keys(&state), [] as [String; 0]);
    // 00:30:01 in Almaty.
    gateway.at("2026-11-22T19:30:01Z");
    gateway.running().write_statistics();
    let leaf = keys(&state).pop().unwrap();
    assert!(leaf.contains(r#"{"day":"2026-11-22","commitment":""#), "{leaf}");
    assert!(leaf.ends_with(r#""time":"2026-11-22T19:30:01.000Z"}"#), "{leaf}");
}

#[test]
fn a_restart_loses_nothing_and_a_crash_is_marked() {
    let site = site();
    let gateway = almaty(&site).start();
    let state = gateway.path().join("state");
    visitor(&gateway).open("/");
    let builder = gateway.stopped(&site);
    assert_eq!(totals_of(&state).views, 1);
    let marks = || reader(&state).marks(day(), day()).unwrap();
    assert_eq!(marks(), []);
    let gateway = builder.tables("[statistics]\ntime_zone = \"Asia/Almaty\"").start();
    visitor(&gateway).open("/");
    assert_eq!(totals(&gateway, 2).views, 2);
    assert_eq!(marks(), [(day(), Mark::Restart, 1)]);

    // What a crash leaves is a copy of the files from a moment when it was running.
    let copy = tempfile::tempdir().unwrap();
    let into = copy.path().join("state");
    fs::create_dir(&into).unwrap();
    for name in ["statistics.sqlite", "statistics.sqlite-wal"] {
        fs::copy(state.join(name), into.join(name)).unwrap();
    }
    let mut crashed = kelisim::store::statistics::Statistics::open(&into, &[SITE.into()]).unwrap();
    crashed.begin(day(), false).unwrap();
    let marks = reader(&into).marks(day(), day()).unwrap();
    assert_eq!(marks, [(day(), Mark::Crash, 1), (day(), Mark::Restart, 1)]);
    assert_eq!(totals_of(&into).views, 2, "what was written is there");
}

#[test]
fn a_planned_restart_splits_no_visit_where_there_is_a_place_in_memory() {
    let site = site();
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    let gateway = almaty(&site).handing_over(memory.path()).start();
    let state = gateway.path().join("state");
    let mut anna = visitor(&gateway);
    anna.choose("accept");
    anna.click("/");
    let builder = gateway.stopped(&site).tables("[statistics]\ntime_zone = \"Asia/Almaty\"");
    let left = found(memory.path(), &["\"visits\":[{"]);
    assert_eq!(left.len(), 1, "{left:?}");
    let gateway = builder.handing_over(memory.path()).start();
    assert_eq!(fs::read_dir(memory.path()).unwrap().count(), 0, "it is good for one start");
    gateway.at("2026-11-22T10:02:00Z");
    let mut again = visitor(&gateway);
    again.jar = anna.jar;
    again.click("/services");
    let totals = totals(&gateway, 4);
    assert_eq!((totals.visits, totals.visitors, totals.bounces, totals.seconds), (1, 1, 0, 120));
    assert_eq!(reader(&state).marks(day(), day()).unwrap(), []);

    // What lies too long is no restart: the key in it ends at the start, and the log says so.
    let builder = gateway.stopped(&site).tables("[statistics]\ntime_zone = \"Asia/Almaty\"");
    assert_eq!(kelisim::store::Reader::open(&state).unwrap().newest_leaf("key").unwrap(), None);
    builder.clock().set(kelisim::timestamp::Timestamp::parse("2026-11-22T10:30:00Z").unwrap());
    let gateway = builder.handing_over(memory.path()).start();
    let mut late = visitor(&gateway);
    late.jar = again.jar;
    late.click("/services");
    assert_eq!(self::totals(&gateway, 5).visits, 2);
    assert!(kelisim::store::Reader::open(&state).unwrap().newest_leaf("key").unwrap().is_some());
    assert_eq!(reader(&state).marks(day(), day()).unwrap(), [(day(), Mark::Restart, 1)]);
}

/// Every file below a folder that holds one of the words, with the word.
fn found(folder: &Path, words: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(found(&path, words));
        } else if let Ok(bytes) = fs::read(&path) {
            let holds = |word: &&&str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
            all.extend(words.iter().filter(holds).map(|word| format!("{} holds {word}", path.display())));
        }
    }
    all
}

#[test]
fn nothing_marked_is_found_in_anything_that_is_kept() {
    const MARKS: [&str; 9] = [
        "203.0.113.77",
        "198.51.100.23",
        "MarkedAgent",
        "markedcookie",
        "marked@mail.example",
        "marked%40mail.example",
        "markedquery",
        "markedreferrer",
        "850617450628",
    ];
    let site = site();
    let gateway = almaty(&site).server("trusted_proxies = [\"127.0.0.1\"]").start();
    let state = gateway.path().join("state");
    let mut requests = 0;
    for hour in 0..9 {
        gateway.at(&format!("2026-11-22T{:02}:15:00Z", 10 + hour));
        for (number, address) in
            ["203.0.113.77", "198.51.100.23, 203.0.113.77", "2001:db8:aaaa:bbbb::77"].iter().enumerate()
        {
            let mut person = visitor(&gateway)
                .sending("x-forwarded-for", address)
                .sending("x-forwarded-proto", "https")
                .sending("referer", "https://user.example.com/markedreferrer?markedquery=1")
                .holding("_ga", "markedcookie");
            if number == 0 {
                assert_eq!(person.choose("accept").status, 303);
                requests += 2;
            }
            let agent =
                ("user-agent", "Mozilla/5.0 (X11; MarkedAgent 850617450628; rv:153.0) Gecko/20100101 Firefox/153.0");
            for target in [
                "/?email=marked@mail.example&markedquery=1&utm_source=marked@mail.example&utm_campaign=850617450628",
                "/unsubscribe/marked@mail.example",
                "/unsubscribe/marked%40mail.example",
                "/client/850617450628",
                "/file-850617450628.pdf?markedquery",
            ] {
                person.send(
                    "GET",
                    target,
                    &[
                        agent,
                        ("accept", "text/html"),
                        ("sec-fetch-site", "cross-site"),
                        ("sec-fetch-mode", "navigate"),
                        ("sec-fetch-dest", "document"),
                    ],
                    b"",
                );
                requests += 1;
            }
        }
    }
    let totals = totals(&gateway, requests);
    assert!(totals.views >= 100 && totals.visits >= 9, "{totals:?}");
    assert!(!found(&state, &["/unsubscribe/*"]).is_empty(), "what is kept is found");
    assert_eq!(found(&state, &MARKS), [] as [String; 0], "while it runs, with the write-ahead log");
    let metrics = gateway.admin("/metrics");
    assert!(MARKS.iter().all(|mark| !metrics.contains(mark)));
    assert_eq!(found(&gateway.stopped(&site).state(), &MARKS), [] as [String; 0], "when it has ended");
}
