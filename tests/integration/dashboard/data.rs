//! Weeks of a shop's visits, counted as the gateway counts them. The same ones come each time.

use std::{path::Path, sync::Arc};

use jiff::tz::TimeZone;
use kelisim::{
    consent::{ConsentId, Country, EditionId},
    statistics::{
        Agent, Answer, AnswerKind, Arrival, Banner, Calendar, ConsentState, Counted, CountedPath, Counting, Day,
        LanguageTag, RobotReason, RobotView, Traffic, View, ViewKind,
    },
    store::statistics::Statistics,
    timestamp::Timestamp,
    visitor::Language,
};

pub const SITE: &str = "shop.example";

const PAGES: [(&str, u64); 9] = [
    ("/", 30),
    ("/services", 18),
    ("/prices", 14),
    ("/services/trade-marks", 11),
    ("/blog/how-to-register", 9),
    ("/about", 6),
    ("/contacts", 6),
    ("/blog/patents-in-kazakhstan", 4),
    ("/reviews", 2),
];
/// Query, referrer.
const ARRIVALS: [(&str, &str, u64); 10] = [
    ("", "https://www.google.kz/", 34),
    ("", "", 26),
    ("", "https://yandex.kz/", 14),
    ("utm_source=ig&utm_campaign=spring", "", 8),
    ("", "https://2gis.kz/almaty", 7),
    ("gclid=x&utm_campaign=brand", "https://www.google.com/", 6),
    ("", "https://chatgpt.com/", 4),
    ("", "https://t.me/", 3),
    ("utm_source=newsletter&utm_campaign=november", "", 3),
    ("", "https://forum.example.org/", 2),
];
const COUNTRIES: [(&str, u64); 8] =
    [("KZ", 70), ("RU", 12), ("UZ", 5), ("KG", 4), ("DE", 3), ("TR", 3), ("US", 2), ("JP", 1)];
const LANGUAGES: [(&str, u64); 5] = [("ru", 62), ("kk", 22), ("en", 12), ("uz", 3), ("de", 1)];
const AGENTS: [(&str, u64); 6] = [
    (
        "Mozilla/5.0 (Linux; Android 14; SM-A546E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36",
        40,
    ),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", 26),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
        18,
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0 YaBrowser/25.8 Safari/537.36",
        8,
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
        5,
    ),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", 3),
];

/// Numbers that look random and are the same each time (a linear congruence).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<T: Copy>(&mut self, of: &[T], weight: impl Fn(&T) -> u64) -> T {
        let mut left = self.roll(of.iter().map(&weight).sum());
        for one in of {
            if left < weight(one) {
                return *one;
            }
            left -= weight(one);
        }
        of[0]
    }
}

pub fn calendar() -> Calendar {
    Calendar::new(TimeZone::get("Asia/Almaty").unwrap())
}

pub fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// A view of a page by somebody who came from nowhere and accepted nothing.
pub fn view(time: Timestamp, path: &str) -> View {
    View {
        site: 0,
        time,
        kind: ViewKind::Page,
        path: CountedPath::new(path),
        arrival: Some(Arrival::read(None, None, |_| false)),
        country: Country::parse("KZ"),
        language: LanguageTag::first_of("ru"),
        agent: Agent::read(Some(AGENTS[0].0)),
        consent: ConsentState::Unanswered,
        visitor: None,
        after_answer: false,
        banner: None,
        waited: 20,
    }
}

/// Counts into the file of a state directory.
pub fn counted(state: &Path, things: impl IntoIterator<Item = Counted>, begin: Timestamp) {
    let calendar = calendar();
    let mut counting = Counting::new(calendar.clone(), 1, || [7; 32], begin);
    let mut statistics = Statistics::open(state, &[Arc::from(SITE)]).unwrap();
    let mut last = begin;
    for thing in things {
        let time = match &thing {
            Counted::View(view) => view.time,
            Counted::Robot(robot) => robot.time,
            Counted::Answer(answer) => answer.time,
            Counted::Traffic(traffic) => traffic.time,
        };
        if calendar.place(time).0 != calendar.place(last).0 {
            counting.advance(time);
            statistics.add(&counting.take(), calendar.place(time).0).unwrap();
        }
        last = time;
        counting.count(thing);
    }
    statistics.add(&counting.take(), calendar.place(last).0).unwrap();
}

/// What happens from a day to a day, both included: more on working days, and more each week.
pub fn weeks(from: Day, to: Day, visits_a_day: u64) -> Vec<Counted> {
    let calendar = calendar();
    let mut dice = Dice(42);
    let mut things: Vec<(i64, Counted)> = Vec::new();
    for number in from.number()..=to.number() {
        let day = Day::from_number(number);
        let weekday = day.date().weekday().to_monday_zero_offset();
        let growth = 100 + u64::from(day.since(from).unsigned_abs()) / 2;
        let wanted =
            visits_a_day * growth / 100 * if weekday > 4 { 45 } else { 100 } / 100 + dice.roll(visits_a_day / 6 + 1);
        let midnight = calendar.begin(day).seconds();
        for _ in 0..wanted {
            visit(&mut dice, midnight, &mut things);
        }
        for hour in 0..24 {
            let time = Timestamp::from_seconds(midnight + hour * 3600 + 5);
            let (requests, bytes) = (40 + dice.roll(300), 900_000 + dice.roll(9_000_000));
            things.push((time.seconds(), Counted::Traffic(Traffic { site: 0, time, requests, bytes, lost: 0 })));
            for _ in 0..dice.roll(5) {
                let (name, reason) = dice.pick(
                    &[
                        (Some("Googlebot"), RobotReason::SaysSo),
                        (Some("YandexBot"), RobotReason::SaysSo),
                        (Some("GPTBot"), RobotReason::SaysSo),
                        (Some("curl"), RobotReason::Program),
                        (None, RobotReason::Contradiction),
                        (None, RobotReason::NoLanguage),
                    ],
                    |_| 1,
                );
                let robot = RobotView { site: 0, time, reason, name: name.map(Arc::from) };
                things.push((time.seconds(), Counted::Robot(robot)));
            }
        }
    }
    things.sort_by_key(|(time, _)| *time);
    things.into_iter().map(|(_, thing)| thing).collect()
}

/// One visit: some pages, with or without an answer to the banner.
fn visit(dice: &mut Dice, midnight: i64, things: &mut Vec<(i64, Counted)>) {
    let mut seconds = midnight + i64::try_from(7 * 3600 + dice.roll(8 * 3600) + dice.roll(7 * 3600)).unwrap();
    let (query, referrer, _) = dice.pick(&ARRIVALS, |arrival| arrival.2);
    let arrival = Arrival::read(Some(query), Some(referrer).filter(|text| !text.is_empty()), |_| false);
    let country = dice.pick(&COUNTRIES, |country| country.1).0;
    let language = dice.pick(&LANGUAGES, |language| language.1).0;
    let agent = Agent::read(Some(dice.pick(&AGENTS, |agent| agent.1).0));
    let consent = dice.pick(
        &[
            (ConsentState::Accepted, 34),
            (ConsentState::Refused, 18),
            (ConsentState::Signalled, 4),
            (ConsentState::Unanswered, 44),
        ],
        |state| state.1,
    );
    let consent = consent.0;
    // Some come twice on one day.
    let mut id = [0; 16];
    id[..8].copy_from_slice(&dice.roll(60).to_be_bytes());
    id[8..].copy_from_slice(&midnight.to_be_bytes());
    let banner = Banner {
        language: if language == "kk" { Language::Kk } else { Language::Ru },
        edition: EditionId::parse(if dice.roll(3) == 0 { "2026-01" } else { "2026-10" }).unwrap(),
    };
    let asks = dice.roll(2) == 0 && consent != ConsentState::Signalled;
    let count = 1 + dice.roll(2) * dice.roll(6);
    for number in 0..count {
        let path = dice.pick(&PAGES, |page| page.1).0;
        let kind = match dice.roll(40) {
            0 => ViewKind::NotFound,
            1 => ViewKind::Download,
            _ => ViewKind::Page,
        };
        let path = match kind {
            ViewKind::Page => path,
            ViewKind::NotFound => ["/old/prices.html", "/wp-login.php", "/services/trademark"][dice.roll(3) as usize],
            ViewKind::Download => ["/files/price-list.pdf", "/files/application.docx"][dice.roll(2) as usize],
        };
        let time = Timestamp::from_seconds(seconds);
        let view = View {
            kind,
            arrival: (number == 0).then(|| arrival.clone()),
            country: Country::parse(country),
            language: LanguageTag::first_of(language),
            agent,
            consent,
            visitor: (consent == ConsentState::Accepted).then(|| ConsentId::from_bytes(id)),
            banner: asks.then(|| banner.clone()),
            waited: if dice.roll(30) == 0 { 1500 } else { 40 },
            ..view(time, path)
        };
        things.push((seconds, Counted::View(Box::new(view))));
        if number == 0 && asks && kind == ViewKind::Page {
            let answered = dice.pick(
                &[
                    (Some(AnswerKind::Accepted), 40),
                    (Some(AnswerKind::Partly), 5),
                    (Some(AnswerKind::Refused), 17),
                    (Some(AnswerKind::Withdrawn), 2),
                    (None, 36),
                ],
                |answer| answer.1,
            );
            if let (Some(kind), _) = answered {
                let path = CountedPath::new(path);
                let answer = Answer { site: 0, time, kind, banner: banner.clone(), path, reloads: true };
                things.push((seconds, Counted::Answer(answer)));
            }
        }
        seconds += i64::try_from(15 + dice.roll(150)).unwrap();
    }
}
