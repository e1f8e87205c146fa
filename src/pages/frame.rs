//! What all our own pages share: head, way back, languages.

use askama::Template;

use super::{ReturnPath, Settings, banner::in_query, texts::Texts};
use crate::visitor::Language;

/// The data of `page.html`.
pub(super) struct Frame<'a> {
    pub(super) language: Language,
    pub(super) texts: &'static Texts,
    pub(super) title: &'a str,
    /// The site's name for the title; empty when no site is known.
    pub(super) host: &'a str,
    pub(super) style_path: Option<&'a str>,
    /// Where the visitor came from.
    pub(super) back: Option<&'a str>,
    pub(super) languages: Vec<LanguageLink>,
}

/// The same page in another language.
pub(super) struct LanguageLink {
    pub(super) language: Language,
    pub(super) address: String,
    pub(super) current: bool,
}

/// Where one of our own pages is, in a language, with the way back to the page that the visitor came from.
pub(super) fn page_address(settings: &Settings, page: &str, language: Language, to: &ReturnPath) -> String {
    format!("{}{page}?language={language}&to={}", settings.prefix, in_query(to))
}

impl<'a> Frame<'a> {
    /// That of a page which can be opened at its address in each language of the site.
    pub(super) fn of_page(
        settings: &'a Settings,
        page: &str,
        language: Language,
        title: &'a str,
        style_path: &'a str,
        to: &'a ReturnPath,
    ) -> Self {
        let link = |other: Language| LanguageLink {
            language: other,
            address: page_address(settings, page, other, to),
            current: other == language,
        };
        Self {
            languages: settings.languages.iter().map(|other| link(*other)).collect(),
            ..Self::of_answer(settings, language, title, style_path, to)
        }
    }

    /// That of a page which answers a form, and has no address that could be opened in another language.
    pub(super) fn of_answer(
        settings: &'a Settings,
        language: Language,
        title: &'a str,
        style_path: &'a str,
        to: &'a ReturnPath,
    ) -> Self {
        Self {
            language,
            texts: Texts::of(language),
            title,
            host: &settings.host,
            style_path: Some(style_path),
            back: Some(to.as_str()),
            languages: Vec::new(),
        }
    }
    /// Whether there is anything above the title.
    pub(super) fn has_header(&self) -> bool {
        self.back.is_some() || !self.languages.is_empty()
    }
}

/// Renders a template into a string.
pub(super) fn render(template: &impl Template) -> String {
    template.render().expect("a string takes every text, and the templates call nothing that fails")
}
