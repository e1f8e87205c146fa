//! What a page of the dashboard is made of, read from the store in one go.

use super::query::Asked;
use crate::{
    admin::StatisticsSettings,
    statistics::{
        Day, Hour,
        report::{self, Disclosure, Material, Period, Report},
    },
    store::statistics::{MarkRow, Query, StatisticsError, StatisticsReader},
};

/// Everything that was read.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) report: Report,
    /// Totals, chart and the row that is filtered by, of the days that it is compared with. Its tables are empty.
    pub(super) before: Option<Report>,
    pub(super) marks: Vec<MarkRow>,
    /// The first and the last day with any numbers.
    pub(super) extent: Option<(Day, Day)>,
}

/// Reads. Where nothing was counted yet everything is nothing.
pub(super) fn load(
    settings: &StatisticsSettings,
    site: &str,
    asked: &Asked,
    now: (Day, Hour),
) -> Result<Loaded, StatisticsError> {
    let (today, _) = now;
    let period = asked.period(today);
    let disclosure = Disclosure { smallest: settings.smallest_cell, noise: None };
    let reader = match StatisticsReader::open(&settings.state_dir) {
        Err(StatisticsError::Missing { .. }) => {
            let report = report::report(site, period, asked.filter.clone(), Material::default(), &disclosure, today);
            return Ok(Loaded { report, before: None, marks: Vec::new(), extent: None });
        }
        opened => opened?,
    };
    let extent = reader.extent(site)?;
    // Days before the first one that was counted would make everything look grown.
    let before = asked.compare.days(period).filter(|before| extent.is_some_and(|(first, _)| before.from >= first));
    // Rows have no hours, so with a filter a day that runs could only be compared with a whole one.
    let before = before.filter(|_| asked.filter.is_none() || period.to != today);
    let query = Query { site, period, filter: asked.filter.clone(), disclosure: disclosure.clone(), today };
    Ok(Loaded {
        report: reader.report(&query)?,
        before: before.map(|before| outline(&reader, site, before, asked, &disclosure, now)).transpose()?,
        marks: reader.marks(period.from, period.to)?,
        extent,
    })
}

/// A report without tables, which are most of the work. A day that runs is compared with as many hours as it has had.
fn outline(
    reader: &StatisticsReader,
    site: &str,
    period: Period,
    asked: &Asked,
    disclosure: &Disclosure,
    (today, hour): (Day, Hour),
) -> Result<Report, StatisticsError> {
    let Period { from, to } = period;
    let filtered = match &asked.filter {
        Some(filter) => reader.row_by_day(site, (filter.dimension, &filter.word), from, to)?,
        None => Vec::new(),
    };
    let mut hours = reader.hours(site, from, to)?;
    if asked.period(today).to == today {
        hours.retain(|(day, at, _)| *day < to || *at <= hour);
    }
    let material = Material { hours, filtered, ..Material::default() };
    Ok(report::report(site, period, asked.filter.clone(), material, disclosure, today))
}
