//! What was acknowledged is in the log, also when the process is killed in the middle of its work.

use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use crate::harness::{Gateway, Origin, Program, kelisim, shop};

const ROUNDS: u32 = 5;
const CLIENTS: usize = 4;
const ACCEPT: &str = "choice=accept&edition=first&language=ru&layer=banner&to=/";
const FORM: [(&str, &str); 3] = [
    ("content-type", "application/x-www-form-urlencoded"),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-user", "?1"),
];

fn folder(shop: &Origin) -> tempfile::TempDir {
    let limits = "[server.limits]\nchoices_per_minute = 10000";
    Gateway::with(shop).edition("first", "2026-01-01", false).server(limits).folder()
}

/// Posts choices until the program is gone, and tells of each that was acknowledged; their records.
fn choices_until_the_end(program: &Program, gone: &AtomicBool, told: &mpsc::Sender<()>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    while !gone.load(Ordering::Relaxed) {
        let browser = program.browser();
        let mut head = format!("POST /_kelisim/choice HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", browser.host);
        FORM.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        let request = format!("{head}content-length: {}\r\n\r\n{ACCEPT}", ACCEPT.len());
        let Some(reply) = browser.try_raw(request.as_bytes()) else { continue };
        if reply.status != 303 || !reply.complete {
            continue;
        }
        let record = reply.all("set-cookie").into_iter().find_map(|line| line.strip_prefix("kelisim=")).unwrap();
        acknowledged.push(record.split(';').next().unwrap().to_owned());
        // Nobody counts them any more when the end has come.
        let _ = told.send(());
    }
    acknowledged
}

/// The consent id and the leaf that a record names (bytes 1 to 16 and 27 to 34 of its content).
fn named(record: &str) -> (String, u64) {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(record).unwrap();
    let id = bytes[1..17].iter().map(|byte| format!("{byte:02x}")).collect();
    (id, u64::from_be_bytes(bytes[27..35].try_into().unwrap()))
}

#[test]
fn no_acknowledged_choice_is_lost_when_the_process_is_killed_again_and_again() {
    let shop = shop();
    let mut folder = folder(&shop);
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let program = Program::run(folder);
        let gone = AtomicBool::new(false);
        let new: Vec<_> = thread::scope(|scope| {
            let (told, heard) = mpsc::channel();
            let client = |_| {
                let (told, program, gone) = (told.clone(), &program, &gone);
                scope.spawn(move || choices_until_the_end(program, gone, &told))
            };
            let clients: Vec<_> = (0..CLIENTS).map(client).collect();
            // Killed in the middle of work, after another number of choices each time.
            (0..10 + round * 13).for_each(|_| heard.recv().unwrap());
            program.kill_now();
            gone.store(true, Ordering::Relaxed);
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        });
        assert!(!new.is_empty(), "round {round} had no load");
        acknowledged.extend(new);
        folder = program.kill();
    }
    let program = Program::run(folder);
    let export = kelisim(program.path(), &["log", "export", "--format", "jsonl"]);
    let log: BTreeMap<u64, String> = String::from_utf8(export.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| (line["index"].as_u64().unwrap(), line["record"]["consent_id"].as_str().unwrap().to_owned()))
        .collect();
    for record in &acknowledged {
        let (id, leaf) = named(record);
        assert_eq!(log.get(&leaf), Some(&id), "leaf {leaf} was acknowledged");
    }
    for record in acknowledged.iter().step_by(acknowledged.len() / 20 + 1) {
        assert!(!program.browser().holding("kelisim", record).open("/").shows_banner(), "it still counts");
    }
}

#[test]
fn a_withdrawal_that_was_written_survives_a_kill() {
    let shop = shop();
    let program = Program::run(folder(&shop));
    let mut anna = program.browser();
    anna.choose("accept");
    let saved = anna.jar["kelisim"].clone();
    anna.choose("necessary");
    let started = Instant::now();
    let written = |program: &Program| {
        let export = kelisim(program.path(), &["log", "export", "--format", "jsonl"]);
        String::from_utf8(export.stdout).unwrap().contains("\"event\":\"withdrawn\"")
    };
    while !written(&program) {
        assert!(started.elapsed() < Duration::from_secs(20), "the withdrawal never came into the log");
    }
    let program = Program::run(program.kill());
    assert!(program.browser().holding("kelisim", &saved).open("/").shows_banner(), "the saved copy is void");
    assert!(!anna.jar.is_empty());
}

#[test]
fn a_planned_stop_loses_no_refusal() {
    let shop = shop();
    let program = Program::run(folder(&shop));
    for _ in 0..40 {
        assert_eq!(program.browser().choose("necessary").status, 303);
    }
    let folder = program.stop();
    let export = kelisim(folder.path(), &["log", "export", "--format", "jsonl"]);
    assert_eq!(String::from_utf8(export.stdout).unwrap().matches("\"event\":\"refused\"").count(), 40);
}
