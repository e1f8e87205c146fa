//! Every field of a record, in words.

use super::{facts::Fact, phrases, receipt_history::happened, texts::Texts};
use crate::{
    consent::CategorySet,
    ledger::{Event, Method},
    visitor::AgentFamily,
};

/// The fields. `before` is what had been allowed before a withdrawal, and `address` that of the page, which shows notices too.
pub(super) fn data(texts: &Texts, event: &Event, before: Option<CategorySet>, address: &str) -> Vec<Fact> {
    let (words, settings) = (&texts.receipt, &texts.settings);
    let agent = match event.agent {
        AgentFamily::Chromium => "Chromium",
        AgentFamily::Firefox => "Firefox",
        AgentFamily::Safari => "Safari",
        AgentFamily::Robot => &words.robot,
        AgentFamily::Other => &words.other_agent,
    };
    let signals = [
        (event.signals.global_privacy_control, "Global Privacy Control"),
        (event.signals.do_not_track, "Do Not Track"),
    ];
    let signals: Vec<_> = signals.into_iter().filter(|(sent, _)| *sent).map(|(_, name)| name).collect();
    let signals = if signals.is_empty() { words.no_signals.clone() } else { signals.join(", ") };
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
        plain(&words.method, method(texts, event.method).to_owned()),
        plain(&words.offered, offered),
        plain(&settings.allowed, phrases::allowed(texts, event.allowed)),
        plain(&settings.answered_edition, event.edition.to_string()),
        Fact {
            address: Some(format!("{address}&notice={}", event.notice)),
            ..plain(&words.notice, event.notice.to_string())
        },
        plain(&words.language, event.language.own_name().to_owned()),
        plain(&words.page, page),
        plain(&words.agent, agent.to_owned()),
        plain(&words.signals, signals),
    ]
}

fn method(texts: &Texts, method: Method) -> &str {
    let words = &texts.receipt.methods;
    match method {
        Method::BannerForm => &words.banner_form,
        Method::SettingsForm => &words.settings_form,
        Method::ReceiptForm => &words.receipt_form,
        Method::Script => &words.script,
        Method::Navigation => &words.navigation,
        Method::FrameForm => &words.frame_form,
    }
}
