//! Which traces are recorded, what is said in them, and what becomes of those for which there is no room.

use std::time::Duration;

use http::{Method, StatusCode, Version};
use serde_json::{Value, json};

use super::*;
use crate::{
    consent::{Category, CategorySet, Country},
    telemetry::{AccessLine, Direction, LoggedPath, MethodName, Outcome, Protocol, Reference, SiteMetrics},
    timestamp::Timestamp,
    visitor::{AgentFamily, ClientAddress, Scheme},
};

fn traces(share: f64, room: usize) -> (Traces, mpsc::Receiver<EndedTrace>) {
    let (queue, ended) = mpsc::channel(room);
    (Traces(Arc::new(Inner { queue, share: Share::of(share), trusts_parents: true, metrics: Metrics::new() })), ended)
}

/// A line of everything that one can hold, what a trace must not say included.
fn line(path: &str) -> AccessLine {
    AccessLine {
        time: Timestamp::parse("2026-11-22T10:00:00.007Z").unwrap(),
        site: SiteMetrics::new(Metrics::new(), "shop.example".into()).name(),
        method: MethodName::of(&Method::GET),
        path: LoggedPath::of(path),
        protocol: Protocol::of(Version::HTTP_2),
        status: Some(StatusCode::BAD_GATEWAY),
        bytes: 5120,
        first_byte: Some(3),
        last_byte: 14,
        outcome: Outcome::Failed("connect"),
        consent: None,
        country: Country::parse("KZ"),
        network: Some(ClientAddress::new("203.0.113.77".parse().unwrap()).truncate()),
        browser: AgentFamily::Firefox,
        reference: Some(Reference::random()),
    }
}

fn parent(is_sampled: bool) -> TraceParent {
    let (trace, span) = (TraceId::of_random([0xab; 16]), SpanId::of_random([0xcd; 8]));
    TraceParent { trace, span, is_sampled }
}

#[test]
fn a_share_is_chosen_by_the_random_bits_of_the_trace() {
    let of = |last: u64| TraceId::of_random((u128::from(last) | 1 << 100).to_be_bytes());
    let check = |share: f64, least: u64| {
        let share = Share::of(share);
        assert!(least == 0 || !share.includes(of(least - 1)), "{share:?}");
        assert!(least == 1 << 56 || share.includes(of(least)), "{share:?}");
        assert_eq!(share.includes(of((1 << 56) - 1)), least < 1 << 56, "{share:?}");
    };
    check(1.0, 0);
    check(0.5, 1 << 55);
    check(0.25, 3 << 54);
    check(0.0, 1 << 56);
    check(-1.0, 1 << 56);
    check(7.0, 0);
    check(f64::NAN, 1 << 56);
}

#[test]
fn of_a_believed_parent_the_word_counts_and_of_all_others_chance() {
    for (share, word) in [(0.0, true), (1.0, false), (0.0, false), (1.0, true)] {
        let (traces, _ended) = traces(share, 1);
        let begun = traces.begin(Some(parent(word)));
        assert_eq!((begun.open.is_some(), begun.outgoing.is_sampled), (word, word));
        assert_eq!(begun.outgoing.trace, parent(word).trace);
        assert_ne!(begun.outgoing.span, parent(word).span);
        let alone = traces.begin(None);
        assert_eq!((alone.open.is_some(), alone.outgoing.is_sampled), (share == 1.0, share == 1.0));
        assert_ne!(alone.outgoing.trace, traces.begin(None).outgoing.trace);
    }
}

#[test]
fn a_request_that_is_not_recorded_costs_no_memory() {
    let (traces, _ended) = traces(0.0, 1);
    // Whatever is made once for a thread is there then.
    traces.begin(None);
    let allocations = allocation_counter::measure(|| drop(traces.begin(None))).count_total;
    assert_eq!(allocations, 0);
}

#[test]
fn a_trace_is_written_as_the_protocol_has_it() {
    let (traces, _ended) = traces(0.0, 1);
    let open = traces.begin(Some(parent(true))).open.unwrap();
    open.came_by(Scheme::Https);
    open.decided(CategorySet::EMPTY.with(Category::Functional));
    open.withheld(Direction::Request, 2);
    open.withheld(Direction::Request, 1);
    open.asks(ServerName::configured("10.0.0.7", 8080, "http"));
    open.heard(Err("connect"));
    open.appends();
    open.appended(false);
    let line = line("/order/10077?email=petr@mail.kz");
    let ended = open.ended(&line, Duration::from_micros(2500));
    let body = encode::request(("front", "7"), &[ended]);
    let written: Value = serde_json::from_slice(&body).unwrap();
    let resource = &written["resourceSpans"][0];
    assert_eq!(
        resource["resource"]["attributes"][0],
        json!({ "key": "service.name", "value": { "stringValue": "front" } })
    );
    let [server, client, append] = &resource["scopeSpans"][0]["spans"].as_array().unwrap()[..] else {
        panic!("{written}")
    };
    assert_eq!(server["traceId"], "ab".repeat(16));
    assert_eq!(server["parentSpanId"], "cd".repeat(8));
    assert_eq!((&client["parentSpanId"], &append["parentSpanId"]), (&server["spanId"], &server["spanId"]));
    assert_eq!((&server["kind"], &client["kind"], &append["kind"]), (&json!(2), &json!(3), &json!(1)));
    assert_eq!((&server["flags"], &client["flags"]), (&json!(0x301), &json!(0x101)));
    assert_eq!(server["startTimeUnixNano"], "1795341600007000000");
    assert_eq!(server["endTimeUnixNano"], "1795341600009500000");
    let reference = line.reference.unwrap().to_string();
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let number = |key: &str, value: &str| json!({ "key": key, "value": { "intValue": value } });
    let functional = json!({ "arrayValue": { "values": [{ "stringValue": "functional" }] } });
    assert_eq!(
        server["attributes"],
        json!([
            text("http.request.method", "GET"),
            text("url.path", "/order/*"),
            text("server.address", "shop.example"),
            text("network.protocol.version", "2"),
            number("http.response.body.size", "5120"),
            text("kelisim.outcome", "failed"),
            text("url.scheme", "https"),
            number("http.response.status_code", "502"),
            text("kelisim.reason", "connect"),
            { "key": "kelisim.allowed", "value": functional },
            text("kelisim.reference", &reference),
            number("kelisim.cookies.withheld.request", "3"),
            text("error.type", "connect"),
        ])
    );
    assert_eq!(
        client["attributes"],
        json!([
            text("http.request.method", "GET"),
            text("url.scheme", "http"),
            number("server.port", "8080"),
            text("server.address", "10.0.0.7"),
            text("error.type", "connect"),
        ])
    );
    assert_eq!(append["attributes"], json!([text("error.type", "not_recorded")]));
    assert!([server, client, append].iter().all(|span| span["status"] == json!({ "code": 2 })));
    // Neither where it came from nor by which browser, though a line of the access log may say both.
    let body = String::from_utf8(body).unwrap();
    assert!(["203.0.113", "KZ", "firefox", "petr", "10077"].iter().all(|person| !body.contains(person)), "{body}");
}

#[test]
fn a_client_that_left_leaves_a_question_without_an_answer() {
    let (traces, _ended) = traces(1.0, 1);
    let open = traces.begin(None).open.unwrap();
    open.asks(ServerName::configured("site", 80, "http"));
    open.appends();
    let line = AccessLine { status: None, outcome: Outcome::Left, reference: None, ..line("/") };
    let ended = open.ended(&line, Duration::from_millis(5));
    let [server, client, append] = &ended.spans[..] else { panic!("{ended:?}") };
    assert_eq!((server.is_error, client.is_error, append.is_error), (false, true, false));
    assert!(client.attributes.contains(&("error.type", span::Value::Word("cancelled"))));
    assert_eq!((client.ended, append.ended), (Duration::from_millis(5), Duration::from_millis(5)));
}

#[test]
fn what_finds_no_room_is_lost_and_counted_and_nobody_waits() {
    let (traces, ended) = traces(1.0, 1);
    let end = || traces.begin(None).open.unwrap().end(&line("/"), &traces);
    end();
    assert!(!traces.0.metrics.render().contains("kelisim_trace_spans_lost_total"));
    end();
    drop(ended);
    end();
    let counted = traces.0.metrics.render();
    assert!(counted.contains("kelisim_trace_spans_lost_total{reason=\"queue\"} 2"), "{counted}");
}
