//! When a name is asked for, on days of the year 2026.

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
fn a_clock_that_was_ahead_holds_nothing_up_once_it_is_right() {
    let (ahead, now) = (at("2056-09-02"), at("2026-09-02"));
    let mut plan = Plan::default();
    plan.trying(ahead, JITTER_PERCENT);
    plan.failed(Some(ahead.plus(FIRST_RETRY * 2)), true);
    plan.take_window(None, ahead, 0);
    let written = plan.clone();
    assert!(!plan.set_right(ahead), "there was nothing wrong");
    assert!(plan.set_right(now));
    assert_eq!(plan.due(None), now.plus(FIRST_RETRY * 2), "the pauses are as long as they were");
    assert!(!plan.is_look_due(now) && plan.is_look_due(now.plus(LOOK_AGAIN.1)));
    assert!(!plan.set_right(now.plus(FIRST_RETRY)), "once is enough");
    let mut many = written;
    (many.failures, many.held) = (100, None);
    many.trying(ahead, 0);
    assert!(many.set_right(now));
    assert!(many.due(None) <= now.plus(LONGEST_RETRY) && many.begun_again().due(None) == now.plus(AFTER_START));
    let behind = Timestamp::from_seconds(EARLIEST - 1);
    let mut waiting = Plan { held: Some(now), retry: Some(now), failures: 1, ..Plan::default() };
    assert!(!waiting.set_right(behind) && waiting.due(None) == now, "who is behind knows nothing better");
    let mut alone = Plan { held: Some(ahead), retry: Some(ahead), failures: 1, ..Plan::default() };
    assert!(alone.set_right(now));
    assert_eq!(alone.due(None), now.plus(LONGEST_HOLD));
}

#[test]
fn after_a_certificate_came_none_is_asked_for_at_once_however_due_it_is() {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let check = |end: &str, rest: Duration| {
        let facts = Facts { not_after: at(end), ..facts() };
        // The clock of this machine is past the new certificate's nine tenths.
        let now = at(end);
        let mut plan = Plan::succeeded(Http01, &facts, now);
        plan.take_window(Some(Window { start: at("2026-09-01"), end: at("2026-09-01"), ask_again: hours(1) }), now, 0);
        assert_eq!(plan.due(Some(&facts)), now.plus(rest), "{end}");
        assert_eq!(plan.clone().begun_again().due(Some(&facts)), now.plus(rest), "a start changes nothing");
        assert_eq!(plan.due(None), Timestamp::default(), "where the certificate is gone, that is another matter");
    };
    check("2026-11-30", hours(90 * 24) / 100);
    check("2031-09-01", hours(24));
    check("2026-09-02", hours(1));
    check("2026-09-01T01:30:00Z", hours(1) / 2);
    let healthy = |now: &str| Plan::succeeded(Http01, &facts(), at(now)).due(Some(&facts()));
    assert_eq!(healthy("2026-09-01"), at("2026-10-31"), "two thirds are far beyond it");
    assert_eq!(["2026-09-01", "2026-11-01"].map(|now| is_due_as_it_comes(&facts(), at(now))), [false, true]);
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
    let worked = Plan::succeeded(TlsAlpn01, &facts(), at("2026-09-02"));
    assert_eq!(worked.challenge(&both), TlsAlpn01);
    assert_eq!(worked.challenge(&[Http01]), Http01, "the configuration was changed");
}

#[test]
fn a_plan_is_read_as_it_was_written() {
    let mut plan = Plan::succeeded(TlsAlpn01, &facts(), at("2026-09-01"));
    plan.trying(at("2026-09-02"), 1);
    plan.failed(Some(at("2026-09-04")), true);
    let window = Window { start: at("2026-10-01"), end: at("2026-10-02"), ask_again: Duration::ZERO };
    plan.take_window(Some(window), at("2026-09-02"), 5);
    let text = serde_json::to_string(&plan).unwrap();
    assert!(text.contains("\"tried\":\"2026-09-02T00:00:00.000Z\"") && text.contains("tls-alpn-01"), "{text}");
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    assert_eq!(serde_json::from_str::<Plan>("{}").unwrap(), Plan::default());
}
