//! The receipt page, its question and its confirmation, in every language.

use super::{practice, script};
use crate::{
    consent::{Category, CategorySet, Model},
    ledger::{Event, KeyKind, LeafIndex, NoticeId, VerifierKey, samples},
    pages::{
        ChoiceView, ErasedLeaf, ErasedView, HistoryLine, ReceiptView, Recorded, ReturnPath, SitePages, Standing,
        Whereabouts, visible::visible_text,
    },
    timestamp::{Term, Timestamp},
    visitor::Language,
};

fn pages() -> SitePages {
    SitePages::build(&practice(), [1; 32], script())
}

/// The page that says this.
fn page(language: Language, to: &str, recorded: Option<Recorded<'_>>) -> String {
    let key = VerifierKey::new("practice.example/log", KeyKind::Log, [7; 32]).unwrap();
    let to = ReturnPath::new(to, "/_kelisim/");
    let kept_for = Term { months: 36, days: 0 };
    pages().receipt_page(language, &ReceiptView { to: &to, model: Model::OptIn, kept_for, key: &key, recorded })
}

/// What an event says that was chosen.
fn chosen(event: &Event) -> ChoiceView<'_> {
    ChoiceView {
        allowed: event.allowed,
        offered: event.offered,
        time: event.time,
        valid_until: event.valid_until,
        edition: &event.edition,
    }
}

/// A refusal that a browser holds, whose event is there.
fn refused<'a>(event: &'a Event, whereabouts: Whereabouts<'a>, kept: usize) -> Recorded<'a> {
    let choice = ChoiceView { allowed: CategorySet::EMPTY, ..chosen(event) };
    Recorded { consent_id: event.consent_id, choice, in_force: true, whereabouts, history: Vec::new(), kept }
}

/// The page of a visitor who first opened a frame, then chose; an event of before is deleted.
fn receipt(language: Language, recorded: bool, kept: usize) -> String {
    let (choice, frame) = (samples::event(3), samples::opened_frame(3));
    let line = |index, event, standing| HistoryLine::Kept { index: LeafIndex(index), event, before: None, standing };
    let recorded = recorded.then(|| Recorded {
        consent_id: choice.consent_id,
        choice: chosen(&choice),
        in_force: true,
        whereabouts: Whereabouts::InLog(LeafIndex(9), &choice),
        history: vec![
            HistoryLine::Removed { index: LeafIndex(4), on: Timestamp::parse("2026-11-02").unwrap() },
            line(8, &frame, Standing::Ended),
            line(9, &choice, Standing::InForce),
        ],
        kept,
    });
    page(language, "/prices?a=1&b=2", recorded)
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
        let line = HistoryLine::Kept { index: LeafIndex(9), event: &event, before: None, standing };
        let whereabouts = Whereabouts::InLog(LeafIndex(9), &event);
        let recorded = Recorded { history: vec![line], ..refused(&event, whereabouts, 1) };
        let page = page(language, "/", Some(recorded));
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
    let page = page(Language::En, "/", Some(refused(&event, Whereabouts::Waiting, 0)));
    assert!(page.contains("allowed nothing optional") && !page.contains("Withdraw consent"));
    assert!(page.contains("on its way into the log") && !page.contains("no record"));
    assert!(!page.contains("download=proof") && page.contains("value=\"erase\""));
}

#[test]
fn a_refusal_without_a_record_is_not_said_to_be_on_its_way() {
    let event = samples::event(3);
    for language in Language::ALL {
        let [waits, gone, gone_alone] = [(Whereabouts::Waiting, 0), (Whereabouts::Gone, 2), (Whereabouts::Gone, 0)]
            .map(|(whereabouts, kept)| page(language, "/", Some(refused(&event, whereabouts, kept))));
        let term = phrases_of_three_years(language);
        for page in [&gone, &gone_alone] {
            assert!(!page.contains("download=") && page.contains("/_kelisim/settings?language="), "{language}");
        }
        assert!(waits.contains(term) && gone.contains(term), "{language}: what there is, is kept for a term");
        for promise in [term, "data-kelisim-consent-id", "value=\"erase\""] {
            assert!(!gone_alone.contains(promise), "{language}: nothing is kept, found or erased: {promise}");
        }
    }
    let english = page(Language::En, "/", Some(refused(&event, Whereabouts::Gone, 0)));
    for words in ["Your refusal is respected", "no record", "Nothing else is recorded", "Answer anew"] {
        assert!(english.contains(words), "{words}");
    }
    assert!(!english.contains("on its way"));
}

fn phrases_of_three_years(language: Language) -> &'static str {
    match language {
        Language::Ru => "3 года",
        Language::Kk => "3 жыл",
        Language::En => "3 years",
    }
}

#[test]
fn a_withdrawal_says_what_was_taken_back_and_what_stays() {
    let analytical = CategorySet::EMPTY.with(Category::Analytical);
    let both = analytical.with(Category::Functional);
    let told = |language, allowed, before| {
        let event = Event { allowed, ..samples::withdrawal(3, LeafIndex(4)) };
        let line = HistoryLine::Kept { index: LeafIndex(9), event: &event, before, standing: Standing::InForce };
        let whereabouts = Whereabouts::InLog(LeafIndex(9), &event);
        let page = page(language, "/", Some(Recorded { history: vec![line], ..refused(&event, whereabouts, 1) }));
        let row = page.split_once("<tbody>").unwrap().1;
        let cell = |name: &str| {
            let cell = row.split_once(&format!("data-label=\"{name}\">")).unwrap().1;
            cell.split('<').next().unwrap().to_owned()
        };
        let names = match language {
            Language::Ru => ["Что произошло", "Разрешено"],
            Language::Kk => ["Не болды", "Рұқсат берілген"],
            Language::En => ["What happened", "Allowed"],
        };
        let [what, allowed] = names.map(cell);
        assert_eq!(page.matches(&*what).count(), 2, "the data say the same as the history: {what}");
        assert!(page.contains(&format!("<dd>{allowed}</dd>")), "and so of what is allowed: {allowed}");
        (what, allowed)
    };
    let (what, allowed) = told(Language::Ru, analytical, Some(both));
    assert_eq!(what, "отозвано: функциональные; остаётся: аналитические");
    assert_eq!(allowed, "необходимые и аналитические");
    let (what, allowed) = told(Language::En, CategorySet::EMPTY, Some(both));
    assert_eq!(what, "withdrawn: functional and analytical; still allowed: necessary");
    assert_eq!(allowed, "necessary");
    assert_eq!(told(Language::Kk, analytical, Some(both)).0, "қайтарып алынғаны: функционалдық; қалғаны: аналитикалық");
    let event = Event { allowed: analytical, ..samples::withdrawal(3, LeafIndex(4)) };
    let line = HistoryLine::Kept { index: LeafIndex(9), event: &event, before: None, standing: Standing::InForce };
    let recorded = Recorded { history: vec![line], ..refused(&event, Whereabouts::Gone, 1) };
    assert!(page(Language::En, "/", Some(recorded)).contains(">withdrawal<small>"), "where it is gone nobody guesses");
}

#[test]
fn two_answers_of_one_minute_are_told_apart_by_their_seconds() {
    let page = receipt(Language::Ru, true, 2);
    assert!(page.contains(">22 ноября 2026 г., 10:00:00 UTC</time>"));
    assert!(page.contains("<dd>22 ноября 2026 г., 10:00:00 UTC</dd>"));
}

#[test]
fn a_receipt_is_checked_with_commands_that_stand_on_the_page_whole() {
    for language in Language::ALL {
        let page = receipt(language, true, 2);
        for program in ["kelisim log verify", "python3 verify.py"] {
            assert!(
                page.contains(&format!("{program} consent-9.tlog-proof --key practice.example/log+")),
                "{language}"
            );
        }
        let (before, after) = page.split_once("<details>").unwrap();
        assert!(before.contains("verify.py") && !before.contains("RFC 9162") && after.contains("RFC 9162"));
    }
}

#[test]
fn the_text_of_a_notice_is_shown_escaped_and_linked_from_every_record_that_names_it() {
    let event = samples::event(3);
    let page = receipt(Language::Kk, true, 2);
    assert_eq!(page.matches(&format!("&#38;notice={}\"", event.notice)).count(), 3, "the data, and two lines");
    let document = samples::notice().replace("Баптаулар", "<b>Баптаулар</b>");
    let shown = pages().notice_page(Language::En, (NoticeId([7; 32]), &document), &ReturnPath::default()).unwrap();
    for words in
        ["<p>[Қабылдау]</p>", "&#60;b&#62;Баптаулар", "[Келісімді қайтарып алу]", "*.video.example", "lang=\"kk\""]
    {
        assert!(shown.contains(words), "{words}");
    }
    assert!(shown.contains(&format!("notice={}&#38;download=json", event.notice)));
    let old = r#"{"banner":{"text":"We use cookies"}}"#;
    let old = pages().notice_page(Language::En, (NoticeId([7; 32]), old), &ReturnPath::default()).unwrap();
    assert!(old.contains("<p>We use cookies</p>") && old.matches("<section>").count() == 1);
    assert_eq!(pages().notice_page(Language::En, (NoticeId([7; 32]), "no JSON"), &ReturnPath::default()), None);
}

#[test]
fn what_the_log_keeps_of_the_page_of_records_stands_on_it() {
    let built = pages();
    for language in Language::ALL {
        let notice: serde_json::Value = serde_json::from_str(&built.notice(language, Model::OptIn).json).unwrap();
        let kept: Vec<_> =
            notice["layers"]["receipt"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let shown = visible_text(&receipt(language, true, 2));
        let places: Vec<_> = kept.iter().map(|line| shown.iter().position(|other| other == line)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{language}: {kept:?}");
        assert!(kept.last().unwrap().starts_with('['), "the button is the last of it");
    }
}
