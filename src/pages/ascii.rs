//! HTML as ASCII, so that what is put into a page reads the same in whatever charset the page has.

use std::fmt::Write;

/// Turns every character outside of ASCII into a numeric character reference (`қ` → `&#1179;`), which HTML allows in text and in
/// attribute values alike. What is ASCII stays as it is: escaping markup is the templates' work.
pub fn to_ascii(html: &str) -> String {
    let mut ascii = String::with_capacity(html.len() + html.len() / 2);
    for character in html.chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            write!(ascii, "&#{};", u32::from(character)).expect("a string takes every text");
        }
    }
    ascii
}

/// Escapes what has a meaning inside a double-quoted attribute value or in text.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kazakh_letters_and_emoji_become_references() {
        assert_eq!(to_ascii("<b>қ — 😀</b>"), "<b>&#1179; &#8212; &#128512;</b>");
    }

    #[test]
    fn markup_in_a_value_is_escaped() {
        assert_eq!(escape(r#"/?a="<&>'"#), "/?a=&quot;&lt;&amp;&gt;&#39;");
    }
}
