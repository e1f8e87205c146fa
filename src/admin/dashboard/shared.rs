//! What others read by a link: whole weeks, months and years that are over, with numbers that were moved a little, so that nobody is found
//! in them.

use std::sync::Arc;

use askama::Template;
use jiff::{ToSpan as _, civil::Date};

use super::{
    cards::{Card, card},
    consent::PARTS,
    date,
    menu::{Choice, Menu},
    metric::share,
    number::{percent, say, whole},
    query::{Asked, Fault, Span},
    tables::{MANY_ROWS, Making, Table, count, counted_by},
    words::Metric,
};
use crate::{
    admin::{
        StatisticsSettings,
        pages::{Frame, Words, rendered},
    },
    statistics::{
        Day, Dimension, Figures,
        report::{Disclosure, Noise, Period, PeriodName, Report, SMALLEST_FOR_OTHERS, TableReport},
    },
    store::statistics::{Query, StatisticsError, StatisticsReader},
    visitor::Language,
};

/// The cards that others see.
const METRICS: [Metric; 8] = [
    Metric::Views,
    Metric::Entries,
    Metric::Visits,
    Metric::Visitors,
    Metric::BounceRate,
    Metric::Duration,
    Metric::Coverage,
    Metric::Downloads,
];
/// The tables that others see: not what is wrong with the site, and no robots.
const TABLES: [Dimension; 11] = [
    Dimension::Page,
    Dimension::Entry,
    Dimension::Exit,
    Dimension::Channel,
    Dimension::Source,
    Dimension::Campaign,
    Dimension::Country,
    Dimension::Language,
    Dimension::Device,
    Dimension::Browser,
    Dimension::System,
];
/// Weeks that are offered.
const WEEKS: i32 = 12;
/// Months that are offered.
const MONTHS: i32 = 12;

#[derive(Template)]
#[template(path = "shared.html", config = "src/admin/askama.toml")]
struct SharedPage {
    frame: Frame,
    site: String,
    period: String,
    menus: Vec<Menu>,
    languages: Vec<Choice>,
    cards: Vec<Card>,
    tables: Vec<Table>,
    /// How banners were answered, in words and percent.
    answers: Vec<(&'static str, String)>,
    /// Nothing was counted.
    is_empty: bool,
}

/// The days that are asked for: the last whole week where none are.
pub(super) fn period(asked: &Asked, today: Day) -> Result<Period, Fault> {
    match asked.span {
        Span::Named(PeriodName::FourWeeks) => Ok(Period::last_whole(today)[0]),
        Span::Days(period) if period.is_whole(today) => Ok(period),
        Span::Named(_) | Span::Days(_) => Err(Fault::NotWhole),
    }
}

/// What others may read of a period.
pub(super) fn report(
    settings: &StatisticsSettings,
    site: &str,
    secret: &[u8; 32],
    period: Period,
    today: Day,
) -> Result<Option<Report>, StatisticsError> {
    let reader = match StatisticsReader::open(&settings.state_dir) {
        Err(StatisticsError::Missing { .. }) => return Ok(None),
        opened => opened?,
    };
    let disclosure = Disclosure { smallest: SMALLEST_FOR_OTHERS, noise: Some(Noise::new(secret, site, period)) };
    reader.report(&Query { site, period, filter: None, disclosure, today }).map(Some)
}

/// The page.
pub(super) fn page(
    words: Words,
    site: &str,
    path: &str,
    period: Period,
    asked: &Asked,
    report: Option<&Report>,
    today: Day,
) -> String {
    let language = words.language();
    let making = Making { language, smallest: SMALLEST_FOR_OTHERS, most: MANY_ROWS, links: None };
    let tables = report.into_iter().flat_map(|report| {
        let tables = TABLES.iter().filter_map(|dimension| report.table(*dimension));
        tables.map(|table| making.table(&without_few(table), None))
    });
    rendered(&SharedPage {
        frame: Frame::of_nobody(words, super::title(language)),
        site: site.to_owned(),
        period: date::period(language, period),
        menus: menus(language, path, period, asked, today),
        languages: languages(language, path, asked),
        cards: report
            .map(|report| METRICS.map(|metric| card(language, metric, report, None)).into())
            .unwrap_or_default(),
        tables: tables.filter(|table| !table.rows.is_empty() || table.folded.is_some()).collect(),
        answers: report.map(|report| answers(language, report)).unwrap_or_default(),
        is_empty: report.is_none_or(|report| report.totals.is_zero()),
    })
}

/// Rows of paths are about the site and are not folded for its operator; for others they are, and so are those that seem to be of few since
/// their number was moved.
fn without_few(table: &TableReport) -> TableReport {
    let number = |figures: &Figures| count(counted_by(table.dimension, table.of_accepted), figures);
    let rows = table.rows.iter().filter(|row| number(&row.figures) > 0).cloned();
    let (mut rows, mut few): (Vec<_>, Vec<_>) = rows.partition(|row| number(&row.figures) >= SMALLEST_FOR_OTHERS);
    // One row alone would be the difference to the whole.
    if table.folded + few.len() == 1 {
        few.extend(rows.pop());
    }
    let mut folded_figures = table.folded_figures;
    few.iter().for_each(|row| folded_figures += row.figures);
    TableReport { rows, folded: table.folded + few.len(), folded_figures, ..table.clone() }
}

fn answers(language: Language, report: &Report) -> Vec<(&'static str, String)> {
    let totals = &report.totals;
    let answers = crate::statistics::Answers {
        shown: totals.shown,
        accepted: totals.accepted,
        partly: totals.partly,
        refused: totals.refused,
        withdrawn: totals.withdrawn,
    };
    let parts = super::consent::parts(&answers);
    let all = parts.iter().sum();
    let said = PARTS.iter().zip(parts).filter_map(|(part, number)| {
        let share = percent(language, share(number, all)?);
        Some((part.defined().title(language), format!("{share} ({})", whole(language, number))))
    });
    said.collect()
}

fn link(path: &str, period: Period, asked: &Asked) -> String {
    let language = asked.language.map(|language| format!("&lang={}", language.tag())).unwrap_or_default();
    format!("{path}?from={}&to={}{language}", period.from, period.to)
}

fn languages(language: Language, path: &str, asked: &Asked) -> Vec<Choice> {
    let choices = Language::ALL.into_iter().map(|other| {
        let href = match asked.span {
            Span::Days(period) => link(path, period, &Asked { language: Some(other), ..asked.clone() }),
            Span::Named(_) => format!("{path}?lang={}", other.tag()),
        };
        Choice { text: other.own_name().to_owned(), tag: other.tag(), href, is_chosen: other == language }
    });
    choices.collect()
}

fn menus(language: Language, path: &str, shown: Period, asked: &Asked, today: Day) -> Vec<Menu> {
    let menu = |title, periods: Vec<Period>| {
        let choices = periods.iter().map(|period| Choice {
            text: date::period(language, *period),
            tag: "",
            href: link(path, *period, asked),
            is_chosen: *period == shown,
        });
        let chosen = periods.contains(&shown).then(|| date::period(language, shown));
        Menu { title, chosen: chosen.unwrap_or_default(), choices: choices.collect(), takes_days: false }
    };
    let [week, month, year] = Period::last_whole(today);
    let weeks = (0..WEEKS).map(|back| Period { from: week.from.plus(-7 * back), to: week.to.plus(-7 * back) });
    let months = (0..MONTHS).filter_map(|back| of_month(month.from.date().checked_sub(back.months()).ok()?));
    vec![
        menu(say(language, ["Неделя", "Апта", "Week"]), weeks.collect()),
        menu(say(language, ["Месяц", "Ай", "Month"]), months.collect()),
        menu(say(language, ["Год", "Жыл", "Year"]), vec![year]),
    ]
}

fn of_month(first: Date) -> Option<Period> {
    Period::new(Day::of_date(first), Day::of_date(first.last_of_month()))
}

/// The site of a link, as a list of sites, for the reading of addresses.
pub(super) fn only(site: &str) -> [Arc<str>; 1] {
    [site.into()]
}
