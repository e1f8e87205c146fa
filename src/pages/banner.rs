//! What is put into the site's pages: the banner, the link that stays after an answer, the script's tag. ASCII, no style
//! attribute, no inline script, no handler. All of it is rendered once; the site's origin and the way back are filled in for each page. Addresses are
//! whole: on a page with a `<base>` elsewhere a path alone would lead there, and a choice with it.

use askama::Template;
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    ReturnPath, Settings,
    ascii::{escape, to_ascii},
    facts::{self, Fact},
    frame::render,
    phrases,
    texts::Texts,
};
use crate::{consent::Model, visitor::Language};

/// HTML with gaps for the page's own address and its origin.
pub(super) struct Fillable(Vec<Piece>);

enum Piece {
    Text(Box<str>),
    /// The origin, for an attribute.
    Origin,
    /// The address, escaped for an attribute.
    InAttribute,
    /// The address, percent-encoded for a query.
    InQuery,
}

/// Control characters mark the gaps while rendering: no template and no phrase holds them.
const ATTRIBUTE_GAP: char = '\u{1}';
const QUERY_GAP: char = '\u{2}';
const ORIGIN_GAP: char = '\u{3}';

/// Everything but unreserved characters (RFC 3986, section 2.3) is encoded in a query.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Fillable {
    fn new(html: &str) -> Self {
        let ascii = to_ascii(html);
        let mut pieces = Vec::new();
        let mut rest = ascii.as_str();
        while let Some(at) = rest.find([ATTRIBUTE_GAP, QUERY_GAP, ORIGIN_GAP]) {
            pieces.push(Piece::Text(rest[..at].into()));
            pieces.push(match rest[at..].chars().next() {
                Some(QUERY_GAP) => Piece::InQuery,
                Some(ORIGIN_GAP) => Piece::Origin,
                _ => Piece::InAttribute,
            });
            rest = &rest[at + 1..];
        }
        pieces.push(Piece::Text(rest.into()));
        Self(pieces)
    }

    /// The HTML for the page at `to` of this origin.
    pub(super) fn fill(&self, origin: &str, to: &ReturnPath) -> Bytes {
        let (origin, in_attribute) = (escape(origin), escape(to.as_str()));
        let in_query = in_query(to);
        let parts = || {
            self.0.iter().map(|piece| match piece {
                Piece::Text(text) => &**text,
                Piece::Origin => &origin,
                Piece::InAttribute => &in_attribute,
                Piece::InQuery => &in_query,
            })
        };
        let mut html = String::with_capacity(parts().map(str::len).sum());
        html.extend(parts());
        html.into()
    }
}

/// A path of ours as an address that a page's base has no part in.
fn whole(path: &str) -> String {
    format!("{ORIGIN_GAP}{path}")
}

/// A way back as the value of a query's field.
pub(super) fn in_query(to: &ReturnPath) -> String {
    utf8_percent_encode(to.as_str(), ENCODED).to_string()
}

/// The banner, with the digits of the notice that it shows.
pub(super) fn banner(
    settings: &Settings,
    language: Language,
    model: Model,
    style_path: &str,
    notice: &str,
) -> Fillable {
    let texts = Texts::of(language);
    let identification = facts::identification(settings, texts);
    let values = [("name", settings.controller.name.as_str()), ("number", identification.as_str())];
    Fillable::new(&render(&BannerTemplate {
        texts,
        language: language.tag(),
        style_path: &whole(style_path),
        prefix: &whole(&settings.prefix),
        edition: settings.edition.id.as_str(),
        notice,
        to_attribute: ATTRIBUTE_GAP,
        to_query: QUERY_GAP,
        text: first_layer(settings, language, model),
        controller: phrases::fill(&texts.banner.controller, &values),
        facts: facts::facts(settings, language),
        others: settings.languages.iter().copied().filter(|other| *other != language).collect(),
        settings_link: !settings.own_settings_link,
    }))
}

/// The link that stays on every page after an answer.
pub(super) fn settings_link(settings: &Settings, language: Language, style_path: &str) -> Fillable {
    Fillable::new(&render(&SettingsLinkTemplate {
        texts: Texts::of(language),
        language: language.tag(),
        style_path: &whole(style_path),
        prefix: &whole(&settings.prefix),
        to_query: QUERY_GAP,
    }))
}

/// What the first layer says above the items of Article 8(4). Only the notice model may say that going on is consent.
pub(super) fn first_layer(settings: &Settings, language: Language, model: Model) -> String {
    let texts = Texts::of(language);
    let categories = phrases::categories(texts, settings.offer);
    let term = phrases::term(language, settings.valid_for);
    let text = phrases::fill(&texts.banner.text, &[("categories", &categories), ("term", &term)]);
    match model {
        Model::OptIn => text,
        Model::Notice => format!("{text} {}", texts.banner.implied),
    }
}

#[derive(Template)]
#[template(path = "banner.html", config = "banner/askama.toml")]
struct BannerTemplate<'a> {
    texts: &'static Texts,
    language: &'static str,
    style_path: &'a str,
    prefix: &'a str,
    edition: &'a str,
    notice: &'a str,
    to_attribute: char,
    to_query: char,
    text: String,
    controller: String,
    facts: Vec<Fact>,
    others: Vec<Language>,
    settings_link: bool,
}

#[derive(Template)]
#[template(path = "settings_link.html", config = "banner/askama.toml")]
struct SettingsLinkTemplate<'a> {
    texts: &'static Texts,
    language: &'static str,
    style_path: &'a str,
    prefix: &'a str,
    to_query: char,
}
