//! What a command asks of the statistics: which site, which days, compared with what.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::StatsError;
use crate::{
    clock::Clock,
    config::Configuration,
    statistics::{
        Day, Dimension,
        report::{Filter, Period, PeriodName},
    },
};

/// Which site, from which configuration.
#[derive(Debug, Args)]
pub(super) struct SiteArguments {
    /// Of which site: its name is the first of its hosts [default: the first site].
    #[arg(long, value_name = "NAME")]
    pub(super) site: Option<String>,
    /// The configuration file; its `state_dir` says where the statistics are.
    #[arg(long, value_name = "FILE", default_value = "/etc/kelisim/kelisim.toml")]
    pub(super) config: PathBuf,
}

impl SiteArguments {
    /// The name of the site: the one that is asked for, or the first. Where there are others, a hint says so.
    pub(super) fn site(&self, configuration: &Configuration) -> Result<String, StatsError> {
        let names: Vec<_> = configuration.sites.iter().map(|site| site.name.as_str()).collect();
        match &self.site {
            Some(name) if names.contains(&name.as_str()) => Ok(name.clone()),
            Some(name) => Err(StatsError::UnknownSite { name: name.clone(), known: names.join(", ") }),
            None => {
                let (first, others) = names.split_first().expect("a configuration has a site");
                if !others.is_empty() {
                    eprintln!("this is {first}; others with --site: {}", others.join(", "));
                }
                Ok((*first).to_owned())
            }
        }
    }
}

/// A period by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamedPeriod {
    /// One of those that are offered everywhere.
    Offered(PeriodName),
    /// The last week from Monday to Sunday that is over.
    LastWeek,
}

impl NamedPeriod {
    pub(super) fn days(self, today: Day) -> Period {
        match self {
            Self::Offered(name) => name.days(today),
            Self::LastWeek => Period::last_whole(today)[0],
        }
    }
}

/// What a report is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Comparison {
    /// As many days right before.
    Previous,
    /// The same weekdays a year before.
    Year,
    /// Nothing.
    None,
}

impl Comparison {
    pub(super) fn period(self, period: Period) -> Option<Period> {
        match self {
            Self::Previous => Some(period.previous()),
            Self::Year => Some(period.year_before()),
            Self::None => None,
        }
    }
}

/// The day that runs, in the time zone of the statistics.
pub(super) fn today(configuration: &Configuration) -> Day {
    configuration.statistics.calendar.place(Clock::system().now()).0
}

/// The days from one to another.
pub(super) fn period(from: Day, to: Day) -> Result<Period, StatsError> {
    Period::new(from, to).ok_or_else(|| StatsError::Period { from: from.to_string(), to: to.to_string() })
}

pub(super) fn parse_day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "write a date, 2026-11-29".to_owned())
}

pub(super) fn parse_period(text: &str) -> Result<NamedPeriod, String> {
    if text == "last-week" {
        return Ok(NamedPeriod::LastWeek);
    }
    let named = PeriodName::parse(text).map(NamedPeriod::Offered);
    named.ok_or_else(|| {
        format!("write {}, last-week, or --from and --to", PeriodName::ALL.map(PeriodName::name).join(", "))
    })
}

pub(super) fn parse_filter(text: &str) -> Result<Filter, String> {
    let (name, word) = text.split_once(':').ok_or("write a dimension, a colon and a word: country:KZ")?;
    let dimension = Dimension::parse(name).ok_or_else(|| {
        format!("no dimension is called `{name}`; there are {}", Dimension::ALL.map(Dimension::name).join(", "))
    })?;
    if word.is_empty() {
        return Err(format!("write a word after the colon, as it stands in the table: {name}:…"));
    }
    Ok(Filter { dimension, word: word.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_wrongly_is_told_with_what_there_is() {
        assert_eq!(parse_filter("page:/a:b").map(|filter| filter.word.to_string()), Ok("/a:b".to_owned()));
        for (wrong, says) in [("country", "country:KZ"), ("land:KZ", "country, language"), ("page:", "page:…")] {
            let told = parse_filter(wrong).unwrap_err();
            assert!(told.contains(says), "{told}");
        }
        assert!(parse_period("fortnight").unwrap_err().contains("7d, 28d, month"));
        assert!(parse_day("29.11.2026").unwrap_err().contains("2026-11-29"));
    }

    #[test]
    fn the_last_week_is_over() {
        let days = |name: &str| parse_period(name).unwrap().days(Day::parse("2026-11-29").unwrap());
        assert_eq!(days("last-week").from.to_string(), "2026-11-16");
        assert_eq!(days("last-week").to.to_string(), "2026-11-22");
        assert_eq!(days("yesterday").length(), 1);
        assert_eq!(Comparison::None.period(days("7d")), None);
        assert_eq!(Comparison::Previous.period(days("last-week")).unwrap().to.to_string(), "2026-11-15");
    }
}
