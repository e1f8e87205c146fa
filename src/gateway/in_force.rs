//! How a choice becomes valid: a grant once the log has it, a refusal at once. Less than before is never lost to a log that refuses.

use super::{
    Shared,
    own_pages::{append, random_uuid, record_of},
    site::Site,
    visit::Visit,
};
use crate::{
    consent::{CategorySet, Record},
    ledger::{Event, EventKind, RecordId},
};

/// What became of a choice.
pub(super) enum Outcome {
    /// In force, with the record to set.
    InForce(Record),
    /// A refusal in force whose event waits for the disk.
    ProofFollows(Record),
    /// A grant that could not be recorded. What was in force before still is.
    NothingGranted,
    /// A choice of less than before that could not be recorded. Nothing at all is allowed now, and this record says so.
    TakenBack(Record),
}

impl Outcome {
    /// The choice that is in force from now on.
    pub(super) fn record(&self) -> Option<&Record> {
        match self {
            Self::InForce(record) | Self::ProofFollows(record) | Self::TakenBack(record) => Some(record),
            Self::NothingGranted => None,
        }
    }
}

/// Puts a choice in force: one that grants something once it is durable, a refusal at once.
pub(super) async fn put_in_force(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    event: Event,
    previous: Option<&Record>,
) -> Outcome {
    if event.allowed.is_empty() {
        return refuse(shared, site, event);
    }
    let had = previous.map_or(CategorySet::EMPTY, |record| record.allowed);
    let mut narrowing = Narrowing::begin(shared, site, &event, had);
    match append(shared, site, visit, event).await {
        Ok(record) => {
            narrowing.recorded();
            Outcome::InForce(record)
        }
        Err(_) => narrowing.take_back().map_or(Outcome::NothingGranted, Outcome::TakenBack),
    }
}

/// Who wanted less than before gets less in any case, even if not what was wanted: when the log refuses, and also when the browser
/// goes away before the log has answered.
struct Narrowing<'a> {
    shared: &'a Shared,
    site: &'a Site,
    /// The withdrawal of everything, while it may be needed.
    withdrawal: Option<Event>,
}

impl<'a> Narrowing<'a> {
    fn begin(shared: &'a Shared, site: &'a Site, event: &Event, had: CategorySet) -> Self {
        let withdrawal = || Event {
            // The event that fails may still be written, and no two have one id.
            id: RecordId(random_uuid()),
            allowed: CategorySet::EMPTY,
            kind: EventKind::Withdrawn,
            ..event.clone()
        };
        let withdrawal = (!event.allowed.includes(had)).then(withdrawal);
        // What is taken back does not wait for the log either: until it has answered, nothing is allowed.
        if let Some(Event { ends: Some(leaf), .. }) = &withdrawal {
            shared.store.end(*leaf);
        }
        Self { shared, site, withdrawal }
    }

    fn recorded(&mut self) {
        self.withdrawal = None;
    }

    fn take_back(&mut self) -> Option<Record> {
        let withdrawal = self.withdrawal.take()?;
        let record = record_of(&withdrawal, None);
        refuse(self.shared, self.site, withdrawal);
        Some(record)
    }
}

impl Drop for Narrowing<'_> {
    fn drop(&mut self) {
        self.take_back();
    }
}

fn refuse(shared: &Shared, site: &Site, event: Event) -> Outcome {
    let record = record_of(&event, None);
    shared.metrics.chosen(&site.name, event.kind);
    let stuck = shared.store.is_failing();
    shared.store.append_later(event);
    if stuck { Outcome::ProofFollows(record) } else { Outcome::InForce(record) }
}
