//! What leaves of the log say to the people who work with it: who took records out, and what retention deleted.

use crate::{
    ledger::{Entry, LeafIndex},
    store::{Reader, StoreError},
    timestamp::Timestamp,
};

/// How many leaves are read at once where all are.
const PAGE: usize = 1000;

/// A leaf that says that records were taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessSeen {
    /// Its place in the log.
    pub index: LeafIndex,
    /// The number of an account, or `command_line`.
    pub by: String,
    /// `read`, `export` or `incident`.
    pub what: String,
    /// In which form.
    pub form: String,
    /// The period, from this moment …
    pub from: Timestamp,
    /// … up to this one.
    pub to: Timestamp,
    /// When.
    pub time: Timestamp,
}

/// A leaf that says what retention deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RetentionSeen {
    pub(super) index: LeafIndex,
    /// On which day it ran.
    pub(super) day: String,
    /// What had ceased to be valid before this day was deleted.
    pub(super) before: String,
    /// How many runs of neighbouring leaves.
    pub(super) ranges: usize,
    /// First and last leaf of all runs.
    pub(super) span: Option<(u64, u64)>,
}

impl AccessSeen {
    /// Reads the data of a leaf.
    pub fn parse(index: LeafIndex, leaf_data: &[u8]) -> Option<Self> {
        let Entry::Access(access) = Entry::parse(leaf_data)? else { return None };
        let [by, what, form] = [access.by.to_string(), access.what.name().to_owned(), access.form.to_owned()];
        Some(Self { index, by, what, form, from: access.from, to: access.to, time: access.time })
    }

    /// The newest ones, the newest first.
    ///
    /// # Errors
    ///
    /// When the log can't be read.
    pub fn newest(reader: &Reader, count: usize) -> Result<Vec<Self>, StoreError> {
        let leaves = reader.newest_leaves("access", count)?;
        Ok(leaves.into_iter().filter_map(|(index, data)| Self::parse(index, &data)).collect())
    }

    /// Gives all of them one by one, the newest first. Memory stays flat however many there are.
    ///
    /// # Errors
    ///
    /// When the log can't be read.
    pub fn for_each(reader: &Reader, mut seen: impl FnMut(Self)) -> Result<(), StoreError> {
        let mut end = LeafIndex(reader.size()?);
        loop {
            let page = reader.newest_leaves_before(end, "access", PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            end = *last;
            page.iter().filter_map(|(index, data)| Self::parse(*index, data)).for_each(&mut seen);
        }
    }
}

impl RetentionSeen {
    pub(super) fn newest(reader: &Reader, count: usize) -> Result<Vec<Self>, StoreError> {
        let leaves = reader.newest_leaves("retention", count)?;
        Ok(leaves.into_iter().filter_map(|(index, data)| Self::parse(index, &data)).collect())
    }

    fn parse(index: LeafIndex, leaf_data: &[u8]) -> Option<Self> {
        let Entry::Retention { ranges, before, day } = Entry::parse(leaf_data)? else { return None };
        let span = ranges.first().zip(ranges.last()).map(|((first, _), (_, last))| (first.0, last.0));
        Some(Self { index, day: day.date(), before: before.date(), ranges: ranges.len(), span })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Access, AccessKind, Accessor, AccountNumber};

    #[test]
    fn leaves_are_read_as_they_were_written() {
        let moment = |text| Timestamp::parse(text).unwrap();
        let (from, to, time) = (moment("2026-11-01"), moment("2026-11-30"), moment("2026-12-01T10:00:00.25Z"));
        let by = Accessor::Account(AccountNumber([1, 2, 3, 0xff]));
        let access = Entry::Access(Access { by, what: AccessKind::Export, form: "csv", from, to, time });
        let seen = AccessSeen::parse(LeafIndex(7), &access.leaf_data()).unwrap();
        let [by, what, form] = ["010203ff", "export", "csv"].map(str::to_owned);
        assert_eq!(seen, AccessSeen { index: LeafIndex(7), by, what, form, from, to, time });
        let ranges = vec![(LeafIndex(1), LeafIndex(3)), (LeafIndex(9), LeafIndex(9))];
        let retention = Entry::Retention { ranges, before: from, day: to };
        let seen = RetentionSeen::parse(LeafIndex(8), &retention.leaf_data()).unwrap();
        assert_eq!((seen.day.as_str(), seen.before.as_str()), ("2026-11-30", "2026-11-01"));
        assert_eq!((seen.ranges, seen.span), (2, Some((1, 9))));
        assert_eq!(AccessSeen::parse(LeafIndex(8), &retention.leaf_data()), None);
    }
}
