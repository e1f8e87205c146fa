//! What somebody asks of the dashboard: all of it stands in the address, so that a page can be kept, sent, and gone back to.

use std::sync::Arc;

use super::{number::say, words::Metric};
use crate::{
    statistics::{
        Day, Dimension, Table,
        report::{Filter, Period, PeriodName},
    },
    visitor::Language,
};

/// Longest address after its `?`, in bytes: a filter's word has 160 at most, and escaping makes three of one.
const LONGEST_QUERY: usize = 2048;

/// The days that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// By a name, which means other days tomorrow.
    Named(PeriodName),
    /// From a day to a day.
    Days(Period),
}

/// With what a period is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    /// With as many days before it.
    Previous,
    /// With the same weekdays a year before.
    Year,
    /// With nothing.
    None,
}

impl Compare {
    pub(super) const ALL: [Self; 3] = [Self::Previous, Self::Year, Self::None];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Previous => "previous",
            Self::Year => "year",
            Self::None => "none",
        }
    }

    /// The days to compare with.
    pub(super) fn days(self, period: Period) -> Option<Period> {
        match self {
            Self::Previous => Some(period.previous()),
            Self::Year => Some(period.year_before()),
            Self::None => None,
        }
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// The number of the site.
    pub(super) site: usize,
    pub(super) span: Span,
    pub(super) compare: Compare,
    pub(super) filter: Option<Filter>,
    /// What the chart shows.
    pub(super) metric: Metric,
    /// In place of the browser's language.
    pub(super) language: Option<Language>,
}

/// What of it can't be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The address is too long.
    Long,
    /// There is no such parameter.
    Unknown(String),
    /// A parameter stands twice.
    Twice(&'static str),
    /// A value is none of those that there are.
    Value(&'static str, String, String),
    /// One of `from` and `to` is missing, is no day, or they are not in order.
    Days,
    /// For others: the period is no whole week, month or year that is over.
    NotWhole,
}

impl Fault {
    /// What is wrong, and what to write instead.
    pub(super) fn text(&self, language: Language) -> String {
        match self {
            Self::Long => say(
                language,
                ["Адрес слишком длинный.", "Мекенжай тым ұзын.", "The address is too long."],
            )
            .to_owned(),
            Self::Unknown(name) => {
                let known = NAMES.join(", ");
                match language {
                    Language::Ru => format!("Параметра «{name}» нет. Есть: {known}."),
                    Language::Kk => format!("«{name}» параметрі жоқ. Барлары: {known}."),
                    Language::En => format!("There is no parameter “{name}”. There are: {known}."),
                }
            }
            Self::Twice(name) => match language {
                Language::Ru => format!("Параметр {name} указан дважды."),
                Language::Kk => format!("{name} параметрі екі рет көрсетілген."),
                Language::En => format!("The parameter {name} stands twice."),
            },
            Self::Value(name, value, known) => match language {
                Language::Ru => format!("{name}: «{value}» не подходит. Можно: {known}."),
                Language::Kk => format!("{name}: «{value}» жарамайды. Болатыны: {known}."),
                Language::En => format!("{name}: “{value}” can't be. There are: {known}."),
            },
            Self::NotWhole => say(
                language,
                [
                    "Здесь видны только целые недели с понедельника, месяцы и годы, которые закончились.",
                    "Мұнда тек аяқталған толық апталар (дүйсенбіден), айлар мен жылдар көрінеді.",
                    "Only whole weeks from Monday, months and years that are over are shown here.",
                ],
            )
            .to_owned(),
            Self::Days => say(
                language,
                [
                    "Период указан неверно: нужны from и to, даты вида 2026-11-22, начало не позже конца, не больше десяти лет.",
                    "Кезең дұрыс көрсетілмеген: from пен to керек, күндер 2026-11-22 түрінде, басы соңынан кеш емес, он жылдан аспайды.",
                    "The period is wrong: both from and to are needed, dates such as 2026-11-22, in order, and no more than ten years.",
                ],
            )
            .to_owned(),
        }
    }
}

/// The parameters that there are.
const NAMES: [&str; 8] = ["site", "period", "from", "to", "compare", "filter", "metric", "lang"];

impl Asked {
    /// Reads what stands behind the `?`. An empty value is none, as forms send it. `sites` are the names of the sites in their order.
    pub(super) fn parse(query: &str, sites: &[Arc<str>]) -> Result<Self, Fault> {
        if query.len() > LONGEST_QUERY {
            return Err(Fault::Long);
        }
        let mut values: [Option<String>; NAMES.len()] = Default::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let place = NAMES.iter().position(|known| *known == name);
            let place = place.ok_or_else(|| Fault::Unknown(name.chars().take(40).collect()))?;
            if !value.is_empty() && values[place].replace(value.into_owned()).is_some() {
                return Err(Fault::Twice(NAMES[place]));
            }
        }
        let [site, period, from, to, compare, filter, metric, language] = values;
        let site = one_of("site", site, 0, sites.iter().enumerate().map(|(number, name)| (&**name, number)))?;
        let span = match (from, to) {
            (None, None) => {
                let names = PeriodName::ALL.into_iter().map(|name| (name.name(), Span::Named(name)));
                one_of("period", period, Span::Named(PeriodName::FourWeeks), names)?
            }
            (Some(from), Some(to)) => {
                let days = Day::parse(&from).zip(Day::parse(&to));
                Span::Days(days.and_then(|(from, to)| Period::new(from, to)).ok_or(Fault::Days)?)
            }
            _ => return Err(Fault::Days),
        };
        let compares = Compare::ALL.into_iter().map(|compare| (compare.name(), compare));
        let compare = one_of("compare", compare, Compare::Previous, compares)?;
        let filter = filter.map(parse_filter).transpose()?;
        let metrics = Metric::ALL.into_iter().map(|metric| (metric.name(), metric));
        let mut metric = one_of("metric", metric, Metric::Views, metrics)?;
        if filter.is_some() && !metric.is_of_rows() {
            metric = Metric::Views;
        }
        let languages = Language::ALL.into_iter().map(|language| (language.tag(), Some(language)));
        let language = one_of("lang", language, None, languages)?;
        Ok(Self { site, span, compare, filter, metric, language })
    }

    /// The days that are meant today.
    pub(super) fn period(&self, today: Day) -> Period {
        match self.span {
            Span::Named(name) => name.days(today),
            Span::Days(period) => period,
        }
    }

    /// The address that asks the same of a path: what goes without saying is left out.
    pub(super) fn link(&self, path: &str, sites: &[Arc<str>]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.fields(sites) {
            query.append_pair(name, &value);
        }
        match query.finish() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }

    /// The parameters that are not what goes without saying.
    pub(super) fn fields(&self, sites: &[Arc<str>]) -> Vec<(&'static str, String)> {
        let mut fields = Vec::new();
        if self.site > 0 {
            fields.push(("site", sites[self.site].to_string()));
        }
        match self.span {
            Span::Named(PeriodName::FourWeeks) => {}
            Span::Named(name) => fields.push(("period", name.name().to_owned())),
            Span::Days(Period { from, to }) => fields.extend([("from", from.to_string()), ("to", to.to_string())]),
        }
        if self.compare != Compare::Previous {
            fields.push(("compare", self.compare.name().to_owned()));
        }
        if let Some(filter) = &self.filter {
            fields.push(("filter", format!("{}:{}", filter.dimension.name(), filter.word)));
        }
        if self.metric != Metric::Views {
            fields.push(("metric", self.metric.name().to_owned()));
        }
        fields.extend(self.language.map(|language| ("lang", language.tag().to_owned())));
        fields
    }
}

/// Whether a table's rows can be clicked on: there are cubes that tell more of them.
pub(super) fn can_filter(dimension: Dimension) -> bool {
    Dimension::ALL.into_iter().any(|other| Table::cube(dimension, other).is_some())
}

fn parse_filter(text: String) -> Result<Filter, Fault> {
    let read = || {
        let (dimension, word) = text.split_once(':')?;
        let dimension = Dimension::parse(dimension).filter(|dimension| can_filter(*dimension))?;
        (!word.is_empty()).then(|| Filter { dimension, word: word.into() })
    };
    read().ok_or_else(|| {
        let names: Vec<_> = Dimension::ALL.into_iter().filter(|dimension| can_filter(*dimension)).collect();
        let names: Vec<_> = names.iter().map(|dimension| format!("{}:…", dimension.name())).collect();
        Fault::Value("filter", shortened(&text), names.join(", "))
    })
}

fn one_of<'a, T>(
    parameter: &'static str,
    value: Option<String>,
    otherwise: T,
    known: impl Iterator<Item = (&'a str, T)> + Clone,
) -> Result<T, Fault> {
    let Some(value) = value else { return Ok(otherwise) };
    let found = known.clone().find(|(name, _)| *name == value).map(|(_, meant)| meant);
    found.ok_or_else(|| {
        let names: Vec<_> = known.map(|(name, _)| name).collect();
        Fault::Value(parameter, shortened(&value), names.join(", "))
    })
}

fn shortened(value: &str) -> String {
    value.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sites() -> Vec<Arc<str>> {
        vec!["shop.example".into(), "blog.example".into()]
    }

    fn parse(query: &str) -> Result<Asked, Fault> {
        Asked::parse(query, &sites())
    }

    #[test]
    fn what_is_not_said_goes_without_saying() {
        let asked = parse("").unwrap();
        assert_eq!((asked.site, asked.span, asked.compare), (0, Span::Named(PeriodName::FourWeeks), Compare::Previous));
        assert_eq!((asked.metric, &asked.filter, asked.language), (Metric::Views, &None, None));
        assert_eq!(asked, parse("site=&period=&from=&to=&compare=&filter=&metric=&lang=").unwrap());
        assert_eq!(asked.link("/statistics", &sites()), "/statistics");
    }

    #[test]
    fn an_address_means_what_it_was_made_of() {
        for query in [
            "site=blog.example&period=7d&compare=year&filter=page%3A%2Fa+b%26c%3Ad&metric=visits&lang=kk",
            "from=2026-11-01&to=2026-11-20&compare=none",
            "filter=source%3ADuckDuckGo",
            "metric=robots",
        ] {
            let asked = parse(query).unwrap();
            assert_eq!(asked.link("/statistics", &sites()), format!("/statistics?{query}"));
        }
        let filter = parse("filter=page:/a:b").unwrap().filter.unwrap();
        assert_eq!((filter.dimension, &*filter.word), (Dimension::Page, "/a:b"));
        // Rows do not tell of everything that the whole does.
        assert_eq!(parse("filter=page:/&metric=robots").unwrap().metric, Metric::Views);
    }

    #[test]
    fn what_cannot_be_is_told_with_what_could() {
        let check = |query: &str, said: &str| {
            let fault = parse(query).unwrap_err();
            for language in Language::ALL {
                assert!(!fault.text(language).is_empty());
            }
            assert!(fault.text(Language::En).contains(said), "{query}: {}", fault.text(Language::En));
        };
        check("site=evil.example", "shop.example, blog.example");
        check("period=forever", "today, yesterday, 7d");
        check("from=2026-11-01", "both from and to");
        check("from=2026-11-02&to=2026-11-01", "in order");
        check("from=1.11.2026&to=2026-11-01", "2026-11-22");
        check("from=1900-01-01&to=2026-11-01", "ten years");
        check("compare=me", "previous, year, none");
        check("filter=page", "page:…");
        check("filter=robot:Googlebot", "source:…");
        check("filter=page:", "page:…");
        check("metric=money", "views, entries");
        check("lang=de", "ru, kk, en");
        check("peroid=7d", "site, period");
        check("period=7d&period=28d", "twice");
        check(&"a".repeat(3000), "too long");
    }
}
