//! A report as a letter: one page of HTML that is whole in itself, and the same as text.
//!
//! Programs that show mail leave out scripts, styles in a head and drawings, and load nothing without asking. So all is tables with their
//! style in each cell, and there is nothing to load: nobody learns from it that it was read.

mod chart;
mod numbers;
mod text;
mod words;

use askama::Template;

use self::{
    chart::Column,
    numbers::{Form, period},
    words::Words,
};
use crate::{
    mail::Letter,
    statistics::{
        Day, Dimension,
        report::{Change, Measure, Report, TableReport, cards, coverage},
    },
    visitor::Language,
};

/// Rows of each table: what fits on a page.
const ROWS: usize = 8;
/// Longest word in a table, in characters.
const LONGEST_WORD: usize = 60;

/// What a letter is made of.
#[derive(Clone, Copy, Debug)]
pub struct LetterMaterial<'a> {
    /// The days that it is about.
    pub report: &'a Report,
    /// Those before.
    pub compared: Option<&'a Report>,
    /// What is to be known of days: the day, the mark's word, how often.
    pub marks: &'a [(Day, &'static str, i64)],
    /// The name of the time zone.
    pub zone: &'a str,
}

/// The numbers that are shown in a letter.
const MEASURES: [Measure; 6] =
    [Measure::Views, Measure::Entries, Measure::Visits, Measure::Visitors, Measure::Robots, Measure::NotFound];

/// The tables that are shown.
const TABLES: [Dimension; 5] =
    [Dimension::Page, Dimension::Source, Dimension::Campaign, Dimension::Country, Dimension::NotFound];

/// Puts a letter together.
pub fn letter(material: &LetterMaterial<'_>, language: Language) -> Letter {
    let LetterMaterial { report, compared, marks, zone } = *material;
    let words = Words(language);
    let form = Form(language);
    let subject = format!("{}: {}", report.site, period(report.period, language));
    let all = cards(report, compared);
    let shown = all.into_iter().filter(|card| MEASURES.contains(&card.measure)).map(|card| Card {
        name: words.measure(card.measure),
        number: form.number(card.number),
        change: card.change.map(|change| form.change(change)).unwrap_or_default(),
        tone: match card.change {
            Some(Change::Percent(percent) | Change::Points(percent)) if percent < 0 => Tone::Less,
            Some(_) => Tone::More,
            None => Tone::Same,
        },
    });
    let tables = TABLES.iter().filter_map(|dimension| Table::of(report.table(*dimension)?, words, form));
    let page = Page {
        words,
        subject: subject.clone(),
        site: &report.site,
        period: period(report.period, language),
        compared: compared.map(|compared| period(compared.period, language)),
        zone,
        is_empty: report.totals.is_zero(),
        cards: shown.collect(),
        coverage: coverage(&report.totals).map(|percent| words.coverage(percent)),
        columns: chart::columns(report, form),
        tables: tables.collect(),
        states: states(report, words, form),
        banners: banners(report, words, form),
        notes: notes(report, marks, words, form),
    };
    let html = page.render().expect("a template of plain values is always text");
    Letter { subject, text: text::text(&page), html }
}

/// A number at the head.
struct Card {
    name: &'static str,
    number: String,
    change: String,
    tone: Tone,
}

/// How a change looks. Less is not worse and more is not better: it is a tone, not a judgement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tone {
    More,
    Less,
    Same,
}

impl Tone {
    fn colour(self) -> &'static str {
        match self {
            Self::More => "#1b5e3f",
            Self::Less => "#8a3b12",
            Self::Same => "#555555",
        }
    }
}

/// A row with its bar.
struct Row {
    word: String,
    number: String,
    share: String,
    /// How long its bar is, in percent.
    bar: i64,
}

struct Table {
    title: &'static str,
    rows: Vec<Row>,
    /// What is not in the rows, together.
    others: Option<String>,
}

impl Table {
    fn of(table: &TableReport, words: Words, form: Form) -> Option<Self> {
        let number = |figures: &crate::statistics::Figures| figures.views;
        let shown = table.rows.iter().map(|row| number(&row.figures));
        let whole = shown.clone().sum::<i64>() + number(&table.folded_figures) + number(&table.rest);
        let largest = shown.clone().max().unwrap_or_default();
        if whole == 0 {
            return None;
        }
        let rows = table.rows.iter().take(ROWS).map(|row| {
            let views = number(&row.figures);
            Row {
                word: cut(words.word(table.dimension, &row.word)),
                number: form.grouped(views),
                share: form.share(views, whole),
                bar: percent(views, largest).max(1),
            }
        });
        let others = whole - shown.take(ROWS).sum::<i64>();
        Some(Self {
            title: words.table(table.dimension),
            rows: rows.collect(),
            others: (others > 0).then(|| format!("{}: {}", words.others(), form.grouped(others))),
        })
    }
}

struct Page<'a> {
    words: Words,
    subject: String,
    site: &'a str,
    period: String,
    compared: Option<String>,
    zone: &'a str,
    is_empty: bool,
    cards: Vec<Card>,
    coverage: Option<String>,
    columns: Vec<Column>,
    tables: Vec<Table>,
    states: Vec<Row>,
    banners: Vec<Row>,
    notes: Vec<String>,
}

/// The template, with what it is filled from.
#[derive(Template)]
#[template(path = "letter.html", config = "src/admin/askama.toml")]
struct LetterPage<'p, 'a> {
    page: &'p Page<'a>,
}

impl Page<'_> {
    fn render(&self) -> Result<String, askama::Error> {
        LetterPage { page: self }.render()
    }
}

fn rows(parts: &[(&'static str, i64)], form: Form) -> Vec<Row> {
    let whole: i64 = parts.iter().map(|(_, number)| number).sum();
    if whole == 0 {
        return Vec::new();
    }
    let row = |(word, number): &(&'static str, i64)| Row {
        word: (*word).to_owned(),
        number: form.grouped(*number),
        share: form.share(*number, whole),
        bar: percent(*number, whole),
    };
    parts.iter().map(row).collect()
}

/// How the visitors of pageviews stand to the question.
fn states(report: &Report, words: Words, form: Form) -> Vec<Row> {
    let totals = &report.totals;
    let numbers = [totals.accepted_views, totals.refused_views, totals.signalled_views, totals.unanswered_views];
    let parts: Vec<_> = words.states().into_iter().zip(numbers).collect();
    rows(&parts, form)
}

/// How banners were answered.
fn banners(report: &Report, words: Words, form: Form) -> Vec<Row> {
    let all = &report.answers.all;
    let numbers = [all.accepted, all.partly, all.refused, all.ignored()];
    let parts: Vec<_> = words.banners().into_iter().zip(numbers).collect();
    rows(&parts, form)
}

/// What is to be known of the days, and what was lost.
fn notes(report: &Report, marks: &[(Day, &'static str, i64)], words: Words, form: Form) -> Vec<String> {
    let mut notes: Vec<_> = marks.iter().map(|(day, mark, _)| format!("{day}: {}", words.mark(mark))).collect();
    if report.totals.lost > 0 {
        notes.push(format!("{}: {}", words.lost(), form.grouped(report.totals.lost)));
    }
    notes
}

fn percent(number: i64, whole: i64) -> i64 {
    if whole <= 0 { 0 } else { (number.saturating_mul(100) / whole).clamp(0, 100) }
}

fn cut(word: String) -> String {
    if word.chars().count() <= LONGEST_WORD {
        return word;
    }
    let kept: String = word.chars().take(LONGEST_WORD - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests;
