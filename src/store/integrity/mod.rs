//! Whether a database is what was written: every leaf, every record, what ended which, the texts, the tree above the leaves and the
//! newest checkpoint, computed anew at each start. A file edited by hand while the gateway was stopped is found here, and nothing is
//! served from it.
//!
//! The tree was signed and a leaf commits to its record; everything else is held against these. What it takes of memory are three
//! bitmaps over the leaves, and the ranges that retention deleted.

mod ends;
mod removals;
mod texts;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, Statement, params, types::FromSqlError};

use self::{ends::Ends, removals::Removals};
use super::{StoreError, tree};
use crate::ledger::{
    Checkpoint, CompletedNode, Entry, Frontier, LeafHash, Note, RecordOutline, Salt, leaf_hash, outline,
};

/// Why a check did not come to its end.
enum Stop {
    /// What is wrong with the file, in words for the operator.
    Fault(String),
    /// The database does not answer.
    Refused(rusqlite::Error),
}

impl Stop {
    fn at(index: u64, what: impl std::fmt::Display) -> Self {
        Self::Fault(format!("leaf {index}: {what}"))
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Refused(error)
    }
}

impl From<FromSqlError> for Stop {
    fn from(error: FromSqlError) -> Self {
        Self::Refused(error.into())
    }
}

/// Checks everything and gives the right edge of the tree.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<Frontier, StoreError> {
    let check = || {
        let (frontier, ends) = check_leaves(connection)?;
        check_checkpoint(connection, &frontier)?;
        ends.check_rows(connection, frontier.size())?;
        texts::check(connection)?;
        Ok(frontier)
    };
    check().map_err(|stop| match stop {
        Stop::Fault(what) => StoreError::Damaged { path: path.to_owned(), what },
        Stop::Refused(error) => StoreError::database(path, "check the consent log")(error),
    })
}

fn check_leaves(connection: &Connection) -> Result<(Frontier, Ends<'_>), Stop> {
    let sql = "SELECT leaf.idx, kind, hash, data, by_idx, salt, body, consent_id, site, time, valid_until
               FROM leaf LEFT JOIN record USING (idx) LEFT JOIN ended USING (idx) ORDER BY leaf.idx";
    let mut leaves = connection.prepare(sql)?;
    let (mut ends, mut removals) = (Ends::new(connection)?, Removals::new(connection)?);
    let mut node = connection.prepare("SELECT hash FROM node WHERE level = ?1 AND idx = ?2")?;
    let (mut frontier, mut completed, mut nodes) = (Frontier::default(), Vec::new(), 0_i64);
    let mut rows = leaves.query([])?;
    while let Some(row) = rows.next()? {
        let index = frontier.size();
        if row.get::<_, i64>(0)?.cast_unsigned() != index {
            return Err(Stop::Fault(format!("leaf {index} is missing")));
        }
        let (hash, content) = check_leaf(row, index)?;
        let ended_by = row.get::<_, Option<i64>>(4)?.map(i64::cast_unsigned);
        match content {
            Content::Event(event) => ends.kept(index, &event, ended_by)?,
            Content::Hole => {
                if !ended_by.map_or(Ok(false), |by| removals.explain(index, by))? {
                    return Err(Stop::at(index, "its record is gone and no leaf says why"));
                }
                ends.hole(index);
            }
            Content::Other => {}
        }
        frontier.append(hash, |node| completed.push(node));
        for completed in completed.drain(..) {
            nodes += 1;
            if !is_kept(&mut node, completed)? {
                return Err(Stop::at(index, "the tree above it is not what was written"));
            }
        }
    }
    // A record or an end without its leaf would be that of a leaf to come.
    let later = "SELECT EXISTS (SELECT 1 FROM record WHERE idx >= ?1) OR EXISTS (SELECT 1 FROM ended WHERE idx >= ?1)";
    if connection.query_row(later, [frontier.size().cast_signed()], |row| row.get(0))? {
        return Err(Stop::Fault("there are records of leaves that are not there".to_owned()));
    }
    let kept: i64 = connection.query_row("SELECT count(*) FROM node", [], |row| row.get(0))?;
    if kept != nodes {
        return Err(Stop::Fault("the tree has nodes above leaves that are not there".to_owned()));
    }
    Ok((frontier, ends))
}

/// What a leaf stands for.
enum Content<'a> {
    /// An event that is kept.
    Event(RecordOutline<'a>),
    /// An event whose record is gone.
    Hole,
    /// No event.
    Other,
}

fn check_leaf<'a>(row: &'a Row<'_>, index: u64) -> Result<(LeafHash, Content<'a>), Stop> {
    let fault = |what: &str| Err(Stop::at(index, what));
    let (kind, data) = (row.get_ref(1)?.as_str()?, row.get_ref(3)?.as_blob()?);
    let hash = leaf_hash(data);
    if row.get_ref(2)?.as_blob()? != hash.0 {
        return fault("its data is not what was written");
    }
    if !data.strip_prefix(b"kelisim-").is_some_and(|rest| rest.starts_with(format!("{kind}-leaf/").as_bytes())) {
        return fault("it is kept as another kind of leaf than it is");
    }
    let (salt, body) = (row.get_ref(5)?.as_blob_or_null()?, row.get_ref(6)?.as_blob_or_null()?);
    let content = match (kind == "consent", salt.zip(body)) {
        (true, Some((salt, body))) => {
            let salt = salt.try_into().map(Salt);
            if !salt.is_ok_and(|salt| Entry::consent(&salt, body).leaf_data() == data) {
                return fault("its record is not what was written");
            }
            // The leaf proves these bytes, so they are not written anew to see whether they are canonical.
            let record = outline(body).map_err(|error| Stop::at(index, error))?;
            if !is_in_columns(row, &record)? {
                return fault("the columns beside its record say something else than the record");
            }
            Content::Event(record)
        }
        (true, None) => Content::Hole,
        (false, Some(_)) => return fault("it has a record and is no event"),
        (false, None) => Content::Other,
    };
    Ok((hash, content))
}

/// Whether erasure, retention and exports will find a record by what is in it.
fn is_in_columns(row: &Row<'_>, record: &RecordOutline<'_>) -> Result<bool, Stop> {
    Ok(row.get_ref(7)?.as_blob()? == record.consent_id.as_bytes()
        && row.get_ref(8)?.as_str()? == record.site
        && row.get::<_, i64>(9)? == record.time.milliseconds()
        && row.get::<_, i64>(10)? == record.valid_until.milliseconds())
}

fn is_kept(statement: &mut Statement<'_>, node: CompletedNode) -> rusqlite::Result<bool> {
    let kept = statement.query_row(params![node.level, node.index.cast_signed()], |row| row.get(0)).optional()?;
    Ok(kept == Some(node.hash.0))
}

/// Whoever changes leaf, hash and tree together still has to meet what was signed.
fn check_checkpoint(connection: &Connection, frontier: &Frontier) -> Result<(), Stop> {
    let sql = "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1";
    let newest: Option<(i64, String)> =
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((size, note)) = newest else { return Ok(()) };
    let size = size.cast_unsigned();
    let checkpoint = Note::parse(&note).and_then(|note| Checkpoint::parse(note.text()));
    let Some(checkpoint) = checkpoint.filter(|checkpoint| checkpoint.size == size) else {
        return Err(Stop::Fault(format!("the checkpoint of {size} leaves is unreadable")));
    };
    if size > frontier.size() {
        return Err(Stop::Fault(format!("{} leaves are there, and {size} were signed", frontier.size())));
    }
    if tree::root_at(connection, size)? != checkpoint.root {
        return Err(Stop::Fault(format!("leaf {} or one before it: other leaves were signed", size.saturating_sub(1))));
    }
    Ok(())
}
