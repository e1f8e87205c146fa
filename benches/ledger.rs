//! What the consent log costs: durable appends beside SQLite writing the same rows in groups without tree, salts and checks, on the same
//! disk and in the same run; a start; a proof.
//!
//! The disk is that of the temporary directory (`TMPDIR`). A disk's speed changes from minute to minute, so the two take turns and what
//! is printed last is their ratio. Clients are tasks of one thread, as visitors are tasks of a core of the gateway; the writer has a thread
//! of its own on both sides.

mod support;

use std::{
    hint::black_box,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use kelisim::{
    clock::Clock,
    ledger::{Entry, Prover, Salt, canonical, leaf_hash},
    store::{Reader, Settings, Store},
};
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use support::{event, fill};

const CLIENTS: [usize; 3] = [1, 64, 256];
/// How long each side writes in one turn.
const TURN: Duration = Duration::from_millis(1500);
const TURNS: usize = 5;
/// How many events SQLite writes in one transaction at most, as the log does.
const GROUP: usize = 256;
/// Leaves of the log whose start and proofs are measured; `KELISIM_BENCH_LEAVES` asks for another number.
const LEAVES: usize = 100_000;

/// The rows that the log writes for an event, made before the clock runs.
struct Rows {
    id: [u8; 16],
    hash: [u8; 32],
    data: Vec<u8>,
    body: Vec<u8>,
}

fn rows(number: u64) -> Rows {
    let (event, salt) = (event(number), Salt([9; 32]));
    let body = canonical(&event);
    let data = Entry::consent(&salt, &body).leaf_data();
    Rows { id: *event.consent_id.as_bytes(), hash: leaf_hash(&data).0, data, body }
}

/// What somebody who waits for the disk is told by.
type Answer = oneshot::Sender<()>;

/// SQLite's own group commit: one thread takes what waits, writes it in one transaction, answers.
fn sqlite(clients: usize) -> Turn {
    let directory = tempfile::tempdir().expect("a directory");
    let mut connection = Connection::open(directory.path().join("log.sqlite")).expect("a database");
    let schema = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
        CREATE TABLE leaf (idx INTEGER PRIMARY KEY, kind TEXT NOT NULL, day INTEGER NOT NULL, hash BLOB NOT NULL, data BLOB NOT NULL) STRICT;
        CREATE TABLE record (idx INTEGER PRIMARY KEY, consent_id BLOB NOT NULL, site TEXT NOT NULL, time INTEGER NOT NULL,
            valid_until INTEGER NOT NULL, salt BLOB NOT NULL, body BLOB NOT NULL) STRICT;
        CREATE INDEX record_by_consent ON record (consent_id, site);
        CREATE INDEX record_by_end ON record (valid_until);";
    connection.execute_batch(schema).expect("a schema");
    let (work, waiting) = mpsc::channel::<(Rows, Answer)>();
    let writer = thread::spawn(move || {
        let mut next = 0_i64;
        while let Ok(first) = waiting.recv() {
            let group: Vec<_> = std::iter::once(first).chain(waiting.try_iter().take(GROUP - 1)).collect();
            let transaction = connection.transaction().expect("a transaction");
            for (row, _) in &group {
                let leaf = "INSERT INTO leaf VALUES (?1, 'consent', 20779, ?2, ?3)";
                let mut leaf = transaction.prepare_cached(leaf).expect("a statement");
                leaf.execute(params![next, row.hash, row.data]).expect("a row");
                let record = "INSERT INTO record VALUES (?1, ?2, 'rysbekova.kz', 1795341600000, 1810000000000, ?3, ?4)";
                let mut record = transaction.prepare_cached(record).expect("a statement");
                record.execute(params![next, row.id, [9_u8; 32], row.body]).expect("a row");
                next += 1;
            }
            transaction.commit().expect("a commit");
            group.into_iter().for_each(|(_, answer)| answer.send(()).expect("somebody waits"));
        }
    });
    let turn = take_turn(clients, async |number| {
        let (answer, answered) = oneshot::channel();
        work.send((rows(number), answer)).expect("a writer");
        answered.await.expect("an answer");
    });
    drop(work);
    writer.join().expect("the writer ends");
    turn
}

fn log(clients: usize) -> Turn {
    let directory = tempfile::tempdir().expect("a directory");
    let settings = Settings { state_dir: directory.path().join("state"), host: "shop.example".into() };
    let store = Store::open(&settings, Clock::system()).expect("a log");
    take_turn(clients, async |number| _ = store.append(event(number)).await.expect("an acknowledgement"))
}

/// What one side did in its turn.
#[derive(Clone, Copy)]
struct Turn {
    per_second: f64,
    /// Of the time that a client waits, in microseconds: half wait no longer, and 99 of 100.
    median: u128,
    slow: u128,
}

/// Lets as many clients append one event after another for a while.
fn take_turn(clients: usize, append: impl AsyncFn(u64)) -> Turn {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let started = Instant::now();
    let client = async |client: u64| {
        let (mut number, mut waits) = (client, Vec::new());
        while started.elapsed() < TURN {
            number += 1 << 20;
            let asked = Instant::now();
            append(number).await;
            waits.push(asked.elapsed().as_micros());
        }
        waits
    };
    let clients: FuturesUnordered<_> = (0..clients as u64).map(client).collect();
    let mut waits = runtime.block_on(clients.collect::<Vec<_>>()).concat();
    let per_second = waits.len() as f64 / started.elapsed().as_secs_f64();
    waits.sort_unstable();
    Turn { per_second, median: waits[waits.len() / 2], slow: waits[waits.len() * 99 / 100] }
}

fn middle<T: PartialOrd + Copy>(turns: &[Turn], figure: impl Fn(&Turn) -> T) -> T {
    let mut values: Vec<_> = turns.iter().map(figure).collect();
    values.sort_by(|one, other| one.partial_cmp(other).expect("figures are numbers"));
    values[values.len() / 2]
}

#[allow(clippy::print_stdout, reason = "a ratio is no measurement that the harness knows")]
fn appends(_: &mut Criterion) {
    for clients in CLIENTS {
        let turns: Vec<_> = (0..TURNS).map(|_| (sqlite(clients), log(clients))).collect();
        let ratios = turns.iter().map(|(sqlite, log)| Turn { per_second: log.per_second / sqlite.per_second, ..*log });
        let ratio = middle(&ratios.collect::<Vec<_>>(), |turn| turn.per_second);
        let told = |turns: &[Turn]| {
            let [median, slow] = [middle(turns, |turn| turn.median), middle(turns, |turn| turn.slow)];
            format!("{:.0}/s, median {median} µs, p99 {slow} µs", middle(turns, |turn| turn.per_second))
        };
        let (sqlite, log): (Vec<_>, Vec<_>) = turns.into_iter().unzip();
        println!("appends/{clients} clients: log {}; SQLite {}; ratio {ratio:.2}", told(&log), told(&sqlite));
    }
}

#[allow(clippy::print_stdout, reason = "one start is measured as a whole")]
fn start_and_proofs(criterion: &mut Criterion) {
    let asked = std::env::var("KELISIM_BENCH_LEAVES").ok().and_then(|number| number.parse().ok());
    let leaves = asked.unwrap_or(LEAVES);
    let directory = tempfile::tempdir().expect("a directory");
    let settings = Settings { state_dir: directory.path().join("state"), host: "shop.example".into() };
    fill(&Store::open(&settings, Clock::system()).expect("a log"), leaves as u64);
    let started = Instant::now();
    drop(Store::open(&settings, Clock::system()).expect("a log"));
    println!("start with {leaves} leaves, everything checked: {:.2} s", started.elapsed().as_secs_f64());
    let reader = Reader::open(&settings.state_dir).expect("a log");
    let size = reader.size().expect("a size");
    let mut group = criterion.benchmark_group("proof");
    group.throughput(Throughput::Elements(1));
    let mut index = 0;
    group.bench_function("inclusion", |bencher| {
        bencher.iter(|| {
            index = (index + 7919) % size;
            Prover::new(&reader, size).inclusion(black_box(index)).expect("a proof")
        });
    });
    group.bench_function("consistency", |bencher| {
        bencher.iter(|| {
            index = (index + 7919) % size;
            Prover::new(&reader, size).consistency(black_box(index)).expect("a proof")
        });
    });
    group.finish();
}

criterion_group!(benches, appends, start_and_proofs);
criterion_main!(benches);
