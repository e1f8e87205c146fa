//! What every request of a visitor with a choice costs: the record's signature and the decision.

#[path = "support/consent.rs"]
mod consent;

use std::hint::black_box;

use consent::{record, settings};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::{HeaderMap, Method};
use kelisim::{
    consent::{Binding, Evidence, Record, RecordKeys, decide},
    cookies::{Found, find},
    timestamp::Timestamp,
    visitor::{AgentFamily, Fetch, Language, Signals},
};

const NOW: &str = "2026-11-22T10:00:00Z";

fn verification(criterion: &mut Criterion) {
    let binding = Binding { cookie_name: "__Host-kelisim", site: "shop.example", log_origin: "0123456789abcdef" };
    let keys = RecordKeys::new(&[[1; 32]]).expect("one key");
    let value = record().sign(&keys, &binding);
    let mut headers = HeaderMap::new();
    let others = "_ga=GA1.2.1234567890.1234567890; PHPSESSID=0123456789abcdef0123456789abcdef; language=ru";
    headers.insert("cookie", format!("{others}; __Host-kelisim={value}").parse().expect("a header value"));
    let mut group = criterion.benchmark_group("record");
    group.throughput(Throughput::Elements(1));
    group.bench_function("find_and_verify", |bencher| {
        bencher.iter(|| {
            let Found::Once(value) = find(black_box(&headers), "__Host-kelisim") else { return None };
            Record::verify(value, &keys, &binding)
        });
    });
    group.bench_function("verify_forged", |bencher| {
        let forged = format!("A{}", &value[1..]);
        bencher.iter(|| Record::verify(black_box(forged.as_bytes()), &keys, &binding));
    });
    group.finish();
}

fn decision(criterion: &mut Criterion) {
    let (settings, now) = (settings(), Timestamp::parse(NOW).expect("a moment"));
    let evidence = |record| Evidence {
        record,
        shown: None,
        method: Method::GET,
        fetch: Fetch::ABSENT,
        signals: Signals::default(),
        country: None,
        agent: Some(AgentFamily::Firefox),
    };
    let mut group = criterion.benchmark_group("decision");
    group.throughput(Throughput::Elements(1));
    group.bench_function("answered", |bencher| {
        bencher.iter(|| decide(&settings, evidence(Some(black_box(record()))), now));
    });
    group.bench_function("unanswered", |bencher| bencher.iter(|| decide(&settings, evidence(black_box(None)), now)));
    group.bench_function("consent_header", |bencher| {
        let decision = decide(&settings, evidence(Some(record())), now);
        bencher.iter(|| black_box(&decision).consent_header(settings.offer));
    });
    group.bench_function("language", |bencher| {
        bencher.iter(|| Language::negotiate(black_box(Some("kk-KZ,kk;q=0.9,ru;q=0.8,en;q=0.7")), &Language::ALL));
    });
    group.finish();
}

criterion_group!(benches, verification, decision);
criterion_main!(benches);
