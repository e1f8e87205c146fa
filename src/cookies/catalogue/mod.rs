//! The catalogue: which rule speaks for a cookie's name.
//!
//! A rule about a foreign host's cookies never decides about the site's own, however well the name fits.

mod expressions;
mod file;
mod short;
mod table;

pub use file::{CatalogueFault, parse_catalogue};

use self::short::{ShortName, ShortNames};
use self::table::Table;
use super::own::{OwnNames, is_own, without_prefix};
use super::pairs::Pair;
use super::{Pattern, Rule};
use crate::consent::Category;

/// The catalogue that comes with the gateway, in the form that [`parse_catalogue`] reads.
pub const CATALOGUE: &str = include_str!("../../../config/cookies.toml");

/// The rules of the catalogue and of one site, ready for look-ups.
///
/// Names are compared as bytes, case included, as browsers do. The most specific rule wins over both lists together: a
/// name, then an expression, then the longest prefix; on a tie the site's own line, then the earlier one.
///
/// `__Host-` and `__Secure-` are part of a name (RFC 6265bis, 4.1.3). A name that no rule knows is looked up once more
/// without them, because `__Host-PHPSESSID` is the same session, only better kept; a rule for the full name goes before.
#[derive(Clone, Debug)]
pub struct Catalogue {
    rules: Vec<Rule>,
    /// How many of them are the site's lines: the first.
    of_site: usize,
    deciding: Table,
    foreign: Table,
    /// What most names of most requests come to in one look.
    standings: ShortNames<Standing>,
}

/// What a name is to the filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The gateway's.
    Own,
    /// The site's, of this category, or `None`: unknown.
    Of(Option<Category>),
}

impl Catalogue {
    /// Joins the catalogue and the lines of one site.
    pub fn new(base: Vec<Rule>, site: Vec<Rule>) -> Self {
        // The site's lines come first, so that of two equal patterns the first is the one that counts.
        let of_site = site.len();
        let rules: Vec<Rule> = site.into_iter().chain(base).collect();
        let deciding = Table::new(&rules, |rule| !rule.third_party);
        let foreign = Table::new(&rules, |rule| rule.third_party);
        let own = OwnNames::ALL.iter().map(|name| (*name, Standing::Own));
        let named = rules.iter().filter_map(|rule| match &rule.pattern {
            Pattern::Exact(name) if !rule.third_party && !is_own(name.as_bytes()) => {
                Some((&**name, Standing::Of(Some(rule.category))))
            }
            _ => None,
        });
        let short = |(name, standing): (&str, _)| Some((ShortName::new(name.as_bytes())?, standing));
        let standings = ShortNames::new(own.chain(named).filter_map(short));
        Self { rules, of_site, deciding, foreign, standings }
    }

    /// What this name is. Allocates nothing.
    #[inline(never)]
    pub(super) fn standing(&self, name: &[u8]) -> Standing {
        if is_own(name) { Standing::Own } else { Standing::Of(self.classify(name)) }
    }

    /// The name of a plain pair and what it is, where the name is short and a `=` follows it.
    #[inline]
    pub(super) fn standing_of_plain<'h>(&self, pair: Pair<'h>) -> Option<(&'h [u8], Standing)> {
        debug_assert!(pair.is_plain, "white space would be part of the name");
        let (short, length) = ShortName::before_equals(pair.line, pair.start, pair.end)?;
        let name = &pair.line[pair.start..pair.start + length];
        Some((name, self.standings.get(short).unwrap_or_else(|| self.standing(name))))
    }

    /// What a cookie of the site with this name is for, or `None` where no rule knows it. Allocates nothing.
    pub fn classify(&self, name: &[u8]) -> Option<Category> {
        self.look_up(&self.deciding, name).map(|rule| self.rules[rule].category)
    }

    /// The rule that decides about this name, and whether it is a line of the site.
    pub fn deciding(&self, name: &[u8]) -> Option<(&Rule, bool)> {
        self.look_up(&self.deciding, name).map(|rule| (&self.rules[rule], rule < self.of_site))
    }

    /// The rule to show for this name: the one that decides, else one about a foreign host.
    pub fn rule(&self, name: &[u8]) -> Option<&Rule> {
        let rule = self.look_up(&self.deciding, name).or_else(|| self.look_up(&self.foreign, name));
        rule.map(|rule| &self.rules[rule])
    }

    /// Every rule, the site's own first.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    fn look_up(&self, table: &Table, name: &[u8]) -> Option<usize> {
        let bare = || without_prefix(name).and_then(|bare| table.find(bare));
        table.find(name).or_else(bare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cookies::Pattern;

    fn rule(pattern: &str, category: Category) -> Rule {
        let expression = pattern.starts_with('^').then(|| Pattern::expression(pattern).unwrap());
        Rule {
            pattern: expression.unwrap_or_else(|| Pattern::name(pattern).unwrap()),
            category,
            owner: "".into(),
            purpose: "".into(),
            lifetime: "".into(),
            third_party: false,
            verified: true,
        }
    }

    use Category::{Analytical, Functional, Marketing, Necessary};

    #[test]
    fn the_most_specific_rule_wins_wherever_it_stands() {
        let base = vec![
            rule("_ga", Analytical),
            rule("_ga*", Marketing),
            rule("_ga_session", Necessary),
            rule("^_ga_[0-9]+$", Functional),
            rule("shop_*", Functional),
            rule("tie*", Analytical),
            rule("same", Analytical),
        ];
        let site =
            vec![rule("_g*", Functional), rule("tie*", Necessary), rule("same", Necessary), rule("shop_x*", Marketing)];
        let catalogue = Catalogue::new(base, site);
        let cases: [(&str, Option<Category>); 14] = [
            ("_ga", Some(Analytical)),
            ("_ga_session", Some(Necessary)),
            ("_ga_42", Some(Functional)),
            ("_ga_42x", Some(Marketing)),
            ("_gb", Some(Functional)),
            ("_G", None),
            ("_GA", None),
            ("tied", Some(Necessary)),
            ("same", Some(Necessary)),
            ("shop_", Some(Functional)),
            ("shop_y", Some(Functional)),
            ("shop_xy", Some(Marketing)),
            ("shop", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(catalogue.classify(name.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn a_name_with_a_security_prefix_is_the_same_cookie_better_kept_unless_a_rule_says_otherwise() {
        let catalogue = Catalogue::new(
            vec![rule("id", Necessary), rule("__Host-other", Marketing)],
            vec![rule("other", Necessary)],
        );
        assert_eq!(catalogue.classify(b"__Host-id"), Some(Necessary));
        assert_eq!(catalogue.classify(b"__secure-id"), Some(Necessary));
        assert_eq!(catalogue.classify(b"__Host-other"), Some(Marketing));
        assert_eq!(catalogue.classify(b"__Secure-__Host-id"), None);
    }

    #[test]
    fn a_rule_about_a_foreign_host_is_shown_and_decides_nothing() {
        let foreign = Rule { third_party: true, ..rule("fr", Marketing) };
        let catalogue = Catalogue::new(vec![foreign], vec![rule("f*", Functional)]);
        assert_eq!(catalogue.classify(b"fr"), Some(Functional));
        let alone = Catalogue::new(vec![Rule { third_party: true, ..rule("fr", Marketing) }], vec![]);
        assert_eq!(alone.classify(b"fr"), None);
        assert_eq!(alone.rule(b"fr").map(|rule| rule.category), Some(Marketing));
    }

    #[test]
    fn an_expression_has_to_match_the_whole_name() {
        let catalogue = Catalogue::new(vec![], vec![rule("^a|ab$", Necessary)]);
        assert_eq!(catalogue.classify(b"ab"), Some(Necessary));
        assert_eq!(catalogue.classify(b"axb"), None);
        assert!(Pattern::expression("a)|(?:b").is_err());
        assert!(Pattern::expression("(?:.{9999}){99}").is_err());
    }
}
