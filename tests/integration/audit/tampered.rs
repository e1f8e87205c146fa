//! Logs that somebody has changed, and what both verifiers call it.

use kelisim::{
    consent::CategorySet,
    ledger::{Entry, Event, EventKind, LogId, Predecessor, Salt, bundle_entry, entries_of_bundle},
    timestamp::Timestamp,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    builder::{Bundle, Log, event, line, records_file, witnesses},
    changed, check, check_with_kept, theirs, verify,
};

#[test]
fn a_changed_record() {
    let swap = |text: &str| text.replacen(r#""allowed":["functional"]"#, r#""allowed":["functional","analytical"]"#, 1);
    check(&changed(&records_file(), swap), &[("record_changed", "3")]);
    let mut careless = Log::of_a_day(2).bundle();
    careless.edit(&records_file(), swap);
    check(&careless, &[("record_changed", "3"), ("file_changed", &records_file())]);
}

#[test]
fn a_changed_salt() {
    let salt = changed(&records_file(), |text| text.replacen(r#""salt":"15"#, r#""salt":"16"#, 1));
    check(&salt, &[("record_changed", "3")]);
}

#[test]
fn a_deleted_record() {
    let without = changed(&records_file(), |text| text.lines().skip(1).map(|line| format!("{line}\n")).collect());
    check(&without, &[("record_missing", "3")]);
}

#[test]
fn an_inserted_record() {
    let log = Log::of_a_day(2);
    let body = log.records[&5].1.clone();
    let at = |index: u64| line(index, &Salt([1; 32]), &body);
    let before = changed(&records_file(), |text| format!("{}{text}", at(2)));
    check(&before, &[("record_unexpected", "2")]);
    let after = changed(&records_file(), |text| format!("{text}{}", at(293)));
    check(&after, &[("record_unexpected", "293")]);
}

#[test]
fn an_erased_record_that_is_still_there() {
    let mut log = Log::of_a_day(2);
    let (salt, body) = log.records[&9].clone();
    log.erase(9);
    log.sign();
    log.records.insert(9, (salt, body));
    check(&log.bundle(), &[("record_unexpected", "9")]);
}

#[test]
fn lines_out_of_order() {
    let turned = changed(&records_file(), |text| {
        let mut lines: Vec<_> = text.lines().map(|line| format!("{line}\n")).collect();
        lines.swap(0, 1);
        lines.concat()
    });
    check(&turned, &[("format", &records_file()), ("record_missing", "3")]);
}

#[test]
fn reordered_leaves() {
    let mut bundle = Log::of_a_day(2).bundle();
    rewrite_entries(&mut bundle, |entries| entries.swap(10, 11));
    let tree = [("root_mismatch", "checkpoint"), ("tile_mismatch", "tile/0/000"), ("tile_mismatch", "tile/1/000.p/1")];
    check(&bundle, &[&tree[..], &[("record_changed", "10"), ("record_changed", "11")]].concat());
}

#[test]
fn an_inserted_leaf_that_pushes_the_others_on() {
    let mut bundle = Log::of_a_day(2).bundle();
    rewrite_entries(&mut bundle, |entries| {
        let stranger = Entry::consent(&Salt([5; 32]), b"{}").leaf_data();
        entries.insert(200, stranger);
        entries.pop();
    });
    let tree = [("root_mismatch", "checkpoint"), ("tile_mismatch", "tile/0/000"), ("tile_mismatch", "tile/1/000.p/1")];
    let moved: Vec<String> = (200..256).map(|index| index.to_string()).collect();
    let moved = moved.iter().map(|index| ("record_changed", index.as_str()));
    check(&bundle, &tree.into_iter().chain(moved).collect::<Vec<_>>());
}

#[test]
fn a_back_dated_consent() {
    let yesterday = |log: &Log| Timestamp::from_seconds(log.now.seconds() - 86_400);
    let back_dated = |witnesses: usize| {
        let mut log = Log::of_a_day(witnesses);
        log.record(&event(900, yesterday(&log)));
        log.sign();
        log.bundle()
    };
    check(&back_dated(2), &[("back_dated", "293"), ("time_order", "293")]);
    check(&back_dated(0), &[("time_order", "293")]);
    let mut refusal = Log::of_a_day(2);
    let event = event(900, yesterday(&refusal));
    refusal.record(&Event { kind: EventKind::Refused, allowed: CategorySet::EMPTY, ..event });
    refusal.sign();
    check(&refusal.bundle(), &[]);
}

#[test]
fn a_clock_that_was_set_back_is_one_problem() {
    let mut log = Log::of_a_day(0);
    log.now = Timestamp::from_seconds(log.now.seconds() - 3_600);
    let first = log.choose(900).to_string();
    (901..920).for_each(|visitor| _ = log.choose(visitor));
    log.sign();
    check(&log.bundle(), &[("time_order", &first)]);
}

#[test]
fn a_consent_from_the_future() {
    let mut log = Log::of_a_day(2);
    log.record(&event(900, Timestamp::from_seconds(log.now.seconds() + 3_600)));
    log.sign();
    check(&log.bundle(), &[("forward_dated", "293")]);
}

#[test]
fn a_log_cut_short() {
    let mut log = Log::of_a_day(2);
    let whole = log.clone().sign();
    log.leaves.truncate(204);
    log.records.retain(|index, _| *index < 204);
    log.checkpoints.retain(|signed| signed.checkpoint().size <= 204);
    // It could also be that the bundle was made before.
    let ahead = |report: &Value| json!([report["intact"], report["given_checkpoints"][0]["reached"]]);
    assert_eq!(ahead(&check_with_kept(&log.bundle(), &whole, &[])), json!([true, false]));
    let mut witnessed = log.clone();
    witnessed.choose(1000);
    witnessed.sign();
    check_with_kept(&witnessed.bundle(), &whole, &[("truncated", "kept")]);
    // No witness has signed what was made of it, but the log itself says that it is later.
    let said_later = |seconds: i64| {
        let mut log = log.clone();
        log.witnesses = 0;
        let time = Timestamp::from_seconds(log.now.seconds() + 1 + seconds);
        log.append(&Entry::Configuration { fingerprint: [9; 32], summary: "{}".into(), time });
        log.sign();
        log.bundle()
    };
    let both: String = witnesses().map(|key| format!("{}\n", key.verifier())).concat();
    for (seconds, problems) in [(60, &[][..]), (61, &[("truncated", "kept")])] {
        let mut bundle = said_later(seconds);
        bundle.0.insert("witnesses".into(), both.clone().into());
        bundle.describe_again();
        check_with_kept(&bundle, &whole, problems);
    }
    log.restore(204);
    log.choose(1000);
    log.sign();
    check_with_kept(&log.bundle(), &whole, &[("truncated", "kept")]);
}

#[test]
fn an_old_backup_that_goes_on_as_if_nothing_had_been() {
    let mut log = Log::of_a_day(2);
    let mut backup = log.clone();
    log.choose(1000);
    let kept = log.sign();
    for visitor in 2000..2020 {
        backup.choose(visitor);
    }
    backup.sign();
    check(&backup.bundle(), &[]);
    check_with_kept(&backup.bundle(), &kept, &[("inconsistent", "kept")]);
}

#[test]
fn a_whole_log_made_anew_with_the_right_key() {
    let kept = Log::of_a_day(2).sign();
    let made_anew = |witnesses: usize, id: LogId| {
        let mut log = Log::begun_as(1, id, witnesses);
        (0..400).for_each(|visitor| _ = log.choose(visitor + 5000));
        log.sign();
        log.bundle()
    };
    // Nobody outside has seen anything: this can't be found, and it is said that it can't.
    let alone = made_anew(0, LogId([1; 16]));
    check(&alone, &[]);
    let folder = TempDir::new().unwrap();
    alone.write(folder.path());
    let told = theirs().arg(folder.path()).output().unwrap();
    assert!(String::from_utf8(told.stdout).unwrap().contains("could have made this log yesterday"));
    check_with_kept(&alone, &kept, &[("inconsistent", "kept")]);
    check_with_kept(&made_anew(0, LogId([2; 16])), &kept, &[("wrong_log", "kept")]);
}

#[test]
fn a_manifest_that_says_something_else() {
    let mut bundle = Log::of_a_day(2).bundle();
    let mut manifest = bundle.manifest();
    manifest["files"]["index.html"]["sha256"] = "00".repeat(32).into();
    manifest["files"]["records/000000001000.jsonl"] = manifest["files"]["key"].clone();
    manifest["files"].as_object_mut().unwrap().remove("witnesses");
    manifest["size"] = 292.into();
    manifest["files"]["key"].as_object_mut().unwrap().remove("sha256");
    bundle.0.insert("manifest.json".into(), manifest.to_string().into());
    let files = ["index.html", "witnesses", "checkpoint", "key"].map(|file| ("file_changed", file));
    check(&bundle, &[&files[..], &[("file_missing", "records/000000001000.jsonl")]].concat());
    bundle.edit("manifest.json", |text| text.replace("bundle/v1", "bundle/v9"));
    check(&bundle, &[("format", "manifest.json")]);
    bundle.0.remove("manifest.json");
    check(&bundle, &[("file_missing", "manifest.json")]);
}

#[test]
fn an_edited_tile() {
    let mut bundle = Log::of_a_day(2).bundle();
    bundle.0.get_mut("tile/0/000").unwrap()[40] ^= 1;
    bundle.0.get_mut("tile/1/000.p/1").unwrap().push(0);
    bundle.describe_again();
    check(&bundle, &[("tile_mismatch", "tile/0/000"), ("tile_mismatch", "tile/1/000.p/1")]);
    bundle.0.remove("tile/0/001.p/37");
    bundle.0.remove("tile/entries/001.p/37");
    bundle.describe_again();
    // Without all leaves there is no tree to compare with.
    check(&bundle, &[("file_missing", "tile/entries/001.p/37")]);
}

#[test]
fn a_leaf_that_says_nothing_known_and_a_record_that_nobody_writes() {
    let mut log = Log::of_a_day(2);
    log.leaves.push(b"kelisim-erasure-leaf/v1\n{\"index\": 5,\"reason\":\"request\",\"day\":\"2026-11-20\"}".to_vec());
    let body = br#"{"schema":"kelisim-record/v2"}"#;
    let index = log.append(&Entry::consent(&Salt([4; 32]), body));
    log.records.insert(index, (Salt([4; 32]), body.to_vec()));
    log.append(&Entry::Start {
        log: LogId([7; 16]),
        follows: Some(Predecessor { log: LogId([8; 16]), size: 5 }),
        day: log.now,
    });
    log.sign();
    let leaves = [("leaf_unreadable", "293"), ("record_unreadable", "294"), ("wrong_log", "295")];
    check(&log.bundle(), &[&leaves[..], &[("wrong_log", "checkpoint")]].concat());
}

#[test]
fn a_forged_cosignature_or_a_forged_checkpoint() {
    let forge = |text: &str| {
        let [_, witness] = witnesses();
        let other = witness.sign("another text\n", Timestamp::from_seconds(1_800_000_000)).to_string();
        text.lines()
            .map(|line| if line.contains("/w2 ") { format!("{other}\n") } else { format!("{line}\n") })
            .collect()
    };
    check(&changed("checkpoint", forge), &[("cosignature_forged", "checkpoint")]);
    check(&changed("checkpoints/000000000054", forge), &[("cosignature_forged", "checkpoints/000000000054")]);
    let larger = changed("checkpoints/000000000054", |text| text.replacen("\n54\n", "\n55\n", 1));
    check(&larger, &[("checkpoint_signature", "checkpoints/000000000054")]);
    let other_root = |text: &str| {
        let root = text.lines().nth(2).unwrap();
        text.replacen(root, &kelisim::ledger::TreeHash([3; 32]).to_string(), 1)
    };
    let unsigned = changed("checkpoints/000000000054", other_root);
    check(&unsigned, &[("checkpoint_signature", "checkpoints/000000000054")]);
    let newest = changed("checkpoint", other_root);
    check(&newest, &[("checkpoint_signature", "checkpoint"), ("root_mismatch", "checkpoint")]);
}

#[test]
fn a_checkpoint_of_more_leaves_than_there_can_be() {
    let huge = changed("checkpoint", |text| text.replacen("\n293\n", "\n4000000000\n", 1));
    check(&huge, &[("checkpoint_signature", "checkpoint"), ("format", "checkpoint")]);
}

#[test]
fn a_proof_of_consistency_that_proves_something_else() {
    let file = "consistency/000000000054-000000000104";
    let other =
        |text: &str| text.replacen(text.lines().next().unwrap(), &kelisim::ledger::TreeHash([3; 32]).to_string(), 1);
    check(&changed(file, other), &[("inconsistent", file)]);
    check(&changed(file, |text| text.split_once('\n').unwrap().1.to_owned()), &[("inconsistent", file)]);
    check(&changed(file, |text| text.to_owned() + text), &[("inconsistent", file)]);
    check(&changed(file, |_| "x\n".to_owned()), &[("format", file)]);
    let mut careless = Log::of_a_day(2).bundle();
    careless.edit(file, other);
    check(&careless, &[("file_changed", file), ("inconsistent", file)]);
}

#[test]
fn a_flipped_bit_anywhere_is_found_and_both_say_the_same() {
    let whole = Log::of_a_day(1).bundle();
    let files: Vec<_> = whole.0.keys().filter(|path| *path != "manifest.json").cloned().collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    for round in 0..20 {
        let (mut bundle, file) = (whole.clone(), &files[draw(files.len())]);
        let bytes = bundle.0.get_mut(file).unwrap();
        let at = draw(bytes.len());
        bytes[at] ^= 1 << draw(8);
        let hidden = round % 2 == 0;
        if hidden {
            bundle.describe_again();
        }
        let report = verify(&bundle, &[]);
        // The page for people is vouched for by the manifest alone, the list of witnesses by whoever knows them.
        let vouched = !hidden || !["index.html", "witnesses"].contains(&&**file);
        assert!(report["intact"] == false || !vouched, "{file}, byte {at}");
    }
}

fn rewrite_entries(bundle: &mut Bundle, edit: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let file = "tile/entries/000";
    let mut entries: Vec<_> = entries_of_bundle(&bundle.0[file]).unwrap().into_iter().map(<[u8]>::to_vec).collect();
    edit(&mut entries);
    let mut bytes = Vec::new();
    entries.iter().for_each(|entry| bundle_entry(&mut bytes, entry));
    bundle.0.insert(file.to_owned(), bytes);
    bundle.describe_again();
}
