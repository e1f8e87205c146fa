//! What is said of logs that were read in: how many lines, which are none, what came of them. Of a line itself nothing is ever shown.

use std::{fmt, path::Path};

use crate::{
    statistics::{Day, LineFault, Totals},
    store::statistics::KeptFrom,
};

/// How many lines that are none are named.
const MOST_NAMED: usize = 5;

/// Why a line is left out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bad {
    Line(LineFault),
    TooLong,
    Later,
}

impl fmt::Display for Bad {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(fault) => fault.fmt(formatter),
            Self::TooLong => formatter.write_str("longer than 64 KiB"),
            Self::Later => formatter.write_str("of a day that is yet to come"),
        }
    }
}

/// What is to be said.
#[derive(Debug, Default)]
pub(super) struct Told {
    files: Vec<String>,
    named: Vec<String>,
    bad: u64,
    hints: Vec<String>,
}

impl Told {
    pub(super) fn bad(&mut self, path: &Path, line: u64, bad: Bad) {
        self.bad += 1;
        if self.named.len() < MOST_NAMED {
            self.named.push(format!("{}:{line}: {bad}", path.display()));
        }
    }

    pub(super) fn file(&mut self, path: &Path, lines: u64, later: u64, days: Option<(Day, Day)>) {
        let days = days.map_or("nothing to count".to_owned(), |(first, last)| format!("{first} to {last}"));
        let later = if later > 0 { format!(", {later} of later days left out") } else { String::new() };
        self.files.push(format!("{}: {lines} lines, {days}{later}", path.display()));
    }

    pub(super) fn overlaps(&mut self, path: &Path, first: Day, last: Day) {
        self.hints.push(format!(
            "{}: another log of {first} to {last} was read in before, and both count; right for two servers, wrong for two copies of one log",
            path.display()
        ));
    }

    /// Lines that are none: their place and what is missing.
    pub(super) fn print_bad(&self) {
        if self.bad > 0 {
            eprintln!("{} of the lines are none that can be counted, and were left out:", self.bad);
            self.named.iter().for_each(|line| eprintln!("  {line}"));
            if self.bad > MOST_NAMED as u64 {
                eprintln!("  and {} more", self.bad - MOST_NAMED as u64);
            }
        }
    }

    pub(super) fn print(&self, site: &str, (first, last): (Day, Day), totals: &Totals, kept: &KeptFrom, dry_run: bool) {
        self.files.iter().for_each(|line| say!("{line}"));
        self.hints.iter().for_each(|line| eprintln!("{line}"));
        let done = if dry_run { "would be added to" } else { "added to" };
        say!("{done} {site}, {first} to {last}:");
        for (name, number) in [
            ("requests", totals.requests),
            ("pageviews", totals.views),
            ("entries", totals.entries),
            ("downloads", totals.downloads),
            ("pages not found", totals.not_found),
            ("pages for robots", totals.robots),
        ] {
            say!("{name:<18}{number:>14}");
        }
        if first < kept.rows {
            say!("of days before {} totals are kept and no tables (`keep_tables` in [statistics])", kept.rows);
        }
    }
}
