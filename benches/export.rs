//! How many records a second leave the log, in each form.

use std::{hint::black_box, io};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kelisim::{
    clock::Clock,
    consent::{Category, CategorySet, ConsentId, EditionId},
    export::{BundleOptions, Rows, write_bundle, write_rows},
    ledger::{Event, EventKind, Method, NoticeId, RecordId, Retention, document_hash},
    store::{Settings, Store},
    timestamp::{Term, Timestamp},
    visitor::{AgentFamily, Language, Signals},
};

/// How many events the log holds.
const EVENTS: u32 = 20_000;
/// How many are written at once.
const GROUP: u32 = 500;
/// How long records are kept.
const RETENTION: Retention = Retention { choices: Term { months: 36, days: 0 }, frames: Term { months: 36, days: 0 } };
/// A notice with nothing in it.
const NOTICE: &str = "{}";

fn export(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder for the log");
    let settings = Settings { state_dir: folder.path().join("state"), host: "shop.example".into() };
    fill(&Store::open(&settings, Clock::system()).expect("a new log"));
    // The log signs what is new when it is opened.
    drop(Store::open(&settings, Clock::system()).expect("the log"));
    let store = Store::open(&settings, Clock::system()).expect("the log");
    let reader = store.reader().expect("the log");
    let period = (Timestamp::default(), Timestamp::from_milliseconds(i64::MAX));
    let mut group = criterion.benchmark_group("export");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(EVENTS)));
    for rows in [Rows::Csv, Rows::Jsonl, Rows::JsonLd] {
        group.bench_function(rows.name(), |bench| {
            bench.iter(|| {
                write_rows(&reader, rows, period, RETENTION, &mut io::sink(), &mut |_| {}).expect("an export")
            });
        });
    }
    let options = BundleOptions {
        from: None,
        to: None,
        created: Clock::system().now(),
        key: store.key().clone(),
        witnesses: Vec::new(),
    };
    group.bench_function("bundle", |bench| {
        bench.iter_batched(
            || options.clone(),
            |options| black_box(write_bundle(&reader, &options, io::sink(), &mut |_| {}).expect("a bundle")),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn fill(store: &Store) {
    let sample = event(0);
    store.keep_notice(sample.notice, sample.language, &sample.edition, NOTICE).expect("a notice");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for start in (0..EVENTS).step_by(GROUP as usize) {
        runtime.block_on(async {
            let mut writing = tokio::task::JoinSet::new();
            for number in start..start + GROUP {
                let store = store.clone();
                writing.spawn(async move { store.append(event(number)).await.expect("an event") });
            }
            while writing.join_next().await.is_some() {}
        });
    }
}

fn event(number: u32) -> Event {
    let mut name = [0x5a; 16];
    name[..4].copy_from_slice(&number.to_be_bytes());
    let offered = CategorySet::EMPTY.with(Category::Functional).with(Category::Analytical);
    let (validity, time) = (Term { months: 6, days: 0 }, Timestamp::from_seconds(1_795_305_600));
    Event {
        id: RecordId::from_random(name),
        consent_id: ConsentId::from_bytes(name),
        site: "shop.example".into(),
        kind: EventKind::Expressed,
        time,
        validity,
        valid_until: validity.after(time),
        method: Method::BannerForm,
        offered,
        allowed: offered,
        edition: EditionId::parse("2026-01").expect("a name"),
        notice: NoticeId(document_hash(NOTICE)),
        language: Language::Ru,
        page: None,
        agent: AgentFamily::Firefox,
        signals: Signals { global_privacy_control: false, do_not_track: false },
        ends: None,
        frame: None,
    }
}

criterion_group!(benches, export);
criterion_main!(benches);
