//! The question before records are erased, and what is said afterwards. Both work without a script.

use askama::Template;

use super::{
    ReturnPath, Settings,
    frame::{Frame, page_address, render},
    phrases,
    texts::Texts,
};
use crate::{ledger::LeafIndex, visitor::Language};

/// What was erased.
#[derive(Clone, Debug)]
pub struct ErasedView<'a> {
    /// The page that the visitor came from.
    pub to: &'a ReturnPath,
    /// How many records.
    pub records: usize,
    /// Whether their bytes are out of the files already.
    pub overwritten: bool,
    /// Which, with what the log says of each; the newest where there are more than a page lists.
    pub leaves: Vec<ErasedLeaf>,
}

/// A leaf whose record was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErasedLeaf {
    /// Its place.
    pub leaf: LeafIndex,
    /// The place of the leaf that says so.
    pub cause: LeafIndex,
}

/// Renders the question.
pub(super) fn question_page(
    settings: &Settings,
    language: Language,
    style_path: &str,
    records: usize,
    to: &ReturnPath,
) -> String {
    let texts = Texts::of(language);
    let words = &texts.receipt;
    render(&QuestionTemplate {
        frame: Frame::of_answer(settings, language, &words.question_title, style_path, to),
        texts,
        prefix: &settings.prefix,
        count: phrases::fill(&words.question_count, &[("count", &records.to_string())]),
        to: to.as_str(),
        receipt_address: page_address(settings, "receipt", language, to),
    })
}

/// Renders the confirmation.
pub(super) fn erased_page(settings: &Settings, language: Language, style_path: &str, view: &ErasedView<'_>) -> String {
    let texts = Texts::of(language);
    let words = &texts.receipt;
    let proof = |erased: &ErasedLeaf| ProofLink {
        leaf: erased.leaf.0,
        cause: erased.cause.0,
        text: phrases::fill(
            &words.erased_proof,
            &[("leaf", &erased.leaf.0.to_string()), ("cause", &erased.cause.0.to_string())],
        ),
    };
    render(&ErasedTemplate {
        frame: Frame::of_answer(settings, language, &words.erased_title, style_path, view.to),
        texts,
        prefix: &settings.prefix,
        count: phrases::fill(&words.erased, &[("count", &view.records.to_string())]),
        overwritten: view.overwritten,
        proofs_cut: (view.leaves.len() < view.records)
            .then(|| phrases::cut(&words.history_cut, view.leaves.len(), view.records)),
        proofs: view.leaves.iter().map(proof).collect(),
    })
}

struct ProofLink {
    leaf: u64,
    cause: u64,
    text: String,
}

#[derive(Template)]
#[template(path = "erasure_question.html", config = "banner/askama.toml")]
struct QuestionTemplate<'a> {
    frame: Frame<'a>,
    texts: &'static Texts,
    prefix: &'a str,
    count: String,
    to: &'a str,
    receipt_address: String,
}

#[derive(Template)]
#[template(path = "erased.html", config = "banner/askama.toml")]
struct ErasedTemplate<'a> {
    frame: Frame<'a>,
    texts: &'static Texts,
    prefix: &'a str,
    count: String,
    overwritten: bool,
    proofs_cut: Option<String>,
    proofs: Vec<ProofLink>,
}
