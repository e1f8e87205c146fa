//! What the operator's side asks of the log: documents to keep, leaves to write, persons to forget.

use std::sync::mpsc;

use tokio::sync::oneshot;

use super::{
    AppendError, Erased, Store, inbox,
    leaves::{Doomed, Records},
    writer::Writer,
};
use crate::{
    consent::{ConsentId, EditionId},
    ledger::{Entry, ErasureReason, LeafIndex, NoticeId, SignedCheckpoint},
    timestamp::Timestamp,
    visitor::Language,
};

impl Store {
    /// Keeps signatures of witnesses on a checkpoint of this log.
    ///
    /// # Errors
    ///
    /// When the writer takes no more work.
    pub fn keep_cosigned(&self, checkpoint: SignedCheckpoint) -> Result<(), AppendError> {
        self.0.inbox.push_task(Box::new(move |writer| writer.keep_cosigned(checkpoint)))
    }

    /// Writes what the log says of the operator's side, and returns after its commit. Events, notices and deletions have ways of their own.
    ///
    /// # Errors
    ///
    /// When the disk refuses or the writer is gone.
    pub async fn note(&self, entry: Entry) -> Result<LeafIndex, AppendError> {
        let (answer, noted) = oneshot::channel();
        self.0.inbox.push_task(Box::new(move |writer| {
            let _ = answer.send(writer.note(&entry));
        }))?;
        noted.await.unwrap_or_else(|_| Err(AppendError::stopped()))
    }

    /// The same as [`Store::note`] for callers outside of a runtime. Blocks for ten seconds at most.
    ///
    /// # Errors
    ///
    /// As for [`Store::note`]. After a time-out the leaf may still be written.
    pub fn note_waiting(&self, entry: Entry) -> Result<LeafIndex, AppendError> {
        self.wait_for(move |writer| writer.note(&entry))
    }

    /// Keeps the document of a notice, once for each id, and returns its leaf. Blocks for ten seconds at most.
    ///
    /// # Errors
    ///
    /// When it could not be written: then no choice may name it.
    pub fn keep_notice(
        &self,
        id: NoticeId,
        language: Language,
        edition: &EditionId,
        json: &str,
    ) -> Result<LeafIndex, AppendError> {
        let (edition, json) = (edition.clone(), json.to_owned());
        self.keep(move |writer| writer.keep_notice(id, language, edition, &json))
    }

    /// Keeps a text of the policy, once for each edition, language, text and day from which it holds, and returns its leaf. Blocks for
    /// ten seconds at most.
    ///
    /// # Errors
    ///
    /// When it could not be written.
    pub fn keep_policy(
        &self,
        edition: &EditionId,
        language: Language,
        effective: Timestamp,
        text: &str,
    ) -> Result<LeafIndex, AppendError> {
        let (edition, text) = (edition.clone(), text.to_owned());
        self.keep(move |writer| writer.keep_policy(edition, language, effective, &text))
    }

    /// Has the writer keep a document and waits for it.
    fn keep(
        &self,
        work: impl FnOnce(&mut Writer) -> rusqlite::Result<LeafIndex> + Send + 'static,
    ) -> Result<LeafIndex, AppendError> {
        self.wait_for(move |writer| work(writer).map_err(|error| AppendError::from(&error)))
    }

    /// Has the writer do something and waits for it.
    fn wait_for(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<LeafIndex, AppendError> + Send + 'static,
    ) -> Result<LeafIndex, AppendError> {
        let (answer, kept) = mpsc::sync_channel(1);
        self.0.inbox.push_task(Box::new(move |writer| {
            let _ = answer.send(work(writer));
        }))?;
        kept.recv_timeout(inbox::LONGEST_WAIT).unwrap_or_else(|error| match error {
            mpsc::RecvTimeoutError::Timeout => Err(AppendError::Unwritable("the disk does not answer".into())),
            mpsc::RecvTimeoutError::Disconnected => Err(AppendError::stopped()),
        })
    }

    /// Deletes everything of a person. Each record leaves a hole in the log and a leaf that explains it. The file is written anew,
    /// so that no copy of a row stays in it: that takes as much free space as the log, and choices wait meanwhile.
    ///
    /// # Errors
    ///
    /// When the disk refuses; what was deleted until then stays deleted, so try again.
    pub async fn erase(&self, id: ConsentId, reason: ErasureReason) -> Result<Erased, AppendError> {
        self.delete(Doomed::Person(id, reason)).await
    }

    /// Deletes the records that ceased to be valid before this moment: the present less the term for keeping records. Rows are
    /// overwritten in place. Single copies may stay in the slack of pages until the file is written anew, which is done after the last
    /// step, but not twice a day.
    ///
    /// # Errors
    ///
    /// As for [`Store::erase`].
    pub async fn retire(&self, before: Timestamp) -> Result<Erased, AppendError> {
        self.delete(Doomed::Expired(before, Records::All)).await
    }

    /// The same for records of some kinds, whose term is another one.
    ///
    /// # Errors
    ///
    /// As for [`Store::erase`].
    pub async fn retire_some(&self, before: Timestamp, records: Records) -> Result<Erased, AppendError> {
        self.delete(Doomed::Expired(before, records)).await
    }

    /// Deletes in steps, so that visitors' choices are written in between.
    async fn delete(&self, doomed: Doomed) -> Result<Erased, AppendError> {
        let mut records = 0;
        loop {
            let (answer, deleted) = oneshot::channel();
            self.0.inbox.push_task(Box::new(move |writer| {
                let _ = answer.send(writer.delete_some(doomed));
            }))?;
            let step = deleted.await.unwrap_or_else(|_| Err(AppendError::stopped()))?;
            records += step.records;
            if !step.more {
                return Ok(Erased { records, overwritten: step.overwritten });
            }
        }
    }
}
