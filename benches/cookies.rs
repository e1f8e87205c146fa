//! The cookie filters on the hot path: what one request and one response cost, and the request filter beside bare searches of the same bytes.

#![allow(clippy::print_stdout, reason = "a bench prints what it measured")]

#[path = "support/cookies.rs"]
mod cookies;

use std::{hint::black_box, time::Instant};

use cookies::{NECESSARY, catalogue, headers, pairs, set_lines};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};
use kelisim::cookies::{filter_request, filter_response};

fn filters(criterion: &mut Criterion) {
    let catalogue = catalogue();
    let loads = [
        ("12 cookies, 700 bytes, 7 refused", pairs(12, 7, 700)),
        ("40 cookies, 4 KB, 20 refused", pairs(40, 20, 4096)),
        ("12 cookies, 700 bytes, none refused", pairs(12, 0, 700)),
        ("40 cookies, 4 KB, none refused", pairs(40, 0, 4096)),
    ];
    let mut group = criterion.benchmark_group("request");
    for (name, pairs) in &loads {
        let map = headers(&COOKIE, &[pairs.join("; ")]);
        group.throughput(Throughput::Bytes(map[COOKIE].len() as u64));
        group.bench_function(*name, |bencher| {
            let run = |mut map: HeaderMap| (filter_request(black_box(&mut map), &catalogue, NECESSARY), map);
            bencher.iter_batched(|| map.clone(), run, BatchSize::SmallInput);
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("response");
    for (name, pairs) in &loads {
        let lines = set_lines(pairs);
        let map = headers(&SET_COOKIE, &lines);
        group.throughput(Throughput::Bytes(lines.iter().map(|line| line.len() as u64).sum()));
        group.bench_function(*name, |bencher| {
            let run = |mut map: HeaderMap| (filter_response(black_box(&mut map), &catalogue, NECESSARY), map);
            bencher.iter_batched(|| map.clone(), run, BatchSize::SmallInput);
        });
    }
    group.finish();
}

/// Nanoseconds of each of these, the least of many rounds in which they take turns.
fn in_turns<const N: usize>(mut works: [&mut dyn FnMut(); N]) -> [f64; N] {
    const ROUNDS: usize = 300;
    const RUNS: u32 = 1000;
    let mut least = [f64::MAX; N];
    for _ in 0..ROUNDS {
        for (work, least) in works.iter_mut().zip(&mut least) {
            let begun = Instant::now();
            (0..RUNS).for_each(|_| work());
            *least = least.min(begun.elapsed().as_secs_f64() * 1e9 / f64::from(RUNS));
        }
    }
    least
}

/// The request filter where nothing is refused, as a multiple of one pass of `memchr` over the header.
fn beside_memchr(_: &mut Criterion) {
    let catalogue = catalogue();
    let mut map = headers(&COOKIE, &[pairs(12, 0, 700).join("; ")]);
    let line = map[COOKIE].as_bytes().to_vec();
    let [pass, calls, filter] = in_turns([
        &mut || _ = black_box(memchr::memchr(b'\n', black_box(&line))),
        &mut || memchr::memchr_iter(b';', black_box(&line)).for_each(|at| _ = black_box(at)),
        &mut || drop(black_box(filter_request(black_box(&mut map), &catalogue, NECESSARY))),
    ]);
    println!("12 cookies, {} bytes, none refused, in turns:", line.len());
    println!("  one memchr pass {pass:.1} ns, memchr from `;` to `;` {calls:.1} ns, filter {filter:.1} ns");
    println!("  the filter is {:.1} x one pass, {:.1} x the search for `;`", filter / pass, filter / calls);
}

criterion_group!(benches, beside_memchr, filters);
criterion_main!(benches);
