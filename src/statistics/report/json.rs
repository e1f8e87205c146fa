//! A report as JSON, for programs. The names are those of the store's columns and of the words in `config/README.md`; they stay.

use serde_json::{Map, Value, json};

use super::{Filtered, Period, Point, Report, Step, TableReport};
use crate::statistics::{Answers, Day, Figures, Totals};

/// The form. It becomes another one when something that is there now is no longer found where it was.
const FORM: u32 = 1;

/// What is shown beside a report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// The same site and filter in an earlier period.
    pub compared: Option<&'a Report>,
    /// What is to be known of days: the day, the mark's word, how often.
    pub marks: &'a [(Day, &'static str, i64)],
    /// The name of the time zone that days and hours are told in.
    pub zone: &'a str,
}

/// The document. Numbers that are withheld, since they would be of too few, are `null`.
pub fn to_json(report: &Report, beside: &Beside<'_>) -> Value {
    let tables = report.tables.iter().map(|it| (it.dimension.name().to_owned(), table(it)));
    let marks =
        beside.marks.iter().map(|(day, mark, count)| json!({ "day": text(*day), "mark": mark, "count": count }));
    let answers = &report.answers;
    let banners = answers.by_banner.iter().map(|(banner, numbers)| {
        let about = json!({ "language": banner.language.tag(), "edition": banner.edition.as_str() });
        with(about, answered(numbers))
    });
    json!({
        "form": FORM,
        "site": report.site,
        "period": period(report.period),
        "time_zone": beside.zone,
        "step": match report.step {
            Step::Hour => "hour",
            Step::Day => "day",
            Step::Month => "month",
        },
        "totals": totals(&report.totals),
        "points": report.points.iter().map(point).collect::<Vec<_>>(),
        "compared": beside.compared.map(compared),
        "filter": report.filtered.as_ref().map(filter),
        "tables": tables.collect::<Map<_, _>>(),
        "answers": with(
            answered(&answers.all),
            json!({
                "points": answers.points.iter().map(|(day, it)| with(json!({ "day": text(*day) }), answered(it))).collect::<Vec<_>>(),
                "banners": banners.collect::<Vec<_>>(),
            }),
        ),
        "marks": marks.collect::<Vec<_>>(),
    })
}

fn compared(report: &Report) -> Value {
    json!({
        "period": period(report.period),
        "totals": totals(&report.totals),
        "points": report.points.iter().map(point).collect::<Vec<_>>(),
        "filter": report.filtered.as_ref().map(filter),
    })
}

fn filter(filtered: &Filtered) -> Value {
    let figures = |numbers| if filtered.too_few { Value::Null } else { all_figures(numbers) };
    let points = filtered.points.iter().map(|it| json!({ "day": text(it.day), "figures": figures(&it.figures) }));
    json!({
        "dimension": filtered.filter.dimension.name(),
        "word": &*filtered.filter.word,
        "figures": figures(&filtered.figures),
        "points": points.collect::<Vec<_>>(),
    })
}

fn table(table: &TableReport) -> Value {
    let row = |row: &super::RowReport| {
        let mut figures = all_figures(&row.figures);
        if row.few {
            for withheld in ["visits", "visitors", "bounces", "seconds"] {
                figures[withheld] = Value::Null;
            }
        }
        with(json!({ "word": &*row.word }), figures)
    };
    json!({
        "rows": table.rows.iter().map(row).collect::<Vec<_>>(),
        "of_accepted": table.of_accepted,
        "folded": with(json!({ "rows": table.folded }), all_figures(&table.folded_figures)),
        "rest": all_figures(&table.rest),
    })
}

fn point(point: &Point) -> Value {
    let place = match point.hour {
        Some(hour) => json!({ "day": text(point.day), "hour": hour, "running": point.is_running }),
        None => json!({ "day": text(point.day), "running": point.is_running }),
    };
    with(place, totals(&point.totals))
}

fn period(Period { from, to }: Period) -> Value {
    json!({ "from": text(from), "to": text(to) })
}

fn text(day: Day) -> String {
    day.to_string()
}

fn totals(totals: &Totals) -> Value {
    named(&Totals::NAMES, &totals.numbers())
}

fn all_figures(figures: &Figures) -> Value {
    named(&Figures::NAMES, &figures.numbers())
}

fn answered(answers: &Answers) -> Value {
    named(&Answers::NAMES, &answers.numbers())
}

fn named(names: &[&str], numbers: &[i64]) -> Value {
    names.iter().zip(numbers).map(|(name, number)| ((*name).to_owned(), Value::from(*number))).collect()
}

/// One object of two.
fn with(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{
        Dimension,
        report::{Disclosure, Filter, Material, report},
    };

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn made(filter: Option<Filter>) -> Report {
        let week = Period::new(day("2026-11-23"), day("2026-11-29")).unwrap();
        let one = Figures { views: 3, visits: 1, visitors: 1, seconds: 534, ..Figures::default() };
        let material = Material {
            hours: vec![(day("2026-11-24"), 3, Totals { views: 7, lost: 2, ..Totals::default() })],
            rows: vec![(Dimension::Page, vec![("/a".into(), one), ("".into(), one)])],
            filtered: vec![(day("2026-11-24"), Figures { views: 7, entries: 1, ..Figures::default() })],
            answers: Vec::new(),
        };
        let disclosure = Disclosure { smallest: 5, noise: None };
        report("shop.example", week, filter, material, &disclosure, day("2026-11-30"))
    }

    #[test]
    fn a_program_finds_every_number_by_its_name() {
        let made = made(None);
        let marks = [(day("2026-11-24"), "crash", 2)];
        let document = to_json(&made, &Beside { compared: Some(&made), marks: &marks, zone: "Asia/Almaty" });
        for (place, expected) in [
            ("/form", json!(1)),
            ("/site", json!("shop.example")),
            ("/period", json!({ "from": "2026-11-23", "to": "2026-11-29" })),
            ("/time_zone", json!("Asia/Almaty")),
            ("/step", json!("day")),
            ("/totals/views", json!(7)),
            ("/totals/lost", json!(2)),
            ("/points/1/day", json!("2026-11-24")),
            ("/points/1/views", json!(7)),
            ("/compared/totals/views", json!(7)),
            ("/filter", Value::Null),
            ("/tables/page/rows/0/word", json!("/a")),
            ("/tables/page/rows/0/views", json!(3)),
            ("/tables/page/rest/views", json!(3)),
            ("/tables/page/folded/rows", json!(0)),
            ("/answers/shown", json!(0)),
            ("/answers/banners", json!([])),
            ("/marks", json!([{ "day": "2026-11-24", "mark": "crash", "count": 2 }])),
        ] {
            assert_eq!(document.pointer(place), Some(&expected), "{place}");
        }
    }

    #[test]
    fn what_is_of_too_few_is_no_number() {
        let row = &to_json(&made(None), &Beside::default())["tables"]["page"]["rows"][0];
        assert_eq!([&row["visits"], &row["visitors"], &row["bounces"], &row["seconds"]], [&Value::Null; 4]);
        let filter = Filter { dimension: Dimension::Country, word: "KZ".into() };
        let document = to_json(&made(Some(filter)), &Beside::default());
        assert_eq!(document["filter"]["figures"], Value::Null);
        assert_eq!(document["filter"]["points"][1], json!({ "day": "2026-11-24", "figures": null }));
        assert_eq!(document["tables"], json!({}));
    }
}
