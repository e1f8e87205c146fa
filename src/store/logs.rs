//! Which logs the leaves belong to: each restore begins a new one, which goes on after the leaves that are known.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension as _};

use crate::ledger::LogId;

/// The names of the logs in one database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Logs {
    /// The one that is written now.
    pub(super) newest: LogId,
    /// Those before it, the newest first, each with the number of its leaves that are known.
    pub(super) earlier: Vec<(LogId, u64)>,
}

// The index of leaves that are no choice serves a question only where it repeats the index's own condition.
const START_LEAVES: &str = "SELECT idx, data FROM leaf WHERE kind <> 'consent' AND kind = 'start' ORDER BY idx DESC";

impl Logs {
    /// Reads the leaves that begin a log; `None` where the first leaf does not.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Option<Self>> {
        let mut statement = connection.prepare(START_LEAVES)?;
        let starts = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
        let mut logs: Option<Self> = None;
        // The start of a later log is the end of the one before it.
        let mut end = None;
        for start in starts {
            let (first, data) = start?;
            let Some(name) = LogId::of_first_leaf(&data) else { return Ok(None) };
            match (&mut logs, end) {
                (Some(logs), Some(end)) => logs.earlier.push((name, end)),
                _ => logs = Some(Self { newest: name, earlier: Vec::new() }),
            }
            end = Some(first.cast_unsigned());
        }
        Ok(logs.filter(|_| end == Some(0)))
    }

    /// Each with its own leaves: from where it begins to where the next one does. The newest first.
    pub(super) fn spans(&self) -> impl Iterator<Item = (LogId, Range<u64>)> {
        let names = std::iter::once((self.newest, u64::MAX)).chain(self.earlier.iter().copied());
        names.enumerate().map(|(place, (name, end))| {
            // An earlier log ends where a later one begins.
            let begin = self.earlier.get(place).map_or(0, |(_, begin)| *begin);
            (name, begin..end)
        })
    }

    /// The log that a leaf was written into.
    pub(super) fn of(&self, index: u64) -> LogId {
        self.spans().find(|(_, span)| span.start <= index).map_or(self.newest, |(name, _)| name)
    }
}

/// The name of the log that is written now.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<Option<LogId>> {
    let sql = format!("{START_LEAVES} LIMIT 1");
    let data: Option<Vec<u8>> = connection.query_row(&sql, [], |row| row.get(1)).optional()?;
    Ok(data.and_then(|data| LogId::of_first_leaf(&data)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_belongs_to_the_log_that_it_was_written_into() {
        let [first, second, third] = [1, 2, 3].map(|number| LogId([number; 16]));
        let logs = Logs { newest: third, earlier: vec![(second, 9), (first, 5)] };
        let spans: Vec<_> = logs.spans().collect();
        assert_eq!(spans, [(third, 9..u64::MAX), (second, 5..9), (first, 0..5)]);
        assert_eq!([0, 4, 5, 8, 9, u64::MAX].map(|index| logs.of(index)), [first, first, second, second, third, third]);
        let alone = Logs { newest: first, earlier: Vec::new() };
        assert_eq!(alone.spans().collect::<Vec<_>>(), [(first, 0..u64::MAX)]);
    }
}
