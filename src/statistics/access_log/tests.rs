//! What lines come to.

use super::*;
use crate::statistics::Channel;

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";

fn read(address: &str, request: &str, status: u16, referrer: &str, agent: &str) -> Option<Counted> {
    let robots = Robots::default();
    let is_own = |host: &str| host == "shop.example";
    let country = |address: TruncatedAddress| Country::parse(if address.network().is_ipv4() { "KZ" } else { "DE" });
    let mut log = AccessLog::new(&robots, &is_own, &country);
    let line = format!(
        "{address} - - [29/Nov/2026:10:15:00 +0500] \"{request} HTTP/1.1\" {status} 512 \"{referrer}\" \"{agent}\""
    );
    let entry = log.read(line.as_bytes()).unwrap();
    assert_eq!((entry.traffic.requests, entry.traffic.bytes), (1, 512));
    entry.counted
}

#[test]
fn a_line_is_a_view_by_its_method_status_and_path() {
    let check = |request: &str, status, expected: Option<(ViewKind, &str)>| {
        let counted = read("203.0.113.77", request, status, "-", BROWSER);
        let seen = counted.map(|counted| match counted {
            Counted::View(view) => (view.kind, view.path.as_str().to_owned()),
            other => panic!("{other:?}"),
        });
        assert_eq!(seen.as_ref().map(|(kind, path)| (*kind, path.as_str())), expected, "{request} {status}");
    };
    check("GET /", 200, Some((ViewKind::Page, "/")));
    check("GET /a.html?token=secret", 304, Some((ViewKind::Page, "/a.html")));
    check("GET /a.php", 203, Some((ViewKind::Page, "/a.php")));
    check("GET /unsubscribe/petr@mail.kz", 200, Some((ViewKind::Page, "/unsubscribe/*")));
    check("GET /price.pdf", 200, Some((ViewKind::Download, "/price.pdf")));
    check("GET /gone", 404, Some((ViewKind::NotFound, "/gone")));
    check("GET /gone", 410, Some((ViewKind::NotFound, "/gone")));
    for (request, status) in [
        ("POST /", 200),
        ("HEAD /", 200),
        ("GET /", 301),
        ("GET /", 500),
        ("GET /beacon", 204),
        ("GET /page", 206),
        ("GET /price.pdf", 304),
        ("GET /price.pdf", 206),
        ("GET /gone.pdf", 404),
        ("GET /style.css", 200),
        ("GET /logo.PNG?v=3", 200),
        ("GET /logo.png", 404),
        ("GET *", 200),
    ] {
        check(request, status, None);
    }
}

#[test]
fn what_comes_from_elsewhere_is_told_by_the_referrer() {
    let check = |request: &str, referrer: &str, expected: Option<(Channel, &str)>| {
        let Some(Counted::View(view)) = read("203.0.113.77", request, 200, referrer, BROWSER) else { panic!() };
        let source = view.arrival.as_ref().map(|arrival| (arrival.source.channel, &*arrival.source.name));
        assert_eq!(source, expected, "{request} {referrer}");
    };
    check("GET /", "-", Some((Channel::Direct, "direct")));
    check("GET /", "https://www.google.kz/search?q=petr", Some((Channel::Search, "Google")));
    check("GET /", "https://shop.example/a", None);
    check("GET /", "https://www.shop.example:443/a", None);
    check("GET /", "http://shop.example", None);
    check("GET /?utm_source=ig", "-", Some((Channel::Social, "Instagram")));
    check("GET /", "https://notshop.example/", Some((Channel::Referral, "notshop.example")));
}

#[test]
fn robots_are_known_by_name_and_countries_by_what_is_left_of_the_address() {
    for (agent, reason, name) in [
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", RobotReason::SaysSo, Some("Googlebot")),
        ("curl/8.5.0", RobotReason::Program, Some("curl")),
        ("-", RobotReason::NoAgent, None),
        (" ", RobotReason::NoAgent, None),
    ] {
        let Some(Counted::Robot(robot)) = read("203.0.113.77", "GET /gone", 404, "-", agent) else { panic!("{agent}") };
        assert_eq!((robot.reason, robot.name.as_deref()), (reason, name));
    }
    for (address, expected) in [("203.0.113.77", Some("KZ")), ("2001:db8::77", Some("DE")), ("a.example", None)] {
        let Some(Counted::View(view)) = read(address, "GET /", 200, "-", BROWSER) else { panic!("{address}") };
        assert_eq!(view.country.as_ref().map(Country::as_str), expected);
        assert_eq!((view.consent, view.visitor, view.agent.browser), (ConsentState::NotAsked, None, "Firefox"));
    }
}
