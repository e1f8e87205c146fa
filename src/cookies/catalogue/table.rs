//! The look-up structure of the catalogue: names by hash, prefixes by binary search, expressions in one pass.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use regex::bytes::{Regex, RegexSet};

use crate::cookies::{Pattern, Rule};

/// Finds the index of the most specific rule for a name.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    names: HashMap<Box<[u8]>, usize, BuildHasherDefault<NameHasher>>,
    /// All expressions at once, to say quickly that none fits, which is the usual answer.
    any_expression: Option<RegexSet>,
    expressions: Vec<(Regex, usize)>,
    /// Sorted by text.
    prefixes: Vec<Prefix>,
}

#[derive(Clone, Debug)]
struct Prefix {
    text: Box<[u8]>,
    rule: usize,
    /// The longest other prefix that begins this one.
    shorter: Option<usize>,
}

impl Table {
    /// Takes the rules that `belongs` chooses; of equal patterns the first counts.
    pub(super) fn new(rules: &[Rule], belongs: impl Fn(&Rule) -> bool) -> Self {
        let mut table = Self::default();
        for (index, rule) in rules.iter().enumerate().filter(|(_, rule)| belongs(rule)) {
            match &rule.pattern {
                Pattern::Exact(name) => {
                    table.names.entry(name.as_bytes().into()).or_insert(index);
                }
                Pattern::Prefix(text) => {
                    table.prefixes.push(Prefix { text: text.as_bytes().into(), rule: index, shorter: None });
                }
                Pattern::Expression(expression) => table.expressions.push((expression.clone(), index)),
            }
        }
        // The sort is stable, so the first of equal texts stays first and survives.
        table.prefixes.sort_by(|one, other| one.text.cmp(&other.text));
        table.prefixes.dedup_by(|later, earlier| later.text == earlier.text);
        for index in 1..table.prefixes.len() {
            let (before, from) = table.prefixes.split_at(index);
            let shorter = longest(before, Some(index - 1), &from[0].text);
            table.prefixes[index].shorter = shorter;
        }
        // Where the set grows too large together, each expression is still asked on its own.
        table.any_expression = RegexSet::new(table.expressions.iter().map(|(expression, _)| expression.as_str())).ok();
        table
    }

    pub(super) fn find(&self, name: &[u8]) -> Option<usize> {
        self.names.get(name).copied().or_else(|| self.expression(name)).or_else(|| self.prefix(name))
    }

    fn expression(&self, name: &[u8]) -> Option<usize> {
        if self.expressions.is_empty() || self.any_expression.as_ref().is_some_and(|set| !set.is_match(name)) {
            return None;
        }
        self.expressions.iter().find(|(expression, _)| expression.is_match(name)).map(|(_, rule)| *rule)
    }

    fn prefix(&self, name: &[u8]) -> Option<usize> {
        let after = self.prefixes.partition_point(|prefix| *prefix.text <= *name);
        longest(&self.prefixes, after.checked_sub(1), name).map(|index| self.prefixes[index].rule)
    }
}

/// The longest prefix of `name`, at or before `from` in sorted order.
///
/// Whatever sorts between a prefix of the name and the name itself begins with that prefix too. So the nearest entry
/// before the name either is the answer or begins with it, and the chain of shorter ones leads there.
fn longest(prefixes: &[Prefix], from: Option<usize>, name: &[u8]) -> Option<usize> {
    let mut candidate = from;
    while let Some(index) = candidate {
        if name.starts_with(&prefixes[index].text) {
            break;
        }
        candidate = prefixes[index].shorter;
    }
    candidate
}

/// FNV-1a, 64 bit. Keys come from the operator alone: a stranger can look up names that share a slot but can't add any,
/// so the longest chain is fixed when the table is made and a keyed hash would buy nothing.
struct NameHasher(u64);

impl Default for NameHasher {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The length, which a slice writes before its bytes: one step instead of eight.
    fn write_usize(&mut self, length: usize) {
        self.0 = (self.0 ^ length as u64).wrapping_mul(0x0100_0000_01b3);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
