//! Settings, editions and messages.

use super::{practice, script};
use crate::{
    consent::{Category, CategorySet, EditionId, Model},
    ledger::NoticeFacts,
    pages::{
        CONTENT_SECURITY_POLICY, ChoiceView, EditionText, Message, ReturnPath, Settings, SettingsView, SitePages,
        error_page,
    },
    timestamp::Timestamp,
    visitor::{Language, Signals},
};

fn edition() -> EditionId {
    EditionId::parse("2026-11").unwrap()
}

fn settings_page(settings: &Settings, language: Language, allowed: Option<CategorySet>, signals: Signals) -> String {
    let to = ReturnPath::new("/prices?a=1&b=2", &settings.prefix);
    let edition = edition();
    let choice = allowed.map(|allowed| ChoiceView {
        allowed,
        offered: settings.offer,
        time: Timestamp::parse("2026-11-22T10:05:00Z").unwrap(),
        valid_until: Timestamp::parse("2027-05-22").unwrap(),
        edition: &edition,
    });
    let view = SettingsView { to: &to, model: settings.model, choice, signals, saved: false };
    SitePages::build(settings, [1; 32], script()).settings_page(language, &view)
}

#[test]
fn nothing_but_the_necessary_is_ticked_before_a_choice() {
    for language in Language::ALL {
        let page = settings_page(&practice(), language, None, Signals::default());
        assert_eq!(page.matches(" checked").count(), 1, "{language}");
        assert!(page.contains(r#"<input type="checkbox" checked disabled aria-describedby="about-necessary""#));
        assert!(page.contains(r#"<input type="checkbox" name="functional" value="on" aria-describedby"#));
        assert!(!page.contains(r#"name="marketing""#), "what is not offered is not shown");
        assert!(!page.contains("data-kelisim-consent-id"));
        assert_eq!(page.matches(r#"name="choice""#).count(), 3);
    }
}

#[test]
fn a_choice_is_shown_and_can_be_withdrawn_with_one_press() {
    let allowed = CategorySet::EMPTY.with(Category::Analytical);
    let page = settings_page(&practice(), Language::Ru, Some(allowed), Signals::default());
    assert!(page.contains(r#"name="analytical" value="on" checked"#));
    assert!(page.contains("необходимые и аналитические"));
    assert!(page.contains("22 ноября 2026 г., 10:05 UTC"));
    assert!(page.contains("Отозвать согласие"));
    assert!(page.contains(r#"name="to" value="/prices?a=1&#38;b=2""#));
    assert!(page.contains(r#"href="/_kelisim/policy/2026-11/ru""#));

    let refused = settings_page(&practice(), Language::Ru, Some(CategorySet::EMPTY), Signals::default());
    assert!(!refused.contains("Отозвать согласие"));
}

#[test]
fn a_signal_of_the_browser_is_explained_until_there_is_a_choice() {
    let signals = Signals { global_privacy_control: true, do_not_track: false };
    let explained =
        |allowed| settings_page(&practice(), Language::En, allowed, signals).contains("Global Privacy Control");
    assert!(explained(None));
    assert!(!explained(Some(CategorySet::EMPTY)));
    assert!(!settings_page(&practice(), Language::En, None, Signals::default()).contains("Global Privacy Control"));
}

#[test]
fn cookies_are_listed_with_their_kind_of_lifetime_and_our_own_among_them() {
    let mut settings = practice();
    let page = |settings: &_| settings_page(settings, Language::Ru, None, Signals::default());
    let first = page(&settings);
    for expected in [
        "<code>PHPSESSID</code>",
        "Сессионный: удаляется после закрытия браузера",
        "Постоянный: 1 год",
        "<code>__Host-kelisim</code>",
        "<code>kelisim_view</code>",
        "Постоянный: 6 месяцев",
        "не указано",
        "<code>static.tildacdn.com</code>",
    ] {
        assert!(first.contains(expected), "{expected}");
    }
    assert!(!first.contains("__Host-kelisim-shown"));

    settings.share_subdomains = true;
    settings.model = Model::Notice;
    let second = page(&settings);
    assert!(second.contains("<code>__Secure-kelisim</code>") && !second.contains("<code>__Host-kelisim</code>"));
    assert!(second.contains("<code>__Host-kelisim-shown</code>"));
}

#[test]
fn rights_and_every_item_of_article_8_4_are_on_the_settings_page() {
    for language in Language::ALL {
        let page = settings_page(&practice(), language, None, Signals::default());
        let lang = if language == Language::Ru { "" } else { " lang=\"ru\"" };
        for value in ["не осуществляется", "не размещаются", "Республика Казахстан"]
        {
            assert!(page.contains(&format!("<dd{lang}>{value}</dd>")), "{language}: {value}");
        }
        assert!(page.contains("850000000000") && page.contains("practice@example.com"));
        assert_eq!(page.matches("<li>").count(), 3 + 5, "three languages and the five rights of clause 6.1");
    }
}

#[test]
fn an_edition_is_shown_as_it_was_published() {
    let pages = SitePages::build(&practice(), [1; 32], script());
    let page = pages.policy_page(Language::Ru, &edition()).unwrap();
    assert!(page.contains(r#"<h3 id="section-1">1. ОБЩЕЕ</h3>"#));
    assert!(page.contains(r#"id="clause-1.1""#));
    assert!(page.contains("Политика &#60;действует&#62;."));
    assert!(page.contains(&"ab".repeat(32)));
    assert!(page.contains("22 ноября 2026 г."));
    assert!(page.contains("<article>"));
    assert_eq!(pages.policy_page(Language::Ru, &EditionId::parse("2020").unwrap()), None);
}

#[test]
fn where_there_is_no_translation_the_page_says_so_and_marks_the_language() {
    let pages = SitePages::build(&practice(), [1; 32], script());
    let page = pages.policy_page(Language::Kk, &edition()).unwrap();
    assert!(page.contains(r#"<html lang="kk" dir="ltr">"#));
    assert!(page.contains(r#"<article lang="ru">"#));
    assert!(page.contains("Қазақ тіліндегі аудармасы жоқ"));
}

#[test]
fn a_missing_text_is_replaced_by_that_of_the_sites_first_language_and_the_page_says_so() {
    let mut settings = practice();
    let russian = settings.texts[0].clone();
    settings.texts.insert(0, EditionText { language: Language::Kk, text: "Саясат".to_owned(), ..russian });
    let english = |settings: &Settings| {
        let pages = SitePages::build(settings, [1; 32], script());
        let facts = NoticeFacts::parse(&pages.notice(Language::En, Model::OptIn).json).unwrap();
        (pages.policy_page(Language::En, &edition()).unwrap(), facts.policy_address().unwrap())
    };
    let (page, address) = english(&settings);
    assert!(page.contains(r#"<article lang="ru">"#) && page.contains("the text is shown in Russian"), "{page}");
    assert!(page.contains(r#"Also published in: <a href="/_kelisim/policy/2026-11/kk" lang="kk""#));
    assert_eq!(address, "https://practice.example/_kelisim/policy/2026-11/ru");
    settings.languages = vec![Language::Kk, Language::Ru, Language::En];
    let (page, address) = english(&settings);
    assert!(page.contains(r#"<article lang="kk">"#) && page.contains("the text is shown in Kazakh"));
    assert_eq!(address, "https://practice.example/_kelisim/policy/2026-11/kk");
}

#[test]
fn earlier_editions_stay_readable_and_linked() {
    let mut settings = practice();
    let earlier = EditionId::parse("2025").unwrap();
    settings.texts.push(EditionText {
        id: earlier.clone(),
        language: Language::En,
        text: "Old policy".to_owned(),
        effective: Timestamp::parse("2025-01-02").unwrap(),
        file: "".into(),
        hash: [2; 32],
    });
    let pages = SitePages::build(&settings, [1; 32], script());
    let old = pages.policy_page(Language::En, &earlier).unwrap();
    assert!(old.contains("2 January 2025") && !old.contains("(in force now)"));
    let new = pages.policy_page(Language::En, &edition()).unwrap();
    assert!(new.contains(r#"href="/_kelisim/policy/2025/en""#));
}

#[test]
fn without_a_policy_the_notice_is_the_edition() {
    let mut settings = practice();
    settings.texts.clear();
    let page = SitePages::build(&settings, [1; 32], script()).policy_page(Language::En, &edition()).unwrap();
    assert!(page.contains("Cookie notice") && page.contains("Cross-border transfer") && page.contains("850000000000"));
}

#[test]
fn our_own_pages_obey_their_own_content_security_policy() {
    assert!(CONTENT_SECURITY_POLICY.starts_with("default-src 'none'; style-src 'self';"));
    let settings = practice();
    let pages = SitePages::build(&settings, [1; 32], script());
    let to = ReturnPath::default();
    for page in [
        settings_page(&settings, Language::Ru, Some(settings.offer), Signals::default()),
        pages.policy_page(Language::Ru, &edition()).unwrap(),
        pages.message_page(Language::Ru, Message::NotRecorded, &to, Some("1-2")),
        error_page(Language::Ru, Message::Misdirected, None, None),
    ] {
        for inline in ["<style", " style=", "<script", " onclick", "<img", "src="] {
            assert!(!page.contains(inline), "{inline}");
        }
        assert!(page.contains(r#"<meta name="robots" content="noindex">"#));
    }
}

#[test]
fn a_message_says_what_happened_in_each_language() {
    let all = [
        Message::BadRequest,
        Message::ForeignChoice,
        Message::ForeignErasure,
        Message::NotFound,
        Message::Misdirected,
        Message::TooManyChoices,
        Message::BadGateway,
        Message::GatewayTimeout,
        Message::NotRecorded,
        Message::RefusalInForce,
        Message::NotYetProved,
        Message::LogUnread,
        Message::NotErased,
    ];
    let pages = SitePages::build(&practice(), [1; 32], script());
    for language in Language::ALL {
        let mut seen = std::collections::HashSet::new();
        for message in all {
            let page = pages.message_page(language, message, &ReturnPath::default(), Some("ab<12"));
            assert!(page.contains("ab&#60;12"));
            assert!(page.contains("/_kelisim/pages."));
            assert!(seen.insert(page), "{language}: {message:?} says the same as another");
        }
    }
    assert_eq!(Message::Misdirected.status(), 421);
    assert_eq!(Message::RefusalInForce.status(), 503);
    let neutral = error_page(Language::En, Message::Misdirected, None, None);
    assert!(!neutral.contains("practice") && !neutral.contains("<link") && !neutral.contains("href="));
}
