//! Leaves and records in tables: one transaction writes a batch, or deletes a batch and says so in the log.

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::{
    prepared::Prepared,
    rebuild::{self, Cause},
    tree,
};
use crate::{
    consent::ConsentId,
    ledger::{Entry, ErasureReason, EventKind, Frontier, LeafIndex},
    timestamp::Timestamp,
};

/// How many records one transaction deletes: each costs about a page, and others wait meanwhile.
pub(super) const DELETED_AT_ONCE: usize = 1000;

const MILLISECONDS_PER_DAY: i64 = 86_400_000;

/// Days since 1970-01-01 in UTC.
pub(super) fn day_number(moment: Timestamp) -> i64 {
    moment.milliseconds() / MILLISECONDS_PER_DAY
}

/// The first moment of a day.
pub(super) fn day_start(number: i64) -> Timestamp {
    Timestamp::from_milliseconds(number.saturating_mul(MILLISECONDS_PER_DAY))
}

/// What a transaction changed, for the memory of the running gateway.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The leaves of the events, in their order.
    pub(super) indices: Vec<LeafIndex>,
    /// What can no longer stand for a choice.
    pub(super) ended: Vec<u64>,
    /// How many leaves there are now.
    pub(super) size: u64,
}

/// What to delete.
#[derive(Clone, Copy, Debug)]
pub(super) enum Doomed {
    /// Everything of a person.
    Person(ConsentId, ErasureReason),
    /// What ceased to be valid before this moment.
    Expired(Timestamp, Records),
}

impl Doomed {
    /// Why it goes.
    pub(super) const fn cause(self) -> Cause {
        match self {
            Self::Person(..) => Cause::Erasure,
            Self::Expired(..) => Cause::Retention,
        }
    }
}

/// Which records a term is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// All of them.
    All,
    /// All but frames that were opened once.
    Choices,
    /// Frames that were opened once.
    Frames,
}

/// How many leaves there are.
pub(super) fn size(connection: &Connection) -> rusqlite::Result<u64> {
    let next: i64 = connection.query_row("SELECT coalesce(max(idx) + 1, 0) FROM leaf", [], |row| row.get(0))?;
    Ok(next.cast_unsigned())
}

/// Writes events in their order, all or none.
pub(super) fn append<'a>(
    connection: &mut Connection,
    frontier: &mut Frontier,
    events: impl Iterator<Item = &'a Prepared>,
) -> rusqlite::Result<Written> {
    let transaction = begin(connection)?;
    // What is not committed leaves no trace in the tree either.
    let mut edge = frontier.clone();
    let mut written = Written::default();
    for event in events {
        append_event(&transaction, &mut edge, event, &mut written)?;
    }
    transaction.commit()?;
    written.size = edge.size();
    *frontier = edge;
    Ok(written)
}

/// Deletes up to [`DELETED_AT_ONCE`] records with their salts and writes the leaves that explain the holes.
pub(super) fn delete_some(
    connection: &mut Connection,
    frontier: &mut Frontier,
    doomed: Doomed,
    now: Timestamp,
) -> rusqlite::Result<Written> {
    let transaction = begin(connection)?;
    let mut edge = frontier.clone();
    let mut written = Written::default();
    let indices = doomed_indices(&transaction, doomed)?;
    for index in &indices {
        transaction.prepare_cached("DELETE FROM record WHERE idx = ?1")?.execute([index])?;
    }
    let entries: Vec<_> = match doomed {
        _ if indices.is_empty() => Vec::new(),
        Doomed::Person(_, reason) => indices.iter().map(|index| erasure(*index, reason, now)).collect(),
        Doomed::Expired(before, _) => {
            vec![Entry::Retention { ranges: runs(&transaction, &indices)?, before, day: now }]
        }
    };
    let first = edge.size();
    for entry in &entries {
        written.ended.push(tree::append(&transaction, &mut edge, entry, day_number(now))?);
    }
    if !indices.is_empty() {
        rebuild::owe(&transaction, doomed.cause())?;
    }
    for (position, index) in indices.iter().enumerate() {
        let by = if matches!(doomed, Doomed::Person(..)) { first + position as u64 } else { first };
        explain(&transaction, index.cast_unsigned(), by)?;
        written.ended.push(index.cast_unsigned());
        written.indices.push(LeafIndex(index.cast_unsigned()));
    }
    transaction.commit()?;
    written.size = edge.size();
    *frontier = edge;
    Ok(written)
}

/// Keeps which leaf says that a record was deleted. It explains the hole, so it takes the place of a later choice that ended the record
/// before.
pub(super) fn explain(connection: &Connection, index: u64, by: u64) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO ended (idx, by_idx) VALUES (?1, ?2) ON CONFLICT (idx) DO UPDATE SET by_idx = excluded.by_idx";
    connection.prepare_cached(sql)?.execute([index.cast_signed(), by.cast_signed()]).map(drop)
}

/// Takes the right to write at once: a transaction that begins with reading does not wait for somebody else's lock, but fails.
fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn append_event(
    transaction: &Transaction<'_>,
    frontier: &mut Frontier,
    event: &Prepared,
    written: &mut Written,
) -> rusqlite::Result<()> {
    let index = tree::append_leaf(transaction, frontier, &event.leaf, day_number(event.time))?;
    // Two answers sent at once name the same earlier choice, or none. Every event therefore ends the newest one of its chain, so
    // that never more than one stands.
    let newest = "SELECT idx FROM record WHERE consent_id = ?1 AND site = ?2
                  AND NOT EXISTS (SELECT 1 FROM ended WHERE ended.idx = record.idx) ORDER BY idx DESC LIMIT 1";
    let chain = params![event.consent_id.as_bytes(), &*event.site];
    let is_choice = event.kind != EventKind::Frame;
    let newest: Option<i64> = match is_choice {
        true => transaction.prepare_cached(newest)?.query_row(chain, |row| row.get(0)).optional()?,
        // What is no choice ends none.
        false => None,
    };
    // An index that was never written comes from another log; ending it here would end somebody's future choice.
    let named = event.ends.map(|ended| ended.0).filter(|ended| *ended < index && is_choice);
    // It stands for none either: it is ended by itself from the first moment.
    let itself = (!is_choice).then_some(index);
    for ended in named.into_iter().chain(newest.map(i64::cast_unsigned)).chain(itself) {
        let sql = "INSERT INTO ended (idx, by_idx) VALUES (?1, ?2) ON CONFLICT (idx) DO NOTHING";
        transaction.prepare_cached(sql)?.execute([ended.cast_signed(), index.cast_signed()])?;
        written.ended.push(ended);
    }
    let sql =
        "INSERT INTO record (idx, consent_id, site, time, valid_until, salt, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    transaction.prepare_cached(sql)?.execute(params![
        index.cast_signed(),
        event.consent_id.as_bytes(),
        &*event.site,
        event.time.milliseconds(),
        event.valid_until.milliseconds(),
        event.salt.0,
        event.body
    ])?;
    written.indices.push(LeafIndex(index));
    Ok(())
}

fn doomed_indices(connection: &Connection, doomed: Doomed) -> rusqlite::Result<Vec<i64>> {
    let limit = DELETED_AT_ONCE as i64;
    match doomed {
        Doomed::Person(id, _) => connection
            .prepare_cached("SELECT idx FROM record WHERE consent_id = ?1 ORDER BY idx LIMIT ?2")?
            .query_map(params![id.as_bytes(), limit], |row| row.get(0))?
            .collect(),
        Doomed::Expired(before, records) => {
            // Quotation marks in texts are escaped, so these bytes are the field and nothing else.
            let of_kind = match records {
                Records::All => "",
                Records::Choices => "AND instr(body, CAST('\"event\":\"frame\"' AS BLOB)) = 0",
                Records::Frames => "AND instr(body, CAST('\"event\":\"frame\"' AS BLOB)) > 0",
            };
            let sql =
                format!("SELECT idx FROM record WHERE valid_until < ?1 {of_kind} ORDER BY valid_until, idx LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([before.milliseconds(), limit], |row| row.get(0))?;
            let mut indices: Vec<i64> = rows.collect::<Result<_, _>>()?;
            indices.sort_unstable();
            Ok(indices)
        }
    }
}

fn erasure(index: i64, reason: ErasureReason, day: Timestamp) -> Entry {
    Entry::Erasure { index: LeafIndex(index.cast_unsigned()), reason, day }
}

/// Joins deleted indices to runs; a run ends where a record in between is still there.
fn runs(connection: &Connection, indices: &[i64]) -> rusqlite::Result<Vec<(LeafIndex, LeafIndex)>> {
    let mut survivor = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM record WHERE idx > ?1 AND idx < ?2)")?;
    let mut runs: Vec<(LeafIndex, LeafIndex)> = Vec::new();
    for index in indices {
        let place = LeafIndex(index.cast_unsigned());
        match runs.last_mut() {
            Some((_, last)) if !survivor.query_row([last.0.cast_signed(), *index], |row| row.get(0))? => *last = place,
            _ => runs.push((place, place)),
        }
    }
    Ok(runs)
}
