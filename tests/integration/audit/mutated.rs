//! Bundles that are damaged at random: both verifiers come to the same verdict of each, and neither crashes. What was found so has a story of its own.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use kelisim::ledger::{Entry, Salt};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    builder::{Bundle, Log},
    code, ours, report, run,
};

/// How many bundles are damaged in each run of the test. `KELISIM_DAMAGED_BUNDLES` asks for others.
const BUNDLES: u64 = 160;

/// Reads paths of bundles, a JSON text on each line, and answers each with its report. Python starts once for all of them.
const RUNNER: &str = r#"
import json, sys, traceback
sys.path.insert(0, sys.argv[1])
import verify
for line in sys.stdin:
    try:
        print(verify.as_json(verify.verify(json.loads(line))), flush=True)
    except OSError:
        print(json.dumps({"wrong use": True}), flush=True)
    except BaseException:
        print(json.dumps({"crash": traceback.format_exc()}), flush=True)
"#;

/// What nobody expects in the place of a value.
const ODD_VALUES: [&str; 24] = [
    "null",
    "true",
    "0",
    "-0",
    "-1",
    "1.0",
    "1e3",
    "1E400",
    "18446744073709551615",
    "18446744073709551616",
    "NaN",
    "\"\"",
    "\"\u{a0}\"",
    "\"\u{2003}x\"",
    "\"\\ud800\"",
    "\"\\u0041\"",
    "\"\\u0000\"",
    "\"2026-02-30T00:00:00.000Z\"",
    "\"é\"",
    "[]",
    "{}",
    "[[0,1],[1,2]]",
    "\"x\" ",
    "01",
];

/// What nobody expects anywhere.
const ODD_BYTES: [&[u8]; 14] = [
    b"\0",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b"\"",
    b"\xff",
    b"\xc2\xa0",
    b"\xe2\x80\x83",
    b"\xef\xbb\xbf",
    b"\x7f",
    b"\xc2\x85",
    b"[{",
    b"\n\n",
];

const ODD_NAMES: [&str; 16] = [
    "key",
    "checkpoint",
    "witnesses",
    "x",
    "checkpoints/000000000004",
    "checkpoints/4",
    "checkpoints/999999999999",
    "records/000000000000.jsonl",
    "records/x",
    "notices/x.json",
    "policies/x.txt",
    "consistency/000000000004-000000000014",
    "consistency/000000000014-000000000014",
    "tile/0/001",
    "tile/entries/000",
    "notices/é",
];

/// Numbers that look like chance and are the same on each machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// The verifier in Python, started once.
struct Other {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Other {
    fn started() -> Self {
        let mut child = Command::new("python3")
            .args(["-B", "-c", RUNNER, concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/verify")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    fn report(&mut self, bundle: &Path) -> Value {
        writeln!(self.input, "{}", json!(bundle)).unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A short log in which much has happened.
fn log() -> Log {
    let mut log = Log::begun(2);
    for visitor in 0..24 {
        log.choose(visitor);
        if visitor % 10 == 0 {
            log.sign();
        }
    }
    log.erase(5);
    log.retain(7, 8);
    log.sign();
    log.restore(log.leaves.len() as u64);
    log.choose(100);
    log
}

/// A log that somebody has written with a program of their own: what it signs is not in the known form.
fn of_another_program(dice: &mut Dice) -> Bundle {
    let mut log = log();
    log.checkpoints.clear();
    let records: Vec<u64> = log.records.keys().copied().collect();
    for _ in 0..=dice.below(2) {
        if dice.below(2) == 0 {
            let index = *dice.one(&records);
            let mut body = log.records[&index].1.clone();
            bend_json(&mut body, dice);
            let salt = Salt([index as u8; 32]);
            log.leaves[index as usize] = Entry::consent(&salt, &body).leaf_data();
            log.records.insert(index, (salt, body));
        } else {
            let index = *dice.one(&[0, 1, 2, 27, 28, 29]);
            bend_json(&mut log.leaves[index], dice);
            // More fits no leaf (C2SP tlog-tiles, "Log entries").
            log.leaves[index].truncate(60_000);
        }
    }
    log.sign();
    log.bundle()
}

/// Puts something odd in the place of a value, says a field twice, or damages some bytes.
fn bend_json(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == b':').collect();
    if places.is_empty() || dice.below(5) == 0 {
        return bend_bytes(bytes, dice);
    }
    let colon = *dice.one(&places);
    let end = bytes[colon..].iter().position(|byte| b",}]".contains(byte)).map_or(bytes.len(), |at| colon + at);
    match dice.below(8) {
        0 => {
            let depth = *dice.one(&[20, 31, 32, 33, 40, 200, 20_000]);
            let deep = ["[".repeat(depth), "]".repeat(depth)].concat();
            bytes.splice(colon + 1..end, deep.bytes());
        }
        1 => {
            let start = bytes[..colon].iter().rposition(|byte| b"{,".contains(byte)).map_or(0, |at| at + 1);
            let field = [&bytes[start..end], b","].concat();
            bytes.splice(start..start, field);
        }
        2 => _ = bytes.splice(colon + 1..end, vec![b'9'; 5000]),
        _ => _ = bytes.splice(colon + 1..end, dice.one(&ODD_VALUES).bytes()),
    }
}

fn bend_bytes(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.below(bytes.len());
    match dice.below(8) {
        0 => bytes.truncate(at),
        1 => _ = bytes.drain(at..(at + 1 + dice.below(40)).min(bytes.len())),
        2 => _ = bytes.splice(at..at, dice.one::<&[u8]>(&ODD_BYTES).iter().copied()),
        3 => bytes.extend_from_slice(dice.one::<&[u8]>(&ODD_BYTES)),
        4 => _ = bytes.splice(at..at, vec![b'x'; 70_000]),
        5 => {
            let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let (one, other) = (dice.below(lines.len()), dice.below(lines.len()));
            if dice.below(2) == 0 && !lines.is_empty() {
                lines.swap(one, other);
            } else if let Some(line) = lines.get(one).cloned() {
                lines.insert(other, line);
            }
            *bytes = lines.concat();
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
    }
}

/// Changes, takes away, doubles or renames a file.
fn damage(bundle: &mut Bundle, dice: &mut Dice) {
    let files: Vec<String> = bundle.0.keys().cloned().collect();
    let file = dice.one(&files).clone();
    let of_json = ["manifest.json", "notices/", "records/"].iter().any(|start| file.starts_with(start));
    match dice.below(10) {
        0 => _ = bundle.0.remove(&file),
        1 => {
            let bytes = bundle.0.remove(&file).unwrap();
            bundle.0.insert((*dice.one(&ODD_NAMES)).to_owned(), bytes);
        }
        2 => _ = bundle.0.insert((*dice.one(&ODD_NAMES)).to_owned(), bundle.0[&file].clone()),
        3..=5 => bend_json(bundle.0.entry("manifest.json".into()).or_default(), dice),
        _ if of_json => bend_json(bundle.0.get_mut(&file).unwrap(), dice),
        _ => bend_bytes(bundle.0.get_mut(&file).unwrap(), dice),
    }
}

/// Writes the bundle as a folder or as a ZIP file, of which sometimes the end is missing or something stands around it.
fn written(bundle: &Bundle, folder: &Path, dice: &mut Dice) -> std::path::PathBuf {
    let path = folder.join("bundle");
    // Some names fit no file system.
    let clash = |name: &String| bundle.0.keys().any(|other| other.starts_with(&format!("{name}/")));
    if dice.below(3) > 0 && !bundle.0.keys().any(clash) {
        bundle.write(&path);
        return path;
    }
    bundle.zip(&path);
    let mut bytes = std::fs::read(&path).unwrap();
    match dice.below(6) {
        0 => bytes.truncate(dice.below(bytes.len())),
        1 => _ = bytes.splice(0..0, *b"#!/bin/sh\n"),
        2 => bytes.extend_from_slice(b"and more"),
        _ => {}
    }
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Of what can't be read the specification says only that it is a problem: there the verdict is the same, and where no file is such all is.
fn agree(one: &Value, other: &Value) -> bool {
    let unreadable = |report: &Value| report["problems"].to_string().contains("\"format\"");
    if unreadable(one) || unreadable(other) { one["intact"] == other["intact"] } else { one == other }
}

#[test]
fn of_a_damaged_bundle_both_verifiers_say_the_same() {
    let asked = std::env::var("KELISIM_DAMAGED_BUNDLES").ok().and_then(|number| number.parse().ok());
    let (whole, mut other) = (
        {
            let mut log = log();
            log.sign();
            log.bundle()
        },
        Other::started(),
    );
    let mut different = Vec::new();
    for number in 0..asked.unwrap_or(BUNDLES) {
        let mut dice = Dice(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut bundle = if dice.below(3) == 0 { of_another_program(&mut dice) } else { whole.clone() };
        let described = bundle.manifest();
        (0..dice.below(3)).for_each(|_| damage(&mut bundle, &mut dice));
        if dice.below(2) == 0 {
            let said = bundle.0.get("manifest.json").and_then(|bytes| serde_json::from_slice(bytes).ok());
            bundle.describe(said.filter(Value::is_object).unwrap_or(described));
        }
        let folder = TempDir::new().unwrap();
        let path = written(&bundle, folder.path(), &mut dice);
        let output = run(ours(), &path, &[]);
        let wrong_use = output.status.code() == Some(2) && output.stdout.is_empty();
        let told = if wrong_use { json!({ "wrong use": true }) } else { report(&output) };
        let retold = other.report(&path);
        let code = if wrong_use { 2 } else { code(&told) };
        if !agree(&told, &retold) || output.status.code() != Some(code) {
            different.push(format!("bundle {number}: {told}\n{retold}"));
        }
    }
    assert!(different.is_empty(), "{} bundles\n{}", different.len(), different.join("\n"));
}
