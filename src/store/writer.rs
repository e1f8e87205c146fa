//! The one thread that writes: takes what waits, commits it together, then answers.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{
    AppendError, Appended, database,
    inbox::{Inbox, RETRY_AFTER, Work},
    leaves::{self, DELETED_AT_ONCE, Doomed, Written, day_number},
    live::Live,
    opening::Opened,
    outside_backup::Forgotten,
    prepared::Prepared,
    rebuild::{Cause, Rebuild},
    signing::{Haste, Signer},
    tree,
};
use crate::{
    clock::Clock,
    ledger::{Entry, Frontier, LeafIndex, SignedCheckpoint},
    timestamp::Timestamp,
};

/// What a refused commit of events means.
const NO_CONSENT: &str = "the consent log can't be written: no consent is granted";

/// How often a refusing disk is reported, in milliseconds.
const REPORT_EVERY: i64 = 60_000;

/// How long an erasure waits for readers to let go of the write-ahead log, before it is left to a later round, which does not wait.
const CHECKPOINT_PATIENCE: Duration = Duration::from_millis(250);

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) frontier: Frontier,
    pub(super) signer: Signer,
    pub(super) forgotten: Forgotten,
    pub(super) path: PathBuf,
    pub(super) clock: Clock,
    pub(super) inbox: Arc<Inbox>,
    pub(super) live: Arc<Live>,
    /// Deleted bytes may still be in the write-ahead log.
    checkpoint_owed: bool,
    /// Copies of deleted rows may still be in the slack of pages.
    pub(super) rebuild: Rebuild,
    checkpoint_tried: Option<Instant>,
    reported: BTreeMap<&'static str, Timestamp>,
}

/// What one step of a deletion did.
pub(super) struct Deleted {
    pub(super) records: usize,
    pub(super) more: bool,
    pub(super) overwritten: bool,
}

impl Writer {
    pub(super) fn new(opened: Opened, path: PathBuf, clock: Clock, inbox: Arc<Inbox>, live: Arc<Live>) -> Self {
        let Opened { connection, frontier, signer, forgotten, rebuild, .. } = opened;
        // A process that was killed between an erasure and its checkpoint left the deleted bytes behind.
        Self {
            connection,
            frontier,
            signer,
            forgotten,
            path,
            clock,
            inbox,
            live,
            checkpoint_owed: true,
            rebuild,
            checkpoint_tried: None,
            reported: BTreeMap::new(),
        }
    }

    /// Works until the inbox is closed and empty, or until the disk refuses what is left after that.
    pub(super) fn run(mut self) {
        // Also on a panic: nobody may wait for a writer that is gone.
        let _last_word = LastWord(Arc::clone(&self.inbox));
        loop {
            // Somebody who reads for hours must not slow every choice down meanwhile.
            let rested = self.checkpoint_tried.is_none_or(|tried| tried.elapsed() >= RETRY_AFTER);
            if self.checkpoint_owed && rested || self.rebuild.is_due(self.clock.now()) {
                self.checkpoint(Duration::ZERO);
            }
            self.sign(Haste::InTurn);
            let owed = self.checkpoint_owed || self.signer.owes(&self.frontier) || self.inbox.is_failing();
            let Work { later, grants, tasks, closing } = self.inbox.take(owed);
            let idle = later.is_empty() && grants.is_empty() && tasks.is_empty();
            let written = self.write(&later, &grants);
            if idle && self.inbox.is_failing() {
                self.probe();
            }
            for task in tasks {
                task(&mut self);
            }
            if closing && (idle || !written) {
                self.sign(Haste::Last);
                break;
            }
        }
        let unwritten = self.inbox.waiting();
        if unwritten > 0 {
            tracing::error!(unwritten, path = %self.path.display(), "stopping with refusals that could not be written");
        }
    }

    /// Writes one group and answers it. Refusals stay queued when the disk refuses.
    fn write(&mut self, later: &[Arc<Prepared>], grants: &[Prepared]) -> bool {
        if later.is_empty() && grants.is_empty() {
            return true;
        }
        let (waited, granted) = (later.len(), grants.len());
        let events = later.iter().map(|event| &**event).chain(grants);
        match leaves::append(&mut self.connection, &mut self.frontier, events) {
            Ok(written) => {
                self.inbox.set_failing(false);
                self.live.committed(&written);
                self.inbox.written(waited);
                self.inbox.answer(written.indices[waited..].iter().map(|index| Ok(Appended { index: *index })));
                true
            }
            Err(error) => {
                self.report(NO_CONSENT, &error);
                self.inbox.set_failing(true);
                self.inbox.answer((0..granted).map(|_| Err(AppendError::from(&error))));
                false
            }
        }
    }

    /// Signs what is new.
    fn sign(&mut self, haste: Haste) {
        if let Err(error) = self.signer.sign(&self.connection, &self.frontier, self.clock.now(), haste) {
            self.report("the state of the log can't be signed; it is tried again", &error);
        }
    }

    /// Tries whether the disk takes a commit again. Without it a gateway that is not ready, and so is asked for nothing, would never
    /// learn that it could be.
    fn probe(&mut self) {
        match self.connection.pragma_update(None, "user_version", database::FORMAT) {
            Ok(()) => self.inbox.set_failing(false),
            Err(error) => self.report(NO_CONSENT, &error),
        }
    }

    /// Writes a leaf that hides nothing.
    pub(super) fn note(&mut self, entry: &Entry) -> Result<LeafIndex, AppendError> {
        let index = self.note_with(entry, |_, _| Ok(())).map_err(|error| {
            self.report("a leaf of the operator's side can't be written", &error);
            AppendError::from(&error)
        })?;
        Ok(LeafIndex(index))
    }

    /// Writes a leaf, and beside it what belongs to it.
    pub(super) fn note_with(
        &mut self,
        entry: &Entry,
        beside: impl FnOnce(&Connection, u64) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<u64> {
        let transaction = self.connection.transaction()?;
        let mut frontier = self.frontier.clone();
        let index = tree::append(&transaction, &mut frontier, entry, day_number(self.clock.now()))?;
        beside(&transaction, index)?;
        transaction.commit()?;
        self.frontier = frontier;
        self.live.committed(&Written { indices: Vec::new(), ended: vec![index], size: index + 1 });
        Ok(index)
    }

    /// Keeps what witnesses signed.
    pub(super) fn keep_cosigned(&mut self, checkpoint: SignedCheckpoint) {
        if let Err(error) = self.signer.keep_cosigned(&self.connection, checkpoint) {
            self.report("signatures of a witness can't be kept", &error);
        }
    }

    /// One step of an erasure or of retention; the last one ends with a truncating checkpoint.
    pub(super) fn delete_some(&mut self, doomed: Doomed) -> Result<Deleted, AppendError> {
        if let Doomed::Person(id, _) = doomed {
            self.inbox.forget(id);
        }
        let deleted = leaves::delete_some(&mut self.connection, &mut self.frontier, doomed, self.clock.now());
        let written = deleted.map_err(|error| {
            self.report("records can't be deleted", &error);
            AppendError::from(&error)
        })?;
        self.live.committed(&written);
        let records = written.indices.len();
        let more = records == DELETED_AT_ONCE;
        self.checkpoint_owed |= records > 0;
        self.rebuild.deleted(doomed.cause(), records, more);
        if let Doomed::Person(_, reason) = doomed {
            written.indices.iter().for_each(|index| self.forgotten.take_in(index.0, reason));
        }
        // Before anybody is told, or a backup could bring them back unseen.
        self.forgotten.write().map_err(|error| {
            self.report("who was erased can't be kept outside of the backup", &error);
            AppendError::Unwritable(error.to_string().into())
        })?;
        // A round of the writer between two steps may have emptied the write-ahead log already.
        if !more && (self.checkpoint_owed || self.rebuild.is_due(self.clock.now())) {
            self.checkpoint(CHECKPOINT_PATIENCE);
        }
        let overwritten = !self.checkpoint_owed && !self.rebuild.is_owed(doomed.cause());
        Ok(Deleted { records, more, overwritten })
    }

    /// Copies everything into the database file and empties the write-ahead log, so that deleted bytes are in neither.
    fn checkpoint(&mut self, patience: Duration) {
        // `secure_delete` overwrites a deleted row, but when pages are split or joined a copy of a row can stay behind in the slack
        // of the page it was moved from. Only a file written anew is certain to be without it.
        let now = self.clock.now();
        if self.rebuild.is_due(now)
            && let Err(error) = self.rebuild.run(&self.connection, now)
        {
            self.report("the file can't be written anew after a deletion, which takes as much free space again; it is tried again", &error);
        }
        self.checkpoint_tried = Some(Instant::now());
        let emptied = self.connection.busy_timeout(patience).and_then(|()| {
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            self.connection.query_row(sql, [], |row| row.get::<_, i64>(0).map(|busy| busy == 0))
        });
        let restored = self.connection.busy_timeout(database::LOCK_PATIENCE);
        match emptied.and_then(|emptied| restored.map(|()| emptied)) {
            Ok(emptied) => self.checkpoint_owed = !emptied || self.rebuild.is_owed(Cause::Erasure),
            Err(error) => {
                self.report("deleted bytes can't be taken out of the write-ahead log; it is tried again", &error)
            }
        }
    }

    /// Says what failed, once a minute for each thing.
    fn report(&mut self, what: &'static str, error: &dyn std::fmt::Display) {
        let now = self.clock.now();
        // A clock that went back must not make it silent.
        let elapsed = |last: &Timestamp| now.milliseconds().saturating_sub(last.milliseconds());
        let due = |last: &Timestamp| !(0..REPORT_EVERY).contains(&elapsed(last));
        if self.reported.get(what).is_none_or(due) {
            self.reported.insert(what, now);
            let waiting = self.inbox.waiting();
            tracing::error!(path = %self.path.display(), error = %error, waiting, "{what}");
        }
    }
}

struct LastWord(Arc<Inbox>);

impl Drop for LastWord {
    fn drop(&mut self) {
        self.0.writer_is_gone();
    }
}
