//! Disks that fill up or can't be written any more, for real: a file system of the program's own, filled to its last byte or mounted read-only
//! under a gateway at work.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::harness::{Gateway, Origin, Program, shop};

/// How long the program has to notice; the disk of the machine may be busy with others.
const PATIENCE: Duration = Duration::from_secs(180);
/// The disk, in MiB.
const SIZE: usize = 8;

fn program(shop: &Origin) -> Program {
    let limits = "[server.limits]\nchoices_per_minute = 10000";
    let folder = Gateway::with(shop).edition("first", "2026-01-01", false).server(limits).folder();
    Program::run_on_own_disk(folder, SIZE)
}

fn done(program: &Program, command: &str, arguments: &[&str]) -> String {
    let output = program.beside(command, arguments);
    assert!(output.status.success(), "{command} {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "it never came to this: {what}");
        thread::yield_now();
    }
}

/// How many people the log says to have accepted.
fn accepted(program: &Program) -> usize {
    let configuration = program.path().join("kelisim.toml");
    let arguments = ["log", "export", "--format", "jsonl", "--config", configuration.to_str().unwrap()];
    done(program, env!("CARGO_BIN_EXE_kelisim"), &arguments).matches("\"event\":\"expressed\"").count()
}

#[test]
fn a_disk_that_is_full_to_its_last_byte_loses_nothing_and_grants_nothing() {
    let shop = shop();
    let program = program(&shop);
    let filler = program.path().join("state/filler").to_str().unwrap().to_owned();
    let mut anna = program.browser();
    assert_eq!(anna.choose("accept").status, 303);
    let mut acknowledged = 1;
    for round in 0..3 {
        // It ends when there is no space left.
        let output = program.beside("dd", &["if=/dev/zero", &format!("of={filler}"), "bs=4096"]);
        assert!(String::from_utf8_lossy(&output.stderr).contains("No space left"), "{output:?}");
        // What finds a page of the database that is there already may still be written. Then the end has come.
        eventually("nothing is granted", || {
            let mut boris = program.browser();
            match boris.choose("accept").status {
                303 => acknowledged += 1,
                status => {
                    assert_eq!((status, boris.jar.is_empty()), (503, true), "round {round}");
                    return true;
                }
            }
            false
        });
        assert!(!anna.click("/").shows_banner(), "round {round}: what was recorded stays");
        let mut vera = program.browser();
        assert!(vera.click("/").shows_banner(), "round {round}: pages go on");
        let health = ["/readyz/consent", "/readyz", "/healthz"].map(|path| program.admin(path));
        assert_eq!(health, [503, 200, 200], "round {round}: the site goes on");
        done(&program, "rm", &[&filler]);
        eventually("it is ready again", || program.admin("/readyz/consent") == 200);
        assert_eq!(program.browser().choose("accept").status, 303, "round {round}");
        acknowledged += 1;
        assert_eq!(accepted(&program), acknowledged, "round {round}");
    }
}

#[test]
fn a_disk_that_is_mounted_read_only_under_a_gateway_at_work_loses_nothing_that_was_acknowledged() {
    let shop = shop();
    let program = program(&shop);
    let state = program.path().join("state").to_str().unwrap().to_owned();
    let mut acknowledged = 0;
    assert_eq!(program.browser().choose("accept").status, 303);
    acknowledged += 1;
    // The kernel refuses it for a file system with files that are open for writing, and allows it for what is mounted over it: no file can be made or
    // opened for writing any more.
    done(&program, "mount", &["--bind", &state, &state]);
    for round in 0..3 {
        done(&program, "mount", &["-o", "remount,bind,ro", &state]);
        assert!(!program.beside("touch", &[&format!("{state}/new")]).status.success(), "the fault is real");
        let mut anna = program.browser();
        match anna.choose("accept").status {
            303 => acknowledged += 1,
            status => assert_eq!((status, anna.jar.is_empty()), (503, true), "round {round}"),
        }
        assert!(program.browser().click("/").shows_banner(), "round {round}: pages go on");
        assert_eq!((program.admin("/readyz"), program.admin("/healthz")), (200, 200), "round {round}");
        done(&program, "mount", &["-o", "remount,bind,rw", &state]);
        eventually("it is ready again", || program.admin("/readyz/consent") == 200);
        assert_eq!(program.browser().choose("accept").status, 303, "round {round}");
        acknowledged += 1;
        assert_eq!(accepted(&program), acknowledged, "round {round}");
    }
}

#[test]
fn on_a_disk_that_is_read_only_from_the_beginning_there_is_no_start_and_it_is_named() {
    let shop = shop();
    let folder = Gateway::with(&shop).folder();
    let state = folder.path().join("state");
    std::fs::create_dir(&state).unwrap();
    let script = r#"mount -t tmpfs -o size=1m,ro none "$2" && exec "$0" run --config "$1""#;
    let mut command = std::process::Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_kelisim")]);
    let output = command.arg(folder.path().join("kelisim.toml")).arg(&state).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(state.to_str().unwrap()) && said.contains("Read-only file system"), "{said}");
}
