//! The menus above the page: site, period, comparison, language. Each choice is a plain link.

use std::sync::Arc;

use super::{
    date,
    number::say,
    query::{Asked, Compare, Span},
};
use crate::{
    statistics::{
        Day,
        report::{Period, PeriodName},
    },
    visitor::Language,
};

/// A menu.
#[derive(Clone, Debug)]
pub(super) struct Menu {
    /// What is chosen by it.
    pub(super) title: &'static str,
    /// What is chosen now.
    pub(super) chosen: String,
    pub(super) choices: Vec<Choice>,
    /// Whether days can be typed in it.
    pub(super) takes_days: bool,
}

/// A choice of a menu.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) text: String,
    /// Its language, where it is another than the page's.
    pub(super) tag: &'static str,
    pub(super) href: String,
    pub(super) is_chosen: bool,
}

/// The form for days of one's own.
#[derive(Clone, Debug)]
pub(super) struct Custom {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) first: String,
    pub(super) last: String,
    /// What else is asked, as hidden fields.
    pub(super) hidden: Vec<(&'static str, String)>,
}

fn choice(text: String, is_chosen: bool, asked: &Asked, sites: &[Arc<str>]) -> Choice {
    Choice { text, tag: "", href: asked.link(super::PATH, sites), is_chosen }
}

/// The menus: of sites only where there are several.
pub(super) fn menus(language: Language, asked: &Asked, sites: &[Arc<str>]) -> Vec<Menu> {
    let mut menus = Vec::new();
    if sites.len() > 1 {
        menus.push(Menu {
            title: say(language, ["Сайт", "Сайт", "Site"]),
            chosen: sites[asked.site].to_string(),
            // What is filtered by on one site is not there on another.
            choices: sites
                .iter()
                .enumerate()
                .map(|(site, name)| {
                    let other = Asked { site, filter: None, ..asked.clone() };
                    choice(name.to_string(), site == asked.site, &other, sites)
                })
                .collect(),
            takes_days: false,
        });
    }
    let periods = PeriodName::ALL.into_iter().map(|name| {
        let span = Span::Named(name);
        choice(period_name(language, name).to_owned(), asked.span == span, &Asked { span, ..asked.clone() }, sites)
    });
    menus.push(Menu {
        title: say(language, ["Период", "Кезең", "Period"]),
        chosen: match asked.span {
            Span::Named(name) => period_name(language, name).to_owned(),
            Span::Days(days) => date::period(language, days),
        },
        choices: periods.collect(),
        takes_days: true,
    });
    let compares = Compare::ALL.into_iter().map(|compare| {
        let is_chosen = compare == asked.compare;
        choice(compare_name(language, compare).to_owned(), is_chosen, &Asked { compare, ..asked.clone() }, sites)
    });
    menus.push(Menu {
        title: say(language, ["Сравнение", "Салыстыру", "Comparison"]),
        chosen: compare_name(language, asked.compare).to_owned(),
        choices: compares.collect(),
        takes_days: false,
    });
    menus
}

/// The form for days of one's own.
pub(super) fn custom(
    asked: &Asked,
    sites: &[Arc<str>],
    period: Period,
    today: Day,
    extent: Option<(Day, Day)>,
) -> Custom {
    let hidden = asked.fields(sites).into_iter().filter(|(name, _)| !matches!(*name, "period" | "from" | "to"));
    Custom {
        from: period.from.to_string(),
        to: period.to.to_string(),
        first: extent.map_or(period.from, |(first, _)| first.min(period.from)).to_string(),
        last: today.max(period.to).to_string(),
        hidden: hidden.collect(),
    }
}

/// The page in each language.
pub(super) fn languages(language: Language, asked: &Asked, sites: &[Arc<str>]) -> Vec<Choice> {
    let choices = Language::ALL.into_iter().map(|other| {
        let choice = choice(
            other.own_name().to_owned(),
            other == language,
            &Asked { language: Some(other), ..asked.clone() },
            sites,
        );
        Choice { tag: other.tag(), ..choice }
    });
    choices.collect()
}

fn period_name(language: Language, name: PeriodName) -> &'static str {
    say(
        language,
        match name {
            PeriodName::Today => ["Сегодня", "Бүгін", "Today"],
            PeriodName::Yesterday => ["Вчера", "Кеше", "Yesterday"],
            PeriodName::Week => ["7 дней", "7 күн", "7 days"],
            PeriodName::FourWeeks => ["28 дней", "28 күн", "28 days"],
            PeriodName::Month => ["Этот месяц", "Осы ай", "This month"],
            PeriodName::LastMonth => ["Прошлый месяц", "Өткен ай", "Last month"],
            PeriodName::Year => ["Этот год", "Осы жыл", "This year"],
            PeriodName::TwelveMonths => ["12 месяцев", "12 ай", "12 months"],
        },
    )
}

fn compare_name(language: Language, compare: Compare) -> &'static str {
    say(
        language,
        match compare {
            Compare::Previous => ["с предыдущим периодом", "алдыңғы кезеңмен", "with the period before"],
            Compare::Year => ["с прошлым годом", "өткен жылмен", "with the year before"],
            Compare::None => ["без сравнения", "салыстырусыз", "no comparison"],
        },
    )
}
