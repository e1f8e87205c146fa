//! The path of a page as a record keeps it: enough to know where on the site somebody answered, and as little as may be of who it was.
//!
//! Sites put names, numbers of persons and tokens into addresses (`/client/ivanov-850617450628.html`). A plain word can't be told from a
//! name, so what is left may still be one: nobody may promise that no name is in a record.

use crate::inventory::FoldedPath;

/// From this many digits in a row on, a part of a path is about one person or thing: numbers of persons have twelve, telephones ten.
/// A year has four, a date eight: of dates the year would be enough to know the page, and it is folded as well.
const LONGEST_NUMBER: usize = 5;

/// The path of the page on which the choice was made, folded, without its query, at most 256 bytes of visible ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagePath(Box<str>);

impl PagePath {
    /// Longest path kept, in bytes.
    pub const LONGEST: usize = 256;

    /// Folds a path: query and fragment go, then each part that looks like a person's or a token's becomes `*`, and so does what is deeper
    /// than the first two parts (see [`FoldedPath`]). A part with a long number or an address of mail is not kept at all but for its ending.
    pub fn new(path_and_query: &str) -> Self {
        let path = path_and_query.split(['?', '#']).next().unwrap_or_default();
        let parts: Vec<_> =
            path.split('/').map(|part| if is_personal(part) { withheld(part) } else { part.into() }).collect();
        Self(FoldedPath::of(&parts.join("/")).as_str().into())
    }

    /// Reads a path that was kept.
    pub fn parse_kept(text: &str) -> Option<Self> {
        let fits = text.len() <= Self::LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.into()))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_personal(part: &str) -> bool {
    let digits = part.as_bytes().chunk_by(|one, other| one.is_ascii_digit() == other.is_ascii_digit());
    let number = digits.filter(|run| run[0].is_ascii_digit()).map(<[u8]>::len).max().unwrap_or_default();
    number > LONGEST_NUMBER || is_mail(part)
}

fn is_mail(part: &str) -> bool {
    part.contains('@') || part.contains("%40")
}

/// `*` with the ending of a file, which says what kind of page it is.
fn withheld(part: &str) -> String {
    let ending = part.rsplit_once('.').map(|(_, ending)| ending);
    let plain = |ending: &&str| (2..=5).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_lowercase());
    match ending.filter(plain).filter(|_| !is_mail(part)) {
        Some(ending) => format!("*.{ending}"),
        None => "*".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_looks_like_a_persons_or_a_tokens_is_folded() {
        for (path, kept) in [
            ("/", "/"),
            ("/services", "/services"),
            ("/services/trademarks?from=mail#top", "/services/trademarks"),
            ("/services/trademarks/", "/services/trademarks/"),
            ("/client/ivanov-petr-850617450628.html", "/client/*.html"),
            ("/client/850617450628", "/client/*"),
            ("/order-10077/pay", "/order-*/pay"),
            ("/reset/9f86d081884c7d659a2feaa0c55ad015", "/reset/*"),
            ("/share/550e8400-e29b-41d4-a716-446655440000", "/share/*"),
            ("/unsubscribe/petr.ivanov@mail.kz", "/unsubscribe/*"),
            ("/unsubscribe/petr.ivanov%40mail.kz", "/unsubscribe/*"),
            ("/u/%D0%98%D0%B2%D0%B0%D0%BD", "/u/*"),
            ("/a/b/ivanov/petr", "/a/b/*"),
            ("services", "/services"),
            ("", "/"),
        ] {
            assert_eq!(PagePath::new(path).as_str(), kept, "{path}");
        }
    }

    proptest! {
        #[test]
        fn a_folded_path_is_read_back_and_stays_as_it_is(path in "/\\PC{0,300}") {
            let folded = PagePath::new(&path);
            prop_assert_eq!(PagePath::parse_kept(folded.as_str()), Some(folded.clone()));
            prop_assert_eq!(PagePath::new(folded.as_str()), folded);
        }

        #[test]
        fn no_long_number_is_left(path in "(/[a-z0-9.-]{0,30}){0,4}") {
            let folded = PagePath::new(&path);
            let digits = folded.as_str().as_bytes().chunk_by(|one, other| one.is_ascii_digit() == other.is_ascii_digit());
            prop_assert!(digits.filter(|run| run[0].is_ascii_digit()).all(|run| run.len() <= 1), "{}", folded.as_str());
        }
    }
}
