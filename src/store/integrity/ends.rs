//! Which leaves stand for no choice any more: each row of `ended` has to follow from what the kept records say, and none may be missing.
//! Whoever takes a row away by hand brings a withdrawn consent back to life; whoever adds one withdraws somebody's.
//!
//! A choice ends the leaf that it names and the choice before it of the same consent id on the same site; the first that ends a leaf has
//! the row. A frame that was opened once is ended by itself. A hole is ended by the leaf that says why it is one.
//!
//! Nobody knows any more what an event ended whose record was deleted since. A row that names such an event is believed, and where it was
//! taken away nothing tells, as long as no kept event ended the same leaf later.

use roaring::RoaringTreemap;
use rusqlite::{Connection, OptionalExtension as _, Statement};

use super::Stop;
use crate::ledger::{EventKind, RecordOutline};

/// What the leaves and records say, as far as `ended` has to agree with it.
pub(super) struct Ends<'a> {
    row: Statement<'a>,
    holes: RoaringTreemap,
    frames: RoaringTreemap,
    /// Leaves whose row names a kept event that did end them.
    explained: RoaringTreemap,
}

impl<'a> Ends<'a> {
    pub(super) fn new(connection: &'a Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            row: connection.prepare("SELECT by_idx FROM ended WHERE idx = ?1")?,
            holes: RoaringTreemap::new(),
            frames: RoaringTreemap::new(),
            explained: RoaringTreemap::new(),
        })
    }

    /// An event whose record is gone; the leaf that its row names was found to say why.
    pub(super) fn hole(&mut self, index: u64) {
        self.holes.insert(index);
    }

    /// An event that is kept, and what its row names. All leaves before it have been here.
    pub(super) fn kept(&mut self, index: u64, event: &RecordOutline<'_>, ended_by: Option<u64>) -> Result<(), Stop> {
        if event.kind == EventKind::Frame {
            self.frames.insert(index);
            let is_ended = ended_by == Some(index);
            return if is_ended { Ok(()) } else { Err(Stop::at(index, "it is no choice, and is kept as one")) };
        }
        // An index that was not written yet ended nothing.
        match event.ends.filter(|named| named.0 < index) {
            Some(named) => self.must_be_ended(named.0, index),
            None => Ok(()),
        }
    }

    /// Whether a leaf is ended by an event, or was ended before it.
    fn must_be_ended(&mut self, ended: u64, by: u64) -> Result<(), Stop> {
        if self.holes.contains(ended) {
            return Ok(());
        }
        let row: Option<i64> = self.row.query_row([ended.cast_signed()], |row| row.get(0)).optional()?;
        match row.map(i64::cast_unsigned) {
            Some(first) if first < by => {}
            Some(first) if first == by => _ = self.explained.insert(ended),
            _ => return Err(Stop::at(ended, format_args!("leaf {by} ended it, and it is kept as if it still stood"))),
        }
        Ok(())
    }

    /// Goes through chains and rows, after all leaves have been here.
    pub(super) fn check_rows(mut self, connection: &Connection, size: u64) -> Result<(), Stop> {
        self.check_chains(connection)?;
        let mut statement = connection.prepare("SELECT idx, by_idx FROM ended ORDER BY idx")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (index, by) = (row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned());
            if self.holes.contains(index) || self.frames.contains(index) {
                continue;
            }
            let by_a_hole = index < by && by < size && self.holes.contains(by);
            if !by_a_hole && !self.explained.contains(index) {
                return Err(Stop::at(index, format_args!("it is kept as ended by leaf {by}, which did not end it")));
            }
        }
        Ok(())
    }

    /// Of one consent id on one site every choice ended the one before it. The columns were compared with the records by now.
    fn check_chains(&mut self, connection: &Connection) -> Result<(), Stop> {
        // In the order of the index over these columns, so nothing is sorted and nothing is held.
        let mut statement =
            connection.prepare("SELECT idx, consent_id, site FROM record ORDER BY consent_id, site, idx")?;
        let mut rows = statement.query([])?;
        let (mut chain, mut newest) = ((Vec::new(), String::new()), None);
        while let Some(row) = rows.next()? {
            let index = row.get::<_, i64>(0)?.cast_unsigned();
            if self.frames.contains(index) {
                continue;
            }
            let (id, site) = (row.get_ref(1)?.as_blob()?, row.get_ref(2)?.as_str()?);
            if let Some(before) = newest.filter(|_| chain.0 == id && chain.1 == site) {
                self.must_be_ended(before, index)?;
            } else {
                chain.0.clear();
                chain.0.extend_from_slice(id);
                site.clone_into(&mut chain.1);
            }
            newest = Some(index);
        }
        Ok(())
    }
}
