//! Reads of the consent log for visitors: off the threads that answer everybody else, and never more than a few at a time.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Semaphore, task, time};

use crate::store::{Reader, Store, StoreError};

/// Reads at once. Each takes a thread and a cache of pages of 2 MB, and lasts a millisecond or two.
const MOST_READERS: usize = 4;

/// How long a read waits for its turn. Who would wait longer is better told to come back.
const PATIENCE: Duration = Duration::from_secs(5);

/// Readers that are opened when they are needed first, and kept.
pub(super) struct LogReaders {
    store: Store,
    idle: Arc<Mutex<Vec<Reader>>>,
    turns: Arc<Semaphore>,
}

impl LogReaders {
    pub(super) fn new(store: Store) -> Self {
        Self { store, idle: Arc::default(), turns: Arc::new(Semaphore::new(MOST_READERS)) }
    }

    /// Reads, or `None` where the log can't be read now; why is logged here.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Option<T> {
        let turn = time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        let turn = turn.ok()?.expect("the turns are never closed");
        let (store, idle) = (self.store.clone(), self.idle.clone());
        let outcome = task::spawn_blocking(move || {
            // The turn ends with the read, also where the client has gone away meanwhile.
            let _turn = turn;
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let reader = match kept {
                Some(reader) => reader,
                None => store.reader()?,
            };
            let read = work(&reader)?;
            // A reader that failed is not kept.
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
            Ok::<_, StoreError>(read)
        });
        match outcome.await {
            Ok(Ok(read)) => Some(read),
            Ok(Err(error)) => {
                tracing::error!(%error, "the consent log can't be read for a visitor");
                None
            }
            // The thread panicked, which has said so already, or the program ends.
            Err(_) => None,
        }
    }
}
