//! `kelisim stats`: a report in a terminal, or as JSON.

use std::{
    io::{self, Write},
    path::Path,
};

use clap::Args;

use super::{
    StatsError,
    asked::{self, Comparison, NamedPeriod, SiteArguments, parse_day, parse_filter, parse_period},
    terminal,
    text::{Look, Sheet},
    write_what_waits,
};
use crate::{
    statistics::{
        Day,
        report::{self, Beside, Disclosure, Filter, Material, Period, Report, to_json},
    },
    store::statistics::{Mark, MarkRow, Query, StatisticsError, StatisticsReader},
};

/// `kelisim stats`.
#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    #[command(flatten)]
    asked: SiteArguments,
    /// Which days, by name: today, yesterday, 7d, 28d, last-week, month, last-month, year, 12-months.
    #[arg(long, value_name = "NAME", default_value = "28d", value_parser = parse_period, conflicts_with = "from")]
    period: NamedPeriod,
    /// The first day, in the time zone of the statistics: 2026-11-01.
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    from: Option<Day>,
    /// The last day [default: today].
    #[arg(long, value_name = "DAY", value_parser = parse_day, requires = "from")]
    to: Option<Day>,
    /// With what to compare: previous (as many days before), year (the same weekdays a year before), none.
    #[arg(long, value_enum, default_value_t = Comparison::Previous)]
    compare: Comparison,
    /// Only what has this word in a table: country:KZ, page:/services/. Tables tell then of those alone who accepted `analytical`.
    #[arg(long, value_name = "DIMENSION:WORD", value_parser = parse_filter)]
    filter: Option<Filter>,
    /// How many rows of each table.
    #[arg(long, value_name = "ROWS", default_value_t = 10)]
    top: usize,
    /// The whole report as one JSON document.
    #[arg(long, conflicts_with_all = ["top", "ascii"])]
    json: bool,
    /// Draw with ASCII alone, as it is done where the locale is not UTF-8.
    #[arg(long)]
    ascii: bool,
}

/// What is shown.
pub(in crate::cli) struct Shown {
    pub(super) report: Report,
    pub(super) compared: Option<Report>,
    pub(super) marks: Vec<MarkRow>,
    /// The first and the last day with any numbers.
    pub(super) extent: Option<(Day, Day)>,
}

/// Runs it.
pub(super) fn run(arguments: &ShowArguments) -> Result<(), Box<dyn std::error::Error>> {
    let configuration = super::super::configuration_alone(&arguments.asked.config)?;
    let site = arguments.asked.site(&configuration)?;
    let today = asked::today(&configuration);
    let period = match arguments.from {
        Some(from) => asked::period(from, arguments.to.unwrap_or(today))?,
        None => arguments.period.days(today),
    };
    let compared = arguments.compare.period(period);
    write_what_waits(&configuration);
    let disclosure = Disclosure { smallest: configuration.statistics.smallest_cell, noise: None };
    let (filter, days) = (arguments.filter.as_ref(), (period, compared));
    let shown = read(&configuration.state_dir, &site, days, filter, &disclosure, today)?;
    let zone = configuration.statistics.calendar.zone();
    let mut output = io::stdout().lock();
    let written = if arguments.json {
        let marks: Vec<_> = shown.marks.iter().map(|(day, mark, count)| (*day, mark.name(), *count)).collect();
        let beside = Beside { compared: shown.compared.as_ref(), marks: &marks, zone };
        writeln!(output, "{:#}", to_json(&shown.report, &beside))
    } else {
        let look = Look { width: terminal::width(), unicode: !arguments.ascii && terminal::is_utf8() };
        output.write_all(Sheet { look, zone, top: arguments.top, shown: &shown }.text().as_bytes())
    };
    match written.and_then(|()| output.flush()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written.map_err(StatsError::Output)?),
    }
}

/// Reads everything. Where nothing was counted yet the report is empty.
pub(in crate::cli) fn read(
    state_dir: &Path,
    site: &str,
    (period, compared): (Period, Option<Period>),
    filter: Option<&Filter>,
    disclosure: &Disclosure,
    today: Day,
) -> Result<Shown, StatisticsError> {
    let reader = match StatisticsReader::open(state_dir) {
        Ok(reader) => reader,
        Err(StatisticsError::Missing { .. }) => {
            let report = report::report(site, period, filter.cloned(), Material::default(), disclosure, today);
            return Ok(Shown { report, compared: None, marks: Vec::new(), extent: None });
        }
        Err(error) => return Err(error),
    };
    let of = |period| {
        let disclosure = disclosure.clone();
        reader.report(&Query { site, period, filter: filter.cloned(), disclosure, today })
    };
    Ok(Shown {
        report: of(period)?,
        compared: compared.map(of).transpose()?,
        marks: reader.marks(period.from, period.to)?,
        extent: reader.extent(site)?,
    })
}

/// What a mark of a day means for its numbers.
pub(super) const fn meaning(mark: Mark) -> &'static str {
    match mark {
        Mark::Crash => "the program ended without a word: its last seconds are missing, and open visits count as two",
        Mark::Restart => "the program was started anew: open visits count as two",
        Mark::Import => "read in from logs: views of everybody, and no visits",
    }
}
