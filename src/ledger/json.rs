//! JSON that somebody else wrote: how deep it may be nested, and single fields of an object.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// How deep JSON may be nested: several times what is written here, and nothing that any parser minds.
const DEEPEST: usize = 32;

/// The fields of an object, not read yet. Of a name that stands twice the last counts, as in most programs.
pub(crate) type Fields = BTreeMap<String, Box<RawValue>>;

/// One field; `None` where it is not there or of another type.
pub(crate) fn field<T: DeserializeOwned>(fields: &Fields, name: &str) -> Option<T> {
    serde_json::from_str(fields.get(name)?.get()).ok()
}

/// Reads JSON; `None` where it is none, has another shape, is nested deeper than [`DEEPEST`], or writes half a character of UTF-16.
pub(crate) fn read_json<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Option<T> {
    if is_plain(text) { serde_json::from_slice(text).ok() } else { None }
}

fn is_plain(text: &[u8]) -> bool {
    let (mut depth, mut in_string, mut rest) = (0_usize, false, text);
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => in_string = !in_string,
            // Programs differ in what they make of half a character, and UTF-8 needs none.
            b'\\' if matches!(rest, [b'u', b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..]) => {
                return false;
            }
            b'\\' if in_string => rest = rest.get(1..).unwrap_or_default(),
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn json_is_read_up_to_a_depth_and_brackets_in_texts_are_letters() {
        let read = |text: &str| read_json::<Value>(text.as_bytes()).is_some();
        assert!(read(&nested(DEEPEST)));
        assert!(!read(&nested(DEEPEST + 1)));
        assert!(!read(&nested(1_000_000)));
        let beside = format!("[{}]", vec![nested(DEEPEST - 1); 9].join(","));
        assert!(read(&beside), "what lies beside one another is not nested");
        assert!(read(&format!(r#"["\"{}", "\\", []]"#, "[".repeat(99))));
        assert!(!read(&format!(r#"["\\", {}]"#, nested(DEEPEST))));
    }

    #[test]
    fn half_a_character_is_not_read_even_where_nobody_looks() {
        let read = |text: &str| read_json::<Fields>(text.as_bytes()).is_some();
        assert!(read(r#"{"more":"\u0041\\ud800"}"#));
        assert!(!read(r#"{"more":"\ud800"}"#) && !read(r#"{"\\\uDFff":1}"#));
    }

    #[test]
    fn an_object_is_no_list_and_of_a_repeated_field_the_last_counts() {
        let read = |text: &str| field::<u64>(&read_json::<Fields>(text.as_bytes())?, "first");
        assert_eq!(read(r#"{"first":7,"more":[1E400]}"#), Some(7));
        assert_eq!(read(r#"{"first":{},"first":8}"#), Some(8));
        for other in ["[7]", "7", "{}", r#"{"first":-0}"#, r#"{"first":1.0}"#] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
