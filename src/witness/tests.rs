//! The memory of a witness: what it signs, what it keeps, and what it never forgets by itself.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use tempfile::TempDir;

use super::*;
use crate::{
    ledger::{AddCheckpoint, Checkpoint, KeyKind, LeafHash, Refusal, SigningKey, TreeHash, origin_hash},
    timestamp::Timestamp,
};

const ORIGIN: &str = "shop.example/_kelisim/log/0123";

fn log() -> SigningKey {
    SigningKey::from_seed(ORIGIN, KeyKind::Log, &[7; 32]).unwrap()
}

fn open(directory: &Path) -> State {
    State::open(directory, None, "witness.example", vec![log().verifier().clone()]).unwrap()
}

fn failed(directory: &Path, name: Option<&str>, logs: &[&SigningKey]) -> String {
    let logs = logs.iter().map(|log| log.verifier().clone()).collect();
    State::open(directory, name, "witness.example", logs).unwrap_err().to_string()
}

/// The tree whose leaves are these, of one or two leaves: what a proof needs is short then.
fn root(leaves: &[u8]) -> TreeHash {
    let leaf = |byte: u8| TreeHash::from(LeafHash([byte; 32]));
    match *leaves {
        [one] => leaf(one),
        [one, two] => TreeHash::of_children(leaf(one), leaf(two)),
        _ => unreachable!("trees of one or two leaves"),
    }
}

/// A request to sign a tree of these leaves, of which the witness saw `old`.
fn request(old: u64, leaves: &[u8]) -> String {
    let size = leaves.len() as u64;
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size, root: root(leaves) };
    let note = checkpoint.sign(&log(), Timestamp::from_seconds(1)).note().to_string();
    let proof = if old == 1 && size == 2 { vec![TreeHash([leaves[1]; 32])] } else { Vec::new() };
    AddCheckpoint { old, proof, note }.to_string()
}

fn add(state: &State, old: u64, leaves: &[u8], day: &str) -> Result<String, Refusal> {
    state.add(request(old, leaves).as_bytes(), Timestamp::parse(day).unwrap()).unwrap()
}

fn folder(directory: &Path) -> PathBuf {
    directory.join("logs").join(origin_hash(ORIGIN))
}

fn days(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder(directory).join("days")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_was_signed_is_known_to_the_next_process() {
    let directory = TempDir::new().unwrap();
    let state = open(directory.path());
    assert_eq!(state.newest(&origin_hash(ORIGIN)), None);
    let line = add(&state, 0, &[1], "2026-11-22").unwrap();
    assert!(line.starts_with("\u{2014} witness.example ") && line.ends_with('\n'), "{line}");
    let note = state.newest(&origin_hash(ORIGIN)).unwrap();
    assert!(note.ends_with(&line), "{note}");
    drop(state);
    let state = open(directory.path());
    assert_eq!(state.newest(&origin_hash(ORIGIN)).unwrap(), note);
    assert_eq!(add(&state, 0, &[1, 2], "2026-11-22"), Err(Refusal::Conflict { newest: 1 }));
    assert_eq!(add(&state, 1, &[3, 2], "2026-11-22"), Err(Refusal::Inconsistent));
    assert!(add(&state, 1, &[1, 2], "2026-11-22").is_ok());
    assert_eq!(state.newest(""), None);
    assert_eq!(state.newest(&format!("logs/{}", origin_hash(ORIGIN))), None);
}

#[test]
fn the_first_checkpoint_of_each_day_is_kept() {
    let directory = TempDir::new().unwrap();
    let state = open(directory.path());
    add(&state, 0, &[1], "2026-11-21T10:00:00Z").unwrap();
    add(&state, 1, &[1, 2], "2026-11-21T12:00:00Z").unwrap();
    add(&state, 2, &[1, 2], "2026-11-22T10:00:00Z").unwrap();
    assert_eq!(days(directory.path()), ["2026-11-21", "2026-11-22"]);
    let first = fs::read_to_string(folder(directory.path()).join("days/2026-11-21")).unwrap();
    assert!(first.starts_with(&format!("{ORIGIN}\n1\n")), "{first}");
}

#[test]
fn the_oldest_days_go_when_there_are_very_many() {
    let directory = TempDir::new().unwrap();
    let state = open(directory.path());
    let folder = folder(directory.path()).join("days");
    (0..4000).for_each(|day| fs::write(folder.join(format!("1990-{day:04}")), "").unwrap());
    add(&state, 0, &[1], "2026-11-22").unwrap();
    let days = days(directory.path());
    assert_eq!((days.len(), &*days[0], &*days[3999]), (4000, "1990-0001", "2026-11-22"));
}

#[test]
fn two_trees_of_one_size_are_kept_as_a_proof() {
    let directory = TempDir::new().unwrap();
    let state = open(directory.path());
    add(&state, 0, &[0], "2026-11-22").unwrap();
    for leaf in 1..20 {
        assert_eq!(add(&state, 1, &[leaf], "2026-11-22"), Err(Refusal::Inconsistent));
    }
    let proofs: Vec<_> = fs::read_dir(folder(directory.path()).join("contradictions")).unwrap().collect();
    assert_eq!(proofs.len(), 8);
    let one = fs::read_to_string(folder(directory.path()).join("contradictions/1-0101010101010101")).unwrap();
    assert!(one.starts_with(&format!("{ORIGIN}\n1\n{}\n", root(&[1]))), "{one}");
}

#[test]
fn nothing_is_signed_that_can_not_be_kept() {
    let directory = TempDir::new().unwrap();
    let state = open(directory.path());
    add(&state, 0, &[1], "2026-11-22").unwrap();
    // A folder in the place of the file that is written first.
    fs::create_dir(folder(directory.path()).join("checkpoint.new")).unwrap();
    let body = request(1, &[1, 2]);
    assert!(state.add(body.as_bytes(), Timestamp::parse("2026-11-22").unwrap()).is_err());
    fs::remove_dir(folder(directory.path()).join("checkpoint.new")).unwrap();
    assert!(add(&state, 1, &[1, 2], "2026-11-22").is_ok());
}

#[test]
fn who_reads_waits_for_no_disk() {
    let directory = TempDir::new().unwrap();
    let state = open(directory.path());
    add(&state, 0, &[1], "2026-11-22").unwrap();
    let hash = origin_hash(ORIGIN);
    let note = state.newest(&hash).unwrap();
    thread::scope(|scope| {
        let (sender, read) = mpsc::channel();
        let state = &state;
        let seen = state.while_it_writes(ORIGIN, || {
            scope.spawn(move || sender.send(state.newest(&hash)));
            read.recv_timeout(Duration::from_secs(30))
        });
        assert_eq!(seen, Ok(Some(note)));
    });
}

#[test]
fn a_memory_that_is_damaged_or_gone_is_not_begun_anew() {
    let directory = TempDir::new().unwrap();
    let path = directory.path();
    add(&open(path), 0, &[1], "2026-11-22").unwrap();
    let file = folder(path).join("checkpoint");
    let note = fs::read_to_string(&file).unwrap();
    fs::write(&file, note.replacen("\n1\n", "\n2\n", 1)).unwrap();
    assert!(failed(path, None, &[&log()]).contains("not a checkpoint of this log that this witness has signed"));
    fs::remove_file(&file).unwrap();
    assert!(failed(path, None, &[&log()]).contains("read what was signed last"));
    fs::write(&file, note).unwrap();
    let key = fs::read_to_string(path.join("witness.key")).unwrap();
    fs::write(path.join("witness.key"), "witness.example\n00ff\n").unwrap();
    assert!(failed(path, None, &[&log()]).contains("64 hexadecimal digits"));
    fs::write(path.join("witness.key"), key).unwrap();
    open(path);
}

#[test]
fn a_key_is_made_once_for_one_user_and_keeps_its_name() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("state");
    let state = State::open(&path, Some("auditor.example/w1"), "127.0.0.1", vec![log().verifier().clone()]).unwrap();
    let key = state.verifier().to_string();
    assert_eq!((state.verifier().name(), state.verifier().kind()), ("auditor.example/w1", KeyKind::Witness));
    assert_eq!(fs::read_to_string(path.join("witness.pub")).unwrap(), format!("{key}\n"));
    assert_eq!(fs::metadata(path.join("witness.key")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(failed(&path, None, &[&log()]).contains("another witness works with this directory"));
    drop(state);
    assert_eq!(open(&path).verifier().to_string(), key);
    assert!(failed(&path, Some("other.example"), &[&log()]).contains("a key never changes its name"));
    assert!(failed(directory.path(), Some("two words"), &[&log()]).contains("--name"));
}

#[test]
fn a_witness_watches_logs_each_once() {
    let directory = TempDir::new().unwrap();
    let witness = SigningKey::from_seed("witness.example", KeyKind::Witness, &[1; 32]).unwrap();
    assert!(failed(directory.path(), None, &[&witness]).starts_with("--log witness.example+"));
    assert!(failed(directory.path(), None, &[&log(), &log()]).contains("each log once"));
}

#[test]
fn every_reason_of_a_failure_is_among_those_that_are_shown_from_the_start() {
    let away = std::io::Error::other("away");
    let failures = [
        Failure::Unreachable(away),
        Failure::Timeout,
        Failure::Conflict { newest: 1 },
        Failure::Behind { ours: 1, theirs: 2 },
        Failure::Inconsistent,
        Failure::UnknownLog,
        Failure::OtherKey,
        Failure::Status(500),
        Failure::Forged,
        Failure::Log("away".into()),
    ];
    assert_eq!(failures.map(|failure| failure.reason()), Failure::REASONS);
}
