//! What programs are told. The names are those of the numbers in [`crate::statistics`]; `openapi.rs` describes every form.

use serde_json::{Map, Value, json};

use super::{csv::is_withheld, reading::Loaded};
use crate::{
    statistics::{
        Answers, Figures, LiveSite, Totals,
        report::{AnswersReport, Period, Report, TableReport},
    },
    store::statistics::MarkRow,
};

fn object<const N: usize>(names: [&str; N], numbers: [i64; N]) -> Map<String, Value> {
    names.iter().zip(numbers).map(|(name, number)| ((*name).to_owned(), number.into())).collect()
}

fn totals(totals: &Totals) -> Value {
    object(Totals::NAMES, totals.numbers()).into()
}

fn figures(figures: &Figures) -> Map<String, Value> {
    object(Figures::NAMES, figures.numbers())
}

fn answers(answers: &Answers) -> Map<String, Value> {
    let mut object = object(Answers::NAMES, answers.numbers());
    object.insert("ignored".to_owned(), answers.ignored().into());
    object
}

/// An object with one more member.
fn with(mut object: Map<String, Value>, more: &[(&str, Value)]) -> Value {
    object.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    object.into()
}

/// The days that something is about.
fn days(site: &str, period: Period) -> Map<String, Value> {
    let pairs = [("site", site.to_owned()), ("from", period.from.to_string()), ("to", period.to.to_string())];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// The rows of a table. What is withheld is null.
fn rows(table: &TableReport) -> Vec<(&'static str, Value)> {
    let row = |row: &crate::statistics::report::RowReport| {
        let mut object = figures(&row.figures);
        if row.few {
            object.iter_mut().filter(|(name, _)| is_withheld(name)).for_each(|(_, value)| *value = Value::Null);
        }
        with(object, &[("word", (*row.word).into()), ("few", row.few.into())])
    };
    vec![
        ("dimension", table.dimension.name().into()),
        ("of_accepted", table.of_accepted.into()),
        ("rows", table.rows.iter().map(row).collect()),
        ("folded", with(figures(&table.folded_figures), &[("rows", table.folded.into())])),
        ("rest", figures(&table.rest).into()),
    ]
}

/// One table of a report.
pub(super) fn table(report: &Report, table: &TableReport) -> Value {
    with(days(&report.site, report.period), &rows(table))
}

/// The chart.
fn points(report: &Report) -> Value {
    let point = |point: &crate::statistics::report::Point| {
        json!({
            "day": point.day.to_string(),
            "hour": point.hour,
            "running": point.is_running,
            "totals": totals(&point.totals),
        })
    };
    report.points.iter().map(point).collect()
}

/// What is filtered by, and its row over time.
fn filtered(report: &Report) -> Value {
    let Some(filtered) = &report.filtered else { return Value::Null };
    let points =
        filtered.points.iter().map(|point| json!({ "day": point.day.to_string(), "figures": figures(&point.figures) }));
    json!({
        "dimension": filtered.filter.dimension.name(),
        "word": *filtered.filter.word,
        "too_few": filtered.too_few,
        "figures": figures(&filtered.figures),
        "series": points.collect::<Value>(),
    })
}

/// Everything over time.
pub(super) fn series(report: &Report) -> Value {
    with(days(&report.site, report.period), &[("series", points(report)), ("filter", filtered(report))])
}

fn answers_members(report: &AnswersReport) -> Vec<(&'static str, Value)> {
    let point =
        |(day, numbers): &(crate::statistics::Day, Answers)| with(answers(numbers), &[("day", day.to_string().into())]);
    let banner = |(banner, numbers): &(crate::statistics::Banner, Answers)| {
        with(
            answers(numbers),
            &[("language", banner.language.tag().into()), ("edition", banner.edition.as_str().into())],
        )
    };
    vec![
        ("all", answers(&report.all).into()),
        ("series", report.points.iter().map(point).collect()),
        ("banners", report.by_banner.iter().map(banner).collect()),
    ]
}

/// How banners were answered.
pub(super) fn answers_of(report: &Report) -> Value {
    with(days(&report.site, report.period), &answers_members(&report.answers))
}

/// The whole report.
pub(super) fn report(loaded: &Loaded, zone: &str, smallest: i64) -> Value {
    let Loaded { report, before, marks, .. } = loaded;
    let compared = before.as_ref().map_or(Value::Null, |before| {
        with(
            days(&before.site, before.period),
            &[("totals", totals(&before.totals)), ("series", points(before)), ("filter", filtered(before))],
        )
    });
    let mark = |(day, mark, count): &MarkRow| json!({ "day": day.to_string(), "kind": mark.name(), "count": count });
    let tables = report.tables.iter().map(|table| with(Map::new(), &rows(table)));
    with(
        days(&report.site, report.period),
        &[
            ("time_zone", zone.into()),
            ("smallest_cell", smallest.into()),
            ("totals", totals(&report.totals)),
            ("series", points(report)),
            ("filter", filtered(report)),
            ("tables", tables.collect()),
            ("answers", with(Map::new(), &answers_members(&report.answers))),
            ("compared", compared),
            ("marks", marks.iter().map(mark).collect()),
        ],
    )
}

/// The last half hour.
pub(super) fn live(live: &LiveSite) -> Value {
    json!({ "views_now": live.views_now(), "visits_now": live.visits, "views_by_minute": live.views })
}
