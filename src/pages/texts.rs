//! The phrases of `banner/texts/`, one set for each language. The types are the list of keys: a file that lacks one or has one
//! too many is refused.

use std::sync::LazyLock;

use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;

use crate::{
    consent::Category,
    ledger::{EventKind, Method},
    visitor::{AgentFamily, Language, Signals},
};

/// Every phrase in one language.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    pub(crate) banner: Banner,
    pub(crate) buttons: Buttons,
    pub(crate) facts: Facts,
    pub(crate) data: Data,
    pub(crate) categories: Categories,
    pub(crate) settings: Settings,
    pub(crate) frame: Frame,
    pub(crate) receipt: Receipt,
    pub(crate) policy: Policy,
    pub(crate) message: Messages,
    pub(crate) languages: Languages,
    pub(crate) format: Format,
}

/// Declares tables of required phrases: texts, then lists of texts, then tables with a type of their own.
macro_rules! phrases {
    ($($(#[$meta:meta])* $name:ident { $($key:ident),* $(,)? ; $($list:ident),* ; $($table:ident: $kind:ty),* $(,)? })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Deserialize)]
        #[cfg_attr(test, derive(Serialize))]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            $(pub(crate) $key: String,)*
            $(pub(crate) $list: Vec<String>,)*
            $(pub(crate) $table: $kind,)*
        }
    )*};
}

phrases! {
    /// The first layer, and what the script says in it.
    Banner { label, title, text, implied, controller, more, link, saved, later, reload, failed;; }
    /// What buttons do, as they say it.
    Buttons { necessary, accept, settings, save, withdraw;; }
    /// Names of what Article 8(4) of Law 94-V asks for.
    Facts {
        controller, iin, bin, address, email, subject, subject_text, data, term, third_parties, cross_border, public, storage,
        seeing_hosts, record_term, record_term_text, record_term_frames;;
    }
    /// Kinds of data that configuration names by a word.
    Data { cookies, truncated_address, browser_and_device_family, time, page;; }
    /// One category: its name alone, its name in a list in the middle of a sentence, what it is.
    CategoryTexts { name, listed, text;; }
    /// The settings page.
    Settings {
        title, introduction, introduction_opt_in, introduction_compatible, saved, now, no_choice, signal, allowed, refused, chosen_on,
        valid_until, answered_edition, consent_id, consent_id_text, receipt, choose, always, cookies, no_cookies, cookie_name,
        cookie_owner, cookie_purpose, cookie_lifetime, session, persistent, unknown, this_site, in_storage, record_purpose, view_purpose,
        shown_purpose, frame_purpose, minute, hosts, hosts_text, hosts_text_compatible, host_name, host_owner, host_category, host_sees_address, yes, no, consent, rights,
        rights_text, request, browser, withdrawal, policy, back;
        rights_list;
    }
    /// What stands in place of a frame whose host is refused.
    Frame {
        label, title, about, address, once, unlisted, not_offered, hides_address, not_recordable, sandboxed;;
    }
    /// What is recorded about a browser, and its erasure.
    Receipt {
        title, introduction, nothing, not_in_force, pending, gone, gone_alone, answer_anew, fact, fact_gone, leaf, leaf_pending, leaf_gone, purposes, nothing_allowed, ground,
        ground_of_record, terms, term_of_choice, term_of_record, data, record_id, event, method, offered, language, notice, page,
        agent, other_agent, robot, signals, no_signals, not_recorded, measures, check, check_text, download_proof, download_json, print,
        how, how_commands, how_details, key, checkpoint, history, history_of, history_cut, when, shown, state, in_force, ended, expired, asked_again, once, withdrawn_part, deleted, proof, rights,
        withdraw_text, erase_text, erase, erase_note, request, question_title, question, question_proof, question_count, confirm, cancel,
        erased_title, erased, erased_soon, erased_cookies, erased_proofs, erased_proof, backups, notice_title, notice_text,
        notice_banner, notice_settings, notice_receipt, notice_frame, notice_document;
        measures_list, how_list;
        events: Events, methods: Methods,
    }
    /// What happened, in a word or two.
    Events { expressed, renewed, refused, withdrawn, implied, frame;; }
    /// How it was indicated.
    Methods { banner_form, settings_form, receipt_form, script, navigation, frame_form;; }
    /// The page of an edition.
    Policy { title, edition, effective, hash, others, in_force, no_translation, also_published, notice_title, to_settings;; }
    /// In which language a text is, as a part of a sentence.
    Languages { ru, kk, en;; }
    /// A short page that says what happened.
    MessageTexts { title, text;; }
    /// All of them.
    Messages {
        reference, to_settings, to_receipt;;
        bad_request: MessageTexts, foreign_choice: MessageTexts, foreign_erasure: MessageTexts, not_found: MessageTexts, misdirected: MessageTexts,
        too_many_choices: MessageTexts, too_many_requests: MessageTexts, bad_gateway: MessageTexts, gateway_timeout: MessageTexts,
        not_recorded: MessageTexts, refusal_in_force: MessageTexts, not_yet_proved: MessageTexts,
        log_unread: MessageTexts, not_erased: MessageTexts,
    }
    /// How dates, terms and lists are written.
    Format { page_language, and, date, moment; months, year_count, month_count, day_count; }
}

/// The categories' texts.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(deny_unknown_fields)]
pub(crate) struct Categories {
    necessary: CategoryTexts,
    functional: CategoryTexts,
    analytical: CategoryTexts,
    marketing: CategoryTexts,
}

impl Languages {
    /// The words for this language.
    pub(crate) fn of(&self, language: Language) -> &str {
        match language {
            Language::Ru => &self.ru,
            Language::Kk => &self.kk,
            Language::En => &self.en,
        }
    }
}

impl Texts {
    /// The phrases of a language. They are read once.
    pub(crate) fn of(language: Language) -> &'static Self {
        static RU: LazyLock<Texts> = LazyLock::new(|| Texts::read(include_str!("../../banner/texts/ru.toml")));
        static KK: LazyLock<Texts> = LazyLock::new(|| Texts::read(include_str!("../../banner/texts/kk.toml")));
        static EN: LazyLock<Texts> = LazyLock::new(|| Texts::read(include_str!("../../banner/texts/en.toml")));
        match language {
            Language::Ru => &RU,
            Language::Kk => &KK,
            Language::En => &EN,
        }
    }

    /// The texts of a category.
    pub(crate) fn category(&self, category: Category) -> &CategoryTexts {
        match category {
            Category::Necessary => &self.categories.necessary,
            Category::Functional => &self.categories.functional,
            Category::Analytical => &self.categories.analytical,
            Category::Marketing => &self.categories.marketing,
        }
    }

    /// What happened.
    pub(crate) fn event(&self, kind: EventKind) -> &str {
        let words = &self.receipt.events;
        match kind {
            EventKind::Expressed => &words.expressed,
            EventKind::Renewed => &words.renewed,
            EventKind::Refused => &words.refused,
            EventKind::Withdrawn => &words.withdrawn,
            EventKind::Implied => &words.implied,
            EventKind::Frame => &words.frame,
        }
    }

    /// How it was indicated.
    pub(crate) fn method(&self, method: Method) -> &str {
        let words = &self.receipt.methods;
        match method {
            Method::BannerForm => &words.banner_form,
            Method::SettingsForm => &words.settings_form,
            Method::ReceiptForm => &words.receipt_form,
            Method::Script => &words.script,
            Method::Navigation => &words.navigation,
            Method::FrameForm => &words.frame_form,
        }
    }

    /// A family of browsers.
    pub(crate) fn agent(&self, agent: AgentFamily) -> &str {
        match agent {
            AgentFamily::Chromium => "Chromium",
            AgentFamily::Firefox => "Firefox",
            AgentFamily::Safari => "Safari",
            AgentFamily::Robot => &self.receipt.robot,
            AgentFamily::Other => &self.receipt.other_agent,
        }
    }

    /// What a browser signalled.
    pub(crate) fn signals(&self, signals: Signals) -> String {
        let names =
            [(signals.global_privacy_control, "Global Privacy Control"), (signals.do_not_track, "Do Not Track")];
        let sent: Vec<_> = names.into_iter().filter(|(sent, _)| *sent).map(|(_, name)| name).collect();
        if sent.is_empty() { self.receipt.no_signals.clone() } else { sent.join(", ") }
    }

    /// A kind of data in words; what configuration says in its own words is shown as it is.
    pub(crate) fn kind_of_data<'a>(&'a self, word: &'a str) -> &'a str {
        match word {
            "cookies" => &self.data.cookies,
            "truncated address" => &self.data.truncated_address,
            "browser and device family" => &self.data.browser_and_device_family,
            "time" => &self.data.time,
            "page" => &self.data.page,
            other => other,
        }
    }

    fn read(text: &str) -> Self {
        toml::from_str(text).expect("the texts are part of the program and a test reads them")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Every phrase with the way to it, such as `banner.title`.
    fn phrases(language: Language) -> Vec<(String, String)> {
        fn walk(way: &str, value: &Value, found: &mut Vec<(String, String)>) {
            match value {
                Value::Object(map) => map.iter().for_each(|(key, inner)| walk(&format!("{way}.{key}"), inner, found)),
                Value::Array(items) => {
                    items.iter().enumerate().for_each(|(n, inner)| walk(&format!("{way}.{n}"), inner, found));
                }
                other => found.push((way.to_owned(), other.as_str().unwrap().to_owned())),
            }
        }
        let mut found = Vec::new();
        walk("", &serde_json::to_value(Texts::of(language)).unwrap(), &mut found);
        found.sort();
        found
    }

    /// The words in braces, sorted.
    fn blanks(text: &str) -> Vec<&str> {
        let mut blanks: Vec<_> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        blanks.sort_unstable();
        blanks
    }

    #[test]
    fn the_languages_have_the_same_phrases_buttons_purposes_and_blanks() {
        let russian = phrases(Language::Ru);
        for language in [Language::Kk, Language::En] {
            let other = phrases(language);
            let keys = |list: &[(String, String)]| list.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
            assert_eq!(keys(&russian), keys(&other), "{language}");
            for ((key, ours), (_, theirs)) in russian.iter().zip(&other) {
                assert_eq!(blanks(ours), blanks(theirs), "{language}{key}");
            }
        }
    }

    #[test]
    fn no_phrase_is_empty_or_padded_by_accident() {
        for language in Language::ALL {
            for (key, text) in phrases(language) {
                assert!(!text.trim().is_empty(), "{language}{key}");
                assert!(key == ".format.and" || text.trim() == text, "{language}{key}");
                assert!(!text.contains("  "), "{language}{key}");
            }
            let format = &Texts::of(language).format;
            assert_eq!(format.months.len(), 12);
            for forms in [&format.year_count, &format.month_count, &format.day_count] {
                assert_eq!(forms.len(), 3, "{language}");
            }
        }
    }

    #[test]
    fn clients_that_answer_banners_find_the_phrases_they_know() {
        let russian = Texts::of(Language::Ru);
        assert!(russian.banner.text.to_lowercase().contains("мы используем файлы cookie и аналогичные технологии"));
        assert_eq!(russian.buttons.necessary.to_lowercase(), "принимать только необходимые файлы cookie");
        assert_eq!(russian.buttons.accept.to_lowercase(), "принять все файлы cookie");
        assert_eq!(russian.buttons.settings.to_lowercase(), "настройки");
        let english = Texts::of(Language::En);
        assert!(english.banner.text.starts_with("We use cookies"));
        assert_eq!(english.buttons.necessary, "Only necessary cookies");
        assert_eq!(english.buttons.accept, "Accept all cookies");
    }
}
