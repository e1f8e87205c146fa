//! Every field of a record, in words.

use super::{facts::Fact, phrases, receipt_history::happened, texts::Texts};
use crate::{consent::CategorySet, ledger::Event};

/// The fields. `before` is what had been allowed before a withdrawal, and `address` that of the page, which shows notices too.
pub(super) fn data(texts: &Texts, event: &Event, before: Option<CategorySet>, address: &str) -> Vec<Fact> {
    let (words, settings) = (&texts.receipt, &texts.settings);
    let page = event.page.as_ref().map_or_else(|| settings.unknown.clone(), |page| page.as_str().to_owned());
    let offered = match event.offered.is_empty() {
        true => words.no_signals.clone(),
        false => phrases::categories(texts, event.offered),
    };
    let plain = Fact::plain;
    vec![
        plain(&words.record_id, event.id.to_string()),
        plain(&settings.consent_id, event.consent_id.to_string()),
        plain(&words.event, happened(texts, event, before)),
        plain(&settings.chosen_on, phrases::moment_to_the_second(texts, event.time)),
        plain(&settings.valid_until, phrases::moment_to_the_second(texts, event.valid_until)),
        plain(&words.method, texts.method(event.method).to_owned()),
        plain(&words.offered, offered),
        plain(&settings.allowed, phrases::allowed(texts, event.allowed)),
        plain(&settings.answered_edition, event.edition.to_string()),
        Fact {
            address: Some(format!("{address}&notice={}", event.notice)),
            ..plain(&words.notice, event.notice.to_string())
        },
        plain(&words.language, event.language.own_name().to_owned()),
        plain(&words.page, page),
        plain(&words.agent, texts.agent(event.agent).to_owned()),
        plain(&words.signals, texts.signals(event.signals)),
    ]
}
