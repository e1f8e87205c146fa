//! `[statistics]`.

use std::sync::Arc;

use jiff::tz::TimeZone;
use toml::Spanned;

use crate::{
    config::{context::Advice, file::Table, keys, value},
    statistics::{Calendar, Robots, Settings},
};

/// Rows of fewer than this may not be shown at all, whatever the operator likes: two who know of each other would find one another.
const SMALLEST_CELLS: std::ops::RangeInclusive<u32> = 3..=1000;

/// Checks the section; what it leaves out has its default.
pub(super) fn check(top: &mut Table<'_>) -> Settings {
    let mut settings = Settings::default();
    let Some(mut table) = top.table("statistics", &keys::STATISTICS) else { return settings };
    if let Some(zone) = table.parsed("time_zone", time_zone) {
        settings.calendar = Calendar::new(zone.into_inner());
    }
    let mut term = |key, default| table.parsed(key, value::term).map_or(default, Spanned::into_inner);
    settings.keep_hours = term("keep_hours", settings.keep_hours);
    settings.keep_tables = term("keep_tables", settings.keep_tables);
    settings.keep_cubes = term("keep_cubes", settings.keep_cubes);
    if let Some(smallest) = table.number("smallest_cell", SMALLEST_CELLS) {
        settings.smallest_cell = smallest.into();
    }
    if let Some(robots) = robots(&mut table) {
        settings.robots = Arc::new(robots);
    }
    settings
}

fn time_zone(text: &str) -> Result<TimeZone, Advice> {
    TimeZone::get(text).map_err(|_| {
        Advice::new(
            format!("`{text}` is no time zone"),
            "write a name of the IANA database, such as `Asia/Almaty` or `UTC`",
        )
    })
}

fn robots(table: &mut Table<'_>) -> Option<Robots> {
    let path = table.text("robots")?;
    let context = table.context;
    let span = path.span();
    let path = context.resolve(path.get_ref());
    let bytes = context.read(span.clone(), &path, "list of robots")?;
    let read = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned());
    match read.and_then(|text| Robots::parse(&text).map_err(|fault| fault.to_string())) {
        Ok(robots) => Some(robots),
        Err(fault) => {
            let remedy = "give `crawler-user-agents.json`, a list of objects with `pattern` and `tags`";
            context.fault(span, format!("{} is no list of robots: {fault}", path.display()), remedy);
            None
        }
    }
}
