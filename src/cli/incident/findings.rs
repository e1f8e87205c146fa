//! What the log shows of a period: what was written, what could be read, what was deleted, who took records out.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use super::accesses::{self, Accesses};
use crate::{
    admin::Accounts,
    consent::ConsentId,
    ledger::{Content, NoticeId, Removal},
    store::{Reader, StoreError},
    timestamp::Timestamp,
};

/// All of it. Counts are of records, and of the consent numbers that they have.
#[derive(Debug, Serialize)]
pub(super) struct Findings {
    pub(super) from: String,
    pub(super) to: String,
    /// Written within the period.
    pub(super) written: Count,
    /// There at some time of the period, and still there.
    pub(super) readable: Count,
    /// Which of them are the first and the last in the log.
    pub(super) readable_range: Option<Range>,
    /// How many of them each site has.
    pub(super) readable_by_site: BTreeMap<String, u64>,
    /// There at some time of the period, and deleted since: their numbers are gone.
    pub(super) readable_and_deleted_since: u64,
    /// Of these, deleted within the period, on a person's request or an order.
    pub(super) erased: u64,
    /// Likewise, when their term was over.
    pub(super) retired: u64,
    /// Who took records out within the period.
    pub(super) accesses: Accesses,
    /// What the notices say is collected.
    pub(super) data: BTreeSet<String>,
    /// The last checkpoint before the period …
    pub(super) checkpoint_before: Option<String>,
    /// … and the last one before its end.
    pub(super) checkpoint_at_end: Option<String>,
    /// The consent numbers that could be read, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) numbers: Option<BTreeSet<String>>,
}

/// How many records, of how many consent numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Count {
    pub(super) records: u64,
    pub(super) numbers: u64,
}

/// From one record to another, by their leaves and their times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Range {
    pub(super) first_leaf: u64,
    pub(super) last_leaf: u64,
    pub(super) first_time: String,
    pub(super) last_time: String,
}

/// Reads the log up to the end of the period. Memory grows with the log, some 40 bytes for each record.
pub(super) fn find(
    reader: &Reader,
    from: Timestamp,
    to: Timestamp,
    accounts: &Accounts,
    list_numbers: bool,
) -> Result<Findings, StoreError> {
    let (mut written, mut readable, mut removed) = (0, 0, BTreeMap::from([("erasure", 0), ("retention", 0)]));
    let (mut writers, mut readers) = (HashSet::<ConsentId>::new(), HashSet::<ConsentId>::new());
    let (mut deleted_since, mut notices) = (0, HashSet::<NoticeId>::new());
    let mut times = Vec::new();
    let (mut range, mut sites) = (None::<Range>, BTreeMap::<String, u64>::new());
    let last_day = Timestamp::from_milliseconds(to.milliseconds() - 1).date();
    for row in reader.events(Timestamp::default(), to)? {
        let row = row?;
        match row.content {
            Content::Kept(event, _) => {
                readable += 1;
                times.push(event.time);
                range = Some(Range::with(range, row.index.0, event.time));
                *sites.entry(event.site.to_string()).or_default() += 1;
                readers.insert(event.consent_id);
                notices.insert(event.notice);
                if event.time >= from {
                    written += 1;
                    writers.insert(event.consent_id);
                }
            }
            Content::Removed { on, by } if on.date() >= from.date() => {
                deleted_since += 1;
                if on.date() <= last_day {
                    *removed.entry(by.name()).or_default() += 1;
                }
            }
            // It was gone before the period.
            Content::Removed { .. } => {}
        }
    }
    // The order in the log is not that of the clock, where it was set back.
    times.sort_unstable();
    let numbers = list_numbers.then(|| readers.iter().map(ToString::to_string).collect());
    Ok(Findings {
        from: from.to_string(),
        to: to.to_string(),
        written: Count { records: written, numbers: writers.len() as u64 },
        readable: Count { records: readable, numbers: readers.len() as u64 },
        readable_range: range,
        readable_by_site: sites,
        readable_and_deleted_since: deleted_since,
        erased: removed[Removal::Erasure.name()],
        retired: removed[Removal::Retention.name()],
        accesses: accesses::find(reader, (from, to), accounts, &times)?,
        data: data(reader, &notices)?,
        checkpoint_before: reader.last_checkpoint(from)?,
        checkpoint_at_end: reader.last_checkpoint(to)?,
        numbers,
    })
}

impl Range {
    /// Extended by the next record in the log.
    fn with(range: Option<Self>, leaf: u64, time: Timestamp) -> Self {
        let time = time.to_string();
        let Some(Self { first_leaf, first_time, last_time, .. }) = range else {
            return Self { first_leaf: leaf, last_leaf: leaf, first_time: time.clone(), last_time: time };
        };
        Self { first_leaf, last_leaf: leaf, first_time: first_time.min(time.clone()), last_time: last_time.max(time) }
    }
}

/// What the notices that visitors answered say is collected.
fn data(reader: &Reader, notices: &HashSet<NoticeId>) -> Result<BTreeSet<String>, StoreError> {
    #[derive(Deserialize)]
    struct Document {
        #[serde(default)]
        data: Vec<String>,
    }
    let mut data = BTreeSet::new();
    for id in notices {
        let document = reader.notice(*id)?.and_then(|json| serde_json::from_str::<Document>(&json).ok());
        data.extend(document.into_iter().flat_map(|document| document.data));
    }
    Ok(data)
}
