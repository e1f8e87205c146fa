//! The script on the site's pages: the parts of `banner/`, the rules of one site in them, one file.

mod expression;
mod rules;
mod shorten;

#[cfg(test)]
mod tests;

use serde_json::json;

use super::assets::{NamedAsset, SCRIPT_TYPE};
use crate::{
    consent::{Category, CategorySet},
    cookies::{Catalogue, Rule},
    routing::{ForeignHost, HostPattern},
};

const FRAME: &str = include_str!("../../../banner/kelisim.js");

/// The parts, by the mark in the frame that they take the place of.
const PARTS: [(&str, &str); 12] = [
    ("rules", include_str!("../../../banner/script/rules.js")),
    ("cookies", include_str!("../../../banner/script/cookies.js")),
    ("storage", include_str!("../../../banner/script/storage.js")),
    ("signals", include_str!("../../../banner/script/signals.js")),
    ("guard", include_str!("../../../banner/script/guard.js")),
    ("panel", include_str!("../../../banner/script/panel.js")),
    ("hydration", include_str!("../../../banner/script/hydration.js")),
    ("choice", include_str!("../../../banner/script/choice.js")),
    ("others", include_str!("../../../banner/script/others.js")),
    ("routes", include_str!("../../../banner/script/routes.js")),
    ("markup", include_str!("../../../banner/script/markup.js")),
    ("api", include_str!("../../../banner/script/api.js")),
];

/// Tools of others that are told what is allowed, each in its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// Google's Consent Mode, version 2, and the events in `dataLayer`.
    pub google: bool,
    /// Numbers of Yandex.Metrica's counters.
    pub yandex_metrica: Vec<u32>,
    /// Matomo's `requireConsent`.
    pub matomo: bool,
    /// Meta's `fbq('consent', …)`.
    pub meta: bool,
}

impl Signals {
    fn any(&self) -> bool {
        self.google || self.matomo || self.meta || !self.yandex_metrica.is_empty()
    }
}

/// What the script of a site is made from.
#[derive(Clone, Debug)]
pub struct ScriptSettings<'a> {
    /// Whether what nobody knows is refused (mode `strict`); else known hosts are held back by the script too (mode `compatible`).
    pub strict: bool,
    /// Whether unknown cookies are removed that appear while a page is open. Not where a part of the site is passed through: they may be its own.
    pub sweeps_unknown: bool,
    /// What can be accepted.
    pub offer: CategorySet,
    /// The cookies.
    pub catalogue: &'a Catalogue,
    /// Keys of storage, which go before the cookies' rules.
    pub storage: &'a [Rule],
    /// Hosts of others, for mode `compatible`.
    pub hosts: Vec<&'a ForeignHost>,
    /// Whom to tell.
    pub signals: &'a Signals,
    /// Whether pages are hydrated as a whole document.
    pub hydrates: bool,
    /// Whether it tells when a page changes its address without a load.
    pub routes: bool,
}

/// The script of one site.
#[derive(Clone, Debug)]
pub struct Script(pub(super) NamedAsset);

impl Script {
    /// Puts the parts together.
    pub fn build(settings: &ScriptSettings<'_>) -> Self {
        let left_out = |part: &str| match part {
            "signals" => !settings.signals.any(),
            "guard" => settings.strict,
            "hydration" => !settings.hydrates,
            "routes" => !settings.routes,
            _ => false,
        };
        let mut text = FRAME.replace("\"@site\"", &site(settings));
        for (name, part) in PARTS {
            text = text.replace(&format!("\"@{name}\";"), if left_out(name) { "" } else { part });
        }
        Self(NamedAsset::new("kelisim", "js", SCRIPT_TYPE, shorten::shorten(&text).into()))
    }
}

/// The constant that holds what differs from site to site, as JSON in ASCII.
fn site(settings: &ScriptSettings<'_>) -> String {
    let rules = rules::embed(settings.catalogue.rules(), settings.strict, settings.offer);
    // The same key must not be unknown because its category is not offered, so of these all are told.
    let storage = rules::embed(settings.storage.iter(), false, settings.offer);
    let offer: Vec<_> = Category::ALL.into_iter().filter(|category| settings.offer.permits(*category)).collect();
    let mut site = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "strict": u8::from(settings.strict),
        "sweeps": u8::from(settings.sweeps_unknown),
        "offer": offer.iter().map(|category| category.name()).collect::<Vec<_>>(),
        "cookies": rules.names,
        "expressions": rules.expressions,
        "storage": storage.names,
    });
    if settings.signals.any() {
        let Signals { google, yandex_metrica, matomo, meta } = settings.signals;
        site["signals"] = json!({ "google": google, "yandex_metrica": yandex_metrica, "matomo": matomo, "meta": meta });
    }
    if !settings.strict {
        site["hosts"] = json!(hosts(&settings.hosts));
    }
    let mut ascii = String::new();
    for letter in site.to_string().chars() {
        if letter.is_ascii() {
            ascii.push(letter);
        } else {
            let mut units = [0; 2];
            letter.encode_utf16(&mut units).iter().for_each(|unit| ascii.push_str(&format!("\\u{unit:04x}")));
        }
    }
    ascii
}

/// Hosts by category; the last list is of those that never pass, as they would see addresses and nobody said that they may.
fn hosts(hosts: &[&ForeignHost]) -> Vec<String> {
    let all = CategorySet::from_iter(Category::ALL);
    let mut lists = vec![String::new(); Category::ALL.len() + 1];
    for line in hosts {
        let list = if line.passes(all) { line.category as usize } else { Category::ALL.len() };
        let name = match &line.host {
            HostPattern::Exact(name) => name.clone(),
            HostPattern::Subdomains(name) => format!("*.{name}"),
        };
        let port = line.port.map(|port| format!(":{port}")).unwrap_or_default();
        lists[list].push_str(&format!("{name}{port};"));
    }
    lists
}
