//! A visitor's receipt in the place of a bundle: read, checked with the log's key, and told in words.

use std::{fmt::Write as _, fs::File, io::Read as _, path::Path};

use super::{
    Unusable, Verdict, VerifyArguments, json,
    leaves::{content_of, harmless},
    print::{intact, line, signed},
    source::LARGEST_FILE,
};
use crate::ledger::{
    Entry, ErasureReason, Event, EventKind, VerifierKey,
    audit::{ReceiptReport, audit_receipt, is_receipt},
    parse,
};

/// The bytes of a receipt; `None` for what is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, Unusable> {
    let unusable = |source| Unusable::Unreadable { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(unusable)?.is_dir() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(unusable)?.take(LARGEST_FILE).read_to_end(&mut bytes).map_err(unusable)?;
    Ok(is_receipt(&bytes).then_some(bytes))
}

/// Checks it.
pub(super) fn audit(arguments: &VerifyArguments, bytes: &[u8]) -> Result<(String, Verdict), Unusable> {
    let path = &arguments.bundle;
    let Some(key) = arguments.key.clone() else { return Err(Unusable::NeedsKey { path: path.clone() }) };
    if !arguments.checkpoint.is_empty() {
        return Err(Unusable::NeedsLog { path: path.clone() });
    }
    let mut witnesses: Vec<VerifierKey> = Vec::new();
    for witness in &arguments.witness {
        if !witnesses.contains(witness) {
            witnesses.push(witness.clone());
        }
    }
    let report = audit_receipt(&path.display().to_string(), bytes, key, &witnesses);
    let told = if arguments.json { json::receipt(&report) } else { text(&report) };
    Ok((told, Verdict::of(report.intact(), true)))
}

fn text(report: &ReceiptReport) -> String {
    let mut text = String::new();
    let Some(index) = report.index else {
        line(&mut text, "A receipt that can't be read.");
        intact(&mut text, &report.problems, true);
        return text;
    };
    let origin = report.origin.escape_debug();
    line(&mut text, &format!("A receipt of the log {origin}."));
    intact(&mut text, &report.problems, true);
    if let Some(said) = said(report) {
        line(
            &mut text,
            &format!("   It is leaf {} of {} of a log that the key you gave has signed.", index.0, report.size),
        );
        text.push_str(&said);
    } else if report.intact() {
        line(
            &mut text,
            &format!(
                "   The key that you gave has signed the log's state in it. What leaf {} of {} says is not in this file, so the leaf was not looked at: a bundle of the log has it.",
                index.0, report.size
            ),
        );
    }
    let seen = report.witnesses.iter().any(|witness| witness.seen.is_some());
    let mut witnesses: String = report.witnesses.iter().map(|witness| signed(witness, true)).collect();
    for name in &report.unchecked {
        let name = name.escape_debug();
        _ = write!(witnesses, "Signed by {name}, not checked: give its key with --witness. ");
    }
    if !seen {
        let checked = if report.unchecked.is_empty() { "No witness" } else { "No witness whose key you gave" };
        _ = write!(witnesses, "{checked} vouches for this receipt: the operator could have made it yesterday.");
    }
    line(&mut text, &format!("2. Seen from outside: {}", witnesses.trim_end()));
    let times = if seen {
        "the record was there when the witness signed; that it is not much older is the operator's word."
    } else {
        "no; the time is the operator's word."
    };
    line(&mut text, &format!("3. Times bracketed: {times}"));
    text
}

/// What the leaf says, where it is genuine.
fn said(report: &ReceiptReport) -> Option<String> {
    if let Some(event) = report.record.as_deref().and_then(|record| parse(record).ok()) {
        return Some(record(&event));
    }
    let (leaf, index) = (report.leaf.as_deref()?, report.index?.0);
    let content = match Entry::parse(leaf)? {
        Entry::Consent { .. } => {
            return Some(format!(
                "   Leaf {index} is a consent. Its record is not in this file, so it says nothing.\n"
            ));
        }
        Entry::Erasure { index: erased, reason, day } => {
            let reason = match reason {
                ErasureReason::Request => "at the person's request",
                ErasureReason::Order => "by order of a court or an authority",
            };
            format!("the record of leaf {} was deleted on {} {reason}", erased.0, day.date())
        }
        other => format!("{} {}", other.kind(), harmless(&String::from_utf8_lossy(content_of(leaf)))),
    };
    Some(format!("   Leaf {index} says: {content}.\n"))
}

/// No more than the record says.
fn record(event: &Event) -> String {
    let mut text = String::new();
    let site = event.site.escape_debug();
    let (kind, time, consent) = (event.kind.name(), event.time, event.consent_id);
    line(&mut text, &format!("   When and where: {time}, {site}. What happened: {kind}. Consent number: {consent}."));
    let list = |set: &dyn std::fmt::Display, none: bool| if none { "nothing".to_owned() } else { set.to_string() };
    let allowed = list(&event.allowed, event.allowed.is_empty());
    let offered = list(&event.offered, event.offered.is_empty());
    match &event.frame {
        Some(frame) => {
            let (host, category) = (frame.host.escape_debug(), frame.category.name());
            line(&mut text, &format!("   Allowed: one embedded frame of {host} ({category}), once."));
        }
        // Which one was withdrawn stands in the record that this one ends, and not here.
        None if event.kind == EventKind::Withdrawn => {
            line(&mut text, &format!("   Still allowed: {allowed}. Offered: {offered}."));
        }
        None => line(&mut text, &format!("   Allowed: {allowed}. Offered: {offered}.")),
    }
    let (validity, until) = (event.validity, event.valid_until);
    line(&mut text, &format!("   Valid until: {until} ({validity})."));
    let (method, language) = (event.method.name(), event.language.tag());
    line(&mut text, &format!("   Given by: {method}. Language: {language}."));
    line(&mut text, &format!("   Notice: {}. Edition: {}.", event.notice, event.edition));
    text
}
