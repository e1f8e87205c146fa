//! The cards above the chart: one number each, what it was before, and a link that has the chart show it.

use std::sync::Arc;

use super::{
    date,
    metric::{Sense, coverage},
    number::{percent, say, tenths},
    query::Asked,
    words::Metric,
};
use crate::{
    statistics::{
        Dimension,
        report::{Period, Report},
    },
    visitor::Language,
};

/// A card.
#[derive(Clone, Debug)]
pub(super) struct Card {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) definition: &'static str,
    pub(super) value: String,
    pub(super) change: Option<Change>,
    /// Of whom it is, where it is not of everybody.
    pub(super) of: Option<String>,
    /// The address under which the chart shows it.
    pub(super) href: String,
    pub(super) is_current: bool,
}

/// How a number changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) text: String,
    /// What it was, for who points at it.
    pub(super) before: String,
    pub(super) class: &'static str,
}

/// The metrics that can be told of what is asked.
pub(super) fn metrics(report: &Report) -> Vec<Metric> {
    let dimension = report.filtered.as_ref().map(|filtered| filtered.filter.dimension);
    Metric::ALL.into_iter().filter(|metric| dimension.is_none_or(|dimension| has(dimension, *metric))).collect()
}

/// Whether the rows of a table tell of this.
pub(super) fn has(dimension: Dimension, metric: Metric) -> bool {
    match dimension {
        Dimension::Page => matches!(metric, Metric::Views | Metric::Entries | Metric::Visitors),
        // Each of their views is an entry.
        Dimension::Entry | Dimension::Channel | Dimension::Source | Dimension::Campaign => {
            metric.is_of_rows() && metric != Metric::Views
        }
        Dimension::Country | Dimension::Language | Dimension::Device | Dimension::Browser | Dimension::System => {
            metric.is_of_rows()
        }
        Dimension::Exit => metric == Metric::Visits,
        Dimension::NotFound | Dimension::Download | Dimension::SlowPage | Dimension::Robot | Dimension::RobotReason => {
            metric == Metric::Views
        }
    }
}

/// The number of a metric in a report: of what is filtered by, or of everything.
pub(super) fn value(metric: Metric, report: &Report) -> Option<f64> {
    match &report.filtered {
        Some(filtered) if filtered.too_few => None,
        Some(filtered) => metric.of_row(&filtered.figures),
        None => metric.of(&report.totals),
    }
}

/// The cards of a report.
pub(super) fn cards(
    language: Language,
    report: &Report,
    before: Option<&Report>,
    asked: &Asked,
    sites: &[Arc<str>],
) -> Vec<Card> {
    let cards = metrics(report).into_iter().map(|metric| Card {
        href: Asked { metric, ..asked.clone() }.link(super::PATH, sites),
        is_current: metric == asked.metric,
        ..card(language, metric, report, before)
    });
    cards.collect()
}

/// One card that leads nowhere.
pub(super) fn card(language: Language, metric: Metric, report: &Report, before: Option<&Report>) -> Card {
    let now = value(metric, report);
    let was = before.and_then(|before| value(metric, before).map(|value| (value, before.period)));
    Card {
        name: metric.name(),
        title: metric.defined().title(language),
        definition: metric.defined().text(language),
        value: now.map_or_else(|| "—".to_owned(), |value| metric.unit().show(language, value)),
        change: now.zip(was).and_then(|(now, was)| change(language, metric, now, was)),
        of: metric.is_of_accepted().then(|| of_accepted(language, report)),
        href: String::new(),
        is_current: false,
    }
}

/// Of whom numbers of visits are: those who accepted, and how much of all views that is.
pub(super) fn of_accepted(language: Language, report: &Report) -> String {
    match coverage(&report.totals) {
        None => say(language, ["только принявшие", "тек қабылдағандар", "of those who accepted"]).to_owned(),
        Some(share) => {
            let share = percent(language, share);
            match language {
                Language::Ru => format!("принявшие: {share} просмотров"),
                Language::Kk => format!("қабылдағандар: қаралымдардың {share}"),
                Language::En => format!("of those who accepted, {share} of views"),
            }
        }
    }
}

/// How a number changed; nothing where it was nothing, since no percent tells of that.
fn change(language: Language, metric: Metric, now: f64, (was, period): (f64, Period)) -> Option<Change> {
    if was <= 0.0 {
        return None;
    }
    let share = (now - was) / was * 100.0;
    let shown = tenths(language, if share.abs() < 10.0 { share.abs() } else { share.abs().round() });
    let percent = if language == Language::En { "%" } else { "\u{a0}%" };
    let (arrow, said) = match share {
        _ if shown == "0" => ("", say(language, ["без изменений", "өзгеріссіз", "no change"])),
        share if share > 0.0 => ("▲", say(language, ["больше", "артық", "more"])),
        _ => ("▼", say(language, ["меньше", "аз", "less"])),
    };
    let class = match (metric.sense(), arrow) {
        (_, "") | (Sense::Neither, _) => "same",
        (Sense::Good, "▲") | (Sense::Bad, "▼") => "better",
        _ => "worse",
    };
    let days = date::period(language, period);
    let was = metric.unit().show(language, was);
    let text = if arrow.is_empty() { said.to_owned() } else { format!("{arrow}\u{a0}{shown}{percent}") };
    Some(Change { text, before: format!("{said}; {days}: {was}"), class })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Day;

    #[test]
    fn changes_are_told_in_percent_and_coloured_only_where_more_is_better_or_worse() {
        let period = Period { from: Day::from_number(0), to: Day::from_number(0) };
        let check = |metric, now, was, expected: Option<(&str, &str)>| {
            let change = change(Language::En, metric, now, (was, period));
            let seen = change.as_ref().map(|change| (change.text.as_str(), change.class));
            assert_eq!(seen, expected, "{metric:?} {was} {now}");
        };
        check(Metric::Views, 110.0, 100.0, Some(("▲\u{a0}10%", "better")));
        check(Metric::Views, 95.5, 100.0, Some(("▼\u{a0}4.5%", "worse")));
        check(Metric::NotFound, 3.0, 1.0, Some(("▲\u{a0}200%", "worse")));
        check(Metric::NotFound, 1.0, 2.0, Some(("▼\u{a0}50%", "better")));
        check(Metric::Coverage, 0.4, 0.2, Some(("▲\u{a0}100%", "same")));
        check(Metric::Views, 100.0, 100.0, Some(("no change", "same")));
        check(Metric::Views, 100.0, 0.0, None);
    }
}
