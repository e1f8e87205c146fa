//! The expressions of the catalogue: most names are known to fit none before an expression is run.

use regex::bytes::{Regex, RegexSet};
use regex_syntax::{ParserBuilder, hir::literal::Extractor};

/// Expressions in the order of their rules.
#[derive(Clone, Debug)]
pub(super) struct Expressions {
    /// All at once, to say quickly that none fits, which is the usual answer.
    any: Option<RegexSet>,
    each: Vec<(Regex, usize)>,
    /// By its number, whether a name that fits one may begin with this byte.
    beginnings: Box<[bool; 256]>,
}

impl Expressions {
    /// Expressions, each with its rule.
    pub(super) fn new(each: Vec<(Regex, usize)>) -> Self {
        // Where the set grows too large together, each expression is still asked on its own.
        let any = RegexSet::new(each.iter().map(|(expression, _)| expression.as_str())).ok();
        let mut beginnings = Box::new([false; 256]);
        for (expression, _) in &each {
            note_beginnings(expression, &mut beginnings);
        }
        Self { any, each, beginnings }
    }

    /// The rule of the first that fits.
    pub(super) fn find(&self, name: &[u8]) -> Option<usize> {
        // A name without bytes has none to begin with: it is tried.
        if self.each.is_empty() || name.first().is_some_and(|first| !self.beginnings[usize::from(*first)]) {
            return None;
        }
        if self.any.as_ref().is_some_and(|set| !set.is_match(name)) {
            return None;
        }
        self.each.iter().find(|(expression, _)| expression.is_match(name)).map(|(_, rule)| *rule)
    }
}

/// Notes the bytes that a match may begin with: all of them where there are many, or where the expression does not tell.
fn note_beginnings(expression: &Regex, beginnings: &mut [bool; 256]) {
    let parsed = ParserBuilder::new().utf8(false).build().parse(expression.as_str());
    let literals = parsed.ok().map(|parsed| Extractor::new().extract(&parsed));
    match literals.as_ref().and_then(|literals| literals.literals()) {
        Some(literals) if literals.iter().all(|literal| !literal.is_empty()) => {
            let first = literals.iter().filter_map(|literal| literal.as_bytes().first());
            first.for_each(|byte| beginnings[usize::from(*byte)] = true);
        }
        _ => beginnings.fill(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cookies::Pattern;

    fn expression(text: &str) -> Regex {
        let Pattern::Expression(expression) = Pattern::expression(text).unwrap() else { panic!("no expression") };
        expression
    }

    #[test]
    fn what_is_not_run_would_not_have_fitted() {
        let check = |texts: &[&str], names: &[&str], may_begin: usize| {
            let each: Vec<_> = texts.iter().enumerate().map(|(rule, text)| (expression(text), rule)).collect();
            let expressions = Expressions::new(each.clone());
            assert_eq!(expressions.beginnings.iter().filter(|may| **may).count(), may_begin, "{texts:?}");
            for name in names.iter().copied().chain(["", "a", "x", "TS0123abcd", "_", "\u{44f}"]) {
                let expected = each.iter().find(|(expression, _)| expression.is_match(name.as_bytes()));
                assert_eq!(expressions.find(name.as_bytes()), expected.map(|(_, rule)| *rule), "{name} of {texts:?}");
            }
        };
        check(&[], &[], 0);
        check(&["^TS[0-9a-f]{6,8}$", "S?SESS.*"], &["SESS", "SSESSx", "TS", "t"], 2);
        check(&["(?i)ab", "b|c"], &["AB", "Ab", "b", "c", "B"], 4);
        check(&["[0-9a-f]{32}"], &["0123456789abcdef0123456789abcdef", "g"], 256);
        check(&["a*"], &["aa", "b"], 256);
        check(&["\u{44f}.*"], &["\u{44f}\u{44f}", "\u{430}"], 1);
        check(&[".+_id"], &["x_id", "_id"], 256);
    }
}
