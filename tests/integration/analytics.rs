//! Analytics servers behind the gateway: what reaches them, when, and what comes back.

use std::fs;

use crate::harness::{
    Answering, Browser, Countries, Gateway, GatewayBuilder, Origin, RequestSeen, Wire, answer, kelisim, ok, shop,
};

const ADDRESS: &str = "203.0.113.77";
const AGENT: &str =
    "Mozilla/5.0 (X11; Fedora; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.31.4 Safari/537.36";
const COARSE: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

/// An analytics server that says of everything that it is well.
fn server() -> Origin {
    Origin::answering(ok("text/javascript", "measure()"))
}

/// A gateway before a shop with this server under `/stats/`.
fn gateway(site: &Origin, preset: &str, server: &Origin, more: &str) -> GatewayBuilder {
    let line = format!(
        "[[site.analytics]]\npreset = \"{preset}\"\npath = \"/stats/\"\nupstream = \"http://{}\"",
        server.address()
    );
    Gateway::with(site).server("trusted_proxies = [\"127.0.0.1\"]").tables(&format!("{line}\n{more}"))
}

/// A visitor with an address of its own, as a proxy in front would name it.
fn visitor(gateway: &Gateway) -> Browser {
    gateway.browser().sending("x-forwarded-for", ADDRESS).sending("user-agent", AGENT)
}

/// The names of an arrived request's headers.
fn names(seen: &RequestSeen) -> Vec<&str> {
    let mut names: Vec<_> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names
}

fn body(seen: &RequestSeen) -> &str {
    std::str::from_utf8(&seen.body).unwrap()
}

#[test]
fn nothing_reaches_a_server_before_consent_and_nothing_after_its_end() {
    let (site, server) = (shop(), server());
    let gateway = gateway(&site, "matomo", &server, "").start();
    let mut anna = visitor(&gateway);
    let silent = |anna: &mut Browser| {
        for (method, target) in [
            ("GET", "/stats/matomo.js"),
            ("HEAD", "/stats/matomo.js"),
            ("GET", "/stats/matomo.php?idsite=1&rec=1"),
            ("POST", "/stats/matomo.php"),
        ] {
            let reply = anna.send(method, target, &[], b"");
            assert_eq!((reply.status, reply.header("cache-control")), (204, Some("no-store")), "{method} {target}");
        }
    };
    silent(&mut anna);
    anna.choose("save&functional=on");
    silent(&mut anna);
    assert_eq!(server.count(), 0);
    anna.choose("accept");
    assert_eq!(anna.get("/stats/matomo.js").text(), "measure()");
    assert_eq!(server.last().target(), "/matomo.js");
    assert_eq!(anna.send("POST", "/stats/matomo.php", &[], b"idsite=1&rec=1").status, 200);
    assert_eq!((server.last().line.as_str(), body(&server.last())), ("POST /matomo.php HTTP/1.1", "idsite=1&rec=1"));
    anna.choose("necessary");
    silent(&mut anna);
    assert_eq!(server.count(), 2);
    assert_eq!(anna.sending("sec-gpc", "1").get("/stats/matomo.js").status, 204);
}

#[test]
fn matomo_gets_a_truncated_address_a_coarse_agent_and_none_of_our_cookies() {
    let (site, server) = (shop(), server());
    let gateway = gateway(&site, "matomo", &server, "").start();
    let mut anna =
        visitor(&gateway).holding("matomo_ignore", "ignore").holding("_pk_id.1", "a.1").holding("PHPSESSID", "7");
    anna.choose("accept");
    let forged = [
        ("x-real-ip", ADDRESS),
        ("x_forwarded_for", ADDRESS),
        ("forwarded", "for=203.0.113.77"),
        ("true-client-ip", ADDRESS),
        ("x-plausible-ip", ADDRESS),
        ("via", "1.1 home-of-anna"),
        ("sec-ch-ua-model", "\"Phone\""),
        ("authorization", "Basic eA=="),
        ("referer", "https://shop.example/a?mail=a@b.kz"),
        ("accept-language", "kk-KZ"),
    ];
    let target =
        "/stats/matomo.php?idsite=1&url=https%3A%2F%2Fshop.example%2F%3Fmail%3Da%40b.kz&cip=1.2.3.4&token_auth=x";
    assert_eq!(anna.send("GET", target, &forged, b"").status, 200);
    let seen = server.last();
    assert_eq!(seen.line, "GET /matomo.php?idsite=1&url=https%3A%2F%2Fshop.example%2F HTTP/1.1");
    let expected = [
        "accept",
        "accept-language",
        "cookie",
        "host",
        "referer",
        "user-agent",
        "via",
        "x-forwarded-for",
        "x-forwarded-proto",
    ];
    assert_eq!(names(&seen), expected);
    assert_eq!(seen.header("cookie"), Some("matomo_ignore=ignore"));
    assert_eq!(seen.header("host"), Some(server.address().to_string().as_str()));
    assert_eq!(seen.header("referer"), Some("https://shop.example/a"));
    assert_eq!(seen.header("user-agent"), Some(COARSE));
    assert_eq!((seen.header("via"), seen.header("accept-language")), (Some("1.1 kelisim"), Some("kk")));
    assert_eq!(
        (seen.header("x-forwarded-for"), seen.header("x-forwarded-proto")),
        (Some("203.0.113.0"), Some("https"))
    );
}

#[test]
fn matomo_is_told_by_its_token_and_nobody_borrows_it() {
    let (site, server) = (shop(), server());
    let token = "0123456789abcdef0123456789abcdef";
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("token"), token).unwrap();
    let check = |more: &str, address: &str| {
        let more = format!("token_file = \"{}\"\n{more}", folder.path().join("token").display());
        let gateway = gateway(&site, "matomo", &server, &more).start();
        let mut anna = visitor(&gateway);
        anna.choose("accept");
        anna.get("/stats/matomo.php?idsite=1&cip=1.2.3.4&country=us");
        assert_eq!(server.last().target(), format!("/matomo.php?idsite=1&cip={address}&token_auth={token}"));
        assert_eq!(server.last().header("x-forwarded-for"), None);
        let bulk = br#"{"requests":["?idsite=1&cip=1.2.3.4","?idsite=1&cdt=1"],"token_auth":"x"}"#;
        anna.send("POST", "/stats/matomo.php?token_auth=x", &[], bulk);
        let hit = format!("?idsite=1&cip={address}");
        assert_eq!(server.last().target(), "/matomo.php");
        assert_eq!(body(&server.last()), format!(r#"{{"requests":["{hit}","{hit}"],"token_auth":"{token}"}}"#));
        anna.get("/stats/matomo.js");
        assert!(!format!("{:?}", server.last()).contains(token));
    };
    check("", "203.0.113.0");
    check("client_address = \"none\"", "0.0.0.0");
}

#[test]
fn umami_plausible_and_google_get_what_their_presets_name() {
    let site = shop();
    let check =
        |preset: &str, target: &str, sent: &str, arrived: (&str, &str), address: Option<&str>, cookie: Option<&str>| {
            let server = server();
            let gateway = gateway(&site, preset, &server, "").start();
            let mut anna = visitor(&gateway);
            anna.choose("accept");
            let mut anna = anna.holding("_ga", "GA1.1.2.3").holding("_gcl_au", "1").holding("PHPSESSID", "7");
            let headers =
                [("content-type", "text/plain"), ("cf-ipcountry", "US"), ("x-forwarded-countryregion", "US-CA")];
            assert_eq!(anna.send("POST", target, &headers, sent.as_bytes()).status, 200, "{preset}");
            let seen = server.last();
            assert_eq!((seen.target(), body(&seen)), arrived);
            assert_eq!((seen.header("x-forwarded-for"), seen.header("cookie")), (address, cookie));
            assert_eq!(seen.header("user-agent"), Some(COARSE));
            assert_eq!(
                (seen.header("cf-ipcountry"), seen.header("x-forwarded-countryregion")),
                (None, None),
                "no [geo] here"
            );
        };
    check(
        "umami",
        "/stats/api/send",
        r#"{"type":"event","payload":{"website":"w-1","url":"/a?q=1#x","ip":"1.2.3.4","userAgent":"x","id":"anna"}}"#,
        ("/api/send", r#"{"payload":{"url":"/a","website":"w-1"},"type":"event"}"#),
        Some("203.0.113.0"),
        None,
    );
    check(
        "plausible",
        "/stats/api/event",
        r#"{"n":"pageview","u":"https://shop.example/a?q=1","d":"shop.example","x":"1"}"#,
        ("/api/event", r#"{"d":"shop.example","n":"pageview","u":"https://shop.example/a"}"#),
        Some("203.0.113.0"),
        None,
    );
    check(
        "google",
        "/stats/g/collect?v=2&cid=1.2&_uip=1.2.3.4&gclid=x",
        "en=page_view&ep.mail=a%40b.kz&uid=anna",
        ("/stats/g/collect?v=2&cid=1.2", "en=page_view&ep.mail=*"),
        None,
        Some("_ga=GA1.1.2.3"),
    );
}

#[test]
fn a_country_goes_beside_the_address_where_a_server_reads_it() {
    let site = shop();
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("country.mmdb");
    fs::write(&database, Countries::new().with("127.0.0.0/8", "KZ").bytes()).unwrap();
    let check = |preset: &str, script: &str, expected: [Option<&str>; 3]| {
        let server = server();
        let geo = format!("[geo]\ndatabase = \"{}\"", database.display());
        let gateway = gateway(&site, preset, &server, &geo).start();
        let mut anna = gateway.browser();
        anna.choose("accept");
        assert_eq!(anna.send("GET", script, &[("cf-ipcountry", "US")], b"").status, 200);
        let names = ["cf-ipcountry", "x-forwarded-countryregion", "x-forwarded-for"];
        assert_eq!(
            names.map(|name| server.last().header(name).map(str::to_owned)),
            expected.map(|value| value.map(str::to_owned))
        );
    };
    check("umami", "/stats/script.js", [Some("KZ"), None, Some("127.0.0.0")]);
    check("google", "/stats/gtag/js?id=G-ABC", [None, Some("KZ"), None]);
    check("plausible", "/stats/js/script.js", [None, None, Some("127.0.0.0")]);
    check("matomo", "/stats/matomo.js", [None, None, Some("127.0.0.0")]);
}

#[test]
fn pages_of_operators_are_nobody_s_before_and_after_consent() {
    let (site, server) = (shop(), server());
    let gateway = gateway(&site, "umami", &server, "").start();
    let mut anna = visitor(&gateway);
    for choice in ["necessary", "accept"] {
        anna.choose(choice);
        let before = site.count();
        for (method, target) in [
            ("GET", "/stats/login"),
            ("POST", "/stats/api/auth/login"),
            ("GET", "/stats/api/websites"),
            ("GET", "/stats/"),
            ("GET", "/stats"),
            ("GET", "//stats/script.js"),
            ("GET", "/x/../stats/login"),
            ("GET", "/stats/%73cript.js"),
            ("DELETE", "/stats/api/send"),
        ] {
            assert_eq!(anna.send(method, target, &[], b"").status, 404, "{method} {target}");
        }
        assert_eq!((server.count(), site.count()), (0, before));
    }
    anna.get("/statistics");
    assert_eq!(site.last().target(), "/statistics");
}

#[test]
fn what_can_t_be_filtered_is_not_sent() {
    let (site, server) = (shop(), server());
    let gateway = gateway(&site, "umami", &server, "").start();
    let mut anna = visitor(&gateway);
    anna.choose("accept");
    let mut check = |body: &str, expected: u16| {
        assert_eq!(anna.send("POST", "/stats/api/send", &[], body.as_bytes()).status, expected);
    };
    check(&format!(r#"{{"type":"event","payload":{{"title":"{}"}}}}"#, "x".repeat(64 * 1024)), 413);
    check(r#"{"type":"event""#, 400);
    check("", 400);
    check(r#"{"type":"identify","payload":{"website":"w","id":"anna"}}"#, 204);
    let mut wire = Wire::of(&visitor(&gateway));
    let cookies = anna.jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    wire.send(format!("POST /stats/api/send HTTP/1.1\r\nhost: shop.example\r\ncookie: {cookies}\r\ncontent-length: 9\r\nconnection: close\r\n\r\nx=1"));
    drop(wire);
    assert_eq!(server.count(), 0);
}

#[test]
fn an_answer_brings_back_no_more_than_a_script_needs() {
    let site = shop();
    let server = Origin::new(|request| {
        let headers = [
            ("content-type", "text/javascript"),
            ("etag", "\"1\""),
            ("cache-control", "public, max-age=86400"),
            ("location", "https://stats.example/matomo.js"),
            ("accept-ch", "Sec-CH-UA-Model"),
            ("set-cookie", "matomo_ignore=1; Path=/"),
            ("set-cookie", "_ga=2; Path=/"),
            ("set-cookie", "MATOMO_SESSID=3; HttpOnly"),
            ("set-cookie", "kelisim_view=4"),
        ];
        let known = request.header("if-none-match") == Some("\"1\"");
        Answering::Bytes(answer(
            if known { "304 Not Modified" } else { "200 OK" },
            &headers,
            if known { "" } else { "measure()" },
        ))
    });
    let gateway = gateway(&site, "matomo", &server, "").start();
    let mut anna = visitor(&gateway);
    anna.choose("accept");
    let script = anna.get("/stats/matomo.js");
    assert_eq!((script.status, script.header("cache-control")), (200, Some("private, no-cache")));
    assert_eq!((script.header("location"), script.header("accept-ch")), (None, None));
    assert_eq!(script.all("set-cookie"), ["matomo_ignore=1; Path=/"]);
    assert_eq!(script.header("content-security-policy"), Some("default-src 'none'; sandbox"));
    assert_eq!(anna.send("GET", "/stats/matomo.js", &[("if-none-match", "\"1\"")], b"").status, 304);
    anna.choose("necessary");
    assert_eq!(anna.send("GET", "/stats/matomo.js", &[("if-none-match", "\"1\"")], b"").status, 204);
}

#[test]
fn a_server_that_is_down_is_told_once_and_harms_no_page() {
    let site = shop();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let line = format!("[[site.analytics]]\npreset = \"matomo\"\npath = \"/stats/\"\nupstream = \"http://{address}\"");
    let gateway = Gateway::with(&site).tables(&line).start();
    let mut anna = gateway.browser();
    anna.choose("accept");
    assert_eq!(anna.get("/stats/matomo.php?idsite=1").status, 502);
    assert_eq!(anna.open("/").status, 200);
    let metrics = gateway.admin("/metrics");
    let counted = "kelisim_upstream_failures_total{reason=\"connect\",site=\"shop.example\"} 1";
    assert!(metrics.lines().any(|line| line == counted), "{metrics}");
}

#[test]
fn in_mode_observe_the_path_is_the_site_s() {
    let (site, server) = (shop(), server());
    let gateway = gateway(&site, "matomo", &server, "").site("mode = \"observe\"").start();
    visitor(&gateway).get("/stats/matomo.php?idsite=1");
    assert_eq!((site.last().target(), server.count()), ("/stats/matomo.php?idsite=1", 0));
}

#[test]
fn yandex_metrica_is_blocked_until_it_is_accepted_and_visitors_are_told() {
    let site = shop();
    let gateway = Gateway::with(&site).tables("[[site.analytics]]\npreset = \"yandex\"\nsees_address = true").start();
    let mut anna = gateway.browser();
    let policy = |anna: &mut Browser| anna.click("/").all("content-security-policy").join(" ");
    assert!(!policy(&mut anna).contains("mc.yandex"));
    assert!(anna.open("/_kelisim/settings").text().contains("mc.yandex.ru"));
    anna.choose("accept");
    assert!(policy(&mut anna).contains(" mc.yandex.ru wss://mc.yandex.ru "));
    anna.choose("necessary");
    assert!(!policy(&mut anna).contains("mc.yandex"));
}

/// A folder with the example that is shipped, its analytics lines in force.
fn example(lines: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let example = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/kelisim.example.toml")).unwrap();
    let (before, after) = example.split_once("# [[site.analytics]]").unwrap();
    let (block, rest) = after.split_once("\n\n").unwrap();
    let block = block.replace("\n# ", "\n");
    let state = format!("state_dir = {:?}", folder.path().join("state"));
    let text = format!("{before}[[site.analytics]]{block}\n{lines}\n\n{rest}")
        .replace("# state_dir = \"/var/lib/kelisim\"", &state);
    fs::write(folder.path().join("kelisim.toml"), text).unwrap();
    fs::write(folder.path().join("matomo.token"), "f".repeat(32)).unwrap();
    folder
}

#[test]
fn the_canary_shows_what_leaves_for_every_preset_and_touches_nothing() {
    let line = |preset: &str| {
        format!("[[site.analytics]]\npreset = \"{preset}\"\npath = \"/{preset}/\"\nupstream = \"http://192.0.2.1:9\"\n")
    };
    let yandex = "[[site.analytics]]\npreset = \"yandex\"\nsees_address = true";
    let folder = example(&(line("umami") + &line("plausible") + &line("google") + yandex));
    let tried = kelisim(folder.path(), &["check", "--canary"]);
    let text = String::from_utf8(tried.stdout).unwrap();
    assert!(tried.status.success(), "{text}\n{}", String::from_utf8_lossy(&tried.stderr));
    for expected in [
        "example.kz, /stats/ (matomo)\n  before consent: nothing left\n",
        "    | host: 192.0.2.1:9\n",
        "&cip=203.0.113.0&token_auth=00000000000000000000000000000000 HTTP/1.1\n",
        "    | x-forwarded-for: 203.0.113.0\n",
        "example.kz, /google/ (google)\n",
        "example.kz: browsers load from mc.yandex.ru, ",
        "4 analytics servers, 13 requests: no mark left\n",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(!text.contains("203.0.113.77") && !text.contains(&"f".repeat(32)), "{text}");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");

    let json = kelisim(folder.path(), &["check", "--canary", "--json", "--site", "example.kz"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!((&json["right"], json["lines"].as_array().unwrap().len()), (&true.into(), 4));
    assert_eq!(
        (&json["lines"][1]["before_consent"], &json["lines"][1]["requests"][0]["marks"]),
        (&"nothing".into(), &serde_json::json!([]))
    );
    let other = kelisim(folder.path(), &["check", "--canary", "--site", "other.kz"]);
    assert_eq!(other.status.code(), Some(1));
    assert!(String::from_utf8(other.stderr).unwrap().ends_with("has no site named other.kz\n"));
    assert_eq!(kelisim(folder.path(), &["check", "--json"]).status.code(), Some(2));
}
