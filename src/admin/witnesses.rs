//! How each witness of the log stands just now: told by whoever has checkpoints signed, shown on the overview.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::timestamp::Timestamp;

/// All witnesses that are configured, in their order. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Witnesses(Arc<Mutex<Vec<WitnessState>>>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessState {
    /// The name of its key.
    pub name: String,
    /// The largest tree that has its signature here, and when it signed that.
    pub signed: Option<(u64, Timestamp)>,
    /// Since when a checkpoint waits for its signature, this process's start at the earliest.
    pub since: Option<Timestamp>,
    /// Why it did not sign when it was asked last.
    pub failure: Option<WitnessFailure>,
}

/// Why a witness did not sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WitnessFailure {
    /// The word for it in metrics.
    pub reason: &'static str,
    /// When.
    pub time: Timestamp,
}

impl WitnessFailure {
    /// Whether the witness has signed something else than this log: lost or changed entries, or a fault of its own.
    pub fn is_contradiction(&self) -> bool {
        matches!(self.reason, "conflict" | "behind" | "inconsistent")
    }
}

impl Witnesses {
    /// Adds one of which nothing is known yet.
    pub fn add(&self, name: &str) {
        self.states().push(WitnessState { name: name.to_owned(), signed: None, since: None, failure: None });
    }

    /// It was found to have signed this earlier.
    pub fn has_signed(&self, name: &str, size: u64, time: Timestamp) {
        self.change(name, |state| state.signed = Some((size, time)));
    }

    /// It signs: what it failed in before is over.
    pub fn signs(&self, name: &str, size: u64, time: Timestamp) {
        self.change(name, |state| {
            state.signed = Some((size, time));
            state.failure = None;
        });
    }

    /// Since when a checkpoint waits for it; `None` where none does.
    pub fn waits(&self, name: &str, since: Option<Timestamp>) {
        self.change(name, |state| state.since = since);
    }

    /// It did not sign. A contradiction stays until it signs again: that it can't be reached meanwhile answers nothing.
    pub fn failed(&self, name: &str, failure: WitnessFailure) {
        self.change(name, |state| {
            if failure.is_contradiction() || !state.failure.is_some_and(|known| known.is_contradiction()) {
                state.failure = Some(failure);
            }
        });
    }

    /// What is known of each.
    pub fn all(&self) -> Vec<WitnessState> {
        self.states().clone()
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut WitnessState)) {
        if let Some(state) = self.states().iter_mut().find(|state| state.name == name) {
            change(state);
        }
    }

    fn states(&self) -> MutexGuard<'_, Vec<WitnessState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contradiction_stays_until_the_witness_signs_again() {
        let witnesses = Witnesses::default();
        witnesses.add("w");
        let failed = |reason, second| {
            witnesses.failed("w", WitnessFailure { reason, time: Timestamp::from_seconds(second) });
            witnesses.all()[0].failure.unwrap().reason
        };
        assert_eq!(failed("unreachable", 1), "unreachable");
        assert_eq!(failed("inconsistent", 2), "inconsistent");
        assert_eq!(failed("timeout", 3), "inconsistent");
        witnesses.signs("w", 7, Timestamp::from_seconds(4));
        assert_eq!((witnesses.all()[0].failure, witnesses.all()[0].signed.unwrap().0), (None, 7));
        witnesses.waits("nobody", None);
    }
}
