//! A line on the terminal that counts, with the rate and the time that is left; nothing where nobody watches.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// How often the line is written anew: often enough to be seen moving.
const EVERY: Duration = Duration::from_millis(200);

/// The line.
pub(in crate::cli) struct Progress {
    what: &'static str,
    total: Option<u64>,
    done: u64,
    began: Instant,
    shown: Instant,
}

impl Progress {
    /// Counts `what`; the total is asked for only where somebody watches.
    pub(in crate::cli) fn begin<E>(what: &'static str, total: impl FnOnce() -> Result<u64, E>) -> Result<Self, E> {
        let total = if io::stderr().is_terminal() { Some(total()?) } else { None };
        let now = Instant::now();
        Ok(Self { what, total, done: 0, began: now, shown: now })
    }

    pub(in crate::cli) fn step(&mut self, count: u64) {
        self.done += count;
        if self.total.is_some() && self.shown.elapsed() >= EVERY {
            self.shown = Instant::now();
            self.show("");
        }
    }

    pub(in crate::cli) fn end(&self) {
        self.show("\n");
    }

    fn show(&self, ending: &str) {
        if let Some(total) = self.total {
            let line = line(self.done, total, self.what, self.began.elapsed());
            // Nothing is lost with a line of progress. The rest of an older, longer one is wiped.
            let _ = write!(io::stderr(), "\r{line}\x1b[K{ending}");
        }
    }
}

fn line(done: u64, total: u64, what: &str, elapsed: Duration) -> String {
    let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
    let left = (total.saturating_sub(done)) as f64 / rate.max(0.001);
    let time = match left as u64 {
        _ if done >= total => String::new(),
        _ if done == 0 => String::new(),
        seconds @ ..60 => format!(", {seconds} s left"),
        seconds => format!(", {} min {} s left", seconds / 60, seconds % 60),
    };
    format!("{done} of {total} {what}, {rate:.0}/s{time}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_the_rate_and_the_time_that_is_left() {
        let check = |done, total, seconds, expected: &str| {
            assert_eq!(line(done, total, "events", Duration::from_secs(seconds)), expected);
        };
        check(0, 1000, 1, "0 of 1000 events, 0/s");
        check(500, 1000, 10, "500 of 1000 events, 50/s, 10 s left");
        check(1000, 1_000_000, 1, "1000 of 1000000 events, 1000/s, 16 min 39 s left");
        check(1000, 1000, 2, "1000 of 1000 events, 500/s");
    }
}
