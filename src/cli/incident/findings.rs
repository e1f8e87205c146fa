//! What the log shows of a period: what was written, what could be read, what was deleted, who took records out.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use crate::{
    admin::AccessSeen,
    consent::ConsentId,
    ledger::{Content, NoticeId, Removal},
    store::{Reader, StoreError},
    timestamp::Timestamp,
};

/// How many takings of records are looked through, from the newest back.
const MOST_ACCESSES: usize = 10_000;

/// All of it. Counts are of records, and of the consent numbers that they have.
#[derive(Debug, Serialize)]
pub(super) struct Findings {
    pub(super) from: String,
    pub(super) to: String,
    /// Written within the period.
    pub(super) written: Count,
    /// There at some time of the period, and still there.
    pub(super) readable: Count,
    /// There at some time of the period, and deleted since: their numbers are gone.
    pub(super) readable_and_deleted_since: u64,
    /// Of these, deleted within the period, on a person's request or an order.
    pub(super) erased: u64,
    /// Likewise, when their term was over.
    pub(super) retired: u64,
    /// Who took records out within the period.
    pub(super) accesses: Vec<Taken>,
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

/// One taking of records.
#[derive(Debug, Serialize)]
pub(super) struct Taken {
    pub(super) time: String,
    pub(super) by: String,
    pub(super) what: String,
    pub(super) form: String,
    pub(super) from: String,
    pub(super) to: String,
    /// How many records of that period there are now.
    pub(super) records: u64,
}

/// Reads the log up to the end of the period. Memory grows with the consent numbers, 16 bytes and some for each.
pub(super) fn find(
    reader: &Reader,
    from: Timestamp,
    to: Timestamp,
    list_numbers: bool,
) -> Result<Findings, StoreError> {
    let (mut written, mut readable, mut removed) = (0, 0, BTreeMap::from([("erasure", 0), ("retention", 0)]));
    let (mut writers, mut readers) = (HashSet::<ConsentId>::new(), HashSet::<ConsentId>::new());
    let (mut deleted_since, mut notices) = (0, HashSet::<NoticeId>::new());
    let last_day = Timestamp::from_milliseconds(to.milliseconds() - 1).date();
    for row in reader.events(Timestamp::default(), to)? {
        match row?.content {
            Content::Kept(event, _) => {
                readable += 1;
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
    let accesses = AccessSeen::newest(reader, MOST_ACCESSES)?;
    let accesses = accesses.into_iter().filter(|access| access.time >= from && access.time < to);
    let accesses = accesses.map(|access| taken(reader, access)).collect::<Result<_, _>>()?;
    let numbers = list_numbers.then(|| readers.iter().map(ToString::to_string).collect());
    Ok(Findings {
        from: from.to_string(),
        to: to.to_string(),
        written: Count { records: written, numbers: writers.len() as u64 },
        readable: Count { records: readable, numbers: readers.len() as u64 },
        readable_and_deleted_since: deleted_since,
        erased: removed[Removal::Erasure.name()],
        retired: removed[Removal::Retention.name()],
        accesses,
        data: data(reader, &notices)?,
        checkpoint_before: reader.last_checkpoint(from)?,
        checkpoint_at_end: reader.last_checkpoint(to)?,
        numbers,
    })
}

fn taken(reader: &Reader, access: AccessSeen) -> Result<Taken, StoreError> {
    Ok(Taken {
        time: access.time.to_string(),
        by: access.by,
        what: access.what,
        form: access.form,
        from: access.from.to_string(),
        to: access.to.to_string(),
        records: reader.count(access.from, access.to)?,
    })
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
