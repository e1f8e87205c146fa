//! Reads the catalogue's text. It reports every fault at once and repairs none.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::consent::Category;
use crate::cookies::{Pattern, Rule};

/// One thing that is wrong in a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueFault {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl fmt::Display for CatalogueFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.message)
    }
}

/// Reads a catalogue: `[[cookie]]` tables with the keys that `config/cookies.toml` explains.
///
/// # Errors
/// All faults, in the order of their lines. A catalogue with a fault yields no rules: a rule left out could be the one
/// that refuses.
pub fn parse_catalogue(text: &str) -> Result<Vec<Rule>, Vec<CatalogueFault>> {
    let mut reader = Reader { text, faults: Vec::new(), seen: HashSet::new() };
    let (document, faults) = DeTable::parse_recoverable(text);
    for fault in faults {
        reader.fault(fault.span().unwrap_or_default(), fault.message());
    }
    // Beyond a fault of syntax the rest is a guess, and faults found in a guess mislead.
    if !reader.faults.is_empty() {
        reader.faults.sort_by_key(|fault| fault.line);
        return Err(reader.faults);
    }
    let mut rules = Vec::new();
    for (key, value) in document.get_ref() {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("cookie", DeValue::Array(lines)) => rules.extend(lines.iter().filter_map(|line| reader.rule(line))),
            _ => reader.fault(key.span(), "a catalogue holds `[[cookie]]` tables and nothing else"),
        }
    }
    reader.faults.sort_by_key(|fault| fault.line);
    if reader.faults.is_empty() { Ok(rules) } else { Err(reader.faults) }
}

struct Reader<'t> {
    text: &'t str,
    faults: Vec<CatalogueFault>,
    seen: HashSet<String>,
}

/// A value with its place in the text.
type Value<'i> = Spanned<DeValue<'i>>;

impl Reader<'_> {
    fn fault(&mut self, place: Range<usize>, message: impl Into<String>) {
        let before = &self.text.as_bytes()[..place.start.min(self.text.len())];
        self.faults
            .push(CatalogueFault { line: 1 + memchr::memchr_iter(b'\n', before).count(), message: message.into() });
    }

    fn rule(&mut self, line: &Value<'_>) -> Option<Rule> {
        let DeValue::Table(keys) = line.get_ref() else {
            self.fault(line.span(), "a cookie is written as a table: `[[cookie]]`");
            return None;
        };
        let (mut pattern, mut category) = (None, None);
        let (mut owner, mut purpose, mut lifetime) = (String::new(), String::new(), String::new());
        let (mut third_party, mut verified) = (false, true);
        for (key, value) in keys {
            match key.get_ref().as_ref() {
                name @ ("name" | "expression") if pattern.is_none() => pattern = self.pattern(name, value),
                "name" | "expression" => self.fault(key.span(), "write either `name` or `expression`, not both"),
                "category" => category = self.category(value),
                "owner" => owner = self.string(value),
                "purpose" => purpose = self.string(value),
                "lifetime" => lifetime = self.string(value),
                // For people who check the file; nothing is decided or shown by it.
                "source" => drop(self.string(value)),
                "third_party" => third_party = self.boolean(value),
                "verified" => verified = self.boolean(value),
                other => self.fault(key.span(), format!("`{other}` is no key of a cookie")),
            }
        }
        if !keys.contains_key("name") && !keys.contains_key("expression") {
            self.fault(line.span(), "the cookie has no `name` and no `expression`");
        }
        if !keys.contains_key("category") {
            self.fault(line.span(), "the cookie has no `category`");
        }
        let texts = [owner, purpose, lifetime].map(String::into_boxed_str);
        let [owner, purpose, lifetime] = texts;
        Some(Rule { pattern: pattern?, category: category?, owner, purpose, lifetime, third_party, verified })
    }

    fn pattern(&mut self, key: &str, value: &Value<'_>) -> Option<Pattern> {
        let text = self.string(value);
        if text.is_empty() {
            self.fault(value.span(), format!("`{key}` is empty"));
            return None;
        }
        if !self.seen.insert(format!("{key} {text}")) {
            self.fault(value.span(), format!("`{text}` is listed twice"));
        }
        let read = if key == "name" { Pattern::name(&text).map_err(Into::into) } else { Pattern::expression(&text) };
        read.map_err(|message| self.fault(value.span(), message)).ok()
    }

    fn category(&mut self, value: &Value<'_>) -> Option<Category> {
        let category = value.get_ref().as_str().and_then(Category::parse);
        if category.is_none() {
            let names = Category::ALL.map(Category::name).join(", ");
            self.fault(value.span(), format!("the category is one of {names}"));
        }
        category
    }

    fn string(&mut self, value: &Value<'_>) -> String {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.fault(value.span(), "this is a text, in quotation marks");
        }
        text.unwrap_or_default().to_owned()
    }

    fn boolean(&mut self, value: &Value<'_>) -> bool {
        let answer = value.get_ref().as_bool();
        if answer.is_none() {
            self.fault(value.span(), "this is `true` or `false`");
        }
        answer.unwrap_or_default()
    }
}
