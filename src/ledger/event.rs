//! One event of the consent log: a choice, a withdrawal, an implied consent.
//!
//! What all visitors share (controller, purposes, recipients, storage, rights) is kept once per notice and named by [`NoticeId`].

use crate::{
    consent::{CategorySet, ConsentId, EditionId},
    timestamp::Timestamp,
    visitor::{AgentFamily, Language, Signals},
};

/// The place of a leaf in the log, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafIndex(pub u64);

/// A random UUID (version 4) that names one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordId(pub [u8; 16]);

/// SHA-256 over everything that a visitor was shown: banner, settings text, style, script, catalogue and edition, in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NoticeId(pub [u8; 32]);

/// The path of the page on which the choice was made, without its query, at most 256 bytes, ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagePath(Box<str>);

impl PagePath {
    /// Longest path kept, in bytes.
    pub const LONGEST: usize = 256;

    /// Cuts query, fragment and what is longer than the bound; characters outside of visible ASCII become `?`.
    pub fn new(path_and_query: &str) -> Self {
        let path = path_and_query.split(['?', '#']).next().unwrap_or_default();
        let visible = |byte: u8| if byte.is_ascii_graphic() { char::from(byte) } else { '?' };
        Self(path.bytes().take(Self::LONGEST).map(visible).collect())
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
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
}

/// How it was indicated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A button of the banner, sent as a form.
    BannerForm,
    /// The settings page, sent as a form.
    SettingsForm,
    /// A request made by the page's script.
    Script,
    /// A navigation to another page.
    Navigation,
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
}
