//! How each name stands, for who looks at a running gateway: what failed since the last certificate came, and when it is asked for again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::{Challenge, Failure};
use crate::timestamp::Timestamp;

/// One name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Attempts that failed since the last that did not, also those before the start.
    pub failures: u32,
    /// When a certificate is asked for next.
    pub again: Timestamp,
    /// What the last attempt failed for; nothing where none failed since the start.
    pub last: Option<LastFailure>,
}

/// What an attempt failed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastFailure {
    /// What was said of it.
    pub said: String,
    /// What to look at.
    pub advice: String,
    /// Whether the authority said when it may be asked again, so that a start asks no sooner.
    pub is_held: bool,
}

/// All names that certificates are asked for.
#[derive(Debug, Default)]
pub(super) struct Standings(Mutex<BTreeMap<Box<str>, Standing>>);

impl LastFailure {
    pub(super) fn new(failure: &Failure, name: &str, challenge: Challenge) -> Self {
        let advice = failure.reason.advice(name, challenge);
        Self { said: failure.to_string(), advice, is_held: failure.until.is_some() }
    }
}

impl Standings {
    /// These names and no others, as their plans have them. Of a name that was known what it failed for last is still true.
    pub(super) fn begin<'a>(&self, names: impl Iterator<Item = (&'a str, u32, Timestamp)>) {
        let mut standings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = std::mem::take(&mut *standings);
        standings.extend(names.map(|(name, failures, again)| {
            let last = known.remove(name).and_then(|standing| standing.last).filter(|_| failures > 0);
            (name.into(), Standing { failures, again, last })
        }));
    }

    /// How a name stands after an attempt, unless it is none of them any more.
    pub(super) fn put(&self, name: &str, standing: Standing) {
        let mut standings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = standings.get_mut(name) {
            *known = standing;
        }
    }

    pub(super) fn all(&self) -> Vec<(String, Standing)> {
        let standings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        standings.iter().map(|(name, standing)| (name.to_string(), standing.clone())).collect()
    }
}
