//! What the log says of the gateway itself: starts and stops, the configuration, texts of the policy, and what it enforced.

use std::path::Path;

use kelisim::{
    ledger::{NoticeId, document_hash},
    store::Reader,
};
use serde_json::{Value, json};

use crate::harness::{Answering, Gateway, Origin, Program, answer, shop};

/// The leaves that are no consent, in their order, each with the word of its kind.
fn leaves(state: &Path) -> Vec<(String, Value)> {
    let reader = Reader::open(state).unwrap();
    let leaves = reader.leaf_data(0, usize::try_from(reader.size().unwrap()).unwrap()).unwrap();
    let leaves = leaves.iter().filter_map(|data| {
        let (tag, content) = std::str::from_utf8(data).ok()?.split_once('\n')?;
        let kind = tag.strip_prefix("kelisim-")?.strip_suffix("-leaf/v1")?;
        Some((kind.to_owned(), serde_json::from_str(content).ok()?))
    });
    leaves.collect()
}

fn of_kind(state: &Path, kind: &str) -> Vec<Value> {
    leaves(state).into_iter().filter(|(found, _)| found == kind).map(|(_, content)| content).collect()
}

fn states(state: &Path) -> Vec<String> {
    of_kind(state, "service").iter().map(|leaf| leaf["state"].as_str().unwrap().to_owned()).collect()
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_start_and_a_stop_stand_in_the_log_and_the_stop_is_the_last_leaf() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    assert_eq!(states(&gateway.path().join("state")), ["started"]);
    gateway.browser().choose("accept");
    gateway.browser().choose("necessary");
    gateway.at("2026-11-22T11:00:00Z");
    let stopped_gateway = gateway.stopped(&shop);
    let state = stopped_gateway.state();
    let stopped =
        json!({ "state": "stopped", "version": env!("CARGO_PKG_VERSION"), "time": "2026-11-22T11:00:00.000Z" });
    assert_eq!(states(&state), ["started", "stopped"]);
    assert_eq!(leaves(&state).last().unwrap(), &("service".to_owned(), stopped));
    let reader = Reader::open(&state).unwrap();
    let (index, _) = reader.newest_leaf("service").unwrap().unwrap();
    assert_eq!(index.0 + 1, reader.size().unwrap(), "no leaf follows, not even of a choice");
}

#[test]
fn a_crash_is_a_start_without_a_stop_before_it() {
    let shop = shop();
    let first = Program::run(Gateway::with(&shop).folder());
    assert!(!first.said.iter().any(|line| line.contains("after a crash")), "{:#?}", first.said);
    let second = Program::run(first.kill());
    assert!(
        second.said.iter().any(|line| line.contains("INFO") && line.contains("after a crash")),
        "{:#?}",
        second.said
    );
    let third = Program::run(second.stop());
    assert!(!third.said.iter().any(|line| line.contains("after a crash")), "{:#?}", third.said);
    let folder = third.stop();
    let expected = ["started", "started", "stopped", "started", "stopped"];
    assert_eq!(states(&folder.path().join("state")), expected);
}

#[test]
fn a_configuration_is_named_once_until_it_changes() {
    let shop = shop();
    let mut builder = Gateway::with(&shop);
    for _ in 0..2 {
        builder = builder.start().stopped(&shop);
        assert_eq!(of_kind(&builder.state(), "configuration").len(), 1);
    }
    let hosts = "[[site.host]]\nname = \"*.maps.example\"\ncategory = \"functional\"\nowner = \"Somebody\"";
    builder = builder.site("mode = \"compatible\"").tables(hosts).start().stopped(&shop);
    let named = of_kind(&builder.state(), "configuration");
    assert_eq!(named.len(), 2);
    assert_ne!(named[0]["fingerprint"], named[1]["fingerprint"]);
    let site = |leaf: &Value, key: &str| leaf["summary"]["sites"][0][key].clone();
    assert_eq!([site(&named[0], "mode"), site(&named[1], "mode")], ["strict", "compatible"]);
    let host = json!([{ "category": "functional", "name": "*.maps.example", "port": null, "sees_address": false }]);
    assert_eq!(site(&named[1], "hosts"), host);
    assert_eq!(site(&named[1], "site"), "shop.example");
    // Back to what was before is a change, too.
    builder = builder.start().stopped(&shop);
    let named = of_kind(&builder.state(), "configuration");
    assert_eq!((named.len(), &named[2]["fingerprint"]), (3, &named[0]["fingerprint"]));
}

#[test]
fn the_text_that_a_notice_names_is_the_one_that_its_policy_leaf_names() {
    let shop = shop();
    let first = Gateway::with(&shop).edition("2026-01", "2026-01-01", false).start();
    let both = first.stopped(&shop).edition("2026-01", "2026-01-01", false).edition("2027-01", "2027-01-01", true);
    let gateway = both.start();
    let state = gateway.path().join("state");
    let all = leaves(&state);
    let policies = of_kind(&state, "policy");
    assert_eq!(policies.len(), 2, "a text is kept once: {policies:#?}");
    for (policy, (id, effective)) in policies.iter().zip([("2026-01", "2026-01-01"), ("2027-01", "2027-01-01")]) {
        let file = std::fs::read_to_string(gateway.path().join(format!("policy/{id}.ru.txt"))).unwrap();
        assert_eq!(policy["document_sha256"], digits(&document_hash(&file)));
        assert_eq!([&policy["edition"], &policy["language"], &policy["effective"]], [id, "ru", effective]);
    }
    let reader = Reader::open(&state).unwrap();
    let mut notices = 0;
    for (at, (_, notice)) in all.iter().enumerate().filter(|(_, (kind, _))| kind == "notice") {
        let id = notice["notice_id"].as_str().unwrap();
        let bytes: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&id[at * 2..at * 2 + 2], 16).unwrap()).collect();
        let document = reader.notice(NoticeId(bytes.try_into().unwrap())).unwrap().unwrap();
        let document: Value = serde_json::from_str(&document).unwrap();
        let is_named = |(kind, policy): &(String, Value)| {
            kind == "policy"
                && policy["edition"] == notice["edition"]
                && policy["document_sha256"] == document["policy"][0]["sha256"]
        };
        assert!(all[..at].iter().any(is_named), "no text before the notice {notice:#}");
        notices += 1;
    }
    assert!(notices >= 2);
}

const TABLES: &str = r#"
[[site.host]]
name = "maps.example"
category = "functional"
owner = "Maps"
[[site.host]]
name = "count.example"
category = "analytical"
owner = "Counter"
sees_address = true
[[site.tracker]]
path = "/collect"
category = "analytical"
"#;

/// A page that sets, hints and loads, and a path that measures.
fn busy() -> Origin {
    let page = "<!DOCTYPE html><html><head><title>Shop</title><link rel=preconnect href=https://maps.example></head><body>\
                <iframe src=https://maps.example/office></iframe></body></html>";
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("set-cookie", "PHPSESSID=1; HttpOnly"),
        ("set-cookie", "_ga=2"),
        ("set-cookie", "unheard_of=4"),
        ("link", "<https://count.example/count.js>; rel=preload, </own.css>; rel=preload"),
    ];
    let page = answer("200 OK", &headers, page);
    Origin::new(move |request| match request.target() {
        "/collect" => Answering::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        _ => Answering::Bytes(page.clone()),
    })
}

#[test]
fn the_counts_of_a_day_are_what_its_visitors_met() {
    let shop = busy();
    let gateway = Gateway::with(&shop).tables(TABLES).start();
    let mut anna = gateway.browser().holding("PHPSESSID", "0").holding("_ga", "old").holding("zzz", "1");
    anna.open("/");
    assert_eq!(anna.get("/collect").status, 204);
    let mut boris = gateway.browser();
    boris.choose("accept");
    boris.click("/");
    boris.get("/collect");
    let stopped = gateway.stopped(&shop);
    let count = |what: &str, category: &str, refused: u64, passed: u64| json!({ "site": "shop.example", "what": what, "category": category, "refused": refused, "passed": passed });
    let expected = json!({ "day": "2026-11-22", "counts": [
        count("set_cookie", "analytical", 2, 1),
        count("set_cookie", "unknown", 3, 0),
        count("cookie_pair", "analytical", 1, 1),
        count("cookie_pair", "unknown", 1, 0),
        count("load", "functional", 2, 1),
        count("load", "analytical", 3, 2),
        count("frame", "functional", 2, 1),
    ] });
    assert_eq!(of_kind(&stopped.state(), "enforcement"), [expected]);

    // What comes after a restart on the same day stands in a leaf of its own; a run without visitors has none.
    let stopped = stopped.tables(TABLES).start().stopped(&shop);
    let gateway = stopped.tables(TABLES).start();
    let page = gateway.browser().open("/").text().replace("&#38;", "&").replace("&#61;", "=");
    let address =
        page.split("src=\"/_kelisim/frame").nth(1).or_else(|| page.split("src=/_kelisim/frame").nth(1)).unwrap();
    let form = address.split_once('?').unwrap().1.split(['"', '>', ' ']).next().unwrap().to_owned();
    let mut clara = gateway.browser();
    assert_eq!(clara.post("/_kelisim/frame", &form).status, 303);
    clara.click("/");
    let stopped = gateway.stopped(&shop);
    let all = of_kind(&stopped.state(), "enforcement");
    assert_eq!(all.len(), 2);
    assert_eq!(all[1]["day"], "2026-11-22");
    let frames = all[1]["counts"].as_array().unwrap().iter().find(|count| count["what"] == "frame").unwrap();
    assert_eq!(*frames, count("frame", "functional", 1, 1), "refused once, then opened by a click");
}

#[test]
fn where_nothing_is_judged_nothing_is_counted() {
    let shop = busy();
    let gateway = Gateway::with(&shop).site("mode = \"observe\"").tables(TABLES).start();
    gateway.browser().holding("_ga", "old").open("/");
    assert_eq!(of_kind(&gateway.stopped(&shop).state(), "enforcement"), [] as [Value; 0]);
}
