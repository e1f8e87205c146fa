//! What Article 8(4) of Law 94-V asks a consent to state, in the visitor's language.

use super::{phrases, settings::Settings, texts::Texts};
use crate::visitor::Language;

/// One item: what it is called and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    /// Its name in the visitor's language.
    pub(super) label: String,
    /// What it says.
    pub(super) value: String,
    /// The language of the value where it is not the visitor's.
    pub(super) language: Option<Language>,
    /// Where more of it is read.
    pub(super) address: Option<String>,
}

impl Fact {
    /// An item in the visitor's language.
    pub(super) fn plain(label: &str, value: String) -> Self {
        Self { label: label.to_owned(), value, language: None, address: None }
    }
}

/// The items in the order of the law: whose data by whom, for how long, to whom, where to, whether published, what, where kept. Behind
/// them, who else learns visitors' addresses, and how long the record of an answer is kept.
pub(super) fn facts(settings: &Settings, language: Language) -> Vec<Fact> {
    let texts = Texts::of(language);
    let names = &texts.facts;
    let notice = &settings.notice;
    let plain = Fact::plain;
    let localised = |label: &str, text| {
        let (value, language) = phrases::localised(text, language);
        Fact { language, ..plain(label, value) }
    };
    let data: Vec<_> = notice.data.iter().map(|word| texts.kind_of_data(word)).collect();
    let mut facts = vec![
        plain(&names.controller, controller(settings, texts)),
        plain(&names.subject, names.subject_text.clone()),
        plain(&names.data, data.join(", ")),
        plain(&names.term, phrases::term(language, settings.valid_for)),
        localised(&names.third_parties, &notice.third_parties),
        localised(&names.cross_border, &notice.cross_border),
        localised(&names.public, &notice.public),
        localised(&names.storage, &notice.storage_place),
    ];
    let hosts = seeing_hosts(settings, texts);
    facts.extend((!hosts.is_empty()).then(|| plain(&names.seeing_hosts, hosts.join(", "))));
    facts.push(plain(&names.record_term, record_term(settings, language)));
    facts
}

/// The hosts that learn a visitor's full address when a page loads from them, with their owners and categories.
fn seeing_hosts(settings: &Settings, texts: &Texts) -> Vec<String> {
    let seeing = settings.hosts.iter().filter(|host| host.sees_address && settings.offer.permits(host.category));
    seeing
        .map(|host| {
            let category = texts.category(host.category).listed.as_str();
            match host.owner.as_str() {
                "" => format!("{} ({category})", host.name),
                owner if owner == host.name => format!("{} ({category})", host.name),
                owner => format!("{} ({owner}; {category})", host.name),
            }
        })
        .collect()
}

fn record_term(settings: &Settings, language: Language) -> String {
    let texts = Texts::of(language);
    let (choices, frames) = (settings.retention.choices, settings.retention.frames);
    let term = |term| phrases::term(language, term);
    let text = phrases::fill(&texts.facts.record_term_text, &[("term", &term(choices))]);
    if frames == choices {
        return text;
    }
    phrases::fill(&texts.facts.record_term_frames, &[("text", &text), ("term", &term(frames))])
}

/// The items with the controller's addresses, as the settings page shows them.
pub(super) fn facts_in_full(settings: &Settings, language: Language) -> Vec<Fact> {
    let names = &Texts::of(language).facts;
    let mut facts = facts(settings, language);
    let address = |label: &str, value: &String| Fact::plain(label, value.clone());
    facts.insert(1, address(&names.address, &settings.controller.address));
    facts.insert(2, address(&names.email, &settings.controller.email));
    facts
}

/// The kind of identification number and the number: `ИИН 850617450628`. Empty when configuration has neither.
pub(super) fn identification(settings: &Settings, texts: &Texts) -> String {
    let controller = &settings.controller;
    match (&controller.bin, &controller.iin) {
        (Some(bin), _) => format!("{} {bin}", texts.facts.bin),
        (None, Some(iin)) => format!("{} {iin}", texts.facts.iin),
        (None, None) => String::new(),
    }
}

fn controller(settings: &Settings, texts: &Texts) -> String {
    format!("{}, {}", settings.controller.name, identification(settings, texts))
}
