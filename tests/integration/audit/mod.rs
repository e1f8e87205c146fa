//! What an auditor can see, by two verifiers that share no line: ours and the one in `deploy/verify`.

mod builder;
mod given;
mod hostile;
mod intact;
mod keys;
mod mutated;
mod range;
mod receipt;
mod tampered;
mod texts;

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

use self::builder::{Bundle, Log};

/// A problem as both call it: its name, and its leaf or file.
type Named = (String, String);

/// Lets both verifiers look at a bundle and holds that they say the same, word for word and number for number.
fn verify(bundle: &Bundle, arguments: &[&str]) -> Value {
    let folder = TempDir::new().unwrap();
    bundle.write(folder.path());
    verify_at(folder.path(), arguments)
}

fn verify_at(bundle: &Path, arguments: &[&str]) -> Value {
    let (ours, theirs) = (run(ours(), bundle, arguments), run(theirs(), bundle, arguments));
    let (told, retold) = (report(&ours), report(&theirs));
    assert_eq!(told, retold, "our verifier, and the other one");
    assert_eq!(ours.status.code(), theirs.status.code());
    assert_eq!(ours.status.code(), Some(code(&told)));
    told
}

/// The exit code that belongs to a report.
fn code(report: &Value) -> i32 {
    let reached = |given: &Value| given["reached"] == true;
    match report["given_checkpoints"].as_array() {
        _ if report["intact"] != true => 1,
        Some(given) if !given.iter().all(reached) => 3,
        _ => 0,
    }
}

fn problems(report: &Value) -> BTreeSet<Named> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let place =
        |problem: &Value| if problem["leaf"].is_null() { text(&problem["file"]) } else { text(&problem["leaf"]) };
    report["problems"].as_array().unwrap().iter().map(|one| (text(&one["problem"]), place(one))).collect()
}

fn ours() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kelisim"));
    command.args(["log", "verify"]);
    command
}

fn theirs() -> Command {
    let mut command = Command::new("python3");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/verify/verify.py"));
    command
}

fn run(mut command: Command, bundle: &Path, arguments: &[&str]) -> Output {
    command.arg(bundle).arg("--json").args(arguments).output().unwrap()
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn named(expected: &[(&str, &str)]) -> BTreeSet<Named> {
    expected.iter().map(|(problem, place)| ((*problem).to_owned(), (*place).to_owned())).collect()
}

/// The bundle as it is, by both verifiers.
fn check(bundle: &Bundle, expected: &[(&str, &str)]) {
    assert_eq!(problems(&verify(bundle, &[])), named(expected));
}

/// The same with a checkpoint that the auditor kept from before; its place is written `kept`. Gives the report.
fn check_with_kept(bundle: &Bundle, kept: &str, expected: &[(&str, &str)]) -> Value {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("kept");
    fs::write(&file, kept).unwrap();
    let file = file.to_str().unwrap();
    let expected: Vec<_> =
        expected.iter().map(|(problem, place)| (*problem, if *place == "kept" { file } else { place })).collect();
    let report = verify(bundle, &["--checkpoint", file]);
    assert_eq!(problems(&report), named(&expected));
    report
}

/// A day's bundle with one file changed and the manifest written anew, as one who hides it would.
fn changed(file: &str, edit: impl FnOnce(&str) -> String) -> Bundle {
    let mut bundle = Log::of_a_day(2).bundle();
    bundle.edit(file, edit);
    bundle.describe_again();
    bundle
}
