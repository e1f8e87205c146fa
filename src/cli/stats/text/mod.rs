//! A report as text: numbers with their change, a chart, tables, how banners were answered, what is to be known of the days.

mod chart;
mod consent;
mod numbers;
mod tables;

use std::fmt::Write as _;

use self::numbers::{change, grouped, number, period};
use super::show::{Shown, meaning};
use crate::{
    statistics::{
        Day,
        report::{Filtered, Measure, Report, Step, cards, coverage},
    },
    store::statistics::Mark,
};

/// Height of the chart, in lines.
const CHART_HEIGHT: usize = 6;

/// What the reader's terminal shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Characters in a line.
    pub(super) width: usize,
    /// Whether blocks may be drawn.
    pub(super) unicode: bool,
}

/// A report to be written.
pub(super) struct Sheet<'a> {
    pub(super) look: Look,
    pub(super) zone: &'a str,
    pub(super) top: usize,
    pub(super) shown: &'a Shown,
}

impl Sheet<'_> {
    /// The whole text.
    pub(super) fn text(&self) -> String {
        let report = &self.shown.report;
        let mut text = format!("{}, {}, {}\n", report.site, period(report.period), self.zone);
        if is_empty(report) {
            text.push_str(&self.nothing());
            return text;
        }
        if let Some(compared) = &self.shown.compared {
            line(&mut text, &format!("compared with {}", period(compared.period)));
        }
        if report.points.last().is_some_and(|point| point.is_running) {
            line(&mut text, "the last of these days is not over yet");
        }
        text.push('\n');
        match &report.filtered {
            Some(filtered) => self.filtered(&mut text, filtered),
            None => self.cards(&mut text),
        }
        self.chart(&mut text);
        for table in &report.tables {
            tables::table(&mut text, table, self.top, self.look);
        }
        if report.filtered.is_none() {
            consent::panel(&mut text, report, self.look);
        }
        self.days(&mut text);
        text
    }

    fn nothing(&self) -> String {
        match self.shown.extent {
            Some((first, last)) => {
                format!("nothing was counted on these days; there are numbers from {first} to {last}\n")
            }
            None => "nothing was counted yet; numbers come with the first visitors of a gateway that runs\n".to_owned(),
        }
    }

    fn cards(&self, text: &mut String) {
        let accepted = match coverage(&self.shown.report.totals) {
            Some(percent) => format!("  of those who accepted: {percent} %"),
            None => "  of those who accepted".to_owned(),
        };
        for card in cards(&self.shown.report, self.shown.compared.as_ref()) {
            let told = number(card.measure, card.number);
            let of_accepted = if card.measure.is_of_accepted() { accepted.as_str() } else { "" };
            let changed = card.change.map(change).unwrap_or_default();
            line(text, &format!("{:<22}{told:>14}  {changed:>12}{of_accepted}", name(card.measure)));
        }
    }

    fn filtered(&self, text: &mut String, filtered: &Filtered) {
        let filter = &filtered.filter;
        line(text, &format!("only {} {}", filter.dimension.name(), filter.word));
        if filtered.too_few {
            line(text, "it is of so few that nothing more is shown");
            return;
        }
        let of = |figure: i64| grouped(figure);
        let figures = &filtered.figures;
        line(text, &format!("{:<22}{:>14}", "pageviews", of(figures.views)));
        line(text, &format!("{:<22}{:>14}", "entries", of(figures.entries)));
        line(text, &format!("{:<22}{:>14}{:>14}  of those who accepted", "visits", of(figures.visits), ""));
    }

    fn chart(&self, text: &mut String) {
        let report = &self.shown.report;
        let step = match report.step {
            Step::Hour => "hour",
            Step::Day => "day",
            Step::Month => "month",
        };
        let label = |day: Day, hour: Option<u8>| match (hour, report.step) {
            (Some(hour), _) => format!("{hour:02}:00"),
            (None, Step::Month) => day.to_string()[..7].to_owned(),
            (None, _) => day.to_string(),
        };
        let points: Vec<_> = match &report.filtered {
            Some(filtered) if filtered.too_few => return,
            Some(filtered) => filtered.points.iter().map(|it| (label(it.day, None), it.figures.views)).collect(),
            None => report.points.iter().map(|it| (label(it.day, it.hour), it.totals.views)).collect(),
        };
        if points.len() > 1 {
            let _ = writeln!(text, "\npageviews by {step}");
            chart::chart(text, &points, CHART_HEIGHT, self.look);
        }
    }

    /// What is to be known of the days besides their numbers, and what was lost.
    fn days(&self, text: &mut String) {
        let lost = self.shown.report.totals.lost;
        if self.shown.marks.is_empty() && lost == 0 {
            return;
        }
        text.push_str("\nto be known of these days\n");
        for mark in Mark::ALL {
            let mut days: Vec<_> =
                self.shown.marks.iter().filter(|(_, found, _)| *found == mark).map(|(day, ..)| *day).collect();
            days.dedup();
            for run in days.chunk_by(|one, next| next.since(*one) == 1) {
                let told = match run {
                    [first, .., last] => format!("{first} to {last}: {}", meaning(mark)),
                    [only] => format!("{only}: {}", meaning(mark)),
                    [] => continue,
                };
                line(text, &told);
            }
        }
        if lost > 0 {
            line(
                text,
                &format!("{} things were to be counted and were not: more came at once than fits", grouped(lost)),
            );
        }
    }
}

fn is_empty(report: &Report) -> bool {
    report.totals.is_zero() && report.tables.iter().all(|table| table.rows.is_empty() && table.folded == 0)
}

fn line(text: &mut String, line: &str) {
    let _ = writeln!(text, "{}", line.trim_end());
}

const fn name(measure: Measure) -> &'static str {
    match measure {
        Measure::Views => "pageviews",
        Measure::Entries => "entries",
        Measure::Visits => "visits",
        Measure::Visitors => "visitor-days",
        Measure::BounceRate => "bounce rate",
        Measure::Duration => "length of a visit",
        Measure::Robots => "pages for robots",
        Measure::NotFound => "pages not found",
        Measure::Downloads => "downloads",
        Measure::Slow => "slow pageviews",
        Measure::Waited => "time to answer",
        Measure::Requests => "requests",
        Measure::Bytes => "traffic",
    }
}

#[cfg(test)]
mod tests;
