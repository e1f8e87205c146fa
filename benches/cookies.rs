//! The cookie filters on the hot path: what one request and one response cost.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use kelisim::consent::CategorySet;
use kelisim::cookies::{CATALOGUE, Catalogue, Permit, Unknown, filter_request, filter_response, parse_catalogue};

const REFUSED: [&str; 7] = ["_ga", "_ga_9XQ2J1", "_gid", "_ym_uid", "_ym_d", "_fbp", "nobody-knows"];
const ALLOWED: [&str; 5] = ["PHPSESSID", "csrftoken", "__cf_bm", "cf_clearance", "XSRF-TOKEN"];

/// Pairs of about `bytes` together, `refused` of them of refused names, the two kinds mixed.
fn pairs(count: usize, refused: usize, bytes: usize) -> Vec<String> {
    let pair = |index: usize| {
        let bad = index * refused / count != (index + 1) * refused / count;
        let name = if bad { REFUSED[index % REFUSED.len()] } else { ALLOWED[index % ALLOWED.len()] };
        let value = (bytes / count).saturating_sub(name.len() + 3);
        format!("{name}={}", "GA1.2.1234567890".chars().cycle().take(value).collect::<String>())
    };
    (0..count).map(pair).collect()
}

fn headers(name: &HeaderName, lines: &[String]) -> HeaderMap {
    let values = lines.iter().map(|line| HeaderValue::try_from(line).expect("made of printable ASCII"));
    values.fold(HeaderMap::new(), |mut map, value| {
        map.append(name, value);
        map
    })
}

fn filters(criterion: &mut Criterion) {
    let rules = parse_catalogue(CATALOGUE).expect("the shipped catalogue has no fault");
    let catalogue = Catalogue::new(rules, Vec::new());
    let permit = Permit { allowed: CategorySet::EMPTY, unknown: Unknown::Refused };
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
            let run = |mut map: HeaderMap| (filter_request(black_box(&mut map), &catalogue, permit), map);
            bencher.iter_batched(|| map.clone(), run, BatchSize::SmallInput);
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("response");
    for (name, pairs) in &loads {
        let lines: Vec<String> = pairs.iter().map(|pair| format!("{pair}; Path=/; Secure; SameSite=Lax")).collect();
        let map = headers(&SET_COOKIE, &lines);
        group.throughput(Throughput::Bytes(lines.iter().map(|line| line.len() as u64).sum()));
        group.bench_function(*name, |bencher| {
            let run = |mut map: HeaderMap| (filter_response(black_box(&mut map), &catalogue, permit), map);
            bencher.iter_batched(|| map.clone(), run, BatchSize::SmallInput);
        });
    }
    group.finish();
}

criterion_group!(benches, filters);
criterion_main!(benches);
