//! The way to the end: connections are told once, finish what they do, and are waited for.

use tokio::sync::{mpsc, watch};

/// What each connection of a core holds.
#[derive(Clone)]
pub(super) struct Drain {
    stop: watch::Receiver<bool>,
    _alive: mpsc::Sender<()>,
}

/// Waits until every [`Drain`] has been dropped.
pub(super) struct Drained(mpsc::Receiver<()>);

impl Drain {
    pub(super) fn new(stop: watch::Receiver<bool>) -> (Self, Drained) {
        let (alive, ended) = mpsc::channel(1);
        (Self { stop, _alive: alive }, Drained(ended))
    }

    /// Returns when it is time to stop.
    pub(super) async fn requested(&self) {
        // The sender lives as long as the server; should it go, that is a stop too.
        _ = self.stop.clone().wait_for(|stop| *stop).await;
    }
}

impl Drained {
    pub(super) async fn all(mut self) {
        // Nothing is ever sent: the end of the channel is the news.
        _ = self.0.recv().await;
    }
}
