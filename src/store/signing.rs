//! The log's key and its checkpoints: what was signed, never anything that contradicts it.

use std::{path::Path, sync::Arc};

use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::watch;

use super::{StoreError, keys};
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
        let origin = origin(connection, host, log).map_err(failed())?;
        let seed = keys::log_seed(state_dir)?;
        let key = SigningKey::from_seed(&origin, KeyKind::Log, &seed);
        let key = Arc::new(key.ok_or_else(|| StoreError::Damaged {
            path: path.clone(),
            what: format!("{origin} can't be the name of a log"),
        })?);
        let latest = newest(connection, key.verifier()).map_err(failed())?.map(Arc::new);
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
        keep(connection, &signed, now)?;
        self.signed = Some(now);
        self.latest.send_replace(Some(Arc::new(signed)));
        Ok(())
    }

    /// Keeps signatures of witnesses for a checkpoint; readers see them from then on.
    pub(super) fn keep_cosigned(&self, connection: &Connection, cosigned: SignedCheckpoint) -> rusqlite::Result<()> {
        let size = cosigned.checkpoint().size.cast_signed();
        let note = cosigned.note().to_string();
        let sql = "UPDATE checkpoint SET note = ?3 WHERE origin = ?1 AND size = ?2";
        connection.prepare_cached(sql)?.execute(params![&*cosigned.checkpoint().origin, size, note])?;
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

/// The log's name: that of the host that it began with, and its own number, since a log that begins anew is another one.
fn origin(connection: &Connection, host: &str, log: LogId) -> rusqlite::Result<String> {
    let number = format!("/{log}");
    let sql = "SELECT origin FROM checkpoint WHERE substr(origin, -length(?1)) = ?1 LIMIT 1";
    let known: Option<String> = connection.query_row(sql, [&number], |row| row.get(0)).optional()?;
    Ok(known.unwrap_or_else(|| format!("{host}/_kelisim/log{number}")))
}

fn newest(connection: &Connection, key: &VerifierKey) -> rusqlite::Result<Option<SignedCheckpoint>> {
    let sql = "SELECT note FROM checkpoint WHERE origin = ?1 ORDER BY size DESC LIMIT 1";
    let note: Option<String> = connection.query_row(sql, [key.name()], |row| row.get(0)).optional()?;
    Ok(note.and_then(|note| SignedCheckpoint::open(&note, key).ok()))
}

fn keep(connection: &Connection, signed: &SignedCheckpoint, now: Timestamp) -> rusqlite::Result<()> {
    let checkpoint = signed.checkpoint();
    let sql = "INSERT INTO checkpoint (origin, size, time, note) VALUES (?1, ?2, ?3, ?4)";
    let values =
        params![&*checkpoint.origin, checkpoint.size.cast_signed(), now.milliseconds(), signed.note().to_string()];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}
