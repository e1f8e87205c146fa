//! What the pages of one site are made from.

use std::sync::Arc;

use crate::{
    consent::{Category, CategorySet, Edition, EditionId, Model},
    ledger::Retention,
    timestamp::{Term, Timestamp},
    visitor::Language,
};

/// A text of the operator: one for all languages, or one for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Localised {
    /// Texts with their language; where the list has no entry for a language, the first stands in, marked with its language.
    pub texts: Vec<(Language, String)>,
}

/// Who answers for the processing: the first item of Article 8(4) of Law 94-V.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// Name, as the policy gives it.
    pub name: String,
    /// Twelve digits: individual identification number of a person…
    pub iin: Option<String>,
    /// … or business identification number of a company. One of the two is there.
    pub bin: Option<String>,
    /// Postal address.
    pub address: String,
    /// Where requests are sent (clause 7.2 of the policy).
    pub email: String,
}

/// The other items of Article 8(4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Who else receives the data, or that nobody does.
    pub third_parties: Localised,
    /// Which countries it goes to, or that it goes to none.
    pub cross_border: Localised,
    /// Whether it is published.
    pub public: Localised,
    /// What is collected. The words `cookies`, `truncated address`, `browser and device family`, `time` and `page` are translated;
    /// others are shown as they are.
    pub data: Vec<String>,
    /// Where it is kept.
    pub storage_place: Localised,
}

/// A cookie that the settings page tells visitors of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredCookie {
    /// Its name, or a prefix with `*`.
    pub name: String,
    /// What for.
    pub category: Category,
    /// Who sets it; may be empty.
    pub owner: String,
    /// What it does; may hold no text.
    pub purpose: Localised,
    /// How long it lives; `session` is translated; may be empty.
    pub lifetime: String,
}

/// A foreign host that pages load from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredHost {
    /// Host name, `*.` in front for subdomains too.
    pub name: String,
    /// What for.
    pub category: Category,
    /// Whose it is.
    pub owner: String,
    /// Whether the browser loads from it directly, so that it learns the visitor's full address.
    pub sees_address: bool,
}

/// The text of one edition in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditionText {
    /// Which edition.
    pub id: EditionId,
    /// Which language.
    pub language: Language,
    /// Plain text in UTF-8: a title line, then paragraphs as they stand in the published document.
    pub text: String,
    /// From when the edition is in force.
    pub effective: Timestamp,
    /// The whole file as it lies on disk, header lines included: what `hash` is taken of, and what the log keeps.
    pub file: Arc<str>,
    /// SHA-256 of the file.
    pub hash: [u8; 32],
}

/// Everything the pages of a site need. Built by [`crate::config`].
#[derive(Clone, Debug)]
pub struct Settings {
    /// The site's name as visitors know it: its canonical or first host.
    pub host: String,
    /// Where visitors reach it, without a path: `https://example.kz`, with a port that is not the scheme's own.
    pub origin: String,
    /// Where our pages live, with both slashes: `/_kelisim/`.
    pub prefix: String,
    /// Languages offered, the first is the default. Never empty.
    pub languages: Vec<Language>,
    /// Who answers for the processing.
    pub controller: Controller,
    /// What Article 8(4) asks for.
    pub notice: Notice,
    /// Opt-in or notice.
    pub model: Model,
    /// The categories that can be accepted.
    pub offer: CategorySet,
    /// How long a choice is valid.
    pub valid_for: Term,
    /// How long records are kept after they ceased to be valid.
    pub retention: Retention,
    /// The edition in force when the pages were built.
    pub edition: Edition,
    /// Texts of all editions, each in at least one language. Empty where the notice itself is the edition.
    pub texts: Vec<EditionText>,
    /// Cookies that visitors are told of.
    pub cookies: Vec<DeclaredCookie>,
    /// Keys of the browser's storage that visitors are told of.
    pub storage: Vec<DeclaredCookie>,
    /// Hosts that visitors are told of.
    pub hosts: Vec<DeclaredHost>,
    /// Whether what nobody has named is held back. Otherwise visitors are promised less.
    pub unknown_refused: bool,
    /// Whether subdomains share the record, which changes the name of its cookie.
    pub share_subdomains: bool,
    /// Whether the site shows its own link to the settings page, so that none is injected.
    pub own_settings_link: bool,
}

impl Settings {
    /// The texts of an edition: those in the site's languages first, in the site's order. The first stands in for what is missing.
    pub(super) fn texts_of(&self, edition: &EditionId) -> Vec<&EditionText> {
        let place = |text: &&EditionText| {
            let place = self.languages.iter().position(|language| *language == text.language);
            (place.unwrap_or(self.languages.len()), text.language)
        };
        let mut texts: Vec<_> = self.texts.iter().filter(|text| text.id == *edition).collect();
        texts.sort_by_key(place);
        texts
    }
}
