//! What is recorded about a browser, for the person before it: fact, purposes and grounds, terms, data, measures, history, and what
//! can be done about it. Works without a script.

use askama::Template;

use super::{
    NoticeDocument, ReturnPath, Settings, assets,
    facts::Fact,
    frame::{Frame, page_address, render},
    phrases,
    receipt_data::data,
    receipt_history::{HistoryLine, HistoryRow, history_row},
    settings_page::{ChoiceLines, ChoiceView, choice_lines},
    texts::Texts,
};
use crate::{
    consent::{Category, ConsentId, Model},
    ledger::{Event, LeafIndex, VerifierKey},
    timestamp::Term,
    visitor::Language,
};

/// What the page says of one visitor.
#[derive(Clone, Debug)]
pub struct ReceiptView<'a> {
    /// The page that the visitor came from.
    pub to: &'a ReturnPath,
    /// Which model holds for this visitor.
    pub model: Model,
    /// How long records are kept after they ceased to be valid.
    pub kept_for: Term,
    /// The key that receipts are checked with.
    pub key: &'a VerifierKey,
    /// What is recorded; `None` where nothing is.
    pub recorded: Option<Recorded<'a>>,
}

/// What is recorded about a visitor.
#[derive(Clone, Debug)]
pub struct Recorded<'a> {
    /// The visitor's number.
    pub consent_id: ConsentId,
    /// The choice that the browser proves.
    pub choice: ChoiceView<'a>,
    /// Whether it is in force.
    pub in_force: bool,
    /// Where its event is.
    pub whereabouts: Whereabouts<'a>,
    /// The newest events, the oldest of them first.
    pub history: Vec<HistoryLine<'a>>,
    /// How many events are kept; those that are not in `history` are older.
    pub kept: usize,
}

/// Where the event of a choice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts<'a> {
    /// In the log, at this place.
    InLog(LeafIndex, &'a Event),
    /// It waits for the disk. Only a refusal or withdrawal does, since it holds without it.
    Waiting,
    /// Nowhere: it was erased, or lost with a backup that was restored, or could never be written. The refusal holds all the same.
    Gone,
}

/// Renders the page.
pub(super) fn receipt_page(
    settings: &Settings,
    notice: &NoticeDocument,
    style_path: &str,
    view: &ReceiptView<'_>,
) -> String {
    let language = notice.language;
    let texts = Texts::of(language);
    let words = &texts.receipt;
    let prefix = settings.prefix.as_str();
    let address = page_address(settings, "receipt", language, view.to);
    render(&ReceiptTemplate {
        frame: Frame::of_page(settings, "receipt", language, &words.title, style_path, view.to),
        texts,
        prefix,
        to: view.to.as_str(),
        settings_address: page_address(settings, "settings", language, view.to),
        edition: settings.edition.id.as_str(),
        notice: assets::hexadecimal(&notice.id.0),
        introduction: phrases::fill(&words.introduction, &[("host", &settings.host)]),
        request: phrases::fill(&words.request, &[("email", &settings.controller.email)]),
        key: view.key.to_string(),
        recorded: view.recorded.as_ref().map(|recorded| lines(settings, language, view, recorded, &address)),
        address,
    })
}

fn lines(
    settings: &Settings,
    language: Language,
    view: &ReceiptView<'_>,
    recorded: &Recorded<'_>,
    address: &str,
) -> RecordedLines {
    let texts = Texts::of(language);
    let words = &texts.receipt;
    let mut choice = choice_lines(settings, language, &recorded.choice);
    choice.time_text = phrases::moment_to_the_second(texts, choice.time);
    let purposes = Category::ALL.into_iter().filter(|category| recorded.choice.allowed.contains(*category));
    let purposes = purposes.map(|category| {
        let words = texts.category(category);
        Fact::plain(&words.name, words.text.clone())
    });
    let shown = recorded.history.iter().filter(|line| matches!(line, HistoryLine::Kept { .. })).count();
    let current = match recorded.whereabouts {
        Whereabouts::InLog(index, event) => Some((index, event)),
        Whereabouts::Waiting | Whereabouts::Gone => None,
    };
    let before = current.and_then(|(index, _)| recorded.history.iter().find(|line| line.index() == index));
    let before = before.and_then(HistoryLine::before);
    let gone = recorded.whereabouts == Whereabouts::Gone;
    RecordedLines {
        consent_id: recorded.consent_id.to_string(),
        in_force: recorded.in_force,
        leaf: current.map(|(index, _)| index.0),
        gone,
        holds_something: !gone || recorded.kept > 0,
        purposes: purposes.collect(),
        term_of_choice: phrases::fill(&words.term_of_choice, &[("date", &choice.valid_until_text)]),
        term_of_record: phrases::fill(&words.term_of_record, &[("term", &phrases::term(language, view.kept_for))]),
        data: current.map(|(_, event)| data(texts, event, before, address)).unwrap_or_default(),
        history: recorded.history.iter().map(|line| history_row(settings, language, line)).collect(),
        history_cut: (shown < recorded.kept).then(|| phrases::cut(&words.history_cut, shown, recorded.kept)),
        choice,
    }
}

struct RecordedLines {
    consent_id: String,
    choice: ChoiceLines,
    in_force: bool,
    leaf: Option<u64>,
    /// The choice has no record, and none will come.
    gone: bool,
    /// The log holds something of this visitor, or will in a moment.
    holds_something: bool,
    purposes: Vec<Fact>,
    term_of_choice: String,
    term_of_record: String,
    data: Vec<Fact>,
    history: Vec<HistoryRow>,
    history_cut: Option<String>,
}

#[derive(Template)]
#[template(path = "receipt.html", config = "banner/askama.toml")]
struct ReceiptTemplate<'a> {
    frame: Frame<'a>,
    texts: &'static Texts,
    prefix: &'a str,
    to: &'a str,
    address: String,
    settings_address: String,
    edition: &'a str,
    notice: String,
    introduction: String,
    request: String,
    key: String,
    recorded: Option<RecordedLines>,
}
