//! The checkpoints that are kept: all of the last day, and of earlier days some in every hour.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    ledger::{LogId, SignedCheckpoint, VerifierKey},
    timestamp::Timestamp,
};

/// For how long every checkpoint is kept, in milliseconds: a day. One a second forever would be 30 million in a year.
const ALL_KEPT: i64 = 86_400_000;

/// Of each period of this length before that, in milliseconds, the last one stays: an hour.
const ONE_KEPT_EVERY: i64 = 3_600_000;

/// Whether a witness has signed it too: a second line of signature.
pub(super) const COSIGNED: &str = "note LIKE '%' || char(10) || '— %' || char(10) || '— %'";

/// The name under which a log has signed; `None` where it has not. It holds the host that the log began with, whatever the host is now.
pub(super) fn origin(connection: &Connection, log: LogId) -> rusqlite::Result<Option<String>> {
    // From one name to the next: there are as many as logs, and a million checkpoints.
    let sql = "WITH RECURSIVE name (origin) AS (
                   SELECT min(origin) FROM checkpoint
                   UNION ALL
                   SELECT (SELECT min(origin) FROM checkpoint WHERE origin > name.origin) FROM name WHERE origin IS NOT NULL)
               SELECT origin FROM name WHERE substr(origin, -length(?1)) = ?1 LIMIT 1";
    connection.prepare_cached(sql)?.query_row([format!("/{log}")], |row| row.get(0)).optional()
}

/// Size and note of the last checkpoint of a log that goes no further than this size.
pub(super) fn last_within(connection: &Connection, origin: &str, size: u64) -> rusqlite::Result<Option<(u64, String)>> {
    let sql = "SELECT size, note FROM checkpoint WHERE origin = ?1 AND size <= ?2 ORDER BY size DESC LIMIT 1";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?));
    connection.prepare_cached(sql)?.query_row(params![origin, size.cast_signed()], row).optional()
}

/// The newest checkpoint that this key has signed.
pub(super) fn newest(connection: &Connection, key: &VerifierKey) -> rusqlite::Result<Option<SignedCheckpoint>> {
    let sql = "SELECT note FROM checkpoint WHERE origin = ?1 ORDER BY size DESC LIMIT 1";
    let note: Option<String> = connection.query_row(sql, [key.name()], |row| row.get(0)).optional()?;
    Ok(note.and_then(|note| SignedCheckpoint::open(&note, key).ok()))
}

/// Keeps a new one.
pub(super) fn keep(connection: &Connection, signed: &SignedCheckpoint, now: Timestamp) -> rusqlite::Result<()> {
    let checkpoint = signed.checkpoint();
    let sql = "INSERT INTO checkpoint (origin, size, time, note) VALUES (?1, ?2, ?3, ?4)";
    let values =
        params![&*checkpoint.origin, checkpoint.size.cast_signed(), now.milliseconds(), signed.note().to_string()];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// Adds signatures of witnesses to those that a checkpoint of this key has, and gives it with all of them; `None` where it is not there.
pub(super) fn keep_cosigned(
    connection: &Connection,
    key: &VerifierKey,
    cosigned: &SignedCheckpoint,
) -> rusqlite::Result<Option<SignedCheckpoint>> {
    let (origin, size) = (&*cosigned.checkpoint().origin, cosigned.checkpoint().size.cast_signed());
    let sql = "SELECT note FROM checkpoint WHERE origin = ?1 AND size = ?2";
    let known: Option<String> = connection.query_row(sql, params![origin, size], |row| row.get(0)).optional()?;
    let known = known.and_then(|note| SignedCheckpoint::open(&note, key).ok());
    let Some(mut merged) = known.filter(|known| known.checkpoint() == cosigned.checkpoint()) else { return Ok(None) };
    // Witnesses answer at different times: what another one signed meanwhile stays.
    cosigned.note().signatures().iter().for_each(|line| merged.note_mut().add(line.clone()));
    let sql = "UPDATE checkpoint SET note = ?3 WHERE origin = ?1 AND size = ?2";
    connection.prepare_cached(sql)?.execute(params![origin, size, merged.note().to_string()])?;
    Ok(Some(merged))
}

/// The notes that were signed in a period, the smallest tree first.
pub(super) fn of_period(
    connection: &Connection,
    origin: &str,
    from: Timestamp,
    to: Timestamp,
) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT note FROM checkpoint WHERE origin = ?1 AND time >= ?2 AND time < ?3 ORDER BY size";
    let mut statement = connection.prepare_cached(sql)?;
    let period = params![origin, from.milliseconds(), to.milliseconds()];
    statement.query_map(period, |row| row.get(0))?.collect()
}

/// The note that was signed last before a moment.
pub(super) fn last_before(connection: &Connection, before: Timestamp) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT note FROM checkpoint WHERE time < ?1 ORDER BY time DESC, size DESC LIMIT 1";
    connection.query_row(sql, [before.milliseconds()], |row| row.get(0)).optional()
}

/// Size and time of the checkpoint that was signed last.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<Option<(u64, Timestamp)>> {
    let sql = "SELECT size, time FROM checkpoint ORDER BY time DESC, size DESC LIMIT 1";
    let row = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), Timestamp::from_milliseconds(row.get(1)?)))
    };
    connection.query_row(sql, [], row).optional()
}

/// Whether anything was signed in a period, and whether anything was before it.
pub(super) fn around(connection: &Connection, (from, to): (Timestamp, Timestamp)) -> rusqlite::Result<(bool, bool)> {
    let sql = "SELECT EXISTS (SELECT 1 FROM checkpoint WHERE time BETWEEN ?1 AND ?2),
                      EXISTS (SELECT 1 FROM checkpoint WHERE time < ?1)";
    let period = [from.milliseconds(), to.milliseconds()];
    connection.query_row(sql, period, |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Deletes what is older than a day, but for the last one of each hour, the last one of each hour that a witness has signed too, and the
/// newest of each log. What is left says as much of the order of things, only less often.
pub(super) fn thin(connection: &Connection, now: Timestamp) -> rusqlite::Result<usize> {
    let sql = format!(
        "WITH kept AS (SELECT origin, size, time, {COSIGNED} AS cosigned FROM checkpoint),
                    followed AS (SELECT origin, size, time,
                                        lead(time) OVER (PARTITION BY origin, cosigned ORDER BY size) AS next FROM kept)
               DELETE FROM checkpoint WHERE (origin, size) IN
                   (SELECT origin, size FROM followed WHERE time < ?1 AND next / ?2 = time / ?2)"
    );
    connection.execute(&sql, params![now.milliseconds().saturating_sub(ALL_KEPT), ONE_KEPT_EVERY])
}
