//! What each kind of visitor may be given, as stories.

use super::*;
use crate::{
    consent::{Category, ConsentId, Edition, EditionId, Editions},
    ledger::LeafIndex,
    timestamp::Term,
    visitor::Destination,
};

const NOW: &str = "2026-11-22T10:00:00Z";

fn settings(model: Model) -> Settings {
    let both: CategorySet = [Category::Functional, Category::Analytical].into_iter().collect();
    let edition = |id: &str, date: &str, asks_again| Edition {
        id: EditionId::parse(id).unwrap(),
        effective: Timestamp::parse(date).unwrap(),
        categories: both,
        asks_again,
    };
    Settings {
        model,
        opt_in_countries: vec![Country::parse("DE").unwrap()],
        offer: both,
        valid_for: Term { months: 6, days: 0 },
        editions: Editions::new(vec![edition("first", "2026-01-01", false), edition("second", "2026-09-01", true)])
            .unwrap(),
    }
}

fn record(edition: &str, date: &str) -> Record {
    Record {
        consent_id: ConsentId::from_bytes([1; 16]),
        offered: settings(Model::OptIn).offer,
        allowed: CategorySet::EMPTY.with(Category::Analytical),
        time: Timestamp::parse(date).unwrap(),
        leaf: Some(LeafIndex(3)),
        edition: EditionId::parse(edition).unwrap(),
    }
}

/// A person who clicked a link on the site, without record.
fn click() -> Evidence {
    Evidence {
        record: None,
        shown: None,
        method: Method::GET,
        fetch: Fetch {
            site: FetchSite::SameOrigin,
            navigates: true,
            destination: Destination::Document,
            user_activated: true,
            speculative: false,
        },
        signals: Signals::default(),
        country: Country::parse("KZ"),
        agent: Some(AgentFamily::Firefox),
    }
}

fn decided(settings: &Settings, evidence: Evidence) -> Decision {
    decide(settings, evidence, Timestamp::parse(NOW).unwrap())
}

#[test]
fn a_choice_allows_what_it_names_and_the_site_still_offers() {
    let decision =
        decided(&settings(Model::OptIn), Evidence { record: Some(record("second", "2026-10-01")), ..click() });
    assert_eq!(decision.reason, Reason::Answered);
    assert_eq!(decision.consent_header(settings(Model::OptIn).offer), "answered=?1, functional=?0, analytical=?1");
    let mut poorer = settings(Model::OptIn);
    poorer.offer = CategorySet::EMPTY.with(Category::Functional);
    let decision = decided(&poorer, Evidence { record: Some(record("second", "2026-10-01")), ..click() });
    assert_eq!(decision.allowed, CategorySet::EMPTY);
}

#[test]
fn a_record_ends_with_its_term_and_with_an_edition_that_asks_again() {
    let reason = |edition, date| {
        let decision = decided(&settings(Model::OptIn), Evidence { record: Some(record(edition, date)), ..click() });
        assert!(decision.reason == Reason::Answered || decision.allowed.is_empty());
        decision.reason
    };
    assert_eq!(reason("second", "2026-10-01"), Reason::Answered);
    assert_eq!(reason("first", "2026-08-01"), Reason::AskedAgain);
    assert_eq!(reason("second", "2026-05-22"), Reason::Expired);
    assert_eq!(reason("second", "2027-01-01"), Reason::Expired);
    assert_eq!(reason("unheard", "2026-10-01"), Reason::AskedAgain);
}

#[test]
fn while_an_edition_asks_again_cookies_are_held_back_and_not_deleted() {
    let decision =
        decided(&settings(Model::OptIn), Evidence { record: Some(record("first", "2026-08-01")), ..click() });
    assert!(decision.asks() && !decision.expires_leftovers());
}

#[test]
fn the_post_back_from_a_payment_page_is_no_missing_choice() {
    let cross_site = Fetch { site: FetchSite::CrossSite, ..click().fetch };
    let check = |method, fetch, expected| {
        let decision = decided(&settings(Model::OptIn), Evidence { method, fetch, ..click() });
        assert_eq!(decision.reason, expected);
        if expected == Reason::CouldNotCarry {
            assert!(!decision.asks() && !decision.expires_leftovers() && decision.allowed.is_empty());
        }
    };
    check(Method::POST, cross_site, Reason::CouldNotCarry);
    check(Method::GET, Fetch { destination: Destination::Frame, ..cross_site }, Reason::CouldNotCarry);
    check(
        Method::GET,
        Fetch { navigates: false, destination: Destination::Other, ..cross_site },
        Reason::CouldNotCarry,
    );
    check(Method::GET, cross_site, Reason::Unanswered);
    check(Method::POST, click().fetch, Reason::Unanswered);
    check(Method::POST, Fetch::ABSENT, Reason::Unanswered);
}

#[test]
fn a_signal_counts_as_a_refusal_until_the_visitor_chooses() {
    let signals = Signals { global_privacy_control: true, do_not_track: false };
    let decision = decided(&settings(Model::OptIn), Evidence { signals, ..click() });
    assert_eq!(decision.reason, Reason::Signalled);
    assert!(!decision.asks() && decision.answered() && decision.allowed.is_empty());
    let record = Some(record("second", "2026-10-01"));
    let decision = decided(&settings(Model::OptIn), Evidence { signals, record, ..click() });
    assert!(decision.allowed.contains(Category::Analytical));
}

#[test]
fn going_on_implies_consent_only_where_everything_fits() {
    let shown = |edition: &str| {
        Some(ShownMark { edition: EditionId::parse(edition).unwrap(), time: Timestamp::parse(NOW).unwrap() })
    };
    let fits = || Evidence { shown: shown("second"), ..click() };
    let check = |model, evidence, expected| {
        let decision = decided(&settings(model), evidence);
        assert_eq!(decision.reason, expected);
        assert!(decision.allowed.is_empty(), "nothing is allowed before it is recorded");
    };
    check(Model::Notice, fits(), Reason::Implied);
    check(Model::OptIn, fits(), Reason::Unanswered);
    check(Model::Notice, Evidence { shown: None, ..fits() }, Reason::Unanswered);
    check(Model::Notice, Evidence { shown: shown("first"), ..fits() }, Reason::Unanswered);
    check(Model::Notice, Evidence { country: None, ..fits() }, Reason::Unanswered);
    check(Model::Notice, Evidence { country: Country::parse("DE"), ..fits() }, Reason::Unanswered);
    check(Model::Notice, Evidence { agent: Some(AgentFamily::Robot), ..fits() }, Reason::Unanswered);
    check(Model::Notice, Evidence { method: Method::POST, ..fits() }, Reason::Unanswered);
    check(
        Model::Notice,
        Evidence { fetch: Fetch { user_activated: false, ..fits().fetch }, ..fits() },
        Reason::Unanswered,
    );
    check(Model::Notice, Evidence { fetch: Fetch { speculative: true, ..fits().fetch }, ..fits() }, Reason::Unanswered);
    check(
        Model::Notice,
        Evidence { fetch: Fetch { site: FetchSite::None, ..fits().fetch }, ..fits() },
        Reason::Unanswered,
    );
    check(Model::Notice, Evidence { fetch: Fetch::ABSENT, ..fits() }, Reason::Unanswered);
    let signals = Signals { global_privacy_control: false, do_not_track: true };
    check(Model::Notice, Evidence { signals, ..fits() }, Reason::Signalled);
}
