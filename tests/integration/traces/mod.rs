//! Traces: what a share of requests did, told to a collector, and nothing of who it was.

mod collectors;
mod parents;

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::harness::{Answering, Collector, Gateway, GatewayBuilder, Origin, PAGE, Span, answer};

/// How long a count may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A trace as others send it.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn tracing(origin: &Origin, collector: &Collector, lines: &str) -> GatewayBuilder {
    Gateway::with(origin).tables(&format!("[traces]\n{}\n{lines}", collector.endpoint("127.0.0.1")))
}

/// A site with a page that sets cookies, and an address where it breaks.
fn site() -> Origin {
    Origin::new(|request| match request.target() {
        "/silent" => Answering::Last(Vec::new()),
        "/missing" => Answering::Bytes(answer("404 Not Found", &[], "")),
        _ => {
            let headers = [
                ("content-type", "text/html"),
                ("set-cookie", "_ga=GA1.1.1234567.7654321"),
                ("set-cookie", "PHPSESSID=a"),
            ];
            Answering::Bytes(answer("200 OK", &headers, PAGE))
        }
    })
}

/// What the site was told of the trace: its number, the number of who asks, and whether it is recorded.
fn told(site: &Origin) -> (String, String, bool) {
    let seen = site.last();
    let parts: Vec<_> = seen.header("traceparent").unwrap().split('-').map(str::to_owned).collect();
    assert!(parts.len() == 4 && parts[0] == "00" && parts[1].len() == 32 && parts[2].len() == 16, "{parts:?}");
    assert!(matches!(&*parts[3], "00" | "01"), "{parts:?}");
    (parts[1].clone(), parts[2].clone(), parts[3] == "01")
}

/// The number of a counter once it is not zero.
fn counted(gateway: &Gateway, metric: &str) -> u64 {
    let started = Instant::now();
    loop {
        let page = gateway.admin("/metrics");
        if let Some(count) = page.lines().find_map(|line| line.strip_prefix(metric)?.trim().parse::<u64>().ok())
            && count > 0
        {
            return count;
        }
        assert!(started.elapsed() < PATIENCE, "{metric} in {page}");
        thread::yield_now();
    }
}

fn lost(gateway: &Gateway, reason: &str) -> u64 {
    counted(gateway, &format!("kelisim_trace_spans_lost_total{{reason=\"{reason}\"}}"))
}

fn check(span: &Span, expected: Value) {
    let attributes: serde_json::Map<String, Value> = span.attributes.clone().into_iter().collect();
    assert_eq!(Value::Object(attributes), expected);
}

#[test]
fn a_request_is_a_span_and_the_question_to_the_site_another_that_the_site_goes_on_from() {
    let (site, collector) = (site(), Collector::start());
    let gateway = tracing(&site, &collector, "sampled = 1\nservice_name = \"front\"").start();
    let mut anna = gateway.browser().holding("_ga", "GA1.1.1.1").holding("basket", "2");
    let page = anna.open("/order/10077?email=petr@mail.kz");
    let (trace, span, is_sampled) = told(&site);
    let [server, client] = &collector.spans_of(2)[..] else { unreachable!() };
    assert!(is_sampled && server.trace == trace && client.trace == trace && client.id == span);
    assert_eq!((&server.parent, client.parent.as_ref()), (&None, Some(&server.id)));
    assert_eq!((&*server.name, server.kind, server.flags, server.is_error), ("GET", 2, 0x101, false));
    assert_eq!((&*client.name, client.kind, client.flags, client.is_error), ("GET", 3, 0x101, false));
    // When it begins is what the clock shows, and the one lies within the other.
    assert_eq!(server.nanoseconds.0 / 1_000_000, 1_795_341_600_000);
    assert!(server.nanoseconds.0 <= client.nanoseconds.0 && client.nanoseconds.1 <= server.nanoseconds.1);
    check(
        server,
        json!({
            "http.request.method": "GET", "url.path": "/order/*", "url.scheme": "https", "server.address": "shop.example",
            "network.protocol.version": "1.1", "http.response.status_code": 200, "http.response.body.size": page.body.len(),
            "kelisim.outcome": "rewritten", "kelisim.consent": "unanswered", "kelisim.allowed": [],
            "kelisim.cookies.withheld.request": 2, "kelisim.cookies.withheld.response": 1,
        }),
    );
    check(
        client,
        json!({
            "http.request.method": "GET", "url.scheme": "http", "server.address": "127.0.0.1",
            "server.port": site.address().port(), "http.response.status_code": 200,
        }),
    );
    assert_eq!(server.resource["service.name"], "front");
    assert_eq!(server.resource["service.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(counted(&gateway, "kelisim_trace_spans_sent_total"), 2);
}

#[test]
fn a_choice_shows_how_long_the_log_took_and_faults_what_went_wrong() {
    let (site, collector) = (site(), Collector::start());
    let gateway = tracing(&site, &collector, "sampled = 1.0").start();
    let mut anna = gateway.browser();
    anna.choose("accept");
    // The page with the banner, and the choice.
    let spans = collector.spans_of(4);
    let append = spans.iter().find(|span| span.name == "consent log append").unwrap();
    let choice = spans.iter().find(|span| Some(&span.id) == append.parent.as_ref()).unwrap();
    assert_eq!((append.kind, append.is_error, append.attributes.len(), &append.trace), (1, false, 0, &choice.trace));
    assert_eq!((&*choice.name, &choice.attributes["kelisim.outcome"]), ("POST", &json!("own_page")));
    assert!(choice.nanoseconds.0 <= append.nanoseconds.0 && append.nanoseconds.1 <= choice.nanoseconds.1);
    anna.open("/silent");
    let spans = collector.spans_of(6);
    let [server, client] = &spans[4..] else { unreachable!() };
    assert_eq!(server.attributes["kelisim.allowed"], json!(["functional", "analytical"]));
    for (span, kind) in [(server, 2), (client, 3)] {
        assert_eq!((span.kind, span.is_error, &span.attributes["error.type"]), (kind, true, &json!("broken")));
    }
    assert_eq!(
        (&server.attributes["kelisim.outcome"], &server.attributes["kelisim.reason"]),
        (&json!("failed"), &json!("broken"))
    );
    anna.get("/missing");
    let spans = collector.spans_of(8);
    // To a server its visitor's fault is none of its own, to a client it is one.
    assert_eq!(
        (spans[6].is_error, spans[7].is_error, &spans[7].attributes["error.type"]),
        (false, true, &json!("404"))
    );
    gateway.browser().raw(b"MADEUP / HTTP/1.1\r\nhost: nobody.example\r\nconnection: close\r\n\r\n").unwrap();
    let refused = collector.spans_of(9).remove(8);
    assert_eq!((&*refused.name, &refused.attributes["http.request.method"]), ("HTTP", &json!("_OTHER")));
    assert_eq!(
        (&refused.attributes["server.address"], &refused.attributes["kelisim.reason"]),
        (&json!("none"), &json!("unknown_host"))
    );
}

#[test]
fn nothing_that_leads_to_a_person_is_sent() {
    let (site, collector) = (site(), Collector::start());
    let lines = "sampled = 1\ntrust_parents = true";
    let tables = "[[site.tracker]]\npath = \"/collect\"\ncategory = \"analytical\"\n[[site.path]]\nprefix = \"/pay/\"\npass_through = true\n";
    let gateway =
        tracing(&site, &collector, lines).tables(tables).server("trusted_proxies = [\"127.0.0.0/8\"]").start();
    let mut anna = gateway
        .browser()
        .sending("x-forwarded-for", "203.0.113.77")
        .sending("x-forwarded-proto", "https")
        .sending("user-agent", "SecretAgent/7.7")
        .sending("referer", "https://elsewhere.example/secretpage")
        .sending("tracestate", "vendor=secretstate")
        .sending("traceparent", &format!("00-{TRACE}-{PARENT}-01"))
        .holding("sid", "secretsid")
        .holding("_ga", "GA1.1.secretga");
    let targets = [
        "/client/850617450628?iin=850617450628&q=secretquery",
        "/petr@mail.kz",
        "/reset/9f86d081884c7d659a2feaa0c55ad015",
        "/collect?cid=secretcid",
        "/pay/77001234567?sign=secretsign",
        "/silent?secretsilent",
        "/_kelisim/settings?to=/secretreturn",
    ];
    for target in targets {
        anna.open(target);
    }
    anna.choose("accept");
    anna.open("/");
    let consent = gateway.log_of(1)[0]["record"]["consent_id"].as_str().unwrap().to_owned();
    drop(gateway);
    let text = collector.text();
    let spans = collector.spans();
    assert!(spans.iter().filter(|span| span.kind == 2).count() >= targets.len() + 2, "{spans:#?}");
    let person = [
        "203.0.113",
        "SecretAgent",
        "secret",
        "elsewhere",
        "850617450628",
        "77001234567",
        "petr",
        "9f86d081",
        "GA1.1",
        "?",
        &consent,
    ];
    for person in person {
        assert!(!text.contains(person), "{person} in {text}");
    }
}
