//! Texts that leaves name by their hash: notices, and the policy in its editions and languages. Kept once, as long as the log.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::writer::Writer;
use crate::{
    consent::EditionId,
    ledger::{Entry, LeafIndex, NoticeId, document_hash},
    timestamp::Timestamp,
    visitor::Language,
};

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

    /// Keeps a text of the policy and writes its leaf, unless there is a leaf that says the same. Two sites may call different texts by
    /// one edition, and each keeps its own.
    pub(super) fn keep_policy(
        &mut self,
        edition: EditionId,
        language: Language,
        effective: Timestamp,
        text: &str,
    ) -> rusqlite::Result<LeafIndex> {
        let new = PolicyLeaf { edition, language, document: document_hash(text), effective: effective.date() };
        let known = known_policies(&self.connection, &new.edition, language)?;
        if let Some((index, _)) = known.iter().find(|(_, leaf)| *leaf == new) {
            return Ok(*index);
        }
        if known.iter().any(|(_, leaf)| leaf.document != new.document) {
            tracing::warn!(
                edition = %new.edition, language = language.tag(),
                "the text of this edition of the policy changed without a new edition: who chose under the old text is not asked again; give the new text a new edition id"
            );
        }
        let PolicyLeaf { edition, document, .. } = new;
        let entry = Entry::Policy { edition, language, document, effective, day: self.clock.now() };
        let index = self.note_with(&entry, |transaction, index| {
            // Editions and languages may share a text.
            let sql = "INSERT INTO document (sha256, idx, text) VALUES (?1, ?2, ?3) ON CONFLICT (sha256) DO NOTHING";
            transaction.execute(sql, params![document, index.cast_signed(), text]).map(drop)
        })?;
        Ok(LeafIndex(index))
    }
}

/// What the leaf of a policy says, but for the day on which it was written.
#[derive(PartialEq, Eq)]
struct PolicyLeaf {
    edition: EditionId,
    language: Language,
    document: [u8; 32],
    /// The day; a leaf has no more of it.
    effective: String,
}

/// The leaves of an edition in a language.
fn known_policies(
    connection: &Connection,
    wanted: &EditionId,
    in_language: Language,
) -> rusqlite::Result<Vec<(LeafIndex, PolicyLeaf)>> {
    // The first condition is that of the index of leaves that are no choice.
    let sql = "SELECT idx, data FROM leaf WHERE kind <> 'consent' AND kind = 'policy' ORDER BY idx";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut known = Vec::new();
    while let Some(row) = rows.next()? {
        let (index, data) = (row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, Vec<u8>>(1)?);
        let Some(Entry::Policy { edition, language, document, effective, .. }) = Entry::parse(&data) else { continue };
        if edition == *wanted && language == in_language {
            known.push((LeafIndex(index), PolicyLeaf { edition, language, document, effective: effective.date() }));
        }
    }
    Ok(known)
}
