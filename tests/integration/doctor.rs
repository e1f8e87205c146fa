//! `kelisim doctor` beside a gateway that is well, and beside one with several things wrong.

use std::{
    fs,
    io::Write as _,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown},
        net::UnixStream,
    },
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::harness::{Answering, Browser, Gateway, Origin, PAGE, Program, answer, kelisim, ok, shop};

/// How long a test waits until the log is signed.
const PATIENCE: Duration = Duration::from_secs(20);

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What was found, each by its severity and what it is about.
fn found(folder: &Path) -> (Option<i32>, Vec<(String, String)>, String) {
    read(kelisim(folder, &["doctor", "--json"]))
}

/// The same for a user who may read no more than modes say: root may read everything otherwise.
fn found_by_modes(folder: &Path) -> (Option<i32>, Vec<(String, String)>, String) {
    let program = env!("CARGO_BIN_EXE_kelisim");
    let mut command = if fs::metadata(folder).unwrap().uid() == 0 {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-dac_override,-dac_read_search", program]);
        command
    } else {
        Command::new(program)
    };
    read(command.args(["doctor", "--json", "--config"]).arg(folder.join("kelisim.toml")).output().unwrap())
}

fn read(output: Output) -> (Option<i32>, Vec<(String, String)>, String) {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap();
    let short = findings.iter().map(|finding| (word(finding, "severity"), word(finding, "about"))).collect();
    (output.status.code(), short, format!("{report:#}"))
}

/// Findings that a machine where tests run may give rise to: a small disk, or a clock that nothing sets.
fn but_for_the_machine(found: &[(String, String)]) -> Vec<(&str, &str)> {
    let of_machine = |about: &str| matches!(about, "disk" | "clock" | "descriptors");
    found.iter().map(|(severity, about)| (&**severity, &**about)).filter(|(_, about)| !of_machine(about)).collect()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A certificate for these names that ends after so many days.
fn certificate(folder: &Path, names: &[&str], days: u32) {
    let subject = names.iter().map(|name| format!("DNS:{name}")).collect::<Vec<_>>().join(",");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x"])
        .args(["-days", &days.to_string(), "-addext", &format!("subjectAltName={subject}")])
        .arg("-keyout")
        .arg(folder.join("key.pem"))
        .arg("-out")
        .arg(folder.join("certificate.pem"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    mode(&folder.join("key.pem"), 0o600);
}

#[test]
fn of_a_gateway_that_is_well_nothing_is_said() {
    let shop = shop();
    let folder = Gateway::with(&shop).server("[server.limits]\nconnections = 100\n").folder();
    certificate(folder.path(), &["shop.example", "*.shop.example", "localhost"], 90);
    let program = Program::run(folder);
    assert_eq!(program.browser().open("/").status, 200);
    let (code, findings, report) = found(program.path());
    assert_eq!(but_for_the_machine(&findings), [], "{report}");
    assert_eq!(code, Some(i32::from(!findings.is_empty())), "{report}");
    let printed = text(&kelisim(program.path(), &["doctor"]));
    if findings.is_empty() {
        assert!(printed.starts_with("Nothing is wrong. Looked at: "), "{printed}");
    }
    assert_eq!(shop.last().method(), "HEAD", "the site was asked whether it answers");
}

#[test]
fn a_gateway_with_several_things_wrong_is_told_the_worst_first() {
    // The site answers its start page with a fault, its clock is a year behind, and it keeps a cookie that nobody named.
    let site = Origin::new(|request| match (request.method(), request.target()) {
        ("HEAD", _) => {
            let old = [("date", "Sat, 22 Nov 2025 10:00:00 GMT")];
            Answering::Last(answer("503 Service Unavailable", &old, ""))
        }
        (_, "/silent") => Answering::Last(Vec::new()),
        _ => Answering::Bytes(answer("200 OK", &[("content-type", "text/html"), ("set-cookie", "unheard_of=1")], PAGE)),
    });
    let folder = Gateway::with(&site)
        .edition("2026-01", "2026-01-01", false)
        .tables("[access_log]\nfile = \"/dev/full\"")
        .tables("[traces]\nendpoint = \"http://127.0.0.1:1/v1/traces\"\nsampled = 0")
        .folder();
    certificate(folder.path(), &["other.example", "*.shop.example", "shop.example", "localhost"], 3);
    let program = Program::run(folder);
    for _ in 0..6 {
        assert_eq!(program.browser().open("/silent").status, 502);
    }
    assert_eq!(program.browser().open("/").status, 200);
    mode(&program.path().join("state"), 0o755);
    mode(&program.path().join("key.pem"), 0o644);
    let file = program.path().join("kelisim.toml");
    let changed = fs::read_to_string(&file).unwrap().replace("drain_timeout = \"1 s\"", "drain_timeout = \"2 s\"");
    fs::write(&file, changed).unwrap();
    let beside = program.path().join("state-backups");
    fs::create_dir(&beside).unwrap();
    let started = Instant::now();
    let (code, findings, report) = loop {
        let seen = found(program.path());
        // Lines of the access log are written, or lost, a tenth of a second later.
        if seen.1.iter().any(|(_, about)| about == "access_log") {
            break seen;
        }
        assert!(started.elapsed() < PATIENCE, "{}", seen.2);
    };
    assert_eq!(code, Some(1));
    let expected = [
        ("now", "upstreams"),
        ("soon", "configuration"),
        ("soon", "access_log"),
        ("soon", "traces"),
        ("soon", "upstreams"),
        ("soon", "certificates"),
        ("soon", "keys"),
        ("soon", "backups"),
        ("soon", "state_dir"),
        ("look", "policies"),
        ("look", "inventory"),
    ];
    assert_eq!(but_for_the_machine(&findings), expected, "{report}");
    assert!(findings.contains(&("soon".to_owned(), "clock".to_owned())), "{report}");
    for part in ["Changed: /", "6 were not answered by the site", "with 503", "unheard_of", "days ahead of that of"] {
        assert!(report.contains(part), "{part}: {report}");
    }
    // Three days, less the moments since it was made.
    assert!(report.contains("ends in 2 days") || report.contains("ends in 3 days"), "{report}");
    let printed = text(&kelisim(program.path(), &["doctor"]));
    let fits = |line: &str| line.chars().count() <= 80 || line.trim().trim_start_matches("Do: ").starts_with('`');
    assert!(printed.lines().all(fits), "{printed}");
    assert!(printed.starts_with(" 1.  Wrong now: Of 7 requests to shop.example in the last 10 minutes"), "{printed}");
}

#[test]
fn a_gateway_that_is_gone_and_a_file_with_a_fault_are_said() {
    let site = Origin::answering(ok("text/html", PAGE));
    let folder = Gateway::with(&site).folder();
    mode(&folder.path().join("key.pem"), 0o600);
    let program = Program::run(folder);
    program.kill_now();
    let folder = program.kill();
    let (code, findings, report) = found(folder.path());
    assert_eq!((code, but_for_the_machine(&findings)), (Some(1), vec![("now", "running")]), "{report}");
    let file = folder.path().join("kelisim.toml");
    let wrong = fs::read_to_string(&file).unwrap().replace("upstream = ", "upstrem = ");
    fs::write(&file, wrong).unwrap();
    let (code, findings, report) = found(folder.path());
    assert_eq!(code, Some(1));
    assert_eq!(but_for_the_machine(&findings), [("now", "configuration"), ("now", "running")], "{report}");
    assert!(report.contains("has 2 faults. The first: ") && report.contains("missing `upstream`"), "{report}");
}

#[test]
fn an_upstream_that_is_gone_and_wrong_use() {
    let site = Origin::answering(ok("text/html", PAGE));
    let folder = Gateway::with(&site).upstream("http://127.0.0.1:1").folder();
    mode(&folder.path().join("key.pem"), 0o600);
    let program = Program::run(folder);
    let (_, findings, report) = found(program.path());
    assert_eq!(but_for_the_machine(&findings), [("now", "upstreams")], "{report}");
    assert!(report.contains("http://127.0.0.1:1 of shop.example does not answer"), "{report}");
    assert_eq!(kelisim(program.path(), &["doctor", "--jsn"]).status.code(), Some(2));
    // It asks nothing of visitors' listeners, so it changes no count.
    assert!(
        Browser::at(program.admin, &program.admin.to_string()).get("/metrics").text().contains("kelisim_connections 0")
    );
}

#[test]
fn a_name_for_which_no_certificate_came_is_said_with_the_reason() {
    let nobody = "[tls.acme]\nnames = [\"shop.example\"]\ndirectory = \"https://127.0.0.1:1/directory\"\n";
    let program = Program::run(Gateway::with(&shop()).tls(nobody).folder());
    let started = Instant::now();
    let report = loop {
        let (code, findings, report) = found(program.path());
        assert!(findings.contains(&("now".to_owned(), "certificates".to_owned())), "{report}");
        assert_eq!(code, Some(1));
        if report.contains("1 attempt failed, the last with: ") {
            break report;
        }
        assert!(started.elapsed() < PATIENCE, "{report}");
    };
    for part in [
        "There is no certificate for shop.example: TLS for it is refused.",
        "look whether this machine reaches the directory",
        "It is asked for again at 20",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
}

#[test]
fn while_commands_wait_for_the_log_whoever_asks_how_the_gateway_stands_is_answered() {
    let folder = Gateway::with(&shop()).folder();
    mode(&folder.path().join("key.pem"), 0o600);
    let program = Program::run(folder);
    let state = program.path().join("state");
    let held = rusqlite::Connection::open(state.join("consent.sqlite")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Each waits for the log as an erasure does, for two seconds; one after the other they would take longer than the doctor waits.
    let day = "2026-11-01T00:00:00Z";
    let request = serde_json::json!({ "note_access": { "what": "export", "form": "csv", "from": day, "to": day } });
    let waiting = [(); 8].map(|()| {
        let mut command = UnixStream::connect(state.join("control.sock")).unwrap();
        writeln!(command, "{request}").unwrap();
        command
    });
    let (_, findings, report) = found(program.path());
    assert!(!findings.iter().any(|(_, about)| about == "running"), "{report}");
    assert!(report.contains("\"not_looked_at\": []"), "{report}");
    drop((waiting, held));
}

#[test]
fn what_this_user_may_not_read_is_no_fault_of_the_configuration_unless_the_gateway_is_this_user_s() {
    let folder = Gateway::with(&shop()).folder();
    let path = folder.path();
    fs::create_dir(path.join("state")).unwrap();
    let (file, key) = (path.join("kelisim.toml"), path.join("key.pem"));
    let is_configuration = |(_, about): &(String, String)| about == "configuration";
    mode(&file, 0o000);
    let (_, findings, report) = found_by_modes(path);
    assert!(!findings.iter().any(is_configuration), "{report}");
    assert!(report.contains("kelisim.toml: can't be read: Permission denied"), "{report}");
    // The owner of the state directory is who starts the gateway, and has to read everything.
    mode(&file, 0o600);
    mode(&key, 0o000);
    let (_, findings, report) = found_by_modes(path);
    assert!(findings.iter().any(is_configuration), "{report}");
}

#[test]
fn a_key_that_root_reads_and_the_gateway_s_user_can_not_is_told_by_doctor_and_check() {
    let folder = Gateway::with(&shop()).folder();
    let path = folder.path();
    if fs::metadata(path).unwrap().uid() != 0 {
        // Nobody else can give a directory away.
        return;
    }
    let (state, key) = (path.join("state"), path.join("key.pem"));
    fs::create_dir(&state).unwrap();
    chown(&state, Some(64_999), Some(64_998)).unwrap();
    mode(path, 0o755);
    mode(&key, 0o600);
    let warned = || {
        let checked = kelisim(path, &["check"]);
        assert_eq!(checked.status.code(), Some(0));
        text(&checked).contains(&format!("`chgrp 64998 {0} && chmod g+r {0}`", key.display()))
    };
    let is_told = || found(path).1.contains(&("soon".to_owned(), "files".to_owned()));
    assert_eq!((warned(), is_told()), (true, true));
    // What doctor says of a key that is open to everyone leaves it readable.
    mode(&key, 0o644);
    let (_, _, report) = found(path);
    let closed = format!("chgrp 64998 {0} && chmod 640 {0}", key.display());
    assert!(report.contains(&format!("`{closed}`;")), "{report}");
    assert!(Command::new("sh").args(["-c", &closed]).status().unwrap().success());
    assert_eq!((warned(), is_told()), (false, false));
}
