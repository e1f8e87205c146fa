//! Whoever reads: how wide the terminal is, and whether it shows more than ASCII.

use std::io::{self, IsTerminal as _};

/// Where nobody watches, or the terminal does not say.
const USUAL_WIDTH: usize = 80;
/// Narrower than this no table can be read, and wider than that none needs to be.
const WIDTHS: std::ops::RangeInclusive<usize> = 50..=140;

/// The width of standard output, in characters.
pub(super) fn width() -> usize {
    let output = io::stdout();
    let asked = output.is_terminal().then(|| rustix::termios::tcgetwinsize(&output).ok()).flatten();
    let told = asked.map_or(USUAL_WIDTH, |size| usize::from(size.ws_col));
    if told == 0 { USUAL_WIDTH } else { told.clamp(*WIDTHS.start(), *WIDTHS.end()) }
}

/// Whether the locale is one of UTF-8: the first of these that says anything counts (POSIX, 8.2).
pub(super) fn is_utf8() -> bool {
    let said = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
    is_of_utf8(said)
}

fn is_of_utf8(mut said: impl Iterator<Item = String>) -> bool {
    said.find(|value| !value.is_empty()).is_some_and(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_about_the_locale_counts() {
        let check = |said: &[&str], expected| {
            assert_eq!(is_of_utf8(said.iter().map(|word| (*word).to_owned())), expected, "{said:?}");
        };
        check(&["", "ru_RU.UTF-8"], true);
        check(&["C", "ru_RU.UTF-8"], false);
        check(&["kk_KZ.utf8"], true);
        check(&["C.UTF-8"], true);
        check(&[], false);
    }
}
