//! Texts that leaves name by their hash: notices, and the policy in its editions and languages. Kept once, as long as the log.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Deserialize;

use super::writer::Writer;
use crate::{
    consent::EditionId,
    ledger::{Entry, LeafIndex, NoticeId, document_hash},
    timestamp::Timestamp,
    visitor::Language,
};

/// What the leaf of a policy says, but for the day on which it was written.
#[derive(Deserialize, PartialEq, Eq)]
struct PolicyLeaf {
    edition: String,
    language: String,
    document_sha256: String,
    effective: String,
}

impl Writer {
    /// Keeps a notice document and writes its leaf, unless it is there already.
    pub(super) fn keep_notice(
        &mut self,
        id: NoticeId,
        language: Language,
        edition: EditionId,
        document: &str,
    ) -> rusqlite::Result<LeafIndex> {
        let sql = "SELECT idx FROM notice WHERE id = ?1";
        let known: Option<i64> = self.connection.query_row(sql, [id.0], |row| row.get(0)).optional()?;
        if let Some(index) = known {
            return Ok(LeafIndex(index.cast_unsigned()));
        }
        let day = self.clock.now();
        let entry = Entry::Notice { id, language, edition, document: document_hash(document), day };
        let index = self.note_with(&entry, |transaction, index| {
            let sql = "INSERT INTO notice (id, idx, document) VALUES (?1, ?2, ?3)";
            transaction.execute(sql, params![id.0, index.cast_signed(), document]).map(drop)
        })?;
        Ok(LeafIndex(index))
    }

    /// Keeps a text of the policy and writes its leaf, unless the newest leaf of this edition and language says the same.
    pub(super) fn keep_policy(
        &mut self,
        edition: EditionId,
        language: Language,
        effective: Timestamp,
        text: &str,
    ) -> rusqlite::Result<LeafIndex> {
        let hash = document_hash(text);
        let entry = Entry::Policy { edition, language, document: hash, effective, day: self.clock.now() };
        let new = PolicyLeaf::read(&entry.leaf_data()).expect("a leaf made here is one of a policy");
        if let Some((index, newest)) = newest_policy(&self.connection, &new.edition, &new.language)?
            && newest == new
        {
            return Ok(index);
        }
        let index = self.note_with(&entry, |transaction, index| {
            // Editions and languages may share a text.
            let sql = "INSERT INTO document (sha256, idx, text) VALUES (?1, ?2, ?3) ON CONFLICT (sha256) DO NOTHING";
            transaction.execute(sql, params![hash, index.cast_signed(), text]).map(drop)
        })?;
        Ok(LeafIndex(index))
    }
}

/// The newest text of the policy in an edition and a language.
pub(super) fn policy(
    connection: &Connection,
    edition: &EditionId,
    language: Language,
) -> rusqlite::Result<Option<String>> {
    let Some((_, leaf)) = newest_policy(connection, edition.as_str(), language.tag())? else { return Ok(None) };
    let sql = "SELECT text FROM document WHERE lower(hex(sha256)) = ?1";
    connection.query_row(sql, [leaf.document_sha256], |row| row.get(0)).optional()
}

fn newest_policy(
    connection: &Connection,
    edition: &str,
    language: &str,
) -> rusqlite::Result<Option<(LeafIndex, PolicyLeaf)>> {
    // The first condition is that of the index of leaves that are no choice.
    let sql = "SELECT idx, data FROM leaf WHERE kind <> 'consent' AND kind = 'policy' ORDER BY idx DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let data: Vec<u8> = row.get(1)?;
        if let Some(leaf) = PolicyLeaf::read(&data).filter(|leaf| leaf.edition == edition && leaf.language == language)
        {
            return Ok(Some((LeafIndex(row.get::<_, i64>(0)?.cast_unsigned()), leaf)));
        }
    }
    Ok(None)
}

impl PolicyLeaf {
    fn read(leaf_data: &[u8]) -> Option<Self> {
        serde_json::from_slice(leaf_data.strip_prefix(b"kelisim-policy-leaf/v1\n")?).ok()
    }
}
