//! When a name's certificate is asked for next: by the authority's own word (RFC 9773), at two thirds of its life, or some time after a
//! failure. Pure: the moment and the randomness are passed in.

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Challenge, Facts};
use crate::timestamp::Timestamp;

/// How long a name is left alone after it failed, at first and at most: twice as long each time. With the first an authority that allows
/// five failures an hour is asked four times in the first hour, and twice a day in the end.
const FIRST_RETRY: Duration = Duration::from_secs(5 * 60);
const LONGEST_RETRY: Duration = Duration::from_secs(12 * 60 * 60);

/// By how much of it that time is changed at random, up or down, in percent: so that machines that failed together don't come together.
const JITTER_PERCENT: u64 = 20;

/// After a start a name that failed before is tried as soon as this time has passed: whoever starts again may have mended something, and
/// whoever starts again and again still asks at most five times an hour. What failed before a name was to be proved, such as a missing
/// agreement to terms, no authority counts, so that the shorter time is enough.
const AFTER_START: Duration = Duration::from_secs(12 * 60);
const AFTER_START_UNCOUNTED: Duration = Duration::from_secs(60);

/// How long a name is left alone after a certificate came, however due the new one is, as with a clock that is months ahead: a hundredth of its
/// life within these bounds, but never more than a third of it.
const REST: (Duration, Duration) = (Duration::from_secs(60 * 60), LONGEST_PAUSE);

/// No pause of ours is longer, chance included.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// For how long an authority is left alone at most because it said so: its longest limits count a week.
pub(super) const LONGEST_HOLD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The beginning of 2026, in seconds: a clock that shows a time before is wrong, since there was no Kelisim then.
const EARLIEST: i64 = 1_767_225_600;

/// How often the authority is asked when to renew, at most and at least, whatever it says (RFC 9773, section 4.3.3).
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_secs(60 * 60), Duration::from_secs(24 * 60 * 60));

/// When it is asked again after it did not say.
const LOOK_AGAIN_UNSAID: Duration = Duration::from_secs(6 * 60 * 60);

/// What is known of one name from one look to the next, and from one run to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Plan {
    /// Attempts that failed since the last that did not.
    pub(super) failures: u32,
    /// When the last attempt began.
    #[serde(with = "moment", skip_serializing_if = "Option::is_none")]
    tried: Option<Timestamp>,
    /// Whether it failed before the authority had anything to count.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    uncounted: bool,
    /// Before this nothing is tried again.
    #[serde(with = "moment", skip_serializing_if = "Option::is_none")]
    retry: Option<Timestamp>,
    /// Nor before this, since the authority said so.
    #[serde(with = "moment", skip_serializing_if = "Option::is_none")]
    held: Option<Timestamp>,
    /// How often a challenge failed since one worked.
    turns: u32,
    /// The challenge that worked last.
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<Challenge>,
    /// The moment to renew, drawn from the authority's window, with that window.
    #[serde(with = "moment", skip_serializing_if = "Option::is_none")]
    renew: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<(i64, i64)>,
    /// When the authority is asked for its window again.
    #[serde(with = "moment", skip_serializing_if = "Option::is_none")]
    look: Option<Timestamp>,
}

/// When the authority would like a certificate to be renewed, and when it wants to be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) ask_again: Duration,
}

impl Plan {
    /// The plan after a start.
    pub(super) fn begun_again(mut self) -> Self {
        if self.failures > 0 {
            let pause = if self.uncounted { AFTER_START_UNCOUNTED } else { AFTER_START };
            let soon = self.tried.map(|tried| tried.plus(pause));
            self.retry = self.retry.min(soon);
        }
        self
    }

    /// Takes back what was written by a clock that was ahead, and tells whether there was any. What was tried at a moment that is still to come
    /// counts as tried now, with the pauses that followed; and nothing waits for longer than this clock could have said. A clock that is itself
    /// plainly behind, as that of a board without a battery is at its start, takes nothing back.
    pub(super) fn set_right(&mut self, now: Timestamp) -> bool {
        if now.seconds() < EARLIEST {
            return false;
        }
        let before = self.clone();
        if let Some(tried) = self.tried.filter(|tried| *tried > now) {
            let back = |moment: Timestamp| now.plus(since(tried, moment));
            self.tried = Some(now);
            self.retry = self.retry.map(back);
            self.held = self.held.map(back);
        }
        let within = |moment: Option<Timestamp>, longest: Duration| moment.map(|moment| moment.min(now.plus(longest)));
        self.retry = within(self.retry, LONGEST_PAUSE);
        self.held = within(self.held, LONGEST_HOLD);
        self.look = within(self.look, LOOK_AGAIN.1);
        *self != before
    }

    /// When to ask for a certificate: at once where there is none.
    pub(super) fn due(&self, facts: Option<&Facts>) -> Timestamp {
        let wanted = facts.map_or(Timestamp::default(), |facts| {
            // Whatever a window says: a certificate that ends must be renewed before.
            self.renew.map_or_else(|| part_of(facts, 2, 3), |renew| renew.min(part_of(facts, 9, 10)))
        });
        // What came and is gone again is not rested from.
        let retry = self.retry.filter(|_| self.failures > 0 || facts.is_some());
        wanted.max(retry.unwrap_or_default()).max(self.held.unwrap_or_default())
    }

    /// Whether to ask the authority when to renew.
    pub(super) fn is_look_due(&self, now: Timestamp) -> bool {
        self.look.is_none_or(|look| look <= now)
    }

    /// What the authority said. A moment that was drawn stays while its window does.
    pub(super) fn take_window(&mut self, window: Option<Window>, now: Timestamp, random: u64) {
        let Some(Window { start, end, ask_again }) = window.filter(|window| window.start <= window.end) else {
            self.look = Some(now.plus(LOOK_AGAIN_UNSAID));
            return;
        };
        let stands = Some((start.seconds(), end.seconds()));
        if self.window != stands || self.renew.is_none() {
            let length = end.milliseconds() - start.milliseconds() + 1;
            let offset = random % u64::try_from(length).unwrap_or(1);
            self.renew = Some(start.plus(Duration::from_millis(offset)));
            self.window = stands;
        }
        self.look = Some(now.plus(ask_again.clamp(LOOK_AGAIN.0, LOOK_AGAIN.1)));
    }

    /// The challenge to try: the one that worked, or the first, and where that failed the next.
    pub(super) fn challenge(&self, challenges: &[Challenge]) -> Challenge {
        let first = self.challenge.and_then(|worked| challenges.iter().position(|one| *one == worked)).unwrap_or(0);
        challenges[(first + self.turns as usize) % challenges.len()]
    }

    /// The plan if what begins now fails. It is kept before anything is asked: an attempt that ends with the process was one too.
    pub(super) fn trying(&mut self, now: Timestamp, random: u64) {
        self.failures = self.failures.saturating_add(1);
        self.uncounted = false;
        self.tried = Some(now);
        self.retry = Some(now.plus(pause(self.failures, random)));
    }

    /// What began failed. The authority may want to be left alone until then; and either the name was to be proved, so that another challenge
    /// may do better, or it did not come to that.
    pub(super) fn failed(&mut self, until: Option<Timestamp>, was_to_be_proved: bool) {
        self.held = until;
        self.uncounted = !was_to_be_proved;
        self.turns = self.turns.saturating_add(u32::from(was_to_be_proved));
    }

    /// The plan after a certificate came.
    pub(super) fn succeeded(challenge: Challenge, facts: &Facts, now: Timestamp) -> Self {
        let life = since(facts.not_before, facts.not_after);
        let rest = (life / 100).clamp(REST.0, REST.1).min(life / 3);
        Self { challenge: Some(challenge), tried: Some(now), retry: Some(now.plus(rest)), ..Self::default() }
    }
}

/// Whether a certificate that has just come is to be renewed already: then one of the clocks is wrong.
pub(super) fn is_due_as_it_comes(facts: &Facts, now: Timestamp) -> bool {
    Plan::default().due(Some(facts)) <= now
}

/// How long other names wait when one failed for a reason that is theirs too.
pub(super) const fn common_pause() -> Duration {
    FIRST_RETRY
}

/// The pause after so many failures.
fn pause(failures: u32, random: u64) -> Duration {
    let doubled = FIRST_RETRY.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_RETRY);
    let percent = 100 - JITTER_PERCENT + random % (2 * JITTER_PERCENT + 1);
    doubled * u32::try_from(percent).unwrap_or(100) / 100
}

/// How long a moment is after another; nothing where it is not.
fn since(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(later.milliseconds().saturating_sub(earlier.milliseconds())).unwrap_or(0))
}

/// The moment at which this part of a certificate's life is over.
fn part_of(facts: &Facts, over: i64, under: i64) -> Timestamp {
    let (start, end) = (facts.not_before.milliseconds(), facts.not_after.milliseconds());
    Timestamp::from_milliseconds(start + end.saturating_sub(start).max(0) / under * over)
}

/// A moment as RFC 3339 has it, so that a person can read the file.
mod moment {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Timestamp;

    pub(super) fn serialize<S: Serializer>(moment: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match moment {
            Some(moment) => serializer.collect_str(moment),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.and_then(|text| Timestamp::parse(&text)))
    }
}
