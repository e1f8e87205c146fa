//! What a visitor posts: a choice, from a form or from the script. It is checked here and acted upon elsewhere.
//!
//! Whether the request came from the site's own page is not decided here: that is in its headers.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use serde::Deserialize;

use super::ReturnPath;
use crate::{
    consent::{Category, CategorySet, EditionId},
    visitor::Language,
};

/// Longest body of a choice, in bytes: a way back of 2,048 bytes and a dozen short fields fit, even where a little is percent-encoded.
pub const LONGEST_CHOICE: usize = 4096;

/// A choice as it was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedChoice {
    /// What the visitor allows; a part of what is offered.
    pub allowed: CategorySet,
    /// The edition that the page showed.
    pub edition: EditionId,
    /// The language that the page was in.
    pub language: Language,
    /// The notice that the page showed.
    pub notice: Option<[u8; 32]>,
    /// Where to go back to.
    pub to: ReturnPath,
    /// On which layer the button was.
    pub layer: Layer,
}

/// Where a button was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The banner.
    Banner,
    /// The settings page.
    Settings,
    /// The page of what is recorded, where everything can be taken back.
    Receipt,
}

/// Why a posted choice was not understood. None of them quotes what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceFault {
    /// Longer than [`LONGEST_CHOICE`].
    #[error("the body is longer than {LONGEST_CHOICE} bytes")]
    TooLong,
    /// Not a form, or not JSON of the right shape.
    #[error("the body is not a form or not the JSON object that is expected")]
    Malformed,
    /// A field stands twice.
    #[error("a field stands twice")]
    Duplicate,
    /// A field, or a category, that nobody knows.
    #[error("a field or a category is unknown")]
    Unknown,
    /// A category that this site does not offer.
    #[error("a category is not offered here")]
    NotOffered,
    /// A field that is needed is missing.
    #[error("the field `{0}` is missing")]
    Missing(&'static str),
    /// A field holds something else than it may.
    #[error("the field `{0}` holds something else than it may")]
    Invalid(&'static str),
}

/// Reads `application/x-www-form-urlencoded`, as the banner's and the settings page's forms send it.
///
/// Fields: `choice` (`accept`, `necessary`, `save`), `edition`, `language`, `layer` (`banner`, `settings`, or with `necessary`
/// alone `receipt`), and if there are any
/// `notice` (64 hexadecimal digits), `to`, and `on` for the name of each category that is ticked. `prefix` is where our own
/// pages live (`/_kelisim/`).
///
/// # Errors
///
/// Anything else than that is a [`ChoiceFault`], and then nobody has chosen anything.
pub fn parse_form(body: &[u8], offer: CategorySet, prefix: &str) -> Result<PostedChoice, ChoiceFault> {
    check_length(body)?;
    let mut fields = Fields::default();
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let (name, value) = decode_pair(pair)?;
        if let Some(slot) = fields.slot(&name) {
            set_once(slot, value.into_owned())?;
        } else {
            let category = offered(&name, offer)?;
            if value != "on" {
                return Err(ChoiceFault::Invalid(category.name()));
            }
            if fields.categories.contains(category) {
                return Err(ChoiceFault::Duplicate);
            }
            fields.categories = fields.categories.with(category);
        }
    }
    fields.check(offer, prefix)
}

/// Reads the JSON object that the script sends: the fields of the form, with `categories` as a list of names.
///
/// # Errors
///
/// As for [`parse_form`].
pub fn parse_json(body: &[u8], offer: CategorySet, prefix: &str) -> Result<PostedChoice, ChoiceFault> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Posted {
        choice: Option<String>,
        #[serde(default)]
        categories: Vec<String>,
        edition: Option<String>,
        language: Option<String>,
        notice: Option<String>,
        layer: Option<String>,
        to: Option<String>,
    }
    check_length(body)?;
    // serde refuses a field that stands twice by itself.
    let posted: Posted = serde_json::from_slice(body).map_err(|_| ChoiceFault::Malformed)?;
    let Posted { choice, categories, edition, language, notice, layer, to } = posted;
    let categories = categories.iter().map(|name| offered(name, offer)).collect::<Result<_, _>>()?;
    Fields { choice, categories, edition, language, notice, layer, to }.check(offer, prefix)
}

/// What the address of the settings page asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsQuery {
    /// The language, when it names one.
    pub language: Option<Language>,
    /// The page to go back to.
    pub to: ReturnPath,
}

impl SettingsQuery {
    /// Reads `language=…&to=…`. Never fails: what is not understood is as if it were not there.
    pub fn parse(query: &str, prefix: &str) -> Self {
        let mut read = Self::default();
        for pair in query.split('&') {
            match decode_pair(pair.as_bytes()) {
                Ok((name, value)) if name == "language" => read.language = Language::parse(&value),
                Ok((name, value)) if name == "to" => read.to = ReturnPath::new(&value, prefix),
                _ => {}
            }
        }
        read
    }
}

/// The fields as they came, each at most once.
#[derive(Default)]
struct Fields {
    choice: Option<String>,
    categories: CategorySet,
    edition: Option<String>,
    language: Option<String>,
    notice: Option<String>,
    layer: Option<String>,
    to: Option<String>,
}

impl Fields {
    fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "choice" => &mut self.choice,
            "edition" => &mut self.edition,
            "language" => &mut self.language,
            "notice" => &mut self.notice,
            "layer" => &mut self.layer,
            "to" => &mut self.to,
            _ => return None,
        })
    }

    fn check(self, offer: CategorySet, prefix: &str) -> Result<PostedChoice, ChoiceFault> {
        use ChoiceFault::{Invalid, Missing};
        let allowed = match self.choice.as_deref().ok_or(Missing("choice"))? {
            "accept" => offer,
            "necessary" => CategorySet::EMPTY,
            "save" => self.categories,
            _ => return Err(Invalid("choice")),
        };
        let edition = self.edition.ok_or(Missing("edition"))?;
        let language = self.language.ok_or(Missing("language"))?;
        let notice = self.notice.map(|digits| read_digest(&digits).ok_or(Invalid("notice"))).transpose()?;
        let layer = match self.layer.as_deref().ok_or(Missing("layer"))? {
            "banner" => Layer::Banner,
            "settings" => Layer::Settings,
            // That page has the one button.
            "receipt" if self.choice.as_deref() == Some("necessary") => Layer::Receipt,
            _ => return Err(Invalid("layer")),
        };
        Ok(PostedChoice {
            allowed,
            edition: EditionId::parse(&edition).ok_or(Invalid("edition"))?,
            language: Language::ALL.into_iter().find(|known| known.tag() == language).ok_or(Invalid("language"))?,
            notice,
            to: self.to.map(|to| ReturnPath::new(&to, prefix)).unwrap_or_default(),
            layer,
        })
    }
}

fn check_length(body: &[u8]) -> Result<(), ChoiceFault> {
    if body.len() > LONGEST_CHOICE { Err(ChoiceFault::TooLong) } else { Ok(()) }
}

fn set_once(slot: &mut Option<String>, value: String) -> Result<(), ChoiceFault> {
    if slot.replace(value).is_some() { Err(ChoiceFault::Duplicate) } else { Ok(()) }
}

fn offered(name: &str, offer: CategorySet) -> Result<Category, ChoiceFault> {
    let category = Category::parse(name).ok_or(ChoiceFault::Unknown)?;
    if offer.contains(category) { Ok(category) } else { Err(ChoiceFault::NotOffered) }
}

/// Splits `name=value` and decodes both (URL Standard, application/x-www-form-urlencoded).
pub(super) fn decode_pair(pair: &[u8]) -> Result<(Cow<'_, str>, Cow<'_, str>), ChoiceFault> {
    let split = memchr::memchr(b'=', pair).unwrap_or(pair.len());
    let value = pair.get(split + 1..).unwrap_or_default();
    Ok((decode(&pair[..split])?, decode(value)?))
}

fn decode(text: &[u8]) -> Result<Cow<'_, str>, ChoiceFault> {
    if memchr::memchr(b'+', text).is_none() {
        return percent_decode(text).decode_utf8().map_err(|_| ChoiceFault::Malformed);
    }
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let decoded = percent_decode(&spaced).decode_utf8().map_err(|_| ChoiceFault::Malformed)?;
    Ok(Cow::Owned(decoded.into_owned()))
}

fn read_digest(digits: &str) -> Option<[u8; 32]> {
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}
