//! A report from the file.

use super::{StatisticsError, StatisticsReader};
use crate::statistics::{
    Day, Dimension, Table,
    report::{self, Disclosure, Filter, Material, Period, Report},
};

/// What a reader asks.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// Of which site.
    pub site: &'a str,
    /// Which days.
    pub period: Period,
    /// What was clicked on.
    pub filter: Option<Filter>,
    /// How much the reader is shown.
    pub disclosure: Disclosure,
    /// The day that runs.
    pub today: Day,
}

impl StatisticsReader {
    /// Reads everything that a report needs, and puts it together.
    pub fn report(&self, query: &Query<'_>) -> Result<Report, StatisticsError> {
        let Query { site, period: Period { from, to }, .. } = *query;
        let mut rows = Vec::new();
        for dimension in Dimension::ALL {
            let found = match &query.filter {
                None => {
                    let found = self.rows(site, Table::of(dimension), from, to)?;
                    found.into_iter().map(|(key, figures)| (key.first, figures)).collect()
                }
                Some(filter) if Table::cube(filter.dimension, dimension).is_some() => {
                    self.rows_where(site, (filter.dimension, &filter.word), dimension, from, to)?
                }
                Some(_) => continue,
            };
            rows.push((dimension, found));
        }
        let filtered = match &query.filter {
            Some(filter) => self.row_by_day(site, (filter.dimension, &filter.word), from, to)?,
            None => Vec::new(),
        };
        let material =
            Material { hours: self.hours(site, from, to)?, rows, filtered, answers: self.answers(site, from, to)? };
        Ok(report::report(site, query.period, query.filter.clone(), material, &query.disclosure, query.today))
    }
}
