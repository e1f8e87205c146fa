//! The access log: a line for each request that says what became of it, and nothing of who it was.

use std::{
    cell::{Cell, RefCell},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::{Answering, Gateway, GatewayBuilder, Origin, PAGE, Program, answer, ok, shop};

/// How long a line may take after its answer was read.
const PATIENCE: Duration = Duration::from_secs(20);

fn logging(origin: &Origin, lines: &str) -> GatewayBuilder {
    Gateway::with(origin).tables(&format!("[access_log]\nfile = \"access.log\"\n{lines}"))
}

/// The log when it has this many lines: one comes a little after its answer.
fn lines(gateway: &Gateway, count: usize) -> Vec<String> {
    let lines = some_lines(gateway, count);
    assert_eq!(lines.len(), count, "{lines:#?}");
    lines
}

/// The log when it has this many lines at least.
fn some_lines(gateway: &Gateway, count: usize) -> Vec<String> {
    written(&gateway.path().join("access.log"), count, || gateway.running().write_access_log())
}

fn written(file: &Path, count: usize, write: impl Fn()) -> Vec<String> {
    let started = Instant::now();
    loop {
        write();
        let text = fs::read_to_string(file).unwrap_or_default();
        if text.lines().count() >= count {
            return text.lines().map(str::to_owned).collect();
        }
        assert!(started.elapsed() < PATIENCE, "of {count} lines there are only\n{text}");
        thread::yield_now();
    }
}

/// A site with a page, a file, and one address where it breaks.
fn site() -> Origin {
    Origin::new(|request| match request.target() {
        "/broken" => Answering::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart".to_vec()),
        "/silent" => Answering::Last(Vec::new()),
        "/collect" => Answering::Bytes(ok("image/gif", "GIF89a")),
        "/price.pdf" => Answering::Bytes(ok("application/pdf", "prices")),
        _ => Answering::Bytes(ok("text/html; charset=utf-8", PAGE)),
    })
}

const TABLES: &str = r#"
[[site.tracker]]
path = "/collect"
category = "analytical"
[[site.path]]
prefix = "/pay/"
pass_through = true
"#;

#[test]
fn each_request_is_one_line_that_says_what_became_of_it() {
    let site = site();
    let gateway = logging(&site, "format = \"json\"").tables(TABLES).start();
    let mut anna = gateway.browser();
    let mut known = 0;
    let mut check = |expected: Value| {
        known += 1;
        let line: Value = serde_json::from_str(&some_lines(&gateway, known)[known - 1]).unwrap();
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&line[key], value, "{key} in {line}");
        }
        assert_eq!((&line["time"], &line["network"]), (&json!("2026-11-22T10:00:00.000Z"), &Value::Null));
        line
    };
    let page = anna.open("/order/10077?email=petr@mail.kz");
    check(json!({
        "site": "shop.example", "method": "GET", "path": "/order/*", "protocol": "HTTP/1.1", "status": 200,
        "bytes": page.body.len(), "outcome": "rewritten", "reason": null, "consent": "unanswered",
        "country": null, "browser": "firefox", "reference": null,
    }));
    anna.open("/order/10077?email=petr@mail.kz");
    check(json!({ "outcome": "remembered" }));
    anna.get("/collect");
    check(json!({ "status": 204, "bytes": 0, "outcome": "held_back", "browser": "robot" }));
    anna.get("/price.pdf");
    check(json!({ "bytes": 6, "outcome": "passed", "path": "/price.pdf" }));
    anna.open("/pay/result?sign=secret");
    check(json!({ "path": "/pay/result", "outcome": "passed", "consent": null }));
    anna.post("/_kelisim/choice", "choice=nothing");
    check(json!({ "method": "POST", "path": "/_kelisim/choice", "outcome": "own_page", "consent": null }));
    anna.choose("accept");
    check(json!({ "outcome": "rewritten", "consent": "unanswered" }));
    check(json!({ "status": 303, "outcome": "own_page" }));
    anna.open("/");
    check(json!({ "outcome": "rewritten", "consent": "accepted" }));
    anna.get("/collect");
    check(json!({ "outcome": "passed", "consent": "accepted" }));
    anna.choose("necessary");
    check(json!({ "consent": "accepted" }));
    check(json!({ "outcome": "own_page" }));
    check(json!({ "outcome": "own_page" }));
    anna.open("/");
    check(json!({ "consent": "refused" }));
    _ = anna.raw(b"GET /broken HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n");
    check(json!({ "status": 200, "outcome": "broken_off", "bytes": 4 }));
    let told = anna.open("/silent");
    let line = check(json!({ "status": 502, "outcome": "failed", "reason": "broken" }));
    let reference = line["reference"].as_str().expect("the page tells one");
    assert!(told.text().contains(reference) && reference.len() == 9, "{}", told.text());
    anna.raw(b"MADEUP /x HTTP/1.1\r\nhost: nobody.example\r\nconnection: close\r\n\r\n").unwrap();
    let refused =
        json!({ "site": "none", "method": "other", "status": 421, "outcome": "refused", "reason": "unknown_host" });
    check(refused);
    let mut wire = crate::harness::Wire::of(&anna);
    wire.send("TRACE / HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n");
    wire.reply("TRACE");
    check(json!({ "site": "none", "method": "other", "status": 405, "outcome": "refused", "reason": "method" }));
}

#[test]
fn a_request_to_another_host_or_that_changes_the_protocol_says_so() {
    let agreed = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    let site = Origin::new(move |_| Answering::Last(agreed.to_vec()));
    let gateway = logging(&site, "format = \"json\"").redirecting().start();
    gateway.plain_browser().get("/");
    let mut wire = crate::harness::Wire::of(&gateway.browser());
    wire.send(
        "GET /chat HTTP/1.1\r\nhost: shop.example\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    assert_eq!(wire.reply("GET").status, 101);
    let outcomes: Vec<_> =
        lines(&gateway, 2).iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["outcome"].clone()).collect();
    assert_eq!(outcomes, ["redirected", "upgraded"]);
}

#[test]
fn without_the_table_there_is_no_log_and_no_number_on_a_page() {
    let site = site();
    let gateway = Gateway::before(&site);
    let told = gateway.browser().sending("accept-language", "en").open("/silent");
    assert!(told.status == 502 && !told.text().contains("Reference"), "{}", told.text());
    assert!(!gateway.path().join("access.log").exists());
}

#[test]
fn the_network_is_written_where_it_is_asked_for_and_never_the_address() {
    let shop = shop();
    let gateway = logging(&shop, "client_address = \"truncated\"").server("trusted_proxies = [\"127.0.0.1\"]").start();
    gateway.browser().sending("x-forwarded-for", "203.0.113.77").open("/");
    let [line] = &lines(&gateway, 1)[..] else { panic!("one request") };
    let (before, after) = line.split_once("\" 200 ").unwrap();
    assert_eq!(before, "2026-11-22T10:00:00.000Z shop.example \"GET / HTTP/1.1");
    assert!(after.ends_with(" rewritten - unanswered - 203.0.113.0 firefox -"), "{line}");
}

#[test]
fn nothing_that_tells_who_it_was_stands_in_the_log() {
    let site = site();
    for format in ["text", "json"] {
        let gateway = logging(&site, &format!("format = \"{format}\"\nclient_address = \"truncated\""))
            .server("trusted_proxies = [\"127.0.0.1\"]")
            .tables(TABLES)
            .start();
        let browser = gateway.browser();
        let secrets = RefCell::new(Vec::new());
        let sent = Cell::new(0);
        let secret = "[a-z]{14}";
        let request = (
            prop_oneof!["GET", "POST", "HEAD", "[A-Z]{14}"],
            prop_oneof![
                Just("/"),
                Just("/pay/"),
                Just("/collect"),
                Just("/broken"),
                Just("/silent"),
                Just("/_kelisim/settings")
            ],
            "[0-9]{5,12}",
            (secret, secret, secret, secret, secret),
            (1_u8..=254, 1_u8..=254, 100_u8..=254),
            prop_oneof![Just("shop.example".to_owned()), secret.prop_map(|name| format!("{name}.example"))],
        );
        proptest!(ProptestConfig { cases: 60, failure_persistence: None, ..Default::default() }, |(request in request)| {
            let (method, path, number, (cookie, value, query, agent, referrer), (second, third, last), host) = request;
            let address = format!("203.{second}.{third}.{last}");
            let head = format!(
                "{method} {path}{number}?{query}={query} HTTP/1.1\r\nhost: {host}\r\nx-forwarded-for: {address}\r\ncookie: {cookie}={value}; \
                 __Host-kelisim={value}\r\nuser-agent: Mozilla/5.0 {agent} Firefox/153.0\r\nreferer: https://{referrer}.example/\r\n\
                 accept-language: {agent}\r\nx-other: {value}\r\ncontent-length: 14\r\nconnection: close\r\n\r\n{value}"
            );
            _ = browser.raw(head.as_bytes());
            sent.set(sent.get() + 1);
            let mut secrets = secrets.borrow_mut();
            secrets.extend([number, cookie, value, query, agent, referrer, address]);
            if host != "shop.example" {
                secrets.push(host);
            }
            if method.len() == 14 {
                secrets.push(method);
            }
        });
        let log = lines(&gateway, sent.get()).join("\n");
        for secret in secrets.into_inner() {
            assert!(!log.contains(&secret), "{secret} in\n{log}");
        }
        assert!(log.contains("firefox") && log.contains("203."), "{log}");
    }
}

#[test]
fn a_full_disk_costs_lines_and_nothing_else() {
    let shop = shop();
    let gateway = Gateway::with(&shop).tables("[access_log]\nfile = \"/dev/full\"").start();
    for _ in 0..3 {
        assert_eq!(gateway.browser().open("/").status, 200);
    }
    let started = Instant::now();
    let lost = "kelisim_access_log_lost_lines_total{reason=\"file\"} 3\n";
    while !gateway.admin("/metrics").contains(lost) {
        assert!(started.elapsed() < PATIENCE, "{}", gateway.admin("/metrics"));
        gateway.running().write_access_log();
    }
    assert_eq!(gateway.browser().open("/").status, 200);
}

#[test]
fn a_renamed_log_is_made_anew_with_the_next_line_or_by_a_signal_and_every_line_is_in_one_of_the_two() {
    let shop = shop();
    let folder = logging(&shop, "").folder();
    let file = folder.path().join("access.log");
    let aside = |number: u32| folder.path().join(format!("access.log.{number}"));
    let (first, second) = (aside(1), aside(2));
    let program = Program::run(folder);
    assert_eq!(program.browser().open("/").status, 200);
    written(&file, 1, || ());
    fs::rename(&file, &first).unwrap();
    program.browser().open("/");
    written(&file, 1, || ());
    fs::rename(&file, &second).unwrap();
    assert!(Command::new("kill").args(["-HUP", &program.id().to_string()]).status().unwrap().success());
    let started = Instant::now();
    while !file.exists() {
        assert!(started.elapsed() < PATIENCE, "nothing made the file");
        thread::yield_now();
    }
    program.browser().open("/");
    let folder = program.stop();
    let count = |file: &Path| fs::read_to_string(file).unwrap().lines().count();
    assert_eq!((count(&first), count(&second), count(&file)), (1, 1, 1));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    drop(folder);
}

#[test]
fn what_can_not_be_a_log_is_a_fault_and_a_folder_that_is_missing_is_told() {
    let site = Origin::answering(answer("204 No Content", &[], ""));
    let folder = Gateway::with(&site).tables("[access_log]\nfile = \"state/../policy\"").folder();
    fs::create_dir_all(folder.path().join("state")).unwrap();
    let said = crate::harness::kelisim(folder.path(), &["check"]);
    let text = String::from_utf8_lossy(&said.stderr).into_owned() + &String::from_utf8_lossy(&said.stdout);
    assert!(!said.status.success() && text.contains("is a folder; write a file in it"), "{text}");
    let folder = Gateway::with(&site).tables("[access_log]\nfile = \"logs/access.log\"").folder();
    let said = crate::harness::kelisim(folder.path(), &["check"]);
    let text = String::from_utf8_lossy(&said.stderr).into_owned() + &String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success() && text.contains("there is no folder") && text.contains("install -d"), "{text}");
}
