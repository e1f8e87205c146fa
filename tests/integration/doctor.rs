//! `kelisim doctor` beside a gateway that is well, and beside one with several things wrong.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
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
    let output = kelisim(folder, &["doctor", "--json"]);
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
