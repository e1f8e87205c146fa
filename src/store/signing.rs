//! The log's key and its checkpoints: what was signed, never anything that contradicts it.

use std::{io, sync::Arc};

use rusqlite::Connection;
use tokio::sync::watch;

use super::{
    checkpoints,
    outside_backup::{HighWater, Mark},
    tree,
};
use crate::{
    ledger::{Checkpoint, Frontier, LogId, SignedCheckpoint, SigningKey, VerifierKey},
    timestamp::Timestamp,
};

/// How long new leaves wait for their checkpoint at most, in milliseconds.
pub(super) const CHECKPOINT_EVERY: i64 = 1000;

/// How often old checkpoints are thinned, in milliseconds: an hour, since one is kept for each.
const THINNED_EVERY: i64 = 3_600_000;

/// Signs the states of one log.
pub(super) struct Signer {
    key: SigningKey,
    log: LogId,
    high_water: HighWater,
    latest: watch::Sender<Option<Arc<SignedCheckpoint>>>,
    tried: Option<Timestamp>,
    thinned: Option<Timestamp>,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SigningFault {
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    #[error("the mark of what is signed can't be written: {0}")]
    Mark(#[from] io::Error),
    #[error("the leaves are not those that were signed before, so nothing more is signed; restart the gateway")]
    Contradiction,
}

/// How soon to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Haste {
    /// At most one signature in a second.
    InTurn,
    /// Now: nothing follows.
    Last,
}

impl Signer {
    /// The signer of a log, with the newest checkpoint that it signed before.
    pub(super) fn new(
        connection: &Connection,
        key: SigningKey,
        log: LogId,
        high_water: HighWater,
    ) -> rusqlite::Result<Self> {
        let latest = checkpoints::newest(connection, key.verifier())?.map(Arc::new);
        Ok(Self { key, log, high_water, latest: watch::channel(latest).0, tried: None, thinned: None })
    }

    /// The log's public key.
    pub(super) fn verifier(&self) -> VerifierKey {
        self.key.verifier().clone()
    }

    /// The newest checkpoint, and those that follow.
    pub(super) fn subscribe(&self) -> watch::Receiver<Option<Arc<SignedCheckpoint>>> {
        self.latest.subscribe()
    }

    /// Whether there are leaves that no checkpoint covers.
    pub(super) fn owes(&self, frontier: &Frontier) -> bool {
        let covered = self.latest.borrow().as_ref().map_or(0, |latest| latest.checkpoint().size);
        frontier.size() > covered
    }

    /// Signs the present state if anything is new and the last signature is long enough ago. Nobody sees it before it is kept, and
    /// nothing is signed that contradicts what was signed before.
    pub(super) fn sign(
        &mut self,
        connection: &Connection,
        frontier: &Frontier,
        now: Timestamp,
        haste: Haste,
    ) -> Result<(), SigningFault> {
        if !self.owes(frontier) || haste == Haste::InTurn && !is_due(self.tried, CHECKPOINT_EVERY, now) {
            return Ok(());
        }
        self.tried = Some(now);
        let (size, root) = (frontier.size(), frontier.root());
        let follows = self.high_water.names(self.log)
            && size >= self.high_water.size()
            && self.high_water.has_root(tree::root_at(connection, self.high_water.size())?)
            && tree::root_at(connection, size)? == root;
        if !follows {
            return Err(SigningFault::Contradiction);
        }
        self.high_water.set(&Mark { log: self.log, size, root })?;
        let signed = Checkpoint { origin: self.key.verifier().name().into(), size, root }.sign(&self.key, now);
        checkpoints::keep(connection, &signed, now)?;
        self.latest.send_replace(Some(Arc::new(signed)));
        if is_due(self.thinned, THINNED_EVERY, now) {
            self.thinned = Some(now);
            checkpoints::thin(connection, now)?;
        }
        Ok(())
    }

    /// Adds signatures of witnesses to those that a checkpoint has; readers see them from then on.
    pub(super) fn keep_cosigned(&self, connection: &Connection, cosigned: SignedCheckpoint) -> rusqlite::Result<()> {
        let kept = checkpoints::keep_cosigned(connection, self.key.verifier(), &cosigned)?;
        let Some(cosigned) = kept else { return Ok(()) };
        self.latest.send_if_modified(|latest| {
            let newest = latest.as_ref().is_some_and(|latest| latest.checkpoint() == cosigned.checkpoint());
            if newest {
                *latest = Some(Arc::new(cosigned));
            }
            newest
        });
        Ok(())
    }
}

/// Whether the last time is long enough ago. A clock that went back must not stop what comes again and again.
fn is_due(last: Option<Timestamp>, every: i64, now: Timestamp) -> bool {
    last.is_none_or(|last| !(0..every).contains(&now.milliseconds().saturating_sub(last.milliseconds())))
}
