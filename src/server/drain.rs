//! The way to the end: connections are told once, finish what they do, and are waited for.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

/// How long, when it is time to stop, somebody has who has not said anything yet, and a protocol that a connection was upgraded to. Neither would
/// end by itself before all time to finish is over, and who comes next would wait for them.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(2);

/// What each connection of a core holds while it is served.
#[derive(Clone)]
pub(super) struct Drain {
    stop: watch::Receiver<bool>,
    alive: Alive,
    _served: mpsc::Sender<()>,
}

/// What anything of a connection holds as long as it lives.
pub(super) type Alive = mpsc::Sender<()>;

/// Waits for all of them.
pub(super) struct Drained {
    alive: mpsc::Receiver<()>,
    served: mpsc::Receiver<()>,
}

impl Drain {
    pub(super) fn new(stop: watch::Receiver<bool>) -> (Self, Drained) {
        let (alive, all_alive) = mpsc::channel(1);
        let (served, all_served) = mpsc::channel(1);
        (Self { stop, alive, _served: served }, Drained { alive: all_alive, served: all_served })
    }

    pub(super) fn alive(&self) -> Alive {
        self.alive.clone()
    }

    /// Returns when it is time to stop.
    pub(super) async fn requested(&self) {
        // The sender lives as long as the server; should it go, that is a stop too.
        _ = self.stop.clone().wait_for(|stop| *stop).await;
    }

    /// Returns when whoever has said nothing by then has had the time to.
    pub(super) async fn hurries(&self) {
        self.requested().await;
        tokio::time::sleep(LAST_WORDS).await;
    }
}

impl Drained {
    /// Returns when nothing is left, or nothing but protocols that connections were upgraded to, which had their time to end.
    pub(super) async fn all(mut self) {
        // Nothing is ever sent: the end of a channel is the news.
        let only_upgraded = async {
            _ = self.served.recv().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            _ = self.alive.recv() => {}
            () = only_upgraded => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_served_is_waited_for_and_what_was_upgraded_for_a_moment() {
        let (stop, stopped) = watch::channel(false);
        let (drain, drained) = Drain::new(stopped);
        let (served, upgraded) = (drain.clone(), drain.alive());
        let long = Duration::from_secs(600);
        assert!(timeout(long, drain.requested()).await.is_err());
        stop.send_replace(true);
        let begun = Instant::now();
        drain.hurries().await;
        assert_eq!(begun.elapsed(), LAST_WORDS);
        drop(drain);
        let mut all = std::pin::pin!(drained.all());
        assert!(timeout(long, all.as_mut()).await.is_err(), "a connection is still served");
        drop(served);
        let begun = Instant::now();
        all.await;
        assert_eq!(begun.elapsed(), LAST_WORDS);
        drop(upgraded);
    }

    #[tokio::test(start_paused = true)]
    async fn where_nothing_is_left_nothing_is_waited_for() {
        let (_stop, stopped) = watch::channel(true);
        let (drain, drained) = Drain::new(stopped);
        let begun = Instant::now();
        drop(drain);
        drained.all().await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
