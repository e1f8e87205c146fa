//! Once a day and at the stop, the log learns how often something was refused and passed.

use crate::{ledger::Entry, store::Store, telemetry::Enforcement, timestamp::Timestamp};

/// Sites whose counts stand in one leaf: 20 counts of each, of 375 bytes at most, are four fifths of the longest leaf.
const SITES_IN_LEAF: usize = 7;

/// When to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// If the day (UTC) has changed since the last time.
    NewDay,
    /// In any case: nothing more will be counted.
    Stop,
}

/// Writes what was counted, under the day since which it was. A day of which nothing was counted has no leaf, and leaves of one day add up. What can't
/// be written stays in the count.
pub(super) async fn write(counts: &Enforcement, store: &Store, when: When, now: Timestamp) {
    let day = counts.since();
    if when == When::NewDay && day.date() == now.date() {
        return;
    }
    for first in (0..counts.sites()).step_by(SITES_IN_LEAF) {
        let taken = counts.take(first..counts.sites().min(first + SITES_IN_LEAF));
        if taken.is_empty() {
            continue;
        }
        if let Err(error) = store.note(Entry::Enforcement { day, counts: taken.clone() }).await {
            counts.give_back(taken);
            tracing::error!(%error, "the log does not say what was enforced; trying again later");
            return;
        }
    }
    counts.begin(now);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        consent::{Category, CategoryCounts},
        ledger::{Enforced, EnforcementCount, LONGEST_LEAF},
        store::Settings,
    };

    #[test]
    fn each_day_has_its_counts_and_the_part_before_a_stop_too() {
        let directory = tempfile::TempDir::new().unwrap();
        let moment = |text| Timestamp::parse(text).unwrap();
        let clock = Clock::standing_at(moment("2026-11-22T23:58:00Z"));
        let settings = Settings { state_dir: directory.path().join("state"), host: "shop.example".into() };
        let store = Store::open(&settings, clock.clone()).unwrap();
        let counts = Enforcement::new(clock.now());
        counts.know(&["shop.example".into()]);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let told = |when| runtime.block_on(write(&counts, &store, when, clock.now()));
        let newest = || {
            let leaf = store.reader().unwrap().newest_leaf("enforcement").unwrap();
            leaf.map(|(_, data)| String::from_utf8(data).unwrap())
        };
        let says = |day: &str, refused: u64| {
            let leaf = newest().unwrap();
            let count = format!("\"category\":\"analytical\",\"refused\":{refused},\"passed\":0}}]");
            assert!(leaf.contains(&format!("{{\"day\":\"{day}\"")) && leaf.contains(&count), "{leaf}");
        };
        let refuse = |count| counts.refused(0, Enforced::Load, Some(Category::Analytical), count);
        refuse(2);
        told(When::NewDay);
        assert_eq!(newest(), None);
        clock.set(moment("2026-11-23T00:00:10Z"));
        told(When::NewDay);
        says("2026-11-22", 2);
        refuse(3);
        told(When::Stop);
        says("2026-11-23", 3);
        clock.set(moment("2026-11-24T00:00:00Z"));
        let size = store.reader().unwrap().size().unwrap();
        told(When::NewDay);
        assert_eq!(store.reader().unwrap().size().unwrap(), size, "nothing was counted on that day");
        refuse(4);
        told(When::Stop);
        says("2026-11-24", 4);
    }

    #[test]
    fn the_counts_of_one_leaf_fit_it() {
        let site = "x".repeat(253);
        let counts = (0..SITES_IN_LEAF).flat_map(|_| Enforced::ALL).flat_map(|what| {
            let count = |category| EnforcementCount {
                site: (&*site).into(),
                what,
                category,
                refused: u64::MAX,
                passed: u64::MAX,
            };
            CategoryCounts::CELLS.map(count)
        });
        let entry = Entry::Enforcement { day: Timestamp::default(), counts: counts.collect() };
        assert!(entry.leaf_data().len() <= LONGEST_LEAF, "{}", entry.leaf_data().len());
    }
}
