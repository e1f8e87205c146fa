//! Which key a log is checked with, and what that key is called.

use kelisim::ledger::{LogId, VerifierKey};

use serde_json::json;
use tempfile::TempDir;

use super::{
    builder::{Log, records_file},
    check, named, ours, problems, theirs, verify,
};

#[test]
fn another_key() {
    let (log, other) = (Log::of_a_day(2), Log::begun_as(2, LogId([1; 16]), 0).key());
    let key = log.key().verifier().to_string();
    let mut bundle = log.bundle();
    bundle.edit("key", |_| format!("{}\n", other.verifier()));
    bundle.describe_again();
    let checkpoints: Vec<_> = bundle.0.keys().filter(|path| path.starts_with("checkpoint")).cloned().collect();
    let unsigned: Vec<_> = checkpoints.iter().map(|path| ("checkpoint_signature", path.as_str())).collect();
    check(&bundle, &unsigned);
    assert_eq!(problems(&verify(&bundle, &["--key", &key])), named(&[("key_differs", "key")]));
    // One who has no key of the log signs all of it with another.
    let mut forged = Log::begun_as(2, LogId([1; 16]), 0);
    (0..290).for_each(|visitor| _ = forged.choose(visitor));
    forged.sign();
    check(&forged.bundle(), &[]);
    let found = problems(&verify(&forged.bundle(), &["--key", &key]));
    assert_eq!(found, named(&[("key_differs", "key")]));
    let renamed = VerifierKey::parse(&key).unwrap().renamed("shop.example/_kelisim/log/elsewhere").unwrap();
    bundle.0.insert("key".into(), renamed.to_string().into());
    bundle.describe_again();
    check(&bundle, &[("wrong_log", "checkpoint")]);
    bundle.0.insert("key".into(), b"nobody".to_vec());
    check(&bundle, &[("format", "key")]);
}

#[test]
fn with_another_key_nothing_else_is_judged_and_both_keys_are_named() {
    let (log, other) = (Log::of_a_day(2), Log::begun_as(2, LogId([1; 16]), 0).key());
    let mut bundle = log.bundle();
    bundle.0.remove(&records_file());
    let (own, yours) = (log.key().verifier().to_string(), other.verifier().to_string());
    let report = verify(&bundle, &["--key", &yours]);
    assert_eq!(problems(&report), named(&[("key_differs", "key")]));
    assert_eq!([&report["log_key"], &report["records"], &report["witnesses"]], [&json!(own), &json!(null), &json!([])]);
    let folder = TempDir::new().unwrap();
    bundle.write(folder.path());
    for mut command in [ours(), theirs()] {
        let output = command.arg(folder.path()).args(["--key", &yours]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let short = |key: &str| format!("{}…", key.rsplit_once('+').unwrap().0);
        let said = format!("is not the key of this log (the log's: {}, yours: {}).", short(&own), short(&yours));
        assert!(text.contains(&said) && text.contains("Nothing else was judged."), "{text}");
        assert!(!text.contains("witness") && text.lines().count() < 5, "{text}");
    }
}

/// A log that went on from a backup, and the keys before and after.
fn restored() -> (Log, String, String) {
    let mut log = Log::of_a_day(1);
    let before = log.key().verifier().to_string();
    log.restore(293);
    log.choose(400);
    log.sign();
    let after = log.key().verifier().to_string();
    (log, before, after)
}

#[test]
fn a_key_noted_before_a_restore_still_checks_the_log() {
    let (log, before, after) = restored();
    assert_ne!(before, after);
    for key in [before, after] {
        let report = verify(&log.bundle(), &["--key", &key]);
        assert_eq!([&report["intact"], &report["key_given"]], [true, true], "{key}: {report}");
    }
}

#[test]
fn a_key_with_the_name_of_another_log_does_not() {
    let (log, _, after) = restored();
    let named_as = |name: &str| VerifierKey::parse(&after).unwrap().renamed(name).unwrap().to_string();
    let foreign = [format!("shop.example/_kelisim/log/{}", LogId([9; 16])), "shop.example/log".to_owned()];
    let mut bundle = log.bundle();
    for name in &foreign {
        let found = problems(&verify(&bundle, &["--key", &named_as(name)]));
        assert_eq!(found, named(&[("wrong_log", "checkpoint")]), "{name}");
    }
    // The name may stand under another host, and what is not all here can't be asked.
    let elsewhere = format!("elsewhere.example/{}", LogId([1; 16]));
    assert_eq!(verify(&bundle, &["--key", &named_as(&elsewhere)])["intact"], true);
    bundle.0.remove("tile/entries/000");
    bundle.0.remove(&records_file());
    bundle.describe_again();
    let found = problems(&verify(&bundle, &["--key", &named_as(&foreign[0])]));
    assert!(!found.contains(&("wrong_log".to_owned(), "checkpoint".to_owned())), "{found:?}");
}

#[test]
fn the_bundles_own_key_has_the_name_of_its_newest_checkpoint() {
    let (log, before, after) = restored();
    let mut bundle = log.bundle();
    bundle.edit("key", |_| format!("{before}\n"));
    bundle.describe_again();
    check(&bundle, &[("wrong_log", "checkpoint")]);
    let found = problems(&verify(&bundle, &["--key", &after]));
    assert_eq!(found, named(&[("wrong_log", "checkpoint")]));
}
