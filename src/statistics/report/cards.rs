//! The numbers at the head of a report, each with how it changed.

use super::Report;
use crate::statistics::Totals;

/// What a number is of. The words are defined in `config/statistics.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Pageviews of people.
    Views,
    /// Pageviews that came from elsewhere.
    Entries,
    /// Visits of those who accepted `analytical`.
    Visits,
    /// Visitor-days of those who accepted `analytical`.
    Visitors,
    /// Visits of one pageview, in percent of visits.
    BounceRate,
    /// The mean length of visits with more than one view, in seconds.
    Duration,
    /// Pages asked for by robots.
    Robots,
    /// Pages asked for that are not there.
    NotFound,
    /// Files taken.
    Downloads,
    /// Pageviews that waited for the site longer than a second.
    Slow,
    /// The mean time until the head of the site's answer, in milliseconds.
    Waited,
    /// Requests, of everything and everybody.
    Requests,
    /// Bytes sent.
    Bytes,
}

impl Measure {
    /// Every measure, in the order in which they are shown.
    pub const ALL: [Self; 13] = [
        Self::Views,
        Self::Entries,
        Self::Visits,
        Self::Visitors,
        Self::BounceRate,
        Self::Duration,
        Self::Robots,
        Self::NotFound,
        Self::Downloads,
        Self::Slow,
        Self::Waited,
        Self::Requests,
        Self::Bytes,
    ];

    /// Whether it is known of those alone who accepted `analytical`.
    pub const fn is_of_accepted(self) -> bool {
        matches!(self, Self::Visits | Self::Visitors | Self::BounceRate | Self::Duration)
    }

    /// The number, or `None` where there is nothing that it could be a part of.
    pub fn of(self, totals: &Totals) -> Option<i64> {
        match self {
            Self::Views => Some(totals.views),
            Self::Entries => Some(totals.entries),
            Self::Visits => Some(totals.visits),
            Self::Visitors => Some(totals.visitors),
            Self::BounceRate => mean(totals.bounces.saturating_mul(100), totals.visits),
            Self::Duration => mean(totals.seconds, totals.visits - totals.bounces),
            Self::Robots => Some(totals.robots),
            Self::NotFound => Some(totals.not_found),
            Self::Downloads => Some(totals.downloads),
            Self::Slow => Some(totals.slow),
            // Of pages that were read in from logs no time is known.
            Self::Waited => mean(totals.waited, totals.views).filter(|waited| *waited > 0),
            Self::Requests => Some(totals.requests),
            Self::Bytes => Some(totals.bytes),
        }
    }
}

/// How a number changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// By so many percent of what it was.
    Percent(i64),
    /// By so many points, where the number is a percentage itself.
    Points(i64),
    /// It was nothing before.
    New,
}

/// A number and how it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// What it is of.
    pub measure: Measure,
    /// The number, where there is one.
    pub number: Option<i64>,
    /// How it changed, where both are known.
    pub change: Option<Change>,
}

/// The numbers of a report beside those of the period that it is compared with.
pub fn cards(report: &Report, compared: Option<&Report>) -> Vec<Card> {
    let card = |measure: Measure| {
        let number = measure.of(&report.totals);
        let before = compared.and_then(|compared| measure.of(&compared.totals));
        let change = number.zip(before).and_then(|(number, before)| change(measure, number, before));
        Card { measure, number, change }
    };
    Measure::ALL.into_iter().map(card).collect()
}

/// The share of pageviews by visitors who accepted `analytical`, in percent; `None` where nobody was asked or nothing seen.
pub fn coverage(totals: &Totals) -> Option<i64> {
    let Totals { accepted_views, refused_views, signalled_views, unanswered_views, .. } = totals;
    let asked = accepted_views + refused_views + signalled_views + unanswered_views;
    mean(accepted_views.saturating_mul(100), totals.views).filter(|_| asked > 0)
}

fn change(measure: Measure, number: i64, before: i64) -> Option<Change> {
    match measure {
        Measure::BounceRate => Some(Change::Points(number - before)),
        _ if before == 0 => (number > 0).then_some(Change::New),
        _ => mean(number.saturating_sub(before).saturating_mul(100), before).map(Change::Percent),
    }
}

/// A quotient, rounded to the nearest whole number; of halves the one further from nothing.
fn mean(sum: i64, count: i64) -> Option<i64> {
    (count > 0).then(|| (sum.saturating_add(sum.signum() * (count / 2))) / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_changes_by_percent_and_a_percentage_by_points() {
        let check = |measure, number, before, expected| assert_eq!(change(measure, number, before), expected);
        check(Measure::Views, 112, 100, Some(Change::Percent(12)));
        check(Measure::Views, 2, 3, Some(Change::Percent(-33)));
        check(Measure::Views, 5, 0, Some(Change::New));
        check(Measure::Views, 0, 0, None);
        check(Measure::Views, 0, 7, Some(Change::Percent(-100)));
        check(Measure::BounceRate, 43, 45, Some(Change::Points(-2)));
    }

    #[test]
    fn what_is_a_part_of_nothing_is_no_number() {
        let totals = Totals { views: 3, waited: 1000, visits: 8, bounces: 3, seconds: 100, ..Totals::default() };
        let number = |measure: Measure| measure.of(&totals);
        assert_eq!(
            [Measure::Waited, Measure::BounceRate, Measure::Duration].map(number),
            [Some(333), Some(38), Some(20)]
        );
        let nothing = |measure: Measure| measure.of(&Totals::default());
        assert_eq!([Measure::Waited, Measure::BounceRate, Measure::Duration].map(nothing), [None; 3]);
        assert_eq!(nothing(Measure::Views), Some(0));
    }
}
