//! The days that a report is about, and those that it is compared with.

use jiff::civil::{Date, Weekday};

use crate::statistics::Day;

/// Longest period, in days: ten years.
const LONGEST: i32 = 3_660;
/// Up to this many days are shown one by one; longer periods by month.
const MOST_SINGLE_DAYS: i32 = 92;

/// From a day to a day, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: Day,
    /// The last one.
    pub to: Day,
}

/// A period by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodName {
    /// The day that runs.
    Today,
    /// The day before it.
    Yesterday,
    /// The seven days before today.
    Week,
    /// The twenty-eight days before today: four of each weekday.
    FourWeeks,
    /// The month that runs.
    Month,
    /// The month before it.
    LastMonth,
    /// The year that runs.
    Year,
    /// The twelve months before the one that runs.
    TwelveMonths,
}

impl PeriodName {
    /// Every name, in the order in which they are offered.
    pub const ALL: [Self; 8] = [
        Self::Today,
        Self::Yesterday,
        Self::Week,
        Self::FourWeeks,
        Self::Month,
        Self::LastMonth,
        Self::Year,
        Self::TwelveMonths,
    ];

    /// The word used in addresses and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Yesterday => "yesterday",
            Self::Week => "7d",
            Self::FourWeeks => "28d",
            Self::Month => "month",
            Self::LastMonth => "last-month",
            Self::Year => "year",
            Self::TwelveMonths => "12-months",
        }
    }

    /// Reads the word.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.name() == name)
    }

    /// The days that it names today. Closed periods end yesterday, so that no running day makes them look bad.
    pub fn days(self, today: Day) -> Period {
        let date = today.date();
        let before = |days: i32| Period { from: today.plus(-days), to: today.plus(-1) };
        let first_of_month = Day::of_date(date.first_of_month());
        match self {
            Self::Today => Period { from: today, to: today },
            Self::Yesterday => before(1),
            Self::Week => before(7),
            Self::FourWeeks => before(28),
            Self::Month => Period { from: first_of_month, to: today },
            Self::LastMonth => {
                let to = first_of_month.plus(-1);
                Period { from: Day::of_date(to.date().first_of_month()), to }
            }
            Self::Year => Period { from: Day::of_date(date.first_of_year()), to: today },
            Self::TwelveMonths => {
                let from = Date::new(date.year() - 1, date.month(), 1).map_or(first_of_month, Day::of_date);
                Period { from, to: first_of_month.plus(-1) }
            }
        }
    }
}

/// How the points of a chart follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// By hour, for a single day.
    Hour,
    /// By day.
    Day,
    /// By month.
    Month,
}

impl Period {
    /// The days from one to another, if they are in order and not too many.
    pub fn new(from: Day, to: Day) -> Option<Self> {
        (from <= to && to.since(from) < LONGEST).then_some(Self { from, to })
    }

    /// How many days.
    pub fn length(self) -> i32 {
        self.to.since(self.from) + 1
    }

    /// As many days right before; of a whole month the month before, whatever its length.
    pub fn previous(self) -> Self {
        let to = self.from.plus(-1);
        if self.is_whole_month() {
            return Self { from: Day::of_date(to.date().first_of_month()), to };
        }
        Self { from: self.from.plus(-self.length()), to }
    }

    /// The same weekdays a year before: 364 days earlier.
    pub fn year_before(self) -> Self {
        Self { from: self.from.plus(-364), to: self.to.plus(-364) }
    }

    /// How it is best drawn.
    pub fn step(self) -> Step {
        match self.length() {
            1 => Step::Hour,
            2..=MOST_SINGLE_DAYS => Step::Day,
            _ => Step::Month,
        }
    }

    /// Whether it is over, and a week from Monday, a month, or a year as the calendar has them. Others who may read are shown such periods
    /// alone: of two that overlap the difference would tell of a single day.
    pub fn is_whole(self, today: Day) -> bool {
        let (from, to) = (self.from.date(), self.to.date());
        let is_week = self.length() == 7 && from.weekday() == Weekday::Monday;
        let is_year = from == from.first_of_year() && to == from.last_of_year();
        self.to < today && (is_week || is_year || self.is_whole_month())
    }

    /// The last whole week, month and year before a day.
    pub fn last_whole(today: Day) -> [Self; 3] {
        let date = today.date();
        let monday = today.plus(-i32::from(date.weekday().to_monday_zero_offset()));
        let month = PeriodName::LastMonth.days(today);
        let end_of_year = Day::of_date(date.first_of_year()).plus(-1);
        let year = Self { from: Day::of_date(end_of_year.date().first_of_year()), to: end_of_year };
        [Self { from: monday.plus(-7), to: monday.plus(-1) }, month, year]
    }

    fn is_whole_month(self) -> bool {
        let from = self.from.date();
        from == from.first_of_month() && self.to.date() == from.last_of_month()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(from: &str, to: &str) -> Period {
        Period::new(Day::parse(from).unwrap(), Day::parse(to).unwrap()).unwrap()
    }

    #[test]
    fn names_are_days() {
        let today = Day::parse("2026-11-29").unwrap();
        for (name, from, to) in [
            ("today", "2026-11-29", "2026-11-29"),
            ("yesterday", "2026-11-28", "2026-11-28"),
            ("7d", "2026-11-22", "2026-11-28"),
            ("28d", "2026-11-01", "2026-11-28"),
            ("month", "2026-11-01", "2026-11-29"),
            ("last-month", "2026-10-01", "2026-10-31"),
            ("year", "2026-01-01", "2026-11-29"),
            ("12-months", "2025-11-01", "2026-10-31"),
        ] {
            assert_eq!(PeriodName::parse(name).unwrap().days(today), period(from, to), "{name}");
        }
        assert_eq!(PeriodName::parse("petr"), None);
    }

    #[test]
    fn a_period_is_compared_with_the_one_before_it() {
        assert_eq!(period("2026-11-22", "2026-11-28").previous(), period("2026-11-15", "2026-11-21"));
        assert_eq!(period("2026-03-01", "2026-03-31").previous(), period("2026-02-01", "2026-02-28"));
        assert_eq!(period("2026-11-23", "2026-11-29").year_before(), period("2025-11-24", "2025-11-30"));
        assert_eq!(Period::new(Day::from_number(5), Day::from_number(4)), None);
        assert_eq!(Period::new(Day::from_number(5), Day::from_number(50_000)), None);
    }

    #[test]
    fn others_are_shown_whole_weeks_months_and_years_that_are_over() {
        let today = Day::parse("2026-11-29").unwrap();
        for (from, to, is_whole) in [
            ("2026-11-16", "2026-11-22", true),
            ("2026-11-23", "2026-11-29", false),
            ("2026-11-15", "2026-11-21", false),
            ("2026-10-01", "2026-10-31", true),
            ("2026-11-01", "2026-11-30", false),
            ("2025-01-01", "2025-12-31", true),
            ("2025-01-01", "2025-12-30", false),
        ] {
            assert_eq!(period(from, to).is_whole(today), is_whole, "{from} {to}");
        }
        assert!(Period::last_whole(today).iter().all(|period| period.is_whole(today)));
        assert_eq!(Period::last_whole(today)[0], period("2026-11-16", "2026-11-22"));
    }
}
