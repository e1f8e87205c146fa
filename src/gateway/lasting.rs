//! What outlives a change of the configuration: the log and its keys, what was counted, seen and remembered, and who asked how often.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use arc_swap::ArcSwap;

use super::{
    likely_sessions::LikelySessions, limiter::Limiter, log_readers::LogReaders, observer::Observer,
    remembered::RememberedPages,
};
use crate::{
    clock::Clock,
    consent::RecordKeys,
    inventory::InventoryFault,
    rewrite::CodedTexts,
    store::Store,
    telemetry::{AccessLog, Counter, Enforcement, Metrics, SiteMetrics},
    timestamp::Timestamp,
    upstream::Room,
};

/// The same for every configuration that is in force, one after the other, while the process lives.
pub struct Lasting {
    pub(super) choices: Limiter,
    pub(super) reports: Limiter,
    pub(super) log_reads: Limiter,
    pub(super) erasures: Limiter,
    pub(super) readers: LogReaders,
    pub(super) observer: Observer,
    pub(super) likely_sessions: LikelySessions,
    pub(super) remembered: RememberedPages,
    pub(super) coded_texts: CodedTexts,
    pub(super) unread_inventory: Option<InventoryFault>,
    pub(super) store: Store,
    pub(super) log_origin: String,
    /// The logs before it, the newest first, each with the number of its leaves that are known.
    pub(super) earlier_logs: Vec<(String, u64)>,
    pub(super) keys: ArcSwap<RecordKeys>,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    pub(super) enforcement: Arc<Enforcement>,
    pub(super) counter: Counter,
    pub(super) access_log: Option<AccessLog>,
    /// For requests that are no site's.
    pub(super) no_site: SiteMetrics,
    pub(super) numbers: Numbers,
    pub(super) rounds: AtomicU64,
    pub(super) told_of_proxy: AtomicBool,
    /// For connections to sites.
    pub(super) room: Arc<Room>,
}

/// The names of all sites that there have been, by their numbers: what is counted of a site is counted by its number, so a site has the same
/// one for as long as the process lives, also when it was away in between.
#[derive(Debug, Default)]
pub(super) struct Numbers(Mutex<Vec<Arc<str>>>);

impl Numbers {
    /// The numbers of these sites; whoever has none gets the next.
    pub(super) fn of<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<usize> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = |name: &str| {
            known.iter().position(|known| **known == *name).unwrap_or_else(|| {
                known.push(name.into());
                known.len() - 1
            })
        };
        names.map(number).collect()
    }

    fn all(&self) -> Vec<Arc<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Lasting {
    /// Brings those numbers of the counters up to date that are of the moment they are asked for.
    pub fn show_moment(&self) {
        self.metrics.witness_lag(self.clock.now());
        self.metrics.upstream_connections(self.room.taken());
    }

    /// The counters.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The present, by the clock that this gateway goes by.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What was refused and passed since the log was last told.
    pub fn enforcement(&self) -> &Enforcement {
        &self.enforcement
    }

    /// Where views are counted.
    pub fn counter(&self) -> &Counter {
        &self.counter
    }

    /// The consent log.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The names of all sites that there have been, in the order of the numbers by which they are counted.
    pub fn counted_sites(&self) -> Vec<Arc<str>> {
        self.numbers.all()
    }

    /// The number by which a site is counted, if there ever was one of this name.
    pub fn site_number(&self, name: &str) -> Option<usize> {
        self.numbers.all().iter().position(|known| **known == *name)
    }

    /// A number that changes whenever [`super::Shared::inventory`] does.
    pub fn inventory_revision(&self) -> u64 {
        self.observer.revision()
    }

    /// Why what was seen before could not be read.
    pub fn unread_inventory(&self) -> Option<&InventoryFault> {
        self.unread_inventory.as_ref()
    }

    /// Forgets who asked in earlier minutes. To be called every minute or so, since nobody may ask again.
    pub fn forget_clients(&self) {
        let now = self.clock.now();
        for limiter in [&self.choices, &self.reports, &self.log_reads, &self.erasures] {
            limiter.forget_before(now);
        }
    }

    /// A number that is another one for each answer.
    pub(super) fn next_round(&self) -> u64 {
        self.rounds.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_keeps_its_number_and_a_new_one_takes_the_next() {
        let numbers = Numbers::default();
        assert_eq!(numbers.of(["a.kz", "b.kz"].into_iter()), [0, 1]);
        assert_eq!(numbers.of(["c.kz", "b.kz"].into_iter()), [2, 1]);
        assert_eq!(numbers.of(["a.kz", "c.kz"].into_iter()), [0, 2]);
        assert_eq!(numbers.all().len(), 3);
    }
}
