//! JSON that somebody else wrote: how deep it may be nested, and objects that are objects.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

/// How deep JSON may be nested: several times what is written here, and nothing that any parser minds.
const DEEPEST: usize = 32;

/// Reads JSON; `None` where it is none, has another shape, or is nested deeper than [`DEEPEST`].
pub(crate) fn read_json<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Option<T> {
    if is_flat_enough(text) { serde_json::from_slice(text).ok() } else { None }
}

fn is_flat_enough(text: &[u8]) -> bool {
    let (mut depth, mut in_string, mut bytes) = (0_usize, false, text.iter());
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => _ = bytes.next(),
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

/// Fields that stand in an object. A derived reader alone would also take them from an array, in their order.
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields))
    }
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
    fn an_object_is_no_list() {
        #[derive(Debug, Deserialize)]
        struct Range {
            first: u64,
        }
        let read = |text: &str| read_json::<Object<Range>>(text.as_bytes()).map(|Object(range)| range.first);
        assert_eq!(read(r#"{"first":7,"more":[]}"#), Some(7));
        assert_eq!(read("[7]"), None);
        assert_eq!(read("7"), None);
    }
}
