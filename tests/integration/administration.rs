//! The administration as an operator and an auditor meet it: signing in, what each may see, and what the log says of it.

use std::{fs, sync::mpsc, thread, time::Duration};

use kelisim::{
    admin::{RequestKind, Role, add_account, add_request, remove_account},
    timestamp::Timestamp,
};

use crate::harness::{Browser, Gateway, Reply, kelisim, shop};

pub const PASSWORD: &str = "a password of some length";

pub fn add(gateway: &Gateway, name: &str, role: Role) -> String {
    let state = gateway.path().join("state");
    add_account(&state, name, role, PASSWORD, Timestamp::parse("2026-11-22").unwrap()).unwrap().to_string()
}

pub fn visitor(gateway: &Gateway) -> Browser {
    let address = gateway.running().admin().unwrap();
    Browser::at(address, &address.to_string()).sending("accept-language", "en")
}

pub fn sign_in(browser: &mut Browser, name: &str, password: &str) -> Reply {
    browser.post("/sign-in", &format!("name={name}&password={}", password.replace(' ', "+")))
}

pub fn signed_in(gateway: &Gateway, name: &str) -> Browser {
    let mut browser = visitor(gateway);
    let reply = sign_in(&mut browser, name, PASSWORD);
    let location = reply.header("location");
    assert!(reply.status == 303 && matches!(location, Some("/" | "/statistics")), "{location:?} {}", reply.text());
    browser
}

/// The leaves of this kind, as JSON.
pub fn leaves(gateway: &Gateway, kind: &str) -> Vec<serde_json::Value> {
    let reader = kelisim::store::Reader::open(&gateway.path().join("state")).unwrap();
    let mut leaves = reader.newest_leaves(kind, 100).unwrap();
    leaves.reverse();
    let json = |data: &[u8]| serde_json::from_slice(data.splitn(2, |byte| *byte == b'\n').nth(1).unwrap()).unwrap();
    leaves.iter().map(|(_, data)| json(data)).collect()
}

#[test]
fn an_auditor_reads_and_exports_and_the_log_says_so() {
    let gateway = Gateway::before(&shop());
    gateway.browser().choose("accept");
    let number = add(&gateway, "auditor", Role::Auditor);
    let mut auditor = signed_in(&gateway, "auditor");
    let overview = auditor.click("/").text();
    assert!(overview.contains("Leaves in the log") && overview.contains("/_kelisim/log/"), "{overview}");
    assert!(overview.contains("No witness is configured."), "{overview}");
    assert!(!overview.contains("Refusals"), "what waits is the operator's: {overview}");
    for (form, kind) in [("csv", "text/csv"), ("jsonl", "application/jsonl")] {
        let export = auditor.post("/export", &format!("from=2026-11-22&to=2026-11-22&form={form}"));
        assert_eq!(export.status, 200);
        assert!(export.header("content-type").unwrap().starts_with(kind) && export.complete);
        let name = format!(r#"filename="consent-log_2026-11-22_to_2026-11-22_taken_2026-11-22.{form}""#);
        assert!(
            export.header("content-disposition").unwrap().contains(&name),
            "{:?}",
            export.header("content-disposition")
        );
        let length = export.header("content-length").map(str::to_owned);
        assert_eq!(length, Some(export.body.len().to_string()), "a browser shows how far it is");
        let by_command =
            kelisim(gateway.path(), &["log", "export", "--from", "2026-11-22", "--to", "2026-11-22", "--format", form]);
        assert_eq!(export.text(), String::from_utf8(by_command.stdout).unwrap());
    }
    let page = auditor.post("/export", "from=&to=&form=page").text();
    assert!(page.contains("Records in the period: 1, deleted: 0") && page.contains("expressed"), "{page}");
    let of_account = |leaf: &&serde_json::Value| leaf["by"] == number.as_str();
    let leaves = leaves(&gateway, "access");
    let seen: Vec<_> = leaves.iter().filter(of_account).map(|leaf| (&leaf["what"], &leaf["form"])).collect();
    assert_eq!(
        format!("{seen:?}").replace("String", ""),
        r#"[(("export"), ("csv")), (("export"), ("jsonl")), (("read"), ("page"))]"#
    );
    let leaf = leaves.iter().find(of_account).unwrap();
    assert_eq!((&leaf["from"], &leaf["to"]), (&"2026-11-22T00:00:00.000Z".into(), &"2026-11-23T00:00:00.000Z".into()));
    assert!(auditor.click("/accesses").text().contains(&number));
    let reader = kelisim::store::Reader::open(&gateway.path().join("state")).unwrap();
    let holds = |data: &Vec<u8>| String::from_utf8_lossy(data).contains("\"auditor\"");
    assert!(!reader.leaf_data(0, 1000).unwrap().iter().any(holds), "no name gets into the log");
}

#[test]
fn an_export_that_fails_is_a_page_that_says_why() {
    let gateway = Gateway::before(&shop());
    gateway.browser().choose("accept");
    add(&gateway, "auditor", Role::Auditor);
    let mut auditor = signed_in(&gateway, "auditor");
    let files = || {
        let entries = fs::read_dir(gateway.path().join("state")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let database = rusqlite::Connection::open(gateway.path().join("state/consent.sqlite")).unwrap();
    let mut check = |form: &str, broken: &str, status: u16, said: &str| {
        database.execute_batch(broken).unwrap();
        let reply = auditor.post("/export", &format!("form={form}"));
        assert_eq!((reply.status, reply.header("content-disposition")), (status, None), "{form}: {}", reply.text());
        assert!(reply.complete && reply.text().contains(said), "{form}: {}", reply.text());
        assert!(!files().iter().any(|name| name.starts_with("export")), "{:?}", files());
    };
    check("jsonld", "DELETE FROM notice", 500, "A record names a notice whose text is not kept");
    check("bundle", "UPDATE checkpoint SET note = replace(note, '/log/', '/lag/')", 500, "not signed with the log");
    check("bundle", "DELETE FROM checkpoint", 503, "No checkpoint was signed yet");
    check("csv", "UPDATE record SET body = x'00'", 503, "be read or written");
}

#[test]
fn an_account_takes_one_export_at_a_time() {
    let gateway = Gateway::before(&shop());
    gateway.browser().choose("accept");
    add(&gateway, "auditor", Role::Auditor);
    // While somebody holds the log, an export waits for its leaf.
    let held = rusqlite::Connection::open(gateway.path().join("state/consent.sqlite")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (sender, replies) = mpsc::channel();
    for mut browser in [signed_in(&gateway, "auditor"), signed_in(&gateway, "auditor")] {
        let sender = sender.clone();
        thread::spawn(move || _ = sender.send(browser.post("/export", "form=csv")));
    }
    let refused = replies.recv_timeout(Duration::from_secs(30)).unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("30")), "{}", refused.text());
    assert!(refused.text().contains("Your last export has not ended yet"), "{}", refused.text());
    drop(held);
    let taken = replies.recv_timeout(Duration::from_secs(30)).unwrap();
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert_eq!(signed_in(&gateway, "auditor").post("/export", "form=csv").status, 200, "its turn was given back");
}

#[test]
fn a_period_that_cannot_be_takes_nothing_out() {
    let gateway = Gateway::before(&shop());
    add(&gateway, "auditor", Role::Auditor);
    let mut auditor = signed_in(&gateway, "auditor");
    for form in ["from=2026-11-23&to=2026-11-22&form=csv", "from=yesterday&form=csv", "form=xml", ""] {
        assert_eq!(auditor.post("/export", form).status, 400, "{form}");
    }
    assert_eq!(leaves(&gateway, "access").len(), 0);
}

#[test]
fn an_auditor_sees_nothing_of_the_operators_side() {
    let gateway = Gateway::before(&shop());
    add(&gateway, "auditor", Role::Auditor);
    add(&gateway, "operator", Role::Operator);
    let day = |text: &str| text.parse().unwrap();
    let state = gateway.path().join("state");
    let overdue = add_request(&state, RequestKind::Erase, day("2026-11-01"), day("2026-11-22")).unwrap();
    let pending = add_request(&state, RequestKind::Access, day("2026-11-20"), day("2026-11-22")).unwrap();
    let (mut auditor, mut operator) = (signed_in(&gateway, "auditor"), signed_in(&gateway, "operator"));
    for path in ["/requests", "/retention", "/inventory"] {
        let refused = auditor.click(path);
        assert_eq!(refused.status, 403, "{path}");
        assert!(!refused.text().contains(&overdue), "{path}");
        assert_eq!(operator.click(path).status, 200, "{path}");
    }
    let page = operator.click("/requests").text();
    let places = [page.find(&overdue), page.find("overdue"), page.find(&pending), page.find("no deadline is set")];
    assert!(places.is_sorted() && places[0].is_some(), "{page}");
    assert!(operator.click("/").text().contains("Refusals that wait"));
    for method in ["PUT", "DELETE", "PATCH"] {
        assert_eq!(auditor.send(method, "/", &[("sec-fetch-site", "same-origin")], b"").status, 405, "{method}");
    }
    assert_eq!(auditor.post("/requests", "done=1").status, 404, "requests are noted and ended on the command line");
}

#[test]
fn what_each_route_answers_to_each_role() {
    let gateway = Gateway::before(&shop());
    add(&gateway, "auditor", Role::Auditor);
    add(&gateway, "operator", Role::Operator);
    let [mut auditor, mut operator] = ["auditor", "operator"].map(|name| signed_in(&gateway, name));
    let mut nobody = visitor(&gateway);
    let form = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    // The status for nobody, an auditor, an operator: to GET, and to POST with an empty form.
    for (path, read, posted) in [
        ("/metrics", [200, 200, 200], [404, 404, 404]),
        ("/healthz", [200, 200, 200], [404, 404, 404]),
        ("/readyz", [200, 200, 200], [404, 404, 404]),
        ("/readyz/https", [200, 200, 200], [404, 404, 404]),
        ("/readyz/consent", [200, 200, 200], [404, 404, 404]),
        ("/style.css", [200, 200, 200], [404, 404, 404]),
        ("/dashboard.css", [200, 200, 200], [404, 404, 404]),
        ("/dashboard.js", [200, 200, 200], [404, 404, 404]),
        ("/openapi.json", [200, 200, 200], [404, 404, 404]),
        ("/statistics", [303, 403, 200], [404, 404, 404]),
        ("/statistics/table/page", [303, 403, 200], [404, 404, 404]),
        ("/statistics/report.json", [401, 403, 200], [404, 404, 404]),
        ("/statistics/all.zip", [401, 403, 200], [404, 404, 404]),
        ("/statistics/share", [303, 403, 200], [303, 403, 400]),
        ("/statistics/share/revoke", [303, 403, 404], [303, 403, 200]),
        ("/shared/0", [404, 404, 404], [404, 404, 404]),
        ("/", [303, 200, 200], [404, 404, 404]),
        ("/export", [303, 200, 200], [303, 400, 400]),
        ("/accesses", [303, 200, 200], [404, 404, 404]),
        ("/requests", [303, 403, 200], [404, 404, 404]),
        ("/retention", [303, 403, 200], [404, 404, 404]),
        ("/inventory", [303, 403, 200], [303, 403, 409]),
        ("/country", [303, 403, 200], [303, 403, 400]),
        ("/elsewhere", [404, 404, 404], [404, 404, 404]),
    ] {
        for (browser, place) in [(&mut nobody, 0), (&mut auditor, 1), (&mut operator, 2)] {
            let page = browser.click(path);
            assert_eq!(page.status, read[place], "GET {path}, {place}");
            assert_eq!(browser.send("POST", path, &form, b"").status, posted[place], "POST {path}, {place}");
            // All that pages can do is to sign out, to export, to ask about a country, and to choose or share statistics.
            let (text, forms) = (page.text(), page.text().matches("<form").count());
            let known = ["sign-out", "export", "sign-in", "country", "statistics", "statistics/share"];
            let known = known.map(|action| format!("action=\"/{action}\""));
            assert_eq!(forms, known.iter().map(|action| text.matches(action).count()).sum::<usize>(), "{path}: {text}");
        }
    }
    assert_eq!(leaves(&gateway, "access").len(), 0);
}

#[test]
fn nobody_gets_in_without_a_password_and_guessing_ends() {
    let gateway = Gateway::before(&shop());
    add(&gateway, "anna", Role::Operator);
    for path in ["/", "/export", "/accesses", "/requests", "/retention"] {
        let reply = visitor(&gateway).click(path);
        assert_eq!((reply.status, reply.header("location")), (303, Some("/sign-in")), "{path}");
    }
    assert_eq!(visitor(&gateway).post("/export", "form=csv").header("location"), Some("/sign-in"));
    assert_eq!(visitor(&gateway).holding("kelisim-admin", &"0".repeat(64)).click("/").status, 303);
    let mut guesser = visitor(&gateway);
    let unknown = sign_in(&mut guesser, "nobody", PASSWORD);
    let wrong = sign_in(&mut guesser, "anna", "wrong");
    assert_eq!((unknown.status, unknown.text()), (wrong.status, wrong.text()), "an account is not told from none");
    assert_eq!(wrong.status, 403);
    for _ in 0..7 {
        assert_eq!(sign_in(&mut guesser, "anna", "wrong").status, 403);
    }
    assert_eq!(sign_in(&mut guesser, "anna", PASSWORD).status, 429, "also the right one waits");
    gateway.at("2026-11-22T10:15:00Z");
    signed_in(&gateway, "anna");
    assert_eq!(leaves(&gateway, "access").len(), 0);
}

#[test]
fn a_session_ends_by_itself_by_signing_out_and_with_its_account() {
    let gateway = Gateway::before(&shop());
    add(&gateway, "anna", Role::Operator);
    let mut idle = signed_in(&gateway, "anna");
    let cookie = sign_in(&mut visitor(&gateway), "anna", PASSWORD).header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    gateway.at("2026-11-22T10:29:00Z");
    assert_eq!(idle.click("/").status, 200);
    gateway.at("2026-11-22T10:59:00Z");
    assert_eq!(idle.click("/").status, 303);
    let mut left = signed_in(&gateway, "anna");
    let kept = left.jar.get("kelisim-admin").unwrap().clone();
    assert_eq!(left.post("/sign-out", "").status, 303);
    assert_eq!(visitor(&gateway).holding("kelisim-admin", &kept).click("/").status, 303, "not only the cookie is gone");
    let mut again = signed_in(&gateway, "anna");
    let replaced = again.jar.get("kelisim-admin").unwrap().clone();
    assert_eq!(sign_in(&mut again, "anna", "wrong").status, 403);
    assert_eq!(
        visitor(&gateway).holding("kelisim-admin", &replaced).click("/").status,
        200,
        "a wrong password ends none"
    );
    assert_eq!(sign_in(&mut again, "anna", PASSWORD).status, 303);
    assert_eq!(visitor(&gateway).holding("kelisim-admin", &replaced).click("/").status, 303, "it has a new one");
    let mut removed = signed_in(&gateway, "anna");
    remove_account(&gateway.path().join("state"), "anna").unwrap();
    add(&gateway, "anna", Role::Operator);
    assert_eq!(removed.click("/").status, 303, "a namesake is somebody else");
}

#[test]
fn another_page_can_neither_post_nor_read() {
    let gateway = Gateway::before(&shop());
    add(&gateway, "anna", Role::Operator);
    let mut anna = signed_in(&gateway, "anna");
    let form = ("content-type", "application/x-www-form-urlencoded");
    for from in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://localhost:1"),
        ("accept", "*/*"),
    ] {
        for path in ["/export", "/sign-out", "/sign-in", "/country", "/inventory"] {
            assert_eq!(anna.send("POST", path, &[form, from], b"form=csv").status, 403, "{path} {from:?}");
        }
    }
    assert_eq!(anna.click("/").status, 200, "nobody signed her out");
    assert_eq!(leaves(&gateway, "access").len(), 0);
    let address = gateway.running().admin().unwrap();
    for path in ["/", "/sign-in", "/metrics", "/export"] {
        let mut rebound = Browser::at(address, "rebound.example");
        assert_eq!(rebound.click(path).status, 421, "{path}");
        assert_eq!(rebound.post(path, "form=csv").status, 421, "{path}");
    }
    let page = anna.click("/");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(!page.text().contains("<script") && !page.text().contains(" style="));
}

#[test]
fn metrics_and_health_need_no_account_and_pages_speak_three_languages() {
    let gateway = Gateway::before(&shop());
    assert!(gateway.admin("/metrics").contains("kelisim_"));
    assert_eq!((gateway.admin("/healthz"), gateway.admin("/readyz")), ("alive\n".into(), "ready\n".into()));
    let mut somebody = visitor(&gateway);
    assert!(somebody.click("/sign-in").text().contains("There are no accounts yet"));
    for (asked, tag, said) in [("de", "ru", "Учётных записей ещё нет"), ("kk-KZ", "kk", "Әзірге тіркелгі жоқ")]
    {
        somebody.headers = vec![("accept-language".into(), asked.into())];
        let page = somebody.click("/sign-in").text();
        assert!(page.contains(&format!("<html lang=\"{tag}\">")) && page.contains(said), "{page}");
    }
    assert_eq!(somebody.click("/style.css").header("content-type"), Some("text/css; charset=utf-8"));
}

#[test]
fn accounts_and_requests_are_kept_on_the_command_line() {
    let gateway = Gateway::before(&shop());
    let run = |words: &[&str], expected: i32| {
        let output = kelisim(gateway.path(), words);
        assert_eq!(output.status.code(), Some(expected), "{words:?}: {output:?}");
        String::from_utf8(if expected == 0 { output.stdout } else { output.stderr }).unwrap()
    };
    let made = run(&["user", "add", "anna", "--role", "auditor"], 0);
    let password = made.trim_end().rsplit(' ').next().unwrap().to_owned();
    let mut anna = visitor(&gateway);
    assert_eq!(sign_in(&mut anna, "anna", &password).status, 303, "{made}");
    assert!(run(&["user", "list"], 0).contains("auditor"));
    assert!(run(&["user", "add", "anna", "--role", "operator"], 1).contains("there is an account with this name"));
    assert!(run(&["user", "add", "boris", "--role", "king"], 2).contains("operator or auditor"));
    run(&["user", "remove", "anna"], 0);
    assert_eq!(anna.click("/").status, 303);
    run(&["user", "remove", "anna"], 1);
    let added = run(&["log", "request", "add", "--kind", "erase", "--received", "2020-01-01"], 0);
    assert!(added.contains("due 2020-01-16, overdue"), "{added}");
    let number = &added[..8];
    assert!(run(&["log", "request", "list"], 0).contains(number));
    run(&["log", "request", "done", number], 0);
    assert!(run(&["log", "request", "list"], 0).contains("nothing is pending"));
    assert!(run(&["log", "request", "list", "--all"], 0).contains(number));
    run(&["log", "request", "done", number], 1);
    assert!(run(&["log", "request", "add", "--kind", "erase", "--received", "9999-01-01"], 1).contains("after today"));
    let files = fs::read_to_string(gateway.path().join("state/accounts.json")).unwrap();
    assert!(!files.contains(&password));
}
