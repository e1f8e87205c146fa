//! What an auditor can see, by two verifiers that share no line: ours and the one in `deploy/verify`.

mod builder;
mod intact;
mod tampered;

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

use self::builder::Bundle;

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
    assert_eq!(ours.status.code(), Some(if told["intact"] == true { 0 } else { 1 }));
    told
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
