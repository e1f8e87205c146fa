//! Days and hours as the site's people live them: in the time zone that the operator configured.

use std::fmt;

use jiff::{civil::Date, tz::TimeZone};

use crate::timestamp::Timestamp;

/// A day of the calendar, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

impl Day {
    /// A day that was kept as its number.
    pub const fn from_number(number: i32) -> Self {
        Self(number)
    }

    /// Days since 1970-01-01.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// Reads `2026-11-29`.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == "2026-11-29".len()).then(|| text.parse::<Date>().ok().map(Self::of_date))?
    }

    /// The day of a date.
    pub fn of_date(date: Date) -> Self {
        let epoch = jiff::civil::date(1970, 1, 1);
        Self(epoch.until(date).map_or(0, |span| span.get_days()))
    }

    /// The date of this day; what no calendar holds is its nearest end.
    pub fn date(self) -> Date {
        let end = if self.0 < 0 { Date::MIN } else { Date::MAX };
        let span = jiff::Span::new().try_days(self.0);
        span.and_then(|span| jiff::civil::date(1970, 1, 1).checked_add(span)).unwrap_or(end)
    }

    /// The day this many days later, or earlier for a negative number.
    #[must_use]
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// How many days later than another one.
    pub const fn since(self, other: Self) -> i32 {
        self.0.saturating_sub(other.0)
    }
}

impl fmt::Display for Day {
    /// `2026-11-29`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(formatter)
    }
}

/// The hour of a day, 0 to 23. Where clocks are set back, two hours share a number.
pub type Hour = u8;

/// Tells day and hour of a moment.
#[derive(Clone, Debug)]
pub struct Calendar(TimeZone);

impl Calendar {
    /// The calendar of a time zone.
    pub fn new(zone: TimeZone) -> Self {
        Self(zone)
    }

    /// Day and hour of a moment.
    pub fn place(&self, moment: Timestamp) -> (Day, Hour) {
        let moment = jiff::Timestamp::from_millisecond(moment.milliseconds()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let local = self.0.to_datetime(moment);
        (Day::of_date(local.date()), local.hour().unsigned_abs())
    }

    /// The moment at which a day begins. Where clocks are set forward at midnight, the first moment that there is.
    pub fn begin(&self, day: Day) -> Timestamp {
        let midnight = day.date().to_datetime(jiff::civil::Time::midnight());
        let moment = self.0.to_ambiguous_zoned(midnight).compatible();
        Timestamp::from_milliseconds(moment.map_or(0, |zoned| zoned.timestamp().as_millisecond()))
    }

    /// The name of the time zone, such as `Asia/Almaty`.
    pub fn zone(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn almaty() -> Calendar {
        Calendar::new(TimeZone::get("Asia/Almaty").unwrap())
    }

    #[test]
    fn a_day_begins_when_it_does_for_people_there() {
        let calendar = almaty();
        let check = |moment: &str, day: &str, hour: Hour| {
            let (found, at) = calendar.place(Timestamp::parse(moment).unwrap());
            assert_eq!((found.to_string().as_str(), at), (day, hour), "{moment}");
        };
        check("2026-11-28T18:59:59Z", "2026-11-28", 23);
        check("2026-11-28T19:00:00Z", "2026-11-29", 0);
        // Until March 2024 the city was an hour further east.
        check("2023-11-28T18:00:00Z", "2023-11-29", 0);
        let day = Day::parse("2026-11-29").unwrap();
        assert_eq!(calendar.begin(day), Timestamp::parse("2026-11-28T19:00:00Z").unwrap());
        assert_eq!(calendar.zone(), "Asia/Almaty");
    }

    #[test]
    fn days_are_numbers_and_dates() {
        let day = Day::parse("1970-01-02").unwrap();
        assert_eq!((day.number(), day.plus(30).to_string().as_str(), day.plus(30).since(day)), (1, "1970-02-01", 30));
        assert_eq!(Day::from_number(i32::MAX).to_string(), "9999-12-31");
        for wrong in ["", "2026-11-31", "29.11.2026", "2026-11-29T00:00:00Z", "20261129"] {
            assert_eq!(Day::parse(wrong), None, "{wrong}");
        }
    }
}
