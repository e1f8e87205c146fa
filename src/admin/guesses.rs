//! How often a password may be tried: bounded for each name, whether an account has it or not, and over all names.

use std::{collections::VecDeque, sync::Mutex};

use aws_lc_rs::digest::{SHA256, digest};

use crate::timestamp::Timestamp;

/// For how long a wrong password counts, in milliseconds: a quarter of an hour.
const COUNTS_FOR: i64 = 15 * 60 * 1000;
/// Wrong passwords for one name within that time.
const MOST_FOR_NAME: usize = 8;
/// Wrong passwords over all names within that time: also the bound of what is remembered.
const MOST: usize = 64;

/// Tries that have not turned out right.
#[derive(Default)]
pub(super) struct Guesses(Mutex<VecDeque<(Timestamp, [u8; 32])>>);

impl Guesses {
    /// Whether a password may be compared for this name. It counts as wrong until [`Guesses::right`] says otherwise, so that tries at the
    /// same moment count too.
    pub(super) fn begin(&self, name: &str, now: Timestamp) -> bool {
        let mut tries = self.lock();
        while tries.front().is_some_and(|(time, _)| now.milliseconds() - time.milliseconds() >= COUNTS_FOR) {
            tries.pop_front();
        }
        let hash = hash(name);
        let allowed = tries.len() < MOST && tries.iter().filter(|(_, tried)| *tried == hash).count() < MOST_FOR_NAME;
        if allowed {
            tries.push_back((now, hash));
        }
        allowed
    }

    /// The password was right: what was tried for this name before counts no more.
    pub(super) fn right(&self, name: &str) {
        let hash = hash(name);
        self.lock().retain(|(_, tried)| *tried != hash);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(Timestamp, [u8; 32])>> {
        self.0.lock().expect("nothing panics while it holds the tries")
    }
}

fn hash(name: &str) -> [u8; 32] {
    digest(&SHA256, name.as_bytes()).as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minutes: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + minutes * 60)
    }

    #[test]
    fn a_name_is_tried_a_few_times_and_again_later() {
        let guesses = Guesses::default();
        let tried = |minutes| (0..20).filter(|_| guesses.begin("anna", minute(minutes))).count();
        assert_eq!(tried(0), MOST_FOR_NAME);
        assert!(guesses.begin("boris", minute(0)), "others are not held up");
        assert_eq!(tried(14), 0);
        assert_eq!(tried(15), MOST_FOR_NAME);
        guesses.right("anna");
        assert_eq!(tried(15), MOST_FOR_NAME);
    }

    #[test]
    fn many_names_are_bounded_together() {
        let guesses = Guesses::default();
        let tried = (0..1000).filter(|number| guesses.begin(&number.to_string(), minute(0))).count();
        assert_eq!(tried, MOST);
        assert!(guesses.begin("1000", minute(15)));
    }
}
