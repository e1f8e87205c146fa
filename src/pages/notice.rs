//! The notice: everything that all visitors are shown in one language, as one document with a digest for a name. Events of the
//! consent log point to it, so that an auditor sees what was asked.

use serde_json::{Value, json};

use super::{
    DeclaredCookie, Script, Settings, assets,
    banner::first_layer,
    facts::{facts_in_full, identification},
    texts::Texts,
};
use crate::{
    consent::{Category, EditionId, Model},
    ledger::NoticeId,
    visitor::Language,
};

/// A notice in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeDocument {
    /// SHA-256 of `json`.
    pub id: NoticeId,
    /// Its language.
    pub language: Language,
    /// The model that its words describe.
    pub model: Model,
    /// The edition that it refers to.
    pub edition: EditionId,
    /// Canonical JSON: keys sorted, no white space, so that the same notice has the same digest everywhere (RFC 8785).
    pub json: String,
}

/// Builds the document. `banner` is the banner's HTML with the fields `notice` and `to` empty: its digest proves layout and order.
pub(super) fn notice(
    settings: &Settings,
    catalogue_hash: [u8; 32],
    script: &Script,
    language: Language,
    model: Model,
    banner: &[u8],
) -> NoticeDocument {
    let texts = Texts::of(language);
    let digits = |bytes: &[u8]| Value::String(assets::hexadecimal(bytes));
    let purposes: Vec<_> = Category::ALL
        .into_iter()
        .filter(|category| settings.offer.permits(*category))
        .map(|category| {
            let words = texts.category(category);
            json!({ "category": category.name(), "name": words.name, "text": words.text })
        })
        .collect();
    let facts: Vec<_> = facts_in_full(settings, language)
        .into_iter()
        .map(|fact| {
            let language = fact.language.unwrap_or(language).tag();
            json!({ "label": fact.label, "language": language, "value": fact.value })
        })
        .collect();
    let policies: Vec<_> = settings
        .texts
        .iter()
        .filter(|text| text.id == settings.edition.id)
        .map(|text| json!({ "language": text.language.tag(), "sha256": digits(&text.hash) }))
        .collect();
    let controller = &settings.controller;
    let document = json!({
        "article_8_4": facts,
        "banner": { "sha256": digits(&assets::sha256(banner)), "text": first_layer(settings, language, model) },
        "buttons": [texts.buttons.necessary, texts.buttons.accept, texts.buttons.settings],
        "buttons_settings": [texts.buttons.save, texts.buttons.necessary, texts.buttons.accept],
        "catalogue": { "sha256": digits(&catalogue_hash) },
        "controller": {
            "address": controller.address, "bin": controller.bin, "email": controller.email, "iin": controller.iin,
            "identification": identification(settings, texts), "name": controller.name,
        },
        "cookies": declared_cookies(&settings.cookies),
        "data": settings.notice.data,
        "edition": settings.edition.id.as_str(),
        "hosts": declared_hosts(settings),
        "jurisdiction": "KZ",
        "language": language.tag(),
        "model": match model { Model::OptIn => "opt-in", Model::Notice => "notice" },
        "policy": policies,
        "purposes": purposes,
        "rights": texts.settings.rights_list,
        "script": { "sha256": digits(&script.0.digest) },
        "site": settings.host,
        "storage": declared_cookies(&settings.storage),
        "styles": { "pages": digits(&assets::PAGES_STYLE.digest), "panel": digits(&assets::PANEL_STYLE.digest) },
        "texts": texts,
        "valid_for": settings.valid_for.to_string(),
        "withdrawal": format!("https://{}{}settings", settings.host, settings.prefix),
    });
    let json = canonical(&document);
    let id = NoticeId(assets::sha256(json.as_bytes()));
    NoticeDocument { id, language, model, edition: settings.edition.id.clone(), json }
}

fn declared_cookies(declared: &[DeclaredCookie]) -> Vec<Value> {
    declared
        .iter()
        .map(|cookie| {
            let purpose: Vec<_> =
                cookie.purpose.texts.iter().map(|(language, text)| json!([language.tag(), text])).collect();
            json!({
                "category": cookie.category.name(), "lifetime": cookie.lifetime, "name": cookie.name,
                "owner": cookie.owner, "purpose": purpose,
            })
        })
        .collect()
}

fn declared_hosts(settings: &Settings) -> Vec<Value> {
    let declared = settings.hosts.iter();
    declared
        .map(|host| {
            json!({
                "category": host.category.name(), "name": host.name, "owner": host.owner, "sees_address": host.sees_address,
            })
        })
        .collect()
}

/// Writes JSON with sorted keys, whatever order the map in memory has.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let entry =
                |(key, inner): &(&String, &Value)| format!("{}:{}", Value::from(key.as_str()), canonical(inner));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_json_sorts_keys_at_every_depth() {
        let value: Value = serde_json::from_str(r#"{ "b": [ { "d": null, "c": "\"қ" } ], "a": true }"#).unwrap();
        assert_eq!(canonical(&value), r#"{"a":true,"b":[{"c":"\"қ","d":null}]}"#);
    }
}
