//! The page of one edition of the policy: its text as it was published, its date and its digest, and the way to the others.

use askama::Template;

use super::{
    EditionText, Settings, assets,
    facts::{Fact, facts_in_full},
    frame::{Frame, LanguageLink, render},
    phrases,
    policy_text::{Block, blocks},
    settings_page::{policy_address, request},
    texts::{CategoryTexts, Texts},
};
use crate::{
    consent::{Category, EditionId},
    visitor::Language,
};

/// Renders the page of an edition, or `None` where there is no such edition. Where it has no text in the visitor's language, the
/// text of the site's first language that has one stands in, marked with that language; no translation is made up.
pub(super) fn policy_page(
    settings: &Settings,
    language: Language,
    style_path: &str,
    edition: &EditionId,
) -> Option<String> {
    let texts = Texts::of(language);
    let published = settings.texts_of(edition);
    let text = published.iter().find(|text| text.language == language).or(published.first()).copied();
    let in_force = settings.edition.id == *edition;
    if text.is_none() && !in_force {
        return None;
    }
    let foreign = text.map(|text| text.language).filter(|other| *other != language);
    let effective = text.map_or(settings.edition.effective, |text| text.effective);
    let prefix = &settings.prefix;
    let link = |other: Language| LanguageLink {
        language: other,
        address: policy_address(settings, edition, other),
        current: other == language,
    };
    let page = PolicyTemplate {
        frame: Frame {
            language,
            texts,
            title: if text.is_some() { &texts.policy.title } else { &texts.policy.notice_title },
            host: &settings.host,
            style_path: Some(style_path),
            back: Some("/"),
            languages: settings.languages.iter().map(|other| link(*other)).collect(),
        },
        texts,
        edition: edition.as_str(),
        in_force,
        effective_date: effective.date(),
        effective: phrases::date(texts, effective),
        hash: text.map(|text| assets::hexadecimal(&text.hash)),
        translation_missing: foreign
            .map(|shown| phrases::fill(&texts.policy.no_translation, &[("language", texts.languages.of(shown))])),
        also_published: match foreign {
            Some(shown) => {
                let others = published.iter().map(|text| text.language).filter(|other| *other != shown);
                others.map(link).collect()
            }
            None => Vec::new(),
        },
        text_language: foreign,
        blocks: text.map(|text| blocks(&text.text)).unwrap_or_default(),
        notice: text.is_none().then(|| notice(settings, language)),
        others: others(settings, texts, edition, text),
        settings_address: format!("{prefix}settings?language={language}"),
    };
    Some(render(&page))
}

/// Every text there is, newest edition first.
fn others(settings: &Settings, texts: &Texts, edition: &EditionId, shown: Option<&EditionText>) -> Vec<OtherText> {
    let mut all: Vec<_> = settings.texts.iter().collect();
    all.sort_by(|one, two| (two.effective, &two.id, one.language).cmp(&(one.effective, &one.id, two.language)));
    let mut others: Vec<_> = all
        .into_iter()
        .map(|text| OtherText {
            address: policy_address(settings, &text.id, text.language),
            language: Some(text.language),
            current: shown.is_some_and(|shown| shown.id == text.id && shown.language == text.language),
            label: format!("{} ({}), {}", text.id, phrases::date(texts, text.effective), text.language.own_name()),
        })
        .collect();
    if shown.is_none() {
        let current = OtherText {
            address: policy_address(settings, edition, settings.languages.first().copied().unwrap_or_default()),
            language: None,
            current: true,
            label: format!("{edition} ({})", phrases::date(texts, settings.edition.effective)),
        };
        others.insert(0, current);
    }
    others
}

/// The notice in the place of a policy, for a site that has no other.
fn notice(settings: &Settings, language: Language) -> NoticeParts {
    let texts = Texts::of(language);
    let shown = Category::ALL.into_iter().filter(|category| settings.offer.permits(*category));
    NoticeParts {
        categories: shown.map(|category| texts.category(category)).collect(),
        facts: facts_in_full(settings, language),
        request: request(settings, texts),
    }
}

struct OtherText {
    address: String,
    language: Option<Language>,
    current: bool,
    label: String,
}

struct NoticeParts {
    categories: Vec<&'static CategoryTexts>,
    facts: Vec<Fact>,
    request: String,
}

#[derive(Template)]
#[template(path = "policy.html", config = "banner/askama.toml")]
struct PolicyTemplate<'a> {
    frame: Frame<'a>,
    texts: &'static Texts,
    edition: &'a str,
    in_force: bool,
    effective_date: String,
    effective: String,
    hash: Option<String>,
    /// That the text is in another language than the page, and in which.
    translation_missing: Option<String>,
    /// The other languages that it could be read in instead.
    also_published: Vec<LanguageLink>,
    text_language: Option<Language>,
    blocks: Vec<Block>,
    notice: Option<NoticeParts>,
    others: Vec<OtherText>,
    settings_address: String,
}
