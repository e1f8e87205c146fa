//! What all our own pages share: head, way back, languages.

use askama::Template;

use super::texts::Texts;
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

impl Frame<'_> {
    /// Whether there is anything above the title.
    pub(super) fn has_header(&self) -> bool {
        self.back.is_some() || !self.languages.is_empty()
    }
}

/// Renders a template into a string.
pub(super) fn render(template: &impl Template) -> String {
    template.render().expect("a string takes every text, and the templates call nothing that fails")
}
