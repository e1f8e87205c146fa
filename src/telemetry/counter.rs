//! From the requests to the thread that counts: a bounded queue, and numbers that all requests of a site raise without waiting for each
//! other. What does not fit into the queue is lost, and that is counted.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
    mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
};
use std::time::Duration;

use crate::{
    statistics::{Counted, Robots, Traffic},
    timestamp::Timestamp,
};

/// Views that wait to be counted. Each takes some 250 bytes; the thread counts several hundred thousand in a second.
const QUEUE: usize = 16_384;

/// Where requests put what is to be counted. Clones share it.
#[derive(Clone, Debug)]
pub struct Counter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queue: SyncSender<Message>,
    sites: Box<[SiteTraffic]>,
    robots: Arc<Robots>,
}

#[derive(Debug, Default)]
struct SiteTraffic {
    requests: AtomicU64,
    bytes: AtomicU64,
    lost: AtomicU64,
}

/// What the thread that counts is told.
#[derive(Debug)]
pub enum Message {
    /// Something to count.
    Counted(Counted),
    /// Everything counted so far is to be written now; the answer comes when it is.
    Write(SyncSender<()>),
    /// The sums of logs that lie beside the statistics are to be added to them; the answer says why they could not be.
    TakeIn(SyncSender<Result<(), String>>),
    /// There will be no more.
    End,
}

/// Where the thread that counts takes it from.
#[derive(Debug)]
pub struct CounterQueue(Receiver<Message>);

impl Counter {
    /// A queue for the sites, which have the numbers of their order.
    pub fn new(sites: usize, robots: Arc<Robots>) -> (Self, CounterQueue) {
        let (queue, taken) = sync_channel(QUEUE);
        let sites = std::iter::repeat_with(SiteTraffic::default).take(sites).collect();
        (Self(Arc::new(Inner { queue, sites, robots })), CounterQueue(taken))
    }

    /// Who is no person.
    pub fn robots(&self) -> &Robots {
        &self.0.robots
    }

    /// Counts something, or that it was lost.
    pub fn count(&self, site: usize, counted: Counted) {
        let full = matches!(self.0.queue.try_send(Message::Counted(counted)), Err(TrySendError::Full(_)));
        if let Some(site) = self.0.sites.get(site).filter(|_| full) {
            site.lost.fetch_add(1, Relaxed);
        }
    }

    /// A request of a site was answered with so many bytes.
    pub fn answered(&self, site: usize, bytes: u64) {
        if let Some(site) = self.0.sites.get(site) {
            site.requests.fetch_add(1, Relaxed);
            site.bytes.fetch_add(bytes, Relaxed);
        }
    }

    /// What was answered and lost since this was last asked, for each site with anything.
    pub fn traffic(&self, now: Timestamp) -> Vec<Traffic> {
        let taken = |(number, site): (usize, &SiteTraffic)| {
            let take = |number: &AtomicU64| number.swap(0, Relaxed);
            let (requests, bytes, lost) = (take(&site.requests), take(&site.bytes), take(&site.lost));
            (requests + lost > 0).then_some(Traffic { site: number, time: now, requests, bytes, lost })
        };
        self.0.sites.iter().enumerate().filter_map(taken).collect()
    }

    /// Has everything written that was counted so far, and blocks until it is. For a reader who wants to see the present.
    pub fn write_waiting(&self) {
        let (written, wait) = sync_channel(1);
        if self.0.queue.send(Message::Write(written)).is_ok() {
            // Where the thread has ended, nothing will be written.
            _ = wait.recv();
        }
    }

    /// Has the sums of logs added that lie beside the statistics, and blocks until they are.
    ///
    /// # Errors
    ///
    /// Why they could not be, in the words of the store.
    pub fn take_in_waiting(&self) -> Result<(), String> {
        let (taken, wait) = sync_channel(1);
        let ended = || Err("nobody counts any more".to_owned());
        if self.0.queue.send(Message::TakeIn(taken)).is_err() {
            return ended();
        }
        wait.recv().unwrap_or_else(|_| ended())
    }

    /// Tells the thread that counts that there will be no more. Blocks while the queue is full.
    pub fn end(&self) {
        _ = self.0.queue.send(Message::End);
    }
}

impl CounterQueue {
    /// The next message, or `None` when none came for this long. When nobody can send any more, that is the end.
    pub fn next(&self, patience: Duration) -> Option<Message> {
        match self.0.recv_timeout(patience) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Message::End),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{RobotReason, RobotView};

    fn robot() -> Counted {
        Counted::Robot(RobotView { site: 1, time: Timestamp::default(), reason: RobotReason::NoAgent, name: None })
    }

    #[test]
    fn what_does_not_fit_is_lost_and_that_is_counted() {
        let (counter, queue) = Counter::new(2, Arc::default());
        (0..QUEUE + 3).for_each(|_| counter.count(1, robot()));
        counter.answered(0, 100);
        counter.answered(0, 50);
        let now = Timestamp::from_seconds(7);
        let traffic = counter.traffic(now);
        let seen: Vec<_> = traffic.iter().map(|one| (one.site, one.requests, one.bytes, one.lost)).collect();
        assert_eq!(seen, [(0, 2, 150, 0), (1, 0, 0, 3)]);
        assert!(counter.traffic(now).is_empty());
        assert!(matches!(queue.next(Duration::ZERO), Some(Message::Counted(_))));
        counter.end();
        let rest = std::iter::from_fn(|| queue.next(Duration::ZERO)).count();
        assert_eq!(rest, QUEUE);
        drop(counter);
        assert!(matches!(queue.next(Duration::ZERO), Some(Message::End)));
    }
}
