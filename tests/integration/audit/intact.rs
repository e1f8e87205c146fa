//! Logs with which nothing is wrong.

use std::{fs, process::Output};

use kelisim::{
    consent::CategorySet,
    ledger::{Access, AccessKind, Accessor, Entry, Event, EventKind},
    timestamp::Timestamp,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    builder::{Log, event, witnesses},
    ours, run, theirs, verify, verify_at,
};

/// A log in which people were erased, terms ran out, a backup was restored and a refusal waited for the disk.
fn eventful() -> Log {
    let mut log = Log::of_a_day(2);
    log.erase(20);
    log.retain(3, 12);
    log.choose(300);
    log.sign();
    log.choose(301);
    log.restore(log.leaves.len() as u64 - 1);
    let waited = Event {
        kind: EventKind::Refused,
        allowed: CategorySet::EMPTY,
        ..event(302, Timestamp::from_seconds(log.now.seconds() - 300))
    };
    log.record(&waited);
    log.choose(303);
    log.sign();
    log
}

#[test]
fn a_log_with_erasures_terms_and_a_restore_is_intact() {
    let log = eventful();
    let report = verify(&log.bundle(), &[]);
    assert_eq!(report["problems"], json!([]));
    assert_eq!(report["records"], json!({ "first": 0, "after": 299, "kept": 282, "removed": 11, "outside": 0 }));
    assert_eq!(report["period"], json!({ "from": null, "to": null }));
    assert_eq!(report["key_given"], false);
    assert_eq!(report["witnesses"].as_array().unwrap().len(), 2);
    let follows = json!([{ "leaf": 296, "log": "01".repeat(16), "size": 296, "day": "2026-11-20" }]);
    assert_eq!(report["follows"], follows);
    assert_eq!(report["given_checkpoints"], json!([]));
}

#[test]
fn a_log_that_was_backed_up_or_taken_out_in_any_other_form_is_intact() {
    let mut log = Log::of_a_day(0);
    for what in AccessKind::ALL {
        for form in Access::FORMS {
            let time = log.now;
            log.append(&Entry::Access(Access { by: Accessor::CommandLine, what, form, from: time, to: time, time }));
        }
    }
    log.sign();
    assert_eq!(verify(&log.bundle(), &[])["problems"], json!([]));
}

#[test]
fn who_has_seen_it_and_how_close_the_times_are_is_said() {
    let log = Log::of_a_day(2);
    let [one, _] = witnesses().map(|key| key.verifier().to_string());
    let key = log.key().verifier().to_string();
    let report = verify(&log.bundle(), &["--key", &key, "--witness", &one, "--witness", &one]);
    assert_eq!(report["key_given"], true);
    let seen = |at: usize, field: &str| report["witnesses"][at][field].clone();
    assert_eq!([seen(0, "name"), seen(1, "name")], ["auditor.example/w1", "university.example/w2"]);
    assert_eq!([seen(0, "given"), seen(1, "given")], [true, false]);
    assert_eq!([seen(0, "since"), seen(0, "until")], ["2026-11-20T08:00:11.000Z", "2026-11-20T08:48:21.000Z"]);
    assert_eq!(seen(1, "size"), 293);
    // The first event is before the first signature; checkpoints are 500 seconds apart, and a witness is a second late.
    // Of the two that signed only the one counts whose key was given.
    assert_eq!(report["bracketed"], json!({ "events": 289, "of": 290, "widest_seconds": 500 }));
    let believed = verify(&log.bundle(), &[]);
    assert_eq!(believed["bracketed"], json!({ "events": 289, "of": 290, "widest_seconds": 499 }));
}

#[test]
fn without_a_witness_the_report_says_that_it_proves_little() {
    let folder = TempDir::new().unwrap();
    Log::of_a_day(0).bundle().write(folder.path());
    for command in [ours(), theirs()] {
        let mut command = command;
        let output = command.arg(folder.path()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(text.contains("the operator could have made this log yesterday"), "{text}");
        assert!(text.contains("--key"), "{text}");
    }
}

#[test]
fn a_checkpoint_kept_from_before_fits_also_across_a_restore() {
    let folder = TempDir::new().unwrap();
    let mut log = Log::of_a_day(2);
    let kept = folder.path().join("kept");
    fs::write(&kept, log.sign()).unwrap();
    log.restore(293);
    log.choose(400);
    log.sign();
    log.checkpoints.retain(|signed| signed.checkpoint().size > 200);
    let kept = kept.to_str().unwrap();
    let report = verify(&log.bundle(), &["--checkpoint", kept]);
    assert_eq!(report["intact"], true);
    assert_eq!(report["given_checkpoints"], json!([{ "file": kept, "size": 293, "reached": true }]));
}

#[test]
fn a_file_and_a_folder_are_the_same() {
    let folder = TempDir::new().unwrap();
    let (bundle, file) = (eventful().bundle(), folder.path().join("log.zip"));
    bundle.zip(&file);
    assert_eq!(verify_at(&file, &[]), verify(&bundle, &[]));
}

#[test]
fn of_a_folder_of_tiles_the_tree_is_checked_and_no_more() {
    let mut bundle = eventful().bundle();
    bundle.0.retain(|path, _| path.starts_with("tile/") || path == "checkpoint" || path == "key");
    let report = verify(&bundle, &[]);
    let told = [&report["intact"], &report["records"], &report["period"]];
    assert_eq!(told, [&json!(true), &Value::Null, &Value::Null]);
}

/// Nothing but one sentence for people, which says what to do.
fn check_refused(output: &Output, says: &str) {
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{told}");
    assert!(told.contains(says) && told.lines().count() == 1, "{told}");
}

#[test]
fn wrong_use_has_an_exit_code_of_its_own() {
    let folder = TempDir::new().unwrap();
    Log::of_a_day(1).bundle().write(folder.path());
    let nowhere = folder.path().join("nowhere");
    let log_key = Log::begun(0).key().verifier().to_string();
    for arguments in [&["--key", "nobody"][..], &["--witness", &log_key], &["--checkpoint", nowhere.to_str().unwrap()]]
    {
        for command in [ours(), theirs()] {
            let output = run(command, folder.path(), arguments);
            assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        }
    }
    for command in [ours(), theirs()] {
        assert_eq!(run(command, &nowhere, &[]).status.code(), Some(2));
    }
    // Neither a folder nor a ZIP file, or half of one.
    let (file, half) = (folder.path().join("key"), folder.path().join("half.zip"));
    Log::of_a_day(1).bundle().zip(&half);
    let bytes = fs::read(&half).unwrap();
    fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    for path in [&file, &half] {
        for command in [ours(), theirs()] {
            check_refused(&run(command, path, &[]), "--format bundle");
        }
    }
    for command in [ours(), theirs()] {
        check_refused(
            &run(command, folder.path(), &["--checkpoint", file.to_str().unwrap()]),
            "/_kelisim/log/checkpoint",
        );
    }
}
