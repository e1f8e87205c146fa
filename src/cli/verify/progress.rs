//! How far it is, for whoever waits at a terminal.

use std::io::{self, IsTerminal as _, Write as _};

/// A line on the terminal that counts; nothing where nobody watches.
pub(super) struct Progress {
    watched: bool,
    shown: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self { watched: io::stderr().is_terminal(), shown: false }
    }
}

impl Progress {
    /// How many steps lie between two lines.
    const EVERY: u64 = 1 << 13;

    /// Counts; a line is shown now and then.
    pub(super) fn step(&mut self, what: &str, count: u64) {
        if self.watched && count > 0 && count.is_multiple_of(Self::EVERY) {
            self.shown = true;
            let _ = write!(io::stderr(), "\r{count} {what} checked ");
        }
    }

    /// Ends the line.
    pub(super) fn end(&self) {
        if self.shown {
            let _ = writeln!(io::stderr());
        }
    }
}
