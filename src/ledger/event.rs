//! One event of the consent log: a choice, a withdrawal, an implied consent, a frame that was opened once.
//!
//! What all visitors share (controller, purposes, recipients, storage, rights) is kept once per notice and named by [`NoticeId`].

use std::fmt;

use super::{
    PagePath,
    hex::{hex, unhex},
};
use crate::{
    consent::{Category, CategorySet, ConsentId, EditionId},
    timestamp::{Term, Timestamp},
    visitor::{AgentFamily, Language, Signals},
};

/// The place of a leaf in the log, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafIndex(pub u64);

/// A random UUID (version 4) that names one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordId(pub [u8; 16]);

impl RecordId {
    /// A name from 16 random bytes, with the version and variant bits that RFC 9562, section 5.4, asks for.
    pub const fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }

    /// Reads what [`fmt::Display`] writes, and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let id = Self(unhex(&text.replace('-', ""))?);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for RecordId {
    /// Groups of 8, 4, 4, 4 and 12 lower-case hexadecimal digits (RFC 9562, section 4).
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = hex(&self.0);
        write!(
            formatter,
            "{}-{}-{}-{}-{}",
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..]
        )
    }
}

/// SHA-256 over everything that a visitor was shown: banner, settings text, style, script, catalogue and edition, in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NoticeId(pub [u8; 32]);

impl NoticeId {
    /// Reads what [`fmt::Display`] writes: 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text).map(Self)
    }
}

impl fmt::Display for NoticeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex(&self.0))
    }
}

/// What happened (states of the W3C Data Privacy Vocabulary, with `implied` beside them).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A first choice that accepts something.
    Expressed,
    /// A later choice that accepts something.
    Renewed,
    /// A choice that accepts nothing, where nothing was accepted before.
    Refused,
    /// A choice that accepts nothing, or less, after something was accepted.
    Withdrawn,
    /// Going on to another page after the banner was shown, where the model is `notice`.
    Implied,
    /// One frame of one page was opened once. It is no choice: it ends none, and none ends it.
    Frame,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Expressed, Self::Renewed, Self::Refused, Self::Withdrawn, Self::Implied, Self::Frame];

    /// The word used in the log and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expressed => "expressed",
            Self::Renewed => "renewed",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Implied => "implied",
            Self::Frame => "frame",
        }
    }

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How it was indicated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A button of the banner, sent as a form.
    BannerForm,
    /// The settings page, sent as a form.
    SettingsForm,
    /// The button of the page of what is recorded, sent as a form: it takes everything back.
    ReceiptForm,
    /// A request made by the page's script.
    Script,
    /// A navigation to another page.
    Navigation,
    /// The button of what stands in place of a frame.
    FrameForm,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 6] =
        [Self::BannerForm, Self::SettingsForm, Self::ReceiptForm, Self::Script, Self::Navigation, Self::FrameForm];

    /// The word used in the log and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BannerForm => "banner_form",
            Self::SettingsForm => "settings_form",
            Self::ReceiptForm => "receipt_form",
            Self::Script => "script",
            Self::Navigation => "navigation",
            Self::FrameForm => "frame_form",
        }
    }

    /// The method with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// An event as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its own random name.
    pub id: RecordId,
    /// The visitor's pseudonym.
    pub consent_id: ConsentId,
    /// The site's name.
    pub site: Box<str>,
    /// What happened.
    pub kind: EventKind,
    /// When, by the server's clock.
    pub time: Timestamp,
    /// For how long the choice was asked for, as the visitor was told.
    pub validity: Term,
    /// Until when the choice stands.
    pub valid_until: Timestamp,
    /// How.
    pub method: Method,
    /// What could be accepted.
    pub offered: CategorySet,
    /// What was accepted.
    pub allowed: CategorySet,
    /// Which edition of the policy.
    pub edition: EditionId,
    /// Which notice was shown.
    pub notice: NoticeId,
    /// In which language.
    pub language: Language,
    /// On which page.
    pub page: Option<PagePath>,
    /// In which family of browsers.
    pub agent: AgentFamily,
    /// What the browser signalled.
    pub signals: Signals,
    /// The leaf of the choice that this one ends.
    pub ends: Option<LeafIndex>,
    /// What was opened; there with [`EventKind::Frame`], and with nothing else.
    pub frame: Option<OpenedFrame>,
}

/// Whose frame was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedFrame {
    /// The host, with its port where that is not the scheme's own.
    pub host: Box<str>,
    /// The category that the site gives the host.
    pub category: Category,
}
