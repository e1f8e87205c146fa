//! What the log holds of one person on every site, for whoever answers this person's request.

use rusqlite::{OptionalExtension as _, params};

use super::{Reader, StoreError};
use crate::{
    consent::ConsentId,
    ledger::{Content, LeafHash, LeafIndex, RecordId, Row, Salt, parse},
};

impl Reader {
    /// Every record that is kept under a consent number, in the order of the log. What was erased is not among them: nothing in the log
    /// tells whose it was.
    ///
    /// # Errors
    ///
    /// When the file refuses, or holds what is no record.
    pub fn records_of(&self, id: ConsentId) -> Result<Vec<Row>, StoreError> {
        let sql = "SELECT record.idx, hash, salt, body FROM record JOIN leaf USING (idx) WHERE consent_id = ?1 ORDER BY record.idx";
        let read = || {
            let mut statement = self.connection.prepare(sql)?;
            let rows = statement.query_map([id.as_bytes()], |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?, row.get::<_, Vec<u8>>(3)?))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        let rows = read().map_err(self.failed())?.into_iter().map(|(index, hash, salt, body)| {
            let event = parse(&body).map_err(|error| StoreError::Damaged {
                path: self.path.clone(),
                what: format!("leaf {index}: {error}"),
            })?;
            let content = Content::Kept(Box::new(event), Salt(salt));
            Ok(Row { index: LeafIndex(index.cast_unsigned()), leaf_hash: LeafHash(hash), content })
        });
        rows.collect()
    }

    /// The consent number under which a record is kept; `None` where none of this name is. Reads every record, since none is looked up by
    /// its name otherwise: some seconds with millions of them.
    ///
    /// # Errors
    ///
    /// When the file refuses.
    pub fn consent_id_of(&self, record: RecordId) -> Result<Option<ConsentId>, StoreError> {
        let field = format!(r#""record_id":"{record}""#).into_bytes();
        let sql = "SELECT consent_id FROM record WHERE instr(body, ?1) > 0 LIMIT 1";
        let found = self.connection.query_row(sql, params![field], |row| row.get(0)).optional();
        Ok(found.map_err(self.failed())?.map(ConsentId::from_bytes))
    }
}
