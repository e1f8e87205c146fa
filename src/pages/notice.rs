//! The notice: what visitors are shown in one language, as one document with a digest for a name. Events of the consent log point to it,
//! so that an auditor sees what was asked.
//!
//! Its `layers` hold the text of each layer as a visitor reads it, taken out of the very pages that are served: the banner, the settings page
//! of somebody who has not answered yet and whose browser signals nothing, and for each host the page that stands in place of its frames.
//! The page of what is recorded is made of each visitor's own records: the layer has what is the same for all who withdraw there.
//! What no visitor of this site is shown is not in it.

use serde_json::{Value, json};

use super::{
    DeclaredCookie, DeclaredHost, FrameOffer, FrameRequest, ReturnPath, Script, Settings, SettingsView, assets,
    banner::first_layer,
    facts::{facts_in_full, identification},
    frame_page::frame_page,
    phrases,
    settings_page::settings_page,
    texts::Texts,
    visible::visible_text,
};
use crate::{
    consent::{Category, EditionId, FrameName, Model},
    ledger::NoticeId,
    routing::{ForeignHost, HostPattern},
    visitor::{Language, Signals},
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
        .texts_of(&settings.edition.id)
        .into_iter()
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
        "layers": layers(settings, language, model, banner),
        "model": match model { Model::OptIn => "opt-in", Model::Notice => "notice" },
        "policy": policies,
        "purposes": purposes,
        "retention": {
            "choices": settings.retention.choices.to_string(), "frames": settings.retention.frames.to_string(),
        },
        "rights": texts.settings.rights_list,
        "script": { "sha256": digits(&script.0.digest) },
        "site": settings.host,
        "storage": declared_cookies(&settings.storage),
        "styles": { "pages": digits(&assets::PAGES_STYLE.digest), "panel": digits(&assets::PANEL_STYLE.digest) },
        "valid_for": settings.valid_for.to_string(),
        "withdrawal": format!("{}{}settings", settings.origin, settings.prefix),
    });
    let json = canonical(&document);
    let id = NoticeId(assets::sha256(json.as_bytes()));
    NoticeDocument { id, language, model, edition: settings.edition.id.clone(), json }
}

/// The text of each layer.
fn layers(settings: &Settings, language: Language, model: Model, banner: &[u8]) -> Value {
    let banner = match settings.offer.is_empty() {
        // Where nothing is offered nothing is asked.
        true => Vec::new(),
        false => visible_text(&String::from_utf8_lossy(banner)),
    };
    // The page needs a name to send back and shows none of it.
    let unnamed = NoticeDocument {
        id: NoticeId([0; 32]),
        language,
        model,
        edition: settings.edition.id.clone(),
        json: String::new(),
    };
    let to = ReturnPath::default();
    let view = SettingsView { to: &to, model, choice: None, signals: Signals::default(), saved: false };
    let frames: Vec<_> = settings
        .hosts
        .iter()
        .filter_map(|host| Some(json!({ "host": host.name, "text": frame_text(settings, language, host)? })))
        .collect();
    json!({
        "banner": banner, "frame": frames, "receipt": receipt_text(settings, language),
        "settings": visible_text(&settings_page(settings, &unnamed, "", &view)),
    })
}

/// What everybody reads who withdraws on the page of what is recorded: its head, which says that the records follow, and the button.
fn receipt_text(settings: &Settings, language: Language) -> Vec<String> {
    let texts = Texts::of(language);
    let words = &texts.receipt;
    let introduction = phrases::fill(&words.introduction, &[("host", &settings.host)]);
    vec![words.title.clone(), introduction, words.withdraw_text.clone(), format!("[{}]", texts.buttons.withdraw)]
}

/// What stands in place of this host's frames, where a visitor can open one.
fn frame_text(settings: &Settings, language: Language, host: &DeclaredHost) -> Option<Vec<String>> {
    let line = ForeignHost {
        host: HostPattern::Exact(host.name.clone()),
        port: None,
        category: host.category,
        owner: host.owner.as_str().into(),
        sees_address: host.sees_address,
    };
    // What is necessary is never held back.
    if host.category == Category::Necessary || !line.passes(settings.offer) {
        return None;
    }
    let request = FrameRequest {
        host: host.name.as_str().into(),
        port: None,
        frame: FrameName::of(""),
        to: ReturnPath::default(),
        language: Some(language),
        sandboxed: false,
    };
    Some(visible_text(&frame_page(settings, language, "", &request, FrameOffer::Once(&line))))
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
