//! What is counted of one request. No field can hold a full address, a raw `User-Agent`, a cookie's value, or a query.

use std::sync::Arc;

use super::{agent::Agent, path::CountedPath, robots::RobotReason, source::Arrival};
use crate::{
    consent::{ConsentId, Country, EditionId},
    timestamp::Timestamp,
    visitor::Language,
};

/// Something to be counted.
#[derive(Clone, Debug)]
pub enum Counted {
    /// A person was shown a page, or asked for one that is not there, or took a file.
    View(Box<View>),
    /// A robot asked for a page or a file.
    Robot(RobotView),
    /// Somebody answered the banner, or withdrew.
    Answer(Answer),
    /// What all requests of a site have in common, counted since the last time.
    Traffic(Traffic),
}

/// What a view is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewKind {
    /// A page: 2xx or 304, HTML, asked for by a navigation of the whole tab.
    Page,
    /// A page that is not there (404 or 410).
    NotFound,
    /// A file that is taken rather than looked at.
    Download,
}

/// How the visitor of a view stands to the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsentState {
    /// Accepted `analytical`.
    Accepted,
    /// Answered, and did not accept it.
    Refused,
    /// The browser's signal counts as a refusal.
    Signalled,
    /// Did not answer yet, or the answer could not be seen.
    Unanswered,
    /// Nobody is asked here (mode `observe`, and sites of which only a log is known).
    NotAsked,
}

/// One view.
#[derive(Clone, Debug)]
pub struct View {
    /// The number of the site.
    pub site: usize,
    /// When its last byte left.
    pub time: Timestamp,
    /// What it is of.
    pub kind: ViewKind,
    /// Of which page or file.
    pub path: CountedPath,
    /// Where from, if it comes from elsewhere; `None` within the site.
    pub arrival: Option<Arrival>,
    /// The country of the truncated address.
    pub country: Option<Country>,
    /// The first language that the browser names.
    pub language: Option<LanguageTag>,
    /// Families of browser and system.
    pub agent: Agent,
    /// How the visitor stands to the question.
    pub consent: ConsentState,
    /// Who, where a verified record allows `analytical`. It is hashed with the day's key and forgotten.
    pub visitor: Option<ConsentId>,
    /// Whether the visitor's answer is so fresh that this may be the page that was loaded again with it.
    pub after_answer: bool,
    /// Whether the banner stood in it.
    pub banner: Option<Banner>,
    /// Milliseconds until the answer's head was there.
    pub waited: u32,
}

/// The banner that a page showed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Banner {
    /// Its language.
    pub language: Language,
    /// The edition that it asked about.
    pub edition: EditionId,
}

/// A robot's view.
#[derive(Clone, Debug)]
pub struct RobotView {
    /// The number of the site.
    pub site: usize,
    /// When.
    pub time: Timestamp,
    /// Why it is taken for a robot.
    pub reason: RobotReason,
    /// Its name on a list.
    pub name: Option<Arc<str>>,
}

/// What somebody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// All that was offered.
    Accepted,
    /// Some of it.
    Partly,
    /// Nothing.
    Refused,
    /// Less than before.
    Withdrawn,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The number of the site.
    pub site: usize,
    /// When.
    pub time: Timestamp,
    /// What was answered.
    pub kind: AnswerKind,
    /// To which banner.
    pub banner: Banner,
    /// The page that it was given on.
    pub path: CountedPath,
    /// Whether the page is loaded again with it.
    pub reloads: bool,
}

/// Requests and bytes of a site.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    /// The number of the site.
    pub site: usize,
    /// When it was read.
    pub time: Timestamp,
    /// Requests, of everything and everybody.
    pub requests: u64,
    /// Bytes of bodies sent.
    pub bytes: u64,
    /// What was to be counted and could not be, since the queue was full.
    pub lost: u64,
}

/// The primary subtag of a language (RFC 5646, section 2.2.1): two or three letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LanguageTag([u8; 3]);

impl LanguageTag {
    /// The first language of an `Accept-Language` line (RFC 9110, section 12.5.4), which browsers put first.
    pub fn first_of(line: &str) -> Option<Self> {
        let primary = line.trim_start().split(['-', ',', ';', ' ', '_']).next()?.as_bytes();
        if !matches!(primary.len(), 2 | 3) || !primary.iter().all(u8::is_ascii_alphabetic) {
            return None;
        }
        let mut tag = [0; 3];
        tag.iter_mut().zip(primary).for_each(|(kept, letter)| *kept = letter.to_ascii_lowercase());
        Some(Self(tag))
    }

    /// The letters.
    pub fn as_str(&self) -> &str {
        let length = if self.0[2] == 0 { 2 } else { 3 };
        std::str::from_utf8(&self.0[..length]).expect("ASCII letters")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_is_its_primary_subtag() {
        let check = |line: &str, expected: Option<&str>| {
            let found = LanguageTag::first_of(line);
            assert_eq!(found.as_ref().map(LanguageTag::as_str), expected, "{line}");
        };
        check("ru-RU,ru;q=0.9,en;q=0.8", Some("ru"));
        check("KK", Some("kk"));
        check("fil,en", Some("fil"));
        check("*", None);
        check("", None);
        check("petr@mail", None);
        check("x", None);
    }
}
