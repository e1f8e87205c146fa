//! The log's key and its checkpoints: what was signed, never anything that contradicts it.

use std::{path::Path, sync::Arc};

use rusqlite::Connection;
use tokio::sync::watch;

use super::{StoreError, checkpoints, keys};
use crate::{
    ledger::{Checkpoint, Frontier, KeyKind, LogId, SignedCheckpoint, SigningKey, VerifierKey},
    timestamp::Timestamp,
};

/// How long new leaves wait for their checkpoint at most, in milliseconds.
pub(super) const CHECKPOINT_EVERY: i64 = 1000;

/// Signs the states of one log.
pub(super) struct Signer {
    key: Arc<SigningKey>,
    latest: watch::Sender<Option<Arc<SignedCheckpoint>>>,
    signed: Option<Timestamp>,
}

impl Signer {
    /// The signer of a log, with the newest checkpoint that it signed before.
    pub(super) fn open(connection: &Connection, state_dir: &Path, host: &str, log: LogId) -> Result<Self, StoreError> {
        let path = super::directory::database(state_dir);
        let failed = || StoreError::database(&path, "read the checkpoints");
        let known = checkpoints::origin(connection, log).map_err(failed())?;
        let origin = known.unwrap_or_else(|| format!("{host}/_kelisim/log/{log}"));
        let seed = keys::log_seed(state_dir)?;
        let key = SigningKey::from_seed(&origin, KeyKind::Log, &seed);
        let key = Arc::new(key.ok_or_else(|| StoreError::Damaged {
            path: path.clone(),
            what: format!("{origin} can't be the name of a log"),
        })?);
        keys::write_public(state_dir, key.verifier())?;
        let latest = checkpoints::newest(connection, key.verifier()).map_err(failed())?.map(Arc::new);
        Ok(Self { key, latest: watch::channel(latest).0, signed: None })
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

    /// Signs the present state if anything is new and the last signature is long enough ago; keeps it before anybody sees it.
    pub(super) fn sign(
        &mut self,
        connection: &Connection,
        frontier: &Frontier,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let elapsed = self.signed.map(|last| now.milliseconds().saturating_sub(last.milliseconds()));
        // A clock that went back must not stop the log from signing.
        if !self.owes(frontier) || elapsed.is_some_and(|elapsed| (0..CHECKPOINT_EVERY).contains(&elapsed)) {
            return Ok(());
        }
        let origin = self.key.verifier().name().into();
        let checkpoint = Checkpoint { origin, size: frontier.size(), root: frontier.root() };
        let signed = checkpoint.sign(&self.key, now);
        checkpoints::keep(connection, &signed, now)?;
        self.signed = Some(now);
        self.latest.send_replace(Some(Arc::new(signed)));
        Ok(())
    }

    /// Keeps signatures of witnesses for a checkpoint; readers see them from then on.
    pub(super) fn keep_cosigned(&self, connection: &Connection, cosigned: SignedCheckpoint) -> rusqlite::Result<()> {
        checkpoints::keep_cosigned(connection, &cosigned)?;
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
