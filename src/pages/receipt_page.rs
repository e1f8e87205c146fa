//! What is recorded about a browser, for the person before it: fact, purposes and grounds, terms, data, measures, history, and what
//! can be done about it. Works without a script.

use askama::Template;

use super::{
    NoticeDocument, ReturnPath, Settings, assets,
    facts::Fact,
    frame::{Frame, page_address, render},
    phrases,
    settings_page::{ChoiceLines, ChoiceView, choice_lines, known_policy_address},
    texts::Texts,
};
use crate::{
    consent::{Category, CategorySet, ConsentId, Model},
    ledger::{Event, EventKind, LeafIndex, Method},
    timestamp::{Term, Timestamp},
    visitor::{AgentFamily, Language},
};

/// How much of a notice's digest stands in a line of the history, in digits; the whole is among the data.
const SHORT_DIGEST: usize = 12;

/// What the page says of one visitor.
#[derive(Clone, Debug)]
pub struct ReceiptView<'a> {
    /// The page that the visitor came from.
    pub to: &'a ReturnPath,
    /// Which model holds for this visitor.
    pub model: Model,
    /// How long records are kept after they ceased to be valid.
    pub kept_for: Term,
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
    /// Its event in the log; `None` while it waits for the disk.
    pub event: Option<(LeafIndex, &'a Event)>,
    /// The newest events, the oldest of them first.
    pub history: Vec<HistoryLine<'a>>,
    /// How many events are kept; those that are not in `history` are older.
    pub kept: usize,
}

/// Whether an event counts now, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is in force.
    InForce,
    /// Another event ended it.
    Ended,
    /// Its term ran out then, before anything else ended it.
    Expired(Timestamp),
    /// The policy has changed, so the visitor is asked again.
    AskedAgain,
}

/// One line of the history.
#[derive(Clone, Debug)]
pub enum HistoryLine<'a> {
    /// An event that is kept.
    Kept {
        /// Its place.
        index: LeafIndex,
        /// What happened.
        event: &'a Event,
        /// Whether it counts.
        standing: Standing,
    },
    /// An event that a later one names, and that was deleted.
    Removed {
        /// Its place.
        index: LeafIndex,
        /// On which day.
        on: Timestamp,
    },
}

impl HistoryLine<'_> {
    /// Its place.
    pub const fn index(&self) -> LeafIndex {
        match self {
            Self::Kept { index, .. } | Self::Removed { index, .. } => *index,
        }
    }
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
    render(&ReceiptTemplate {
        frame: Frame::of_page(settings, "receipt", language, &words.title, style_path, view.to),
        texts,
        prefix,
        to: view.to.as_str(),
        address: page_address(settings, "receipt", language, view.to),
        settings_address: page_address(settings, "settings", language, view.to),
        edition: settings.edition.id.as_str(),
        notice: assets::hexadecimal(&notice.id.0),
        introduction: phrases::fill(&words.introduction, &[("host", &settings.host)]),
        request: phrases::fill(&words.request, &[("email", &settings.controller.email)]),
        recorded: view.recorded.as_ref().map(|recorded| lines(settings, language, view.kept_for, recorded)),
    })
}

fn lines(settings: &Settings, language: Language, kept_for: Term, recorded: &Recorded<'_>) -> RecordedLines {
    let texts = Texts::of(language);
    let words = &texts.receipt;
    let choice = choice_lines(settings, language, &recorded.choice);
    let purposes = |category: &Category| recorded.choice.allowed.contains(*category);
    let purposes = Category::ALL.into_iter().filter(purposes).map(|category| {
        let words = texts.category(category);
        Fact { label: words.name.clone(), value: words.text.clone(), language: None }
    });
    let term = phrases::term(language, kept_for);
    let shown = recorded.history.iter().filter(|line| matches!(line, HistoryLine::Kept { .. })).count();
    RecordedLines {
        consent_id: recorded.consent_id.to_string(),
        in_force: recorded.in_force,
        leaf: recorded.event.map(|(index, _)| index.0),
        purposes: purposes.collect(),
        term_of_choice: phrases::fill(&words.term_of_choice, &[("date", &choice.valid_until_text)]),
        term_of_record: phrases::fill(&words.term_of_record, &[("term", &term)]),
        data: recorded.event.map(|(_, event)| data(texts, event)).unwrap_or_default(),
        history: recorded.history.iter().map(|line| history_row(settings, language, line)).collect(),
        history_cut: (shown < recorded.kept).then(|| phrases::cut(&words.history_cut, shown, recorded.kept)),
        choice,
    }
}

/// Every field of a record.
fn data(texts: &Texts, event: &Event) -> Vec<Fact> {
    let (words, settings) = (&texts.receipt, &texts.settings);
    let agent = match event.agent {
        AgentFamily::Chromium => "Chromium",
        AgentFamily::Firefox => "Firefox",
        AgentFamily::Safari => "Safari",
        AgentFamily::Robot => &words.robot,
        AgentFamily::Other => &words.other_agent,
    };
    let signals = [
        (event.signals.global_privacy_control, "Global Privacy Control"),
        (event.signals.do_not_track, "Do Not Track"),
    ];
    let signals: Vec<_> = signals.into_iter().filter(|(sent, _)| *sent).map(|(_, name)| name).collect();
    let signals = if signals.is_empty() { words.no_signals.clone() } else { signals.join(", ") };
    let page = event.page.as_ref().map_or_else(|| settings.unknown.clone(), |page| page.as_str().to_owned());
    let rows = [
        (&words.record_id, event.id.to_string()),
        (&settings.consent_id, event.consent_id.to_string()),
        (&words.event, kind(texts, event.kind).to_owned()),
        (&settings.chosen_on, phrases::moment(texts, event.time)),
        (&settings.valid_until, phrases::moment(texts, event.valid_until)),
        (&words.method, method(texts, event.method).to_owned()),
        (&words.offered, set(texts, event.offered)),
        (&settings.allowed, set(texts, event.allowed)),
        (&settings.answered_edition, event.edition.to_string()),
        (&words.notice, event.notice.to_string()),
        (&words.language, event.language.own_name().to_owned()),
        (&words.page, page),
        (&words.agent, agent.to_owned()),
        (&words.signals, signals),
    ];
    rows.into_iter().map(|(label, value)| Fact { label: label.clone(), value, language: None }).collect()
}

fn set(texts: &Texts, set: CategorySet) -> String {
    if set.is_empty() { texts.receipt.no_signals.clone() } else { phrases::categories(texts, set) }
}

fn kind(texts: &Texts, kind: EventKind) -> &str {
    let words = &texts.receipt.events;
    match kind {
        EventKind::Expressed => &words.expressed,
        EventKind::Renewed => &words.renewed,
        EventKind::Refused => &words.refused,
        EventKind::Withdrawn => &words.withdrawn,
        EventKind::Implied => &words.implied,
        EventKind::Frame => &words.frame,
    }
}

fn method(texts: &Texts, method: Method) -> &str {
    let words = &texts.receipt.methods;
    match method {
        Method::BannerForm => &words.banner_form,
        Method::SettingsForm => &words.settings_form,
        Method::Script => &words.script,
        Method::Navigation => &words.navigation,
        Method::FrameForm => &words.frame_form,
    }
}

fn history_row(settings: &Settings, language: Language, line: &HistoryLine<'_>) -> HistoryRow {
    let texts = Texts::of(language);
    let words = &texts.receipt;
    match line {
        HistoryLine::Removed { index, on } => HistoryRow {
            index: index.0,
            state: phrases::fill(&words.deleted, &[("date", &phrases::date(texts, *on))]),
            kept: None,
        },
        HistoryLine::Kept { index, event, standing } => {
            let allowed = match &event.frame {
                Some(frame) => format!("{} ({})", frame.host, texts.category(frame.category).listed),
                None if event.allowed.is_empty() => texts.category(Category::Necessary).listed.clone(),
                None => phrases::categories(texts, event.allowed),
            };
            let state = match (event.kind, standing) {
                (EventKind::Frame, _) => words.once.clone(),
                (_, Standing::InForce) => words.in_force.clone(),
                (_, Standing::Ended) => words.ended.clone(),
                (_, Standing::Expired(on)) => phrases::fill(&words.expired, &[("date", &phrases::date(texts, *on))]),
                (_, Standing::AskedAgain) => words.asked_again.clone(),
            };
            HistoryRow {
                index: index.0,
                state,
                kept: Some(KeptRow {
                    time: event.time,
                    time_text: phrases::moment(texts, event.time),
                    what: kind(texts, event.kind).to_owned(),
                    allowed,
                    edition: event.edition.to_string(),
                    edition_address: known_policy_address(settings, &event.edition, language),
                    notice: event.notice.to_string()[..SHORT_DIGEST].to_owned(),
                }),
            }
        }
    }
}

struct RecordedLines {
    consent_id: String,
    choice: ChoiceLines,
    in_force: bool,
    leaf: Option<u64>,
    purposes: Vec<Fact>,
    term_of_choice: String,
    term_of_record: String,
    data: Vec<Fact>,
    history: Vec<HistoryRow>,
    history_cut: Option<String>,
}

struct HistoryRow {
    index: u64,
    state: String,
    kept: Option<KeptRow>,
}

struct KeptRow {
    time: Timestamp,
    time_text: String,
    what: String,
    allowed: String,
    edition: String,
    edition_address: Option<String>,
    notice: String,
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
    recorded: Option<RecordedLines>,
}
