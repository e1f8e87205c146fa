//! The findings as JSON, for programs: one object on one line.

use serde_json::{Value, json};

use super::leaves::content_of;
use crate::ledger::{
    Entry,
    audit::{Follows, GivenCheckpoint, Problem, ReceiptReport, Report, WitnessSeen},
};

/// What was found about a log.
pub(super) fn log(report: &Report) -> String {
    let records = report.records.map(|records| {
        json!({
            "first": records.first, "after": records.after, "kept": records.kept, "removed": records.removed,
            "outside": records.outside,
        })
    });
    let period = report.period.map(|period| {
        let [from, to] = [period.from, period.to].map(|bound| bound.map(|moment| moment.to_string()));
        json!({ "from": from, "to": to })
    });
    let bracketed = report.bracketed;
    let whole = json!({
        "intact": report.intact(),
        "problems": problems(&report.problems),
        "origin": report.origin,
        "size": report.size,
        "key_given": report.key_given,
        "log_key": report.log_key.as_ref().map(ToString::to_string),
        "period": period,
        "follows": report.follows.iter().map(follows).collect::<Value>(),
        "given_checkpoints": report.given_checkpoints.iter().map(given).collect::<Value>(),
        "records": records,
        "witnesses": report.witnesses.iter().map(witness).collect::<Value>(),
        "bracketed": { "events": bracketed.events, "of": bracketed.of, "widest_seconds": bracketed.widest_seconds },
    });
    format!("{whole}\n")
}

/// What was found about a receipt.
pub(super) fn receipt(report: &ReceiptReport) -> String {
    let record: Option<Value> = report.record.as_ref().and_then(|record| serde_json::from_slice(record).ok());
    let whole = json!({
        "intact": report.intact(),
        "problems": problems(&report.problems),
        "origin": report.origin,
        "size": report.size,
        "index": report.index.map(|index| index.0),
        "record": record,
        "leaf": report.leaf.as_deref().and_then(leaf),
        "unchecked": report.unchecked,
        "witnesses": report.witnesses.iter().map(witness).collect::<Value>(),
    });
    format!("{whole}\n")
}

/// Kind and content of a leaf; that of a consent says nothing without its record.
fn leaf(data: &[u8]) -> Option<Value> {
    let kind = Entry::parse(data)?.kind();
    let content: Option<Value> = serde_json::from_slice(content_of(data)).ok();
    Some(json!({ "kind": kind, "content": content.filter(|_| kind != "consent") }))
}

fn problems(problems: &[Problem]) -> Value {
    let one = |problem: &Problem| json!({ "problem": problem.kind.name(), "leaf": problem.leaf.map(|leaf| leaf.0), "file": problem.file });
    problems.iter().map(one).collect()
}

fn follows(follows: &Follows) -> Value {
    json!({
        "leaf": follows.leaf.0, "log": follows.log.to_string(), "size": follows.size, "day": follows.day.date(),
    })
}

fn given(checkpoint: &GivenCheckpoint) -> Value {
    json!({ "file": checkpoint.file, "size": checkpoint.size, "reached": checkpoint.reached })
}

fn witness(witness: &WitnessSeen) -> Value {
    json!({
        "name": witness.name,
        "given": witness.given,
        "since": witness.seen.map(|seen| seen.since.to_string()),
        "until": witness.seen.map(|seen| seen.until.to_string()),
        "size": witness.seen.map(|seen| seen.size),
    })
}
