//! Numbers of running days in memory: what changed since the store was last told, and which rows there are, so that no day has too many.

use std::collections::HashMap;

use super::{
    counted::Banner,
    day::{Day, Hour},
    distinct::{Distinct, VisitorHash},
    figures::{Answers, Figures, Totals},
    table::{RowKey, Table},
};

/// Visitors of a site and day that are counted exactly …
const MOST_EXACT_VISITORS: usize = 4096;
/// … and of one row.
const MOST_EXACT_VISITORS_OF_ROW: usize = 256;
/// Banners of one day: languages and editions of all sites, with room for a change of edition.
const MOST_BANNERS: usize = 1000;

/// What the store is told: numbers to add to those that it has.
#[derive(Debug, Default)]
pub struct Changes {
    /// By site, day and hour.
    pub hours: Vec<(usize, Day, Hour, Totals)>,
    /// By site, day, table and row.
    pub rows: Vec<(usize, Day, Table, RowKey, Figures)>,
    /// By site, day and banner.
    pub answers: Vec<(usize, Day, Banner, Answers)>,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.hours.is_empty() && self.rows.is_empty() && self.answers.is_empty()
    }
}

#[derive(Debug, Default)]
pub(super) struct Cells {
    hours: HashMap<(usize, Day, Hour), Totals>,
    visitors: HashMap<(usize, Day), (Hour, Distinct)>,
    tables: HashMap<(usize, Day, Table), Rows>,
    answers: HashMap<(usize, Day, Banner), Answers>,
}

#[derive(Debug, Default)]
struct Rows {
    rows: HashMap<RowKey, Row>,
    changed: Vec<RowKey>,
}

#[derive(Debug, Default)]
struct Row {
    pending: Figures,
    is_changed: bool,
    visitors: Option<Distinct>,
}

impl Cells {
    /// Adds to an hour.
    pub(super) fn total(&mut self, site: usize, day: Day, hour: Hour, totals: Totals) {
        *self.hours.entry((site, day, hour)).or_default() += totals;
    }

    /// Adds to a row.
    pub(super) fn row(&mut self, site: usize, day: Day, table: Table, key: RowKey, figures: Figures) {
        self.change(site, day, table, key, |row| row.pending += figures);
    }

    /// Somebody was seen in a row.
    pub(super) fn row_visitor(&mut self, site: usize, day: Day, table: Table, key: RowKey, visitor: VisitorHash) {
        self.change(site, day, table, key, |row| {
            row.visitors.get_or_insert_with(|| Distinct::new(MOST_EXACT_VISITORS_OF_ROW)).insert(visitor);
        });
    }

    /// Somebody was seen on a site.
    pub(super) fn visitor(&mut self, site: usize, day: Day, hour: Hour, visitor: VisitorHash) {
        let (last, seen) =
            self.visitors.entry((site, day)).or_insert_with(|| (hour, Distinct::new(MOST_EXACT_VISITORS)));
        if *last != hour {
            // Who was new until now belongs to the hour that is over.
            let news = seen.news();
            self.hours.entry((site, day, *last)).or_default().visitors += news;
            *last = hour;
        }
        seen.insert(visitor);
    }

    /// Adds to a banner's answers.
    pub(super) fn answer(&mut self, site: usize, day: Day, banner: &Banner, answers: Answers) {
        let key = (site, day, banner.clone());
        if self.answers.len() < MOST_BANNERS || self.answers.contains_key(&key) {
            *self.answers.entry(key).or_default() += answers;
        }
    }

    /// What changed since this was last asked.
    pub(super) fn take(&mut self) -> Changes {
        for ((site, day), (hour, seen)) in &mut self.visitors {
            let news = seen.news();
            if news != 0 {
                self.hours.entry((*site, *day, *hour)).or_default().visitors += news;
            }
        }
        let hours = self.hours.drain().map(|((site, day, hour), totals)| (site, day, hour, totals));
        let mut rows = Vec::new();
        for ((site, day, table), kept) in &mut self.tables {
            for key in kept.changed.drain(..) {
                let Some(row) = kept.rows.get_mut(&key) else { continue };
                row.is_changed = false;
                let mut figures = std::mem::take(&mut row.pending);
                figures.visitors += row.visitors.as_mut().map_or(0, Distinct::news);
                if !figures.is_zero() {
                    rows.push((*site, *day, *table, key, figures));
                }
            }
        }
        let answers = self.answers.drain().map(|((site, day, banner), answers)| (site, day, banner, answers));
        Changes { hours: hours.filter(|(.., totals)| !totals.is_zero()).collect(), rows, answers: answers.collect() }
    }

    /// Forgets the rows and visitors of earlier days. To be called when their changes were taken.
    pub(super) fn forget_before(&mut self, day: Day) {
        self.visitors.retain(|(_, kept), _| *kept >= day);
        self.tables.retain(|(_, kept, _), rows| *kept >= day || !rows.changed.is_empty());
    }

    /// Who was seen on each site and day, with the hour that the newest of them belong to.
    pub(super) fn seen(&self) -> impl Iterator<Item = (usize, Day, Hour, &Distinct)> {
        self.visitors.iter().map(|((site, day), (hour, seen))| (*site, *day, *hour, seen))
    }

    /// Who was seen in each row.
    pub(super) fn seen_in_rows(&self) -> impl Iterator<Item = ((usize, Day, Table), &RowKey, &Distinct)> {
        self.tables.iter().flat_map(|(place, rows)| {
            rows.rows.iter().filter_map(move |(key, row)| Some((*place, key, row.visitors.as_ref()?)))
        })
    }

    /// The same, in the next run of the program.
    pub(super) fn of_seen(
        visitors: HashMap<(usize, Day), (Hour, Distinct)>,
        rows: Vec<((usize, Day, Table), RowKey, Distinct)>,
    ) -> Self {
        let mut cells = Self { visitors, ..Self::default() };
        for (place, key, seen) in rows {
            let row = Row { visitors: Some(seen), ..Row::default() };
            cells.tables.entry(place).or_default().rows.insert(key, row);
        }
        cells
    }

    fn change(&mut self, site: usize, day: Day, table: Table, key: RowKey, change: impl FnOnce(&mut Row)) {
        let kept = self.tables.entry((site, day, table)).or_default();
        let fits = kept.rows.len() < table.most_rows_of_running_day() || kept.rows.contains_key(&key);
        let key = if fits { key } else { RowKey::rest(table) };
        let row = kept.rows.entry(key.clone()).or_default();
        change(row);
        if !std::mem::replace(&mut row.is_changed, true) {
            kept.changed.push(key);
        }
    }
}
