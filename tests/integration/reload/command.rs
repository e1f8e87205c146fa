//! `kelisim reload` and SIGHUP, as an operator and systemd use them.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use super::COOKIE;
use crate::harness::{Browser, Gateway, Program, Wire, kelisim, shop};

/// Waits until the program has counted this outcome so often.
fn waits_for(program: &Program, outcome: &str, count: usize) {
    let line = format!("kelisim_configuration_reloads_total{{outcome=\"{outcome}\"}} {count}");
    let begun = Instant::now();
    loop {
        let metrics = Browser::at(program.admin, &program.admin.to_string()).get("/metrics").text();
        if metrics.contains(&line) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "no {line} in {metrics}");
        std::thread::yield_now();
    }
}

#[test]
fn the_command_says_what_came_of_it() {
    let site = shop();
    let program = Program::run(Gateway::with(&site).folder());
    let file = program.path().join("kelisim.toml");
    let whole = fs::read_to_string(&file).unwrap();
    let run = || {
        let output = kelisim(program.path(), &["reload"]);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, out, _) = run();
    assert_eq!(code, Some(0));
    assert!(out.ends_with("has changed, nor in the files that it names\n"), "{out}");

    let mut wire = Wire::of(&program.browser());
    fs::write(&file, whole.clone() + COOKIE).unwrap();
    let (code, out, err) = run();
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.ends_with(&format!("the gateway goes by {} from now on\n", file.display())), "{out}");
    wire.ask("GET", "/", &["cookie: basket=1"]);
    assert_eq!(site.last().header("cookie"), Some("basket=1"));

    fs::write(&file, whole.clone() + "[[site.cookie]]\nname = \"x\"\ncategory = \"neccessary\"\n").unwrap();
    let (code, out, err) = run();
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains("neccessary") && err.contains("kelisim.toml:"), "{err}");
    assert!(err.ends_with("is not right: 1 fault; a gateway that runs goes on as it was\n"), "{err}");

    fs::write(&file, whole.replace("workers = 2", "workers = 3")).unwrap();
    let (code, _, err) = run();
    assert_eq!(code, Some(1));
    assert!(err.starts_with("`workers` in [server] can't change while the gateway runs"), "{err}");
    wire.ask("GET", "/", &["cookie: basket=1"]);
    assert_eq!(site.last().header("cookie"), Some("basket=1"), "what was in force still is");

    let folder = program.stop();
    let output = kelisim(folder.path(), &["reload"]);
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.starts_with("no gateway is running with the state directory "), "{err}");
}

#[test]
fn a_hang_up_reads_the_file_again_and_a_bad_one_stops_nothing() {
    let site = shop();
    let program = Program::run(Gateway::with(&site).folder());
    let file = program.path().join("kelisim.toml");
    let whole = fs::read_to_string(&file).unwrap();
    let hang_up = || {
        assert!(Command::new("sh").args(["-c", "kill -HUP $0", &program.id().to_string()]).status().unwrap().success())
    };
    let mut wire = Wire::of(&program.browser());
    fs::write(&file, "nonsense").unwrap();
    hang_up();
    waits_for(&program, "refused", 1);
    assert_eq!(wire.ask("GET", "/", &["cookie: basket=1"]).status, 200);
    fs::write(&file, whole + COOKIE).unwrap();
    hang_up();
    waits_for(&program, "taken", 1);
    assert_eq!(wire.ask("GET", "/", &["cookie: basket=1"]).status, 200);
    assert_eq!(site.last().header("cookie"), Some("basket=1"));
}
