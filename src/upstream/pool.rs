//! Unused connections of one upstream on one core.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hyper::client::conn::http1::SendRequest;
use tokio::time::Instant;

use super::body::RequestBody;

/// Connections that wait for their next request. The one used last is used first, so that the others can grow old and be closed.
#[derive(Debug)]
pub(super) struct Pool {
    idle: Mutex<VecDeque<Idle>>,
    most: usize,
    longest: Duration,
}

#[derive(Debug)]
struct Idle {
    sender: SendRequest<RequestBody>,
    since: Instant,
}

impl Pool {
    pub(super) fn new(most: usize, longest: Duration) -> Self {
        Self { idle: Mutex::default(), most, longest }
    }

    /// A connection that is open as far as we know.
    pub(super) fn take(&self) -> Option<SendRequest<RequestBody>> {
        // The lock belongs to one core and is held for a few instructions: nobody waits for it.
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(Idle { sender, since }) = idle.pop_back() {
            if since.elapsed() < self.longest && sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    fn put(&self, sender: SendRequest<RequestBody>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while idle.front().is_some_and(|oldest| oldest.since.elapsed() >= self.longest || oldest.sender.is_closed()) {
            idle.pop_front();
        }
        if idle.len() < self.most {
            idle.push_back(Idle { sender, since: Instant::now() });
        }
    }
}

/// A connection in use.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) pool: Arc<Pool>,
    pub(super) sender: SendRequest<RequestBody>,
}

impl Lease {
    /// Gives the connection back once it is ready for another request: when its task has seen the end of this answer.
    pub(super) fn give_back(mut self) {
        if self.sender.is_ready() {
            self.pool.put(self.sender);
            return;
        }
        tokio::spawn(async move {
            if self.sender.ready().await.is_ok() {
                self.pool.put(self.sender);
            }
        });
    }
}
