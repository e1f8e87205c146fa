//! The phrases of an answer to a person: those that visitors read on the site's own pages, so that a letter and a page call a thing alike.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::{
    consent::{Category, CategorySet},
    ledger::{EventKind, Method},
    visitor::{AgentFamily, Language},
};

/// Declares tables of phrases. The texts hold more of them than a letter needs.
macro_rules! phrases {
    ($($name:ident { $($phrase:ident),*; $($list:ident),*; $($table:ident: $kind:ty),* })*) => { $(
        #[derive(Debug, Deserialize)]
        pub(super) struct $name {
            $(pub(super) $phrase: String,)*
            $(pub(super) $list: Vec<String>,)*
            $(pub(super) $table: $kind,)*
        }
    )* };
}

phrases! {
    Words { ;; facts: Facts, settings: SettingsWords, receipt: Receipt, policy: Policy, categories: Categories }
    Facts { controller, iin, bin, address, email, record_term;; }
    SettingsWords {
        allowed, refused, valid_until, answered_edition, consent_id, unknown, rights, rights_text, request;
        rights_list;
    }
    Receipt {
        title, introduction, leaf, purposes, nothing_allowed, ground, ground_of_record, record_id, event, method,
        offered, language, notice, page, agent, other_agent, robot, signals, no_signals, not_recorded, measures,
        when, state, in_force, ended, expired, asked_again, once, rights, withdraw_text, erase_text, erase;
        measures_list;
        events: Events, methods: Methods
    }
    Events { expressed, renewed, refused, withdrawn, implied, frame;; }
    Methods { banner_form, settings_form, receipt_form, script, navigation, frame_form;; }
    Policy { title, hash;; }
    Categories { ;; necessary: CategoryWords, functional: CategoryWords, analytical: CategoryWords, marketing: CategoryWords }
    CategoryWords { name, listed, text;; }
}

impl Words {
    /// The phrases of a language. They are read once.
    pub(super) fn of(language: Language) -> &'static Self {
        static RU: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("../../../banner/texts/ru.toml")));
        static KK: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("../../../banner/texts/kk.toml")));
        static EN: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("../../../banner/texts/en.toml")));
        match language {
            Language::Ru => &RU,
            Language::Kk => &KK,
            Language::En => &EN,
        }
    }

    fn read(text: &str) -> Self {
        toml::from_str(text).expect("the texts are part of the program and a test reads them")
    }

    pub(super) fn category(&self, category: Category) -> &CategoryWords {
        match category {
            Category::Necessary => &self.categories.necessary,
            Category::Functional => &self.categories.functional,
            Category::Analytical => &self.categories.analytical,
            Category::Marketing => &self.categories.marketing,
        }
    }

    /// Categories in a row; a word for none.
    pub(super) fn set(&self, set: CategorySet) -> String {
        let listed: Vec<_> = set.iter().map(|category| self.category(category).listed.as_str()).collect();
        if listed.is_empty() { self.receipt.no_signals.clone() } else { listed.join(", ") }
    }

    pub(super) fn event(&self, kind: EventKind) -> &str {
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

    pub(super) fn method(&self, method: Method) -> &str {
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

    pub(super) fn agent(&self, agent: AgentFamily) -> &str {
        match agent {
            AgentFamily::Chromium => "Chromium",
            AgentFamily::Firefox => "Firefox",
            AgentFamily::Safari => "Safari",
            AgentFamily::Robot => &self.receipt.robot,
            AgentFamily::Other => &self.receipt.other_agent,
        }
    }
}
