//! What the operator decides about counting.

use std::sync::Arc;

use super::{Calendar, Robots};
use crate::timestamp::Term;

/// How a gateway counts, and for how long it keeps what.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The time zone that days and hours are told in.
    pub calendar: Calendar,
    /// How long totals are kept by hour; by day they stay.
    pub keep_hours: Term,
    /// How long tables of one dimension and answers are kept.
    pub keep_tables: Term,
    /// How long tables of two dimensions are kept.
    pub keep_cubes: Term,
    /// Rows of fewer than this are put together.
    pub smallest_cell: i64,
    /// Who is no person.
    pub robots: Arc<Robots>,
}

impl Default for Settings {
    /// UTC; thirteen months, so that a year can be compared with the one before, twenty-five months of tables; no row of fewer than five.
    fn default() -> Self {
        Self {
            calendar: Calendar::new(jiff::tz::TimeZone::UTC),
            keep_hours: Term { months: 13, days: 0 },
            keep_tables: Term { months: 25, days: 0 },
            keep_cubes: Term { months: 13, days: 0 },
            smallest_cell: 5,
            robots: Arc::default(),
        }
    }
}
