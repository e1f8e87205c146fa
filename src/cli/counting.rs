//! The thread that counts: takes what requests put into the queue, adds it up, and writes the sums now and then.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use super::hand_over;
use crate::{
    clock::{self, Clock},
    gateway,
    ledger::Entry,
    statistics::{Calendar, Changes, Counted, Counting, Day, ErasedKey, Live, Settings},
    store::{
        Store,
        statistics::{KeptFrom, Statistics, StatisticsError, set_statistics_aside},
    },
    telemetry::{Counter, CounterQueue, Message},
    timestamp::{Term, Timestamp},
};

/// How often sums are written, days ended and keys erased: what a crash loses at most.
const WRITE_EVERY: Duration = Duration::from_secs(10);

/// How long after its end a day is cut, in seconds: a little longer than a visit may pause.
const SETTLES_AFTER: i64 = 31 * 60;

/// The thread, and what others see of it.
pub(super) struct CountingThread {
    thread: JoinHandle<()>,
    counter: Counter,
    live: watch::Receiver<Live>,
}

/// Everything that the thread needs.
struct Work {
    counter: Counter,
    queue: CounterQueue,
    counting: Counting,
    statistics: Statistics,
    settings: Settings,
    store: Store,
    clock: Clock,
    live: watch::Sender<Live>,
    /// Sums that the disk refused.
    refused: Option<Changes>,
    /// The names of the sites, in the order of their numbers.
    sites: Vec<Arc<str>>,
    /// Where the next run finds what this one knows.
    hand_over: Option<PathBuf>,
    /// The last day for which the tables of earlier days were cut.
    kept_house: Option<Day>,
    /// Whether the disk refused the last time, so that it is said once.
    is_failing: bool,
}

impl CountingThread {
    /// Starts to count.
    pub(super) fn start(
        gateway: &gateway::Current,
        queue: CounterQueue,
        settings: &Settings,
        (state_dir, hand_over): (&Path, Option<PathBuf>),
        clock: &Clock,
    ) -> Result<Self, StartError> {
        let sites = gateway.counted_sites();
        let handed = hand_over.as_deref().and_then(hand_over::take);
        let (counting, goes_on, ended) = begun(settings, &sites, handed.as_deref().map(Vec::as_slice), clock.now());
        let mut statistics = match Statistics::open(state_dir, &sites) {
            // Statistics must not keep a site from its visitors.
            Err(error @ StatisticsError::Damaged { .. }) => {
                let aside = set_statistics_aside(state_dir)?;
                tracing::error!(%error, aside = %aside.display(), "statistics begin anew; the damaged file was put aside");
                Statistics::open(state_dir, &sites)?
            }
            opened => opened?,
        };
        statistics.begin(today(&settings.calendar, clock), goes_on)?;
        tell_of_erased_keys(gateway.store(), ended);
        let (sender, live) = watch::channel(counting.live(clock.now()));
        let work = Work {
            counter: gateway.counter().clone(),
            queue,
            counting,
            statistics,
            settings: settings.clone(),
            store: gateway.store().clone(),
            clock: clock.clone(),
            live: sender,
            refused: None,
            sites,
            hand_over,
            kept_house: None,
            is_failing: false,
        };
        let thread = thread::Builder::new().name("statistics".into()).spawn(move || work.run())?;
        Ok(Self { thread, counter: gateway.counter().clone(), live })
    }

    /// The last half hour, as it goes on.
    pub(super) fn live(&self) -> watch::Receiver<Live> {
        self.live.clone()
    }

    /// Counts what waits, writes it, and ends.
    pub(super) fn end(self) -> io::Result<()> {
        self.counter.end();
        self.thread.join().map_err(|_| io::Error::other("the thread that counts panicked"))
    }
}

/// Why counting can't begin.
#[derive(Debug, thiserror::Error)]
#[doc(hidden)]
pub enum StartError {
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
    #[error("can't begin to count: {0}")]
    Thread(#[from] io::Error),
}

fn today(calendar: &Calendar, clock: &Clock) -> Day {
    calendar.place(clock.now()).0
}

/// Counting that goes on where the run before has ended, if it left anything to go on with; else from nothing, with the keys that end so.
fn begun(
    settings: &Settings,
    sites: &[Arc<str>],
    handed: Option<&[u8]>,
    now: Timestamp,
) -> (Counting, bool, Vec<ErasedKey>) {
    let calendar = settings.calendar.clone();
    let ended = match handed.map(|handed| Counting::go_on(calendar.clone(), sites, clock::random, handed, now)) {
        Some(Ok(counting)) => return (counting, true, Vec::new()),
        Some(Err(ended)) => ended,
        None => Vec::new(),
    };
    (Counting::new(calendar, sites.len(), clock::random, now), false, ended)
}

/// The log learns which keys are no more.
fn tell_of_erased_keys(store: &Store, keys: Vec<ErasedKey>) {
    for ErasedKey { day, at, commitment } in keys {
        let Some(day) = Timestamp::parse(&day.to_string()) else { continue };
        if let Err(error) = store.note_waiting(Entry::Key { day, commitment, time: at }) {
            tracing::error!(%error, day = %day.date(), "the key of a day is erased, and the log does not say so");
        }
    }
}

/// From which days on what is kept.
pub(super) fn kept_from(settings: &Settings, now: Timestamp) -> KeptFrom {
    let before = |term: Term| settings.calendar.place(term.before(now)).0;
    let Settings { keep_hours, keep_tables, keep_cubes, .. } = *settings;
    KeptFrom { hours: before(keep_hours), rows: before(keep_tables), cubes: before(keep_cubes) }
}

impl Work {
    fn run(mut self) {
        let mut written = Instant::now();
        loop {
            match self.queue.next(WRITE_EVERY.saturating_sub(written.elapsed())) {
                Some(Message::Counted(counted)) => self.counting.count(counted),
                Some(Message::Write(answer)) => {
                    self.go_on();
                    self.keep_house();
                    _ = answer.send(());
                }
                Some(Message::TakeIn(answer)) => {
                    let taken = self.statistics.take_in();
                    // Days of before are cut anew.
                    self.kept_house = None;
                    _ = answer.send(taken.map_err(|error| error.to_string()));
                }
                Some(Message::Knows(sites, answer)) => _ = answer.send(self.know(sites)),
                Some(Message::Goes(settings)) => self.go_by(*settings),
                Some(Message::End) => return self.end(),
                None => {}
            }
            if written.elapsed() >= WRITE_EVERY {
                self.go_on();
                self.keep_house();
                written = Instant::now();
            }
        }
    }

    /// More sites.
    fn know(&mut self, sites: Vec<Arc<str>>) -> Result<(), String> {
        self.statistics.know(&sites).map_err(|error| error.to_string())?;
        self.counting.know(sites.len());
        self.sites = sites;
        Ok(())
    }

    /// Other terms. The calendar stays: days are counted by it.
    fn go_by(&mut self, settings: Settings) {
        self.settings = Settings { calendar: self.settings.calendar.clone(), ..settings };
        // What is past a shorter term goes with the next look.
        self.kept_house = None;
    }

    /// Time goes on: a day may have ended, keys are erased, sums are written.
    fn go_on(&mut self) {
        let now = self.clock.now();
        for traffic in self.counter.traffic(now) {
            self.counting.count(Counted::Traffic(traffic));
        }
        self.counting.advance(now);
        tell_of_erased_keys(&self.store, self.counting.take_erased());
        self.write();
        self.live.send_replace(self.counting.live(now));
    }

    /// Writes the sums. What the disk refuses is tried again before anything newer is taken.
    fn write(&mut self) {
        let changes = match self.refused.take() {
            Some(changes) => changes,
            None => self.counting.take(),
        };
        match self.statistics.add(&changes, today(&self.settings.calendar, &self.clock)) {
            Ok(()) => self.is_failing = false,
            Err(error) => {
                self.refused = Some(changes);
                self.fails(&error);
            }
        }
    }

    /// Days that are over are cut, and what is past its term goes: once a day, some at a time.
    fn keep_house(&mut self) {
        // Visits over midnight still change the rows of the day before.
        let settled = Timestamp::from_seconds(self.clock.now().seconds() - SETTLES_AFTER);
        let today = self.settings.calendar.place(settled).0;
        if self.kept_house == Some(today) {
            return;
        }
        let kept = kept_from(&self.settings, self.clock.now());
        // A clock that is years ahead deletes nothing, as with records.
        let is_steady = self.store.reader().and_then(|log| log.is_steady(self.clock.now())).unwrap_or(false);
        let retired = |statistics: &mut Statistics| if is_steady { statistics.retire(&kept).map(drop) } else { Ok(()) };
        let left = self.statistics.cut(today).and_then(|left| retired(&mut self.statistics).map(|()| left));
        match left {
            Ok(true) => {}
            Ok(false) => self.kept_house = Some(today),
            Err(error) => self.fails(&error),
        }
    }

    fn end(mut self) {
        self.go_on();
        // The disk may have refused what was before it.
        if self.refused.is_none() {
            self.write();
        }
        if !self.hands_over() {
            self.counting.end(self.clock.now());
        }
        tell_of_erased_keys(&self.store, self.counting.take_erased());
        if let Err(error) = self.statistics.end(today(&self.settings.calendar, &self.clock)) {
            self.fails(&error);
        }
    }

    /// Leaves what is known to the next run, where there is a place in memory for it and all sums are written.
    fn hands_over(&self) -> bool {
        let Some(directory) = self.hand_over.as_deref().filter(|_| self.refused.is_none()) else { return false };
        let content = self.counting.hand_over(&self.sites, self.clock.now());
        match hand_over::leave(directory, &content) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "open visits are not handed over to the next start, and will count as two");
                false
            }
        }
    }

    fn fails(&mut self, error: &StatisticsError) {
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::error!(%error, "statistics can't be written; trying again");
        }
    }
}
