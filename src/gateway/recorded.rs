//! What the log holds of one visitor on a site, where the event of the choice in their browser is, and what of it all counts now.

use std::collections::BTreeMap;

use super::{
    Shared,
    own_pages::{choice_in_force, choice_view},
    site::Site,
};
use crate::{
    consent::{CategorySet, Record},
    ledger::{EventKind, LeafIndex},
    pages::{HistoryLine, Recorded, Standing, Whereabouts},
    store::{KeptEvent, Reader, StoreError},
    timestamp::Timestamp,
};

/// What is kept of a visitor on a site, the newest, and what is known of events that later ones name.
pub(super) struct History {
    /// The newest events, in their order.
    pub(super) kept: Vec<KeptEvent>,
    /// How many events are kept, also those that are too many to be read.
    total: usize,
    removed: Vec<(LeafIndex, Timestamp)>,
    /// What had been allowed before a withdrawal, by the withdrawal's leaf; where it is gone, so is the entry.
    before: BTreeMap<LeafIndex, CategorySet>,
    /// The event of the record that the browser holds.
    current: Option<KeptEvent>,
    /// A refusal of this visitor waits for the disk.
    waits: bool,
}

impl History {
    /// Reads it; `None` where the log can't be read now.
    pub(super) async fn read(shared: &Shared, site: &Site, record: &Record) -> Option<Self> {
        // Asked before the log is read: what waits until then is either still waiting or read below.
        let waits = shared.store.waits_for(record.consent_id, &site.name);
        let (record, name) = (record.clone(), site.name.clone());
        shared.readers.read(move |reader| Self::of(reader, &record, &name, waits)).await
    }

    fn of(reader: &Reader, record: &Record, site: &str, waits: bool) -> Result<Self, StoreError> {
        let id = record.consent_id;
        let (kept, total) = (reader.history(id, site)?, reader.kept_of(id, Some(site))?);
        let (mut removed, mut before) = (Vec::new(), BTreeMap::new());
        for event in &kept {
            if let Some(allowed) = reader.allowed_before(&event.event)? {
                before.insert(event.index, allowed);
            }
            if let Some(named) = event.event.ends
                && kept.iter().all(|other| other.index != named)
                && let Some((_, _, on)) = reader.removal(named)?
            {
                removed.push((named, on));
            }
        }
        removed.sort_unstable();
        removed.dedup();
        let mut current = kept.iter().rfind(|kept| is_of(record, kept)).cloned();
        if current.is_none() && total > kept.len() {
            // Frames that were opened since can be more than are read.
            current = reader.history_of_second(id, site, record.time)?.into_iter().rfind(|kept| is_of(record, kept));
        }
        Ok(Self { kept, total, removed, before, current, waits })
    }

    /// The event of the record that the browser holds.
    pub(super) const fn current(&self) -> Option<&KeptEvent> {
        self.current.as_ref()
    }

    /// Where the event of the record is; `None` where the record named a leaf that was erased a moment ago, and so proves nothing more.
    pub(super) fn whereabouts(&self, record: &Record) -> Option<Whereabouts<'_>> {
        match (&self.current, record.leaf) {
            (Some(kept), _) => Some(Whereabouts::InLog(kept.index, &kept.event)),
            (None, Some(_)) => None,
            (None, None) if self.waits => Some(Whereabouts::Waiting),
            (None, None) => Some(Whereabouts::Gone),
        }
    }

    /// What the page says of it.
    pub(super) fn recorded<'a>(&'a self, site: &Site, record: &'a Record, now: Timestamp) -> Option<Recorded<'a>> {
        let whereabouts = self.whereabouts(record)?;
        let removed = self.removed.iter().map(|(index, on)| HistoryLine::Removed { index: *index, on: *on });
        let kept = self.kept.iter().map(|kept| HistoryLine::Kept {
            index: kept.index,
            event: &kept.event,
            before: self.before.get(&kept.index).copied(),
            standing: self.standing(site, kept, now),
        });
        let mut history: Vec<_> = removed.chain(kept).collect();
        history.sort_unstable_by_key(HistoryLine::index);
        Some(Recorded {
            consent_id: record.consent_id,
            choice: choice_view(site, record),
            in_force: choice_in_force(site, record, now),
            whereabouts,
            history,
            kept: self.total,
        })
    }

    /// Whether an event counts, and if not, what came first: another event, or the end of its term.
    fn standing(&self, site: &Site, kept: &KeptEvent, now: Timestamp) -> Standing {
        let event = &kept.event;
        let ending = kept.ended_by.map(|by| self.kept.iter().find(|other| other.index == by));
        // A shorter term that was configured since holds for what was answered before, too.
        let end = event.valid_until.min(site.consent.valid_for.after(event.time));
        let counted_until = ending.map_or(now, |ending| ending.map_or(event.time, |ending| ending.event.time));
        let editions = &site.consent.editions;
        match ending {
            _ if end <= counted_until => Standing::Expired(end),
            Some(_) => Standing::Ended,
            None if editions.still_answered(&event.edition, event.offered, site.consent.offer, now) => {
                Standing::InForce
            }
            None => Standing::AskedAgain,
        }
    }
}

/// Whether this is the event of a record. The record of a refusal names no leaf: it never waited for one.
fn is_of(record: &Record, kept: &KeptEvent) -> bool {
    match record.leaf {
        Some(leaf) => kept.index == leaf,
        None => {
            kept.event.kind != EventKind::Frame
                && kept.event.time.seconds() == record.time.seconds()
                && kept.event.allowed == record.allowed
        }
    }
}
