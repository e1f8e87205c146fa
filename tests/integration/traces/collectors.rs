//! Collectors: busy, refusing, gone, endless and silent ones, one behind TLS; the stop, and another configuration.

use std::{fs, io::Write as _};

use super::{counted, lost, site, told, tracing};
use crate::harness::{Answering, Collector, Gateway, Wire, answer, ok};

#[test]
fn a_collector_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    let site = site();
    let busy = Collector::answering(|number| match number {
        0 => Answering::Bytes(answer("503 Service Unavailable", &[("retry-after", "1")], "")),
        1 => Answering::Last(answer("429 Too Many Requests", &[], "")),
        _ => {
            Answering::Bytes(ok("application/json", r#"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no"}}"#))
        }
    });
    let gateway = tracing(&site, &busy, "sampled = 1").start();
    gateway.plain_browser().open("/");
    assert_eq!(lost(&gateway, "rejected"), 1);
    assert_eq!((counted(&gateway, "kelisim_trace_spans_sent_total"), busy.requests()), (1, 3));
    let bodies = busy.spans();
    assert!(bodies.chunks(2).all(|spans| spans[0].id == bodies[0].id && spans[1].id == bodies[1].id), "{bodies:?}");
    let refusing = Collector::answering(|_| Answering::Bytes(answer("400 Bad Request", &[], "no")));
    let gateway = tracing(&site, &refusing, "sampled = 1").start();
    gateway.plain_browser().open("/");
    assert_eq!((lost(&gateway, "status"), refusing.requests()), (2, 1));
}

#[test]
fn a_collector_that_is_not_there_or_talks_without_end_costs_spans_and_nothing_else() {
    let site = site();
    let gone = Collector::start();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("endpoint = \"http://{}/v1/traces\"", listener.local_addr().unwrap());
    drop(listener);
    let nobody = Gateway::with(&site).tables(&format!("[traces]\n{endpoint}\nsampled = 1")).start();
    assert_eq!(nobody.plain_browser().open("/").status, 200);
    let endless_body = Collector::answering(|_| {
        Answering::Stream(Box::new(|mut stream| {
            _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            let chunk = [b"1000\r\n".as_slice(), &[b'x'; 0x1000], b"\r\n"].concat();
            while stream.write_all(&chunk).is_ok() {}
        }))
    });
    let gateway = tracing(&site, &endless_body, "sampled = 1").start();
    gateway.plain_browser().open("/");
    // Its status says that it took them.
    assert_eq!(counted(&gateway, "kelisim_trace_spans_sent_total"), 2);
    gateway.plain_browser().open("/");
    let endless_head = Collector::answering(|_| {
        Answering::Stream(Box::new(|mut stream| {
            _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            while stream.write_all(b"x-more: and more\r\n").is_ok() {}
        }))
    });
    let gateway = tracing(&site, &endless_head, "sampled = 1").start();
    gateway.plain_browser().open("/");
    let silent = Collector::answering(|_| {
        Answering::Stream(Box::new(|stream| _ = std::io::Read::read(&mut &stream, &mut [0; 1])))
    });
    let waiting = tracing(&site, &silent, "sampled = 1").start();
    for _ in 0..50 {
        assert_eq!(waiting.plain_browser().open("/").status, 200);
    }
    // Nobody waits for it at the stop either, for longer than there is to finish.
    drop(waiting);
    for gateway in [&nobody, &gateway] {
        assert_eq!(lost(gateway, "unreachable"), 2);
        assert_eq!(gateway.plain_browser().open("/").status, 200);
    }
    assert_eq!(gone.requests(), 0);
}

#[test]
fn what_waits_at_the_stop_is_sent() {
    let (site, collector) = (site(), Collector::start());
    let gateway = tracing(&site, &collector, "sampled = 1").start();
    let mut wire = Wire::of(&gateway.plain_browser());
    for _ in 0..300 {
        assert_eq!(wire.ask("GET", "/", &[]).status, 200);
    }
    drop(wire);
    drop(gateway);
    assert_eq!(collector.spans().len(), 600);
    assert!(collector.requests() >= 2, "a batch has a bound");
}

#[test]
fn a_reload_changes_the_share_and_the_collector_and_begins_and_ends_tracing() {
    let (site, first, second) = (site(), Collector::start(), Collector::start());
    let gateway = tracing(&site, &first, "sampled = 0").start();
    let file = gateway.path().join("kelisim.toml");
    let reload = |change: &dyn Fn(String) -> String| {
        fs::write(&file, change(fs::read_to_string(&file).unwrap())).unwrap();
        assert!(gateway.running().reload().unwrap().is_new);
    };
    gateway.plain_browser().open("/");
    assert!(!told(&site).2);
    reload(&|text| text.replace("sampled = 0", "sampled = 1"));
    gateway.plain_browser().open("/");
    assert!(told(&site).2);
    first.spans_of(2);
    reload(&|text| text.replace(&first.endpoint("127.0.0.1"), &second.endpoint("127.0.0.1")));
    gateway.plain_browser().open("/");
    second.spans_of(2);
    let mut table = String::new();
    reload(&|text| text.split_once("[traces]").unwrap().0.to_owned());
    gateway.plain_browser().open("/");
    assert_eq!(site.last().header("traceparent"), None);
    table.push_str(&format!("[traces]\n{}\nsampled = 1\n", first.endpoint("127.0.0.1")));
    reload(&|text| text + &table);
    gateway.plain_browser().open("/");
    first.spans_of(4);
    assert_eq!(second.spans().len(), 2);
}

#[test]
fn a_collector_that_wants_to_know_who_sends_is_told_by_what_the_file_says_now() {
    let (site, folder) = (site(), tempfile::tempdir().unwrap());
    let file = folder.path().join("collector.header");
    fs::write(&file, "authorization: Bearer first\n").unwrap();
    let collector = Collector::start();
    let gateway = tracing(&site, &collector, &format!("sampled = 1\nheader_file = {:?}", file.display().to_string()));
    let gateway = gateway.start();
    gateway.plain_browser().open("/");
    collector.spans_of(2);
    fs::write(&file, "authorization: Bearer second\n").unwrap();
    gateway.plain_browser().open("/");
    collector.spans_of(4);
    assert_eq!(collector.headers("authorization"), ["Bearer first", "Bearer second"]);
}

#[test]
fn over_tls_the_collector_is_known_by_its_name_and_its_authority() {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    let collector = Collector::over_tls("localhost", &authority);
    let trust = format!("certificate_authority = {:?}", authority.display().to_string());
    let gateway = |host: &str, lines: &str| {
        let table = format!("[traces]\n{}\nsampled = 1\n{lines}", collector.endpoint(host));
        let gateway = Gateway::with(&site).tables(&table).start();
        gateway.plain_browser().open("/");
        gateway
    };
    let right = gateway("localhost", &trust);
    assert_eq!(collector.spans_of(2).len(), 2);
    assert_eq!(counted(&right, "kelisim_trace_spans_sent_total"), 2);
    // By another name, or by nobody's word.
    let wrong = [gateway("127.0.0.1", &trust), gateway("localhost", "")];
    for wrong in &wrong {
        assert_eq!(lost(wrong, "unreachable"), 2);
    }
    assert_eq!(collector.spans().len(), 2);
}
