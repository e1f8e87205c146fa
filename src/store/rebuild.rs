//! When the file is written anew, so that no copy of a deleted row stays in the slack of a page: at once where somebody was erased, after
//! retention at most once a day.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::timestamp::Timestamp;

/// How long the file is not written anew again after it was, as a multiple of the time that it took.
const PAUSE: u32 = 9;

/// When it is tried again after it failed: for want of space, most likely.
const RETRY: Duration = Duration::from_secs(300);

/// How often retention alone has it written anew, in milliseconds: once a day. It costs reading and writing the whole file, and nobody
/// waits for what ran out years ago. A start may add one, which reads the whole file in any case.
const RETENTION_EVERY: i64 = 86_400_000;

/// What deleted records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Erasure,
    Retention,
}

impl Cause {
    /// Its row among what is owed.
    const fn name(self) -> &'static str {
        match self {
            Self::Erasure => "rebuild",
            Self::Retention => "rebuild_after_retention",
        }
    }
}

/// Keeps, in the transaction that deletes, that copies may stay until the file is written anew.
pub(super) fn owe(connection: &Connection, cause: Cause) -> rusqlite::Result<()> {
    let sql = "INSERT INTO owed (what) VALUES (?1) ON CONFLICT (what) DO NOTHING";
    connection.execute(sql, [cause.name()]).map(drop)
}

/// Whether and when the file is to be written anew.
#[derive(Debug)]
pub(super) struct Rebuild {
    after_erasure: bool,
    after_retention: bool,
    /// More steps of a retention follow.
    retention_goes_on: bool,
    /// Not before this.
    pause: Option<Instant>,
    /// When it was done last.
    last: Option<Timestamp>,
}

impl Rebuild {
    /// What a process before this one still owed.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut row = connection.prepare("SELECT 1 FROM owed WHERE what = ?1")?;
        Ok(Self {
            after_erasure: row.exists([Cause::Erasure.name()])?,
            after_retention: row.exists([Cause::Retention.name()])?,
            retention_goes_on: false,
            pause: None,
            last: None,
        })
    }

    /// After a step of a deletion.
    pub(super) fn deleted(&mut self, cause: Cause, records: usize, more: bool) {
        match cause {
            Cause::Erasure => self.after_erasure |= records > 0,
            Cause::Retention => {
                self.after_retention |= records > 0;
                self.retention_goes_on = more;
            }
        }
    }

    /// Whether copies of what this deleted may still be there.
    pub(super) fn is_owed(&self, cause: Cause) -> bool {
        match cause {
            Cause::Erasure => self.after_erasure,
            Cause::Retention => self.after_retention,
        }
    }

    /// Whether it is time.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        // A clock that was set back would put it off for as long as it was wrong.
        let rested = self.last.is_none_or(|last| {
            !(0..RETENTION_EVERY).contains(&(now.milliseconds().saturating_sub(last.milliseconds())))
        });
        let retention = self.after_retention && !self.retention_goes_on && rested;
        (self.after_erasure || retention) && self.pause.is_none_or(|pause| Instant::now() >= pause)
    }

    /// Writes the file anew, which takes as much free space again.
    pub(super) fn run(&mut self, connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
        let began = Instant::now();
        let rebuilt =
            connection.execute_batch("VACUUM; DELETE FROM owed WHERE what IN ('rebuild', 'rebuild_after_retention')");
        // Choices wait meanwhile, and strangers can ask for erasures: most of the time is left to them.
        let pause = if rebuilt.is_ok() { began.elapsed() * PAUSE } else { RETRY };
        self.pause = Some(Instant::now() + pause);
        if rebuilt.is_ok() {
            (self.after_erasure, self.after_retention, self.last) = (false, false, Some(now));
        }
        rebuilt
    }
}
