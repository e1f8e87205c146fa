//! The findings about a log in words: what is intact, who has seen it, which times are enclosed, and what is wrong.

use std::fmt::Write as _;

use crate::ledger::audit::{Period, Problem, RecordsSeen, Report, WitnessSeen};

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
    let yes = || format!("{}{}{}", looked_at(report), page(report), key(report));
    line(&mut text, &intact(report.problems.len(), yes));
    for follows in &report.follows {
        line(
            &mut text,
            &format!(
                "   The log goes on from another one after a restore of a backup on {}: of the log {} the first {} leaves are kept here; what was written into it after that is not.",
                follows.day.date(),
                follows.log,
                follows.size
            ),
        );
    }
    for given in &report.given_checkpoints {
        let signed = if report.key_given { "; the key that you gave signed it" } else { "" };
        let file = given.file.escape_debug();
        line(
            &mut text,
            &format!("   Your checkpoint of {} ({file}) is the beginning of this log{signed}.", leaves(given.size)),
        );
    }
    line(&mut text, &format!("2. Seen from outside: {}", seen(report)));
    line(&mut text, &format!("3. Times bracketed: {}", bracketed(report)));
    problems(&mut text, &report.problems);
    text
}

/// The line of the first finding.
pub(super) fn intact(problems: usize, yes: impl FnOnce() -> String) -> String {
    match problems {
        0 => format!("1. Intact: yes. {}", yes()),
        1 => "1. Intact: NO. 1 problem, below.".to_owned(),
        count => format!("1. Intact: NO. {count} problems, below."),
    }
}

/// What is wrong, one to a line.
pub(super) fn problems(text: &mut String, problems: &[Problem]) {
    for problem in problems.iter().take(MOST_SHOWN) {
        line(text, &format!("   {problem}"));
    }
    if problems.len() > MOST_SHOWN {
        line(text, &format!("   … and {} more; --json prints all.", problems.len() - MOST_SHOWN));
    }
}

pub(super) fn line(text: &mut String, sentence: &str) {
    writeln!(text, "{sentence}").expect("a string takes every write");
}

/// A number of leaves in words.
fn leaves(count: u64) -> String {
    if count == 1 { "1 leaf".to_owned() } else { format!("{count} leaves") }
}

/// What the bundle was made for, and what is therefore not in it: whoever made it chose the period, so a reader has to see it.
fn asked_for(period: Period, records: Option<RecordsSeen>) -> String {
    let from = period.from.map_or_else(|| "the beginning of the log".to_owned(), |moment| moment.to_string());
    let to = period.to.map_or_else(|| "its end".to_owned(), |moment| format!("{moment}, which is not part of it"));
    let outside = match records.map(|records| records.outside) {
        None => String::new(),
        Some(0) => " No event of the log lies outside.".to_owned(),
        Some(1) => " 1 event of the log lies before or after it, and its record is not here: see that this is the period that you asked for.".to_owned(),
        Some(count) => format!(
            " {count} events of the log lie before or after it, and their records are not here: see that this is the period that you asked for."
        ),
    };
    format!("from {from} to {to}.{outside}")
}

fn looked_at(report: &Report) -> String {
    let Some(RecordsSeen { first, after, kept, removed, .. }) = report.records else {
        return "There are no records here, so only the tree was checked: no leaf was compared with a record."
            .to_owned();
    };
    if first >= after {
        return "The period has no events, so the tree alone was checked.".to_owned();
    }
    let range = if first + 1 == after { format!("leaf {first}") } else { format!("leaves {first} to {}", after - 1) };
    let here = if kept == 1 { "1 is here".to_owned() } else { format!("{kept} are here") };
    let deleted = if removed == 1 { "1 was".to_owned() } else { format!("{removed} were") };
    format!("The records of {range} are complete and genuine: {here}, {deleted} deleted as the log says.")
}

const fn page(report: &Report) -> &'static str {
    if report.has_page {
        " The page index.html in it was written by whoever made the file and was not looked at."
    } else {
        ""
    }
}

const fn key(report: &Report) -> &'static str {
    if report.key_given {
        ""
    } else {
        " The log's key came with the bundle: whoever made the bundle could have made the key. Give the key that you know with --key."
    }
}

fn seen(report: &Report) -> String {
    // That one of whom much was expected has signed nothing is read first.
    let silent = |witness: &&WitnessSeen| witness.given && witness.seen.is_none();
    let (first, rest): (Vec<_>, Vec<_>) = report.witnesses.iter().partition(silent);
    let given = report.witnesses_given();
    let mut text: String = first.into_iter().chain(rest).map(|witness| signed(witness, given)).collect();
    if !report.seen_from_outside() {
        text.push_str("No witness vouches for this log: the operator could have made this log yesterday.");
    }
    text.trim_end().to_owned()
}

/// What one witness has signed. `given` says whether any key of a witness was known from elsewhere.
pub(super) fn signed(witness: &WitnessSeen, given: bool) -> String {
    let name = witness.name.escape_debug();
    let whence = match (witness.given, given) {
        (true, _) => "",
        (false, true) => " (this does not count: its key came with the bundle)",
        (false, false) => " (its key came with the bundle; give the key that you know with --witness)",
    };
    match witness.seen {
        Some(seen) => {
            let (since, until, size) = (seen.since, seen.until, leaves(seen.size));
            format!("{name} has signed since {since}, last at {until}, up to {size}{whence}. ")
        }
        None => format!("{name} has signed nothing that is here{whence}. "),
    }
}

fn bracketed(report: &Report) -> String {
    let bracketed = report.bracketed;
    let (events, of) = (bracketed.events, bracketed.of);
    let Some(seconds) = bracketed.widest_seconds else {
        return match of {
            0 => "no event was looked at.".to_owned(),
            1 => "the 1 event does not lie between two signatures of witnesses; its time is the operator's word."
                .to_owned(),
            _ => format!("none of {of} events; their times are the operator's word."),
        };
    };
    let unit = if seconds == 1 { "second" } else { "seconds" };
    let others = if events == of { "" } else { "; the times of the others are the operator's word" };
    let whose = if report.witnesses_given() {
        ""
    } else {
        " The keys of these witnesses came with the bundle: give those that you know with --witness."
    };
    format!(
        "{events} of {of} events lie between two signatures of witnesses, and between the two signatures around an event there are at most {seconds} {unit}{others}.{whose}"
    )
}
