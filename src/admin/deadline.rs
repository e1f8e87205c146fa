//! Until when something is to be done: days of the calendar, or working days, by the date in Kazakhstan.
//!
//! Working days are Monday to Friday. Holidays, and Saturdays made working days in exchange for them, are set anew each year and are not
//! known here: a holiday only makes the true deadline later than the one computed.

use std::{fmt, time::Duration};

use jiff::civil::{Date, Weekday};

use crate::timestamp::Timestamp;

/// Kazakhstan has one time, five hours before UTC, since 1 March 2024.
const AHEAD_OF_UTC: Duration = Duration::from_secs(5 * 3600);

/// How long there is to act, the day it begins with not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// Days of the calendar.
    Days(u16),
    /// Working days.
    WorkingDays(u16),
}

/// What is to be done in which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Records of a person are erased on request.
    pub erasure: Deadline,
    /// The ministry is told of a breach.
    pub breach: Deadline,
    /// A person is answered, where the operator has set it.
    pub answer: Option<Deadline>,
}

impl Default for Deadlines {
    /// Fifteen days and one working day, as the Digital Code and the rules on breaches have it.
    fn default() -> Self {
        Self { erasure: Deadline::Days(15), breach: Deadline::WorkingDays(1), answer: None }
    }
}

impl Deadline {
    /// Longest one, in days: a year is more than any law gives.
    pub const MOST_DAYS: u16 = 366;

    /// Reads `15 days`, `1 day`, `1 working day`, `3 working days`.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text.split_once(' ')?;
        let number = number.parse().ok().filter(|number| (1..=Self::MOST_DAYS).contains(number))?;
        match unit.trim() {
            "day" | "days" => Some(Self::Days(number)),
            "working day" | "working days" => Some(Self::WorkingDays(number)),
            _ => None,
        }
    }

    /// The last day on which it can be done, for what began on this day.
    pub fn last_day(self, begun: Date) -> Date {
        match self {
            Self::Days(days) => (0..days).fold(begun, |day, _| day.tomorrow().unwrap_or(day)),
            Self::WorkingDays(days) => (0..days).fold(begun, |day, _| next_working_day(day)),
        }
    }
}

impl fmt::Display for Deadline {
    /// As it is configured: `15 days`, `1 working day`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self {
            Self::Days(number) => (number, "day"),
            Self::WorkingDays(number) => (number, "working day"),
        };
        write!(formatter, "{number} {unit}{}", if *number == 1 { "" } else { "s" })
    }
}

/// The date in Kazakhstan.
pub fn date_in_kazakhstan(moment: Timestamp) -> Date {
    moment.plus(AHEAD_OF_UTC).date().parse().expect("a moment prints its date as one")
}

fn next_working_day(day: Date) -> Date {
    let mut next = day.tomorrow().unwrap_or(day);
    while matches!(next.weekday(), Weekday::Saturday | Weekday::Sunday) && next != Date::MAX {
        next = next.tomorrow().unwrap_or(Date::MAX);
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_days_leave_weekends_out() {
        let check = |deadline: &str, begun: &str, last: &str| {
            let found = Deadline::parse(deadline).unwrap().last_day(begun.parse().unwrap());
            assert_eq!(found.to_string(), last, "{deadline} from {begun}");
        };
        // 20 November 2026 is a Friday.
        check("1 working day", "2026-11-19", "2026-11-20");
        check("1 working day", "2026-11-20", "2026-11-23");
        check("1 working day", "2026-11-21", "2026-11-23");
        check("1 working day", "2026-11-22", "2026-11-23");
        check("3 working days", "2026-11-19", "2026-11-24");
        check("10 working days", "2026-11-16", "2026-11-30");
        check("1 working day", "2026-12-31", "2027-01-01"); // a holiday, which is not known
        check("15 days", "2026-11-22", "2026-12-07");
        check("1 day", "2028-02-28", "2028-02-29");
        check("366 days", "9999-12-30", "9999-12-31");
        check("2 working days", "9999-12-31", "9999-12-31");
    }

    #[test]
    fn a_deadline_is_read_as_it_is_printed() {
        for text in ["15 days", "1 day", "1 working day", "3 working days"] {
            assert_eq!(Deadline::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "15", "days", "0 days", "367 days", "-1 days", "2 weeks", "1 workday"] {
            assert_eq!(Deadline::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_day_begins_in_astana() {
        let date = |moment| date_in_kazakhstan(Timestamp::parse(moment).unwrap()).to_string();
        assert_eq!(date("2026-11-22T18:59:59Z"), "2026-11-22");
        assert_eq!(date("2026-11-22T19:00:00Z"), "2026-11-23");
    }
}
