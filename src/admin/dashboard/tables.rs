//! The tables: what a row is called, how long its bar is, and where a click on it leads.

use std::sync::Arc;

use super::{
    cards::has,
    metric::share,
    number::{percent, rounded, say, whole},
    query::{Asked, can_filter},
    table_words::table as defined,
    values::shown,
    words::Metric,
};
use crate::{
    statistics::{
        Dimension, Figures,
        report::{Filter, RowReport, TableReport},
    },
    visitor::Language,
};

/// Rows of a table on the dashboard …
pub(super) const FEW_ROWS: usize = 9;
/// … and on a page of its own.
pub(super) const MANY_ROWS: usize = 100;

/// Tables that stand behind each other, in one place of the page.
pub(super) const GROUPS: [(&str, &[Dimension]); 6] = [
    ("sources", &[Dimension::Source, Dimension::Channel, Dimension::Campaign]),
    ("pages", &[Dimension::Page, Dimension::Entry, Dimension::Exit]),
    ("places", &[Dimension::Country, Dimension::Language]),
    ("devices", &[Dimension::Device, Dimension::Browser, Dimension::System]),
    ("state", &[Dimension::NotFound, Dimension::SlowPage, Dimension::Download]),
    ("robots", &[Dimension::Robot, Dimension::RobotReason]),
];

/// A table as it is shown.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) definition: &'static str,
    /// What its number counts.
    pub(super) counts: &'static str,
    /// Further columns, on a page of its own.
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Row>,
    /// Rows that were put together.
    pub(super) folded: Option<Together>,
    /// What was beyond the longest rows of its day.
    pub(super) rest: Option<Together>,
    /// Rows that are not shown here.
    pub(super) hidden: usize,
    /// Whether it tells of those alone who accepted `analytical`.
    pub(super) is_of_accepted: bool,
}

/// A row as it is shown.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Its word as it is read.
    pub(super) shown: String,
    /// The address that filters by it.
    pub(super) href: Option<String>,
    pub(super) number: String,
    /// Its share of all rows, in percent and as the width of its bar.
    pub(super) share: String,
    pub(super) width: String,
    pub(super) cells: Vec<String>,
}

/// Rows of which there is one line.
#[derive(Clone, Debug)]
pub(super) struct Together {
    pub(super) text: String,
    pub(super) number: String,
}

/// What the rows of a table are counted by.
pub(super) fn counted_by(dimension: Dimension, of_accepted: bool) -> Metric {
    match dimension {
        Dimension::Exit => Metric::Visits,
        Dimension::Page => Metric::Views,
        Dimension::Entry | Dimension::Channel | Dimension::Source | Dimension::Campaign => {
            if of_accepted {
                Metric::Visits
            } else {
                Metric::Entries
            }
        }
        _ if of_accepted => Metric::Visits,
        _ => Metric::Views,
    }
}

/// A number of a row, of the metrics that are counts.
pub(super) fn count(metric: Metric, figures: &Figures) -> i64 {
    match metric {
        Metric::Entries => figures.entries,
        Metric::Visits => figures.visits,
        _ => figures.views,
    }
}

/// How a table is to be made.
pub(super) struct Making<'a> {
    pub(super) language: Language,
    /// Rows of fewer than this are put together.
    pub(super) smallest: i64,
    pub(super) most: usize,
    /// What was asked, and the names of the sites; nothing where rows lead nowhere.
    pub(super) links: Option<(&'a Asked, &'a [Arc<str>])>,
}

impl Making<'_> {
    /// The table.
    pub(super) fn table(&self, report: &TableReport, filter: Option<&Filter>) -> Table {
        let Self { language, .. } = *self;
        let dimension = report.dimension;
        // With a filter by page, or of pages, cubes have views alone.
        let is_of_views = filter.is_some_and(|filter| filter.dimension == Dimension::Page);
        let main = if is_of_views { Metric::Views } else { counted_by(dimension, report.of_accepted) };
        let number = |figures: &Figures| count(main, figures);
        let all = report.rows.iter().map(|row| number(&row.figures)).sum::<i64>()
            + number(&report.folded_figures)
            + number(&report.rest);
        let further: Vec<_> = Metric::ALL
            .into_iter()
            .filter(|metric| *metric != main && has(dimension, *metric) && filter.is_none())
            .collect();
        let rows = report.rows.iter().filter(|row| number(&row.figures) > 0 || row.few);
        let count_of_rows = rows.clone().count();
        let rows = rows.take(self.most).map(|row| self.row(dimension, row, main, all, &further)).collect();
        let defined = defined(dimension);
        Table {
            name: dimension.name(),
            title: defined.title(language),
            definition: defined.text(language),
            counts: match dimension {
                Dimension::Robot | Dimension::RobotReason => say(language, ["запросы", "сұраулар", "requests"]),
                Dimension::NotFound | Dimension::Download => say(language, ["раз", "рет", "times"]),
                _ => main.defined().title(language),
            },
            columns: further.iter().map(|metric| metric.defined().title(language)).collect(),
            rows,
            folded: (report.folded > 0).then(|| Together {
                text: self.folded(report.folded),
                number: whole(language, number(&report.folded_figures)),
            }),
            rest: (number(&report.rest) > 0).then(|| Together {
                text: say(
                    language,
                    [
                        "прочее, сверх длины таблицы",
                        "қалғаны, кесте ұзындығынан тыс",
                        "the rest, beyond the length of the table",
                    ],
                )
                .to_owned(),
                number: whole(language, number(&report.rest)),
            }),
            hidden: count_of_rows.saturating_sub(self.most),
            is_of_accepted: report.of_accepted || main.is_of_accepted(),
        }
    }

    fn row(&self, dimension: Dimension, row: &RowReport, main: Metric, all: i64, further: &[Metric]) -> Row {
        let Self { language, smallest, .. } = *self;
        let few = format!("<{smallest}");
        let number = count(main, &row.figures);
        let is_withheld = row.few && main.is_of_accepted();
        let share = share(number, all).unwrap_or_default().clamp(0.0, 1.0);
        let cell = |metric: &Metric| match metric.of_row(&row.figures) {
            // One short visit would tell how long it was; of visits and visitors there are at least so few.
            _ if row.few && metric.is_of_accepted() => match metric {
                Metric::Visits | Metric::Visitors => few.clone(),
                _ => "—".to_owned(),
            },
            Some(value) => metric.unit().show(language, value),
            None => "—".to_owned(),
        };
        Row {
            shown: shown(language, dimension, &row.word).into_owned(),
            href: self.links.filter(|_| can_filter(dimension) && !row.word.is_empty()).map(|(asked, sites)| {
                let filter = Some(Filter { dimension, word: row.word.clone() });
                Asked { filter, ..asked.clone() }.link(super::PATH, sites)
            }),
            number: if is_withheld { few.clone() } else { whole(language, number) },
            share: if is_withheld { String::new() } else { percent(language, share) },
            width: if is_withheld { "0".to_owned() } else { format!("{}", rounded(share * 1000.0) as f64 / 10.0) },
            cells: further.iter().map(cell).collect(),
        }
    }

    fn folded(&self, rows: usize) -> String {
        let smallest = self.smallest;
        let number = i64::try_from(rows).unwrap_or(i64::MAX);
        let rows = whole(self.language, number);
        match self.language {
            Language::Ru => {
                let form = super::number::russian_form(number, ["строка", "строки", "строк"]);
                format!("другие: {rows} {form}, где меньше {smallest}")
            }
            Language::Kk => format!("басқалары: {rows} жол, әрқайсысы < {smallest}"),
            Language::En if number == 1 => format!("others (1 row of fewer than {smallest})"),
            Language::En => format!("others ({rows} rows of fewer than {smallest})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(dimension: Dimension, rows: Vec<(&str, Figures, bool)>) -> TableReport {
        TableReport {
            dimension,
            rows: rows.into_iter().map(|(word, figures, few)| RowReport { word: word.into(), figures, few }).collect(),
            rest: Figures::default(),
            folded: 0,
            folded_figures: Figures::default(),
            of_accepted: false,
        }
    }

    fn making(most: usize) -> Making<'static> {
        Making { language: Language::En, smallest: 5, most, links: None }
    }

    #[test]
    fn shares_are_of_all_rows_and_few_are_not_told() {
        let mut pages = report(
            Dimension::Page,
            vec![
                ("/", Figures { views: 60, entries: 30, visitors: 9, ..Figures::default() }, false),
                ("/a", Figures { views: 20, ..Figures::default() }, true),
                ("/gone", Figures::default(), false),
            ],
        );
        pages.folded = 3;
        pages.folded_figures = Figures { views: 20, ..Figures::default() };
        let table = making(1).table(&pages, None);
        assert_eq!((table.counts, table.hidden), ("Pageviews", 1));
        assert_eq!((&*table.rows[0].number, &*table.rows[0].share, &*table.rows[0].width), ("60", "60%", "60"));
        assert_eq!(table.columns, ["Entries", "Visitor-days"]);
        assert_eq!(table.folded.as_ref().unwrap().text, "others (3 rows of fewer than 5)");
        let table = making(9).table(&pages, None);
        assert_eq!(table.rows[1].cells, ["0", "<5"]);
        let exits = report(Dimension::Exit, vec![("/", Figures::default(), true)]);
        let table = making(9).table(&exits, None);
        assert_eq!((&*table.rows[0].number, &*table.rows[0].share), ("<5", ""));
        assert!(table.is_of_accepted);
    }
}
