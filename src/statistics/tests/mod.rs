//! The definitions, as vectors: requests with their times, and the figures that they must give.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU8, atomic::Ordering},
};

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::*;
use crate::{
    consent::{ConsentId, Country, EditionId},
    timestamp::Timestamp,
    visitor::Language,
};

mod privacy;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    vector: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    /// What it shows.
    name: String,
    /// What other tools would count, where that is another thing.
    #[serde(default)]
    #[expect(dead_code, reason = "for people who read the vectors")]
    others: String,
    requests: Vec<Asked>,
    /// Totals that are not nothing, of all hours.
    totals: BTreeMap<String, i64>,
    /// Rows, by table and key, with the figures that are named.
    #[serde(default)]
    rows: BTreeMap<String, BTreeMap<String, BTreeMap<String, i64>>>,
    /// Totals by day, where they matter.
    #[serde(default)]
    days: BTreeMap<String, BTreeMap<String, i64>>,
}

/// A request. Times are those of Astana.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    at: String,
    /// A visitor who accepted `analytical`.
    accepted: Option<String>,
    #[serde(default)]
    refused: bool,
    page: Option<String>,
    not_found: Option<String>,
    download: Option<String>,
    robot: Option<String>,
    answer: Option<String>,
    /// Where it comes from; `direct` for nowhere.
    from: Option<String>,
    query: Option<String>,
    #[serde(default)]
    banner: bool,
    /// Whether the page is not loaded again with an answer.
    #[serde(default)]
    stays: bool,
    #[serde(default)]
    again: bool,
    #[serde(default)]
    waited: u32,
    country: Option<String>,
}

pub(super) fn day_random() -> [u8; 32] {
    // A key of its own for each day, as randomness would give.
    static DAYS: AtomicU8 = AtomicU8::new(1);
    [DAYS.fetch_add(1, Ordering::Relaxed); 32]
}

pub(super) fn astana() -> Calendar {
    Calendar::new(TimeZone::get("Asia/Almaty").unwrap())
}

fn moment(text: &str) -> Timestamp {
    Timestamp::parse(&format!("{text}+05:00")).unwrap_or_else(|| panic!("{text} is no moment"))
}

fn consent_id(name: &str) -> ConsentId {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(name.bytes()).for_each(|(byte, letter)| *byte = letter);
    ConsentId::from_bytes(bytes)
}

fn banner() -> Banner {
    Banner { language: Language::Ru, edition: EditionId::parse("2026").unwrap() }
}

fn counted(asked: &Asked) -> Counted {
    let time = moment(&asked.at);
    if let Some(name) = &asked.robot {
        return Counted::Robot(RobotView {
            site: 0,
            time,
            reason: RobotReason::SaysSo,
            name: Some(name.as_str().into()),
        });
    }
    if let Some(answer) = &asked.answer {
        let kind = match answer.as_str() {
            "accepted" => AnswerKind::Accepted,
            "partly" => AnswerKind::Partly,
            "refused" => AnswerKind::Refused,
            "withdrawn" => AnswerKind::Withdrawn,
            other => panic!("no such answer: {other}"),
        };
        let path = CountedPath::new(asked.page.as_deref().unwrap());
        return Counted::Answer(Answer { site: 0, time, kind, banner: banner(), path, reloads: !asked.stays });
    }
    let (kind, path) = match (&asked.page, &asked.not_found, &asked.download) {
        (Some(path), None, None) => (ViewKind::Page, path),
        (None, Some(path), None) => (ViewKind::NotFound, path),
        (None, None, Some(path)) => (ViewKind::Download, path),
        _ => panic!("{} is of one kind", asked.at),
    };
    let referrer = asked.from.as_deref().filter(|from| *from != "direct");
    let arrival = asked.from.as_ref().map(|_| Arrival::read(asked.query.as_deref(), referrer, |_| false));
    let consent = match (&asked.accepted, asked.refused) {
        (Some(_), _) => ConsentState::Accepted,
        (None, true) => ConsentState::Refused,
        (None, false) => ConsentState::Unanswered,
    };
    Counted::View(Box::new(View {
        site: 0,
        time,
        kind,
        path: CountedPath::new(path),
        arrival,
        country: asked.country.as_deref().map(|code| Country::parse(code).unwrap()),
        language: LanguageTag::first_of("ru-RU"),
        agent: Agent { browser: "Firefox", system: "Linux", device: Device::Desktop },
        consent,
        visitor: asked.accepted.as_deref().map(consent_id),
        after_answer: asked.again,
        banner: asked.banner.then(banner),
        waited: asked.waited,
    }))
}

fn named(names: &[&str], numbers: &[i64]) -> BTreeMap<String, i64> {
    let pairs = names.iter().zip(numbers).filter(|(_, number)| **number != 0);
    pairs.map(|(name, number)| ((*name).to_owned(), *number)).collect()
}

#[test]
fn every_vector_gives_its_figures() {
    let vectors: Vectors = toml::from_str(include_str!("vectors.toml")).unwrap();
    for vector in &vectors.vector {
        let begun = moment(&vector.requests[0].at);
        let mut counting = Counting::new(astana(), 1, day_random, begun);
        let mut all = Vec::new();
        for (at, asked) in vector.requests.iter().enumerate() {
            let counted = counted(asked);
            counting.advance(moment(&asked.at));
            counting.count(counted);
            // Whether sums are taken often or once at the end must not matter.
            if at % 2 == 0 {
                all.push(counting.take());
            }
        }
        all.push(counting.take());

        let name = &vector.name;
        let hours = || all.iter().flat_map(|changes| &changes.hours);
        let totals: Totals = hours().map(|(.., totals)| *totals).sum();
        assert_eq!(named(&Totals::NAMES, &totals.numbers()), vector.totals, "totals of: {name}");
        for (day, expected) in &vector.days {
            let day = Day::parse(day).unwrap();
            let totals: Totals = hours().filter(|(_, of, ..)| *of == day).map(|(.., totals)| *totals).sum();
            assert_eq!(named(&Totals::NAMES, &totals.numbers()), *expected, "{day} of: {name}");
        }
        for (table, expected) in &vector.rows {
            let wanted = Table::parse(table).unwrap_or_else(|| panic!("no table {table} in: {name}"));
            let mut rows: BTreeMap<String, Figures> = BTreeMap::new();
            for (_, _, of, key, figures) in all.iter().flat_map(|changes| &changes.rows) {
                if *of == wanted {
                    let both = key
                        .second
                        .as_ref()
                        .map_or(key.first.to_string(), |second: &Arc<str>| format!("{} + {second}", key.first));
                    *rows.entry(both).or_default() += *figures;
                }
            }
            let rows: BTreeMap<_, _> = rows
                .into_iter()
                .filter(|(_, figures)| !figures.is_zero())
                .map(|(key, figures)| (key, named(&Figures::NAMES, &figures.numbers())))
                .collect();
            assert_eq!(rows, *expected, "{table} of: {name}");
        }
    }
    assert!(vectors.vector.len() >= 20, "the definitions have vectors");
}
