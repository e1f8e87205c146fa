//! The weekly letter: a report as one HTML file that needs nothing else, to be sent or kept.

use askama::Template;

use super::{
    cards::{Card, card},
    chart::Lines,
    consent::{Consent, consent},
    date,
    page::drawn,
    tables::{Making, Table},
    words::Metric,
};
use crate::{
    statistics::{Dimension, report::Report},
    visitor::Language,
};

/// Rows of a table in a letter.
const ROWS: usize = 7;

/// The cards of a letter.
const METRICS: [Metric; 10] = [
    Metric::Views,
    Metric::Entries,
    Metric::Visits,
    Metric::Visitors,
    Metric::BounceRate,
    Metric::Duration,
    Metric::Coverage,
    Metric::NotFound,
    Metric::Downloads,
    Metric::Robots,
];

/// The tables of a letter.
const TABLES: [Dimension; 6] = [
    Dimension::Page,
    Dimension::Source,
    Dimension::Country,
    Dimension::Device,
    Dimension::Campaign,
    Dimension::NotFound,
];

/// What a letter is made of.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// Its language.
    pub language: Language,
    /// The days that it tells of.
    pub report: &'a Report,
    /// Those that it compares them with.
    pub before: Option<&'a Report>,
    /// Rows about persons, of fewer than this, were put together.
    pub smallest: i64,
    /// The time zone by which days are told.
    pub zone: &'a str,
}

#[derive(Template)]
#[template(path = "letter.html", config = "src/admin/askama.toml")]
struct LetterPage<'a> {
    language: Language,
    tag: &'static str,
    title: String,
    site: &'a str,
    period: String,
    compared: Option<String>,
    zone: &'a str,
    smallest: i64,
    cards: Vec<Card>,
    chart_title: &'static str,
    chart: String,
    tables: Vec<Table>,
    consent: Option<Consent>,
    is_empty: bool,
}

impl LetterPage<'_> {
    fn say<'t>(&self, russian: &'t str, kazakh: &'t str, english: &'t str) -> &'t str {
        super::number::say(self.language, [russian, kazakh, english])
    }
}

/// What a letter is called, as its subject and the title of its file.
pub fn letter_title(letter: &Letter<'_>) -> String {
    let Letter { language, report, .. } = *letter;
    format!("{} — {}, {}", super::title(language), report.site, date::period(language, report.period))
}

/// The letter: one HTML text, without any load from elsewhere.
pub fn weekly_letter(letter: &Letter<'_>) -> String {
    let Letter { language, report, before, smallest, zone } = *letter;
    let making = Making { language, smallest, most: ROWS, links: None };
    let metric = Metric::Views;
    let (points, values) = drawn(language, report, before, metric);
    let title = metric.defined().title(language);
    let description = date::period(language, report.period);
    let chart =
        Lines { language, title, description: &description, unit: metric.unit(), points: &points, before: &values };
    let tables = TABLES.iter().filter_map(|dimension| report.table(*dimension));
    let tables = tables.map(|table| making.table(table, None));
    let page = LetterPage {
        language,
        tag: language.tag(),
        title: letter_title(letter),
        site: &report.site,
        period: date::period(language, report.period),
        compared: before.map(|before| date::period(language, before.period)),
        zone,
        smallest,
        cards: METRICS.map(|metric| card(language, metric, report, before)).into(),
        chart_title: title,
        chart: chart.svg("chart"),
        tables: tables.filter(|table| !table.rows.is_empty() || table.folded.is_some()).collect(),
        consent: consent(language, &report.answers, &report.totals, report.step),
        is_empty: report.totals.is_zero(),
    };
    page.render().expect("templates that write into memory do not fail")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{
        Day, Figures, Totals,
        report::{Disclosure, Material, Period, report},
    };

    #[test]
    fn a_letter_is_one_file_in_each_language_and_nothing_in_it_runs() {
        let period = Period::new(Day::parse("2026-11-16").unwrap(), Day::parse("2026-11-22").unwrap()).unwrap();
        let material = Material {
            hours: vec![(period.from, 10, Totals { views: 1234, accepted_views: 600, ..Totals::default() })],
            rows: vec![(
                Dimension::Page,
                vec![("/<script>alert(1)</script>".into(), Figures { views: 9, ..Figures::default() })],
            )],
            ..Material::default()
        };
        let disclosure = Disclosure { smallest: 5, noise: None };
        let report = report("shop.example", period, None, material, &disclosure, period.to.plus(1));
        for (language, days, views) in [
            (Language::Ru, "16–22\u{a0}ноября 2026", "1\u{202f}234"),
            (Language::Kk, "2026 ж. 16–22\u{a0}қараша", "1\u{202f}234"),
            (Language::En, "16–22\u{a0}November 2026", "1,234"),
        ] {
            let letter = Letter { language, report: &report, before: None, smallest: 5, zone: "Asia/Almaty" };
            let html = weekly_letter(&letter);
            assert!(html.contains(days) && html.contains(views), "{html}");
            assert!(html.starts_with("<!DOCTYPE html>") && html.contains(&format!("lang=\"{}\"", language.tag())));
            assert!(html.contains("&#60;script&#62;") || html.contains("&lt;script&gt;"), "{html}");
            for word in ["<script", "http://", "https://", "<link", "src=", "href="] {
                assert!(!html.contains(word), "{word}");
            }
            assert!(letter_title(&letter).contains("shop.example"));
        }
    }
}
