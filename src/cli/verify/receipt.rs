//! A visitor's receipt in the place of a bundle: read, checked with the log's key, and told in words.

use std::{fs::File, io::Read as _, path::Path};

use super::{
    Unusable, VerifyArguments, json,
    print::{intact, line, problems, signed},
};
use crate::ledger::{
    Event, VerifierKey,
    audit::{ReceiptReport, audit_receipt, is_receipt},
    parse,
};

/// Longest receipt, in bytes: a record, a path of hashes, and a checkpoint with many signatures.
const LONGEST: u64 = 1 << 20;

/// The bytes of a receipt; `None` for what is none. Of one that is too long there is a byte too many.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, Unusable> {
    let unusable = |source| Unusable::Unreadable { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(unusable)?.is_dir() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(unusable)?.take(LONGEST + 1).read_to_end(&mut bytes).map_err(unusable)?;
    Ok(is_receipt(&bytes).then_some(bytes))
}

/// Checks it.
pub(super) fn audit(arguments: &VerifyArguments, bytes: &[u8]) -> Result<(String, bool), Unusable> {
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
    // What is too long is no receipt.
    let bytes = if bytes.len() as u64 > LONGEST { &[][..] } else { bytes };
    let report = audit_receipt(&path.display().to_string(), bytes, key, &witnesses);
    let told = if arguments.json { json::receipt(&report) } else { text(&report) };
    Ok((told, report.intact()))
}

fn text(report: &ReceiptReport) -> String {
    let mut text = String::new();
    let Some(index) = report.index else {
        line(&mut text, "A receipt that can't be read.");
        line(&mut text, &intact(report.problems.len(), String::new));
        problems(&mut text, &report.problems);
        return text;
    };
    let origin = report.origin.escape_debug();
    line(&mut text, &format!("A receipt of the log {origin}: leaf {} of {}.", index.0, report.size));
    let event = report.record.as_deref().and_then(|record| parse(record).ok());
    match &event {
        Some(event) => says(&mut text, event),
        None if report.has_record => {}
        None => line(
            &mut text,
            "It holds no record. What the leaf says is not in this file, so the leaf was not looked at: a bundle of the log has it.",
        ),
    }
    let yes = || match event {
        Some(_) => format!("This record is leaf {} of a log that the key you gave has signed.", index.0),
        None => "The key that you gave has signed the log's state in it.".to_owned(),
    };
    line(&mut text, &intact(report.problems.len(), yes));
    let seen = report.witnesses.iter().any(|witness| witness.seen.is_some());
    let mut witnesses: String = report.witnesses.iter().map(|witness| signed(witness, true)).collect();
    if report.witnesses.is_empty() {
        witnesses.push_str("Give the keys of witnesses that you know with --witness. ");
    }
    if !seen {
        witnesses.push_str("No witness vouches for this receipt: the operator could have made it yesterday.");
    }
    line(&mut text, &format!("2. Seen from outside: {}", witnesses.trim_end()));
    let times = if seen {
        "the record was there when the witness signed; that it is not much older is the operator's word."
    } else {
        "no; the time is the operator's word."
    };
    line(&mut text, &format!("3. Times bracketed: {times}"));
    problems(&mut text, &report.problems);
    text
}

/// No more than the record says.
fn says(text: &mut String, event: &Event) {
    let site = event.site.escape_debug();
    let (kind, time, consent) = (event.kind.name(), event.time, event.consent_id);
    line(text, &format!("   When and where: {time}, {site}. What happened: {kind}. Consent number: {consent}."));
    let list = |set: &dyn std::fmt::Display, none: bool| if none { "nothing".to_owned() } else { set.to_string() };
    let allowed = list(&event.allowed, event.allowed.is_empty());
    let offered = list(&event.offered, event.offered.is_empty());
    match &event.frame {
        Some(_) => line(text, "   Allowed: one embedded frame, once."),
        None => line(text, &format!("   Allowed: {allowed}. Offered: {offered}.")),
    }
    line(text, &format!("   Notice: {}. Edition: {}.", event.notice, event.edition));
}
