//! Which logs the leaves belong to: each restore begins a new one, which goes on after the leaves that are known.

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

    /// The first of them: what all have in common, however often the database was restored.
    pub(super) fn first(&self) -> LogId {
        self.earlier.last().map_or(self.newest, |(name, _)| *name)
    }
}

/// The name of the log that is written now.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<Option<LogId>> {
    let sql = format!("{START_LEAVES} LIMIT 1");
    let data: Option<Vec<u8>> = connection.query_row(&sql, [], |row| row.get(1)).optional()?;
    Ok(data.and_then(|data| LogId::of_first_leaf(&data)))
}
