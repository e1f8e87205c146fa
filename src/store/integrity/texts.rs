//! The texts that leaves name by their hash: each is the one that its leaf names, and each leaf still has its own.

use rusqlite::{Connection, Statement};

use super::Stop;
use crate::ledger::{Entry, NoticeId, document_hash};

const OTHER: &str = "the text that is kept for it is not the one that it names";
const GONE: &str = "the text that it names is gone";

pub(super) fn check(connection: &Connection) -> Result<(), Stop> {
    check_leaves(connection)?;
    let notices = "SELECT notice.idx, id, document, data FROM notice LEFT JOIN leaf USING (idx) ORDER BY notice.idx";
    check_rows(
        &mut connection.prepare(notices)?,
        |name, hash, leaf| matches!(leaf, Entry::Notice { id, document, .. } if id == NoticeId(name) && document == hash),
    )?;
    let policies =
        "SELECT document.idx, sha256, text, data FROM document LEFT JOIN leaf USING (idx) ORDER BY document.idx";
    check_rows(&mut connection.prepare(policies)?, |name, hash, leaf| {
        name == hash && matches!(leaf, Entry::Policy { document, .. } if document == hash)
    })
}

/// Whether every leaf that names a text has it.
fn check_leaves(connection: &Connection) -> Result<(), Stop> {
    let mut notice = connection.prepare("SELECT 1 FROM notice WHERE id = ?1")?;
    let mut policy = connection.prepare("SELECT 1 FROM document WHERE sha256 = ?1")?;
    // The first condition is that of the index of leaves that are no choice.
    let sql = "SELECT idx, data FROM leaf WHERE kind <> 'consent' AND kind IN ('notice', 'policy') ORDER BY idx";
    let mut leaves = connection.prepare(sql)?;
    let mut rows = leaves.query([])?;
    while let Some(row) = rows.next()? {
        let is_kept = match Entry::parse(row.get_ref(1)?.as_blob()?) {
            Some(Entry::Notice { id, .. }) => notice.exists([id.0])?,
            Some(Entry::Policy { document, .. }) => policy.exists([document])?,
            _ => false,
        };
        if !is_kept {
            return Err(Stop::at(row.get::<_, i64>(0)?.cast_unsigned(), GONE));
        }
    }
    Ok(())
}

/// Rows of index, name, text and the data of the leaf; `agrees` is asked about the name, the hash of the text, and the leaf.
fn check_rows(statement: &mut Statement<'_>, agrees: impl Fn([u8; 32], [u8; 32], Entry) -> bool) -> Result<(), Stop> {
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let name = row.get_ref(1)?.as_blob()?.try_into();
        let leaf = row.get_ref(3)?.as_blob_or_null()?.and_then(Entry::parse);
        let hash = document_hash(row.get_ref(2)?.as_str()?);
        let is_right = name.ok().zip(leaf).is_some_and(|(name, leaf)| agrees(name, hash, leaf));
        if !is_right {
            return Err(Stop::at(row.get::<_, i64>(0)?.cast_unsigned(), OTHER));
        }
    }
    Ok(())
}
