//! The catalogue in the few bytes that a script may have: which names are for what, and only what changes a verdict.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::expression::translate;
use crate::{
    consent::{Category, CategorySet},
    cookies::{Pattern, Rule},
};

/// Names by category, and expressions in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EmbeddedRules {
    /// For each category its names, beginnings with `*`, joined by `;`, which no name holds.
    pub(super) names: [String; Category::ALL.len()],
    /// Each `[category, source]`, or `[category, source, 1]` where it is cut down to ASCII.
    pub(super) expressions: Vec<Value>,
}

/// Embeds rules; of equal patterns the first counts, and rules about foreign hosts decide nothing.
///
/// In mode strict what nobody knows is refused like what nobody can accept. So there a category that is not offered is left out, but for
/// names that a wider rule would let through. The script then takes its cookies for unknown ones: it holds them back all the same.
pub(super) fn embed<'a>(rules: impl Iterator<Item = &'a Rule>, strict: bool, offer: CategorySet) -> EmbeddedRules {
    let mut known = Known::default();
    for rule in rules.filter(|rule| !rule.third_party) {
        let category = rule.category;
        match &rule.pattern {
            Pattern::Exact(name) => drop(known.names.entry(name).or_insert(category)),
            Pattern::Prefix(text) => drop(known.prefixes.entry(text).or_insert(category)),
            Pattern::Expression(expression) => known.expressions.push((expression, category)),
        }
    }
    let verdict = |category: Option<Category>| category.filter(|category| !strict || offer.permits(*category));
    let says_something = |text: &str, category, otherwise| {
        // A name with a security prefix that is not listed is looked up once more without it.
        verdict(Some(category)) != verdict(otherwise) || otherwise.is_none() && text.starts_with("__")
    };
    let exact = known.names.iter().map(|(name, category)| (*name, "", *category, known.without_name(name)));
    let prefixes = known.prefixes.iter().map(|(text, category)| (*text, "*", *category, known.shorter(text)));
    let mut lists: [Vec<String>; Category::ALL.len()] = Default::default();
    for (text, end, category, otherwise) in exact.chain(prefixes) {
        if says_something(text, category, otherwise) {
            lists[category as usize].push(format!("{text}{end}"));
        }
    }
    let names = lists.map(|mut list| {
        // Neighbours with one beginning compress well, and the file is the same at every start.
        list.sort();
        list.join(";")
    });
    let expressions = known.expressions.iter().map(|(expression, category)| {
        let translated = translate(expression.as_str());
        let number = *category as usize;
        if translated.ascii { json!([number, translated.source, 1]) } else { json!([number, translated.source]) }
    });
    EmbeddedRules { expressions: expressions.collect(), names }
}

#[derive(Default)]
struct Known<'a> {
    names: HashMap<&'a str, Category>,
    prefixes: HashMap<&'a str, Category>,
    expressions: Vec<(&'a regex::bytes::Regex, Category)>,
}

impl Known<'_> {
    /// What a name would be for if it were not listed itself.
    fn without_name(&self, name: &str) -> Option<Category> {
        let fits = |(expression, _): &&(&regex::bytes::Regex, _)| expression.is_match(name.as_bytes());
        let by_expression = self.expressions.iter().find(fits).map(|(_, category)| *category);
        by_expression.or_else(|| self.longest(name, name.len()))
    }

    /// What the next shorter beginning says.
    fn shorter(&self, text: &str) -> Option<Category> {
        self.longest(text, text.len() - 1)
    }

    fn longest(&self, name: &str, most: usize) -> Option<Category> {
        (1..=most).rev().find_map(|end| self.prefixes.get(name.get(..end)?).copied())
    }
}
