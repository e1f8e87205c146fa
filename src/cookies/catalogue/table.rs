//! The look-up structure of the catalogue: names by hash, prefixes by binary search, expressions in one pass.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::expressions::Expressions;
use super::short::{ShortName, ShortNames};
use crate::{
    cookies::{Pattern, Rule},
    prefixes::Prefixes,
};

/// Finds the index of the most specific rule for a name.
#[derive(Clone, Debug)]
pub(super) struct Table {
    short: ShortNames<usize>,
    /// Names that are too long for `short`.
    long: HashMap<Box<[u8]>, usize, BuildHasherDefault<NameHasher>>,
    expressions: Expressions,
    prefixes: Prefixes,
}

impl Table {
    /// Takes the rules that `belongs` chooses; of equal patterns the first counts.
    pub(super) fn new(rules: &[Rule], belongs: impl Fn(&Rule) -> bool) -> Self {
        let (mut short, mut long) = (Vec::new(), HashMap::default());
        let (mut expressions, mut prefixes) = (Vec::new(), Vec::new());
        for (index, rule) in rules.iter().enumerate().filter(|(_, rule)| belongs(rule)) {
            match &rule.pattern {
                Pattern::Exact(name) => match ShortName::new(name.as_bytes()) {
                    Some(name) => short.push((name, index)),
                    None => _ = long.entry(name.as_bytes().into()).or_insert(index),
                },
                Pattern::Prefix(text) => prefixes.push((text.as_bytes().into(), index)),
                Pattern::Expression(expression) => expressions.push((expression.clone(), index)),
            }
        }
        Self {
            short: ShortNames::new(short),
            long,
            expressions: Expressions::new(expressions),
            prefixes: Prefixes::new(prefixes),
        }
    }

    pub(super) fn find(&self, name: &[u8]) -> Option<usize> {
        let exact = match ShortName::new(name) {
            Some(name) => self.short.get(name),
            None => self.long.get(name).copied(),
        };
        exact.or_else(|| self.expressions.find(name)).or_else(|| self.prefixes.find(name))
    }
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
