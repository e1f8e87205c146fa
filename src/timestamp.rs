//! A moment in time as a plain value, so that rules can compare times without a clock.

use std::fmt;

use jiff::{
    SignedDuration,
    fmt::{StdFmtWrite, temporal::DateTimePrinter},
    tz::TimeZone,
};

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last moment that jiff can print: 9999-12-30T22:00:00Z.
    const LATEST_MILLISECONDS: i64 = 253_402_207_200_000;

    /// A moment given in milliseconds since the epoch. What lies outside the years 1970 to 9999 is moved to the nearer end.
    pub fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds.clamp(0, Self::LATEST_MILLISECONDS))
    }

    /// A moment given in whole seconds since the epoch, with the same bounds.
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_milliseconds(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch, never negative.
    pub fn milliseconds(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub fn seconds(self) -> i64 {
        self.0 / 1000
    }

    /// This moment moved by a duration, within the bounds of the type.
    pub fn plus(self, duration: std::time::Duration) -> Self {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_milliseconds(self.0.saturating_add(milliseconds))
    }

    /// Parses RFC 3339 (`2026-11-22T10:00:00Z`) or a date (`2026-11-22`, its first moment in UTC).
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Some(Self::from_milliseconds(moment.as_millisecond()));
        }
        // A moment without its zone is none, and to take its date alone would move it.
        if text.len() != "2026-11-22".len() {
            return None;
        }
        let date = text.parse::<jiff::civil::Date>().ok()?;
        let moment = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
        Some(Self::from_milliseconds(moment.as_millisecond()))
    }

    /// The date in UTC, as `2026-11-22`.
    pub fn date(self) -> String {
        self.jiff().strftime("%Y-%m-%d").to_string()
    }

    fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_millis(self.0)).unwrap_or(jiff::Timestamp::MAX)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds: `2026-11-22T10:00:00.000Z`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
        PRINTER.print_timestamp(&self.jiff(), StdFmtWrite(formatter)).map_err(|_| fmt::Error)
    }
}

/// A length of time by the calendar, such as the six months for which a choice is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Calendar months.
    pub months: u32,
    /// Days on top of the months.
    pub days: u32,
}

impl Term {
    /// The moment one term after `start`, by the calendar in UTC (31 August + 6 months is 28 or 29 February).
    pub fn after(self, start: Timestamp) -> Timestamp {
        let end = start.jiff().to_zoned(TimeZone::UTC).checked_add(self.span());
        end.map_or(Timestamp(Timestamp::LATEST_MILLISECONDS), |end| {
            Timestamp::from_milliseconds(end.timestamp().as_millisecond())
        })
    }

    /// Whether `now` is one term after `start`, or later: [`Term::after`], which for most moments need not be asked.
    pub fn is_over(self, start: Timestamp, now: Timestamp) -> bool {
        let days = now.seconds().saturating_sub(start.seconds()) / (24 * 60 * 60);
        // No month is shorter than 28 days.
        let surely_runs = days < i64::from(self.months) * 28 + i64::from(self.days);
        !surely_runs && self.after(start) <= now
    }

    /// The moment one term before `end`, likewise; never before 1970.
    pub fn before(self, end: Timestamp) -> Timestamp {
        let start = end.jiff().to_zoned(TimeZone::UTC).checked_sub(self.span());
        start.map_or(Timestamp::default(), |start| Timestamp::from_milliseconds(start.timestamp().as_millisecond()))
    }

    /// Its months as people say them: whole years, and the months left.
    pub fn years_and_months(self) -> (u32, u32) {
        (self.months / 12, self.months % 12)
    }

    fn span(self) -> jiff::Span {
        // A thousand years are enough, and more than that is more than jiff takes.
        jiff::Span::new().months(i64::from(self.months.min(12 * 1000))).days(i64::from(self.days.min(366 * 1000)))
    }
}

impl fmt::Display for Term {
    /// As an ISO 8601 duration: `P6M`, `P14D`, `P1M15D`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("P")?;
        if self.months > 0 {
            write!(formatter, "{}M", self.months)?;
        }
        if self.days > 0 || self.months == 0 {
            write!(formatter, "{}D", self.days)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_prints_and_parses_as_rfc_3339() {
        let moment = Timestamp::parse("2026-11-22T10:00:00.250Z").unwrap();
        assert_eq!(moment.to_string(), "2026-11-22T10:00:00.250Z");
        assert_eq!(moment.date(), "2026-11-22");
        assert_eq!(Timestamp::parse("2026-11-22").unwrap().seconds(), 1_795_305_600);
        assert_eq!(Timestamp::parse("22.11.2026"), None);
    }

    #[test]
    fn moments_outside_the_calendar_are_moved_to_its_ends() {
        assert_eq!(Timestamp::from_seconds(i64::MAX).date(), "9999-12-30");
        assert_eq!(Timestamp::from_milliseconds(-5), Timestamp::default());
    }

    proptest::proptest! {
        #[test]
        fn a_term_is_over_when_the_calendar_says_so(
            months in 0_u32..30, days in 0_u32..70, start in 0_i64..4_000_000_000, later in -100_000_i64..100_000_000
        ) {
            let (term, start) = (Term { months, days }, Timestamp::from_seconds(start));
            let end = term.after(start);
            for now in [Timestamp::from_seconds(start.seconds() + later), end, Timestamp::from_milliseconds(end.milliseconds() - 1)] {
                proptest::prop_assert_eq!(term.is_over(start, now), end <= now);
            }
        }
    }

    #[test]
    fn a_term_follows_the_calendar() {
        let start = Timestamp::parse("2026-08-31").unwrap();
        let half_a_year = Term { months: 6, days: 0 };
        assert_eq!(half_a_year.after(start).date(), "2027-02-28");
        assert_eq!(half_a_year.before(half_a_year.after(start)).date(), "2026-08-28");
        assert_eq!(half_a_year.before(Timestamp::default()), Timestamp::default());
        assert_eq!((half_a_year.years_and_months(), Term { months: 38, days: 0 }.years_and_months()), ((0, 6), (3, 2)));
        assert_eq!(half_a_year.to_string(), "P6M");
        assert_eq!(Term { months: 0, days: 14 }.to_string(), "P14D");
    }
}
