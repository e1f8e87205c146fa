//! What a stranger could plant: in caches through headers that name another host, in redirections through hosts and paths. What is made here depends
//! on nothing that a request says about itself, and what is one visitor's is kept by no cache.

use crate::harness::{Browser, Gateway, GatewayBuilder, Origin, Reply, Wire, answer, ok, shop};

const EVIL: &str = "evil.example";

/// Headers that name another host, scheme or path, as proxies and frameworks read them.
fn forged() -> Vec<String> {
    let hosts = [
        "x-forwarded-host",
        "x-host",
        "x-forwarded-server",
        "x-http-host-override",
        "x-original-host",
        "x-backend-host",
    ];
    let paths = ["x-original-url", "x-rewrite-url", "x-forwarded-prefix", "x-forwarded-path"];
    let others = [
        "x-forwarded-scheme: nothttps",
        "x-forwarded-proto: nothttps",
        "x-forwarded-port: 1337",
        "x-http-method-override: POST",
    ];
    let hosts = hosts.iter().map(|name| format!("{name}: {EVIL}"));
    let paths = paths.iter().map(|name| format!("{name}: //{EVIL}/"));
    let forwarded = format!("forwarded: for=1.2.3.4;host={EVIL};proto=http");
    let origin = [format!("origin: https://{EVIL}"), format!("referer: https://{EVIL}/"), forwarded];
    hosts.chain(paths).chain(others.map(str::to_owned)).chain(origin).collect()
}

fn gateway(site: &Origin) -> GatewayBuilder {
    Gateway::with(site).edition("first", "2026-01-01", false)
}

/// What changes from answer to answer by itself goes: random marks.
fn without_marks(reply: &Reply) -> String {
    let text = reply.text();
    let mut rest = text.as_str();
    let mut kept = String::new();
    while let Some(at) = rest.find("nonce") {
        kept.push_str(&rest[..at]);
        rest = rest[at..].split_once(['>', ';']).map_or("", |(_, rest)| rest);
    }
    kept + rest
}

#[test]
fn nothing_that_a_request_says_about_its_host_stands_in_what_we_answer() {
    let site = shop();
    let gateway = gateway(&site).start();
    let forged = forged();
    let lines: Vec<_> = forged.iter().map(String::as_str).collect();
    let html = "accept: text/html";
    for path in [
        "/",
        "/_kelisim/settings",
        "/_kelisim/policy",
        "/_kelisim/receipt",
        "/_kelisim/nothing",
        "/_kelisim/style.css",
        "/a/b?to=//x",
    ] {
        let ask = |more: &[&str]| {
            let lines: Vec<&str> = [html].iter().chain(more).copied().collect();
            Wire::of(&gateway.plain_browser()).ask("GET", path, &lines)
        };
        let (plain, poisoned) = (ask(&[]), ask(&lines));
        assert_eq!(plain.status, poisoned.status, "{path}");
        let head = format!("{:?}", poisoned.headers);
        assert!(!head.contains(EVIL) && !poisoned.text().contains(EVIL), "{path}: {head} {}", poisoned.text());
        assert_eq!(without_marks(&plain), without_marks(&poisoned), "{path}");
    }
}

#[test]
fn headers_that_name_another_host_or_path_do_not_reach_the_site() {
    let site = shop();
    let gateway = gateway(&site).start();
    let forged = forged();
    let lines: Vec<_> = forged.iter().map(String::as_str).collect();
    Wire::of(&gateway.plain_browser()).ask("GET", "/", &lines);
    let seen = site.last();
    // Where a page was opened from is no word about who answers.
    let others = seen.headers.iter().filter(|(name, _)| name != "origin" && name != "referer");
    let planted: Vec<_> = others.filter(|(_, value)| value.contains(EVIL) || value.contains("nothttps")).collect();
    assert!(planted.is_empty(), "{planted:?}");
    assert_eq!(seen.header("x-forwarded-host"), Some("shop.example"));
}

#[test]
fn what_is_one_visitors_is_kept_by_no_shared_cache() {
    let headers =
        [("content-type", "text/html; charset=utf-8"), ("cache-control", "public, max-age=600"), ("etag", "\"1\"")];
    let site = Origin::answering(answer("200 OK", &headers, crate::harness::PAGE));
    let gateway = gateway(&site).start();
    let mut anna = gateway.browser();
    anna.choose("accept");
    for (name, browser) in [("who has not answered", &mut gateway.browser()), ("who has", &mut anna)] {
        for path in ["/", "/_kelisim/settings", "/_kelisim/receipt", "/_kelisim/nothing"] {
            let reply = browser.click(path);
            let cached = reply.all("cache-control").join(", ");
            assert!(cached.contains("private") || cached.contains("no-store"), "{name} {path}: {cached:?}");
            assert!(!cached.contains("public") && !cached.contains("s-maxage"), "{name} {path}: {cached:?}");
        }
    }
    let choice = anna.choose("necessary");
    assert_eq!(choice.header("cache-control"), Some("no-store"));
}

/// Where a request is sent, if it is sent anywhere.
fn location(browser: &Browser, target: &str, host: &str) -> (u16, Option<String>) {
    let reply = browser.raw(format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).unwrap();
    (reply.status, reply.header("location").map(str::to_owned))
}

#[test]
fn nobody_is_sent_to_a_host_that_is_not_the_sites() {
    let site = Origin::answering(ok("text/plain", ""));
    let canonical = gateway(&site).site("canonical_host = \"shop.example\"").redirecting().start();
    let hosts = [
        EVIL,
        "shop.example.evil.example",
        "evil.example#shop.example",
        "evil.example?shop.example",
        "evil.example\\shop.example",
        "shop.example@evil.example",
        "shop.example:80@evil.example",
        "shop.example:evil",
        "shop.example:99999",
        "evil.example/.shop.example",
        "evil.example%2f.shop.example",
        "evil.example%00.shop.example",
        "x y.shop.example",
        "<script>.shop.example",
        "\"onload=\".shop.example",
        "[::1].shop.example",
    ];
    let targets = [
        "/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "/%5cevil.example",
        "/%0d%0alocation:%20https://evil.example/",
        "https://evil.example/",
        "http://evil.example",
        "/_kelisim/settings?to=https://evil.example/",
        "/_kelisim/settings?to=//evil.example",
    ];
    let mut tried = 0;
    let browsers = [canonical.browser(), canonical.plain_browser()];
    for browser in &browsers {
        for host in hosts.iter().chain(&["shop.example", "www.shop.example"]) {
            for target in targets {
                tried += 1;
                let (status, location) = location(browser, target, host);
                let Some(location) = location else {
                    assert!(!(300..400).contains(&status), "{host} {target}: {status}");
                    continue;
                };
                let rest = location.strip_prefix("https://").unwrap_or_else(|| panic!("{host} {target}: {location}"));
                let authority = rest.split('/').next().unwrap();
                let name = authority.split(':').next().unwrap();
                assert!(name == "shop.example" || name.ends_with(".shop.example"), "{host} {target}: {location}");
                let is_name =
                    |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
                assert!(is_name(name) && !authority.contains('@'), "{host} {target}: {location}");
            }
        }
    }
    assert_eq!(tried, 2 * 18 * 10);
}

#[test]
fn our_pages_lead_back_to_this_site_alone() {
    let site = shop();
    let gateway = gateway(&site).start();
    let hostile = [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/a%0d%0alocation: https://evil.example",
        "/\"><script>alert(1)</script>",
        "https:evil.example",
        "/..//evil.example",
        " //evil.example",
    ];
    for to in hostile {
        let encoded: String = to.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in ["/_kelisim/settings", "/_kelisim/receipt", "/_kelisim/frame"] {
            for given in [encoded.clone(), to.replace(' ', "%20").replace('"', "%22")] {
                let reply = gateway.browser().click(&format!("{path}?to={given}"));
                let text = reply.text();
                for bad in [
                    "href=\"//",
                    "href=\"https://evil",
                    "href=\"javascript:",
                    "href=\"data:",
                    "value=\"//",
                    "value=\"https://evil",
                    "<script>alert",
                ] {
                    assert!(!text.contains(bad), "{path} {to}: {bad} in {text}");
                }
                assert!(
                    reply.header("location").is_none_or(|to| to.starts_with('/') && !to.starts_with("//")),
                    "{path} {to}"
                );
            }
        }
        let form = format!("choice=accept&edition=first&language=ru&layer=banner&to={encoded}");
        let reply = gateway.browser().post("/_kelisim/choice", &form);
        let location = reply.header("location").unwrap_or("/");
        let leads_out = location.starts_with("//") || location.contains('\\') || !location.starts_with('/');
        assert!(!leads_out, "{to}: {location}");
    }
}
