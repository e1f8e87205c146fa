//! Hosts of others that pages load from, and which of them a visitor's choice lets through.

use super::HostPattern;
use crate::consent::{Category, CategorySet};

/// A host that is not the site's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignHost {
    /// Which host, or which subdomains.
    pub host: HostPattern,
    /// Its port, where it is not the scheme's own.
    pub port: Option<u16>,
    /// What for.
    pub category: Category,
    /// Whose it is.
    pub owner: Box<str>,
    /// Whether the operator accepts that it learns visitors' full addresses, since browsers load from it directly.
    pub sees_address: bool,
}

impl ForeignHost {
    /// Whether a visitor's choice lets pages load from it. A host that measures or advertises and is not said to see addresses never passes:
    /// no full address goes past the edge unless the operator says so to visitors.
    pub fn passes(&self, allowed: CategorySet) -> bool {
        let measures = matches!(self.category, Category::Analytical | Category::Marketing);
        allowed.permits(self.category) && (self.sees_address || !measures)
    }

    /// Whether this is the host, at its own port or at any that is not named.
    fn is(&self, host: &str, port: Option<u16>) -> bool {
        self.port == port && self.host.matches(host)
    }
}

/// What becomes of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// It is the site's own.
    Own,
    /// It is allowed.
    Allowed,
    /// It is refused: of a category that is not allowed, or `None`: nobody has named the host.
    Refused(Option<Category>),
}

/// Why what a host offers can't be opened once by a visitor who has not accepted its category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOnDemand {
    /// Nobody has named the host, so nobody could say whom the visitor would deal with.
    Unlisted,
    /// Its category is not offered here.
    NotOffered,
    /// It measures or advertises, and the operator has not said that it learns full addresses.
    HidesAddress,
}

/// What a site says of hosts.
#[derive(Clone, Debug, Default)]
pub struct ForeignHosts {
    own: Vec<HostPattern>,
    listed: Vec<ForeignHost>,
    known: Vec<ForeignHost>,
}

impl ForeignHosts {
    /// The site's own hosts, and those that it lists.
    pub fn new(own: Vec<HostPattern>, listed: Vec<ForeignHost>) -> Self {
        Self { own, listed, known: Vec::new() }
    }

    /// Adds hosts that are known without a word from the operator. They speak only of hosts about which the site's own lines are silent. For
    /// mode `compatible`: where what nobody named is refused, a list of ours must not let anything through.
    pub fn with_known(self, known: Vec<ForeignHost>) -> Self {
        Self { known, ..self }
    }

    /// The site's own hosts.
    pub fn own(&self) -> &[HostPattern] {
        &self.own
    }

    /// The hosts that it lists, in its order.
    pub fn listed(&self) -> &[ForeignHost] {
        &self.listed
    }

    /// Every line in force: those of the site, and known ones that no line of the site covers.
    pub fn lines(&self) -> impl Iterator<Item = &ForeignHost> {
        let is_covered = |known: &ForeignHost| {
            let name = match &known.host {
                HostPattern::Exact(name) => name.clone(),
                // No line names this label, so only subdomains match it.
                HostPattern::Subdomains(name) => format!("-.{name}"),
            };
            self.listed.iter().any(|line| line.is(&name, known.port))
        };
        self.listed.iter().chain(self.known.iter().filter(move |known| !is_covered(known)))
    }

    /// The line that speaks of a host; an exact name before subdomains, the longer before the shorter. `host` is in lower case, and `port`
    /// is `None` where it is the scheme's own.
    pub fn find(&self, host: &str, port: Option<u16>) -> Option<&ForeignHost> {
        let nearest = |lines: &'_ [ForeignHost]| {
            let those = lines.iter().enumerate().filter(|(_, line)| line.is(host, port));
            those.max_by_key(|(_, line)| line.host.weight()).map(|(at, _)| at)
        };
        nearest(&self.listed).map(|at| &self.listed[at]).or_else(|| nearest(&self.known).map(|at| &self.known[at]))
    }

    /// The line of a host from which a visitor may load something once, where this much can be accepted.
    ///
    /// # Errors
    ///
    /// Why it is never loaded here.
    pub fn on_demand(&self, host: &str, port: Option<u16>, offer: CategorySet) -> Result<&ForeignHost, NotOnDemand> {
        let line = self.find(host, port).ok_or(NotOnDemand::Unlisted)?;
        if !offer.permits(line.category) {
            return Err(NotOnDemand::NotOffered);
        }
        line.passes(offer).then_some(line).ok_or(NotOnDemand::HidesAddress)
    }

    /// What becomes of a load from a host, where what nobody named is refused.
    pub fn judge(&self, host: &str, port: Option<u16>, allowed: CategorySet) -> Load {
        match self.find(host, port) {
            Some(line) if line.passes(allowed) => Load::Allowed,
            Some(line) => Load::Refused(Some(line.category)),
            None if self.own.iter().any(|own| own.matches(host)) => Load::Own,
            None => Load::Refused(None),
        }
    }

    /// The same where it is to be counted: the category, and whether it is refused; `None` for the site's own. `unknown` says whether what
    /// nobody named is refused.
    pub fn weigh(
        &self,
        host: &str,
        port: Option<u16>,
        allowed: CategorySet,
        unknown: bool,
    ) -> Option<(Option<Category>, bool)> {
        match self.judge(host, port, allowed) {
            Load::Own => None,
            Load::Allowed => Some((self.find(host, port).map(|line| line.category), false)),
            Load::Refused(category) => Some((category, category.is_some() || unknown)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(host: &str, port: Option<u16>, category: Category, sees_address: bool) -> ForeignHost {
        let host = match host.strip_prefix("*.") {
            Some(name) => HostPattern::Subdomains(name.into()),
            None => HostPattern::Exact(host.into()),
        };
        ForeignHost { host, port, category, owner: "".into(), sees_address }
    }

    #[test]
    fn the_nearest_line_decides_and_what_nobody_named_is_refused() {
        let hosts = ForeignHosts::new(
            vec![HostPattern::Exact("a.kz".into()), HostPattern::Subdomains("a.kz".into())],
            vec![
                line("*.cdn.example", None, Category::Necessary, false),
                line("count.cdn.example", None, Category::Analytical, true),
                line("hidden.example", None, Category::Analytical, false),
                line("video.example", None, Category::Functional, false),
                line("port.example", Some(8080), Category::Necessary, false),
                line("metrics.a.kz", None, Category::Analytical, true),
            ],
        );
        let all = [Category::Functional, Category::Analytical, Category::Marketing];
        let all = all.into_iter().fold(CategorySet::EMPTY, CategorySet::with);
        let check = |host, port, before, after| {
            assert_eq!(hosts.judge(host, port, CategorySet::EMPTY), before, "{host} before");
            assert_eq!(hosts.judge(host, port, all), after, "{host} after");
        };
        check("a.kz", None, Load::Own, Load::Own);
        check("www.a.kz", None, Load::Own, Load::Own);
        check("metrics.a.kz", None, Load::Refused(Some(Category::Analytical)), Load::Allowed);
        check("x.cdn.example", None, Load::Allowed, Load::Allowed);
        check("count.cdn.example", None, Load::Refused(Some(Category::Analytical)), Load::Allowed);
        check("video.example", None, Load::Refused(Some(Category::Functional)), Load::Allowed);
        check("port.example", Some(8080), Load::Allowed, Load::Allowed);
        check("port.example", None, Load::Refused(None), Load::Refused(None));
        check("nobody.example", None, Load::Refused(None), Load::Refused(None));
        let never = Load::Refused(Some(Category::Analytical));
        check("hidden.example", None, never, never);
        let weigh = |host, allowed| hosts.weigh(host, None, allowed, false);
        let functional = Some(Category::Functional);
        assert_eq!(weigh("video.example", CategorySet::EMPTY), Some((functional, true)));
        assert_eq!(weigh("video.example", all), Some((functional, false)));
        assert_eq!(weigh("nobody.example", CategorySet::EMPTY), Some((None, false)));
        assert_eq!(hosts.weigh("nobody.example", None, all, true), Some((None, true)));
        assert_eq!(weigh("www.a.kz", CategorySet::EMPTY), None);
        let on_demand = |host, offer| hosts.on_demand(host, None, offer).map(|line| line.category);
        assert_eq!(on_demand("video.example", all), Ok(Category::Functional));
        assert_eq!(on_demand("video.example", CategorySet::EMPTY), Err(NotOnDemand::NotOffered));
        assert_eq!(on_demand("hidden.example", all), Err(NotOnDemand::HidesAddress));
        assert_eq!(on_demand("nobody.example", all), Err(NotOnDemand::Unlisted));
    }

    #[test]
    fn a_known_host_counts_where_the_site_is_silent() {
        let listed = vec![line("listed.example", None, Category::Functional, false)];
        let known = vec![
            line("listed.example", None, Category::Necessary, false),
            line("*.known.example", None, Category::Analytical, false),
        ];
        let alone = ForeignHosts::new(Vec::new(), listed.clone());
        assert_eq!(alone.judge("a.known.example", None, CategorySet::EMPTY), Load::Refused(None));
        let hosts = alone.with_known(known);
        assert_eq!(hosts.judge("a.known.example", None, CategorySet::EMPTY), Load::Refused(Some(Category::Analytical)));
        assert_eq!(hosts.judge("listed.example", None, CategorySet::EMPTY), Load::Refused(Some(Category::Functional)));
        assert_eq!(hosts.listed(), listed);
    }
}
