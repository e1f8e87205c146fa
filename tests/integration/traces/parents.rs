//! Whose word about a trace is believed, and what the site is told of it.

use super::{PARENT, TRACE, site, told, tracing};
use crate::harness::{Collector, Gateway, Wire};

#[test]
fn a_stranger_neither_joins_a_trace_nor_says_what_is_recorded() {
    let (site, collector) = (site(), Collector::start());
    let lines = [format!("traceparent: 00-{TRACE}-{PARENT}-01"), "tracestate: vendor=petr".to_owned()];
    let lines = [&*lines[0], &*lines[1]];
    let proxies = "trusted_proxies = [\"127.0.0.0/8\"]";
    let none_recorded = [
        tracing(&site, &collector, "sampled = 0\ntrust_parents = true"),
        // A proxy that is believed in other things passes on what its visitors send, unless it is said that it does not.
        tracing(&site, &collector, "sampled = 0").server(proxies),
        tracing(&site, &collector, "sampled = 0\ntrust_parents = true").server("trusted_proxies = [\"10.0.0.0/8\"]"),
    ];
    for builder in none_recorded {
        let gateway = builder.start();
        Wire::of(&gateway.plain_browser()).ask("GET", "/", &lines);
        let (trace, span, is_sampled) = told(&site);
        assert!(trace != TRACE && span != PARENT && !is_sampled);
        assert_eq!(site.last().header("tracestate"), None);
    }
    assert_eq!(collector.requests(), 0);
    let gateway = tracing(&site, &collector, "sampled = 1").server(proxies).start();
    Wire::of(&gateway.plain_browser()).ask("GET", "/", &lines);
    let spans = collector.spans_of(2);
    assert!(spans.iter().all(|span| span.trace != TRACE) && spans[0].parent.is_none(), "{spans:?}");
    assert!(!collector.text().contains("petr"));
}

#[test]
fn a_proxy_that_is_trusted_in_this_has_its_trace_gone_on_with_and_says_whether_it_is_recorded() {
    let (site, collector) = (site(), Collector::start());
    let proxies = "trusted_proxies = [\"127.0.0.0/8\"]";
    let trusting =
        |sampled| tracing(&site, &collector, &format!("sampled = {sampled}\ntrust_parents = true")).server(proxies);
    let parent = |flags| format!("traceparent: 00-{TRACE}-{PARENT}-{flags}");
    let never = trusting("0.0").start();
    Wire::of(&never.plain_browser()).ask("GET", "/", &[&parent("01"), "tracestate: a=1", "tracestate: b=2"]);
    let (trace, span, is_sampled) = told(&site);
    assert!(trace == TRACE && span != PARENT && is_sampled);
    let states: Vec<_> =
        site.last().headers.into_iter().filter(|(name, _)| name == "tracestate").map(|(_, value)| value).collect();
    assert_eq!(states, ["a=1", "b=2"]);
    let [server, client] = &collector.spans_of(2)[..] else { unreachable!() };
    assert_eq!((&*server.trace, server.parent.as_deref(), server.flags), (TRACE, Some(PARENT), 0x301));
    assert_eq!((&*client.trace, &client.id, client.flags), (TRACE, &span, 0x101));
    let always = trusting("1").start();
    Wire::of(&always.plain_browser()).ask("GET", "/", &[&parent("00")]);
    let (trace, _, is_sampled) = told(&site);
    assert!(trace == TRACE && !is_sampled);
    // What is no parent is none: a trace begins, and what stands beside it does not pass.
    Wire::of(&always.plain_browser()).ask("GET", "/", &["traceparent: 00-petr", "tracestate: a=1"]);
    let (trace, _, is_sampled) = told(&site);
    assert!(trace != TRACE && is_sampled);
    assert_eq!(site.last().header("tracestate"), None);
    assert_eq!(collector.spans_of(4)[2].trace, trace);
}

#[test]
fn without_the_table_nothing_is_changed_and_with_it_unrecorded_requests_say_that_they_are() {
    let (site, collector) = (site(), Collector::start());
    let plain = Gateway::before(&site);
    let parent = format!("00-{TRACE}-{PARENT}-01");
    Wire::of(&plain.browser()).ask("GET", "/", &[&format!("traceparent: {parent}"), "tracestate: a=1"]);
    assert_eq!((site.last().header("traceparent"), site.last().header("tracestate")), (Some(&*parent), Some("a=1")));
    Wire::of(&plain.browser()).ask("GET", "/", &[]);
    assert_eq!(site.last().header("traceparent"), None);
    assert!(!plain.admin("/metrics").contains("kelisim_trace_spans_lost_total"));
    let unrecorded = tracing(&site, &collector, "sampled = 0").start();
    let mut traces = Vec::new();
    for _ in 0..20 {
        unrecorded.plain_browser().open("/");
        let (trace, _, is_sampled) = told(&site);
        assert!(!is_sampled && !traces.contains(&trace));
        traces.push(trace);
    }
    unrecorded.stopped(&site);
    assert_eq!(collector.requests(), 0);
}
