//! `kelisim stats` as an operator runs it.

use std::process::Output;

use serde_json::Value;

use crate::harness::{Gateway, Program, kelisim, shop};

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn report(folder: &std::path::Path, arguments: &[&str]) -> Value {
    let output = kelisim(folder, &[&["stats", "--json"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_report_beside_a_running_gateway_has_the_last_view_too() {
    let shop = shop();
    let program = Program::run(Gateway::with(&shop).folder());
    let mut anna = program.browser().sending("accept-language", "kk");
    for views in 1..4 {
        anna.open("/services/");
        let today = report(program.path(), &["--period", "today"]);
        assert_eq!(today["totals"]["views"], views, "{today:#}");
        assert_eq!(today["tables"]["page"]["rows"][0]["word"], "/services/");
    }
    let text = kelisim(program.path(), &["stats", "--period", "today", "--ascii"]);
    let said = out(&text);
    assert!(said.starts_with("shop.example, ") && said.contains("pageviews                          3"), "{said}");
    assert!(said.is_ascii() && said.contains("/services/"), "{said}");
    let folder = program.stop();
    assert_eq!(report(folder.path(), &["--period", "today", "--compare", "none"])["totals"]["views"], 3);
    let filtered = report(folder.path(), &["--period", "today", "--filter", "page:/services/"]);
    assert_eq!(filtered["filter"]["figures"]["views"], 3, "{filtered:#}");
    let before = out(&kelisim(folder.path(), &["stats", "--from", "2020-01-01", "--to", "2020-01-31"]));
    assert!(before.contains("nothing was counted on these days; there are numbers from "), "{before}");
}

#[test]
fn what_is_asked_wrongly_is_told_and_nothing_counted_yet_is_no_fault() {
    let shop = shop();
    let folder = Gateway::with(&shop).folder();
    let check = |arguments: &[&str], code: i32, says: &str| {
        let output = kelisim(folder.path(), &[&["stats"], arguments].concat());
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let said = out(&output) + &String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(says), "{arguments:?}: {said}");
    };
    check(&[], 0, "nothing was counted yet");
    check(&["--json"], 0, "\"views\": 0");
    check(&["--site", "other.example"], 1, "no site is called `other.example`; there are: shop.example");
    check(&["--from", "2026-11-02", "--to", "2026-11-01"], 1, "exchange --from and --to");
    check(&["--from", "1.11.2026"], 2, "write a date, 2026-11-29");
    check(&["--to", "2026-11-01"], 2, "--from");
    check(&["--period", "fortnight"], 2, "28d, month");
    check(&["--filter", "land:KZ"], 2, "country, language");
    check(&["--compare", "next"], 2, "previous, year, none");
}
