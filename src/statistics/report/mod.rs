//! A report: what a reader sees of a site and a period. The dashboard, the command line, exports and the weekly letter all show this.

mod cards;
mod fold;
mod json;
mod noise;
mod period;

use std::sync::Arc;

pub use cards::{Card, Change, Measure, cards, coverage};
pub use fold::{Disclosure, RowReport, SMALLEST_FOR_OTHERS, TableReport};
pub use json::{Beside, to_json};
pub use noise::{DEVIATION, Noise};
pub use period::{Period, PeriodName, Step};

use self::fold::{Weight, fold};
use super::{Answers, Banner, Day, Dimension, Figures, Hour, Totals};

/// One row that a reader clicked on: the report is about what has this word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// In which table.
    pub dimension: Dimension,
    /// Which word.
    pub word: Arc<str>,
}

/// A point of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// The day, or the first one of a month.
    pub day: Day,
    /// The hour, where the points are hours.
    pub hour: Option<Hour>,
    /// What it adds up to.
    pub totals: Totals,
    /// Whether it is not over yet.
    pub is_running: bool,
}

/// A point of the chart of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterPoint {
    /// The day, or the first one of a month.
    pub day: Day,
    /// What it adds up to.
    pub figures: Figures,
}

/// What the report says of what a reader clicked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filtered {
    /// What was clicked.
    pub filter: Filter,
    /// The row's own numbers, of everybody.
    pub figures: Figures,
    /// Whether the row is of so few that nothing more is shown.
    pub too_few: bool,
    /// Its numbers over time.
    pub points: Vec<FilterPoint>,
}

/// How banners were answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswersReport {
    /// All together.
    pub all: Answers,
    /// By day, or by month.
    pub points: Vec<(Day, Answers)>,
    /// By language and edition, the most often shown first.
    pub by_banner: Vec<(Banner, Answers)>,
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The site.
    pub site: String,
    /// The days.
    pub period: Period,
    /// How the points follow each other.
    pub step: Step,
    /// All hours together. With a filter too they are of everything.
    pub totals: Totals,
    /// The chart.
    pub points: Vec<Point>,
    /// What was clicked on.
    pub filtered: Option<Filtered>,
    /// The tables, those that a filter can't be asked of left out.
    pub tables: Vec<TableReport>,
    /// How banners were answered.
    pub answers: AnswersReport,
}

impl Report {
    /// A table, if the report has it.
    pub fn table(&self, dimension: Dimension) -> Option<&TableReport> {
        self.tables.iter().find(|table| table.dimension == dimension)
    }
}

/// Rows of one table by their word, the longest first.
pub type Rows = Vec<(Arc<str>, Figures)>;

/// What a report is made of, as the store has it.
#[derive(Clone, Debug, Default)]
pub struct Material {
    /// Totals by hour, in their order.
    pub hours: Vec<(Day, Hour, Totals)>,
    /// The rows of the tables: with a filter those of the cubes that it has, else of all of one dimension. The longest first.
    pub rows: Vec<(Dimension, Rows)>,
    /// With a filter its own row, day by day.
    pub filtered: Vec<(Day, Figures)>,
    /// Answers, by day.
    pub answers: Vec<(Day, Banner, Answers)>,
}

/// Puts a report together.
pub fn report(
    site: &str,
    period: Period,
    filter: Option<Filter>,
    material: Material,
    disclosure: &Disclosure,
    today: Day,
) -> Report {
    let step = period.step();
    let totals: Totals = material.hours.iter().map(|(.., totals)| *totals).sum();
    let filtered = filter.map(|filter| filtered(filter, &material.filtered, period, disclosure));
    let hides_rows = filtered.as_ref().is_some_and(|filtered| filtered.too_few);
    let tables = material.rows.into_iter().filter(|_| !hides_rows).map(|(dimension, rows)| {
        let weight = match &filtered {
            Some(filtered) if filtered.filter.dimension == Dimension::Page || dimension == Dimension::Page => {
                Weight::Views
            }
            Some(_) => Weight::Visits,
            None if dimension.is_of_persons() => Weight::Entries,
            None => Weight::None,
        };
        fold(dimension, rows, weight, disclosure)
    });
    let mut report = Report {
        site: site.to_owned(),
        period,
        step,
        totals,
        points: points(&material.hours, period, today),
        tables: tables.collect(),
        filtered,
        answers: answers(&material.answers, step),
    };
    if let Some(noise) = &disclosure.noise {
        move_numbers(&mut report, noise);
    }
    report
}

fn filtered(filter: Filter, days: &[(Day, Figures)], period: Period, disclosure: &Disclosure) -> Filtered {
    let figures: Figures = days.iter().map(|(_, figures)| *figures).sum();
    let too_few = filter.dimension.is_of_persons() && figures.entries < disclosure.smallest;
    let mut points: Vec<FilterPoint> = Vec::new();
    for day in steps(period) {
        points.push(FilterPoint { day, figures: Figures::default() });
    }
    for (day, figures) in days.iter().filter(|_| !too_few) {
        let start = start_of_step(*day, period.step());
        if let Some(point) = points.iter_mut().find(|point| point.day == start) {
            point.figures += *figures;
        }
    }
    let figures = if too_few { Figures::default() } else { figures };
    Filtered { filter, figures, too_few, points }
}

/// The days that points begin with.
fn steps(period: Period) -> Vec<Day> {
    let mut steps: Vec<Day> =
        (0..period.length()).map(|days| start_of_step(period.from.plus(days), period.step())).collect();
    steps.dedup();
    steps
}

fn start_of_step(day: Day, step: Step) -> Day {
    match step {
        Step::Hour | Step::Day => day,
        Step::Month => Day::of_date(day.date().first_of_month()),
    }
}

/// The chart: every step of the period, also where nothing was counted; what is yet to come is left out.
fn points(hours: &[(Day, Hour, Totals)], period: Period, today: Day) -> Vec<Point> {
    let step = period.step();
    if step == Step::Hour {
        let day = period.from;
        let last = hours.iter().map(|(_, hour, _)| *hour).max().unwrap_or_default();
        let until = if day == today { last } else { 23 };
        let of_hour = |hour| hours.iter().filter(|(_, at, _)| *at == hour).map(|(.., totals)| *totals).sum();
        let point =
            |hour| Point { day, hour: Some(hour), totals: of_hour(hour), is_running: day == today && hour == until };
        return (0..=until).map(point).collect();
    }
    let begun = steps(period).into_iter().filter(|day| *day <= today);
    let mut points: Vec<_> = begun
        .map(|day| Point {
            day,
            hour: None,
            totals: Totals::default(),
            is_running: day == start_of_step(today, step) && period.to >= today,
        })
        .collect();
    for (day, _, totals) in hours {
        let start = start_of_step(*day, step);
        if let Ok(place) = points.binary_search_by_key(&start, |point| point.day) {
            points[place].totals += *totals;
        }
    }
    points
}

fn answers(days: &[(Day, Banner, Answers)], step: Step) -> AnswersReport {
    let mut report = AnswersReport::default();
    for (day, banner, answers) in days {
        report.all += *answers;
        let start = start_of_step(*day, step);
        match report.points.iter_mut().find(|(known, _)| *known == start) {
            Some((_, sum)) => *sum += *answers,
            None => report.points.push((start, *answers)),
        }
        match report.by_banner.iter_mut().find(|(known, _)| known == banner) {
            Some((_, sum)) => *sum += *answers,
            None => report.by_banner.push((banner.clone(), *answers)),
        }
    }
    report.by_banner.sort_by_key(|(_, answers)| std::cmp::Reverse(answers.shown));
    report
}

/// For others every number is moved; those of days would show the move of the whole, so there is no chart.
fn move_numbers(report: &mut Report, noise: &Noise) {
    let mut totals = report.totals.numbers();
    for (name, number) in Totals::NAMES.iter().zip(&mut totals) {
        *number = noise.number(name, *number);
    }
    report.totals = Totals::of_numbers(totals);
    report.points.clear();
    report.answers = AnswersReport::default();
}

#[cfg(test)]
mod tests;
