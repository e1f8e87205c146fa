//! What an auditor brings: keys of witnesses and checkpoints from before, and how the findings say what they are worth.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
};

use kelisim::{
    ledger::{Entry, EntryBundle, KeyKind, SigningKey},
    timestamp::Timestamp,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    builder::{Log, event, records_file, witnesses},
    changed, check, named, ours, problems, theirs, verify,
};

/// What both verifiers tell people, with white space as one space.
fn told(bundle: &Path, arguments: &[&str]) -> [String; 2] {
    [ours(), theirs()].map(|mut command: Command| {
        let output = command.arg(bundle).args(arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

fn check_told(bundle: &Path, arguments: &[&str], says: &[&str], never: &[&str]) {
    for text in told(bundle, arguments) {
        says.iter().for_each(|said| assert!(text.contains(said), "{said}: {text}"));
        never.iter().for_each(|said| assert!(!text.contains(said), "{said}: {text}"));
    }
}

#[test]
fn where_a_witness_is_given_no_other_counts() {
    let log = Log::of_a_day(1);
    let [_, other] = witnesses().map(|key| key.verifier().to_string());
    let report = verify(&log.bundle(), &["--witness", &other]);
    assert_eq!(report["intact"], true);
    assert_eq!(report["bracketed"], json!({ "events": 0, "of": 290, "widest_seconds": null }));
    let (first, second) = (&report["witnesses"][0], &report["witnesses"][1]);
    assert_eq!([&first["given"], &first["size"]], [&json!(true), &Value::Null]);
    assert_eq!([&second["given"], &second["size"]], [&json!(false), &json!(293)]);
    let folder = TempDir::new().unwrap();
    log.bundle().write(folder.path());
    let says = ["could have made this log yesterday", "university.example/w2 has signed nothing", "not count"];
    check_told(folder.path(), &["--witness", &other], &says, &[]);
    let silent = "university.example/w2 has signed nothing";
    for text in told(folder.path(), &["--witness", &other]) {
        assert!(text.find(silent) < text.find("auditor.example/w1"), "{text}");
    }
    check_told(folder.path(), &[], &["key came with the bundle"], &["could have made this log"]);
}

#[test]
fn a_lie_is_found_whoever_has_signed_against_it() {
    let mut log = Log::of_a_day(1);
    let [_, other] = witnesses().map(|key| key.verifier().to_string());
    log.record(&event(900, Timestamp::from_seconds(log.now.seconds() + 3_600)));
    log.sign();
    let found = problems(&verify(&log.bundle(), &["--witness", &other]));
    assert_eq!(found, named(&[("forward_dated", "293")]));
}

#[test]
fn another_key_with_the_name_of_a_witness_that_was_given() {
    let mut bundle = Log::of_a_day(1).bundle();
    let [one, _] = witnesses();
    let stranger = SigningKey::from_seed(one.verifier().name(), KeyKind::Witness, &[9; 32]).unwrap();
    bundle.edit("witnesses", |text| format!("{text}{}\n", stranger.verifier()));
    bundle.describe_again();
    check(&bundle, &[]);
    let report = verify(&bundle, &["--witness", &one.verifier().to_string()]);
    let given: Vec<_> = report["witnesses"].as_array().unwrap().iter().map(|witness| &witness["given"]).collect();
    assert_eq!((&report["intact"], given), (&json!(true), vec![&json!(true), &json!(false)]));
}

#[test]
fn the_findings_say_what_was_brought_and_what_was_not_looked_at() {
    let folder = TempDir::new().unwrap();
    let (bundle, kept) = (folder.path().join("bundle"), folder.path().join("kept"));
    let mut log = Log::of_a_day(1);
    fs::write(&kept, log.sign()).unwrap();
    log.restore(293);
    log.choose(400);
    log.sign();
    log.checkpoints.remove(0);
    log.bundle().write(&bundle);
    let (kept, key) = (kept.to_str().unwrap(), log.key().verifier().to_string());
    let beginning = format!("Your checkpoint of 293 leaves ({kept}) is the beginning of this log");
    let restored = format!(
        "IMPORTANT: This log goes on from another one after a restore of a backup on 2026-11-20, as it says. What was in the log {} beyond its first 293 leaves is gone; only a checkpoint kept from before can show whether there was more.",
        "01".repeat(16)
    );
    let page = "index.html in it was written by whoever made the file and was not looked at";
    check_told(&bundle, &["--checkpoint", kept], &[&beginning, &restored], &["that you gave signed it"]);
    let signed = format!("{beginning}; the key that you gave signed it.");
    check_told(&bundle, &["--checkpoint", kept, "--key", &key], &[&signed], &["--key"]);
    assert!(told(&bundle, &[])[0].contains(page));
    fs::remove_file(bundle.join("index.html")).unwrap();
    check_told(&bundle, &[], &["file_missing", "index.html"], &[page]);
}

#[test]
fn a_checkpoint_that_the_bundle_does_not_reach_is_no_fault_of_the_log_and_is_not_passed_over() {
    let folder = TempDir::new().unwrap();
    let (bundle, kept) = (folder.path().join("bundle"), folder.path().join("kept"));
    let mut log = Log::of_a_day(1);
    log.bundle().write(&bundle);
    log.choose(300);
    fs::write(&kept, log.sign()).unwrap();
    let says = [
        "1. Intact: yes, as far as it goes.",
        "it does NOT reach your checkpoint of 294 leaves",
        "ask for a bundle that does",
    ];
    let arguments = ["--checkpoint", kept.to_str().unwrap()];
    check_told(&bundle, &arguments, &says, &["NO."]);
    for mut command in [ours(), theirs()] {
        assert_eq!(command.arg(&bundle).args(arguments).output().unwrap().status.code(), Some(3));
    }
}

#[test]
fn what_is_wrong_stands_under_the_finding_and_what_is_right_is_counted() {
    let folder = TempDir::new().unwrap();
    changed(&records_file(), |text| text.replacen(r#""gpc":false"#, r#""gpc":true"#, 2)).write(folder.path());
    for text in told(folder.path(), &[]) {
        let places = ["1. Intact: NO.", "record_changed", "not the one that was written", "288", "2. Seen"];
        let found: Vec<_> =
            places.iter().map(|said| text.find(said).unwrap_or_else(|| panic!("{said}: {text}"))).collect();
        assert!(found.is_sorted(), "{text}");
    }
}

#[test]
fn what_is_for_reading_is_told_from_a_broken_bundle() {
    let folder = TempDir::new().unwrap();
    for (name, text) in [("receipt.json", "{\n  \"@context\": {}}\n"), ("export.jsonl", "{\"index\":3}\n")] {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        for mut command in [ours(), theirs()] {
            let output = command.arg(&file).output().unwrap();
            let told = String::from_utf8(output.stderr).unwrap();
            assert_eq!((output.status.code(), told.lines().count()), (Some(2), 1), "{told}");
            assert!(told.contains(".tlog-proof") && told.contains("--format bundle"), "{told}");
        }
    }
}

#[test]
fn what_is_one_is_not_said_as_many_and_what_is_all_has_no_others() {
    let mut log = Log::begun(1);
    log.sign();
    log.choose(1);
    log.sign();
    let folder = TempDir::new().unwrap();
    log.bundle().write(folder.path());
    check_told(folder.path(), &[], &["10 seconds"], &["others", "3 to 3"]);
}

#[test]
fn leaves_that_are_no_events_are_there_to_be_read() {
    let mut log = Log::of_a_day(1);
    log.erase(20);
    log.append(&Entry::Configuration { fingerprint: [9; 32], summary: r#"{"a":"é"}"#.into(), time: log.now });
    log.sign();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("bundle.zip");
    let mut bundle = log.bundle();
    bundle.zip(&file);
    let listed = |path: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kelisim"));
        let output = command.args(["log", "leaves"]).arg(path).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = listed(&file);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((code, lines.len()), (Some(0), 7), "{text}");
    assert!(lines[0].starts_with(r#"0 start {"log":"0101"#) && lines[2].starts_with("2 notice {"), "{text}");
    assert_eq!(lines[3], "… 290 consents");
    assert!(lines[4].starts_with(r#"293 erasure {"index":20,"#), "{text}");
    assert!(lines[5].contains(r#"294 configuration {"fingerprint":"0909"#) && lines[5].contains("é"), "{text}");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let refused = Command::new(env!("CARGO_BIN_EXE_kelisim")).args(["log", "leaves"]).arg(&file).stdout(full).output();
    let refused = refused.unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.starts_with("cannot write the list of leaves, which is not whole: "), "{told}");
    // What is not there is said, and what comes after it is there all the same.
    bundle.0.remove(&EntryBundle::in_tree(0, 295).unwrap().path());
    bundle.write(&folder.path().join("bundle"));
    let (code, text) = listed(&folder.path().join("bundle"));
    assert!(code == Some(1) && text.starts_with("0 to 255 can't be read"), "{text}");
    assert!(text.contains("… 37 consents\n293 erasure"), "{text}");
    assert_eq!(listed(&folder.path().join("nothing")), (Some(2), String::new()));
}
