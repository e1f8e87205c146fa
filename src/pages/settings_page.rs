//! The settings page: what is in force, what can be chosen, what each cookie does, which rights there are. Works without a script.
//!
//! It does not show the visitor's number: a script of the site may read this page, and that number is not for it. The receipt page does.

use askama::Template;

use super::{
    DeclaredCookie, NoticeDocument, ReturnPath, Settings, assets,
    facts::{Fact, facts_in_full},
    frame::{Frame, page_address, render},
    phrases,
    texts::Texts,
};
use crate::{
    consent::{Category, CategorySet, EditionId, Model},
    cookies::OwnNames,
    timestamp::Timestamp,
    visitor::{Language, Signals},
};

/// What the settings page says of one visitor.
#[derive(Clone, Debug)]
pub struct SettingsView<'a> {
    /// The page that the visitor came from.
    pub to: &'a ReturnPath,
    /// Which model holds for this visitor: the settings' own, or opt-in where the visitor's country asks for it.
    pub model: Model,
    /// The choice in force.
    pub choice: Option<ChoiceView<'a>>,
    /// What the browser signals.
    pub signals: Signals,
    /// Whether the page answers a choice that was just recorded.
    pub saved: bool,
}

/// A choice in force.
#[derive(Clone, Debug)]
pub struct ChoiceView<'a> {
    /// What is allowed.
    pub allowed: CategorySet,
    /// What was offered.
    pub offered: CategorySet,
    /// When it was made.
    pub time: Timestamp,
    /// Until when it stands.
    pub valid_until: Timestamp,
    /// The edition it answered.
    pub edition: &'a EditionId,
}

/// Renders the page.
pub(super) fn settings_page(
    settings: &Settings,
    notice: &NoticeDocument,
    style_path: &str,
    view: &SettingsView<'_>,
) -> String {
    let language = notice.language;
    let texts = Texts::of(language);
    let words = &texts.settings;
    let prefix = settings.prefix.as_str();
    let mut introduction = vec![phrases::fill(&words.introduction, &[("host", &settings.host)])];
    introduction.push(match view.model {
        Model::OptIn if settings.unknown_refused => words.introduction_opt_in.clone(),
        Model::OptIn => words.introduction_compatible.clone(),
        Model::Notice => texts.banner.implied.clone(),
    });
    if view.choice.is_some() {
        introduction.truncate(1);
    }
    let edition = &settings.edition;
    let since = phrases::date(texts, edition.effective);
    render(&SettingsTemplate {
        frame: Frame::of_page(settings, "settings", language, &words.title, style_path, view.to),
        texts,
        view,
        prefix,
        edition: edition.id.as_str(),
        notice: assets::hexadecimal(&notice.id.0),
        introduction,
        choice: view.choice.as_ref().map(|choice| choice_lines(settings, language, choice)),
        categories: categories(settings, language, view),
        hosts_text: if settings.unknown_refused { &words.hosts_text } else { &words.hosts_text_compatible },
        hosts: hosts(settings, texts),
        facts: facts_in_full(settings, language),
        request: request(settings, texts),
        policy: phrases::fill(&words.policy, &[("edition", edition.id.as_str()), ("date", &since)]),
        policy_address: policy_address(settings, &edition.id, language),
        receipt_address: page_address(settings, "receipt", language, view.to),
    })
}

/// How a request about one's data is made (clause 7.2 of the policy).
pub(super) fn request(settings: &Settings, texts: &Texts) -> String {
    phrases::fill(&texts.settings.request, &[("email", &settings.controller.email)])
}

/// Where an edition is read, if it still can be.
pub(super) fn known_policy_address(settings: &Settings, edition: &EditionId, language: Language) -> Option<String> {
    let known = settings.edition.id == *edition || settings.texts.iter().any(|text| text.id == *edition);
    known.then(|| policy_address(settings, edition, language))
}

/// Where an edition is read.
pub(super) fn policy_address(settings: &Settings, edition: &EditionId, language: Language) -> String {
    format!("{}policy/{edition}/{language}", settings.prefix)
}

pub(super) fn choice_lines(settings: &Settings, language: Language, choice: &ChoiceView<'_>) -> ChoiceLines {
    let texts = Texts::of(language);
    let refused: CategorySet = choice.offered.iter().filter(|category| !choice.allowed.contains(*category)).collect();
    ChoiceLines {
        allowed: phrases::allowed(texts, choice.allowed),
        refused: (!refused.is_empty()).then(|| phrases::categories(texts, refused)),
        time: choice.time,
        time_text: phrases::moment(texts, choice.time),
        valid_until: choice.valid_until,
        valid_until_text: phrases::date(texts, choice.valid_until),
        edition: choice.edition.to_string(),
        edition_address: known_policy_address(settings, choice.edition, language),
        can_withdraw: !choice.allowed.is_empty(),
    }
}

fn categories(settings: &Settings, language: Language, view: &SettingsView<'_>) -> Vec<CategoryBox> {
    let texts = Texts::of(language);
    let allowed = view.choice.as_ref().map_or(CategorySet::EMPTY, |choice| choice.allowed);
    let shown = Category::ALL.into_iter().filter(|category| settings.offer.permits(*category));
    shown
        .map(|category| {
            let words = texts.category(category);
            let declared = settings.cookies.iter().filter(|cookie| cookie.category == category);
            let declared = declared.map(|cookie| cookie_row(texts, language, cookie));
            let stored = settings.storage.iter().filter(|key| key.category == category);
            let stored = stored.map(|key| CookieRow { in_storage: true, ..cookie_row(texts, language, key) });
            let own =
                if category == Category::Necessary { own_cookies(settings, language, view.model) } else { Vec::new() };
            CategoryBox {
                name: category.name(),
                label: &words.name,
                text: &words.text,
                optional: category != Category::Necessary,
                allowed: allowed.contains(category),
                cookies_title: phrases::fill(&texts.settings.cookies, &[("category", &words.listed)]),
                cookies: own.into_iter().chain(declared).chain(stored).collect(),
            }
        })
        .collect()
}

/// The cookies that the gateway itself sets, all of them after an answer or, in the notice model, after the banner was shown.
fn own_cookies(settings: &Settings, language: Language, model: Model) -> Vec<CookieRow> {
    let texts = Texts::of(language);
    let words = &texts.settings;
    let term = phrases::fill(&words.persistent, &[("lifetime", &phrases::term(language, settings.valid_for))]);
    let row = |name: &str, purpose: &str, lifetime: &str| CookieRow {
        name: name.to_owned(),
        owner: words.this_site.clone(),
        purpose: purpose.to_owned(),
        purpose_language: None,
        lifetime: lifetime.to_owned(),
        in_storage: false,
    };
    // Browsers keep names with a security prefix over https alone.
    let secure = settings.origin.starts_with("https://");
    let named = |secured, plain| if secure { secured } else { plain };
    let record = if settings.share_subdomains { OwnNames::SHARED_RECORD } else { OwnNames::RECORD };
    let record = named(record, OwnNames::LOOPBACK_RECORD);
    let mut rows = vec![row(record, &words.record_purpose, &term), row(OwnNames::MIRROR, &words.view_purpose, &term)];
    if model == Model::Notice {
        let name = named(OwnNames::NOTICE_MARK, OwnNames::LOOPBACK_NOTICE_MARK);
        rows.push(row(name, &words.shown_purpose, &words.session));
    }
    if !settings.hosts.is_empty() {
        let name = named(OwnNames::FRAME, OwnNames::LOOPBACK_FRAME);
        rows.push(row(name, &words.frame_purpose, &words.minute));
    }
    rows
}

fn cookie_row(texts: &Texts, language: Language, cookie: &DeclaredCookie) -> CookieRow {
    let words = &texts.settings;
    let or_unknown = |text: &str| if text.is_empty() { words.unknown.clone() } else { text.to_owned() };
    let (purpose, purpose_language) = phrases::localised(&cookie.purpose, language);
    CookieRow {
        name: cookie.name.clone(),
        owner: or_unknown(&cookie.owner),
        purpose: or_unknown(&purpose),
        purpose_language,
        in_storage: false,
        lifetime: match cookie.lifetime.as_str() {
            "" => words.unknown.clone(),
            "session" => words.session.clone(),
            other => phrases::fill(&words.persistent, &[("lifetime", &phrases::lifetime(language, other))]),
        },
    }
}

fn hosts(settings: &Settings, texts: &Texts) -> Vec<HostRow> {
    let words = &texts.settings;
    let shown = settings.hosts.iter().filter(|host| settings.offer.permits(host.category));
    shown
        .map(|host| HostRow {
            name: host.name.clone(),
            owner: if host.owner.is_empty() { words.unknown.clone() } else { host.owner.clone() },
            category: texts.category(host.category).name.clone(),
            sees_address: if host.sees_address { words.yes.clone() } else { words.no.clone() },
        })
        .collect()
}

pub(super) struct ChoiceLines {
    pub(super) allowed: String,
    pub(super) refused: Option<String>,
    pub(super) time: Timestamp,
    pub(super) time_text: String,
    pub(super) valid_until: Timestamp,
    pub(super) valid_until_text: String,
    pub(super) edition: String,
    pub(super) edition_address: Option<String>,
    pub(super) can_withdraw: bool,
}

struct CategoryBox {
    name: &'static str,
    label: &'static str,
    text: &'static str,
    optional: bool,
    allowed: bool,
    cookies_title: String,
    cookies: Vec<CookieRow>,
}

struct CookieRow {
    name: String,
    owner: String,
    purpose: String,
    purpose_language: Option<Language>,
    lifetime: String,
    in_storage: bool,
}

struct HostRow {
    name: String,
    owner: String,
    category: String,
    sees_address: String,
}

#[derive(Template)]
#[template(path = "settings.html", config = "banner/askama.toml")]
struct SettingsTemplate<'a> {
    frame: Frame<'a>,
    texts: &'static Texts,
    view: &'a SettingsView<'a>,
    prefix: &'a str,
    edition: &'a str,
    notice: String,
    introduction: Vec<String>,
    choice: Option<ChoiceLines>,
    categories: Vec<CategoryBox>,
    hosts_text: &'a str,
    hosts: Vec<HostRow>,
    facts: Vec<Fact>,
    request: String,
    policy: String,
    policy_address: String,
    receipt_address: String,
}
