//! What was refused and passed since the log was last told: for each site fixed numbers, which requests raise without waiting for each other.
//!
//! What is necessary needs no consent, so it is not counted, and neither is what an answer deletes.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
};

use arc_swap::ArcSwap;

use crate::{
    consent::{Category, CategoryCounts},
    ledger::{Enforced, EnforcementCount},
    timestamp::Timestamp,
};

/// The counts of all sites, from one writing to the next.
#[derive(Debug)]
pub struct Enforcement {
    /// By their numbers. Their list is replaced when there is a new one; the counts stay.
    sites: ArcSwap<Vec<Arc<SiteCounts>>>,
    /// In milliseconds.
    since: AtomicI64,
}

#[derive(Debug)]
struct SiteCounts {
    name: Arc<str>,
    cells: [[Cell; CategoryCounts::CELLS.len()]; Enforced::ALL.len()],
}

#[derive(Debug, Default)]
struct Cell {
    refused: AtomicU64,
    passed: AtomicU64,
}

impl Enforcement {
    /// Nothing counted yet, and no sites.
    pub fn new(now: Timestamp) -> Self {
        Self { sites: ArcSwap::default(), since: AtomicI64::new(now.milliseconds()) }
    }

    /// There are these sites now, which have the numbers of their order. None that was there before is missing.
    pub fn know(&self, names: &[Arc<str>]) {
        self.sites.rcu(|known| {
            let new = names.iter().skip(known.len());
            let new = new.map(|name| Arc::new(SiteCounts { name: name.clone(), cells: Default::default() }));
            known.iter().cloned().chain(new).collect::<Vec<_>>()
        });
    }

    /// Counts what was refused.
    pub fn refused(&self, site: usize, what: Enforced, category: Option<Category>, count: u64) {
        self.add(site, what, category, count, 0);
    }

    /// Counts what passed.
    pub fn passed(&self, site: usize, what: Enforced, category: Option<Category>, count: u64) {
        self.add(site, what, category, 0, count);
    }

    /// Counts what was refused and what passed, by category.
    pub fn judged(&self, site: usize, what: Enforced, refused: &CategoryCounts, passed: &CategoryCounts) {
        refused.iter().for_each(|(category, count)| self.refused(site, what, category, count.into()));
        passed.iter().for_each(|(category, count)| self.passed(site, what, category, count.into()));
    }

    fn add(&self, site: usize, what: Enforced, category: Option<Category>, refused: u64, passed: u64) {
        if category == Some(Category::Necessary) {
            return;
        }
        let sites = self.sites.load();
        let Some(site) = sites.get(site) else { return };
        let cell = &site.cells[what as usize][CategoryCounts::place(category)];
        for (counter, count) in [(&cell.refused, refused), (&cell.passed, passed)] {
            if count > 0 {
                counter.fetch_add(count, Relaxed);
            }
        }
    }

    /// How many sites there are.
    pub fn sites(&self) -> usize {
        self.sites.load().len()
    }

    /// Since when it is counted.
    pub fn since(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.since.load(Relaxed))
    }

    /// Says that what is counted belongs to the time from this moment on.
    pub fn begin(&self, now: Timestamp) {
        self.since.store(now.milliseconds(), Relaxed);
    }

    /// The counts of one site that are not nought, in the order of kinds and categories. They stay.
    pub fn read(&self, site: usize) -> Vec<EnforcementCount> {
        let Some(site) = self.sites.load().get(site).cloned() else { return Vec::new() };
        let mut counts = Vec::new();
        for (what, cells) in Enforced::ALL.into_iter().zip(&site.cells) {
            for (category, cell) in CategoryCounts::CELLS.into_iter().zip(cells) {
                let (refused, passed) = (cell.refused.load(Relaxed), cell.passed.load(Relaxed));
                if refused > 0 || passed > 0 {
                    counts.push(EnforcementCount { site: (&*site.name).into(), what, category, refused, passed });
                }
            }
        }
        counts
    }

    /// Takes the counts of some sites that are not nought, in the order of sites, kinds and categories.
    pub fn take(&self, sites: Range<usize>) -> Vec<EnforcementCount> {
        let mut counts = Vec::new();
        for site in self.sites.load().get(sites).into_iter().flatten() {
            for (what, cells) in Enforced::ALL.into_iter().zip(&site.cells) {
                for (category, cell) in CategoryCounts::CELLS.into_iter().zip(cells) {
                    let (refused, passed) = (cell.refused.swap(0, Relaxed), cell.passed.swap(0, Relaxed));
                    if refused > 0 || passed > 0 {
                        counts.push(EnforcementCount { site: (&*site.name).into(), what, category, refused, passed });
                    }
                }
            }
        }
        counts
    }

    /// Adds counts again that could not be written.
    pub fn give_back(&self, counts: Vec<EnforcementCount>) {
        for EnforcementCount { site, what, category, refused, passed } in counts {
            if let Some(number) = self.sites.load().iter().position(|known| *known.name == *site) {
                self.add(number, what, category, refused, passed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_taken_once_and_can_be_given_back() {
        let counts = Enforcement::new(Timestamp::default());
        counts.know(&["a.kz".into()]);
        counts.know(&["a.kz".into(), "b.kz".into()]);
        counts.refused(1, Enforced::Frame, None, 2);
        counts.passed(1, Enforced::CookiePair, Some(Category::Functional), 3);
        counts.refused(1, Enforced::CookiePair, Some(Category::Functional), 1);
        counts.passed(1, Enforced::CookiePair, Some(Category::Necessary), 9);
        let count =
            |what, category, refused, passed| EnforcementCount { site: "b.kz".into(), what, category, refused, passed };
        let expected =
            vec![count(Enforced::CookiePair, Some(Category::Functional), 1, 3), count(Enforced::Frame, None, 2, 0)];
        assert_eq!((counts.read(1), counts.read(0), counts.read(7)), (expected.clone(), Vec::new(), Vec::new()));
        let taken = counts.take(0..2);
        assert_eq!(taken, expected);
        assert_eq!(counts.take(0..2), []);
        counts.give_back(taken);
        counts.refused(1, Enforced::Frame, None, 1);
        assert_eq!(counts.take(0..1), []);
        assert_eq!(counts.take(1..2)[1], count(Enforced::Frame, None, 3, 0));
    }

    #[test]
    fn kinds_stand_in_the_order_of_their_numbers() {
        assert!(Enforced::ALL.into_iter().enumerate().all(|(number, what)| what as usize == number));
    }
}
