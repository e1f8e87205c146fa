//! Promise 2: a page loads from nowhere but the site and the hosts that its visitor accepted.

use crate::harness::{Answering, Gateway, GatewayBuilder, Origin, PAGE, Reply, answer};

const HOSTS: &str = r#"
[[site.host]]
name = "cdn.example"
category = "necessary"
[[site.host]]
name = "count.example"
category = "analytical"
sees_address = true
"#;

const OWN: &str = "img-src *";

/// A site that answers by path, with a policy of its own on everything.
fn site() -> Origin {
    Origin::new(|request| {
        let kept = [("etag", "\"1\""), ("cache-control", "max-age=600"), ("content-security-policy", OWN)];
        let typed = |name| [&[("content-type", name)], &kept[..]].concat();
        let path = request.target();
        if request.header("if-none-match") == Some("\"1\"") {
            return Answering::Bytes(match path {
                "/silent.xhtml" => answer("304 Not Modified", &[("etag", "\"1\"")], ""),
                _ => answer("304 Not Modified", &kept, ""),
            });
        }
        let kind = match path.rsplit_once('.').map(|(_, extension)| extension) {
            Some("js") => "text/javascript",
            Some("png") => "image/png",
            Some("svg") => "image/svg+xml",
            Some("xhtml") => "application/xhtml+xml",
            _ => "text/html; charset=utf-8",
        };
        let status = if path == "/missing" { "404 Not Found" } else { "200 OK" };
        let body = if kind == "text/javascript" { "self.onfetch = () => {}" } else { PAGE };
        Answering::Bytes(answer(status, &typed(kind), if request.method() == "HEAD" { "" } else { body }))
    })
}

fn gateway(site: &Origin) -> GatewayBuilder {
    Gateway::with(site).tables(HOSTS)
}

/// Our policy among those of an answer; the site's own must be there as it was.
fn ours(reply: &Reply) -> Option<String> {
    let policies = reply.all("content-security-policy");
    assert!(policies.contains(&OWN), "{policies:?}");
    let ours: Vec<_> =
        policies.iter().filter(|policy| policy.starts_with("default-src 'self' 'unsafe-inline'")).collect();
    assert!(ours.len() <= 1, "{policies:?}");
    ours.first().map(ToString::to_string)
}

fn dest(kind: &str) -> [(&str, &str); 2] {
    [("sec-fetch-dest", kind), ("sec-fetch-site", "same-origin")]
}

#[test]
fn a_page_may_load_from_what_its_visitor_accepted_and_from_nowhere_else() {
    let site = site();
    let gateway = gateway(&site).start();
    let mut anna = gateway.browser();
    let before = ours(&anna.open("/")).unwrap();
    assert!(
        before.contains(" cdn.example ") && before.contains(" shop.example:* ") && !before.contains("count.example")
    );
    assert!(before.ends_with("; report-uri /_kelisim/report"), "{before}");
    anna.choose("accept");
    let accepted = ours(&anna.click("/")).unwrap();
    assert!(accepted.contains(" count.example wss://count.example"), "{accepted}");
    anna.choose("necessary");
    assert_eq!(ours(&anna.click("/")).unwrap(), before);
    assert_eq!(ours(&anna.click("/missing")).unwrap(), before);
    assert_eq!(ours(&anna.send("HEAD", "/", &dest("document"), b"")).unwrap(), before);
    assert_eq!(ours(&anna.click("/page.xhtml")).unwrap(), before, "a page that is not rewritten is bound all the same");
    let settings = anna.open("/_kelisim/settings");
    assert_eq!(settings.all("content-security-policy").len(), 1, "our own pages have their own");
}

#[test]
fn a_304_comes_only_for_the_same_choice_and_leaves_the_kept_policies_right() {
    let site = site();
    let gateway = gateway(&site).start();
    let mut anna = gateway.browser();
    for path in ["/", "/page.xhtml", "/silent.xhtml"] {
        let mut anna = gateway.browser();
        let first = anna.open(path);
        let tag = first.header("etag").unwrap().to_owned();
        assert_eq!(first.header("cache-control"), Some("private, no-cache"));
        assert!(first.all("vary").iter().any(|vary| vary.contains("Cookie")));
        let again = [&dest("document")[..], &[("if-none-match", &tag), ("accept", "text/html")]].concat();
        let kept = anna.send("GET", path, &again, b"");
        assert_eq!(kept.status, 304, "{path}");
        if path == "/silent.xhtml" {
            // Ours alone would replace both lines that the browser keeps.
            assert_eq!(kept.all("content-security-policy"), [""; 0]);
        } else {
            assert_eq!(ours(&kept), ours(&first));
        }
        anna.choose("accept");
        let other = anna.send("GET", path, &again, b"");
        assert_eq!(other.status, 200, "{path} for another choice");
        assert!(ours(&other).unwrap().contains("count.example"));
    }
    let worker = anna.send("GET", "/worker.js", &dest("worker"), b"");
    let tag = worker.header("etag").unwrap().to_owned();
    anna.choose("accept");
    let again = [&dest("worker")[..], &[("if-none-match", &tag)]].concat();
    assert_eq!(anna.send("GET", "/worker.js", &again, b"").status, 200);
}

#[test]
fn what_is_not_run_can_be_kept_as_the_site_said() {
    let site = site();
    let gateway = gateway(&site).start();
    let mut anna = gateway.browser();
    anna.choose("accept");
    for (path, kind) in
        [("/a.js", "script"), ("/a.png", "image"), ("/a.svg", "image"), ("/part", "empty"), ("/a.png", "document")]
    {
        let reply = anna.send("GET", path, &dest(kind), b"");
        assert_eq!(
            (reply.header("cache-control"), reply.header("etag")),
            (Some("max-age=600"), Some("\"1\"")),
            "{path}"
        );
        assert_eq!(reply.text(), if kind == "script" { "self.onfetch = () => {}" } else { PAGE });
        // What could be opened as a page or started as a worker later is bound as for those who accepted nothing.
        assert!(ours(&reply).is_none_or(|policy| !policy.contains("count.example")), "{path}");
        assert_eq!(ours(&reply).is_none(), path == "/a.png" && kind == "image", "{path} {kind}");
    }
    assert!(
        ours(&anna.send("GET", "/a.js", &[], b"")).is_some(),
        "an old browser does not say what it fetches a script for"
    );
}

#[test]
fn workers_are_bound_and_a_service_worker_changes_with_the_choice() {
    let site = site();
    let gateway = gateway(&site).start();
    let mut anna = gateway.browser();
    let worker = anna.send("GET", "/worker.js", &dest("worker"), b"");
    assert!(ours(&worker).is_some());
    assert_eq!(
        (worker.text().as_str(), worker.header("cache-control")),
        ("self.onfetch = () => {}", Some("private, no-cache"))
    );
    let asks = [("service-worker", "script"), ("accept-encoding", "gzip, br"), ("range", "bytes=0-1")];
    let script = anna.send("GET", "/sw.js", &asks, b"");
    let first = script.text();
    assert!(first.starts_with("self.onfetch = () => {}\n/* kelisim: none "), "{first}");
    assert_eq!(site.last().header("accept-encoding"), Some("identity"));
    assert_eq!((site.last().header("range"), script.header("cache-control")), (None, Some("private, no-cache")));
    assert!(!ours(&script).unwrap().contains("count.example") && script.complete);
    assert_eq!(anna.send("GET", "/sw.js", &asks, b"").text(), first);
    anna.choose("accept");
    let tag = script.header("etag").unwrap();
    let script = anna.send("GET", "/sw.js", &[("service-worker", "script"), ("if-none-match", tag)], b"");
    assert_eq!(script.status, 200);
    assert!(
        script.text().contains("/* kelisim: functional+analytical ")
            && ours(&script).unwrap().contains("count.example")
    );
    let same = anna.send(
        "GET",
        "/sw.js",
        &[("service-worker", "script"), ("if-none-match", script.header("etag").unwrap())],
        b"",
    );
    assert_eq!(same.status, 304);
}

#[test]
fn exceptions_and_other_modes_have_no_policy_of_ours() {
    let site = site();
    let paths = "[[site.path]]\nprefix = \"/pay/\"\npass_through = true\n[[site.path]]\nprefix = \"/admin/\"\ncontent_security_policy = false";
    let strict = gateway(&site).tables(paths).start();
    for path in ["/pay/", "/admin/"] {
        assert_eq!(ours(&strict.browser().open(path)), None, "{path}");
    }
    assert_eq!(strict.browser().open("/admin/a.xhtml").header("cache-control"), Some("max-age=600"));
    let compatible = gateway(&site).site("mode = \"compatible\"").start();
    assert_eq!(ours(&compatible.browser().open("/")), None);
    let observe = gateway(&site).site("mode = \"observe\"").start();
    let page = observe.browser().open("/");
    assert_eq!(ours(&page), None);
    assert!(page.text().contains("observe.") && !page.text().contains("kelisim-panel"), "{}", page.text());
    let reported = page.header("content-security-policy-report-only").unwrap();
    assert!(reported.contains(" cdn.example ") && !reported.contains("count.example"), "{reported}");
    let image = observe.browser().send("GET", "/a.png", &dest("image"), b"");
    assert_eq!(image.header("content-security-policy-report-only"), None);
}

#[test]
fn headers_that_lead_to_refused_hosts_are_taken_out() {
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("link", "<https://count.example/t.js>; rel=preload; as=script, </a.css>; rel=preload; as=style"),
        ("link", "<https://nobody.example>; rel=\"dns-prefetch preconnect\""),
        ("report-to", r#"{"group":"d","max_age":9,"endpoints":[{"url":"https://nobody.example/"}]}"#),
        ("nel", r#"{"report_to":"d","max_age":9}"#),
        ("reporting-endpoints", "d=\"https://count.example/r\""),
        ("observe-browsing-topics", "?1"),
        ("permissions-policy", "browsing-topics=(self)"),
        ("content-security-policy", "img-src *; report-uri https://nobody.example/csp"),
    ];
    let site = Origin::answering(answer("200 OK", &headers, PAGE));
    let strict = gateway(&site).start();
    let mut anna = strict.browser();
    let page = anna.open("/");
    assert_eq!(page.all("link"), ["</a.css>; rel=preload; as=style"]);
    assert_eq!((page.header("report-to"), page.header("nel")), (None, Some(r#"{"report_to":"none","max_age":0}"#)));
    assert_eq!((page.header("reporting-endpoints"), page.header("observe-browsing-topics")), (None, None));
    assert_eq!(page.header("x-dns-prefetch-control"), Some("off"));
    assert_eq!(page.all("content-security-policy")[0], "img-src *");
    let permissions = page.all("permissions-policy");
    assert_eq!(permissions[0], "browsing-topics=(self)");
    assert!(permissions[1].contains("private-state-token-issuance=()") && !permissions[1].contains("topics"));
    anna.choose("accept");
    let page = anna.click("/");
    assert!(page.all("link")[0].starts_with("<https://count.example/t.js>"));
    assert_eq!(
        (page.all("link").len(), page.header("reporting-endpoints")),
        (1, Some("d=\"https://count.example/r\""))
    );
    let compatible = gateway(&site).site("mode = \"compatible\"").start();
    let page = compatible.browser().open("/");
    assert_eq!(page.all("link"), ["</a.css>; rel=preload; as=style", headers[2].1], "unknown hosts pass");
    assert!(page.header("report-to").is_some() && page.header("reporting-endpoints").is_none());
}

#[test]
fn early_hints_do_not_lead_a_browser_to_hosts_ahead_of_the_answer() {
    let hints = b"HTTP/1.1 103 Early Hints\r\nlink: <https://count.example/t.js>; rel=preload; as=script\r\n\r\n";
    let page = answer("200 OK", &[("content-type", "text/html; charset=utf-8")], PAGE);
    let site = Origin::answering([&hints[..], &page].concat());
    let gateway = gateway(&site).start();
    let mut wire = crate::harness::Wire::of(&gateway.browser());
    wire.send("GET / HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n");
    let all = String::from_utf8_lossy(&wire.rest()).into_owned();
    assert!(all.starts_with("HTTP/1.1 200 ") && !all.contains("count.example"), "{all}");
}
