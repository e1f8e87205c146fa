//! Names and paths without what most often tells one visitor from another.
//!
//! Sites put numbers of accounts, hashes and even e-mail addresses into names of cookies, keys and paths. Here runs of digits, hexadecimal
//! digits and UUIDs become `*`, and a name with something worse in it is not kept at all. A name that the catalogue knows is public, so the
//! catalogue's own writing of it is kept. A plain word, such as a person's name, can't be told from any other and stays: of a path
//! only the first parts are kept therefore.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::cookies::{Catalogue, Pattern};

/// Longest name that is looked into, in bytes; real names are shorter than 100. Longer ones are values in the place of a name.
const LONGEST_GIVEN: usize = 128;
/// Longest name kept after folding, in bytes.
const LONGEST_KEPT: usize = 64;
/// Longest path kept after folding, in bytes.
const LONGEST_PATH: usize = 100;
/// Parts of a path kept; what is deeper becomes one `*`.
const MOST_PARTS: usize = 2;
/// A run of hexadecimal digits from this length on is no word, if it holds two digits.
const SHORTEST_HEX: usize = 8;
/// From this length on letters alone are no word either.
const LONGEST_WORD: usize = 31;
/// What stands for a name of which nothing is kept.
const WITHHELD: &str = "*";
/// What a `*` stands for, as an expression.
const FILL: &str = "[0-9A-Za-z%*-]+";

/// The name of a cookie or a key, folded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FoldedName(Box<str>);

/// How the configuration finds what a folded name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamePattern {
    /// For `name`: a name, or the beginning of one with `*`.
    Name(String),
    /// For `expression`.
    Expression(String),
}

impl NamePattern {
    /// The name or the expression.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Name(text) | Self::Expression(text) => text,
        }
    }
}

impl FoldedName {
    /// Folds a name. A name that was folded before stays as it is.
    pub fn of(name: &[u8], catalogue: &Catalogue) -> Self {
        let Ok(text) = std::str::from_utf8(name) else { return Self(WITHHELD.into()) };
        if hexadecimal_name(text).is_some() {
            return Self(text.into());
        }
        let kept = known(text, catalogue).or_else(|| fold(text).map(Cow::Owned));
        Self(kept.filter(|kept| kept.len() <= LONGEST_KEPT).as_deref().unwrap_or(WITHHELD).into())
    }

    /// The name as it is shown; `*` stands for what was folded.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How the configuration finds it, or `None` where nothing of the name was kept.
    pub fn pattern(&self) -> Option<NamePattern> {
        if &*self.0 == WITHHELD {
            return None;
        }
        if let Some(length) = hexadecimal_name(&self.0) {
            return Some(NamePattern::Expression(format!("[0-9A-Fa-f]{{{length}}}")));
        }
        let stem = self.0.strip_suffix('*').unwrap_or(&self.0);
        // What RFC 6265, section 4.1.1, calls a token.
        let is_token = |byte: u8| byte.is_ascii_graphic() && !br#"()<>@,;:\"/[]?={}*"#.contains(&byte);
        Some(if stem.bytes().all(is_token) {
            NamePattern::Name(self.0.to_string())
        } else {
            NamePattern::Expression(self.0.split('*').map(regex::escape).collect::<Vec<_>>().join(FILL))
        })
    }

    /// Names that could have been folded to this one, to ask a catalogue about them.
    pub fn samples(&self) -> Vec<String> {
        Self::samples_of(&self.0)
    }

    /// The same for a folded name that is only text.
    pub(super) fn samples_of(folded: &str) -> Vec<String> {
        const FILLS: [&str; 8] = ["0", "00", "0000", "00000000", "a0a0", "A0A0A0A0A0", "0000000000000000", "a0-b0"];
        if let Some(length) = hexadecimal_name(folded) {
            return vec!["0".repeat(length), "a".repeat(length)];
        }
        if !folded.contains('*') {
            return vec![folded.to_owned()];
        }
        let fills = FILLS.iter().map(ToString::to_string).chain(["0".repeat(32), "a".repeat(32)]);
        fills.map(|fill| folded.replace('*', &fill)).collect()
    }
}

impl fmt::Display for FoldedName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The path of a page, folded and without its query.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct FoldedPath(Box<str>);

impl FoldedPath {
    /// Folds a path, or what stands behind the host of an address.
    pub fn of(path_and_query: &str) -> Self {
        let path = path_and_query.split(['?', '#']).next().unwrap_or_default();
        let mut folded = String::new();
        for (at, part) in path.split('/').filter(|part| !part.is_empty()).enumerate() {
            if at == MOST_PARTS || folded.len() + part.len().min(LONGEST_KEPT) + 3 > LONGEST_PATH {
                folded.push_str("/*");
                break;
            }
            let part = fold(part).filter(|part| part.len() <= LONGEST_KEPT && hexadecimal_name(part).is_none());
            folded.push('/');
            folded.push_str(part.as_deref().unwrap_or("*"));
        }
        if folded.is_empty() || path.ends_with('/') {
            folded.push('/');
        }
        Self(folded.into())
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for FoldedPath {
    fn from(text: String) -> Self {
        Self::of(&text)
    }
}

impl From<FoldedPath> for String {
    fn from(path: FoldedPath) -> Self {
        path.0.into()
    }
}

/// The catalogue's own writing of a name that it knows by name or beginning.
fn known<'n>(name: &'n str, catalogue: &Catalogue) -> Option<Cow<'n, str>> {
    match &catalogue.rule(name.as_bytes())?.pattern {
        Pattern::Exact(_) => Some(Cow::Borrowed(name)),
        Pattern::Prefix(text) => {
            // A rule for a bare name speaks for the one with a security prefix too.
            let bare = ["__Host-", "__Secure-"].iter().find_map(|prefix| {
                let start = name.get(..prefix.len())?;
                (start.eq_ignore_ascii_case(prefix) && !name.starts_with(&**text)).then_some(prefix.len())
            });
            Some(Cow::Owned(format!("{}{text}*", &name[..bare.unwrap_or(0)])))
        }
        Pattern::Expression(_) => None,
    }
}

/// How many hexadecimal digits the names have that are written `{hex 32}`: a name of nothing but such digits, as Joomla's session has it.
fn hexadecimal_name(text: &str) -> Option<usize> {
    let length = text.strip_prefix("{hex ")?.strip_suffix('}')?;
    let length = (length.len() == 2).then(|| length.parse().ok())??;
    (16..=LONGEST_KEPT).contains(&length).then_some(length)
}

/// Folds a text, or `None` where nothing of it is fit to be kept.
fn fold(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_graphic() && !br#";=,"\@"#.contains(byte);
    if bytes.is_empty() || bytes.len() > LONGEST_GIVEN || !bytes.iter().all(plain) || text.contains("%40") {
        return None;
    }
    if (16..=LONGEST_KEPT).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_hexdigit) {
        return Some(format!("{{hex {}}}", bytes.len()));
    }
    let mut folded = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let words = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let taken = if is_uuid(rest) {
            folded.push('*');
            36
        } else if *first == b'%' && rest.get(1..3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            folded.push('*');
            3
        } else if words > 0 {
            fold_word(&rest[..words], &mut folded);
            words
        } else {
            folded.push(char::from(*first));
            1
        };
        rest = &rest[taken..];
    }
    while folded.contains("**") {
        folded = folded.replace("**", "*");
    }
    // With less than two letters a pattern would mean half of all names.
    let letters = folded.bytes().filter(u8::is_ascii_alphabetic).count();
    (!folded.contains('*') || letters >= 2).then_some(folded)
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.get(..36).is_some_and(|uuid| {
        uuid.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    })
}

/// Folds letters and digits without anything between them.
fn fold_word(word: &[u8], folded: &mut String) {
    let mut from = 0;
    let mut at = 0;
    while at < word.len() {
        let run = word[at..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let digits = word[at..at + run].iter().filter(|byte| byte.is_ascii_digit()).count();
        if run >= 2 * SHORTEST_HEX || run >= SHORTEST_HEX && digits >= 2 {
            fold_mixed(&word[from..at], folded);
            folded.push('*');
            from = at + run;
        }
        at += run.max(1);
    }
    fold_mixed(&word[from..], folded);
}

/// Folds a word that holds no long run of hexadecimal digits.
fn fold_mixed(word: &[u8], folded: &mut String) {
    let runs: Vec<&[u8]> = word.chunk_by(|one, other| one.is_ascii_digit() == other.is_ascii_digit()).collect();
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let digit_runs = runs.iter().filter(|run| run[0].is_ascii_digit()).count();
    let is_number = digits >= 2 && word.len() >= 6 && (digit_runs >= 2 || !word.iter().any(u8::is_ascii_lowercase));
    if is_number || word.len() > LONGEST_WORD {
        folded.push('*');
        return;
    }
    for run in runs {
        match run {
            [digit, _, ..] if digit.is_ascii_digit() => folded.push('*'),
            other => folded.extend(other.iter().map(|byte| char::from(*byte))),
        }
    }
}
