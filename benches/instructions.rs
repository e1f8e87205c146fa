//! How many instructions the pure functions of the hot path take, counted by `valgrind --tool=callgrind`, beside the counts that were
//! accepted: a change that makes one dearer fails here.
//!
//! `benches/guard` runs it; `benches/guard --accept` writes the counts of now to `benches/instructions.toml`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a guard says what it found")]

#[path = "support/consent.rs"]
mod consent;
#[path = "support/cookies.rs"]
mod cookies;
#[path = "support/page.rs"]
mod page;
#[path = "support/rewriting.rs"]
mod rewriting;
#[path = "support/works.rs"]
mod works;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    process::{Command, ExitCode},
};

use works::{WORKS, Work};

const ACCEPTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.toml");

/// Runs before counting begins, so that what is made once is made.
const WARM: u32 = 3;

/// The function whose callees are counted; its name is how callgrind finds it.
const COUNTED: &str = "*count_instructions_of*";

#[derive(serde::Deserialize)]
struct Accepted {
    /// How much dearer is no change, in percent.
    tolerance: f64,
    compiler: String,
    instructions: BTreeMap<String, u64>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--one", name] => {
            run_one(name);
            ExitCode::SUCCESS
        }
        [] => guard(false),
        ["--accept"] => guard(true),
        _ => {
            eprintln!("benches/guard takes `--accept` or nothing");
            ExitCode::from(2)
        }
    }
}

/// The part that runs inside of valgrind.
fn run_one(name: &str) {
    let Work { make, runs, .. } = WORKS.iter().find(|work| work.name == name).expect("a name from the list");
    let mut work = make(runs + WARM);
    (0..WARM).for_each(|_| work());
    count_instructions_of(&mut work, *runs);
}

#[inline(never)]
fn count_instructions_of(work: &mut dyn FnMut(), runs: u32) {
    (0..runs).for_each(|_| work());
}

fn guard(accept: bool) -> ExitCode {
    let counts: Result<BTreeMap<_, _>, String> =
        WORKS.iter().map(|work| Ok((work.name.to_owned(), count(work)?))).collect();
    let counts = match counts {
        Ok(counts) => counts,
        Err(fault) => {
            eprintln!("{fault}");
            return ExitCode::FAILURE;
        }
    };
    if accept {
        fs::write(ACCEPTED, written(&counts)).expect("the file of accepted counts is written");
        println!("Accepted: see benches/instructions.toml.");
        return ExitCode::SUCCESS;
    }
    let text = fs::read_to_string(ACCEPTED).expect("benches/instructions.toml is there");
    let accepted: Accepted = toml::from_str(&text).expect("benches/instructions.toml is as `--accept` wrote it");
    let wrong = differences(&counts, &accepted);
    if wrong.is_empty() {
        println!("Nothing is dearer than what was accepted.");
        return ExitCode::SUCCESS;
    }
    wrong.iter().for_each(|sentence| eprintln!("{sentence}"));
    let now = compiler();
    if now != accepted.compiler {
        eprintln!("The counts were accepted with {}, this is {now}: the compiler alone may be why.", accepted.compiler);
    }
    eprintln!("If it is meant so, run `benches/guard --accept` and commit benches/instructions.toml with the reason.");
    ExitCode::FAILURE
}

/// Instructions of one run.
fn count(work: &Work) -> Result<u64, String> {
    let folder = tempfile::tempdir().expect("a folder for callgrind");
    let out = folder.path().join("out");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet", &format!("--toggle-collect={COUNTED}")]);
    command.arg(format!("--callgrind-out-file={}", out.display()));
    command.arg(std::env::current_exe().expect("this program has a path")).args(["--one", work.name]);
    let output = command.output().map_err(|fault| format!("valgrind does not start ({fault}): install it"))?;
    if !output.status.success() {
        return Err(format!("`{}` failed under valgrind: {}", work.name, String::from_utf8_lossy(&output.stderr)));
    }
    let text = fs::read_to_string(out).map_err(|fault| format!("callgrind wrote nothing: {fault}"))?;
    let totals = text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse::<u64>().ok());
    let each = totals.filter(|total| *total > 0).ok_or("callgrind counted nothing")? / u64::from(work.runs);
    println!("{each:>12}  {}", work.name);
    Ok(each)
}

/// A sentence for each count that is dearer than accepted, and for each name that only one side knows.
fn differences(counts: &BTreeMap<String, u64>, accepted: &Accepted) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, now) in counts {
        match accepted.instructions.get(name) {
            Some(before) => {
                let dearer = 100.0 * (*now as f64 / *before as f64 - 1.0);
                if dearer > accepted.tolerance {
                    wrong.push(format!(
                        "{name}: {now} instructions, {dearer:.1} % more than the {before} that were accepted ({} % are tolerated).",
                        accepted.tolerance
                    ));
                }
                if dearer < -accepted.tolerance {
                    println!("{name}: {:.1} % cheaper; `benches/guard --accept` keeps it so.", -dearer);
                }
            }
            None => wrong.push(format!("{name}: no count was accepted yet.")),
        }
    }
    let gone = accepted.instructions.keys().filter(|name| !counts.contains_key(*name));
    wrong.extend(gone.map(|name| format!("{name}: accepted, but no longer counted.")));
    wrong
}

fn written(counts: &BTreeMap<String, u64>) -> String {
    let mut text = String::from(
        "# Instructions of one run, as `benches/guard --accept` counted them; benches/README.md says how to read them.\n\n",
    );
    _ = writeln!(text, "tolerance = 3.0\ncompiler = \"{}\"\n\n[instructions]", compiler());
    for (name, count) in counts {
        _ = writeln!(text, "\"{name}\" = {count}");
    }
    text
}

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    version.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}
