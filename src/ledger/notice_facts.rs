//! What exports tell of a notice, read from its document: who asked whom for what, and where it can be taken back.
//!
//! The document itself stays the proof; this is only for tables, records and pages that repeat a part of it.

use serde::Deserialize;

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
}

/// Places of items in [`NoticeFacts::article_8_4`]: the document lists them in one fixed order, with labels in the visitor's language.
const THIRD_PARTIES: usize = 6;
const CROSS_BORDER: usize = 7;
const PUBLIC: usize = 8;
const STORAGE_PLACE: usize = 9;

impl NoticeFacts {
    /// Reads a document; `None` where it is none.
    pub fn parse(document: &str) -> Option<Self> {
        serde_json::from_str(document).ok()
    }

    /// Whether the data goes to others, and to whom.
    pub fn third_parties(&self) -> &str {
        self.item(THIRD_PARTIES)
    }

    /// Whether the data goes abroad, and where to.
    pub fn cross_border(&self) -> &str {
        self.item(CROSS_BORDER)
    }

    /// Whether the data is made public.
    pub fn public(&self) -> &str {
        self.item(PUBLIC)
    }

    /// Where the data is kept.
    pub fn storage_place(&self) -> &str {
        self.item(STORAGE_PLACE)
    }

    /// What the notice says of a category.
    pub fn purpose(&self, category: Category) -> Option<&Purpose> {
        self.purposes.iter().find(|purpose| purpose.category == category.name())
    }

    /// Where the text of the policy stood in this language; `None` where the site has no text beside the notice.
    pub fn policy_address(&self) -> Option<String> {
        let pages = self.withdrawal.strip_suffix("settings")?;
        let language = self.policy.iter().find(|text| text.language == self.language).or(self.policy.first())?;
        Some(format!("{pages}policy/{}/{}", self.edition, language.language))
    }

    fn item(&self, place: usize) -> &str {
        self.article_8_4.get(place).map_or("", |item| &item.value)
    }
}
