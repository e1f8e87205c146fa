//! `kelisim stats import`: access logs of before are read in, by the running gateway or without one.
//!
//! The lines are read and added up here, which takes as long as it takes. What is added to the statistics at the end are sums, in one go.

mod input;
mod told;

use std::path::{Path, PathBuf};

use clap::Args;

use self::{
    input::{Input, Line},
    told::{Bad, Told},
};
use super::{StatsError, asked::SiteArguments, asked::parse_day};
use crate::{
    cli::{control, counting::kept_from, export::progress::Progress},
    clock::{self, Clock},
    config::Configuration,
    gateway::SiteSettings,
    geo::Countries,
    routing::Hosts,
    statistics::{AccessLog, Day, LogDays},
    store::statistics::{Import, Staging, Statistics, StatisticsError, StatisticsReader},
    timestamp::Timestamp,
};

/// Lines between two looks at the progress.
const LINES_AT_ONCE: u64 = 1000;

/// `kelisim stats import`.
#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// Logs in the combined format of nginx and Apache, also compressed with gzip; `-` is standard input.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    asked: SiteArguments,
    /// Leave out lines of later days, such as those that the gateway has counted itself.
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    until: Option<Day>,
    /// Say what would be added, and add nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
pub(super) fn run(arguments: &ImportArguments) -> Result<(), Box<dyn std::error::Error>> {
    let configuration = crate::cli::configuration_alone(&arguments.asked.config)?;
    let site = site(&arguments.asked, &configuration)?;
    let countries = Countries::open(&configuration.geo)?;
    let mut inputs = input::open(&arguments.files)?;
    let mut reading = Reading::begin(&configuration, site, &countries, arguments.until)?;
    let mut progress = match input::length(&inputs) {
        Some(length) => Some(Progress::begin("bytes", || Ok::<_, StatsError>(length))?),
        None => None,
    };
    let hosts = Hosts::new([site.hosts.as_slice()]);
    let is_own = |host: &str| hosts.find(host).is_some();
    let country = |address| countries.find(address);
    let mut log = AccessLog::new(&configuration.statistics.robots, &is_own, &country);
    for input in &mut inputs {
        reading.read(input, &mut log, progress.as_mut())?;
    }
    if let Some(progress) = &progress {
        progress.end();
    }
    reading.end(arguments.dry_run)?;
    Ok(())
}

/// What is read in stays, so where there are several sites their name must be given.
fn site<'a>(asked: &SiteArguments, configuration: &'a Configuration) -> Result<&'a SiteSettings, StatsError> {
    let sites = &configuration.sites;
    if asked.site.is_none() && sites.len() > 1 {
        let known = sites.iter().map(|site| site.name.as_str()).collect::<Vec<_>>().join(" or --site ");
        return Err(StatsError::WhichSite { known });
    }
    let name = asked.site(configuration)?;
    Ok(sites.iter().find(|site| site.name == name).expect("the name of a site"))
}

/// Logs on their way into the statistics.
struct Reading<'a> {
    configuration: &'a Configuration,
    site: &'a SiteSettings,
    until: Option<Day>,
    now: Timestamp,
    /// Tomorrow: clocks may differ, and a later day is nobody's.
    last: Day,
    /// What the file had before, where there is one.
    before: Option<StatisticsReader>,
    first_counted: Option<Day>,
    staging: Staging,
    days: LogDays,
    read: Vec<(PathBuf, Import)>,
    told: Told,
}

impl<'a> Reading<'a> {
    fn begin(
        configuration: &'a Configuration,
        site: &'a SiteSettings,
        countries: &Countries,
        until: Option<Day>,
    ) -> Result<Self, StatsError> {
        let before = match StatisticsReader::open(&configuration.state_dir) {
            Ok(reader) => Some(reader),
            Err(StatisticsError::Missing { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let first_counted = before.as_ref().map(StatisticsReader::first_counted).transpose()?.flatten();
        if countries.described().is_none() {
            eprintln!("there is no database of countries ([geo]), so all countries will be unknown");
        }
        Ok(Self {
            configuration,
            site,
            until,
            now: Clock::system().now(),
            last: super::asked::today(configuration).plus(1),
            before,
            first_counted,
            staging: Staging::begin(&configuration.state_dir, &site.name)?,
            days: LogDays::new(configuration.statistics.calendar.clone(), clock::random),
            read: Vec::new(),
            told: Told::default(),
        })
    }

    /// Reads one log to its end.
    fn read(
        &mut self,
        input: &mut Input,
        log: &mut AccessLog<'_>,
        mut progress: Option<&mut Progress>,
    ) -> Result<(), StatsError> {
        let path = input.path().to_owned();
        let failed = |source| StatsError::File { path: path.clone(), source };
        let (mut lines, mut counted, mut later) = (0u64, 0, 0);
        let mut days: Option<(Day, Day)> = None;
        loop {
            let line = match input.next().map_err(failed)? {
                Line::End => break,
                Line::TooLong => Err(Bad::TooLong),
                Line::Text([]) => continue,
                Line::Text(line) => log.read(line).map_err(Bad::Line),
            };
            lines += 1;
            if lines.is_multiple_of(LINES_AT_ONCE)
                && let Some(progress) = progress.as_deref_mut()
            {
                progress.step(input.taken());
            }
            let entry = match line {
                Ok(entry) => entry,
                Err(bad) => {
                    self.told.bad(&path, input.line(), bad);
                    continue;
                }
            };
            let day = self.days.day(entry.time);
            if day > self.last {
                self.told.bad(&path, input.line(), Bad::Later);
                continue;
            }
            if self.until.is_some_and(|until| day > until) {
                later += 1;
                continue;
            }
            if let Some(first) = self.first_counted.filter(|first| day >= *first) {
                let source = Box::new(StatisticsError::counted_here(day, first));
                return Err(StatsError::OfFile { path, source });
            }
            counted += 1;
            let (first, last) = days.unwrap_or((day, day));
            days = Some((first.min(day), last.max(day)));
            if let Some((day, changes)) = self.days.count(entry) {
                self.staging.add(day, &changes)?;
            }
        }
        if let Some(progress) = progress {
            progress.step(input.taken());
        }
        self.told.file(&path, lines, later, days);
        let Some((first, last)) = days else { return Ok(()) };
        let import = Import { fingerprint: input.fingerprint(), at: self.now, first, last, lines, counted };
        self.note(path, import)
    }

    fn note(&mut self, path: PathBuf, import: Import) -> Result<(), StatsError> {
        if let Some((other, _)) = self.read.iter().find(|(_, read)| read.fingerprint == import.fingerprint) {
            return Err(StatsError::Twice { path, other: other.clone() });
        }
        if let Some(before) = &self.before {
            let checked = before.check_import(&import.fingerprint, import.last);
            checked.map_err(|source| StatsError::OfFile { path: path.clone(), source: Box::new(source) })?;
            let overlaps = |read: &Import| read.first <= import.last && import.first <= read.last;
            if let Some(read) = before.imports(&self.site.name)?.iter().find(|read| overlaps(read)) {
                self.told.overlaps(&path, read.first, read.last);
            }
        }
        self.staging.note(&import)?;
        self.read.push((path, import));
        Ok(())
    }

    /// Adds it all, or says what would be added.
    fn end(self, dry_run: bool) -> Result<(), StatsError> {
        let Self { configuration, site, now, mut staging, mut days, read, told, .. } = self;
        for (day, changes) in days.end() {
            staging.add(day, &changes)?;
        }
        told.print_bad();
        let first = read.iter().map(|(_, import)| import.first).min();
        let Some((first, last)) = first.zip(read.iter().map(|(_, import)| import.last).max()) else {
            return Err(StatsError::NoLines);
        };
        let kept = kept_from(&configuration.statistics, now);
        // Until it was added it must be there.
        let (staged, totals) = staging.end(&kept)?;
        if !dry_run {
            add(configuration, &configuration.state_dir)?;
        }
        drop(staged);
        told.print(&site.name, (first, last), &totals, &kept, dry_run);
        Ok(())
    }
}

/// Adds the sums through the running gateway, or directly where none runs.
fn add(configuration: &Configuration, state_dir: &Path) -> Result<(), StatsError> {
    let names: Vec<_> = configuration.sites.iter().map(|site| site.name.as_str().into()).collect();
    match Statistics::open_for_command(state_dir, &names) {
        Ok(mut statistics) => {
            statistics.take_in()?;
            let today = super::asked::today(configuration);
            while statistics.cut(today)? {}
            Ok(())
        }
        Err(StatisticsError::Running { .. }) => control::ask_to_take_in(state_dir).map_err(StatsError::Gateway),
        Err(error) => Err(error.into()),
    }
}
