//! Bundles of a part of the log: what is asked for, what is in them, and what is not.

use serde_json::{Value, json};

use super::{
    builder::{Bundle, Log, records_file},
    check, problems, verify,
};

/// Of a day's 290 events only those of leaves 103 to 152, as a bundle of some days has them.
fn some_of_a_day(period: Value) -> Bundle {
    let mut bundle = Log::of_a_day(2).bundle();
    let file = records_file();
    bundle.edit(&file, |text| text.lines().skip(100).take(50).map(|line| format!("{line}\n")).collect());
    bundle.say("leaves", json!({ "first": 103, "after": 153 }));
    bundle.say("period", period);
    bundle
}

const FROM: &str = "2026-11-20T08:17:00.000Z";
const TO: &str = "2026-11-20T08:25:00.000Z";

#[test]
fn a_bundle_of_some_days_holds_the_records_of_its_range_and_says_what_lies_outside() {
    let period = json!({ "from": FROM, "to": TO });
    let report = verify(&some_of_a_day(period.clone()), &[]);
    assert_eq!(report["problems"], json!([]));
    assert_eq!(report["period"], period);
    let records = json!({ "first": 103, "after": 153, "kept": 50, "removed": 0, "outside": 240 });
    assert_eq!(report["records"], records);
}

#[test]
fn what_was_deleted_is_not_counted_as_outside() {
    let mut log = Log::of_a_day(2);
    log.erase(20);
    log.erase(110);
    log.retain(200, 209);
    log.sign();
    let mut bundle = log.bundle();
    bundle.edit(&records_file(), |text| {
        let inside = |line: &&str| (103..153).any(|index| line.starts_with(&format!("{{\"index\":{index},")));
        text.lines().filter(inside).map(|line| format!("{line}\n")).collect()
    });
    bundle.say("leaves", json!({ "first": 103, "after": 153 }));
    bundle.say("period", json!({ "from": FROM, "to": TO }));
    let report = verify(&bundle, &[]);
    assert_eq!(report["problems"], json!([]));
    let records = json!({ "first": 103, "after": 153, "kept": 49, "removed": 1, "outside": 229 });
    assert_eq!(report["records"], records);
}

#[test]
fn without_a_bound_nothing_may_be_left_out_whatever_the_range_says() {
    let missing = |period: Value| {
        let report = verify(&some_of_a_day(period), &[]);
        let leaves: Vec<_> = problems(&report)
            .into_iter()
            .map(|(problem, leaf)| {
                assert_eq!(problem, "record_missing");
                leaf.parse::<u64>().unwrap()
            })
            .collect();
        let ends = (leaves.iter().min().copied(), leaves.iter().max().copied());
        let range = [&report["records"]["first"], &report["records"]["after"], &report["records"]["outside"]];
        (leaves.len(), ends, range.map(|number| number.as_u64().unwrap()))
    };
    assert_eq!(missing(json!({ "from": null, "to": null })), (240, (Some(3), Some(292)), [0, 293, 0]));
    assert_eq!(missing(json!({ "from": FROM, "to": null })), (140, (Some(153), Some(292)), [103, 293, 100]));
    assert_eq!(missing(json!({ "from": null, "to": TO })), (100, (Some(3), Some(102)), [0, 153, 140]));
}

#[test]
fn a_period_that_is_none() {
    for period in [
        json!(null),
        json!([null, null]),
        json!({}),
        json!({ "from": null }),
        json!({ "from": null, "to": "2026-11-22" }),
        json!({ "from": "2026-11-22T10:00:00Z", "to": null }),
        json!({ "from": "2026-13-22T10:00:00.000Z", "to": null }),
        json!({ "from": 0, "to": null }),
        json!({ "from": -1, "to": null }),
        json!({ "from": null, "to": 1.5 }),
    ] {
        let mut bundle = Log::of_a_day(1).bundle();
        bundle.say("period", period.clone());
        assert_eq!(verify(&bundle, &[])["period"], Value::Null, "{period}");
        check(&bundle, &[("format", "manifest.json")]);
    }
}

#[test]
fn a_period_without_events_leaves_everything_outside() {
    let mut bundle = Log::of_a_day(2).bundle();
    bundle.0.remove(&records_file());
    bundle.0.retain(|path, _| !path.starts_with("notices/") && !path.starts_with("policies/"));
    bundle.say("leaves", json!({ "first": 0, "after": 0 }));
    bundle.say("period", json!({ "from": "2030-01-01T00:00:00.000Z", "to": "2030-02-01T00:00:00.000Z" }));
    let report = verify(&bundle, &[]);
    assert_eq!(report["problems"], json!([]));
    assert_eq!(report["records"], json!({ "first": 0, "after": 0, "kept": 0, "removed": 0, "outside": 290 }));
}
