//! All pages of one site, built once for each configuration.

use bytes::Bytes;

use super::{
    Asset, Message, NoticeDocument, ReturnPath, Script, Settings, SettingsView,
    ascii::{escape, to_ascii},
    assets,
    banner::{self, Fillable, in_query},
    erasure_page::{ErasedView, erased_page, question_page},
    error_page::{Place, message_page},
    frame::page_address,
    frame_page::{FrameOffer, FrameRequest, frame_page},
    notice::notice,
    notice_page::notice_page,
    policy_page::policy_page,
    receipt_document::{Issued, receipt_document},
    receipt_page::{ReceiptView, receipt_page},
    settings_page::settings_page,
    texts::Texts,
};
use crate::{
    consent::{Category, CategorySet, EditionId, Model},
    ledger::NoticeId,
    visitor::Language,
};

/// What the site's visitors are shown.
pub struct SitePages {
    settings: Settings,
    /// One for each language and, where the site's model is notice, for each of the two models. Never empty.
    variants: Vec<Variant>,
    panel_style_path: String,
    pages_style_path: String,
    script_path: String,
    observe_path: String,
    script: Script,
}

/// What differs by language and model.
struct Variant {
    notice: NoticeDocument,
    banner: Fillable,
    settings_link: Fillable,
}

/// What the script has to know of the page that it is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageScript<'a> {
    /// The optional categories allowed on this page.
    pub allowed: CategorySet,
    /// Whether the visitor has answered, so that no banner is on the page.
    pub answered: bool,
    /// Whether the page answers a POST, so that the script must not load it again.
    pub posted: bool,
    /// The nonce of the page's own content-security policy.
    pub nonce: Option<&'a str>,
}

impl SitePages {
    /// Renders what does not depend on the visitor. `catalogue_hash` is SHA-256 of the cookie catalogue in force.
    pub fn build(settings: &Settings, catalogue_hash: [u8; 32], script: Script) -> Self {
        let path = |name: &str| format!("{}{name}", settings.prefix);
        let panel_style_path = path(&assets::PANEL_STYLE.name);
        let languages = if settings.languages.is_empty() { &[Language::default()][..] } else { &settings.languages };
        let models = match settings.model {
            Model::OptIn => &[Model::OptIn][..],
            Model::Notice => &[Model::Notice, Model::OptIn],
        };
        let variant = |language, model| {
            let banner = |notice: &str| banner::banner(settings, language, model, &panel_style_path, notice);
            let unnamed = banner("").fill("", &ReturnPath::default());
            let notice = notice(settings, catalogue_hash, &script, language, model, &unnamed);
            Variant {
                banner: banner(&assets::hexadecimal(&notice.id.0)),
                settings_link: banner::settings_link(settings, language, &panel_style_path),
                notice,
            }
        };
        let pairs = languages.iter().flat_map(|language| models.iter().map(|model| (*language, *model)));
        let variants = pairs.map(|(language, model)| variant(language, model)).collect();
        Self {
            variants,
            pages_style_path: path(&assets::PAGES_STYLE.name),
            script_path: path(&script.0.name),
            observe_path: path(&assets::OBSERVE_SCRIPT.name),
            script,
            panel_style_path,
            settings: settings.clone(),
        }
    }

    /// The notice in a language, as it reads under a model. A language or model that the site does not have is replaced by the
    /// site's first language and by opt-in.
    pub fn notice(&self, language: Language, model: Model) -> &NoticeDocument {
        &self.variant(language, model).notice
    }

    /// Every notice, for the log.
    pub fn notices(&self) -> impl Iterator<Item = &NoticeDocument> {
        self.variants.iter().map(|variant| &variant.notice)
    }

    /// The banner for the page of this origin at `to` (path and query), ASCII. Empty where nothing is offered: then there is nothing to ask.
    pub fn banner(&self, language: Language, model: Model, origin: &str, to: &str) -> Bytes {
        if self.settings.offer.is_empty() {
            return Bytes::new();
        }
        self.variant(language, model).banner.fill(origin, &self.return_path(to))
    }

    /// The link to the settings that stays after an answer, ASCII. Empty where the site shows its own.
    pub fn settings_link(&self, language: Language, origin: &str, to: &str) -> Bytes {
        if self.settings.own_settings_link {
            return Bytes::new();
        }
        self.variant(language, Model::OptIn).settings_link.fill(origin, &self.return_path(to))
    }

    /// The script's tag, ASCII. It has a digest, so that a page that asks for integrity lets it pass.
    pub fn script_tag(&self, language: Language, page: PageScript<'_>) -> Bytes {
        let flag = |set: bool, attribute: &'static str| if set { attribute } else { "" };
        let nonce = page.nonce.map(|nonce| format!(" nonce=\"{}\"", escape(nonce))).unwrap_or_default();
        let tag = format!(
            "<script data-kelisim-script src=\"{}\" integrity=\"{}\" crossorigin=\"anonymous\"{nonce} \
             data-kelisim-prefix=\"{}\" data-kelisim-language=\"{language}\" data-kelisim-edition=\"{}\" \
             data-kelisim-allowed=\"{}\"{}{}></script>",
            escape(&self.script_path),
            self.script.0.integrity(),
            escape(&self.settings.prefix),
            escape(self.settings.edition.id.as_str()),
            page.allowed.iter().map(Category::name).collect::<Vec<_>>().join(" "),
            flag(page.answered, " data-kelisim-answered"),
            flag(page.posted, " data-kelisim-posted"),
        );
        to_ascii(&tag).into()
    }

    /// The tag of the script that only observes, ASCII. It delays nothing on the page.
    pub fn observe_tag(&self, nonce: Option<&str>) -> Bytes {
        let nonce = nonce.map(|nonce| format!(" nonce=\"{}\"", escape(nonce))).unwrap_or_default();
        let tag = format!(
            "<script data-kelisim-script async src=\"{}\" integrity=\"{}\" crossorigin=\"anonymous\"{nonce} \
             data-kelisim-report=\"{}report\"></script>",
            escape(&self.observe_path),
            assets::OBSERVE_SCRIPT.integrity(),
            escape(&self.settings.prefix),
        );
        to_ascii(&tag).into()
    }

    /// The settings page, UTF-8.
    pub fn settings_page(&self, language: Language, view: &SettingsView<'_>) -> String {
        settings_page(&self.settings, self.notice(language, view.model), &self.pages_style_path, view)
    }

    /// What is recorded about a browser, UTF-8.
    pub fn receipt_page(&self, language: Language, view: &ReceiptView<'_>) -> String {
        receipt_page(&self.settings, self.notice(language, view.model), &self.pages_style_path, view)
    }

    /// The text of a notice that the log keeps, UTF-8, or `None` where its document can't be read.
    pub fn notice_page(&self, language: Language, kept: (NoticeId, &str), to: &ReturnPath) -> Option<String> {
        notice_page(&self.settings, language, &self.pages_style_path, kept, to)
    }

    /// A receipt in readable form.
    pub fn receipt_document(&self, issued: &Issued<'_>) -> String {
        receipt_document(&self.settings, issued)
    }

    /// The question before records are erased, UTF-8.
    pub fn erasure_question_page(&self, language: Language, records: usize, to: &ReturnPath) -> String {
        question_page(&self.settings, language, &self.pages_style_path, records, to)
    }

    /// What was erased, UTF-8.
    pub fn erased_page(&self, language: Language, view: &ErasedView<'_>) -> String {
        erased_page(&self.settings, language, &self.pages_style_path, view)
    }

    /// What stands in place of a frame, UTF-8.
    pub fn frame_page(&self, language: Language, request: &FrameRequest, offer: FrameOffer<'_>) -> String {
        let style_path = format!("{}{}", self.settings.prefix, assets::PLACEHOLDER_STYLE.name);
        frame_page(&self.settings, language, &style_path, request, offer)
    }

    /// Where the frames of the page at `to` are sent that are refused, without host and frame, and the title of those that have none:
    /// ASCII, with the blank `{host}`.
    pub fn frame_address(&self, language: Language, to: &str) -> (String, String) {
        let to = in_query(&self.return_path(to));
        let address = format!("{}frame?language={language}&to={to}", self.settings.prefix);
        (address, to_ascii(&escape(&Texts::of(language).frame.label)))
    }

    /// The page of an edition, UTF-8, or `None` where there is no such edition.
    pub fn policy_page(&self, language: Language, edition: &EditionId) -> Option<String> {
        policy_page(&self.settings, language, &self.pages_style_path, edition)
    }

    /// A short page that says what happened, UTF-8, with the way back to `to`. `reference` names the request in our own log.
    pub fn message_page(
        &self,
        language: Language,
        message: Message,
        to: &ReturnPath,
        reference: Option<&str>,
    ) -> String {
        let way_on = message.way_on(Texts::of(language));
        let place = Place {
            host: &self.settings.host,
            style_path: Some(&self.pages_style_path),
            back: message.has_way_back().then_some(to.as_str()),
            way_on: way_on.map(|(page, words)| (page_address(&self.settings, page, language, to), words)),
        };
        message_page(language, message, place, reference)
    }

    /// The file with this name, of those that `script_path` and `style_path` point to.
    pub fn asset(&self, name: &str) -> Option<Asset> {
        let script = &self.script.0;
        if name == script.name { Some(script.asset.clone()) } else { assets::find(name) }
    }

    /// Where the script is, for a content-security policy.
    pub fn script_path(&self) -> &str {
        &self.script_path
    }

    /// Where the script that only observes is.
    pub fn observe_path(&self) -> &str {
        &self.observe_path
    }

    /// Where the style of what is put into pages is, for a content-security policy.
    pub fn style_path(&self) -> &str {
        &self.panel_style_path
    }

    /// A way back on this site; see [`ReturnPath::new`].
    pub fn return_path(&self, to: &str) -> ReturnPath {
        ReturnPath::new(to, &self.settings.prefix)
    }

    fn variant(&self, language: Language, model: Model) -> &Variant {
        let with = |language, model| {
            self.variants
                .iter()
                .find(move |variant| variant.notice.language == language && variant.notice.model == model)
        };
        with(language, model).or_else(|| with(language, Model::OptIn)).unwrap_or(&self.variants[0])
    }
}
