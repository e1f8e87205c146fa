//! What counting costs: the rules that read a request, one view through the counting, and a million views of 200,000 visitors on 5,000 pages
//! with their figures beside an exact count.
//!
//! `KELISIM_BENCH_VIEWS` asks for another number of views, `KELISIM_BENCH_DAYS` for another number of days of the year.

#![allow(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::{
    collections::{HashMap, HashSet},
    fs,
    hint::black_box,
    time::Instant,
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::tz::TimeZone;
use kelisim::{
    consent::{ConsentId, Country},
    statistics::{
        Agent, Arrival, Calendar, ConsentState, Counted, CountedPath, Counting, Dimension, LanguageTag, Robots, Table,
        Totals, View, ViewKind,
    },
    store::statistics::{Statistics, StatisticsReader, statistics_path},
    timestamp::Timestamp,
    visitor::{Fetch, FetchSite, Scheme},
};

const VISITORS: u64 = 200_000;
const PATHS: u64 = 5_000;
const SITE: &str = "shop.example";
const AGENT: &str = "Mozilla/5.0 (Linux; Android 16; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36";
const COUNTRIES: [&str; 8] = ["KZ", "RU", "UZ", "KG", "DE", "US", "TR", "CN"];
const REFERRERS: [&str; 5] =
    ["https://www.google.kz/", "https://yandex.kz/", "https://2gis.kz/astana", "https://t.me/", "https://example.org/"];

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }

    /// A page: a few are read by many.
    fn path(&mut self) -> u64 {
        let of = PATHS >> self.below(8);
        self.below(of.max(1))
    }
}

fn calendar() -> Calendar {
    Calendar::new(TimeZone::get("Asia/Almaty").expect("a time zone"))
}

fn key() -> [u8; 32] {
    [7; 32]
}

fn view(numbers: &mut Numbers, visitor: u64, path: u64, accepted: bool, time: Timestamp) -> Counted {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&visitor.to_be_bytes());
    let from = REFERRERS[usize::try_from(visitor).expect("small") % REFERRERS.len()];
    Counted::View(Box::new(View {
        site: 0,
        time,
        kind: ViewKind::Page,
        path: CountedPath::new(&format!("/section/page-{path}")),
        arrival: (numbers.below(3) == 0).then(|| Arrival::read(None, Some(from), |_| false)),
        country: Country::parse(COUNTRIES[usize::try_from(visitor).expect("small") % COUNTRIES.len()]),
        language: LanguageTag::first_of("ru"),
        agent: Agent::read(Some(AGENT)),
        consent: if accepted { ConsentState::Accepted } else { ConsentState::Unanswered },
        visitor: accepted.then_some(ConsentId::from_bytes(id)),
        after_answer: false,
        banner: None,
        waited: 20,
    }))
}

fn pieces(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("request");
    group.throughput(Throughput::Elements(1));
    group.bench_function("agent", |bencher| bencher.iter(|| Agent::read(black_box(Some(AGENT)))));
    let robots = Robots::default();
    let fetch = Fetch { site: FetchSite::None, ..Fetch::ABSENT };
    group.bench_function("robots_built_in", |bencher| {
        bencher.iter(|| robots.find(black_box(Some(AGENT)), true, fetch, Scheme::Https).is_none());
    });
    group.bench_function("path", |bencher| {
        bencher.iter(|| CountedPath::new(black_box("/services/trademarks/register")))
    });
    group.bench_function("arrival", |bencher| {
        bencher
            .iter(|| Arrival::read(black_box(Some("utm_source=ig&id=7")), Some("https://www.google.kz/"), |_| false));
    });
    group.finish();

    let mut group = criterion.benchmark_group("count");
    group.throughput(Throughput::Elements(1));
    for (name, accepted) in [("everybody", false), ("accepted", true)] {
        let begun = Timestamp::parse("2026-11-29T05:00:00Z").expect("a moment");
        let mut counting = Counting::new(calendar(), 1, key, begun);
        let mut numbers = Numbers(1);
        let views: Vec<_> = (0..10_000)
            .map(|_| {
                let (visitor, path) = (numbers.below(VISITORS), numbers.path());
                view(&mut numbers, visitor, path, accepted, begun)
            })
            .collect();
        let mut at = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                at = (at + 1) % views.len();
                counting.count(views[at].clone());
            });
        });
    }
    group.finish();
}

fn asked(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Memory of this process now, in MiB.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or_default() / 1024
}

fn size(folder: &tempfile::TempDir) -> f64 {
    fs::metadata(statistics_path(folder.path())).map_or(0.0, |file| file.len() as f64 / (1 << 20) as f64)
}

fn load(_: &mut Criterion) {
    let views = asked("KELISIM_BENCH_VIEWS", 1_000_000);
    let folder = tempfile::tempdir().expect("a folder");
    let mut statistics = Statistics::open(folder.path(), &[SITE.into()]).expect("the file opens");
    let begun = Timestamp::parse("2026-11-28T19:00:01Z").expect("a moment");
    let mut counting = Counting::new(calendar(), 1, key, begun);
    let (day, _) = calendar().place(begun);
    let mut numbers = Numbers(42);
    let before = memory();
    let (mut visitors, mut of_page) = (HashSet::new(), HashMap::<u64, HashSet<u64>>::new());
    let (mut counting_time, mut writing_time, mut most) = (0.0, 0.0, 0);
    for number in 0..views {
        // A day of 86,000 seconds.
        let time = Timestamp::from_milliseconds(
            begun.milliseconds() + i64::try_from(number * 86_000_000 / views).expect("a day"),
        );
        let (visitor, path) = (numbers.below(VISITORS), numbers.path());
        // Two of five have accepted.
        let accepted = visitor % 5 < 2;
        let view = view(&mut numbers, visitor, path, accepted, time);
        if accepted {
            visitors.insert(visitor);
            of_page.entry(path).or_default().insert(visitor);
        }
        let started = Instant::now();
        counting.count(view);
        counting_time += started.elapsed().as_secs_f64();
        if number % (views / 1000).max(1) == 0 {
            let started = Instant::now();
            counting.advance(time);
            statistics.add(&counting.take(), day).expect("sums are written");
            writing_time += started.elapsed().as_secs_f64();
            most = most.max(memory());
        }
    }
    statistics.add(&counting.take(), day).expect("sums are written");
    let reader = StatisticsReader::open(folder.path()).expect("the file opens");
    let totals: Totals = reader.hours(SITE, day, day).expect("totals").into_iter().map(|(.., totals)| totals).sum();
    let error = |estimate: i64, exact: usize| 100.0 * (estimate as f64 / exact as f64 - 1.0);
    println!("load: {views} views, {VISITORS} visitors, {PATHS} pages");
    println!("  views {} (exact {views}), entries {}, visits {}", totals.views, totals.entries, totals.visits);
    println!(
        "  visitor-days {} (exact {}): {:+.2} %",
        totals.visitors,
        visitors.len(),
        error(totals.visitors, visitors.len())
    );
    let rows = reader.rows(SITE, Table::of(Dimension::Page), day, day).expect("pages");
    let mut errors: Vec<f64> = rows
        .iter()
        .filter_map(|(key, figures)| {
            let exact = of_page.get(&key.first.rsplit('-').next()?.parse().ok()?)?.len();
            (exact > 256).then(|| error(figures.visitors, exact).abs())
        })
        .collect();
    errors.sort_by(f64::total_cmp);
    let mean = (errors.iter().map(|error| error * error).sum::<f64>() / errors.len().max(1) as f64).sqrt();
    println!(
        "  visitors of {} pages with more than 256: error {mean:.2} % (root of the mean square), most {:.2} %",
        errors.len(),
        errors.last().copied().unwrap_or_default()
    );
    let exact = rows.iter().filter(|(key, figures)| {
        let number = key.first.rsplit('-').next().and_then(|text| text.parse().ok());
        number
            .and_then(|number| of_page.get(&number))
            .is_some_and(|seen| seen.len() <= 256 && figures.visitors == seen.len() as i64)
    });
    println!("  visitors of {} of the other pages are exact", exact.count());
    println!(
        "  {:.2} µs a view; {:.1} s for 1,000 writings, {:.1} ms each",
        counting_time * 1e6 / views as f64,
        writing_time,
        writing_time
    );
    println!("  memory {before} MiB before, {most} MiB at most (the exact count beside it included)");
    while statistics.cut(day.plus(1)).expect("days are cut") {}
    drop(reader);
    drop(statistics);
    println!("  {:.1} MiB on the disk for the day", size(&folder));
    year();
}

/// A year of a site with 3,000 views a day on 300 pages.
fn year() {
    let days = i32::try_from(asked("KELISIM_BENCH_DAYS", 365)).expect("a number of days");
    let folder = tempfile::tempdir().expect("a folder");
    let mut statistics = Statistics::open(folder.path(), &[SITE.into()]).expect("the file opens");
    let begun = Timestamp::parse("2025-12-01T00:00:00Z").expect("a moment");
    let mut counting = Counting::new(calendar(), 1, key, begun);
    let mut numbers = Numbers(7);
    let mut today = calendar().place(begun).0;
    let first = today;
    for minute in 0..i64::from(days) * 24 * 30 {
        let time = Timestamp::from_seconds(begun.seconds() + 120 * minute);
        for _ in 0..4 {
            let (visitor, path) = (numbers.below(VISITORS), numbers.path() % 300);
            counting.count(view(&mut numbers, visitor, path, visitor % 5 < 2, time));
        }
        // Six times a day: what is written is the same.
        if minute % 120 == 0 {
            counting.advance(time);
            today = calendar().place(time).0;
            statistics.add(&counting.take(), today).expect("sums are written");
        }
    }
    while statistics.cut(today).expect("days are cut") {}
    let reader = StatisticsReader::open(folder.path()).expect("the file opens");
    let started = Instant::now();
    for dimension in Dimension::ALL {
        black_box(reader.rows(SITE, Table::of(dimension), first, today).expect("a table"));
    }
    let tables = started.elapsed().as_secs_f64();
    drop((reader, statistics));
    println!("year: {days} days of 2,880 views on 300 pages");
    println!("  {:.1} MiB on the disk; all tables of the whole time are read in {:.0} ms", size(&folder), tables * 1e3);
}

criterion_group!(benches, pieces, load);
criterion_main!(benches);
