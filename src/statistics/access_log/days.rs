//! The days of a log. Its lines stand in the order in which answers ended, nearly: around midnight those of two days mix.

use std::collections::BTreeMap;

use super::LogEntry;
use crate::{
    statistics::{Calendar, Changes, Counted, Counting, Day},
    timestamp::Timestamp,
};

/// Days that are added up at once. When a further one begins, the earliest is over; what still comes of it is added to it.
const MOST_OPEN_DAYS: usize = 3;

/// Adds up a log day by day, with no more in memory than a few days take.
#[derive(Debug)]
pub struct LogDays {
    calendar: Calendar,
    random: fn() -> [u8; 32],
    open: BTreeMap<Day, Counting>,
}

impl LogDays {
    /// Nothing yet. `random` gives 32 bytes from a cryptographic source; no visitor is hashed with them here.
    pub fn new(calendar: Calendar, random: fn() -> [u8; 32]) -> Self {
        Self { calendar, random, open: BTreeMap::new() }
    }

    /// The day of a moment.
    pub fn day(&self, time: Timestamp) -> Day {
        self.calendar.place(time).0
    }

    /// Counts a line. The answer is a day that is over with it, if one is.
    pub fn count(&mut self, entry: LogEntry) -> Option<(Day, Changes)> {
        let day = self.day(entry.time);
        let counting = self
            .open
            .entry(day)
            .or_insert_with(|| Counting::new(self.calendar.clone(), 1, self.random, self.calendar.begin(day)));
        counting.count(Counted::Traffic(entry.traffic));
        if let Some(counted) = entry.counted {
            counting.count(counted);
        }
        if self.open.len() <= MOST_OPEN_DAYS {
            return None;
        }
        self.open.pop_first().map(taken)
    }

    /// The days that are still open.
    pub fn end(&mut self) -> impl Iterator<Item = (Day, Changes)> {
        std::mem::take(&mut self.open).into_iter().map(taken)
    }
}

fn taken((day, mut counting): (Day, Counting)) -> (Day, Changes) {
    (day, counting.take())
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::statistics::Traffic;

    #[test]
    fn a_line_belongs_to_its_own_day_whenever_it_comes() {
        let mut days = LogDays::new(Calendar::new(TimeZone::get("Asia/Almaty").unwrap()), || [0; 32]);
        let mut requests: BTreeMap<String, i64> = BTreeMap::new();
        let mut add = |(day, changes): (Day, Changes)| {
            for (_, of, _, totals) in changes.hours {
                assert_eq!(of, day);
                *requests.entry(day.to_string()).or_default() += totals.requests;
            }
        };
        for moment in ["01T20:00", "02T18:59", "02T19:00", "02T18:58", "03T20:00", "04T20:00", "05T20:00", "01T20:01"] {
            let time = Timestamp::parse(&format!("2026-11-{moment}:00Z")).unwrap();
            let traffic = Traffic { site: 0, time, requests: 1, bytes: 1, lost: 0 };
            days.count(LogEntry { time, traffic, counted: None }).into_iter().for_each(&mut add);
            assert!(days.open.len() <= MOST_OPEN_DAYS);
        }
        days.end().for_each(&mut add);
        let seen: Vec<_> = requests.iter().map(|(day, count)| (day.as_str(), *count)).collect();
        assert_eq!(
            seen,
            [("2026-11-02", 4), ("2026-11-03", 1), ("2026-11-04", 1), ("2026-11-05", 1), ("2026-11-06", 1)]
        );
    }
}
