//! What ended the answers of an export: read ahead in pages, as the answers come in the order of the log.

use std::ops::Range;

use crate::{
    ledger::{Content, Ending, Event, LeafIndex, Row},
    store::{Reader, StoreError},
    timestamp::Timestamp,
};

/// How many are read at once: some kilobytes.
const PAGE: usize = 500;

/// Which answers were ended, from one leaf up to another.
pub(super) struct Endings<'a> {
    reader: &'a Reader,
    known: Range<u64>,
    page: Vec<(LeafIndex, Ending)>,
}

impl<'a> Endings<'a> {
    pub(super) fn of(reader: &'a Reader) -> Self {
        Self { reader, known: 0..0, page: Vec::new() }
    }

    /// The later answer that ended this one before its term did; `None` where it stands, or stood until its term.
    pub(super) fn ending(&mut self, index: LeafIndex, event: &Event) -> Result<Option<Ending>, StoreError> {
        if !self.known.contains(&index.0) {
            self.page = self.reader.endings(index, PAGE)?;
            let last = self.page.last().filter(|_| self.page.len() == PAGE);
            self.known = index.0..last.map_or(u64::MAX, |(last, _)| last.0 + 1);
        }
        let found = self.page.binary_search_by_key(&index, |(ended, _)| *ended).ok();
        let ending = found.and_then(|place| self.page.get(place)).map(|(_, ending)| *ending);
        Ok(ending.filter(|ending| ending.is_before_the_term_of(event)))
    }
}

/// The first rows of a period, at most `count` of them, each with what ended it.
///
/// # Errors
///
/// When the log can't be read.
pub fn first_rows(
    reader: &Reader,
    (from, to): (Timestamp, Timestamp),
    count: usize,
) -> Result<Vec<(Row, Option<Ending>)>, StoreError> {
    let mut endings = Endings::of(reader);
    let rows = reader.events(from, to)?.take(count).map(|row| {
        let row = row?;
        let ending = match &row.content {
            Content::Kept(event, _) => endings.ending(row.index, event)?,
            Content::Removed { .. } => None,
        };
        Ok((row, ending))
    });
    rows.collect()
}
