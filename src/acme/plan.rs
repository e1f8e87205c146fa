//! When a name's certificate is asked for next: by the authority's own word (RFC 9773), at two thirds of its life, or some time after a
//! failure. Pure: the moment and the randomness are passed in.

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
    /// When the last of them began.
    #[serde(with = "moment", skip_serializing_if = "Option::is_none")]
    tried: Option<Timestamp>,
    /// Whether that failed before the authority had anything to count.
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
        let pause = if self.uncounted { AFTER_START_UNCOUNTED } else { AFTER_START };
        let soon = self.tried.map(|tried| tried.plus(pause));
        self.retry = self.retry.min(soon);
        self
    }

    /// Forgets what an attempt left that lies ahead: the clock was wrong then, and whoever waited for it to come to that again would wait for
    /// years. What an attempt leaves is short, so that a clock that is set right by a little changes nothing.
    pub(super) fn set_right(&mut self, now: Timestamp) {
        if self.tried.is_some_and(|tried| tried > now.plus(FIRST_RETRY)) {
            (self.tried, self.retry, self.held) = (None, None, None);
        }
        self.look = self.look.filter(|look| *look <= now.plus(LOOK_AGAIN.1));
    }

    /// When to ask for a certificate: at once where there is none.
    pub(super) fn due(&self, facts: Option<&Facts>) -> Timestamp {
        let wanted = facts.map_or(Timestamp::default(), |facts| {
            // Whatever a window says: a certificate that ends must be renewed before.
            self.renew.map_or_else(|| part_of(facts, 2, 3), |renew| renew.min(part_of(facts, 9, 10)))
        });
        wanted.max(self.retry.unwrap_or_default()).max(self.held.unwrap_or_default())
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
    pub(super) fn succeeded(challenge: Challenge) -> Self {
        Self { challenge: Some(challenge), ..Self::default() }
    }
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

#[cfg(test)]
mod tests {
    use Challenge::{Http01, TlsAlpn01};

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    /// Ninety days from the first of September.
    fn facts() -> Facts {
        Facts { names: Vec::new(), not_before: at("2026-09-01"), not_after: at("2026-11-30") }
    }

    #[test]
    fn what_failed_while_the_clock_was_ahead_is_tried_again_when_it_is_right() {
        let (ahead, right) = (at("2056-11-22"), at("2026-11-22"));
        let mut plan = Plan { look: Some(ahead.plus(LOOK_AGAIN.0)), ..Plan::default() };
        plan.trying(ahead, 0);
        plan.failed(Some(ahead.plus(LONGEST_RETRY)), true);
        let mut after_start = plan.clone().begun_again();
        for plan in [&mut plan, &mut after_start] {
            assert!(plan.due(Some(&facts())) > ahead && !plan.is_look_due(right));
            plan.set_right(right);
            assert_eq!((plan.due(None), plan.failures), (Timestamp::default(), 1));
            assert!(plan.is_look_due(right));
        }
        // A little is no other clock.
        plan.trying(right.plus(FIRST_RETRY), 0);
        let due = plan.due(None);
        plan.set_right(right);
        assert_eq!(plan.due(None), due);
    }

    #[test]
    fn without_a_word_of_the_authority_two_thirds_of_a_life_are_waited_for() {
        assert_eq!(Plan::default().due(None), Timestamp::default());
        assert_eq!(Plan::default().due(Some(&facts())), at("2026-10-31"));
        let short = Facts { not_after: at("2026-09-07"), ..facts() };
        assert_eq!(Plan::default().due(Some(&short)), at("2026-09-05"));
        let backwards = Facts { not_after: at("2026-08-01"), ..facts() };
        assert_eq!(Plan::default().due(Some(&backwards)), at("2026-09-01"));
    }

    #[test]
    fn a_moment_of_the_authoritys_window_is_drawn_once_for_each_window() {
        let (now, hour) = (at("2026-09-02"), Duration::from_secs(3600));
        let window = |start: &str, end: &str| Window { start: at(start), end: at(end), ask_again: hour * 6 };
        let mut plan = Plan::default();
        assert!(plan.is_look_due(now));
        plan.take_window(Some(window("2026-10-01", "2026-10-03")), now, 3_600_000);
        assert_eq!(plan.due(Some(&facts())), at("2026-10-01T01:00:00Z"));
        assert_eq!([now.plus(hour * 5), now.plus(hour * 6)].map(|now| plan.is_look_due(now)), [false, true]);
        plan.take_window(Some(window("2026-10-01", "2026-10-03")), now, 7);
        assert_eq!(plan.due(Some(&facts())), at("2026-10-01T01:00:00Z"), "the window stands, and so does the moment");
        plan.take_window(None, now, 7);
        assert_eq!(plan.due(Some(&facts())), at("2026-10-01T01:00:00Z"), "silence changes nothing");
        plan.take_window(Some(window("2026-09-01", "2026-09-01")), now, u64::MAX);
        assert_eq!(plan.due(Some(&facts())), at("2026-09-01"), "a window that is past means now");
        plan.take_window(Some(window("2030-01-01", "2030-01-02")), now, 0);
        assert_eq!(plan.due(Some(&facts())), at("2026-11-21"), "nine tenths of its life are the last moment");
    }

    #[test]
    fn a_window_that_means_nothing_is_none_and_the_authority_is_asked_neither_too_often_nor_too_rarely() {
        let now = at("2026-09-02");
        let check = |ask_again: u64, hours: u64| {
            let mut plan = Plan::default();
            let ask_again = Duration::from_secs(ask_again);
            plan.take_window(Some(Window { start: at("2026-10-01"), end: at("2026-10-02"), ask_again }), now, 0);
            assert_eq!(plan.look, Some(now.plus(Duration::from_secs(hours * 3600))), "{ask_again:?}");
        };
        check(0, 1);
        check(6 * 3600, 6);
        check(u64::MAX, 24);
        let mut plan = Plan::default();
        let backwards = Window { start: at("2026-10-02"), end: at("2026-10-01"), ask_again: Duration::ZERO };
        plan.take_window(Some(backwards), now, 0);
        assert_eq!((plan.renew, plan.due(Some(&facts()))), (None, at("2026-10-31")));
    }

    #[test]
    fn a_name_that_fails_is_left_alone_for_longer_each_time() {
        let minutes = |failures, random| pause(failures, random).as_secs() / 60;
        let middle = JITTER_PERCENT;
        assert_eq!([1, 2, 3, 4, 8, 9, 100].map(|failures| minutes(failures, middle)), [5, 10, 20, 40, 640, 720, 720]);
        assert_eq!([0, 40, 41].map(|random| minutes(1, random)), [4, 6, 4], "a fifth less to a fifth more");
        let now = at("2026-09-02");
        let mut plan = Plan::default();
        plan.trying(now, middle);
        assert_eq!(plan.due(None), now.plus(FIRST_RETRY));
        plan.failed(Some(at("2026-09-03")), false);
        assert_eq!(plan.due(None), at("2026-09-03"), "the authority's word goes before");
        assert_eq!(plan.clone().begun_again().due(None), at("2026-09-03"), "after a start too");
    }

    #[test]
    fn a_start_shortens_the_pause_but_not_below_what_an_authority_allows() {
        let now = at("2026-09-02");
        let mut plan = Plan::default();
        for _ in 0..10 {
            plan.trying(now, JITTER_PERCENT);
        }
        assert_eq!(plan.due(None), now.plus(LONGEST_RETRY));
        assert_eq!(plan.clone().begun_again().due(None), now.plus(AFTER_START), "it may have ended with the process");
        plan.failed(None, true);
        assert_eq!(plan.clone().begun_again().due(None), now.plus(AFTER_START));
        plan.failed(None, false);
        assert_eq!(plan.clone().begun_again().due(None), now.plus(AFTER_START_UNCOUNTED));
        let mut young = Plan::default();
        young.trying(now, JITTER_PERCENT);
        assert_eq!(young.begun_again().due(None), now.plus(FIRST_RETRY));
        assert_eq!(Plan::default().begun_again().due(None), Timestamp::default());
    }

    #[test]
    fn challenges_are_tried_in_turn_and_the_one_that_worked_goes_first() {
        let both = [Http01, TlsAlpn01];
        let mut plan = Plan::default();
        let mut tried = Vec::new();
        for was_to_be_proved in [true, false, true, true] {
            tried.push(plan.challenge(&both));
            plan.trying(at("2026-09-02"), 0);
            plan.failed(None, was_to_be_proved);
        }
        assert_eq!(tried, [Http01, TlsAlpn01, TlsAlpn01, Http01]);
        assert_eq!(Plan::succeeded(TlsAlpn01).challenge(&both), TlsAlpn01);
        assert_eq!(Plan::succeeded(TlsAlpn01).challenge(&[Http01]), Http01, "the configuration was changed");
    }

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let mut plan = Plan::succeeded(TlsAlpn01);
        plan.trying(at("2026-09-02"), 1);
        plan.failed(Some(at("2026-09-04")), true);
        let window = Window { start: at("2026-10-01"), end: at("2026-10-02"), ask_again: Duration::ZERO };
        plan.take_window(Some(window), at("2026-09-02"), 5);
        let text = serde_json::to_string(&plan).unwrap();
        assert!(text.contains("\"tried\":\"2026-09-02T00:00:00.000Z\"") && text.contains("tls-alpn-01"), "{text}");
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
        assert_eq!(serde_json::from_str::<Plan>("{}").unwrap(), Plan::default());
    }
}
