//! The consent log on disk: SQLite, one file, one writer.
//!
//! A choice is acknowledged after its commit with full synchronisation, never before. What stands for a choice is also held in
//! memory ([`Store::is_live`]), rebuilt at start from the same file. This module decides nothing about consent: it keeps what it is
//! given, in order, and forgets what it is told to forget.

mod backup;
mod checkpoints;
mod database;
mod directory;
mod documents;
mod duties;
mod earlier;
mod endings;
mod error;
mod events;
mod extent;
mod history;
mod identity;
mod inbox;
mod integrity;
mod inventory;
mod kept;
mod keys;
mod leaves;
mod live;
mod logs;
mod newest_leaves;
mod opening;
mod outside_backup;
mod person;
mod prepared;
mod reader;
mod rebuild;
mod restore;
mod retired;
mod signing;
pub mod statistics;
mod steady;
#[cfg(test)]
mod tests;
mod tree;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::{oneshot, watch};

pub use backup::{BackupError, Losing, Manifest, Place, PutBack, put_back, refuse_within, write_backup};
pub use error::{AppendError, StoreError};
pub use events::Events;
pub use extent::{Era, KeptRecord};
pub use history::{KeptEvent, LONGEST_HISTORY};
pub use inventory::{inventory_path, read_inventory, set_inventory_aside, write_inventory};
pub use kept::{change_kept, change_kept_text, read_kept, read_kept_text};
pub use keys::{KeyRotation, OldKeys, public_key_path, record_keys, retire_log_key, rotate_record_keys};
pub use leaves::Records;
pub use reader::{Reader, Snapshot};

use self::{directory::Lock, inbox::Inbox, live::Live, opening::Opener, prepared::Prepared, writer::Writer};
use crate::{
    clock::Clock,
    consent::ConsentId,
    ledger::{Event, LeafIndex, LogId, SignedCheckpoint, VerifierKey},
};

/// Where the log is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The directory; made with mode 0700 where it is missing.
    pub state_dir: PathBuf,
    /// The host under which the log is published; part of a new log's name, and never changed after.
    pub host: Box<str>,
}

/// What was written for a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its leaf.
    pub index: LeafIndex,
}

/// What an erasure or retention did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// How many records were deleted.
    pub records: usize,
    /// Whether their bytes are out of the files already. If not, somebody was reading the log just then: the writer tries again every
    /// second until it succeeds. After retention it may also be that the file was written anew on the same day before.
    pub overwritten: bool,
}

/// The log, open for writing. Clones share it. Dropping the last one writes what waits, closes the file and frees the lock.
#[derive(Clone)]
pub struct Store(Arc<Shared>);

struct Shared {
    inbox: Arc<Inbox>,
    live: Arc<Live>,
    clock: Clock,
    log: LogId,
    earlier_logs: Vec<(LogId, u64)>,
    key: VerifierKey,
    checkpoints: watch::Receiver<Option<Arc<SignedCheckpoint>>>,
    state_dir: PathBuf,
    threads: Vec<JoinHandle<()>>,
    /// Freed last, after the writer has closed the file.
    _lock: Lock,
}

impl Store {
    /// Opens the log, or makes it.
    ///
    /// # Errors
    ///
    /// When another process holds the directory, or the file is damaged, newer than this program, or refuses.
    pub fn open(settings: &Settings, clock: Clock) -> Result<Self, StoreError> {
        Self::open_waiting(settings, Opener::Gateway, clock, inbox::LONGEST_WAIT)
    }

    /// Opens the log for a command while no gateway runs. A directory that was copied, moved or restored is refused
    /// ([`StoreError::Copy`]) and stays as it is: only a gateway begins a new log there, since the old one may go on elsewhere.
    ///
    /// # Errors
    ///
    /// As for [`Store::open`].
    pub fn open_for_command(settings: &Settings, clock: Clock) -> Result<Self, StoreError> {
        Self::open_waiting(settings, Opener::Command, clock, inbox::LONGEST_WAIT)
    }

    fn open_waiting(
        settings: &Settings,
        opener: Opener,
        clock: Clock,
        longest_wait: Duration,
    ) -> Result<Self, StoreError> {
        let state_dir = &settings.state_dir;
        if opener == Opener::Command {
            opening::refuse_another_log(state_dir)?;
        }
        directory::prepare_directory(state_dir)?;
        let lock = Lock::take(state_dir)?;
        backup::remove_unpacked(state_dir);
        let path = directory::prepare_database(state_dir)?;
        let opened = opening::open(settings, opener, clock.now())?;
        let live =
            Arc::new(Live::load(&opened.connection).map_err(StoreError::database(&path, "read the consent log"))?);
        let inbox = Arc::new(Inbox::new(longest_wait));
        let (key, checkpoints) = (opened.signer.verifier(), opened.signer.subscribe());
        let logs = opened.logs.clone();
        let (for_writer, watched) = (Arc::clone(&inbox), Arc::clone(&inbox));
        let writer = Writer::new(opened, path.clone(), clock.clone(), for_writer, Arc::clone(&live));
        let state_dir = state_dir.clone();
        let mut shared = Shared {
            inbox,
            live,
            clock,
            log: logs.newest,
            earlier_logs: logs.earlier,
            key,
            checkpoints,
            state_dir,
            threads: Vec::new(),
            _lock: lock,
        };
        let thread = |name: &str| thread::Builder::new().name(name.to_owned());
        let failed = || StoreError::file(&path, "start the writer");
        shared.threads.push(thread("log-writer").spawn(move || writer.run()).map_err(failed())?);
        shared.threads.push(thread("log-watch").spawn(move || watched.watch()).map_err(failed())?);
        Ok(Self(Arc::new(shared)))
    }

    /// The name of this log. Signed records name it, so that an index is never looked up in another log.
    pub fn log(&self) -> LogId {
        self.0.log
    }

    /// The logs that this one goes on from after restores, the newest first: the name of each, and how many leaves of it are known. A
    /// record of one of them counts while its index is below that number.
    pub fn earlier_logs(&self) -> &[(LogId, u64)] {
        &self.0.earlier_logs
    }

    /// The public key with which the log signs; its name is the log's origin.
    pub fn key(&self) -> &VerifierKey {
        &self.0.key
    }

    /// The newest checkpoint, and those that follow; `None` until the first one is signed.
    pub fn checkpoints(&self) -> watch::Receiver<Option<Arc<SignedCheckpoint>>> {
        self.0.checkpoints.clone()
    }

    /// Where the log lies.
    pub fn state_dir(&self) -> &Path {
        &self.0.state_dir
    }

    /// The log, for reading beside the writer.
    ///
    /// # Errors
    ///
    /// As for [`Reader::open`].
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.0.state_dir)
    }

    /// Writes a choice and returns after its commit, within ten seconds in any case. What it ends is ended from then on: the leaf
    /// that it names, and the newest earlier one of the same consent id on the same site.
    ///
    /// # Errors
    ///
    /// When nothing was acknowledged: then no cookie may be set. After a time-out the event may still be written; its index was
    /// given to nobody.
    pub async fn append(&self, event: Event) -> Result<Appended, AppendError> {
        let (answer, written) = oneshot::channel();
        self.0.inbox.push_grant(Prepared::new(&event), answer)?;
        written.await.unwrap_or_else(|_| Err(AppendError::stopped()))
    }

    /// Ends a leaf in memory at once, before the event that ends it is written. That event must follow, or the leaf lives again after a
    /// restart.
    pub fn end(&self, index: LeafIndex) {
        self.0.live.end(index);
    }

    /// Takes a refusal or withdrawal. What it ends is ended before this returns, whatever the disk says; the event is written as
    /// soon as it can be. Beyond the bound of the queue its proof is lost and counted ([`Store::lost`]).
    pub fn append_later(&self, event: Event) {
        if let Some(index) = event.ends {
            self.0.live.end(index);
        }
        self.0.inbox.push_later(Prepared::new(&event), self.0.clock.now());
    }

    /// How many refusals and withdrawals wait for the disk.
    pub fn waiting(&self) -> usize {
        self.0.inbox.waiting()
    }

    /// Whether a refusal or withdrawal of this person on this site waits for the disk. It waits until it is committed, so who asks first
    /// and reads the log then does not miss it.
    pub fn waits_for(&self, id: ConsentId, site: &str) -> bool {
        self.0.inbox.holds_of(id, site)
    }

    /// Whether the disk refused what was tried last: grants fail now, and the proof of refusals follows later.
    pub fn is_failing(&self) -> bool {
        self.0.inbox.is_failing()
    }

    /// How many refusals and withdrawals, since the start, are in force without a proof.
    pub fn lost(&self) -> u64 {
        self.0.inbox.lost()
    }

    /// Whether this leaf is an event in the log that nothing has ended since.
    pub fn is_live(&self, index: LeafIndex) -> bool {
        self.0.live.contains(index)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.inbox.close();
        for thread in self.threads.drain(..) {
            // A writer that panicked has said so already.
            let _ = thread.join();
        }
    }
}
