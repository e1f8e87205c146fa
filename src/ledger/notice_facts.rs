//! What exports tell of a notice, read from its document: who asked whom for what, and where it can be taken back.
//!
//! The document itself stays the proof; this is only for tables, records and pages that repeat a part of it.

use serde::Deserialize;

use super::{Event, Method};
use crate::consent::Category;

/// The part of a notice document that exports repeat. What a document does not have is empty.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct NoticeFacts {
    /// The site's name.
    pub site: String,
    /// In which language.
    pub language: String,
    /// Of which edition.
    pub edition: String,
    /// Who asks.
    pub controller: Controller,
    /// What the banner said.
    pub banner: Banner,
    /// All that a visitor read, layer by layer; empty in documents from before there was such a list.
    pub layers: Layers,
    /// What is asked for, the necessary included.
    pub purposes: Vec<Purpose>,
    /// The items of Article 8(4), in the order in which they were shown.
    pub article_8_4: Vec<Item>,
    /// The kinds of data.
    pub data: Vec<String>,
    /// Whose servers a page talks to.
    pub hosts: Vec<Host>,
    /// By whose law.
    pub jurisdiction: String,
    /// The texts of the policy that visitors could read.
    pub policy: Vec<PolicyText>,
    /// What a person can ask for.
    pub rights: Vec<String>,
    /// For how long a choice is asked for, as an ISO 8601 duration.
    pub valid_for: String,
    /// Where it is taken back: an address of the site.
    pub withdrawal: String,
}

/// Who asks.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Controller {
    /// The name.
    pub name: String,
    /// Kind and number of the registration, as shown.
    pub identification: String,
    /// The number of a company.
    pub bin: Option<String>,
    /// The number of a person.
    pub iin: Option<String>,
    /// Where.
    pub address: String,
    /// The electronic address.
    pub email: String,
}

/// What the banner said.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Banner {
    /// The text above the items.
    pub text: String,
}

/// The finished text of each layer, line by line, as the document explains it: buttons in square brackets.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Layers {
    /// The banner.
    pub banner: Vec<String>,
    /// The settings page.
    pub settings: Vec<String>,
    /// The page of what is recorded, as far as it is the same for everybody; empty in documents of before it was a layer.
    pub receipt: Vec<String>,
    /// The pages in place of frames.
    pub frame: Vec<FrameLayer>,
}

/// What stands in place of the frames of one host.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct FrameLayer {
    /// The host, with its port where that is not the scheme's own; `*.` in front for every subdomain.
    pub host: String,
    /// The lines; the first names the host.
    pub text: Vec<String>,
}

/// One thing that is asked for.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Purpose {
    /// The category's word.
    pub category: String,
    /// What it was called.
    pub name: String,
    /// What it was said to be for.
    pub text: String,
}

/// One item of Article 8(4).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Item {
    /// Its name, as shown.
    pub label: String,
    /// In which language its value is.
    pub language: String,
    /// What it said.
    pub value: String,
}

/// A host that pages load from.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Host {
    /// The category that it was loaded for.
    pub category: String,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner: Option<String>,
}

/// A text of the policy.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct PolicyText {
    /// Its language.
    pub language: String,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
}

/// Places of items in [`NoticeFacts::article_8_4`]: the document lists them in one fixed order, with labels in the visitor's language.
const THIRD_PARTIES: usize = 6;
const CROSS_BORDER: usize = 7;
const PUBLIC: usize = 8;
const STORAGE_PLACE: usize = 9;

/// What says nothing but no, in the languages of notices.
const DENIALS: [&str; 22] = [
    "нет",
    "никому",
    "отсутствует",
    "не передаются",
    "не передаётся",
    "не передается",
    "не осуществляется",
    "не производится",
    "не распространяются",
    "не публикуются",
    "жоқ",
    "ешкімге",
    "берілмейді",
    "жүзеге асырылмайды",
    "таратылмайды",
    "жарияланбайды",
    "no",
    "none",
    "nobody",
    "not transferred",
    "not published",
    "no one",
];

/// Whether a text says nothing but no.
pub fn is_denial(text: &str) -> bool {
    let plain = text.trim().trim_end_matches(['.', '!']).to_lowercase();
    DENIALS.contains(&plain.as_str())
}

impl NoticeFacts {
    /// Reads a document; `None` where it is none.
    pub fn parse(document: &str) -> Option<Self> {
        serde_json::from_str(document).ok()
    }

    /// Whether the data goes to others, and to whom.
    pub fn third_parties(&self) -> Option<&Item> {
        self.item(THIRD_PARTIES)
    }

    /// Whether the data goes abroad, and where to.
    pub fn cross_border(&self) -> Option<&Item> {
        self.item(CROSS_BORDER)
    }

    /// Whether the data is made public.
    pub fn public(&self) -> Option<&Item> {
        self.item(PUBLIC)
    }

    /// Where the data is kept.
    pub fn storage_place(&self) -> &str {
        self.item(STORAGE_PLACE).map_or("", |item| &item.value)
    }

    /// What the notice says of a category.
    pub fn purpose(&self, category: Category) -> Option<&Purpose> {
        self.purposes.iter().find(|purpose| purpose.category == category.name())
    }

    /// What the visitor of an event read before it, line by line; empty where it is not known.
    ///
    /// A page's script only speaks for the buttons of the banner, and who went on to another page had seen the banner. The page of what
    /// is recorded is made of the visitor's own records, which are not told here: what stood at its head and at the button is.
    pub fn shown(&self, event: &Event) -> Vec<String> {
        match (event.method, &event.frame) {
            (Method::FrameForm, Some(frame)) => self.shown_for_frame(&frame.host),
            (Method::FrameForm, None) => Vec::new(),
            (Method::SettingsForm, _) => self.layers.settings.clone(),
            (Method::ReceiptForm, _) => self.layers.receipt.clone(),
            (Method::BannerForm | Method::Script | Method::Navigation, _) if !self.layers.banner.is_empty() => {
                self.layers.banner.clone()
            }
            // An older document has the banner's sentence alone.
            (Method::BannerForm | Method::Script | Method::Navigation, _) => {
                Some(self.banner.text.clone()).filter(|text| !text.is_empty()).into_iter().collect()
            }
        }
    }

    fn shown_for_frame(&self, host: &str) -> Vec<String> {
        let of = |wanted: &str| self.layers.frame.iter().find(|layer| layer.host == wanted);
        if let Some(layer) = of(host) {
            return layer.text.clone();
        }
        // The longest wildcard is the nearest. Its text was written for the wildcard, and what a visitor read names the host itself.
        let parents = host.match_indices('.').map(|(at, _)| format!("*{}", &host[at..]));
        let Some(layer) = parents.into_iter().find_map(|wildcard| of(&wildcard)) else { return Vec::new() };
        let mut lines = layer.text.clone();
        if let Some(title) = lines.first_mut() {
            *title = title.replace(&layer.host, host);
        }
        lines
    }

    /// Where a page of the site is read: `path` behind the address under which the site shows its settings.
    pub fn address(&self, path: &str) -> Option<String> {
        let (scheme, rest) = self.withdrawal.split_once("://")?;
        let authority = rest.split('/').next().filter(|authority| !authority.is_empty())?;
        Some(format!("{scheme}://{authority}{path}"))
    }

    /// Where the text of the policy stood in this language; `None` where the site has no text beside the notice.
    pub fn policy_address(&self) -> Option<String> {
        let pages = self.withdrawal.strip_suffix("settings")?;
        let language = self.policy.iter().find(|text| text.language == self.language).or(self.policy.first())?;
        Some(format!("{pages}policy/{}/{}", self.edition, language.language))
    }

    fn item(&self, place: usize) -> Option<&Item> {
        self.article_8_4.get(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::samples::{event, notice, opened_frame};

    #[test]
    fn what_was_shown_follows_the_way_in_which_a_visitor_answered() {
        let facts = NoticeFacts::parse(&notice()).unwrap();
        let by = |method| facts.shown(&Event { method, ..event(1) });
        assert_eq!(by(Method::BannerForm), ["Біз cookie файлдарын қолданамыз", "[Қабылдау]"]);
        assert_eq!(by(Method::Script), by(Method::BannerForm));
        assert_eq!(by(Method::SettingsForm), ["Баптаулар", "[Сақтау]"]);
        assert_eq!(by(Method::ReceiptForm), ["Не жазылған", "[Келісімді қайтарып алу]"]);
        assert_eq!(facts.shown(&opened_frame(1)), ["maps.example жүктелмеді", "[Бір рет жүктеу]"]);
    }

    #[test]
    fn a_frame_of_a_subdomain_was_named_by_its_own_host() {
        let facts = NoticeFacts::parse(&notice()).unwrap();
        let shown = |host: &str| {
            let mut event = opened_frame(1);
            event.frame.as_mut().unwrap().host = host.into();
            facts.shown(&event)
        };
        assert_eq!(shown("a.b.video.example"), ["a.b.video.example жүктелмеді"]);
        assert_eq!(shown("video.example"), [""; 0], "a wildcard does not stand for the name itself");
        assert_eq!(shown("other.example"), [""; 0]);
    }

    #[test]
    fn a_document_without_layers_still_tells_what_the_banner_said() {
        let facts = NoticeFacts::parse(r#"{"banner":{"text":"We use cookies"}}"#).unwrap();
        assert_eq!(facts.shown(&event(1)), ["We use cookies"]);
        for method in [Method::SettingsForm, Method::ReceiptForm] {
            assert_eq!(facts.shown(&Event { method, ..event(1) }), [""; 0]);
        }
        assert_eq!(facts.shown(&opened_frame(1)), [""; 0]);
    }

    #[test]
    fn addresses_begin_as_the_site_does() {
        let mut facts =
            NoticeFacts { withdrawal: "http://localhost:28080/_kelisim/settings".into(), ..Default::default() };
        assert_eq!(facts.address("/a").as_deref(), Some("http://localhost:28080/a"));
        facts.withdrawal.clear();
        assert_eq!(facts.address("/a"), None);
    }
}
