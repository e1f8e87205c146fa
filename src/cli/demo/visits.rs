//! Four weeks of made-up visits, so that the dashboard of the demonstration has something to show. They go through the same counting as real
//! ones, before the gateway starts, and the same ones each time.

use std::{path::Path, sync::Arc};

use jiff::tz::TimeZone;

use crate::{
    clock,
    consent::{ConsentId, Country, EditionId},
    statistics::{
        Agent, Answer, AnswerKind, Arrival, Banner, Calendar, ConsentState, Counted, CountedPath, Counting,
        LanguageTag, RobotReason, RobotView, Traffic, View, ViewKind,
    },
    store::statistics::{Statistics, StatisticsError, statistics_path},
    timestamp::Timestamp,
    visitor::Language,
};

/// Days before today.
const DAYS: i64 = 28;
const DAY: i64 = 24 * 60 * 60;
/// The time zone of the demonstration's configuration.
pub(super) const TIME_ZONE: &str = "Asia/Almaty";

/// Visitors of each hour of a working day, in parts of a hundred.
const BY_HOUR: [u64; 24] = [1, 1, 0, 0, 0, 1, 1, 2, 4, 7, 9, 9, 8, 6, 7, 8, 8, 7, 5, 4, 4, 4, 3, 2];

const PAGES: [&str; 6] = ["/", "/services", "/about", "/contact", "/services", "/contact"];
const REFERRERS: [(&str, &str); 9] = [
    ("", "https://www.google.kz/"),
    ("", "https://yandex.kz/"),
    ("", "https://www.google.com/"),
    ("", ""),
    ("", ""),
    ("", "https://2gis.kz/astana"),
    ("utm_source=ig&utm_campaign=autumn", ""),
    ("yclid=1&utm_campaign=trade-marks", "https://yandex.kz/"),
    ("", "https://chatgpt.com/"),
];
const COUNTRIES: [&str; 10] = ["KZ", "KZ", "KZ", "KZ", "KZ", "KZ", "RU", "RU", "UZ", "DE"];
const LANGUAGES: [&str; 8] = ["ru", "ru", "ru", "ru", "ru", "kk", "kk", "en"];
const AGENTS: [&str; 6] = [
    "Mozilla/5.0 (Linux; Android 16; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 YaBrowser/26.10.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
];
const ROBOTS: [(&str, RobotReason); 5] = [
    ("Googlebot", RobotReason::SaysSo),
    ("YandexBot", RobotReason::SaysSo),
    ("GPTBot", RobotReason::SaysSo),
    ("curl", RobotReason::Program),
    ("AhrefsBot", RobotReason::SaysSo),
];

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % limit.max(1)
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[usize::try_from(self.below(list.len() as u64)).expect("a list is short")]
    }
}

/// Writes the visits of the days before this moment, unless something was counted in this folder before.
pub(super) fn write_visits(state_dir: &Path, site: &str, now: Timestamp) -> Result<(), StatisticsError> {
    if statistics_path(state_dir).exists() {
        return Ok(());
    }
    let calendar = Calendar::new(TimeZone::get(TIME_ZONE).unwrap_or(TimeZone::UTC));
    let mut statistics = Statistics::open(state_dir, &[Arc::from(site)])?;
    let (today, _) = calendar.place(now);
    let mut numbers = Numbers(20_261_129);
    let first = calendar.begin(today).seconds() - DAYS * DAY;
    let mut counting = Counting::new(calendar.clone(), 1, clock::random, Timestamp::from_seconds(first));
    for hour in 0.. {
        let begun = first + hour * 3600;
        if begun >= now.seconds() {
            break;
        }
        let mut events = hour_of_visits(&mut numbers, begun);
        events.retain(|(time, _)| *time < now.seconds());
        events.sort_by_key(|(time, _)| *time);
        for (time, counted) in events {
            counting.advance(Timestamp::from_seconds(time));
            counting.count(counted);
        }
        statistics.add(&counting.take(), calendar.place(Timestamp::from_seconds(begun)).0)?;
    }
    Ok(())
}

fn hour_of_visits(numbers: &mut Numbers, begun: i64) -> Vec<(i64, Counted)> {
    // Monday 2026-11-02 at midnight in Astana.
    let since = begun - 1_793_559_600;
    let (day, hour) = (since.div_euclid(DAY), since.rem_euclid(DAY) / 3600);
    let is_weekend = day.rem_euclid(7) >= 5;
    let share = BY_HOUR[usize::try_from(hour).unwrap_or_default() % 24];
    let week = u64::try_from(day.rem_euclid(28) / 7).unwrap_or_default();
    let visitors = share * if is_weekend { 6 } else { 17 + 2 * week } / 16 + numbers.below(2);
    let mut events = Vec::new();
    for _ in 0..visitors {
        let time = begun + i64::try_from(numbers.below(3600)).unwrap_or_default();
        visit(numbers, time, &mut events);
    }
    for _ in 0..numbers.below(6) {
        let (name, reason) = numbers.of(&ROBOTS);
        let time = begun + i64::try_from(numbers.below(3600)).unwrap_or_default();
        let robot = RobotView { site: 0, time: Timestamp::from_seconds(time), reason, name: Some(name.into()) };
        events.push((time, Counted::Robot(robot)));
    }
    let requests = visitors * 14;
    let traffic =
        Traffic { site: 0, time: Timestamp::from_seconds(begun), requests, bytes: requests * 18_400, lost: 0 };
    events.push((begun, Counted::Traffic(traffic)));
    events
}

/// One visitor: arrives, may answer the banner, reads on.
fn visit(numbers: &mut Numbers, begun: i64, events: &mut Vec<(i64, Counted)>) {
    let (query, referrer) = numbers.of(&REFERRERS);
    let language = numbers.of(&LANGUAGES);
    let edition = EditionId::parse("2026-01").expect("a name of the demonstration's policy");
    let banner = Banner { language: Language::parse(language).unwrap_or_default(), edition };
    let answer = match numbers.below(10) {
        0..=3 => Some(AnswerKind::Accepted),
        4 => Some(AnswerKind::Partly),
        5..=6 => Some(AnswerKind::Refused),
        _ => None,
    };
    let accepted = answer == Some(AnswerKind::Accepted);
    let arrival = Arrival::read(Some(query), Some(referrer).filter(|text| !text.is_empty()), |_| false);
    let mut view = View {
        site: 0,
        time: Timestamp::from_seconds(begun),
        kind: ViewKind::Page,
        path: CountedPath::new(if numbers.below(3) == 0 { "/services" } else { "/" }),
        arrival: Some(arrival),
        country: Country::parse(numbers.of(&COUNTRIES)),
        language: LanguageTag::first_of(language),
        agent: Agent::read(Some(numbers.of(&AGENTS))),
        consent: ConsentState::Unanswered,
        visitor: None,
        after_answer: false,
        banner: Some(banner.clone()),
        waited: 40 + u32::try_from(numbers.below(120)).unwrap_or_default(),
    };
    let mut put = |view: &View, time: i64| {
        let view = View { time: Timestamp::from_seconds(time), ..view.clone() };
        events.push((time, Counted::View(Box::new(view))));
    };
    put(&view, begun);
    let mut time = begun;
    if let Some(kind) = answer {
        time += 4;
        let path = view.path.clone();
        let given = Answer { site: 0, time: Timestamp::from_seconds(time), kind, banner, path, reloads: true };
        view.banner = None;
        view.after_answer = true;
        view.consent = if accepted { ConsentState::Accepted } else { ConsentState::Refused };
        view.visitor = accepted.then(|| ConsentId::from_bytes(clock::random()));
        put(&view, time + 1);
        events.push((time, Counted::Answer(given)));
    }
    view.arrival = None;
    view.after_answer = false;
    for _ in 0..numbers.below(5) {
        time += 15 + i64::try_from(numbers.below(150)).unwrap_or_default();
        let mut view = view.clone();
        match numbers.below(30) {
            0 => (view.kind, view.path) = (ViewKind::NotFound, CountedPath::new("/price")),
            1..=2 => (view.kind, view.path) = (ViewKind::Download, CountedPath::new("/files/application.docx")),
            _ => view.path = CountedPath::new(numbers.of(&PAGES)),
        }
        let mut again = View { time: Timestamp::from_seconds(time), ..view };
        again.waited = if numbers.below(60) == 0 { 1400 } else { again.waited };
        events.push((time, Counted::View(Box::new(again))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        statistics::{Day, Totals},
        store::statistics::StatisticsReader,
    };

    #[test]
    fn four_weeks_are_there_once_and_end_before_now() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::parse("2026-11-29T05:30:00Z").unwrap();
        let totals = || {
            let reader = StatisticsReader::open(folder.path()).unwrap();
            let (first, last) = reader.extent("localhost").unwrap().unwrap();
            assert_eq!((first, last), (Day::parse("2026-11-01").unwrap(), Day::parse("2026-11-29").unwrap()));
            let hours = reader.hours("localhost", first, last).unwrap();
            assert!(hours.iter().all(|(day, hour, _)| *day < last || *hour <= 10));
            hours.iter().map(|(.., totals)| *totals).sum::<Totals>()
        };
        write_visits(folder.path(), "localhost", now).unwrap();
        let first = totals();
        assert!(first.views > 3000 && first.visits > 500 && first.shown > first.accepted && first.robots > 0);
        write_visits(folder.path(), "localhost", now).unwrap();
        assert_eq!(totals(), first);
    }
}
