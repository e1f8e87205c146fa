//! `kelisim backup`, `restore` and `key rotate` as an operator runs them.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::harness::{Browser, Gateway, Program, kelisim, shop};

/// How long a command may take until it is at work.
const PATIENCE: Duration = Duration::from_secs(30);

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn run(folder: &Path, words: &[&str]) -> String {
    let output = kelisim(folder, words);
    assert!(output.status.success(), "{words:?}: {output:?}");
    out(&output)
}

fn refused(folder: &Path, words: &[&str]) -> String {
    let output = kelisim(folder, words);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(1), ""), "{words:?}: {output:?}");
    err(&output)
}

/// A visitor who accepts.
fn chosen(program: &Program) -> Browser {
    let mut browser = program.browser();
    assert_eq!(browser.choose("accept").status, 303);
    browser
}

fn asks(program: &Program, browser: &Browser) -> bool {
    program.browser().holding("kelisim", &browser.jar["kelisim"]).open("/").shows_banner()
}

#[test]
fn a_state_that_was_backed_up_while_the_gateway_ran_is_put_back_by_one_command() {
    let shop = shop();
    let program = Program::run(Gateway::with(&shop).folder());
    let anna = chosen(&program);
    let backup = program.path().join("backup.zip");
    let file = backup.to_str().unwrap();
    let said = run(program.path(), &["backup", file]);
    assert!(said.contains("backup.zip: ") && said.contains("keep it as you would keep a password"), "{said}");
    assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(refused(program.path(), &["backup", file]).contains("this file is there already"));
    let boris = chosen(&program);
    assert!(refused(program.path(), &["restore", file]).contains(&format!("in use by process {}", program.id())));

    let folder = program.stop();
    let newer = refused(folder.path(), &["restore", file]);
    assert!(newer.contains("what was written since would be lost") && newer.contains("--replace"), "{newer}");
    let said = run(folder.path(), &["restore", file, "--replace"]);
    assert!(said.contains("start the gateway: a new log goes on") && said.contains("erased again"), "{said}");
    let program = Program::run(folder);
    assert!(!asks(&program, &anna), "her choice is in the backup");
    assert!(asks(&program, &boris), "his is not");
    assert!(program.said.iter().any(|line| line.contains("was restored, copied or moved")), "{:?}", program.said);

    let leaves = kelisim::store::Reader::open(&program.path().join("state")).unwrap();
    let (_, access) = leaves.newest_leaves("access", 1).unwrap().remove(0);
    assert!(String::from_utf8(access).unwrap().contains(r#""what":"export","form":"backup""#));
}

#[test]
fn a_machine_that_is_gone_is_replaced_by_a_backup_and_its_configuration() {
    let shop = shop();
    let program = Program::run(Gateway::with(&shop).folder());
    let anna = chosen(&program);
    let backups = program.path().join("backups");
    fs::create_dir(&backups).unwrap();
    run(program.path(), &["backup", backups.to_str().unwrap()]);
    let folder = program.stop();
    let names: Vec<_> = fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [backup] = names.as_slice() else { panic!("one backup and no rest of it: {names:?}") };
    assert!(backup.to_string_lossy().ends_with("Z.zip"), "{backup:?}");
    fs::remove_dir_all(folder.path().join("state")).unwrap();
    let said = run(folder.path(), &["restore", backup.to_str().unwrap()]);
    assert!(said.contains("nobody knows here who was erased since"), "{said}");
    let program = Program::run(folder);
    assert!(!asks(&program, &anna));
}

#[test]
fn a_new_key_signs_at_once_and_choices_of_before_stay_until_the_old_ones_are_retired() {
    let shop = shop();
    let program = Program::run(Gateway::with(&shop).folder());
    let anna = chosen(&program);
    let said = run(program.path(), &["key", "rotate"]);
    assert!(said.contains("2 keys verify") && said.contains("the running gateway signs with it"), "{said}");
    let boris = chosen(&program);
    assert!(!asks(&program, &anna) && !asks(&program, &boris));
    assert!(refused(program.path(), &["key", "rotate", "--retire"]).contains("in use by process"));

    let folder = program.stop();
    let keys = folder.path().join("state/record.keys");
    let both = fs::read_to_string(&keys).unwrap();
    // With the older key alone hers counts and his does not: he was answered under the new one.
    fs::write(&keys, format!("{}\n", both.lines().nth(1).unwrap())).unwrap();
    let program = Program::run(folder);
    assert!(!asks(&program, &anna) && asks(&program, &boris));
    let folder = program.stop();
    fs::write(&keys, both).unwrap();
    let said = run(folder.path(), &["key", "rotate", "--retire"]);
    assert!(said.contains("2 old keys are gone") && !said.contains("running gateway"), "{said}");
    let program = Program::run(folder);
    assert!(asks(&program, &anna) && asks(&program, &boris));
}

#[test]
fn who_stops_reading_what_a_command_says_changes_nothing_of_what_it_does() {
    let shop = shop();
    let program = Program::run(Gateway::with(&shop).folder());
    let unread = |folder: &Path, words: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_kelisim"));
        let output = command.args(words).current_dir(folder).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
    };
    let before = chosen(&program);
    unread(program.path(), &["backup", "backup.zip", "--config", "kelisim.toml"]);
    unread(program.path(), &["key", "rotate", "--config", "kelisim.toml"]);
    let after = chosen(&program);
    unread(program.path(), &["man"]);
    unread(program.path(), &["completions", "zsh"]);
    let folder = program.stop();
    unread(folder.path(), &["restore", "backup.zip", "--replace", "--config", "kelisim.toml"]);
    let program = Program::run(folder);
    assert!(!asks(&program, &before), "the choice is in the backup");
    assert!(asks(&program, &after), "and the later one is not");
}

#[test]
fn no_backup_is_written_into_the_state_directory() {
    let shop = shop();
    let program = Program::run(Gateway::with(&shop).folder());
    let state = program.path().join("state");
    for within in [state.join("backups/"), state.join("today.zip")] {
        let said = refused(program.path(), &["backup", within.to_str().unwrap()]);
        assert!(said.contains("lies in the state directory") && said.contains("state-backups/"), "{said}");
        assert!(!within.exists());
    }
    run(program.path(), &["backup", &format!("{}-backups/", state.display())]);
}

#[test]
fn a_backup_that_is_interrupted_leaves_nothing_and_what_one_left_that_was_killed_goes_with_the_next() {
    let shop = shop();
    let program = Program::run(Gateway::with(&shop).folder());
    // Nothing on the disk, and long enough to pack that it does not end by itself.
    let large = program.path().join("state/large");
    fs::File::create(&large).unwrap().set_len(1 << 40).unwrap();
    let backups = program.path().join("backups");
    fs::create_dir(&backups).unwrap();
    let names = || {
        let names = fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect::<Vec<_>>()
    };
    let interrupted = |signal: &str| {
        let config = program.path().join("kelisim.toml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_kelisim"));
        command.arg("backup").arg(&backups).arg("--config").arg(config);
        let mut backup = command.stderr(Stdio::null()).spawn().unwrap();
        let written = |name: &String| fs::metadata(backups.join(name)).is_ok_and(|it| it.is_file() && it.len() > 0);
        let has_begun = || names().len() == 2 && names().iter().any(written);
        let begun = Instant::now();
        while !has_begun() {
            assert!(begun.elapsed() < PATIENCE && backup.try_wait().unwrap().is_none(), "{:?}", names());
            thread::yield_now();
        }
        let sent = Command::new("sh").args(["-c", "kill -$0 $1", signal, &backup.id().to_string()]).status();
        assert!(sent.unwrap().success());
        backup.wait().unwrap()
    };
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        assert_eq!(interrupted(signal).code(), Some(code));
        assert_eq!(names(), [""; 0], "after {signal}");
    }
    interrupted("KILL");
    assert_eq!(names().len(), 2, "nobody could remove the copy of the log and half of the backup");
    fs::remove_file(large).unwrap();
    let output = kelisim(program.path(), &["backup", backups.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(err(&output).matches("removed, since a backup left it").count(), 2, "{output:?}");
    let left = names();
    assert!(left.len() == 1 && left[0].ends_with("Z.zip") && !left[0].starts_with('.'), "{left:?}");
}

#[test]
fn keys_that_were_retired_do_not_come_back_with_the_backup_that_was_stolen() {
    let shop = shop();
    let program = Program::run(Gateway::with(&shop).folder());
    let anna = chosen(&program);
    let backup = program.path().join("stolen.zip");
    run(program.path(), &["backup", backup.to_str().unwrap()]);
    let folder = program.stop();
    let read = |name: &str| fs::read_to_string(folder.path().join("state").join(name)).unwrap();
    let stolen = ["record.keys", "log.key"].map(read);
    let said = run(folder.path(), &["key", "rotate", "--retire", "--log"]);
    assert!(said.contains("1 old key is gone") && said.contains("the key of the log is gone"), "{said}");
    let said = run(folder.path(), &["restore", backup.to_str().unwrap(), "--replace"]);
    assert!(said.contains("2 of its keys were retired since") && said.contains("kelisim user list"), "{said}");
    let program = Program::run(folder);
    assert!(asks(&program, &anna), "what the stolen key signed counts no more");
    let now =
        ["record.keys", "log.key"].map(|name| fs::read_to_string(program.path().join("state").join(name)).unwrap());
    assert!(now[0] != stolen[0] && now[1] != stolen[1]);
}
