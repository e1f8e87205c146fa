//! What a reader may see of a table: rows of too few are put together, so that nobody is found in one, nor in what is left when the others
//! are taken from the whole.

use std::sync::Arc;

use super::{Rows, noise::Noise};
use crate::statistics::{Dimension, Figures};

/// How much a reader is shown.
#[derive(Clone, Debug)]
pub struct Disclosure {
    /// Rows of fewer than this are put together.
    pub smallest: i64,
    /// For readers other than the operator: every number is moved a little.
    pub noise: Option<Noise>,
}

/// The rule for a shared link and for tables that are given to others.
pub const SMALLEST_FOR_OTHERS: i64 = 10;

/// A row that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowReport {
    /// Its word.
    pub word: Arc<str>,
    /// Its numbers.
    pub figures: Figures,
    /// Whether numbers of visits and visitors are withheld, since they would be of too few.
    pub few: bool,
}

/// A table that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableReport {
    /// What it has rows for.
    pub dimension: Dimension,
    /// The rows, the longest first.
    pub rows: Vec<RowReport>,
    /// What was beyond the longest rows of its day.
    pub rest: Figures,
    /// Rows that were put together …
    pub folded: usize,
    /// … and their numbers.
    pub folded_figures: Figures,
    /// Whether it tells of those alone who accepted `analytical`.
    pub of_accepted: bool,
}

impl TableReport {
    /// One without rows, as it is where a filter can't be asked of it.
    pub fn empty(dimension: Dimension) -> Self {
        Self {
            dimension,
            rows: Vec::new(),
            rest: Figures::default(),
            folded: 0,
            folded_figures: Figures::default(),
            of_accepted: false,
        }
    }
}

/// What a row must have enough of to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// Views from elsewhere: the nearest to persons that is known of everybody. One who reads ten pages is not ten.
    Entries,
    /// Visits.
    Visits,
    /// Views, where a cube has nothing else.
    Views,
    /// Nothing: it is not about persons.
    None,
}

impl Weight {
    fn of(self, figures: &Figures) -> i64 {
        match self {
            Self::Entries => figures.entries,
            Self::Visits => figures.visits,
            Self::Views => figures.views,
            Self::None => i64::MAX,
        }
    }
}

/// Puts a table together for a reader. `rows` are the longest first; the row for the rest has the empty word.
pub(super) fn fold(dimension: Dimension, rows: Rows, weight: Weight, disclosure: &Disclosure) -> TableReport {
    let (rest, mut rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(word, _)| word.is_empty());
    let smallest = disclosure.smallest;
    let mut shown = TableReport {
        dimension,
        rows: Vec::new(),
        rest: rest.into_iter().map(|(_, figures)| figures).sum(),
        folded: 0,
        folded_figures: Figures::default(),
        of_accepted: matches!(weight, Weight::Visits | Weight::Views),
    };
    if weight != Weight::None {
        // The lightest last; of equals the order stays.
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|place| std::cmp::Reverse(weight.of(&rows[*place].1)));
        let light = rows.iter().filter(|(_, figures)| weight.of(figures) < smallest).count();
        let mut folded = light;
        let sum = |count: usize| order.iter().rev().take(count).map(|place| weight.of(&rows[*place].1)).sum::<i64>();
        // One row alone, or few persons in all of them, could be found by taking what is shown from the whole: then the next one goes too.
        while folded > 0 && folded < rows.len() && (folded < 2 || sum(folded) < smallest) {
            folded += 1;
        }
        let gone: Vec<usize> = order.into_iter().rev().take(folded).collect();
        shown.folded = folded;
        shown.folded_figures = gone.iter().map(|place| rows[*place].1).sum();
        let mut place = 0;
        rows.retain(|_| {
            place += 1;
            !gone.contains(&(place - 1))
        });
    }
    shown.rows = rows.into_iter().map(|(word, figures)| shown_row(word, figures, smallest)).collect();
    if let Some(noise) = &disclosure.noise {
        for row in &mut shown.rows {
            row.figures = noise.figures(dimension, &row.word, row.figures);
        }
        shown.folded_figures = noise.figures(dimension, "(folded)", shown.folded_figures);
        shown.rest = noise.figures(dimension, "(rest)", shown.rest);
    }
    shown
}

/// Visits of one or two would be somebody's: how long he stayed, whether he came back.
fn shown_row(word: Arc<str>, figures: Figures, smallest: i64) -> RowReport {
    let persons = figures.visitors.max(figures.visits);
    let few = persons > 0 && persons < smallest;
    let Figures { views, entries, .. } = figures;
    let figures = if few { Figures { views, entries, ..Figures::default() } } else { figures };
    RowReport { word, figures, few }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OWNER: Disclosure = Disclosure { smallest: 5, noise: None };

    fn rows(entries: &[i64]) -> Vec<(Arc<str>, Figures)> {
        let row = |(at, entries): (usize, &i64)| {
            (format!("r{at}").into(), Figures { views: 2 * entries, entries: *entries, ..Figures::default() })
        };
        entries.iter().enumerate().map(row).collect()
    }

    fn check(entries: &[i64], shown: &[i64], folded: usize) {
        let table = fold(Dimension::Country, rows(entries), Weight::Entries, &OWNER);
        let seen: Vec<_> = table.rows.iter().map(|row| row.figures.entries).collect();
        assert_eq!((seen.as_slice(), table.folded), (shown, folded), "{entries:?}");
    }

    #[test]
    fn rows_of_few_are_put_together_and_none_is_left_alone() {
        check(&[20, 9, 5], &[20, 9, 5], 0);
        check(&[20, 9, 3, 2, 1], &[20, 9], 3);
        // One row alone would be the difference to the whole.
        check(&[20, 9, 4], &[20], 2);
        check(&[20, 2, 2], &[], 3);
        check(&[4], &[], 1);
        check(&[], &[], 0);
    }

    #[test]
    fn rows_about_the_site_stay_but_do_not_tell_of_few_visitors() {
        let one = Figures { views: 3, visits: 1, visitors: 1, seconds: 534, ..Figures::default() };
        let many = Figures { views: 30, visits: 9, visitors: 8, seconds: 900, ..Figures::default() };
        let rows = vec![("/a".into(), many), ("/b".into(), one), ("".into(), one)];
        let table = fold(Dimension::Page, rows, Weight::None, &OWNER);
        assert_eq!((table.rows[0].figures, table.rows[0].few), (many, false));
        assert_eq!((table.rows[1].figures, table.rows[1].few), (Figures { views: 3, ..Figures::default() }, true));
        assert_eq!(table.rest, one);
    }

    proptest! {
        #[test]
        fn nobody_is_found_by_taking_what_is_shown_from_the_whole(entries in prop::collection::vec(0i64..30, 0..40)) {
            let whole: i64 = entries.iter().sum();
            let table = fold(Dimension::Source, rows(&entries), Weight::Entries, &OWNER);
            let shown: i64 = table.rows.iter().map(|row| row.figures.entries).sum();
            prop_assert!(table.rows.iter().all(|row| row.figures.entries >= 5));
            prop_assert_eq!(whole - shown, table.folded_figures.entries);
            prop_assert_eq!(table.rows.len() + table.folded, entries.len());
            prop_assert!(table.folded == 0 || table.rows.is_empty() || (table.folded >= 2 && whole - shown >= 5));
        }
    }
}
