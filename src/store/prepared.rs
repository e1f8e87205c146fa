//! An event, ready to be written. What can be computed is computed where the event comes from, so that the one thread that writes only writes.

use super::tree::Leaf;
use crate::{
    clock,
    consent::ConsentId,
    ledger::{Entry, Event, EventKind, LeafIndex, Salt, canonical},
    timestamp::Timestamp,
};

/// An event as its rows will be, but for its index.
pub(super) struct Prepared {
    pub(super) consent_id: ConsentId,
    pub(super) site: Box<str>,
    pub(super) kind: EventKind,
    pub(super) time: Timestamp,
    pub(super) valid_until: Timestamp,
    /// The leaf that it names as ended.
    pub(super) ends: Option<LeafIndex>,
    pub(super) salt: Salt,
    /// The canonical bytes.
    pub(super) body: Vec<u8>,
    pub(super) leaf: Leaf,
}

impl Prepared {
    /// Takes a fresh salt.
    pub(super) fn new(event: &Event) -> Self {
        let (body, salt) = (canonical(event), Salt(clock::random()));
        Self {
            consent_id: event.consent_id,
            site: event.site.clone(),
            kind: event.kind,
            time: event.time,
            valid_until: event.valid_until,
            ends: event.ends,
            salt,
            leaf: Leaf::from(&Entry::consent(&salt, &body)),
            body,
        }
    }
}
