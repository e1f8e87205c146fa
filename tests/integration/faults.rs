//! When the log can't be written: nothing is granted, a refusal holds at once, content goes on, and what waits is written later.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use crate::harness::{Gateway, GatewayBuilder, Origin, Program, kelisim, shop};

const NOTHING: &str = "answered=?1, functional=?0, analytical=?0";
const FUNCTIONAL: &str = "answered=?1, functional=?1, analytical=?0";

fn gateway(shop: &Origin) -> GatewayBuilder {
    Gateway::with(shop)
        .edition("first", "2026-01-01", false)
        .tables("[[site.cookie]]\nname = \"font\"\ncategory = \"functional\"")
        .tables("[[site.host]]\nname = \"maps.example\"\ncategory = \"functional\"")
}

/// Somebody who holds the database, so that no transaction can begin.
fn hold(gateway: &Gateway) -> Connection {
    let connection = Connection::open(gateway.path().join("state/consent.sqlite")).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection
}

/// How long the writer may take. It synchronises the disk, and a disk to which others write gigabytes takes half a minute for that.
const PATIENCE: Duration = Duration::from_secs(180);

/// Waits for what the writer does by itself.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "it never came to this: {what}");
        thread::yield_now();
    }
}

fn ready(gateway: &Gateway) -> bool {
    // Visitors are sent here in any case: pages are served, without consent.
    assert_eq!(gateway.admin("/readyz"), "ready\n");
    gateway.admin("/readyz/consent") == "ready\n"
}

#[test]
fn without_a_log_nothing_is_granted_refusals_hold_and_content_goes_on() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let (mut anna, mut boris, mut vera) = (gateway.browser(), gateway.browser(), gateway.browser());
    anna.choose("accept");
    vera.choose("save&functional=on");
    assert!(ready(&gateway));
    let held = hold(&gateway);

    let refused = boris.choose("accept");
    assert_eq!(refused.status, 503);
    let frame = boris.post("/_kelisim/frame", "host=maps.example&frame=0123456789abcdef&to=/");
    assert_eq!((frame.status, frame.all("set-cookie").len()), (503, 0), "no frame is opened without its event");
    assert!(refused.text().contains("/_kelisim/settings"), "it leads to where one tries again");
    assert!(boris.jar.is_empty());
    assert!(boris.click("/").shows_banner());
    assert!(!ready(&gateway));

    let saved = anna.jar["__Host-kelisim"].clone();
    anna.jar.insert("_ga".into(), "1".into());
    let withdrawn = anna.choose("necessary");
    assert_eq!((withdrawn.status, withdrawn.header("location")), (503, None));
    assert_ne!(withdrawn.text(), refused.text(), "it says that the refusal is in force");
    assert!(!anna.jar.contains_key("_ga"));
    assert!(!anna.click("/").shows_banner());
    assert_eq!(shop.last().header("kelisim-consent"), Some(NOTHING));
    assert!(
        gateway.browser().holding("__Host-kelisim", &saved).click("/").shows_banner(),
        "the saved copy is void at once"
    );

    // A grant of more that fails leaves what was granted before, and the cookies that belong to it.
    vera.jar.insert("font".into(), "1".into());
    assert_eq!(vera.choose("accept").status, 503);
    assert!(!vera.click("/").shows_banner());
    assert_eq!(shop.last().header("kelisim-consent"), Some(FUNCTIONAL));
    assert_eq!(shop.last().header("cookie"), Some("font=1"));
    assert_eq!(gateway.log().len(), 2);

    drop(held);
    assert_eq!(gateway.log_of(3)[2]["record"]["event"], "withdrawn");
    eventually("it is ready again", || ready(&gateway));
    assert_eq!(boris.choose("accept").status, 303);
    assert!(!boris.click("/").shows_banner());
}

#[test]
fn a_gateway_becomes_ready_by_itself_when_the_log_can_be_written_again() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let held = hold(&gateway);
    assert_eq!(gateway.browser().choose("accept").status, 503);
    assert!(!ready(&gateway));
    drop(held);
    // Nobody sends it anything meanwhile, as a balancer would not.
    eventually("it is ready again", || ready(&gateway));
}

#[test]
fn who_wanted_less_and_could_not_be_recorded_has_nothing_and_is_not_asked_into_more() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    anna.choose("accept");
    let saved = anna.jar["__Host-kelisim"].clone();
    anna.jar.insert("_ga".into(), "1".into());
    let held = hold(&gateway);
    assert_eq!(anna.choose("save&functional=on").status, 503);
    assert!(!anna.jar.contains_key("_ga"));
    anna.click("/");
    assert_eq!(shop.last().header("kelisim-consent"), Some(NOTHING));
    assert!(gateway.browser().holding("__Host-kelisim", &saved).click("/").shows_banner());
    drop(held);
    let log = gateway.log_of(2);
    assert_eq!(
        (&log[1]["record"]["event"], &log[1]["record"]["allowed"]),
        (&"withdrawn".into(), &serde_json::json!([]))
    );
    assert_eq!(log[1]["record"]["ends"], log[0]["index"]);
    anna.choose("save&functional=on");
    anna.click("/");
    assert_eq!(shop.last().header("kelisim-consent"), Some(FUNCTIONAL));
}

#[test]
fn who_wanted_less_and_went_away_before_the_log_answered_has_less() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.plain_browser();
    anna.choose("accept");
    let record = anna.jar["kelisim"].clone();
    let held = hold(&gateway);
    let form = "choice=save&functional=on&edition=first&language=ru&layer=settings&to=/";
    let request = format!(
        "POST /_kelisim/choice HTTP/1.1\r\nhost: {}\r\nsec-fetch-site: same-origin\r\nsec-fetch-user: ?1\r\n\
         content-type: application/x-www-form-urlencoded\r\ncookie: kelisim={record}\r\ncontent-length: {}\r\n\r\n{form}",
        anna.host,
        form.len()
    );
    let mut leaving = anna.connect();
    leaving.write_all(request.as_bytes()).unwrap();
    eventually("the old record is void", || anna.click("/").shows_banner());
    drop(leaving);
    drop(held);
    eventually("it is in the log", || gateway.log().iter().any(|event| event["record"]["event"] == "withdrawn"));
    assert!(anna.click("/").shows_banner());
}

#[test]
fn who_refused_without_a_log_and_then_accepts_keeps_what_was_accepted_last() {
    let shop = shop();
    let gateway = gateway(&shop).start();
    let mut anna = gateway.browser();
    let held = hold(&gateway);
    anna.choose("accept");
    anna.choose("necessary");
    drop(held);
    assert_eq!(anna.choose("accept").status, 303);
    anna.click("/");
    assert_eq!(shop.last().header("kelisim-consent"), Some("answered=?1, functional=?1, analytical=?1"));
    let events: Vec<_> = gateway.log().iter().map(|line| line["record"]["event"].clone()).collect();
    assert_eq!(events, ["refused", "renewed"]);
}

#[test]
fn on_a_full_disk_the_program_says_so_and_goes_on_by_itself_when_there_is_space() {
    let shop = shop();
    let program = Program::run(gateway(&shop).folder());
    let (mut anna, mut boris) = (program.browser(), program.browser());
    anna.choose("accept");
    assert_eq!((program.admin("/readyz"), program.admin("/readyz/consent")), (200, 200));
    program.limit_files("1");
    assert_eq!(boris.choose("accept").status, 503);
    assert!(boris.jar.is_empty());
    assert_eq!(boris.choose("necessary").status, 503);
    assert!(!boris.click("/").shows_banner());
    assert!(!anna.click("/").shows_banner(), "what was recorded stays");
    let health = ["/readyz/consent", "/readyz", "/healthz"].map(|path| program.admin(path));
    assert_eq!(health, [503, 200, 200], "the site goes on");
    program.limit_files("unlimited");
    eventually("it is ready again", || program.admin("/readyz/consent") == 200);
    assert_eq!(boris.choose("accept").status, 303);
    let export = kelisim(program.path(), &["log", "export", "--format", "jsonl"]);
    let log = String::from_utf8(export.stdout).unwrap();
    let events: Vec<_> =
        ["expressed", "refused", "renewed"].map(|event| log.matches(&format!("\"event\":\"{event}\"")).count()).into();
    assert_eq!((log.lines().count(), events), (3, vec![1, 1, 1]), "{log}");
}

fn says(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_damaged_log_is_not_opened() {
    let shop = shop();
    let damage = |bytes: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        let started = gateway(&shop).start();
        started.browser().choose("accept");
        let folder = started.stopped(&shop).folder();
        let file = folder.path().join("state/consent.sqlite");
        fs::write(&file, bytes(fs::read(&file).unwrap())).unwrap();
        let said = says(&kelisim(folder.path(), &["run"]));
        assert!(said.contains("consent.sqlite: the consent log is damaged"), "{said}");
        assert!(said.contains("restore a backup"), "{said}");
    };
    damage(&|bytes| [&b"not a database at all"[..], &bytes[21..]].concat());
    damage(&|bytes| bytes[..bytes.len() / 2].to_vec());
    damage(&|mut bytes| {
        bytes[4096..8192].fill(0xff);
        bytes
    });
}

#[test]
fn a_log_that_somebody_holds_is_not_opened() {
    let shop = shop();
    let started = gateway(&shop).start();
    let folder = started.stopped(&shop).folder();
    let connection = Connection::open(folder.path().join("state/consent.sqlite")).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let said = says(&kelisim(folder.path(), &["run"]));
    assert!(said.contains("consent.sqlite") && said.contains("locked"), "{said}");
}

#[test]
fn a_state_directory_that_cannot_be_written_is_named() {
    let shop = shop();
    let folder = gateway(&shop).folder();
    let state = folder.path().join("state");
    fs::create_dir(&state).unwrap();
    let is_root = fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0).unwrap();
    let program = env!("CARGO_BIN_EXE_kelisim");
    let mut command = if is_root {
        // Permissions do not bind root, so another user runs it.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(folder.path().join("key.pem"), fs::Permissions::from_mode(0o644)).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", program]);
        command
    } else {
        fs::set_permissions(&state, fs::Permissions::from_mode(0o500)).unwrap();
        Command::new(program)
    };
    let said = says(&command.arg("run").arg("--config").arg(folder.path().join("kelisim.toml")).output().unwrap());
    assert!(said.contains(state.to_str().unwrap()) && said.contains("check owner and permissions"), "{said}");
}
