//! One table of configuration about a name: `[[site.cookie]]`, `[[site.host]]` or `[[site.storage]]`.

use super::{FoldedName, NamePattern, Proposal};
use crate::{
    consent::Category,
    cookies::{Catalogue, Pattern},
};

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineKind {
    /// A cookie.
    Cookie,
    /// A host that pages load from.
    Host,
    /// A key of the browser's storage.
    Storage,
}

impl LineKind {
    /// Every kind, in the order in which lines are written.
    pub const ALL: [Self; 3] = [Self::Cookie, Self::Host, Self::Storage];

    /// The word in the table's name and in forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::Host => "host",
            Self::Storage => "storage",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A line whose category somebody has chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is about.
    pub kind: LineKind,
    /// How it is found. A host has a name, a key of storage too.
    pub pattern: NamePattern,
    /// What for.
    pub category: Category,
    /// Whose it is. Empty where nobody said.
    pub owner: String,
    /// What it does, in English; of cookies and storage. Empty where nobody said.
    pub purpose: String,
    /// How long it lives, in words; of cookies and storage. Empty where nobody said.
    pub lifetime: String,
    /// Of a host: that it may learn full addresses.
    pub sees_address: bool,
}

impl Line {
    /// A line in a category, with what is known about the name. What it does is known for the proposed category alone.
    pub fn new(kind: LineKind, pattern: NamePattern, category: Category, known: &Proposal) -> Self {
        let purpose = if known.category == Some(category) { known.purpose.clone() } else { String::new() };
        let (owner, lifetime) = (known.owner.clone(), known.lifetime.clone());
        Self { kind, pattern, category, owner, purpose, lifetime, sees_address: false }
    }

    /// The table's lines.
    pub fn table(&self) -> String {
        let facts = [&*self.owner, &*self.purpose, &*self.lifetime];
        table(self.kind, &self.pattern, Some(self.category), facts, self.sees_address)
    }

    /// Whether the catalogue and the site's lines of this kind speak of all that it speaks of; for cookies and storage.
    pub fn is_covered(&self, catalogue: &Catalogue) -> bool {
        let samples = match &self.pattern {
            NamePattern::Name(name) => FoldedName::samples_of(name),
            NamePattern::Expression(_) => Vec::new(),
        };
        samples.iter().any(|sample| catalogue.classify(sample.as_bytes()).is_some())
            || catalogue.rules().any(|rule| same(&rule.pattern, &self.pattern))
    }
}

/// Whether a rule is written as this pattern would be.
pub(super) fn same(rule: &Pattern, pattern: &NamePattern) -> bool {
    match (rule, pattern) {
        (Pattern::Exact(name), NamePattern::Name(written)) => **name == **written,
        (Pattern::Prefix(stem), NamePattern::Name(written)) => written.strip_suffix('*') == Some(&**stem),
        (Pattern::Expression(rule), NamePattern::Expression(written)) => rule.as_str() == format!(r"\A(?:{written})\z"),
        _ => false,
    }
}

/// A table; `None` as a category leaves its place open. The facts are owner, purpose and lifetime.
pub(super) fn table(
    kind: LineKind,
    pattern: &NamePattern,
    category: Option<Category>,
    [owner, purpose, lifetime]: [&str; 3],
    sees_address: bool,
) -> String {
    let (key, name) = match pattern {
        NamePattern::Name(name) => ("name", name),
        NamePattern::Expression(expression) => ("expression", expression),
    };
    let mut table = format!("[[site.{}]]\n{key} = {}\n", kind.name(), quoted(name));
    match category {
        Some(category) => table.push_str(&format!("category = \"{category}\"\n")),
        None => table.push_str("category = \"\"   # necessary, functional, analytical or marketing\n"),
    }
    let of_host = kind == LineKind::Host;
    let facts = [("owner", owner), ("purpose", purpose), ("lifetime", lifetime)];
    for (key, value) in facts.into_iter().take(if of_host { 1 } else { 3 }).filter(|(_, value)| !value.is_empty()) {
        table.push_str(&format!("{key} = {}\n", quoted(value)));
    }
    match category {
        _ if of_host && sees_address => table.push_str("sees_address = true\n"),
        Some(Category::Analytical | Category::Marketing) if of_host => table.push_str(
            "# sees_address = true   # it stays refused without this; visitors are then told that it learns their address\n",
        ),
        _ => {}
    }
    table
}

/// A basic string of TOML (TOML 1.0, section String), in printable ASCII where the text came from strangers.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            character if character.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(character))),
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
