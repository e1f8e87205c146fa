//! The path of a page as statistics keep it.
//!
//! It is what an operator reads in the table of pages, so words stay. What most often tells one visitor from another does not: query and
//! fragment are never kept, and a part that looks like an address of mail, a number of a person or order, or a token is `*`.

use std::sync::Arc;

/// Longest path kept, in bytes; a longer one ends with `*`.
const LONGEST: usize = 160;
/// Longest part kept, in bytes. Titles in addresses are shorter, signed tokens longer.
const LONGEST_PART: usize = 80;
/// Parts kept; what is deeper is one `*`.
const MOST_PARTS: usize = 8;
/// From this many digits in a row on a part is about one person or thing: a telephone has ten, a number of a person twelve. A date has
/// eight at most, and pages have dates.
const LONGEST_NUMBER: usize = 8;
/// From this length on letters and digits without anything between them are no word.
const LONGEST_WORD: usize = 24;

/// A path without query, with `*` for what looks like a person's or a token's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountedPath(Arc<str>);

impl CountedPath {
    /// Folds a path or the target of a request.
    pub fn new(path_and_query: &str) -> Self {
        let path = path_and_query.split(['?', '#', ';']).next().unwrap_or_default();
        let mut folded = String::with_capacity(path.len().min(LONGEST) + 1);
        for (at, part) in path.split('/').filter(|part| !part.is_empty()).enumerate() {
            let part = shown(part);
            if at == MOST_PARTS || folded.len() + 1 + part.len() > LONGEST {
                folded.push_str("/*");
                break;
            }
            folded.push('/');
            folded.push_str(&part);
        }
        if folded.is_empty() || (path.ends_with('/') && !folded.ends_with('*')) {
            folded.push('/');
        }
        Self(folded.into())
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

/// A part as it is kept: decoded, so that people can read it, and whole or not at all but for its ending.
fn shown(part: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(part).decode_utf8();
    let text = match &decoded {
        Ok(text) if is_plain(text) => text.as_ref(),
        // Bytes of no text, or characters that would make it another path: it stays as it was sent.
        _ => part,
    };
    if !is_plain(text) {
        return "*".to_owned();
    }
    // A file keeps its ending, which says what kind of page it is.
    let (stem, ending) = match text.rsplit_once('.') {
        Some((stem, ending)) if is_ending(ending) && !text.contains('@') => (stem, &text[stem.len()..]),
        _ => (text, ""),
    };
    if text.len() > LONGEST_PART || is_personal(stem) { format!("*{ending}") } else { text.to_owned() }
}

/// Fit to be shown: no sign that divides paths, no control character, nothing that hides.
fn is_plain(text: &str) -> bool {
    !text.contains(['/', '?', '#', '\\', '*', '<', '>', '"'])
        && text.chars().all(|sign| sign.is_alphanumeric() || sign.is_ascii_graphic() || sign == ' ')
}

fn is_ending(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether a text looks like an address of mail, a person's number or a token.
pub(super) fn is_personal(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |runs: &[u8]| runs.iter().filter(|byte| byte.is_ascii_digit()).count();
    let longest_number = bytes
        .chunk_by(|one, other| one.is_ascii_digit() == other.is_ascii_digit())
        .filter(|run| run[0].is_ascii_digit())
        .map(<[u8]>::len)
        .max();
    if text.contains('@') || text.contains("%40") || longest_number.unwrap_or_default() > LONGEST_NUMBER {
        return true;
    }
    // Telephones and numbers of cards are also written in groups.
    let grouped = bytes.iter().filter(|byte| !matches!(byte, b'-' | b' ' | b'+' | b'(' | b')' | b'.' | b'_'));
    let is_number = grouped.clone().all(u8::is_ascii_digit) && grouped.count() > LONGEST_NUMBER;
    is_number
        || is_uuid(bytes)
        || bytes.split(|byte| !byte.is_ascii_alphanumeric()).any(|word| is_token(word, digits(word)))
}

/// Letters and digits that no word is made of: long, and mixed as people don't mix them.
fn is_token(word: &[u8], digits: usize) -> bool {
    let is_hexadecimal = word.iter().all(u8::is_ascii_hexdigit);
    let upper = word.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let lower = word.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    word.len() > LONGEST_WORD
        || (word.len() >= 8 && is_hexadecimal && digits >= 2 && digits < word.len())
        || (word.len() >= 12 && digits >= 2 && upper + lower >= 2 && (upper.min(lower) >= 2 || digits >= 4))
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_stay_and_what_is_one_persons_does_not() {
        for (path, kept) in [
            ("", "/"),
            ("/", "/"),
            ("//services//", "/services/"),
            ("/services/trademarks?from=mail&id=7#top", "/services/trademarks"),
            ("/services/trademarks/", "/services/trademarks/"),
            (
                "/blog/2026/11/29/a-long-title-with-many-words-about-trade-marks-in-kazakhstan",
                "/blog/2026/11/29/a-long-title-with-many-words-about-trade-marks-in-kazakhstan",
            ),
            ("/news/20261129", "/news/20261129"),
            ("/%D1%83%D1%81%D0%BB%D1%83%D0%B3%D0%B8/%D0%BF%D0%B0%D1%82%D0%B5%D0%BD%D1%82", "/услуги/патент"),
            ("/page;jsessionid=0123456789ABCDEF", "/page"),
            ("/article-10077.html", "/article-10077.html"),
            ("/client/850617450628", "/client/*"),
            ("/client/ivanov-850617450628.html", "/client/*.html"),
            ("/call/+7-701-555-01-77", "/call/*"),
            ("/unsubscribe/petr.ivanov@mail.kz", "/unsubscribe/*"),
            ("/unsubscribe/petr.ivanov%40mail.kz", "/unsubscribe/*"),
            ("/reset/9f86d081884c7d659a2feaa0c55ad015", "/reset/*"),
            ("/share/550e8400-e29b-41d4-a716-446655440000/x", "/share/*/x"),
            ("/s/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N", "/s/*"),
            ("/v/dQw4w9WgXcQ7", "/v/*"),
            ("/a%2Fb", "/a%2Fb"),
            ("/%ff", "/%ff"),
            ("/a\u{202e}b", "/*"),
            ("/1/2/3/4/5/6/7/8/9/10", "/1/2/3/4/5/6/7/8/*"),
            ("no-slash", "/no-slash"),
        ] {
            assert_eq!(CountedPath::new(path).as_str(), kept, "{path}");
        }
    }

    proptest! {
        #[test]
        fn a_folded_path_is_bounded_and_stays_as_it_is(path in "/\\PC{0,400}") {
            let folded = CountedPath::new(&path);
            prop_assert!(folded.as_str().len() <= LONGEST + 2 && folded.as_str().starts_with('/'));
            prop_assert!(!folded.as_str().contains(['?', '#', '@', '<', '"']), "{}", folded.as_str());
        }

        #[test]
        fn no_address_of_mail_and_no_long_number_is_left(
            before in "[a-z]{0,8}", name in "[a-z.]{1,12}", at in prop_oneof![Just("@"), Just("%40")], number in "[0-9]{9,14}",
        ) {
            let folded = CountedPath::new(&format!("/{before}/{name}{at}mail.kz/{before}{number}/{number}.html"));
            prop_assert!(!folded.as_str().contains("mail.kz") && !folded.as_str().contains(&number), "{}", folded.as_str());
        }
    }
}
