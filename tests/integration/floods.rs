//! Strangers who send much: choices and reports beyond their limits leave the log and the memory as they are, and cookies that are too many or too
//! large are refused before the site sees them.

use crate::harness::{Gateway, Origin, Wire, ok, shop};

const FORM: [(&str, &str); 3] = [
    ("content-type", "application/x-www-form-urlencoded"),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-user", "?1"),
];

#[test]
fn a_choice_that_is_larger_than_any_is_not_read_to_its_end() {
    let shop = shop();
    let gateway = Gateway::with(&shop).edition("first", "2026-01-01", false).start();
    let form = "choice=accept&edition=first&language=ru&layer=banner&to=/";
    let padded = format!("{form}{}", "x".repeat(1 << 20));
    let mut wire = Wire::of(&gateway.plain_browser());
    let lines: String = FORM.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    // A gigabyte is promised, and never sent: nobody waits for it.
    wire.send(format!(
        "POST /_kelisim/choice HTTP/1.1\r\nhost: localhost\r\n{lines}content-length: 1000000000\r\n\r\n"
    ));
    wire.try_send(&padded[..64 * 1024]);
    assert_eq!(wire.reply("POST").status, 400);
    let many = format!("{form}{}", "&functional=on".repeat(20_000));
    let nested = format!("{{\"choice\":{}", "[".repeat(100_000));
    for (kind, body) in [(FORM[0].1, padded), (FORM[0].1, many), ("application/json", nested)] {
        let mut wire = Wire::of(&gateway.plain_browser());
        let head = format!(
            "POST /_kelisim/choice HTTP/1.1\r\nhost: localhost\r\nsec-fetch-site: same-origin\r\ncontent-type: {kind}"
        );
        // It is refused before all of it has been sent, and then nobody takes the rest.
        wire.send(format!("{head}\r\ncontent-length: {}\r\n\r\n", body.len()));
        wire.try_send(&body[..64 * 1024]);
        let reply = wire.reply("POST");
        assert_eq!((reply.status, reply.all("set-cookie").len()), (400, 0), "{kind}");
    }
    assert_eq!((gateway.log().len(), shop.count()), (0, 0));
    assert_eq!(gateway.browser().choose("accept").status, 303);
}

#[test]
fn a_flood_of_choices_leaves_no_more_events_than_the_limit_allows() {
    let shop = shop();
    let limits = "[server.limits]\nchoices_per_minute = 5";
    let gateway = Gateway::with(&shop).edition("first", "2026-01-01", false).server(limits).start();
    let form = "choice=accept&edition=first&language=ru&layer=banner&to=/";
    let statuses: Vec<_> = (0..200).map(|_| gateway.browser().post("/_kelisim/choice", form).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 5);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 195);
    assert_eq!(gateway.log().len(), 5);
}

#[test]
fn bombs_of_cookies_are_refused_or_filtered_and_never_reach_the_site_unfiltered() {
    let site = Origin::answering(ok("text/plain", "fine"));
    let gateway = Gateway::before(&site);
    let many: String = (0..5000).map(|number| format!("c{number}=1; ")).collect();
    let fits = format!("cookie: {many}PHPSESSID=1");
    assert!(fits.len() < 60_000);
    assert_eq!(Wire::of(&gateway.plain_browser()).ask("GET", "/", &[&fits]).status, 200);
    assert_eq!(site.last().header("cookie"), Some("PHPSESSID=1"), "of five thousand one is known");
    let names = format!("cookie: {}", ";".repeat(50_000));
    assert_eq!(Wire::of(&gateway.plain_browser()).ask("GET", "/", &[&names]).status, 200);
    assert!(site.last().header("cookie").is_none_or(|line| line.bytes().all(|byte| b"; ".contains(&byte))));
    let mut wire = Wire::of(&gateway.plain_browser());
    wire.try_send(format!("GET / HTTP/1.1\r\nhost: shop.example\r\ncookie: a={}\r\n\r\n", "x".repeat(200_000)));
    let come = String::from_utf8_lossy(&wire.rest()).into_owned();
    assert!(come.is_empty() || come.starts_with("HTTP/1.1 431 "), "{come}");
    assert_eq!(site.count(), 2);
    // What the site sets is its own affair, and still filtered: a thousand lines do not come through a limit of a hundred.
    let lines: String = (0..90).map(|number| format!("set-cookie: _ga_{number}={}\r\n", "x".repeat(900))).collect();
    let bomb = Origin::answering(format!("HTTP/1.1 200 OK\r\n{lines}content-length: 0\r\n\r\n").into_bytes());
    let gateway = Gateway::before(&bomb);
    let reply = gateway.browser().get("/");
    assert_eq!((reply.status, reply.all("set-cookie").len()), (200, 0));
}
