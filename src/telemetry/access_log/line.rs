//! What the access log says of one request. No field of it can hold a full address, a value of a cookie, a query, a consent number or a raw
//! user agent: words come from fixed lists and the configuration, the rest are numbers and what folding has left.

use std::fmt;

use http::{Method, StatusCode, Version};

use crate::{
    clock,
    consent::{Country, Decision, Reason},
    statistics::CountedPath,
    telemetry::site_metrics::{SiteName, method_name},
    timestamp::Timestamp,
    visitor::{AgentFamily, TruncatedAddress},
};

/// One request, at its end.
#[derive(Clone, Debug)]
pub struct AccessLine {
    /// When its head had come.
    pub time: Timestamp,
    /// Of which site.
    pub site: SiteName,
    /// By which method.
    pub method: MethodName,
    /// For which path.
    pub path: LoggedPath,
    /// In which version of HTTP.
    pub protocol: Protocol,
    /// What was answered; nothing where the client left before.
    pub status: Option<StatusCode>,
    /// Bytes of the answer's body that were sent.
    pub bytes: u64,
    /// Milliseconds until the answer's head; nothing where there was none.
    pub first_byte: Option<u32>,
    /// Milliseconds until the last byte had left.
    pub last_byte: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// What was known of the visitor's choice.
    pub consent: Option<ConsentWord>,
    /// Where the visitor is, by a database.
    pub country: Option<Country>,
    /// The visitor's network, where the operator asked for it.
    pub network: Option<TruncatedAddress>,
    /// The family of the browser.
    pub browser: AgentFamily,
    /// What stands on the page that told of a fault.
    pub reference: Option<Reference>,
}

/// The name of a method that is known, or `other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodName(&'static str);

impl MethodName {
    /// A method that nobody knows has no name of its own.
    pub fn of(method: &Method) -> Self {
        Self(method_name(method))
    }

    /// The name of one that is known.
    pub(in crate::telemetry) fn known(self) -> Option<&'static str> {
        Some(self.0).filter(|name| *name != "other")
    }

    pub(super) fn name(self) -> &'static str {
        self.0
    }
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol(&'static str);

impl Protocol {
    /// As it is written in a request line.
    pub fn of(version: Version) -> Self {
        Self(match version {
            Version::HTTP_2 => "HTTP/2",
            Version::HTTP_10 => "HTTP/1.0",
            _ => "HTTP/1.1",
        })
    }

    /// Without the name of HTTP.
    pub(in crate::telemetry) fn version(self) -> &'static str {
        self.0.trim_start_matches("HTTP/")
    }

    pub(super) fn name(self) -> &'static str {
        self.0
    }
}

/// A path without query, folded as statistics fold it, and without any number: in a line of one request, at one moment, the number of an
/// order or an article tells one person from another sooner than in a sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedPath(Box<str>);

impl LoggedPath {
    /// Folds the path of a request.
    pub fn of(path: &str) -> Self {
        let counted = CountedPath::new(path);
        let mut folded = String::with_capacity(counted.as_str().len());
        for sign in counted.as_str().chars() {
            if !sign.is_numeric() {
                folded.push(sign);
            } else if !folded.ends_with('*') {
                folded.push('*');
            }
        }
        Self(folded.into())
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What became of a request. Each of the words that some hold is one of a fixed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The client left before there was an answer.
    Left,
    /// Our own page, file or address.
    OwnPage,
    /// Sent to the canonical host or to https.
    Redirected,
    /// What the site answered, with no byte of its body changed; for what could have been a page, why not.
    Passed(Option<&'static str>),
    /// A page of the site with what is ours in it.
    Rewritten,
    /// The same, made before of the same bytes.
    Remembered,
    /// A path that measures, answered here since its category is not allowed.
    HeldBack,
    /// What an analytics server answered.
    Analytics,
    /// Both sides changed the protocol.
    Upgraded,
    /// Nobody was asked: the request itself can't be followed.
    Refused(&'static str),
    /// The site, or an analytics server, did not answer.
    Failed(&'static str),
    /// The site's answer broke off in its middle.
    BrokenOff,
}

impl Outcome {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::OwnPage => "own_page",
            Self::Redirected => "redirected",
            Self::Passed(_) => "passed",
            Self::Rewritten => "rewritten",
            Self::Remembered => "remembered",
            Self::HeldBack => "held_back",
            Self::Analytics => "analytics",
            Self::Upgraded => "upgraded",
            Self::Refused(_) => "refused",
            Self::Failed(_) => "failed",
            Self::BrokenOff => "broken_off",
        }
    }

    /// Why, where there is a word for it.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Passed(reason) => reason,
            Self::Refused(reason) | Self::Failed(reason) => Some(reason),
            _ => None,
        }
    }

    /// What a page became, by the word of its metric.
    pub fn of_page(word: &'static str) -> Self {
        match word {
            "rewritten" => Self::Rewritten,
            "remembered" => Self::Remembered,
            reason => Self::Passed(Some(reason)),
        }
    }
}

/// What was known of the visitor's choice: that something or nothing optional was accepted, or why there is no choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsentWord(&'static str);

impl ConsentWord {
    /// Which categories were accepted is left out.
    pub fn of(decision: &Decision) -> Self {
        Self(match decision.reason {
            Reason::Answered if decision.allowed.is_empty() => "refused",
            Reason::Answered => "accepted",
            reason => reason.name(),
        })
    }

    pub(in crate::telemetry) fn name(self) -> &'static str {
        self.0
    }
}

/// The number on a page that tells of a fault, by which its line is found when somebody reports it. It is drawn by lot, for one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference([u8; 5]);

impl Reference {
    /// Another one each time: of 2^40, so that two of one day are hardly the same.
    pub fn random() -> Self {
        Self(clock::random())
    }
}

impl fmt::Display for Reference {
    /// Eight letters and digits that nobody mistakes for one another when they are read aloud, as `7K3F-9QXA`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let number = self.0.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        for place in 0..8 {
            if place == 4 {
                formatter.write_str("-")?;
            }
            let letter = LETTERS[(number >> (35 - 5 * place) & 31) as usize];
            fmt::Write::write_char(formatter, char::from(letter))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_keeps_its_words_and_no_number() {
        for (path, logged) in [
            ("/", "/"),
            ("/services/trademarks?email=petr@mail.kz", "/services/trademarks"),
            ("/article-10077.html", "/article-*.html"),
            ("/order/7/pay", "/order/*/pay"),
            ("/blog/2026/11/29/title", "/blog/*/*/*/title"),
            ("/client/850617450628", "/client/*"),
            ("/reset/9f86d081884c7d659a2feaa0c55ad015", "/reset/*"),
            ("/%D1%83%D1%81%D0%BB%D1%83%D0%B3%D0%B8", "/услуги"),
            ("*", "/*"),
        ] {
            assert_eq!(LoggedPath::of(path).as_str(), logged, "{path}");
        }
    }

    #[test]
    fn a_reference_is_read_aloud_without_mistake() {
        assert_eq!(Reference([0; 5]).to_string(), "0000-0000");
        assert_eq!(Reference([0xff; 5]).to_string(), "ZZZZ-ZZZZ");
        assert_eq!(Reference([0, 0, 0, 0, 33]).to_string(), "0000-0011");
    }

    #[test]
    fn a_method_that_was_made_up_is_not_written() {
        assert_eq!(MethodName::of(&Method::GET).name(), "GET");
        assert_eq!(MethodName::of(&Method::from_bytes(b"PETR").unwrap()).name(), "other");
    }

    proptest! {
        #[test]
        fn no_number_no_query_and_no_line_break_is_left_of_a_path(path in "/\\PC{0,200}", query in "[a-z]{6,20}") {
            let logged = LoggedPath::of(&format!("{path}?{query}=q{query}"));
            let is_wrong = |sign: char| sign.is_numeric() || sign.is_control() || "?\"\\".contains(sign);
            prop_assert!(!logged.as_str().contains(is_wrong), "{}", logged.as_str());
            prop_assert!(!logged.as_str().contains(&format!("q{query}")) , "{}", logged.as_str());
        }
    }
}
