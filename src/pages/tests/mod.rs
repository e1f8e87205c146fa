//! The pages as visitors, filters and auditors meet them.

mod banner;
mod choice;
mod layers;
mod own_pages;
mod receipt;

use super::{
    Controller, DeclaredCookie, DeclaredHost, EditionText, Localised, Notice, Script, ScriptSettings, Settings, Signals,
};
use crate::{
    consent::{Category, CategorySet, Edition, EditionId, Model},
    ledger::Retention,
    timestamp::{Term, Timestamp},
    visitor::Language,
};

/// The script of a site with the shipped catalogue. It is built once.
fn script() -> Script {
    static SCRIPT: std::sync::LazyLock<Script> = std::sync::LazyLock::new(|| {
        let rules = crate::cookies::parse_catalogue(crate::cookies::CATALOGUE).unwrap();
        let catalogue = crate::cookies::Catalogue::new(rules, Vec::new());
        Script::build(&ScriptSettings {
            strict: true,
            sweeps_unknown: true,
            offer: [Category::Functional, Category::Analytical].into_iter().collect(),
            catalogue: &catalogue,
            storage: &[],
            hosts: Vec::new(),
            signals: &Signals::default(),
            hydrates: false,
            routes: false,
        })
    });
    SCRIPT.clone()
}

/// A text in Russian alone, as most operators write it.
fn russian(text: &str) -> Localised {
    Localised { texts: vec![(Language::Ru, text.to_owned())] }
}

/// A small practice with one edition in Russian.
fn practice() -> Settings {
    let categories = CategorySet::EMPTY.with(Category::Functional).with(Category::Analytical);
    let id = EditionId::parse("2026-11").unwrap();
    let effective = Timestamp::parse("2026-11-22").unwrap();
    let cookie = |name: &str, category, purpose: &str, lifetime: &str| DeclaredCookie {
        name: name.to_owned(),
        category,
        owner: "Tilda".to_owned(),
        purpose: russian(purpose),
        lifetime: lifetime.to_owned(),
    };
    Settings {
        host: "practice.example".to_owned(),
        origin: "https://practice.example".to_owned(),
        prefix: "/_kelisim/".to_owned(),
        languages: Language::ALL.to_vec(),
        controller: Controller {
            name: "ИП «Практика & Ко»".to_owned(),
            iin: Some("850000000000".to_owned()),
            bin: None,
            address: "Республика Казахстан, г. Астана".to_owned(),
            email: "practice@example.com".to_owned(),
        },
        notice: Notice {
            third_parties: russian("нет"),
            cross_border: russian("не осуществляется"),
            public: russian("не размещаются"),
            data: ["cookies", "truncated address", "browser and device family", "time", "page"]
                .map(str::to_owned)
                .to_vec(),
            storage_place: russian("Республика Казахстан"),
        },
        model: Model::OptIn,
        offer: categories,
        valid_for: Term { months: 6, days: 0 },
        retention: Retention { choices: Term { months: 36, days: 0 }, frames: Term { months: 36, days: 0 } },
        edition: Edition { id: id.clone(), effective, categories, asks_again: false },
        texts: vec![EditionText {
            id,
            language: Language::Ru,
            text: "ПОЛИТИКА\n1. ОБЩЕЕ\n1.1. Политика <действует>.\n- список;\n".to_owned(),
            effective,
            file: "".into(),
            hash: [0xab; 32],
        }],
        cookies: vec![
            cookie("PHPSESSID", Category::Necessary, "Сеанс посетителя", "session"),
            cookie("tilda*", Category::Functional, "Запоминает настройки", "1 год"),
            cookie("_ym_uid", Category::Analytical, "", ""),
        ],
        storage: Vec::new(),
        hosts: vec![DeclaredHost {
            name: "static.tildacdn.com".to_owned(),
            category: Category::Necessary,
            owner: "Tilda".to_owned(),
            sees_address: true,
        }],
        share_subdomains: false,
        unknown_refused: true,
        own_settings_link: false,
    }
}
