//! The receipt page, its question and its confirmation, in every language.

use super::{practice, script};
use crate::{
    consent::{CategorySet, Model},
    ledger::{LeafIndex, samples},
    pages::{ChoiceView, ErasedLeaf, ErasedView, HistoryLine, ReceiptView, Recorded, ReturnPath, SitePages, Standing},
    timestamp::{Term, Timestamp},
    visitor::Language,
};

fn pages() -> SitePages {
    SitePages::build(&practice(), [1; 32], script())
}

/// The page of a visitor who first opened a frame, then chose; an event of before is deleted.
fn receipt(language: Language, recorded: bool, kept: usize) -> String {
    let (choice, frame) = (samples::event(3), samples::opened_frame(3));
    let to = ReturnPath::new("/prices?a=1&b=2", "/_kelisim/");
    let view =
        |recorded| ReceiptView { to: &to, model: Model::OptIn, kept_for: Term { months: 36, days: 0 }, recorded };
    let line = |index, event, standing| HistoryLine::Kept { index: LeafIndex(index), event, standing };
    let recorded = recorded.then(|| Recorded {
        consent_id: choice.consent_id,
        choice: ChoiceView {
            allowed: choice.allowed,
            offered: choice.offered,
            time: choice.time,
            valid_until: choice.valid_until,
            edition: &choice.edition,
        },
        in_force: true,
        event: Some((LeafIndex(9), &choice)),
        history: vec![
            HistoryLine::Removed { index: LeafIndex(4), on: Timestamp::parse("2026-11-02").unwrap() },
            line(8, &frame, Standing::Ended),
            line(9, &choice, Standing::InForce),
        ],
        kept,
    });
    pages().receipt_page(language, &view(recorded))
}

#[test]
fn every_field_of_a_record_is_on_the_page_in_words() {
    let event = samples::event(3);
    for language in Language::ALL {
        let page = receipt(language, true, 2);
        for value in [
            event.id.to_string(),
            event.consent_id.to_string(),
            event.notice.to_string(),
            "<dd>2026-01</dd>".to_owned(),
            "<dd>Қазақша</dd>".to_owned(),
            "<dd>/services</dd>".to_owned(),
            "<dd>Firefox</dd>".to_owned(),
            "<dd>Global Privacy Control</dd>".to_owned(),
            "maps.example".to_owned(),
        ] {
            assert!(page.contains(&value), "{language}: {value}");
        }
        for raw in ["banner_form", "expressed", "frame_form", "{", "data-kelisim-script"] {
            assert!(!page.contains(raw), "{language}: {raw}");
        }
        assert_eq!(
            page.matches("download=proof").count(),
            1 + 2,
            "{language}: one for the choice, one for each kept event"
        );
    }
    assert!(receipt(Language::Ru, true, 2).contains("удалена 2 ноября 2026 г."));
    assert!(!receipt(Language::En, true, 2).contains("newest records are shown"));
    assert!(receipt(Language::En, true, 312).contains("newest records are shown: 2 of 312."));
}

#[test]
fn a_line_of_the_history_says_what_ended_it() {
    let event = samples::event(3);
    let state = |language, standing| {
        let line = HistoryLine::Kept { index: LeafIndex(9), event: &event, standing };
        let choice = ChoiceView {
            allowed: event.allowed,
            offered: event.offered,
            time: event.time,
            valid_until: event.valid_until,
            edition: &event.edition,
        };
        let recorded = Recorded {
            consent_id: event.consent_id,
            choice,
            in_force: false,
            event: None,
            history: vec![line],
            kept: 1,
        };
        let view = ReceiptView {
            to: &ReturnPath::default(),
            model: Model::OptIn,
            kept_for: Term { months: 36, days: 0 },
            recorded: Some(recorded),
        };
        let page = pages().receipt_page(language, &view);
        let row = page.split_once("<tbody>").unwrap().1;
        row.split_once("<small>").unwrap().1.split_once("</small>").unwrap().0.to_owned()
    };
    let expired = Standing::Expired(Timestamp::parse("2027-05-22").unwrap());
    assert_eq!(state(Language::Ru, Standing::InForce), "действует");
    assert_eq!(state(Language::Ru, Standing::Ended), "больше не действует");
    assert_eq!(state(Language::Ru, expired), "срок истёк 22 мая 2027 г.");
    assert_eq!(state(Language::Kk, expired), "мерзімі өтті: 2027 жылғы 22 мамыр");
    assert_eq!(state(Language::En, expired), "its term ended on 22 May 2027");
    assert_eq!(state(Language::En, Standing::AskedAgain), "no longer in force: the policy has changed");
}

#[test]
fn where_nothing_is_recorded_there_is_nothing_to_erase() {
    for language in Language::ALL {
        let page = receipt(language, false, 0);
        assert!(!page.contains("<form") && !page.contains("download="), "{language}");
        assert!(page.contains("/_kelisim/log/checkpoint"));
    }
}

#[test]
fn question_and_confirmation_hold_what_they_need_and_nothing_inline() {
    let to = ReturnPath::new("/prices?a=1&b=2", "/_kelisim/");
    for language in Language::ALL {
        let question = pages().erasure_question_page(language, 2, &to);
        assert!(question.contains(r#"name="confirm" value="yes""#) && question.contains("download=proof"));
        assert!(question.contains(r#"name="to" value="/prices?a=1&#38;b=2""#));
        let leaves = vec![ErasedLeaf { leaf: LeafIndex(9), cause: LeafIndex(12) }];
        let view = |overwritten| ErasedView { to: &to, records: 1, overwritten, leaves: leaves.clone() };
        let erased = pages().erased_page(language, &view(true));
        assert!(erased.contains(r#"href="/_kelisim/log/proof/12""#));
        assert!(!erased.contains("<form"));
        assert!(pages().erased_page(language, &view(false)).len() > erased.len(), "that the rest follows is said");
        let many = ErasedView { records: 312, ..view(true) };
        assert!(pages().erased_page(language, &many).contains("312") && !erased.contains("312"));
        for page in [question, erased, receipt(language, true, 2)] {
            assert!(page.contains(r#"<link rel="stylesheet" href="/_kelisim/pages."#), "{language}");
            assert!(!page.contains("<h1>/"), "{language}");
            for inline in ["<style", " style=", "<script", " onclick", "<img", "src="] {
                assert!(!page.contains(inline), "{language}: {inline}");
            }
        }
    }
}

#[test]
fn a_choice_that_allows_nothing_has_no_purposes_and_nothing_to_withdraw() {
    let event = samples::event(3);
    let view = ReceiptView {
        to: &ReturnPath::default(),
        model: Model::OptIn,
        kept_for: Term { months: 36, days: 0 },
        recorded: Some(Recorded {
            consent_id: event.consent_id,
            choice: ChoiceView {
                allowed: CategorySet::EMPTY,
                offered: event.offered,
                time: event.time,
                valid_until: event.valid_until,
                edition: &event.edition,
            },
            in_force: false,
            event: None,
            history: Vec::new(),
            kept: 0,
        }),
    };
    let page = pages().receipt_page(Language::En, &view);
    assert!(page.contains("allowed nothing optional") && !page.contains("Withdraw consent"));
    assert!(page.contains("no longer in force") && page.contains("on its way into the log"));
    assert!(!page.contains("download=proof") && page.contains("value=\"erase\""));
}
