//! What is seen of a site and proposed for it, and what strangers can't do to that.

use std::{fs, process::Output};

use crate::harness::{Answering, Browser, Gateway, Origin, PAGE, Program, Reply, answer, kelisim, ok, shop};

/// A page without the tag of the script that observes; panics where the tag is not there.
pub fn without_our_tag(page: &str) -> String {
    let start = page.find("<script data-kelisim-script").expect("the script that observes is on the page");
    let end = start + page[start..].find("</script>").unwrap() + "</script>".len();
    format!("{}{}", &page[..start], &page[end..])
}

pub const OBSERVE: &str = "mode = \"observe\"";
pub const NOBODY: &str = "https://nobody.example/x.js?id=secret";

/// A site that sets cookies of several kinds.
pub fn talkative() -> Origin {
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("set-cookie", "mysid=secret; HttpOnly; Path=/"),
        ("set-cookie", "siteLang=ru; Max-Age=31536000; Domain=.shop.example"),
        ("set-cookie", "PHPSESSID=secret"),
        ("set-cookie", "gone=1; Max-Age=0"),
    ];
    Origin::answering(answer("200 OK", &headers, PAGE))
}

pub fn violation(page: &str, blocked: &str) -> String {
    format!(
        r#"{{"csp-report":{{"document-uri":"{page}","blocked-uri":"{blocked}","effective-directive":"script-src-elem","disposition":"report","script-sample":"secret"}}}}"#
    )
}

/// Posts a report as a browser does for its page.
pub fn report(browser: &mut Browser, content_type: &str, body: &str) -> Reply {
    let headers = [("content-type", content_type), ("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "report")];
    browser.send("POST", "/_kelisim/report", &headers, body.as_bytes())
}

fn proposed(gateway: &Gateway) -> (String, String) {
    let output = kelisim(gateway.path(), &["check", "--from-inventory"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    text(output)
}

fn text(output: Output) -> (String, String) {
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// What the gateway keeps in its file, after it was asked to write it.
fn kept(gateway: &Gateway) -> String {
    proposed(gateway);
    fs::read_to_string(gateway.path().join("state/inventory.json")).unwrap()
}

#[test]
fn an_observed_site_becomes_lines_of_configuration_that_can_be_added() {
    let site = talkative();
    let gateway = Gateway::with(&site).site(OBSERVE).start();
    let mut anna = gateway.browser().holding("by_script_120345", "secret").holding("_ga", "secret");
    anna.jar.insert("cart_anna@example.kz".into(), "secret".into());
    anna.open("/orders/120345?token=secret");
    assert_eq!(
        report(
            &mut anna,
            "application/csp-report",
            &violation("https://shop.example/orders/120345?token=secret", NOBODY)
        )
        .status,
        204
    );
    let list = r#"[{"type":"csp-violation","user_agent":"secret","url":"https://shop.example/","body":{"documentURL":"https://shop.example/","blockedURL":"https://mc.yandex.ru/metrika/tag.js","effectiveDirective":"script-src-elem","disposition":"enforce"}},{"type":"csp-violation","body":{"documentURL":"https://shop.example/","blockedURL":"chrome-extension://abcdef"}}]"#;
    assert_eq!(report(&mut anna, "application/reports+json", list).status, 204);
    let keys = r#"{"local":["draft_120345","_ym_uid"],"session":["tab"],"database":["notes"],"cache":[]}"#;
    assert_eq!(report(&mut anna, "application/json", keys).status, 204);

    let (lines, said) = proposed(&gateway);
    for expected in [
        "[[site.cookie]]\nname = \"mysid\"\ncategory = \"necessary\"\nlifetime = \"session\"\n",
        "[[site.cookie]]\nname = \"siteLang\"\ncategory = \"functional\"\nlifetime = \"1 year\"\n",
        "Domain=shop.example",
        "# [[site.cookie]]\n# name = \"by_script_*\"\n",
        "[[site.host]]\nname = \"mc.yandex.ru\"\ncategory = \"analytical\"\nowner = \"Yandex\"\n",
        "# [[site.host]]\n# name = \"nobody.example\"\n",
        "for example on /orders/*\n",
        "first seen 2026-11-22 10h",
        "draft_*",
        // For visitors to read, and to take in: what the catalogue knows is treated so already.
        "\n# [[site.cookie]]\n# name = \"PHPSESSID\"\n# category = \"necessary\"\n",
        "\n# [[site.cookie]]\n# name = \"_ga\"\n# category = \"analytical\"\n",
    ] {
        assert!(lines.contains(expected), "{expected:?} in\n{lines}");
    }
    for unsaid in ["secret", "120345", "anna@", "gone", "extension", "127.0.0.1"] {
        assert!(!lines.contains(unsaid), "{unsaid} in\n{lines}");
    }
    for never in ["secret", "120345", "anna@", "extension", "127.0.0.1"] {
        assert!(!kept(&gateway).contains(never), "{never}");
    }
    assert!(said.starts_with("shop.example: 6 cookies, 2 hosts and 4 keys of storage were seen; "), "{said}");
    let metrics = gateway.admin("/metrics");
    assert!(metrics.contains("kelisim_reports_total{outcome=\"taken\",site=\"shop.example\"} 3"), "{metrics}");

    let path = gateway.path().join("kelisim.toml");
    let before = fs::read_to_string(&path).unwrap();
    fs::write(&path, before + &lines).unwrap();
    let checked = kelisim(gateway.path(), &["check"]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    let (again, _) = proposed(&gateway);
    assert!(!again.contains("mysid") && !again.contains("mc.yandex.ru") && again.contains("by_script_*"), "{again}");
}

#[test]
fn names_made_up_to_break_the_file_or_the_terminal_break_neither() {
    let site = talkative();
    let gateway = Gateway::with(&site).site(OBSERVE).start();
    let mut mallory = gateway.browser();
    let odd = [
        "a\"]\\x",
        "[[site]]",
        "csrf'''",
        "csrf\u{1b}[31m",
        "csrf#x",
        "csrf$(x)",
        "kelisimx_csrf",
        "csrf{9}",
        "*_csrf",
        "имя_csrf",
        "csrf\\",
    ];
    // A control character can't stand in a header; in a key of storage it can.
    for name in odd.iter().filter(|name| !name.contains('\u{1b}')) {
        mallory.jar.insert((*name).into(), "1".into());
    }
    let keys: Vec<_> = odd.iter().map(|name| serde_json::to_string(name).unwrap()).collect();
    assert_eq!(mallory.open("/").status, 200);
    assert_eq!(report(&mut mallory, "application/json", &format!("{{\"local\":[{}]}}", keys.join(","))).status, 204);
    for host in
        ["https://a\\\"b.example/", "https://\\u001b[31m.example/", "https://x]].example/", "https://csrf.example/"]
    {
        report(&mut mallory, "application/csp-report", &violation("https://shop.example/", host));
    }
    let (lines, _) = proposed(&gateway);
    assert!(lines.contains("csrf#x") && lines.contains("csrf.example"), "{lines}");
    assert!(lines.chars().all(|character| character == '\n' || (' '..='~').contains(&character)), "{lines}");
    let path = gateway.path().join("kelisim.toml");
    fs::write(&path, fs::read_to_string(&path).unwrap() + &lines).unwrap();
    let checked = kelisim(gateway.path(), &["check"]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}\n{lines}");
}

#[test]
fn a_flood_of_made_up_names_and_reports_moves_nothing_that_the_site_sets() {
    let site = talkative();
    let gateway = Gateway::with(&site).site(OBSERVE).server("[server.limits]\nreports_per_minute = 1000").start();
    let mut mallory = gateway.plain_browser();
    mallory.open("/");
    let letters =
        |number: usize| -> String { number.to_string().bytes().map(|digit| char::from(digit + 49)).collect() };
    for round in 0..20 {
        let pairs: Vec<_> = (0..100).map(|number| format!("{}=1", letters(round * 100 + number))).collect();
        let cookie = pairs.join("; ");
        mallory.send("GET", "/", &[("cookie", &cookie)], b"");
        let page = format!("http://{}/", mallory.host);
        for number in 0..20 {
            report(
                &mut mallory,
                "application/csp-report",
                &violation(&page, &format!("https://{}.example/", letters(round * 20 + number))),
            );
        }
    }
    let kept: serde_json::Value = serde_json::from_str(&kept(&gateway)).unwrap();
    let site = &kept["sites"]["shop.example"];
    let cookies = site["cookies"].as_array().unwrap();
    for name in ["mysid", "siteLang", "PHPSESSID"] {
        assert!(cookies.iter().any(|cookie| cookie["name"] == name && cookie.get("set_by_site").is_some()), "{name}");
    }
    assert_eq!((cookies.len(), site["hosts"].as_array().unwrap().len()), (256 + 3, 256));
}

#[test]
fn a_report_from_elsewhere_too_large_too_often_or_unreadable_is_not_taken() {
    let shop = shop();
    let gateway = Gateway::with(&shop).server("[server.limits]\nreports_per_minute = 8").start();
    let mut anna = gateway.browser();
    let mine = violation("https://shop.example/", NOBODY);
    let mut check = |headers: &[(&str, &str)], body: &str, status: u16, outcome: &str| {
        let reply = anna.send("POST", "/_kelisim/report", headers, body.as_bytes());
        assert_eq!((reply.status, reply.text().as_str()), (status, ""), "{headers:?}");
        let counted = format!("kelisim_reports_total{{outcome=\"{outcome}\",site=\"shop.example\"}}");
        assert!(gateway.admin("/metrics").contains(&counted), "{outcome}");
    };
    let csp = ("content-type", "application/csp-report");
    let own = ("sec-fetch-site", "same-origin");
    check(&[csp, ("sec-fetch-site", "cross-site")], &mine, 204, "foreign");
    check(&[csp, ("origin", "https://evil.example")], &mine, 204, "foreign");
    check(
        &[("content-type", "application/json"), ("sec-fetch-site", "same-site")],
        r#"{"local":["a"]}"#,
        204,
        "foreign",
    );
    check(&[csp, own], &violation("https://evil.example/", NOBODY), 204, "nothing");
    check(&[csp, own], &violation("https://shop.example/", "https://www.shop.example/x"), 204, "nothing");
    check(&[csp, own], "not json", 400, "unreadable");
    check(&[("content-type", "text/plain"), own], &mine, 400, "unreadable");
    check(&[csp, own], &" ".repeat(70_000), 413, "too_large");
    check(&[csp], &mine, 204, "taken");
    check(&[csp, ("sec-fetch-site", "none"), ("sec-fetch-dest", "report")], &mine, 204, "taken");
    check(&[csp, own], &mine, 204, "taken");
    check(&[csp, own], &mine, 429, "too_many");
    assert_eq!(gateway.browser().get("/_kelisim/report").status, 405);
    assert!(shop.count() == 0, "no report goes to the site");
}

#[test]
fn an_enforcing_gateway_notes_what_nobody_has_named() {
    let site = talkative();
    for mode in ["strict", "compatible"] {
        let gateway = Gateway::with(&site).site(&format!("mode = \"{mode}\"")).start();
        gateway.browser().holding("_ga", "1").holding("unheard_of", "2").open("/");
        let (lines, said) = proposed(&gateway);
        assert!(lines.contains("\"mysid\"") && lines.contains("unheard_of"), "{mode}: {lines}");
        assert!(said.starts_with("shop.example: 3 cookies, no hosts"), "{mode}: {said}");
    }
}

#[test]
fn the_inventory_outlives_the_gateway_and_an_unreadable_one_keeps_nobody_from_starting() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = talkative();
    let gateway = Gateway::with(&site).site(OBSERVE).start();
    gateway.browser().open("/");
    let gateway = gateway.stopped(&site).site(OBSERVE).start();
    let file = gateway.path().join("state/inventory.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(proposed(&gateway).0.contains("\"mysid\""));
    let builder = gateway.stopped(&site).site(OBSERVE);
    fs::write(builder.state().join("inventory.json"), "{\"version\": 9").unwrap();
    let gateway = builder.start();
    assert!(gateway.path().join("state/inventory.json.unreadable").exists());
    let (lines, said) = proposed(&gateway);
    assert_eq!((lines.as_str(), said.contains("nothing was seen yet: let people use the site")), ("", true), "{said}");
    gateway.browser().open("/");
    assert!(proposed(&gateway).0.contains("\"mysid\""));
}

#[test]
fn the_program_tells_of_its_inventory_while_it_runs_and_after() {
    let site = talkative();
    let program = Program::run(Gateway::with(&site).site(OBSERVE).folder());
    program.browser().open("/");
    let (lines, _) = text(kelisim(program.path(), &["check", "--from-inventory"]));
    assert!(lines.contains("\"mysid\""), "{lines}");
    program.browser().holding("late", "1").open("/");
    let folder = program.stop();
    let (after, said) = text(kelisim(folder.path(), &["check", "--from-inventory"]));
    assert!(after.contains("\"late\"") && said.contains("4 cookies"), "{after}{said}");
    fs::write(folder.path().join("kelisim.toml"), "[server]\nhtp = []\n").unwrap();
    let wrong = kelisim(folder.path(), &["check", "--from-inventory"]);
    assert_eq!((wrong.status.code(), wrong.stdout.len()), (Some(1), 0), "{wrong:?}");
}

#[test]
fn lines_for_a_site_that_is_not_the_last_one_are_not_active() {
    let site = talkative();
    let other = "[[site]]\nhosts = [\"other.example\"]\nupstream = \"http://127.0.0.1:9\"\n[site.notice]\nthird_parties = \"none\"\n\
        cross_border = \"none\"\npublic = \"none\"\ndata = [\"cookies\"]\nstorage_place = \"Kazakhstan\"\n";
    let gateway = Gateway::with(&site).site(OBSERVE).tables(other).start();
    gateway.browser().open("/");
    let (lines, said) = proposed(&gateway);
    assert!(lines.contains("# name = \"mysid\"") && lines.contains("below the [[site]] of shop.example"), "{lines}");
    assert!(lines.lines().all(|line| line.is_empty() || line.starts_with('#')), "{lines}");
    assert!(said.contains("other.example: nothing was seen yet"), "{said}");
}

#[test]
fn an_observed_page_gets_one_script_unless_the_page_forbids_it() {
    let check = |policy: &str, expected: bool| {
        let sent = policy.to_owned();
        let site = Origin::new(move |_| {
            let headers = [("content-type", "text/html"), ("etag", "\"1\""), ("content-security-policy", &*sent)];
            Answering::Bytes(answer("200 OK", &headers, PAGE))
        });
        let gateway = Gateway::with(&site).site(OBSERVE).start();
        let page = gateway.browser().open("/");
        assert_eq!(page.text().contains("<script data-kelisim-script async "), expected, "{policy}");
        assert_eq!(page.all("content-security-policy").len(), 1, "{policy}");
        assert_eq!(page.header("content-security-policy"), Some(policy), "the page's own policy is left alone");
    };
    check("default-src 'self'", true);
    check("img-src 'none'", true);
    check("script-src 'nonce-abc' 'strict-dynamic'; connect-src 'self'", true);
    check("script-src 'none'", false);
    check("default-src https://cdn.example", false);
    check("script-src 'self'; connect-src 'none'", false);
    check("script-src 'strict-dynamic' 'sha256-AAAA'", false);
}

#[test]
fn an_observed_page_is_revalidated_and_its_script_is_there() {
    let site = Origin::new(|request| {
        let headers = [("content-type", "text/html"), ("etag", "\"1\"")];
        let known = request.header("if-none-match") == Some("\"1\"");
        Answering::Bytes(if known {
            answer("304 Not Modified", &headers, "")
        } else {
            answer("200 OK", &headers, PAGE)
        })
    });
    let gateway = Gateway::with(&site).site(OBSERVE).start();
    let mut anna = gateway.browser();
    let page = anna.open("/");
    assert_eq!(without_our_tag(&page.text()), PAGE);
    let tag = page.header("etag").unwrap().to_owned();
    let again = anna.sending("if-none-match", &tag).open("/");
    assert_eq!((again.status, again.header("etag")), (304, Some(&*tag)));
    let text = page.text();
    let address = text.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
    let script = gateway.browser().get(address);
    assert_eq!((script.status, script.header("content-type")), (200, Some("text/javascript; charset=utf-8")));
    let image = Origin::answering(ok("image/png", "png"));
    let gateway = Gateway::with(&image).site(OBSERVE).start();
    assert_eq!(gateway.browser().open("/").text(), "png");
}
