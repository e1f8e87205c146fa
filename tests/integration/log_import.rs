//! Logs of before the gateway: what a made log comes to, counted a second time by plain loops, and what of it is kept nowhere.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Output,
};

use flate2::{Compression, write::GzEncoder};
use kelisim::clock::Clock;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Countries, Gateway, Program, kelisim, shop};

const LINES: usize = 6000;
const DAYS: i64 = 5;
const DAY: i64 = 24 * 3600;
/// The zone of the log and of the statistics.
const ZONE: i64 = 5 * 3600;

/// What must be found nowhere.
const MARKED: [&str; 8] = [
    "203.0.113.77",
    "203.0.113.0",
    "2001:db8:a:b::77",
    "2001:db8:a::",
    "MarkedAgent",
    "marked-query",
    "anna.marked@mail.kz",
    "marked.path",
];

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0 MarkedAgent/77";
const PHONE: &str = "Mozilla/5.0 (Linux; Android 16; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36";

/// Address and country.
const ADDRESSES: [(&str, &str); 3] =
    [("203.0.113.77", "KZ"), ("2001:db8:a:b::77", "DE"), ("client-7.example.net", "unknown")];
/// Agent, and the robot's name.
const AGENTS: [(&str, Option<&str>); 5] = [
    (BROWSER, None),
    (PHONE, None),
    (BROWSER, None),
    ("Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", Some("YandexBot")),
    ("-", Some("unknown")),
];
/// Target, what it is, and how it is kept.
const TARGETS: [(&str, char, &str); 8] = [
    ("/", 'p', "/"),
    ("/services/?utm=marked-query", 'p', "/services/"),
    ("/news/2026/trade-marks.html", 'p', "/news/2026/trade-marks.html"),
    ("/unsubscribe/anna.marked@mail.kz?token=marked-query", 'p', "/unsubscribe/*"),
    ("/price.pdf", 'd', "/price.pdf"),
    ("/style.css?v=marked-query", 'a', ""),
    ("/logo.png", 'a', ""),
    ("/%D1%83%D1%81%D0%BB%D1%83%D0%B3%D0%B8", 'p', "/услуги"),
];
/// Referrer, and the source; nothing within the site.
const REFERRERS: [(&str, Option<&str>); 5] = [
    ("-", Some("direct")),
    ("https://www.google.kz/search?q=marked-query", Some("Google")),
    ("https://blog.partner.example/marked.path?marked-query", Some("partner.example")),
    ("https://shop.example/services/?marked-query", None),
    ("https://shop.example/", None),
];
const REQUESTS: [(&str, u16); 8] =
    [("GET", 200), ("GET", 200), ("GET", 200), ("GET", 304), ("GET", 404), ("POST", 200), ("GET", 301), ("GET", 206)];

/// A made log and what it should come to.
#[derive(Default)]
struct Made {
    lines: Vec<String>,
    numbers: BTreeMap<&'static str, i64>,
    views_by_day: BTreeMap<String, i64>,
    tables: BTreeMap<&'static str, BTreeMap<String, i64>>,
}

/// Numbers that are the same each time (Marsaglia's xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

/// The first moment of the log: forty days ago, at midnight in its zone.
fn begin() -> i64 {
    (Clock::system().now().seconds() + ZONE).div_euclid(DAY) * DAY - ZONE - 40 * DAY
}

fn moment(seconds: i64) -> String {
    let local = jiff::Timestamp::from_second(seconds + ZONE).unwrap();
    local.strftime("%d/%b/%Y:%H:%M:%S +0500").to_string()
}

fn date(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds + ZONE).unwrap().strftime("%Y-%m-%d").to_string()
}

fn made(seed: u64) -> Made {
    let mut chance = Chance(seed);
    let mut made = Made::default();
    for at in 0..LINES {
        let seconds = begin() + i64::try_from(at).unwrap() * DAYS * DAY / LINES as i64;
        let (address, country) = ADDRESSES[chance.below(ADDRESSES.len())];
        let (agent, robot) = AGENTS[chance.below(AGENTS.len())];
        let (target, what, kept) = TARGETS[chance.below(TARGETS.len())];
        let (referrer, source) = REFERRERS[chance.below(REFERRERS.len())];
        let (method, status) = REQUESTS[chance.below(REQUESTS.len())];
        let bytes = i64::try_from(chance.below(9000)).unwrap();
        made.lines.push(format!(
            "{address} - - [{}] \"{method} {target} HTTP/1.1\" {status} {bytes} \"{referrer}\" \"{agent}\"",
            moment(seconds)
        ));
        let mut add = |name: &'static str, number: i64| *made.numbers.entry(name).or_default() += number;
        add("requests", 1);
        add("bytes", bytes);
        let mut row = |table: &'static str, word: &str| {
            *made.tables.entry(table).or_default().entry(word.to_owned()).or_default() += 1;
        };
        let seen = match (method, status, what) {
            ("GET", 200 | 304, 'p') => "views",
            ("GET", 404, 'p') => "not_found",
            ("GET", 200, 'd') => "downloads",
            _ => continue,
        };
        if let Some(name) = robot {
            add("robots", 1);
            row("robot", name);
            continue;
        }
        add(seen, 1);
        match seen {
            "downloads" => row("download", kept),
            "not_found" => row("not_found", kept),
            _ => {
                row("page", kept);
                row("country", country);
                row("device", if agent == PHONE { "phone" } else { "desktop" });
                *made.views_by_day.entry(date(seconds)).or_default() += 1;
                if let Some(source) = source {
                    add("entries", 1);
                    row("entry", kept);
                    row("source", source);
                }
            }
        }
    }
    made
}

/// A folder with a site, a database of countries and a log in two files, the later one compressed.
fn folder(made: &Made) -> (TempDir, [PathBuf; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let database = Countries::new().with("203.0.113.0/24", "KZ").with("2001:db8::/32", "DE");
    fs::write(folder.path().join("country.mmdb"), database.bytes()).unwrap();
    let tables = "[geo]\ndatabase = \"country.mmdb\"\n[statistics]\ntime_zone = \"Asia/Almaty\"";
    let folder = Gateway::with(&shop()).tables(tables).within(folder).folder();
    let (old, new) = made.lines.split_at(made.lines.len() / 2);
    let [older, newer] = ["access.log.1.gz", "access.log"].map(|name| folder.path().join(name));
    fs::write(&newer, new.join("\n") + "\n").unwrap();
    let mut packed = GzEncoder::new(fs::File::create(&older).unwrap(), Compression::fast());
    packed.write_all((old.join("\r\n") + "\n").as_bytes()).unwrap();
    packed.finish().unwrap();
    (folder, [newer, older])
}

fn import(folder: &Path, arguments: &[&str], files: &[&Path]) -> Output {
    let files = files.iter().map(|path| path.to_str().unwrap());
    let words: Vec<_> = ["stats", "import"].into_iter().chain(arguments.iter().copied()).chain(files).collect();
    kelisim(folder, &words)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn report(folder: &Path) -> Value {
    let (from, to) = (date(begin()), date(begin() + 10 * DAY));
    let output = kelisim(folder, &["stats", "--json", "--compare", "none", "--from", &from, "--to", &to]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn check(report: &Value, made: &Made) {
    for (name, number) in &made.numbers {
        assert_eq!(report["totals"][name], *number, "{name}");
    }
    for name in ["visits", "visitors", "accepted_views", "unanswered_views", "lost"] {
        assert_eq!(report["totals"][name], 0, "{name}");
    }
    for (table, rows) in &made.tables {
        let table = &report["tables"][table];
        let found: BTreeMap<_, _> = table["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["word"].as_str().unwrap().to_owned(), row["views"].as_i64().unwrap()))
            .collect();
        assert_eq!((&found, &table["folded"]["rows"]), (rows, &Value::from(0)));
    }
    let points = report["points"].as_array().unwrap().iter();
    let days: BTreeMap<_, _> = points
        .map(|point| (point["day"].as_str().unwrap().to_owned(), point["views"].as_i64().unwrap()))
        .filter(|(_, views)| *views > 0)
        .collect();
    assert_eq!(days, made.views_by_day);
}

#[test]
fn a_log_comes_to_what_plain_loops_count_and_nothing_of_anybody_is_kept() {
    let made = made(0x2545_f491_4f6c_dd1d);
    assert!(made.lines.iter().any(|line| MARKED[..7].iter().filter(|mark| line.contains(**mark)).count() >= 3));
    let (folder, [newer, older]) = folder(&made);
    let nowhere = import(folder.path(), &[], &[&newer]);
    assert_eq!(nowhere.status.code(), Some(1), "{nowhere:?}");
    let state = folder.path().join("state");
    fs::create_dir(&state).unwrap();

    let tried = import(folder.path(), &["--dry-run"], &[&newer, &older]);
    assert_eq!(tried.status.code(), Some(0), "{tried:?}");
    let views = format!("{:<18}{:>14}\n", "pageviews", made.numbers["views"]);
    assert!(said(&tried).contains(&views) && said(&tried).contains("would be added to shop.example"), "{tried:?}");
    assert_eq!(fs::read_dir(&state).unwrap().count(), 0, "and nothing is left of it");

    let read = import(folder.path(), &[], &[&newer, &older]);
    assert_eq!(read.status.code(), Some(0), "{read:?}");
    let order: Vec<_> =
        ["access.log.1.gz: 3000 lines", "access.log: 3000 lines"].map(|text| said(&read).find(text)).into();
    assert!(order[0].is_some() && order[0] < order[1], "the earliest is read first: {read:?}");
    let shown = report(folder.path());
    check(&shown, &made);
    assert_eq!(shown["marks"].as_array().unwrap().len(), usize::try_from(DAYS).unwrap(), "{:#}", shown["marks"]);

    for (files, says) in [
        (vec![&*newer], "access.log: this log was read in before, on "),
        (vec![&*older, &*newer], "access.log.1.gz: this log was read in before, on "),
    ] {
        let again = import(folder.path(), &[], &files);
        assert_eq!(again.status.code(), Some(1), "{again:?}");
        assert!(said(&again).contains(says), "{again:?}");
    }
    check(&report(folder.path()), &made);
    for output in [&tried, &read] {
        assert!(MARKED.iter().all(|marked| !said(output).contains(marked)), "{output:?}");
    }
    let files = files(&state);
    assert!(files.iter().any(|file| file.ends_with("statistics.sqlite")), "{files:?}");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        for marked in MARKED {
            let holds = bytes.windows(marked.len()).any(|window| window == marked.as_bytes());
            assert!(!holds, "{} holds {marked}", file.display());
        }
    }
}

#[test]
fn a_running_gateway_adds_the_days_that_it_has_not_counted() {
    let made = made(7);
    let (folder, [newer, older]) = folder(&made);
    let today = folder.path().join("today.log");
    let now = Clock::system().now().seconds();
    let line = |seconds: i64| {
        format!("203.0.113.77 - - [{}] \"GET /late HTTP/1.1\" 200 7 \"-\" \"{PHONE}\"\n", moment(seconds))
    };
    fs::write(&today, line(begin() + 8 * DAY) + &line(now)).unwrap();
    let program = Program::run(folder);
    let refused = import(program.path(), &[], &[&newer, &older, &today]);
    let until = date(now - DAY);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(said(&refused).contains(&format!("leave them out with `--until {until}`")), "{refused:?}");
    assert_eq!(report(program.path())["totals"]["requests"], 0, "nothing of it was added");
    let read = import(program.path(), &["--until", &until], &[&newer, &older, &today]);
    assert_eq!(read.status.code(), Some(0), "{read:?}");
    assert!(
        said(&read).contains("today.log: 2 lines, ") && said(&read).contains(", 1 of later days left out"),
        "{read:?}"
    );
    let requests = |folder: &Path| report(folder)["totals"]["requests"].as_i64().unwrap();
    assert_eq!(requests(program.path()), i64::try_from(LINES).unwrap() + 1);
    let again = import(program.path(), &[], &[&newer]);
    assert!(said(&again).contains("was read in before"), "{again:?}");
    let folder = program.stop();
    assert_eq!(requests(folder.path()), i64::try_from(LINES).unwrap() + 1);
}

#[test]
fn lines_that_are_none_are_told_by_their_place_alone() {
    let made = made(9);
    let (folder, [newer, _]) = folder(&made);
    fs::create_dir(folder.path().join("state")).unwrap();
    let bad = folder.path().join("bad.log");
    let secret = "203.0.113.77 anna.marked@mail.kz marked-query";
    let lines = [secret.to_owned(), made.lines[0].clone(), format!("{{\"address\":\"{secret}\"}}"), String::new()];
    let late = made.lines[1].replace(&made.lines[1][made.lines[1].find('[').unwrap()..][..12], "[01/Jan/9999");
    fs::write(&bad, lines.join("\n") + &"x".repeat(70_000) + "\n" + &late).unwrap();
    let read = import(folder.path(), &["--dry-run"], &[&bad]);
    assert_eq!(read.status.code(), Some(0), "{read:?}");
    for told in [
        "4 of the lines",
        "bad.log:5: of a day that is yet to come",
        "bad.log:1: no time in brackets",
        "bad.log:3: no time",
        "bad.log:4: longer than 64 KiB",
    ] {
        assert!(said(&read).contains(told), "{told}: {read:?}");
    }
    assert!(MARKED.iter().all(|marked| !said(&read).contains(marked)), "{read:?}");

    fs::write(&bad, secret).unwrap();
    let none = import(folder.path(), &[], &[&bad]);
    assert_eq!(none.status.code(), Some(1), "{none:?}");
    assert!(said(&none).contains("no line of these files was counted"), "{none:?}");

    let packed = folder.path().join("half.gz");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(fs::read(&newer).unwrap().as_slice()).unwrap();
    let bytes = encoder.finish().unwrap();
    fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap();
    let broken = import(folder.path(), &[], &[&packed]);
    assert_eq!(broken.status.code(), Some(1), "{broken:?}");
    assert!(said(&broken).contains("half.gz: "), "{broken:?}");
    let state = fs::read_dir(folder.path().join("state")).unwrap().count();
    assert_eq!(state, 0, "nothing was added, and nothing is left");
    let twice = import(folder.path(), &[], &[&newer, &newer]);
    assert!(said(&twice).contains("give each log once"), "{twice:?}");
    let gone = import(folder.path(), &[], &[&folder.path().join("gone.log")]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(said(&gone).contains("gone.log: No such file"), "{gone:?}");
}
