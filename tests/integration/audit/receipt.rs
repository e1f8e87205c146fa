//! A visitor's receipt, by both verifiers: one leaf of the log, the key of the log, and no more.

use std::fs;

use kelisim::{
    ledger::{Entry, Event, EventKind, LeafIndex, Proof, Prover, Salt},
    timestamp::Timestamp,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    builder::{Log, event, witnesses},
    named, ours, problems, run, theirs, verify_at,
};

/// The receipt of a leaf under the newest checkpoint.
fn receipt(log: &Log, index: u64) -> Proof {
    let signed = log.checkpoints.last().unwrap();
    let extra = log.records.get(&index).map(|(salt, body)| {
        let salt: String = salt.0.iter().map(|byte| format!("{byte:02x}")).collect();
        [format!(r#"{{"salt":"{salt}","record":"#).as_bytes(), body, b"}"].concat()
    });
    let inclusion = Prover::new(log, signed.checkpoint().size).inclusion(index).unwrap();
    Proof { extra, index: LeafIndex(index), inclusion, checkpoint: signed.note().to_string() }
}

/// What both say of a receipt; its own path is written `receipt`.
fn check(text: &str, arguments: &[&str], expected: &[&str]) -> Value {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("receipt.txt");
    fs::write(&path, text).unwrap();
    let report = verify_at(&path, arguments);
    let expected: Vec<_> = expected.iter().map(|problem| (*problem, path.to_str().unwrap())).collect();
    assert_eq!(problems(&report), named(&expected), "{text}");
    report
}

fn key(log: &Log) -> String {
    log.key().verifier().to_string()
}

#[test]
fn a_receipt_is_checked_with_the_logs_key_alone() {
    let log = Log::of_a_day(1);
    let [one, other] = witnesses().map(|key| key.verifier().to_string());
    let arguments = ["--key", &key(&log), "--witness", &other, "--witness", &one, "--witness", &one];
    let report = check(&receipt(&log, 100).to_string(), &arguments, &[]);
    assert_eq!([&report["intact"], &report["index"], &report["size"]], [&json!(true), &json!(100), &json!(293)]);
    let record: Value = serde_json::from_slice(&log.records[&100].1).unwrap();
    assert_eq!([&report["record"], &report["origin"]], [&record, &json!(log.key().verifier().name())]);
    let seen: Vec<_> = report["witnesses"].as_array().unwrap().iter().map(|one| one["size"].clone()).collect();
    assert_eq!(seen, [Value::Null, json!(293)]);
    let fields: Vec<_> = report.as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, ["index", "intact", "leaf", "origin", "problems", "record", "size", "unchecked", "witnesses"]);
}

#[test]
fn a_receipt_from_before_a_restore_is_checked_with_the_key_of_today() {
    let mut log = Log::of_a_day(1);
    let before = receipt(&log, 100).to_string();
    log.restore(293);
    check(&before, &["--key", &key(&log)], &[]);
}

#[test]
fn a_receipt_that_somebody_has_changed() {
    let log = Log::of_a_day(1);
    let (whole, key) = (receipt(&log, 100), key(&log));
    let with = |change: fn(&mut Proof), expected: &[&str]| {
        let mut proof = whole.clone();
        change(&mut proof);
        assert_eq!(check(&proof.to_string(), &["--key", &key], expected)["record"], Value::Null);
    };
    let replaced = |bytes: &[u8], from: &str, to: &str| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.contains(from), "{text}");
        Some(text.replacen(from, to, 1).into_bytes())
    };
    let mut richer = whole.clone();
    richer.extra = replaced(richer.extra.as_ref().unwrap(), r#"["functional"]"#, r#"["functional","analytical"]"#);
    check(&richer.to_string(), &["--key", &key], &["record_changed"]);
    let mut spaced = whole.clone();
    spaced.extra = replaced(spaced.extra.as_ref().unwrap(), r#","record""#, r#", "record""#);
    check(&spaced.to_string(), &["--key", &key], &["format"]);
    with(|proof| proof.index = LeafIndex(101), &["record_changed"]);
    with(|proof| proof.index = LeafIndex(293), &["format"]);
    with(|proof| _ = proof.inclusion.pop(), &["record_changed"]);
    with(|proof| proof.inclusion.swap(0, 1), &["record_changed"]);
    with(|proof| proof.extra = Some(Vec::new()), &["format"]);
    with(|proof| proof.checkpoint.truncate(40), &["format"]);
    with(|proof| proof.checkpoint = proof.checkpoint.replacen("shop", "shob", 1), &["checkpoint_signature"]);
    let text = whole.to_string();
    for broken in [
        text.replacen("@v1", "@v10", 1),
        text.replacen("index 100", "index 0100", 1),
        text.replacen("\n\n", "\n", 1),
        text.replacen('\n', "\r\n", 1),
        text[..30].to_owned(),
        format!("{text}{}", "x".repeat(1 << 20)),
    ] {
        check(&broken, &["--key", &key], &["format"]);
    }
}

#[test]
fn a_witness_that_has_not_signed_what_stands_under_its_name() {
    let log = Log::of_a_day(1);
    let [witness, _] = witnesses();
    let forged = witness.sign("another text\n", Timestamp::from_seconds(1_800_000_000)).to_string();
    let mut proof = receipt(&log, 100);
    let lines = proof.checkpoint.lines();
    let lines = lines.map(|line| if line.contains("/w1 ") { format!("{forged}\n") } else { format!("{line}\n") });
    proof.checkpoint = lines.collect();
    check(&proof.to_string(), &["--key", &key(&log)], &[]);
    let given = ["--key", &key(&log), "--witness", &witness.verifier().to_string()];
    check(&proof.to_string(), &given, &["cosignature_forged"]);
}

#[test]
fn a_record_that_nobody_writes() {
    let mut log = Log::of_a_day(1);
    let body = br#"{"schema":"kelisim-record/v2"}"#;
    let index = log.append(&Entry::consent(&Salt([4; 32]), body));
    log.records.insert(index, (Salt([4; 32]), body.to_vec()));
    log.sign();
    check(&receipt(&log, index).to_string(), &["--key", &key(&log)], &["record_unreadable"]);
}

#[test]
fn of_an_erasure_only_the_signature_is_checked_and_that_is_said() {
    let mut log = Log::of_a_day(1);
    let index = {
        log.erase(20);
        log.leaves.len() as u64 - 1
    };
    log.sign();
    let text = receipt(&log, index).to_string();
    let report = check(&text, &["--key", &key(&log)], &[]);
    assert_eq!([&report["record"], &report["index"]], [&Value::Null, &json!(index)]);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("receipt");
    fs::write(&path, text).unwrap();
    for mut command in [ours(), theirs()] {
        let output = command.arg(&path).args(["--key", &key(&log)]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("the leaf was not looked at") && said.contains("leaf 293 of 294"), "{said}");
    }
}

/// The receipt of a leaf that is no consent, with the leaf itself in it.
fn with_leaf(log: &Log, index: u64) -> Proof {
    Proof { extra: Some(log.leaves[index as usize].clone()), ..receipt(log, index) }
}

#[test]
fn a_receipt_may_hold_the_leaf_itself_and_says_what_stands_there() {
    let mut log = Log::of_a_day(1);
    log.erase(20);
    log.retain(30, 31);
    log.leaves.push(b"kelisim-tale-leaf/v1\n{}".to_vec());
    log.sign();
    let key = key(&log);
    let erasure = with_leaf(&log, 293).to_string();
    let report = check(&erasure, &["--key", &key], &[]);
    let content = json!({ "index": 20, "reason": "request", "day": "2026-11-20" });
    assert_eq!(report["leaf"], json!({ "kind": "erasure", "content": content }));
    let retention = check(&with_leaf(&log, 294).to_string(), &["--key", &key], &[]);
    assert_eq!(retention["leaf"]["content"]["ranges"], json!([[30, 31]]));
    let consent = check(&with_leaf(&log, 100).to_string(), &["--key", &key], &[]);
    assert_eq!([&consent["leaf"], &consent["record"]], [&json!({ "kind": "consent", "content": null }), &Value::Null]);
    let mut other = with_leaf(&log, 293);
    other.extra = Some(String::from_utf8(other.extra.unwrap()).unwrap().replace(":20,", ":21,").into_bytes());
    assert_eq!(check(&other.to_string(), &["--key", &key], &["root_mismatch"])["leaf"], Value::Null);
    check(&with_leaf(&log, 295).to_string(), &["--key", &key], &["leaf_unreadable"]);
    for text in told(&erasure, &["--key", &key]) {
        let said = "Leaf 293 says: the record of leaf 20 was deleted on 2026-11-20 at the person's request";
        assert!(text.contains(said), "{text}");
    }
}

/// What both verifiers tell people of a receipt.
fn told(text: &str, arguments: &[&str]) -> [String; 2] {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("receipt");
    fs::write(&path, text).unwrap();
    [ours(), theirs()]
        .map(|mut command| String::from_utf8(command.arg(&path).args(arguments).output().unwrap().stdout).unwrap())
}

#[test]
fn who_signed_and_was_not_asked_is_named_and_who_was_asked_counts() {
    let log = Log::of_a_day(1);
    let (text, witness) = (receipt(&log, 100).to_string(), witnesses()[0].verifier().to_string());
    let report = check(&text, &["--key", &key(&log)], &[]);
    assert_eq!(report["unchecked"], json!(["auditor.example/w1"]));
    for text in told(&text, &["--key", &key(&log)]) {
        let said = "Signed by auditor.example/w1, not checked: give its key with --witness";
        assert!(text.contains(said) && text.contains("the time is the operator's word"), "{text}");
    }
    for text in told(&text, &["--key", &key(&log), "--witness", &witness]) {
        assert!(!text.contains("not checked"), "{text}");
        assert!(text.contains("the record was there when the witness signed"), "{text}");
    }
}

#[test]
fn a_receipt_that_was_changed_is_not_said_to_be_a_leaf_of_the_log() {
    let log = Log::of_a_day(1);
    let mut proof = receipt(&log, 100);
    proof.index = LeafIndex(101);
    for text in told(&proof.to_string(), &["--key", &key(&log)]) {
        assert!(text.contains("Intact: NO.") && !text.contains("leaf 10") && !text.contains("functional"), "{text}");
    }
}

#[test]
fn of_a_withdrawal_in_part_it_is_said_what_is_still_allowed() {
    let mut log = Log::of_a_day(1);
    let index = log.record(&Event { kind: EventKind::Withdrawn, ..event(900, log.now) });
    log.sign();
    for text in told(&receipt(&log, index).to_string(), &["--key", &key(&log)]) {
        let text = text.to_lowercase();
        for said in ["withdrawn", "still allowed: ", "functional", "p6m", "2027-05-20t", "banner_form", "ru"] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
}

#[test]
fn what_a_receipt_says_is_told_in_words() {
    let log = Log::of_a_day(0);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("receipt");
    fs::write(&path, receipt(&log, 3).to_string()).unwrap();
    let said_in_it = event(0, Timestamp::parse("2026-11-20T08:00:10Z").unwrap());
    let notice = said_in_it.notice.to_string();
    for mut command in [ours(), theirs()] {
        let output = command.arg(&path).args(["--key", &key(&log)]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let consent = said_in_it.consent_id.to_string();
        for said in ["2026-11-20T08:00:10.000Z", "shop.example", "functional", &notice, "2026-01", &consent] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(text.contains("the operator could have made") && text.contains("3. Times bracketed: no"), "{text}");
    }
}

#[test]
fn a_receipt_needs_a_key_and_takes_no_checkpoint() {
    let log = Log::of_a_day(0);
    let folder = TempDir::new().unwrap();
    let (path, kept) = (folder.path().join("receipt"), folder.path().join("kept"));
    fs::write(&path, receipt(&log, 3).to_string()).unwrap();
    fs::write(&kept, log.checkpoints[0].note().to_string()).unwrap();
    let with_checkpoint = ["--key", &key(&log), "--checkpoint", kept.to_str().unwrap()];
    for (arguments, says) in [(&[][..], "/_kelisim/log/key"), (&with_checkpoint, "leave --checkpoint out")] {
        for command in [ours(), theirs()] {
            let output = run(command, &path, arguments);
            let told = String::from_utf8(output.stderr).unwrap();
            assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{told}");
            assert!(told.contains(says) && told.lines().count() == 1, "{told}");
        }
    }
}
