//! Whether a database is what was written: every leaf, every record, the tree above them and the newest checkpoint, computed anew at
//! each start. A file edited by hand while the gateway was stopped is found here, and nothing is served from it.
//!
//! What only the records say, such as which choice ended which, is the business of whoever audits an export.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, Statement, params};

use super::{StoreError, tree};
use crate::ledger::{Checkpoint, CompletedNode, Entry, Frontier, LeafHash, Note, Removal, Salt, leaf_hash};

/// What is wrong, in words for the operator.
type Fault = String;

/// Checks everything and gives the right edge of the tree.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<Frontier, StoreError> {
    let failed = || StoreError::database(path, "check the consent log");
    let checked = check_leaves(connection).map_err(failed())?;
    let checked = match checked {
        Ok(frontier) => check_checkpoint(connection, frontier).map_err(failed())?,
        Err(fault) => Err(fault),
    };
    checked.map_err(|what| StoreError::Damaged { path: path.to_owned(), what })
}

fn check_leaves(connection: &Connection) -> rusqlite::Result<Result<Frontier, Fault>> {
    let sql = "SELECT leaf.idx, leaf.kind, leaf.hash, leaf.data, record.salt, record.body
               FROM leaf LEFT JOIN record USING (idx) ORDER BY leaf.idx";
    let mut leaves = connection.prepare(sql)?;
    let mut cause =
        connection.prepare("SELECT kind FROM ended JOIN leaf ON leaf.idx = ended.by_idx WHERE ended.idx = ?1")?;
    let mut node = connection.prepare("SELECT hash FROM node WHERE level = ?1 AND idx = ?2")?;
    let (mut frontier, mut completed, mut nodes) = (Frontier::default(), Vec::new(), 0_i64);
    let mut rows = leaves.query([])?;
    while let Some(row) = rows.next()? {
        let index = frontier.size();
        if row.get::<_, i64>(0)?.cast_unsigned() != index {
            return Ok(Err(format!("leaf {index} is missing")));
        }
        match check_leaf(row, &mut cause)? {
            Ok(hash) => frontier.append(hash, |node| completed.push(node)),
            Err(fault) => return Ok(Err(format!("leaf {index}: {fault}"))),
        }
        for completed in completed.drain(..) {
            nodes += 1;
            if !is_kept(&mut node, completed)? {
                return Ok(Err(format!("leaf {index}: the tree above it is not what was written")));
            }
        }
    }
    // A record or an end without its leaf would be that of a leaf to come.
    let later = "SELECT EXISTS (SELECT 1 FROM record WHERE idx >= ?1) OR EXISTS (SELECT 1 FROM ended WHERE idx >= ?1)";
    if connection.query_row(later, [frontier.size().cast_signed()], |row| row.get(0))? {
        return Ok(Err("there are records of leaves that are not there".to_owned()));
    }
    let kept: i64 = connection.query_row("SELECT count(*) FROM node", [], |row| row.get(0))?;
    Ok(if kept == nodes { Ok(frontier) } else { Err("the tree has nodes above leaves that are not there".to_owned()) })
}

fn check_leaf(row: &Row<'_>, cause: &mut Statement<'_>) -> rusqlite::Result<Result<LeafHash, &'static str>> {
    let (kind, data) = (row.get_ref(1)?.as_str()?, row.get_ref(3)?.as_blob()?);
    let hash = leaf_hash(data);
    if row.get_ref(2)?.as_blob()? != hash.0 {
        return Ok(Err("its data is not what was written"));
    }
    if !data.strip_prefix(b"kelisim-").is_some_and(|rest| rest.starts_with(format!("{kind}-leaf/").as_bytes())) {
        return Ok(Err("it is kept as another kind of leaf than it is"));
    }
    let (salt, body) = (row.get_ref(4)?.as_blob_or_null()?, row.get_ref(5)?.as_blob_or_null()?);
    let fault = match (kind == "consent", salt.zip(body)) {
        (true, Some((salt, body))) => {
            let salt = salt.try_into().map(Salt);
            let right = salt.is_ok_and(|salt| Entry::consent(&salt, body).leaf_data() == data);
            (!right).then_some("its record is not what was written")
        }
        (true, None) => {
            let cause: Option<String> = cause.query_row([row.get::<_, i64>(0)?], |row| row.get(0)).optional()?;
            let removals = [Removal::Erasure.name(), Removal::Retention.name()];
            let explained = cause.is_some_and(|cause| removals.contains(&&*cause));
            (!explained).then_some("its record is gone and no leaf says why")
        }
        (false, Some(_)) => Some("it has a record and is no event"),
        (false, None) => None,
    };
    Ok(fault.map_or(Ok(hash), Err))
}

fn is_kept(statement: &mut Statement<'_>, node: CompletedNode) -> rusqlite::Result<bool> {
    let kept = statement.query_row(params![node.level, node.index.cast_signed()], |row| row.get(0)).optional()?;
    Ok(kept == Some(node.hash.0))
}

/// Whoever changes leaf, hash and tree together still has to meet what was signed.
fn check_checkpoint(connection: &Connection, frontier: Frontier) -> rusqlite::Result<Result<Frontier, Fault>> {
    let sql = "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1";
    let newest: Option<(i64, String)> =
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((size, note)) = newest else { return Ok(Ok(frontier)) };
    let size = size.cast_unsigned();
    let checkpoint = Note::parse(&note).and_then(|note| Checkpoint::parse(note.text()));
    let Some(checkpoint) = checkpoint.filter(|checkpoint| checkpoint.size == size) else {
        return Ok(Err(format!("the checkpoint of {size} leaves is unreadable")));
    };
    if size > frontier.size() {
        return Ok(Err(format!("{} leaves are there, and {size} were signed", frontier.size())));
    }
    if tree::root_at(connection, size)? != checkpoint.root {
        return Ok(Err(format!("leaf {} or one before it: other leaves were signed", size.saturating_sub(1))));
    }
    Ok(Ok(frontier))
}
