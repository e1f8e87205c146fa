//! Which texts of the policy a visitor could read beside a notice: its document names them by their hashes.

use super::{
    hex::unhex,
    json::{Fields, field, read_json},
};
use crate::visitor::Language;

/// A text of the policy: its language, and SHA-256 of its bytes.
pub type PolicyText = (Language, [u8; 32]);

/// The texts that the document of a notice names, each language once; none where the notice alone is the policy. `None` where it is no
/// such document.
pub fn policy_texts(document: &str) -> Option<Vec<PolicyText>> {
    let document = read_json::<Fields>(document.as_bytes())?;
    let mut texts: Vec<PolicyText> = Vec::new();
    for text in field::<Vec<Fields>>(&document, "policy")? {
        let tag: String = field(&text, "language")?;
        let language = Language::ALL.into_iter().find(|language| language.tag() == tag)?;
        if texts.iter().any(|(known, _)| *known == language) {
            return None;
        }
        texts.push((language, unhex(&field::<String>(&text, "sha256")?)?));
    }
    Some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_names_texts_by_language_and_hash() {
        let text = |language: &str| format!(r#"{{"language":"{language}","sha256":"{}","more":1}}"#, "07".repeat(32));
        let check = |policy: &str, expected: Option<&[Language]>| {
            let texts = policy_texts(&format!(r#"{{"policy":{policy},"site":"shop.example"}}"#));
            let expected = expected.map(|languages| languages.iter().map(|language| (*language, [7; 32])).collect());
            assert_eq!(texts, expected, "{policy}");
        };
        check("[]", Some(&[]));
        check(&format!("[{},{}]", text("kk"), text("ru")), Some(&[Language::Kk, Language::Ru]));
        check(&format!("[{0},{0}]", text("ru")), None);
        check(&format!("[{}]", text("de")), None);
        check(&format!("[{}]", text("ru-RU")), None);
        check(&format!("[{}]", text("ru").replace("0707", "07")), None);
        check(&text("ru"), None);
        assert_eq!(policy_texts(r#"{"site":"shop.example"}"#), None);
    }
}
