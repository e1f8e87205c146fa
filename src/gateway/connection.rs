//! What the stages know of the connection that a request came by.

use std::{any::Any, sync::Arc};

use super::record_memory::RecordMemory;
use crate::visitor::{Peer, Scheme};

/// A client connection. It holds what must live as long as anything of the connection does: its place in the limit and in the count.
#[derive(Clone)]
pub struct Connection {
    peer: Peer,
    scheme: Scheme,
    records: Arc<RecordMemory>,
    is_beyond_share: bool,
    _held: Arc<dyn Any + Send + Sync>,
}

impl Connection {
    /// A connection from this peer. `held` is dropped with the last clone, which an upgraded stream may keep for hours.
    pub fn new(peer: Peer, scheme: Scheme, held: impl Any + Send + Sync) -> Self {
        Self { peer, scheme, records: Arc::default(), is_beyond_share: false, _held: Arc::new(held) }
    }

    /// The same connection, holding this too, for one request. `is_beyond_share` where its client has more under way than one may have.
    #[must_use]
    pub fn holding(&self, more: impl Any + Send + Sync, is_beyond_share: bool) -> Self {
        let (held, records) = (Arc::new((self._held.clone(), more)), self.records.clone());
        Self { _held: held, records, is_beyond_share, ..*self }
    }

    pub(super) fn is_beyond_share(&self) -> bool {
        self.is_beyond_share
    }

    pub(super) fn peer(&self) -> Peer {
        self.peer
    }

    /// What was verified on it.
    pub(super) fn records(&self) -> Arc<RecordMemory> {
        self.records.clone()
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.scheme
    }
}
