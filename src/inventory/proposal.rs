//! A category for what nobody has named yet, with the reason in a sentence. It is a proposal: the operator decides.

use super::{CookieEntry, FoldedName, HostAndPort, Reason, Topic};
use crate::{
    consent::Category,
    cookies::{Catalogue, Rule},
    routing::{KnownHost, known_host},
};

/// What to write about something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// `None` where only somebody who knows the site can say.
    pub category: Option<Category>,
    /// Why.
    pub reason: Reason,
    /// Whose it is. Empty where nobody said.
    pub owner: String,
    /// What it does, in English. Empty where nobody said.
    pub purpose: String,
    /// How long it lives, in words. Empty where nobody said.
    pub lifetime: String,
}

/// Parts of names that say what they are for. The first that is found counts; in doubt the category that needs more consent comes first.
const HINTS: [(Category, Topic, &[&str]); 4] = [
    (
        Category::Marketing,
        Topic::Advertising,
        &["gclid", "fbclid", "yclid", "adv", "advert", "ads", "campaign", "retarget", "affiliate", "utm"],
    ),
    (
        Category::Analytical,
        Topic::Measuring,
        &[
            "analytic",
            "analytics",
            "metrika",
            "metrica",
            "visit",
            "visitor",
            "visits",
            "stat",
            "stats",
            "track",
            "tracking",
            "counter",
            "referrer",
            "referer",
        ],
    ),
    (Category::Necessary, Topic::Forms, &["csrf", "xsrf", "csrftoken", "antiforgery", "requestverificationtoken"]),
    (
        Category::Functional,
        Topic::Setting,
        &[
            "lang", "language", "locale", "i18n", "currency", "theme", "city", "region", "timezone", "tz", "fontsize",
            "darkmode",
        ],
    ),
];

/// Proposes a category for a cookie that no rule decides about.
pub fn propose_cookie(name: &FoldedName, entry: &CookieEntry, catalogue: &Catalogue) -> Proposal {
    let lifetime = match &entry.set_by_site {
        Some(attributes) => match (attributes.persistent, attributes.session) {
            (Some(lifetime), _) => lifetime.to_string(),
            (None, true) => "session".to_owned(),
            (None, false) => String::new(),
        },
        None => String::new(),
    };
    let from_rule = rule_for_display(name, catalogue).map(|rule| by_rule(rule, false));
    let proposal = from_rule.or_else(|| by_hint(name)).unwrap_or_else(|| match &entry.set_by_site {
        Some(attributes) if attributes.http_only && attributes.persistent.is_none() => {
            plain(Some(Category::Necessary), Reason::KeptForSession)
        }
        Some(attributes) if attributes.http_only => plain(None, Reason::KeptForLonger),
        Some(_) => plain(None, Reason::ReadByScripts),
        None => plain(None, Reason::NeverSet),
    });
    Proposal { lifetime: if lifetime.is_empty() { proposal.lifetime } else { lifetime }, ..proposal }
}

/// Proposes a category for a key of storage.
pub fn propose_key(name: &FoldedName, catalogue: &Catalogue) -> Proposal {
    let rule = name.samples().iter().find_map(|sample| catalogue.rule(sample.as_bytes()));
    let from_rule = rule.map(|rule| by_rule(rule, true)).or_else(|| by_hint(name));
    from_rule.unwrap_or_else(|| plain(None, Reason::KeptByScript))
}

/// Proposes a category for a host that the site does not list.
pub fn propose_host(host: &HostAndPort, known: &[KnownHost]) -> Proposal {
    let Some(known) = known_host(known, host.host()).filter(|_| host.port().is_none()) else {
        return plain(None, Reason::UnknownHost);
    };
    Proposal {
        category: Some(known.category),
        reason: Reason::KnownHost { purpose: known.purpose.to_string() },
        owner: known.owner.to_string(),
        purpose: known.purpose.to_string(),
        lifetime: String::new(),
    }
}

fn plain(category: Option<Category>, reason: Reason) -> Proposal {
    let empty = String::new;
    Proposal { category, reason, owner: empty(), purpose: empty(), lifetime: empty() }
}

/// A rule about another host's cookie decides nothing here, but says what the name stands for elsewhere.
fn rule_for_display<'c>(name: &FoldedName, catalogue: &'c Catalogue) -> Option<&'c Rule> {
    name.samples().iter().find_map(|sample| catalogue.rule(sample.as_bytes())).filter(|rule| rule.third_party)
}

/// What the catalogue says of a cookie that it decides about; what no source was read for is not for visitors.
pub(super) fn named_by(rule: &Rule) -> Proposal {
    let proposal = by_rule(rule, false);
    if rule.verified { proposal } else { plain(Some(rule.category), proposal.reason) }
}

fn by_rule(rule: &Rule, is_of_key: bool) -> Proposal {
    Proposal {
        category: Some(rule.category),
        reason: Reason::Catalogue { owner: rule.owner.to_string(), is_of_key },
        owner: rule.owner.to_string(),
        purpose: rule.purpose.to_string(),
        lifetime: rule.lifetime.to_string(),
    }
}

fn by_hint(name: &FoldedName) -> Option<Proposal> {
    let words = words(name.as_str());
    let (category, topic, word) = HINTS.iter().find_map(|(category, topic, hints)| {
        let word = words.iter().find(|word| hints.contains(&word.as_str()))?;
        Some((*category, *topic, word.clone()))
    })?;
    Some(plain(Some(category), Reason::Word { word, topic }))
}

/// The words of a name in lower case, parted at other characters than letters and digits and where a capital begins.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for character in name.chars() {
        let begins = character.is_ascii_uppercase() && after_small;
        if begins || !character.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if character.is_ascii_alphanumeric() {
            words.last_mut().expect("never empty").push(character.to_ascii_lowercase());
        }
        after_small = character.is_ascii_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}
