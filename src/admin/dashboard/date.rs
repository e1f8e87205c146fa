//! Days and periods as each language writes them.

use jiff::civil::Date;

use super::number::say;
use crate::{
    statistics::{
        Day,
        report::{Period, Step},
    },
    visitor::Language,
};

/// The months as they stand after a day, in Russian.
const RUSSIAN: [&str; 12] = [
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
];
/// The months alone, in Russian.
const RUSSIAN_ALONE: [&str; 12] = [
    "январь",
    "февраль",
    "март",
    "апрель",
    "май",
    "июнь",
    "июль",
    "август",
    "сентябрь",
    "октябрь",
    "ноябрь",
    "декабрь",
];
const RUSSIAN_SHORT: [&str; 12] =
    ["янв.", "февр.", "марта", "апр.", "мая", "июня", "июля", "авг.", "сент.", "окт.", "нояб.", "дек."];
const KAZAKH: [&str; 12] = [
    "қаңтар",
    "ақпан",
    "наурыз",
    "сәуір",
    "мамыр",
    "маусым",
    "шілде",
    "тамыз",
    "қыркүйек",
    "қазан",
    "қараша",
    "желтоқсан",
];
const KAZAKH_SHORT: [&str; 12] =
    ["қаң.", "ақп.", "нау.", "сәу.", "мам.", "мау.", "шіл.", "там.", "қыр.", "қаз.", "қар.", "жел."];
const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// From Monday on.
const WEEKDAYS: [[&str; 3]; 7] = [
    ["пн", "дс", "Mon"],
    ["вт", "сс", "Tue"],
    ["ср", "ср", "Wed"],
    ["чт", "бс", "Thu"],
    ["пт", "жм", "Fri"],
    ["сб", "сб", "Sat"],
    ["вс", "жс", "Sun"],
];

fn month_place(date: Date) -> usize {
    usize::from(date.month().unsigned_abs()) - 1
}

fn month_name(language: Language, date: Date) -> &'static str {
    match language {
        Language::Ru => RUSSIAN[month_place(date)],
        Language::Kk => KAZAKH[month_place(date)],
        Language::En => ENGLISH[month_place(date)],
    }
}

/// A day without its year: `29 ноября`.
fn day_and_month(language: Language, date: Date) -> String {
    format!("{}\u{a0}{}", date.day(), month_name(language, date))
}

/// A day with its year: `29 ноября 2026`.
pub(super) fn day(language: Language, day: Day) -> String {
    let date = day.date();
    with_year(language, date, &day_and_month(language, date))
}

fn with_year(language: Language, date: Date, text: &str) -> String {
    match language {
        Language::Ru | Language::En => format!("{text} {}", date.year()),
        Language::Kk => format!("{} ж. {text}", date.year()),
    }
}

/// A day for the axis of a chart: `29 нояб.`
pub(super) fn short(language: Language, day: Day) -> String {
    let date = day.date();
    let month = match language {
        Language::Ru => RUSSIAN_SHORT[month_place(date)],
        Language::Kk => KAZAKH_SHORT[month_place(date)],
        Language::En => &ENGLISH[month_place(date)][..3],
    };
    format!("{}\u{a0}{month}", date.day())
}

/// A month with its year: `ноябрь 2026`.
pub(super) fn month(language: Language, day: Day) -> String {
    let date = day.date();
    match language {
        Language::Ru => format!("{} {}", RUSSIAN_ALONE[month_place(date)], date.year()),
        Language::Kk => format!("{} ж. {}", date.year(), KAZAKH[month_place(date)]),
        Language::En => format!("{} {}", ENGLISH[month_place(date)], date.year()),
    }
}

/// A month for the axis of a chart: `нояб. 26`.
fn short_month(language: Language, day: Day) -> String {
    let date = day.date();
    let month = match language {
        Language::Ru => {
            ["янв.", "февр.", "март", "апр.", "май", "июнь", "июль", "авг.", "сент.", "окт.", "нояб.", "дек."]
                [month_place(date)]
        }
        Language::Kk => KAZAKH_SHORT[month_place(date)],
        Language::En => &ENGLISH[month_place(date)][..3],
    };
    format!("{month}\u{a0}{:02}", date.year().rem_euclid(100))
}

/// The place of a point on the axis of a chart.
pub(super) fn on_axis(language: Language, day: Day, hour: Option<u8>, step: Step) -> String {
    match (step, hour) {
        (Step::Hour, hour) => format!("{:02}:00", hour.unwrap_or_default()),
        (Step::Day, _) => short(language, day),
        (Step::Month, _) => short_month(language, day),
    }
}

/// The name of a point: with its weekday, which explains many a dent.
pub(super) fn point(language: Language, at: Day, hour: Option<u8>, step: Step) -> String {
    match (step, hour) {
        (Step::Hour, hour) => format!("{}, {:02}:00", day(language, at), hour.unwrap_or_default()),
        (Step::Day, _) => {
            let weekday = usize::from(at.date().weekday().to_monday_zero_offset().unsigned_abs());
            format!("{}, {}", say(language, WEEKDAYS[weekday]), day(language, at))
        }
        (Step::Month, _) => month(language, at),
    }
}

/// A period: what its two days have in common is said once.
pub(super) fn period(language: Language, period: Period) -> String {
    let (from, to) = (period.from.date(), period.to.date());
    let first_of_month = from == from.first_of_month();
    if from == to {
        day(language, period.from)
    } else if from == from.first_of_year() && to == from.last_of_year() {
        match language {
            Language::Ru => format!("{} год", from.year()),
            Language::Kk => format!("{} жыл", from.year()),
            Language::En => from.year().to_string(),
        }
    } else if first_of_month && to == from.last_of_month() {
        month(language, period.from)
    } else if (from.year(), from.month()) == (to.year(), to.month()) {
        with_year(language, to, &format!("{}–{}", from.day(), day_and_month(language, to)))
    } else if from.year() == to.year() {
        let days = format!("{} – {}", day_and_month(language, from), day_and_month(language, to));
        with_year(language, to, &days)
    } else {
        format!("{} – {}", day(language, period.from), day(language, period.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_read_as_people_write_them() {
        let check = |from: &str, to: &str, expected: [&str; 3]| {
            let days = Period::new(Day::parse(from).unwrap(), Day::parse(to).unwrap()).unwrap();
            let said = [Language::Ru, Language::Kk, Language::En].map(|language| period(language, days));
            assert_eq!(said.each_ref().map(|text| text.replace('\u{a0}', " ")), expected);
        };
        check("2026-11-29", "2026-11-29", ["29 ноября 2026", "2026 ж. 29 қараша", "29 November 2026"]);
        check("2026-11-22", "2026-11-28", ["22–28 ноября 2026", "2026 ж. 22–28 қараша", "22–28 November 2026"]);
        check(
            "2026-10-29",
            "2026-11-04",
            ["29 октября – 4 ноября 2026", "2026 ж. 29 қазан – 4 қараша", "29 October – 4 November 2026"],
        );
        check(
            "2025-12-29",
            "2026-01-04",
            [
                "29 декабря 2025 – 4 января 2026",
                "2025 ж. 29 желтоқсан – 2026 ж. 4 қаңтар",
                "29 December 2025 – 4 January 2026",
            ],
        );
        check("2026-02-01", "2026-02-28", ["февраль 2026", "2026 ж. ақпан", "February 2026"]);
        check("2026-01-01", "2026-12-31", ["2026 год", "2026 жыл", "2026"]);
    }

    #[test]
    fn points_of_a_chart_have_names() {
        let day = Day::parse("2026-11-29").unwrap();
        let plain = |text: String| text.replace('\u{a0}', " ");
        assert_eq!(plain(point(Language::Ru, day, None, Step::Day)), "вс, 29 ноября 2026");
        assert_eq!(plain(point(Language::En, day, Some(9), Step::Hour)), "29 November 2026, 09:00");
        assert_eq!(plain(on_axis(Language::Kk, day, None, Step::Day)), "29 қар.");
        assert_eq!(plain(on_axis(Language::Ru, day, None, Step::Month)), "нояб. 26");
    }
}
