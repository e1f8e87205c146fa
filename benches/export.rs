//! A log of many records taken out in each form and checked, by the commands as people run them: records a second, and the most memory
//! that the command had.
//!
//! `KELISIM_BENCH_RECORDS` asks for another number of records; a million are some 2 GB on the disk of the temporary directory (`TMPDIR`).
//! The second verifier takes part where there is a `python3` that can run it.

mod support;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use kelisim::{
    clock::Clock,
    store::{Settings, Store},
    timestamp::Timestamp,
};

use support::{NOTICE, TIME, event, fill};

const RECORDS: u64 = 50_000;

/// How often the memory of a command is looked at. The kernel keeps the highest mark, so only growth in the last moment is missed.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(5);

const CONFIGURATION: &str = r#"
[server]
http = ["127.0.0.1:8080"]
state_dir = "state"
[controller]
name = "Example LLP"
bin = "260140000005"
address = "Astana"
email = "privacy@example.kz"
[[site]]
hosts = ["shop.example"]
upstream = "http://127.0.0.1:8081"
mode = "observe"
[site.notice]
third_parties = "no"
cross_border = "no"
public = "no"
data = ["cookies"]
storage_place = "Kazakhstan"
"#;

fn main() {
    let records = std::env::var("KELISIM_BENCH_RECORDS").ok().and_then(|number| number.parse().ok()).unwrap_or(RECORDS);
    let folder = tempfile::tempdir().expect("a folder for the log");
    fs::write(folder.path().join("kelisim.toml"), CONFIGURATION).expect("a configuration");
    let settings = Settings { state_dir: folder.path().join("state"), host: "shop.example".into() };
    // The log is as old as its answers: an older one would be a forgery.
    let clock = Clock::standing_at(Timestamp::from_seconds(TIME));
    let store = Store::open(&settings, clock).expect("a log");
    let sample = event(0);
    store.keep_notice(sample.notice, sample.language, &sample.edition, NOTICE).expect("a notice");
    fill(&store, records);
    drop(store);

    let kelisim = env!("CARGO_BIN_EXE_kelisim");
    for format in ["csv", "jsonl", "jsonld", "bundle"] {
        let export = ["log", "export", "--config", "kelisim.toml", "--format", format, "--out", format];
        measure(&format!("export {format}"), records, folder.path(), kelisim, &export);
    }
    measure("verify", records, folder.path(), kelisim, &["log", "verify", "bundle"]);
    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/verify/verify.py");
    let usable = Command::new("python3").args([other, "--help"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if usable.is_ok_and(|status| status.success()) {
        measure("verify.py", records, folder.path(), "python3", &[other, "bundle"]);
    }
}

#[allow(clippy::print_stdout, reason = "a process has memory, which no harness of functions knows")]
fn measure(name: &str, records: u64, folder: &Path, program: &str, arguments: &[&str]) {
    let started = Instant::now();
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the command starts");
    let (status, mut most) = (format!("/proc/{}/status", child.id()), 0);
    let outcome = loop {
        most = most.max(highest_memory(&status));
        if let Some(outcome) = child.try_wait().expect("the command is ours") {
            break outcome;
        }
        thread::sleep(LOOKED_AT_EVERY);
    };
    let seconds = started.elapsed().as_secs_f64();
    assert!(outcome.success(), "{name}: {outcome}");
    let rate = records as f64 / seconds;
    println!("{name}: {records} records in {seconds:.2} s, {rate:.0}/s, at most {} MiB", most.div_ceil(1024));
}

/// In KiB; 0 when the process is gone.
fn highest_memory(status: &str) -> u64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
