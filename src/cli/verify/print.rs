//! The findings about a log in words: what is intact, who has seen it, which times are enclosed, and what is wrong.

use std::fmt::Write as _;

use crate::ledger::{
    VerifierKey,
    audit::{Follows, GivenCheckpoint, Period, Problem, ProblemKind, RecordsSeen, Report, WitnessSeen},
};

/// How many problems are printed for people: who reads more wants `--json`.
const MOST_SHOWN: usize = 50;

/// For people: three findings, and under the first what is wrong.
pub(super) fn text(report: &Report, given: Option<&VerifierKey>) -> String {
    let mut text = String::new();
    if let (Some(given), [Problem { kind: ProblemKind::KeyDiffers, .. }]) = (given, &*report.problems) {
        let own = report.log_key.as_ref().map_or_else(String::new, short);
        line(&mut text, "1. Intact: NOT JUDGED. 1 problem:");
        let yours = short(given);
        line(
            &mut text,
            &format!(
                "   key_differs: The key that you gave is not the key of this log (the log's: {own}, yours: {yours}). Nothing else was judged."
            ),
        );
        return text;
    }
    let origin = if report.origin.is_empty() { "a log that can't be read" } else { &report.origin };
    line(&mut text, &format!("The log: {}, {}.", origin.escape_debug(), leaves(report.size)));
    if let Some(period) = report.period {
        line(&mut text, &format!("The period: {}", asked_for(period, report.records)));
    }
    intact(&mut text, &report.problems, report.reaches_all());
    line(&mut text, &format!("   {}{}{}", looked_at(report), page(report), key(report)));
    for given in &report.given_checkpoints {
        line(&mut text, &held(given, report.key_given));
    }
    for Follows { log, size, day, .. } in &report.follows {
        let day = day.date();
        line(
            &mut text,
            &format!(
                "\nIMPORTANT: This log goes on from another one after a restore of a backup on {day}, as it says. What was in the log {log} beyond its first {} is gone; only a checkpoint kept from before can show whether there was more.\n",
                leaves(*size)
            ),
        );
    }
    line(&mut text, &format!("2. Seen from outside: {}", seen(report)));
    line(&mut text, &format!("3. Times bracketed: {}", bracketed(report)));
    text
}

/// Name and hash of a key: enough to compare it by eye.
fn short(key: &VerifierKey) -> String {
    let text = key.to_string();
    let end = text.rfind('+').unwrap_or(text.len());
    format!("{}…", text[..end].escape_debug())
}

/// The first finding, and what is wrong, one to a line.
pub(super) fn intact(text: &mut String, problems: &[Problem], reaches_all: bool) {
    let finding = match problems.len() {
        0 if reaches_all => "yes.".to_owned(),
        0 => "yes, as far as it goes.".to_owned(),
        1 => "NO. 1 problem:".to_owned(),
        count => format!("NO. {count} problems:"),
    };
    line(text, &format!("1. Intact: {finding}"));
    for problem in problems.iter().take(MOST_SHOWN) {
        line(text, &format!("   {problem}"));
    }
    if problems.len() > MOST_SHOWN {
        line(text, &format!("   … and {} more; --json prints all.", problems.len() - MOST_SHOWN));
    }
}

/// What a checkpoint from before says of the log.
fn held(given: &GivenCheckpoint, key_given: bool) -> String {
    let (size, file) = (leaves(given.size), given.file.escape_debug());
    if !given.reached {
        return format!(
            "   AHEAD: it does NOT reach your checkpoint of {size} ({file}): ask for a bundle that does. If none comes, leaves at the end were thrown away."
        );
    }
    let signed = if key_given { "; the key that you gave signed it" } else { "" };
    format!("   Your checkpoint of {size} ({file}) is the beginning of this log{signed}.")
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
        return "No record was compared with its leaf.".to_owned();
    };
    if first >= after {
        return "The period has no events, so no record was compared with its leaf.".to_owned();
    }
    let range = if first + 1 == after { format!("leaf {first}") } else { format!("leaves {first} to {}", after - 1) };
    let whole = if report.intact() { " are complete and genuine" } else { "" };
    let genuine = if report.intact() { "here" } else { "here and genuine" };
    let here = if kept == 1 { format!("1 is {genuine}") } else { format!("{kept} are {genuine}") };
    let deleted = if removed == 1 { "1 was".to_owned() } else { format!("{removed} were") };
    format!("The records of {range}{whole}: {here}, {deleted} deleted as the log says.")
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
