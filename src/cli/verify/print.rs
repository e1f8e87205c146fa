//! The findings in words, and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::ledger::audit::{Period, RecordsSeen, Report, WitnessSeen};

/// How many problems are printed for people: who reads more wants `--json`.
const MOST_SHOWN: usize = 50;

/// For people: three findings, then what is wrong.
pub(super) fn text(report: &Report) -> String {
    let mut text = String::new();
    let origin = if report.origin.is_empty() { "a log that can't be read" } else { &report.origin };
    line(&mut text, &format!("The log: {}, {} leaves.", origin.escape_debug(), report.size));
    if let Some(period) = report.period {
        line(&mut text, &format!("The period: {}", asked_for(period, report.records)));
    }
    let count = report.problems.len();
    let intact = match count {
        0 => format!("1. Intact: yes. {}{}", looked_at(report), key(report)),
        1 => "1. Intact: NO. 1 problem, below.".to_owned(),
        _ => format!("1. Intact: NO. {count} problems, below."),
    };
    line(&mut text, &intact);
    line(&mut text, &format!("2. Seen from outside: {}", seen(report)));
    line(&mut text, &format!("3. Times bracketed: {}", bracketed(report)));
    for problem in report.problems.iter().take(MOST_SHOWN) {
        line(&mut text, &format!("   {problem}"));
    }
    if count > MOST_SHOWN {
        line(&mut text, &format!("   … and {} more; --json prints all.", count - MOST_SHOWN));
    }
    text
}

/// For programs: one object on one line.
pub(super) fn json(report: &Report) -> String {
    let problems: Vec<Value> = report
        .problems
        .iter()
        .map(|problem| {
            json!({ "problem": problem.kind.name(), "leaf": problem.leaf.map(|leaf| leaf.0), "file": problem.file })
        })
        .collect();
    let witnesses: Vec<Value> = report.witnesses.iter().map(witness).collect();
    let records = report.records.map(|records| {
        json!({
            "first": records.first, "after": records.after, "kept": records.kept, "removed": records.removed,
            "outside": records.outside,
        })
    });
    let bracketed = report.bracketed;
    let whole = json!({
        "intact": report.intact(),
        "problems": problems,
        "origin": report.origin,
        "size": report.size,
        "key_given": report.key_given,
        "period": report.period.map(|period| json!({
            "from": period.from.map(|moment| moment.to_string()), "to": period.to.map(|moment| moment.to_string()),
        })),
        "records": records,
        "witnesses": witnesses,
        "bracketed": { "events": bracketed.events, "of": bracketed.of, "widest_seconds": bracketed.widest_seconds },
    });
    format!("{whole}\n")
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

fn line(text: &mut String, sentence: &str) {
    writeln!(text, "{sentence}").expect("a string takes every write");
}

/// What the bundle was made for, and what is therefore not in it: whoever made it chose the period, so a reader has to see it.
fn asked_for(period: Period, records: Option<RecordsSeen>) -> String {
    let from = period.from.map_or_else(|| "the beginning of the log".to_owned(), |moment| moment.to_string());
    let to = period.to.map_or_else(|| "its end".to_owned(), |moment| format!("{moment}, which is not part of it"));
    let outside = match records.map(|records| records.outside) {
        None => String::new(),
        Some(0) => " No event of the log lies outside.".to_owned(),
        Some(count) => format!(
            " {count} events of the log lie before or after it, and their records are not here: see that this is the period that you asked for."
        ),
    };
    format!("from {from} to {to}.{outside}")
}

fn looked_at(report: &Report) -> String {
    match report.records {
        None => {
            "There are no records here, so only the tree was checked: no leaf was compared with a record.".to_owned()
        }
        Some(records) if records.first >= records.after => {
            "The period has no events, so the tree alone was checked.".to_owned()
        }
        Some(records) => format!(
            "The records of leaves {} to {} are complete and genuine: {} are here, {} were deleted as the log says.",
            records.first,
            records.after - 1,
            records.kept,
            records.removed
        ),
    }
}

fn key(report: &Report) -> &'static str {
    if report.key_given {
        ""
    } else {
        " The log's key came with the bundle: whoever made the bundle could have made the key. Give the key that you know with --key."
    }
}

fn seen(report: &Report) -> String {
    let mut text = String::new();
    for witness in &report.witnesses {
        let name = witness.name.escape_debug();
        let whence = if witness.given {
            ""
        } else {
            " (its key came with the bundle; give the key that you know with --witness)"
        };
        match witness.seen {
            Some(seen) => {
                let (since, until, size) = (seen.since, seen.until, seen.size);
                _ = write!(text, "{name} has signed since {since}, last at {until}, up to {size} leaves{whence}. ");
            }
            None => _ = write!(text, "{name} has signed nothing that is here{whence}. "),
        }
    }
    if !report.seen_from_outside() {
        text.push_str("No witness vouches for this log: the operator could have made this log yesterday.");
    }
    text.trim_end().to_owned()
}

fn bracketed(report: &Report) -> String {
    let bracketed = report.bracketed;
    match bracketed.widest_seconds {
        None if bracketed.of == 0 => "no event was looked at.".to_owned(),
        None => format!("none of {} events; their times are the operator's word.", bracketed.of),
        Some(seconds) => format!(
            "{} of {} events lie between two signatures of witnesses, at most {seconds} seconds apart; the times of the others are the operator's word.",
            bracketed.events, bracketed.of
        ),
    }
}
