//! Log lines about what strangers can repeat: each kind at most once in a while.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::timestamp::Timestamp;

/// How long a kind of line is not repeated, in milliseconds.
const REPEATED_AFTER: i64 = 60_000;

/// When each kind of line was written last. The kinds are statuses, so that there are few.
#[derive(Debug, Default)]
pub(super) struct Quiet(Mutex<BTreeMap<u16, Timestamp>>);

impl Quiet {
    /// Whether a line of this kind is to be written now.
    pub(super) fn due(&self, kind: u16, now: Timestamp) -> bool {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = |last: &Timestamp| now.milliseconds().saturating_sub(last.milliseconds());
        // A clock that went back must not make it silent.
        let due = written.get(&kind).is_none_or(|last| !(0..REPEATED_AFTER).contains(&elapsed(last)));
        if due {
            written.insert(kind, now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_line_is_written_once_a_minute() {
        let quiet = Quiet::default();
        let at = |seconds| Timestamp::from_seconds(seconds);
        let cases = [(404, 100, true), (404, 159, false), (403, 159, true), (404, 160, true), (404, 10, true)];
        for (kind, seconds, due) in cases {
            assert_eq!(quiet.due(kind, at(seconds)), due, "{kind} at {seconds}");
        }
    }
}
