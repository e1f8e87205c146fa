//! Pageviews over time as columns: cells of a table, since programs that show mail draw nothing else.

use super::numbers::Form;
use crate::{
    statistics::report::{Report, Step},
    visitor::Language,
};

/// Height of the highest column, in pixels.
const HEIGHT: i64 = 90;
/// Columns at most. A week has seven, a month thirty-one.
const MOST_COLUMNS: usize = 31;

/// A column.
pub(super) struct Column {
    /// What stands below it.
    pub(super) label: String,
    /// Its number; empty where there is no room for numbers.
    pub(super) number: String,
    /// Its height, in pixels.
    pub(super) height: i64,
}

/// The columns of a report; none where there is one point alone, or more than fit.
pub(super) fn columns(report: &Report, form: Form) -> Vec<Column> {
    let points = &report.points;
    if points.len() < 2 || points.len() > MOST_COLUMNS {
        return Vec::new();
    }
    let largest = points.iter().map(|point| point.totals.views).max().unwrap_or_default();
    let has_room = points.len() <= 12;
    let column = |point: &crate::statistics::report::Point| {
        let views = point.totals.views;
        let height = if largest > 0 { views.saturating_mul(HEIGHT) / largest } else { 0 };
        let label = match (report.step, point.hour) {
            (Step::Hour, hour) => hour.unwrap_or_default().to_string(),
            (Step::Day, _) if has_room => {
                let date = point.day.date();
                format!("{} {}", weekday(date.weekday().to_monday_zero_offset(), form.0), date.day())
            }
            (Step::Day, _) => point.day.date().day().to_string(),
            (Step::Month, _) => point.day.date().strftime("%m.%y").to_string(),
        };
        let number = if has_room { form.grouped(views) } else { String::new() };
        Column { label, number, height: if views > 0 { height.max(1) } else { 0 } }
    };
    points.iter().map(column).collect()
}

fn weekday(from_monday: i8, language: Language) -> &'static str {
    let names = match language {
        Language::Ru => ["пн", "вт", "ср", "чт", "пт", "сб", "вс"],
        Language::Kk => ["дс", "сс", "ср", "бс", "жм", "сб", "жс"],
        Language::En => ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    };
    names.get(usize::try_from(from_monday).unwrap_or_default()).copied().unwrap_or_default()
}
