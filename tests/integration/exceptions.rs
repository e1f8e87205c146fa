//! Requests that are nobody's page view: payment callbacks, the way back from a payment page, monitors, paths that measure.

use crate::harness::{Gateway, Origin, PAGE, Wire, answer, ok};

fn shop() -> Origin {
    let headers = [("content-type", "text/html"), ("set-cookie", "PHPSESSID=1"), ("set-cookie", "_ga=2")];
    Origin::answering(answer("200 OK", &headers, PAGE))
}

#[test]
fn a_signed_payment_callback_arrives_as_it_was_signed() {
    let site = Origin::answering(answer("200 OK", &[("content-type", "text/html"), ("x-ack", "yes")], PAGE));
    let gateway = Gateway::with(&site).tables("[[site.path]]\nprefix = \"/pay/\"\npass_through = true").start();
    let body = b"<xml>\xff\x00 order=%D0%A8&sum=1+2 </xml>\r\n";
    let target = "/pay/result.php?id=7&sign=a%2Fb%3D%3D&empty=&x=1&x=2";
    let lines = [
        ("content-type", "application/xml; charset=windows-1251"),
        ("x-signature", "sha256=Zm9v+/=="),
        ("authorization", "Basic eDp5"),
        ("accept-encoding", "zstd;q=0.1, *"),
        ("date", "Sun, 22 Nov 2026 10:00:00 GMT"),
        ("digest", "SHA-256=abc"),
        ("if-none-match", "\"x\""),
        ("range", "bytes=0-1"),
        ("x-empty", ""),
    ];
    let head: String = lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("POST {target} HTTP/1.1\r\nhost: shop.example\r\n{head}content-length: {}\r\n\r\n", body.len());
    let mut wire = Wire::of(&gateway.browser());
    wire.send([head.as_bytes(), body].concat());
    let reply = wire.reply("POST");
    let seen = site.last();
    assert_eq!((seen.method(), seen.target(), seen.body.as_slice()), ("POST", target, &body[..]));
    let ours = ["via", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"];
    let mut arrived: Vec<_> = seen
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| !ours.contains(name))
        .collect();
    let length = body.len().to_string();
    let mut sent = [&lines[..], &[("host", "shop.example"), ("content-length", &length)]].concat();
    arrived.sort_unstable();
    sent.sort_unstable();
    assert_eq!(arrived, sent);
    assert_eq!((reply.text().as_str(), reply.header("x-ack")), (PAGE, Some("yes")));
    assert_eq!((reply.header("set-cookie"), reply.header("cache-control")), (None, None));
}

#[test]
fn the_way_back_from_a_payment_page_changes_nothing_and_gets_nothing_optional() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut anna = gateway.browser();
    anna.choose("accept");
    anna.click("/");
    // A cross-site POST carries no `SameSite=Lax` cookie: neither the record nor most others.
    let kept = std::mem::take(&mut anna.jar);
    let headers = [
        ("origin", "https://pay.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
        ("accept", "text/html"),
        ("cookie", "_ga=2; PHPSESSID=1"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let page = anna.send("POST", "/paid", &headers, b"order=7");
    assert!(!page.shows_banner() && page.text().contains("Welcome"));
    assert_eq!((shop.last().header("cookie"), shop.last().body.as_slice()), (Some("PHPSESSID=1"), &b"order=7"[..]));
    assert_eq!(page.all("set-cookie"), ["PHPSESSID=1"], "nothing optional is set and nothing deleted");
    anna.jar = kept;
    assert!(!anna.click("/").shows_banner());
    assert!(shop.last().header("cookie").unwrap().contains("_ga=2"), "the choice still holds");
}

#[test]
fn a_monitor_s_head_gets_the_site_s_answer() {
    let shop = Origin::answering(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 88\r\n\r\n".to_vec());
    let gateway = Gateway::before(&shop);
    let mut wire = Wire::of(&gateway.browser());
    let reply = wire.ask("HEAD", "/", &[]);
    assert_eq!((reply.status, reply.header("content-length"), reply.header("set-cookie")), (200, Some("88"), None));
    assert_eq!((shop.last().method(), shop.count()), ("HEAD", 1));
}

#[test]
fn a_path_without_banner_has_its_pages_unchanged_and_its_cookies_filtered() {
    let shop = shop();
    let gateway = Gateway::with(&shop).tables("[[site.path]]\nprefix = \"/wp-admin/\"\nbanner = false").start();
    let mut anna = gateway.browser().holding("_ga", "1").holding("PHPSESSID", "1");
    let page = anna.open("/wp-admin/index.php");
    assert_eq!((page.text().as_str(), page.header("content-length")), (PAGE, Some(PAGE.len().to_string().as_str())));
    assert_eq!(shop.last().header("cookie"), Some("PHPSESSID=1"));
    assert!(anna.open("/").shows_banner());
    assert!(anna.open("/wp-admin/../").shows_banner(), "a detour is no exception");
}

#[test]
fn a_path_that_measures_is_answered_here_until_its_category_is_accepted() {
    let shop = shop();
    let tracker = "[[site.tracker]]\npath = \"/collect\"\ncategory = \"analytical\"";
    let gateway = Gateway::with(&shop).tables(tracker).start();
    let mut anna = gateway.browser();
    for method in ["GET", "POST"] {
        let reply = anna.send(method, "/collect?v=1", &[], b"");
        assert_eq!((reply.status, reply.header("cache-control"), shop.count()), (204, Some("no-store"), 0), "{method}");
    }
    anna.choose("save&functional=on");
    let before = shop.count();
    assert_eq!((anna.send("POST", "/collect", &[], b"hit").status, shop.count()), (204, before));
    anna.choose("accept");
    assert_eq!(anna.send("POST", "/collect", &[], b"hit").status, 200);
    assert_eq!((shop.last().target(), shop.last().body.as_slice()), ("/collect", &b"hit"[..]));
}

#[test]
fn in_mode_observe_pages_pass_as_they_are_and_only_our_own_cookies_stay() {
    let shop = shop();
    let gateway = Gateway::with(&shop).site("mode = \"observe\"").start();
    let mut anna = gateway.browser().holding("_ga", "1").holding("unheard_of", "2").holding("kelisim_view", "x");
    let page = anna.open("/");
    assert_eq!(crate::inventory::without_our_tag(&page.text()), PAGE);
    assert_eq!(shop.last().header("cookie"), Some("_ga=1; unheard_of=2"));
    assert_eq!(shop.last().header("kelisim-consent"), None);
    assert_eq!(page.all("set-cookie"), ["PHPSESSID=1", "_ga=2"]);
    let own = Origin::answering(ok("text/plain", "the site's own"));
    let gateway = Gateway::with(&own).site("mode = \"observe\"").start();
    assert_eq!(gateway.browser().get("/_kelisim/settings").text(), "the site's own");
}
