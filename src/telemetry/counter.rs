//! From the requests to the thread that counts: a bounded queue, and numbers that all requests of a site raise without waiting for each
//! other. What does not fit into the queue is lost, and that is counted.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;

use crate::{
    statistics::{Counted, Settings, Traffic},
    timestamp::Timestamp,
};

/// Views that wait to be counted. Each takes some 250 bytes; the thread counts several hundred thousand in a second.
const QUEUE: usize = 16_384;

/// How long views are gathered before the thread takes them: to wake it for each would cost a request more than everything else that is
/// counted of it.
const GATHERED_FOR: Duration = Duration::from_millis(100);

/// Where requests put what is to be counted. Clones share it.
#[derive(Clone, Debug)]
pub struct Counter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    waiting: Mutex<Waiting>,
    news: Condvar,
    /// By their numbers. Their list is replaced when there is a new one; the numbers stay.
    sites: ArcSwap<Vec<Arc<SiteTraffic>>>,
    /// Of all sites, since the start.
    lost: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<Message>,
    /// The thread sleeps until it is woken.
    sleeps: bool,
    /// Somebody waits for an answer, or for the end.
    is_urgent: bool,
    /// The thread is gone.
    is_over: bool,
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
    /// The names of all sites that there have been or will be, in the order of their numbers; the answer says why they can't be known.
    Knows(Vec<Arc<str>>, SyncSender<Result<(), String>>),
    /// From now on it is counted so.
    Goes(Box<Settings>),
    /// There will be no more.
    End,
}

/// Where the thread that counts takes it from.
#[derive(Debug)]
pub struct CounterQueue {
    inner: Arc<Inner>,
    taken: VecDeque<Message>,
}

impl Counter {
    /// A queue for no sites yet.
    pub fn new() -> (Self, CounterQueue) {
        let inner = Inner {
            waiting: Mutex::default(),
            news: Condvar::new(),
            sites: ArcSwap::default(),
            lost: AtomicU64::new(0),
        };
        let inner = Arc::new(inner);
        (Self(inner.clone()), CounterQueue { inner, taken: VecDeque::new() })
    }

    /// There are so many sites now, which have the numbers of their order; never fewer than before.
    pub fn know(&self, sites: usize) {
        self.0.sites.rcu(|known| {
            let new = std::iter::repeat_with(Arc::<SiteTraffic>::default);
            known.iter().cloned().chain(new.take(sites.saturating_sub(known.len()))).collect::<Vec<_>>()
        });
    }

    /// Counts something, or that it was lost.
    pub fn count(&self, site: usize, counted: Counted) {
        let mut waiting = self.0.waiting();
        if waiting.is_over {
            return;
        }
        if waiting.messages.len() < QUEUE {
            waiting.messages.push_back(Message::Counted(counted));
        } else if let Some(site) = self.0.sites.load().get(site) {
            site.lost.fetch_add(1, Relaxed);
            self.0.lost.fetch_add(1, Relaxed);
        }
        let wakes = waiting.sleeps || waiting.messages.len() == QUEUE / 2;
        waiting.sleeps = false;
        drop(waiting);
        if wakes {
            self.0.news.notify_one();
        }
    }

    /// Sends what is looked at at once, whether the queue is full or not. Whether anybody will look.
    fn send(&self, message: Message) -> bool {
        let mut waiting = self.0.waiting();
        if waiting.is_over {
            return false;
        }
        waiting.messages.push_back(message);
        waiting.is_urgent = true;
        drop(waiting);
        self.0.news.notify_one();
        true
    }

    /// How much was lost since the start.
    pub fn lost(&self) -> u64 {
        self.0.lost.load(Relaxed)
    }

    /// A request of a site was answered with so many bytes.
    pub fn answered(&self, site: usize, bytes: u64) {
        if let Some(site) = self.0.sites.load().get(site) {
            site.requests.fetch_add(1, Relaxed);
            site.bytes.fetch_add(bytes, Relaxed);
        }
    }

    /// What was answered and lost since this was last asked, for each site with anything.
    pub fn traffic(&self, now: Timestamp) -> Vec<Traffic> {
        let taken = |(number, site): (usize, &Arc<SiteTraffic>)| {
            let take = |number: &AtomicU64| number.swap(0, Relaxed);
            let (requests, bytes, lost) = (take(&site.requests), take(&site.bytes), take(&site.lost));
            (requests + lost > 0).then_some(Traffic { site: number, time: now, requests, bytes, lost })
        };
        self.0.sites.load().iter().enumerate().filter_map(taken).collect()
    }

    /// Has everything written that was counted so far, and blocks until it is. For a reader who wants to see the present.
    pub fn write_waiting(&self) {
        let (written, wait) = sync_channel(1);
        if self.send(Message::Write(written)) {
            // Where the thread has ended, nothing will be written.
            _ = wait.recv();
        }
    }

    /// Has all sites known that there have been or will be, in the order of their numbers, and blocks until they are.
    ///
    /// # Errors
    ///
    /// Why they can't be, in the words of the store; then it goes on as before.
    pub fn know_waiting(&self, sites: Vec<Arc<str>>) -> Result<(), String> {
        self.ask(|answer| Message::Knows(sites, answer))
    }

    /// Has it counted by these settings from now on.
    pub fn go_by(&self, settings: Settings) {
        self.send(Message::Goes(Box::new(settings)));
    }

    /// Has the sums of logs added that lie beside the statistics, and blocks until they are.
    ///
    /// # Errors
    ///
    /// Why they could not be, in the words of the store.
    pub fn take_in_waiting(&self) -> Result<(), String> {
        self.ask(Message::TakeIn)
    }

    fn ask(&self, message: impl FnOnce(SyncSender<Result<(), String>>) -> Message) -> Result<(), String> {
        let (answer, wait) = sync_channel(1);
        let ended = || Err("nobody counts any more".to_owned());
        if !self.send(message(answer)) {
            return ended();
        }
        wait.recv().unwrap_or_else(|_| ended())
    }

    /// Tells the thread that counts that there will be no more.
    pub fn end(&self) {
        self.send(Message::End);
    }
}

impl Inner {
    /// The lock is held for as long as it takes to add one message, or to take all.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, waiting: MutexGuard<'a, Waiting>, until: Instant) -> MutexGuard<'a, Waiting> {
        let patience = until.saturating_duration_since(Instant::now());
        self.news.wait_timeout(waiting, patience).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl CounterQueue {
    /// The next message, or `None` when none came for this long. When nobody can send any more, that is the end.
    pub fn next(&mut self, patience: Duration) -> Option<Message> {
        if self.taken.is_empty() {
            self.take(Instant::now() + patience);
        }
        match self.taken.pop_front() {
            None if Arc::strong_count(&self.inner) == 1 => Some(Message::End),
            message => message,
        }
    }

    /// Takes all that waits; what comes until then if nothing does.
    fn take(&mut self, until: Instant) {
        let mut waiting = self.inner.waiting();
        while waiting.messages.is_empty() && Instant::now() < until && Arc::strong_count(&self.inner) > 1 {
            waiting.sleeps = true;
            waiting = self.inner.wait(waiting, until);
        }
        waiting.sleeps = false;
        let gathered = until.min(Instant::now() + GATHERED_FOR);
        while !waiting.messages.is_empty()
            && !waiting.is_urgent
            && waiting.messages.len() < QUEUE / 2
            && Instant::now() < gathered
        {
            waiting = self.inner.wait(waiting, gathered);
        }
        waiting.is_urgent = false;
        std::mem::swap(&mut waiting.messages, &mut self.taken);
    }
}

impl Drop for CounterQueue {
    fn drop(&mut self) {
        let mut waiting = self.inner.waiting();
        waiting.is_over = true;
        // Who waits for an answer gets none.
        waiting.messages.clear();
        self.taken.clear();
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
        let (counter, mut queue) = Counter::new();
        counter.know(1);
        counter.know(2);
        (0..QUEUE + 3).for_each(|_| counter.count(1, robot()));
        counter.answered(0, 100);
        counter.answered(0, 50);
        let now = Timestamp::from_seconds(7);
        let traffic = counter.traffic(now);
        let seen: Vec<_> = traffic.iter().map(|one| (one.site, one.requests, one.bytes, one.lost)).collect();
        assert_eq!(seen, [(0, 2, 150, 0), (1, 0, 0, 3)]);
        assert_eq!(counter.lost(), 3);
        assert!(counter.traffic(now).is_empty());
        assert!(matches!(queue.next(Duration::ZERO), Some(Message::Counted(_))));
        counter.end();
        let rest = std::iter::from_fn(|| queue.next(Duration::ZERO)).count();
        assert_eq!(rest, QUEUE);
        drop(counter);
        assert!(matches!(queue.next(Duration::ZERO), Some(Message::End)));
    }

    #[test]
    fn whoever_waits_for_an_answer_does_not_wait_until_views_are_gathered_and_gets_none_when_nobody_counts() {
        let (counter, mut queue) = Counter::new();
        let asks = std::thread::spawn(move || {
            counter.count(1, robot());
            counter.write_waiting();
            counter.take_in_waiting()
        });
        let patience = Duration::from_secs(60);
        assert!(matches!(queue.next(patience), Some(Message::Counted(_))));
        let Some(Message::Write(written)) = queue.next(patience) else { panic!("it was asked for") };
        written.send(()).unwrap();
        let Some(Message::TakeIn(_)) = queue.next(patience) else { panic!("it was asked for") };
        drop(queue);
        assert_eq!(asks.join().unwrap(), Err("nobody counts any more".to_owned()));
    }
}
