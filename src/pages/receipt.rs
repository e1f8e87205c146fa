//! What the address of the receipt page asks for, and what its forms post. It is checked here and acted upon elsewhere.

use super::{
    ReturnPath,
    choice::{ChoiceFault, LONGEST_CHOICE, decode_pair},
};
use crate::{
    ledger::{LeafIndex, NoticeId},
    visitor::Language,
};

/// A receipt to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Download {
    /// The proof with the record inside (C2SP tlog-proof).
    Proof,
    /// The same for people and programs that read JSON.
    Json,
}

/// What the address of the receipt page asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptQuery {
    /// The language, when it names one.
    pub language: Option<Language>,
    /// The page to go back to.
    pub to: ReturnPath,
    /// What to keep, instead of the page.
    pub download: Option<Download>,
    /// Of which leaf; without it the choice in force.
    pub leaf: Option<LeafIndex>,
    /// The text of this notice, instead of what is recorded.
    pub notice: Option<NoticeId>,
}

impl ReceiptQuery {
    /// Reads `language=…&to=…&download=…&leaf=…&notice=…`. Never fails: what is not understood is as if it were not there.
    pub fn parse(query: &str, prefix: &str) -> Self {
        let mut read = Self::default();
        for pair in query.split('&') {
            let Ok((name, value)) = decode_pair(pair.as_bytes()) else { continue };
            match &*name {
                "language" => read.language = Language::parse(&value),
                "to" => read.to = ReturnPath::new(&value, prefix),
                "notice" => read.notice = NoticeId::parse(&value),
                "leaf" => read.leaf = value.parse().ok().map(LeafIndex),
                "download" => {
                    read.download = match &*value {
                        "proof" => Some(Download::Proof),
                        "json" => Some(Download::Json),
                        _ => None,
                    }
                }
                _ => {}
            }
        }
        read
    }
}

/// What is posted to the receipt page: that records be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedErasure {
    /// Whether the question was answered with yes.
    pub confirmed: bool,
    /// The language that the page was in.
    pub language: Language,
    /// The page to go back to.
    pub to: ReturnPath,
}

impl PostedErasure {
    /// Reads a form with `action=erase`, `language`, and if there are any `confirm=yes` and `to`.
    ///
    /// # Errors
    ///
    /// Anything else is a fault, and then nothing is erased.
    pub fn parse(body: &[u8], prefix: &str) -> Result<Self, ChoiceFault> {
        if body.len() > LONGEST_CHOICE {
            return Err(ChoiceFault::TooLong);
        }
        let (mut action, mut confirm, mut language, mut to) = (None, None, None, None);
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let (name, value) = decode_pair(pair)?;
            let slot = match &*name {
                "action" => &mut action,
                "confirm" => &mut confirm,
                "language" => &mut language,
                "to" => &mut to,
                _ => return Err(ChoiceFault::Unknown),
            };
            if slot.replace(value.into_owned()).is_some() {
                return Err(ChoiceFault::Duplicate);
            }
        }
        let expect = |value: Option<String>, expected: &str| value.map(|value| value == expected);
        match (expect(action, "erase"), expect(confirm, "yes")) {
            (None, _) => Err(ChoiceFault::Missing("action")),
            (Some(false), _) => Err(ChoiceFault::Invalid("action")),
            (_, Some(false)) => Err(ChoiceFault::Invalid("confirm")),
            (Some(true), confirmed) => Ok(Self {
                confirmed: confirmed.is_some(),
                language: language
                    .ok_or(ChoiceFault::Missing("language"))
                    .and_then(|tag| Language::parse(&tag).ok_or(ChoiceFault::Invalid("language")))?,
                to: to.map(|to| ReturnPath::new(&to, prefix)).unwrap_or_default(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_far_as_it_is_understood() {
        let read = ReceiptQuery::parse("language=kk&to=%2Fprices%3Fa%3D1&download=proof&leaf=7", "/_kelisim/");
        let to = ReturnPath::new("/prices?a=1", "/_kelisim/");
        let expected = ReceiptQuery {
            language: Some(Language::Kk),
            to,
            download: Some(Download::Proof),
            leaf: Some(LeafIndex(7)),
            notice: None,
        };
        assert_eq!(read, expected);
        let notice = ReceiptQuery::parse(&format!("notice={}", "0a".repeat(32)), "/_kelisim/").notice;
        assert_eq!(notice, Some(NoticeId([0x0a; 32])));
        assert_eq!(ReceiptQuery::parse("notice=0a", "/_kelisim/").notice, None);
        let other = ReceiptQuery::parse("language=de&to=//evil.example&download=all&leaf=-1&%ff", "/_kelisim/");
        assert_eq!(other, ReceiptQuery::default());
    }

    #[test]
    fn nothing_is_erased_but_by_the_two_forms_of_the_page() {
        let parse = |body: &str| PostedErasure::parse(body.as_bytes(), "/_kelisim/");
        let asked = parse("action=erase&language=ru&to=/prices").unwrap();
        assert_eq!((asked.confirmed, asked.to.as_str()), (false, "/prices"));
        assert!(parse("action=erase&confirm=yes&language=ru").unwrap().confirmed);
        for (body, fault) in [
            ("", ChoiceFault::Missing("action")),
            ("confirm=yes&language=ru", ChoiceFault::Missing("action")),
            ("action=keep&language=ru", ChoiceFault::Invalid("action")),
            ("action=erase&confirm=no&language=ru", ChoiceFault::Invalid("confirm")),
            ("action=erase&confirm=yes&confirm=yes&language=ru", ChoiceFault::Duplicate),
            ("action=erase&confirm=yes", ChoiceFault::Missing("language")),
            ("action=erase&language=de", ChoiceFault::Invalid("language")),
            ("action=erase&language=ru&consent_id=00", ChoiceFault::Unknown),
        ] {
            assert_eq!(parse(body), Err(fault), "{body}");
        }
        assert_eq!(parse(&"a".repeat(LONGEST_CHOICE + 1)), Err(ChoiceFault::TooLong));
    }
}
