//! Tables of one dimension.

use std::fmt::Write as _;

use super::{Look, chart::bar, numbers::grouped};
use crate::statistics::{
    Dimension, Figures,
    report::{RowReport, TableReport},
};

/// Characters of the numbers of a row, with the spaces between.
const NUMBERS: usize = 10 + 10 + 7;
/// Longest bar.
const LONGEST_BAR: usize = 16;
/// Shortest and longest column of words.
const WORDS: std::ops::RangeInclusive<usize> = 16..=60;

/// Writes a table, unless it is empty.
pub(super) fn table(text: &mut String, table: &TableReport, top: usize, look: Look) {
    if table.rows.is_empty() && table.folded == 0 && table.rest.is_zero() {
        return;
    }
    let counts_visits = table.rows.iter().any(|row| row.figures.visits > 0 || row.few);
    let leading = Leading::of(table);
    let all = table.rows.iter().map(|row| &row.figures).chain([&table.folded_figures, &table.rest]);
    let whole: i64 = all.map(|figures| leading.number(figures)).sum();
    let largest = table.rows.iter().map(|row| leading.number(&row.figures)).max().unwrap_or_default();
    let words = look.width.saturating_sub(NUMBERS + LONGEST_BAR + 1).clamp(*WORDS.start(), *WORDS.end());
    let of_accepted = if table.of_accepted { ", of those who accepted" } else { "" };
    let heading = format!("{}{of_accepted}", title(table.dimension));
    let visits = if counts_visits && leading == Leading::Views { "visits" } else { "" };
    let heading = format!("{heading:<words$}{:>10}{visits:>10}", leading.name());
    let _ = writeln!(text, "\n{}", heading.trim_end());
    for row in table.rows.iter().take(top) {
        let number = leading.number(&row.figures);
        let visits = match row {
            _ if visits.is_empty() => String::new(),
            RowReport { few: true, .. } => "few".to_owned(),
            row => grouped(row.figures.visits),
        };
        let share = share(number, whole);
        let bar = bar(number, largest, LONGEST_BAR.min(look.width.saturating_sub(words + NUMBERS + 1)), look.unicode);
        let word = fitted(&row.word, words - 1, look.unicode);
        let line = format!("{word}{:>10}{visits:>10}{share:>7} {bar}", grouped(number));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let others = table.rows.len().saturating_sub(top);
    if others > 0 {
        let sum: i64 = table.rows.iter().skip(top).map(|row| leading.number(&row.figures)).sum();
        rest(text, &format!("{others} more"), sum, words);
    }
    if table.folded > 0 {
        rest(text, &format!("{} of few, together", table.folded), leading.number(&table.folded_figures), words);
    }
    if !table.rest.is_zero() {
        rest(text, "beyond the longest of each day", leading.number(&table.rest), words);
    }
}

fn rest(text: &mut String, what: &str, number: i64, words: usize) {
    let what = format!("({what})");
    let _ = writeln!(text, "{what:<words$}{:>10}", grouped(number));
}

/// Which number comes first and gives the share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leading {
    Views,
    Visits,
}

impl Leading {
    fn of(table: &TableReport) -> Self {
        let has_views = table.rows.iter().map(|row| &row.figures).chain([&table.folded_figures, &table.rest]);
        if table.dimension != Dimension::Exit && has_views.into_iter().any(|figures| figures.views > 0) {
            Self::Views
        } else {
            Self::Visits
        }
    }

    const fn number(self, figures: &Figures) -> i64 {
        match self {
            Self::Views => figures.views,
            Self::Visits => figures.visits,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Views => "views",
            Self::Visits => "visits",
        }
    }
}

fn share(number: i64, whole: i64) -> String {
    if whole <= 0 {
        return String::new();
    }
    match number as f64 * 100.0 / whole as f64 {
        small if small > 0.0 && small < 0.5 => "<1 %".to_owned(),
        share => format!("{share:.0} %"),
    }
}

/// A word in a column: what is longer loses its end.
fn fitted(word: &str, width: usize, unicode: bool) -> String {
    let length = word.chars().count();
    if length <= width {
        return format!("{word}{:1$}", "", width + 1 - length);
    }
    let end = if unicode { "…" } else { "~" };
    let kept: String = word.chars().take(width - 1).collect();
    format!("{kept}{end} ")
}

const fn title(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Page => "pages",
        Dimension::Entry => "pages of entry",
        Dimension::Exit => "last pages",
        Dimension::Channel => "channels",
        Dimension::Source => "sources",
        Dimension::Campaign => "campaigns",
        Dimension::Country => "countries",
        Dimension::Language => "languages",
        Dimension::Device => "devices",
        Dimension::Browser => "browsers",
        Dimension::System => "systems",
        Dimension::NotFound => "not found",
        Dimension::Download => "downloads",
        Dimension::SlowPage => "slow pages",
        Dimension::Robot => "robots",
        Dimension::RobotReason => "why robots",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fit_their_column_whatever_their_script() {
        assert_eq!(fitted("/a", 5, true), "/a    ");
        assert_eq!(fitted("/услуги", 5, true), "/усл… ");
        assert_eq!(fitted("/services", 5, false), "/ser~ ");
    }

    #[test]
    fn a_share_that_is_not_nothing_is_not_called_so() {
        assert_eq!(
            (share(1, 1000), share(5, 1000), share(0, 7), share(7, 7)),
            ("<1 %".into(), "0 %".into(), "0 %".into(), "100 %".into())
        );
    }
}
