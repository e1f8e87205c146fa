//! The text of a notice as the log keeps it: what somebody read before an answer, long after the site says something else.

use askama::Template;

use super::{
    ReturnPath, Settings,
    frame::{Frame, page_address, render},
    phrases,
    settings_page::known_policy_address,
    texts::Texts,
};
use crate::{
    consent::EditionId,
    ledger::{NoticeFacts, NoticeId},
    visitor::Language,
};

/// Renders the page of a kept document; `None` where it can't be read.
pub(super) fn notice_page(
    settings: &Settings,
    language: Language,
    style_path: &str,
    (id, document): (NoticeId, &str),
    to: &ReturnPath,
) -> Option<String> {
    let texts = Texts::of(language);
    let facts = NoticeFacts::parse(document)?;
    let receipt_address = page_address(settings, "receipt", language, to);
    let edition = EditionId::parse(&facts.edition);
    Some(render(&NoticeTemplate {
        frame: Frame::of_answer(settings, language, &texts.receipt.notice_title, style_path, to),
        texts,
        language_of_text: Language::parse(&facts.language),
        edition_address: edition.and_then(|edition| known_policy_address(settings, &edition, language)),
        document_address: format!("{receipt_address}&notice={id}&download=json"),
        receipt_address,
        id: id.to_string(),
        layers: layers(texts, &facts),
        facts,
    }))
}

/// The layers that there are, in the order in which a visitor meets them.
fn layers(texts: &Texts, facts: &NoticeFacts) -> Vec<ShownLayer> {
    let words = &texts.receipt;
    let layer = |title: String, lines: &[String]| ShownLayer { title, lines: lines.to_vec() };
    // A document of before there were layers has the banner's sentence alone.
    let sentence = std::slice::from_ref(&facts.banner.text);
    let banner = if facts.layers.banner.is_empty() { sentence } else { &facts.layers.banner };
    let frames = facts.layers.frame.iter();
    let frames = frames.map(|frame| layer(phrases::fill(&words.notice_frame, &[("host", &frame.host)]), &frame.text));
    let mut layers = vec![
        layer(words.notice_banner.clone(), banner),
        layer(words.notice_settings.clone(), &facts.layers.settings),
        layer(words.notice_receipt.clone(), &facts.layers.receipt),
    ];
    layers.extend(frames);
    layers.retain(|layer| layer.lines.iter().any(|line| !line.is_empty()));
    layers
}

struct ShownLayer {
    title: String,
    lines: Vec<String>,
}

#[derive(Template)]
#[template(path = "notice.html", config = "banner/askama.toml")]
struct NoticeTemplate<'a> {
    frame: Frame<'a>,
    texts: &'static Texts,
    id: String,
    language_of_text: Option<Language>,
    edition_address: Option<String>,
    document_address: String,
    receipt_address: String,
    layers: Vec<ShownLayer>,
    facts: NoticeFacts,
}
