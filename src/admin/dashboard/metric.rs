//! The numbers of the cards: taken from what was counted, and written in words.

use super::{
    number::{bytes, duration, percent, real, rounded, whole},
    words::Metric,
};
use crate::{
    statistics::{Figures, Totals},
    visitor::Language,
};

/// Whether more of something is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sense {
    /// It is.
    Good,
    /// It is worse.
    Bad,
    /// It is neither.
    Neither,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A whole number.
    Count,
    /// A share of one.
    Share,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// The number in words.
    pub(super) fn show(self, language: Language, value: f64) -> String {
        match self {
            Self::Count => whole(language, rounded(value)),
            Self::Share => percent(language, value),
            Self::Seconds => duration(language, value),
            Self::Bytes => bytes(language, value),
        }
    }
}

/// One number out of another; nothing where there is nothing to divide by.
pub(super) fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| real(part) / real(whole))
}

impl Metric {
    /// Its number for everything of a site. Nothing where there is nothing to tell of, such as how long visits are when there were none.
    pub(super) fn of(self, totals: &Totals) -> Option<f64> {
        let count = match self {
            Self::Views => totals.views,
            Self::Entries => totals.entries,
            Self::Visits => totals.visits,
            Self::Visitors => totals.visitors,
            Self::BounceRate => return share(totals.bounces, totals.visits).map(|share| share.clamp(0.0, 1.0)),
            Self::Duration => return share(totals.seconds, totals.visits - totals.bounces),
            Self::Coverage => return coverage(totals),
            Self::NotFound => totals.not_found,
            Self::Downloads => totals.downloads,
            Self::Slow => totals.slow,
            Self::Bytes => totals.bytes,
            Self::Robots => totals.robots,
        };
        Some(real(count))
    }

    /// Its number for one row of a table, where rows have it.
    pub(super) fn of_row(self, figures: &Figures) -> Option<f64> {
        match self {
            Self::Views => Some(real(figures.views)),
            Self::Entries => Some(real(figures.entries)),
            Self::Visits => Some(real(figures.visits)),
            Self::Visitors => Some(real(figures.visitors)),
            Self::BounceRate => share(figures.bounces, figures.visits).map(|share| share.clamp(0.0, 1.0)),
            Self::Duration => share(figures.seconds, figures.visits - figures.bounces),
            Self::Coverage | Self::NotFound | Self::Downloads | Self::Slow | Self::Bytes | Self::Robots => None,
        }
    }

    /// Whether rows of tables have it.
    pub(super) const fn is_of_rows(self) -> bool {
        matches!(self, Self::Views | Self::Entries | Self::Visits | Self::Visitors | Self::BounceRate | Self::Duration)
    }

    /// Whether it tells of those alone who accepted `analytical`.
    pub(super) const fn is_of_accepted(self) -> bool {
        matches!(self, Self::Visits | Self::Visitors | Self::BounceRate | Self::Duration)
    }

    pub(super) const fn unit(self) -> Unit {
        match self {
            Self::BounceRate | Self::Coverage => Unit::Share,
            Self::Duration => Unit::Seconds,
            Self::Bytes => Unit::Bytes,
            _ => Unit::Count,
        }
    }

    pub(super) const fn sense(self) -> Sense {
        match self {
            Self::Views | Self::Entries | Self::Visits | Self::Visitors => Sense::Good,
            Self::NotFound | Self::Slow => Sense::Bad,
            Self::BounceRate | Self::Duration | Self::Coverage | Self::Downloads | Self::Bytes | Self::Robots => {
                Sense::Neither
            }
        }
    }
}

/// The share of views whose visitor accepted `analytical`; nothing where nobody is asked.
pub(super) fn coverage(totals: &Totals) -> Option<f64> {
    let Totals { accepted_views, refused_views, signalled_views, unanswered_views, .. } = *totals;
    let asked = accepted_views + refused_views + signalled_views + unanswered_views;
    share(accepted_views, if asked > 0 { totals.views.max(asked) } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_where_there_is_something_to_tell_of() {
        let totals = Totals {
            views: 100,
            visits: 8,
            bounces: 2,
            seconds: 240,
            accepted_views: 34,
            unanswered_views: 60,
            ..Totals::default()
        };
        let show = |metric: Metric| metric.of(&totals).map(|value| metric.unit().show(Language::En, value));
        assert_eq!(show(Metric::Views).as_deref(), Some("100"));
        assert_eq!(show(Metric::BounceRate).as_deref(), Some("25%"));
        assert_eq!(show(Metric::Duration).as_deref(), Some("40\u{a0}s"));
        assert_eq!(show(Metric::Coverage).as_deref(), Some("34%"));
        let none = Totals { views: 9, ..Totals::default() };
        assert_eq!([Metric::BounceRate, Metric::Duration, Metric::Coverage].map(|metric| metric.of(&none)), [None; 3]);
        for metric in Metric::ALL {
            let row = Figures { visits: 1, ..Figures::default() };
            assert_eq!(metric.of_row(&row).is_some(), metric.is_of_rows(), "{metric:?}");
        }
    }
}
