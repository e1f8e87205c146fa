//! The page itself, put together from its parts.

use std::sync::Arc;

use askama::Template;

use super::{
    answer::live,
    cards::{Card, cards, of_accepted, value},
    chart::{Lines, Point, sparkline},
    consent::{Consent, consent},
    date, menu,
    menu::Menu,
    number::{say, whole},
    query::{Asked, Compare},
    reading::Loaded,
    state::State,
    table_words::{self, Answered},
    tables::{FEW_ROWS, GROUPS, Making, Table},
    values::shown,
    words::Metric,
};
use crate::{
    admin::{
        Administration,
        pages::{Frame, Words, rendered},
        sign_in::SignedIn,
    },
    statistics::{
        Day, Dimension,
        report::{Point as ReportPoint, Report, Step, TableReport},
    },
    store::statistics::Mark,
    visitor::Language,
};

#[derive(Template)]
#[template(path = "dashboard.html", config = "src/admin/askama.toml")]
struct DashboardPage {
    frame: Frame,
    site: String,
    zone: String,
    smallest: i64,
    /// Nothing was ever counted of this site.
    is_empty: bool,
    period: String,
    compared: Option<String>,
    /// Why there is no comparison, or nothing at all: what was counted begins later.
    counted_since: Option<String>,
    menus: Vec<Menu>,
    custom: menu::Custom,
    languages: Vec<menu::Choice>,
    live: Live,
    chip: Option<Chip>,
    /// Why what is filtered by tells nothing.
    too_few: bool,
    /// Parameters of the address that ask for the same in another form.
    query: String,
    cards: Vec<Card>,
    chart: Chart,
    marks: Vec<String>,
    lost: Option<String>,
    groups: Vec<Group>,
    /// The country of nobody is known.
    no_countries: bool,
    consent: Option<Consent>,
    consent_words: [(&'static str, &'static str); 2],
    state: State,
}

/// The last half hour.
struct Live {
    views: String,
    visits: String,
    spark: String,
    href: String,
}

/// What is filtered by, and the address without it.
struct Chip {
    title: &'static str,
    word: String,
    href: String,
}

struct Chart {
    title: &'static str,
    svg: String,
    /// The numbers as a table: the point, its number, and the one that it is compared with.
    rows: Vec<(String, String, Option<String>)>,
    has_before: bool,
    is_running: bool,
}

/// Tables in one place.
struct Group {
    name: &'static str,
    tables: Vec<Shown>,
}

struct Shown {
    table: Table,
    /// The addresses of all its rows, and of the table in other forms.
    all: String,
    csv: String,
    json: String,
}

#[derive(Template)]
#[template(path = "dashboard_table.html", config = "src/admin/askama.toml")]
struct TablePage {
    frame: Frame,
    period: String,
    shown: Shown,
    chip: Option<Chip>,
    back: String,
    of: String,
}

/// The dashboard.
#[expect(clippy::too_many_arguments, reason = "a page is made of everything that there is")]
pub(super) fn page(
    words: Words,
    account: &SignedIn,
    loaded: &Loaded,
    state: State,
    asked: &Asked,
    sites: &[Arc<str>],
    admin: &Administration,
    today: Day,
) -> String {
    let language = words.language();
    let Loaded { report, before, marks, extent } = loaded;
    let settings = &admin.settings().statistics;
    let live = live(settings, &sites[asked.site], admin);
    let counted = |number: u32| whole(language, number.into());
    let making = Making { language, smallest: settings.smallest_cell, most: FEW_ROWS, links: Some((asked, sites)) };
    let page = DashboardPage {
        frame: Frame::of_dashboard(words, account),
        site: sites[asked.site].to_string(),
        zone: settings.calendar.zone().to_owned(),
        smallest: settings.smallest_cell,
        is_empty: extent.is_none() && report.totals.is_zero(),
        period: date::period(language, report.period),
        compared: before.as_ref().map(|before| date::period(language, before.period)),
        counted_since: extent
            .filter(|_| before.is_none() && asked.compare != Compare::None || report.totals.is_zero())
            .map(|(first, _)| date::day(language, first)),
        menus: menu::menus(language, asked, sites),
        custom: menu::custom(asked, sites, report.period, today, *extent),
        languages: menu::languages(language, asked, sites),
        live: Live {
            views: counted(live.views_now()),
            visits: whole(language, i64::try_from(live.visits).unwrap_or(i64::MAX)),
            spark: sparkline(&live.views),
            href: Asked { metric: Metric::Views, filter: None, ..asked.clone() }.link("/statistics/live.json", sites),
        },
        chip: chip(language, asked, sites),
        too_few: report.filtered.as_ref().is_some_and(|filtered| filtered.too_few),
        query: asked.link("", sites),
        cards: cards(language, report, before.as_ref(), asked, sites),
        chart: chart(language, report, before.as_ref(), asked.metric),
        marks: marks.iter().map(|(day, mark, count)| mark_in_words(language, *day, *mark, *count)).collect(),
        lost: (report.totals.lost > 0).then(|| whole(language, report.totals.lost)),
        groups: groups(&making, report, asked, sites),
        no_countries: admin.gateway.present().countries().described().is_none(),
        consent: consent(language, &report.answers, &report.totals, report.step),
        consent_words: [Answered::Shown, Answered::Withdrawn]
            .map(|answered| (answered.defined().title(language), answered.defined().text(language))),
        state,
    };
    rendered(&page)
}

/// One table on a page of its own.
#[expect(clippy::too_many_arguments, reason = "a page is made of everything that there is")]
pub(super) fn table(
    words: Words,
    account: &SignedIn,
    loaded: &Loaded,
    asked: &Asked,
    sites: &[Arc<str>],
    admin: &Administration,
    dimension: Dimension,
    most: usize,
) -> String {
    let language = words.language();
    let smallest = admin.settings().statistics.smallest_cell;
    let making = Making { language, smallest, most, links: Some((asked, sites)) };
    let report = &loaded.report;
    let filter = report.filtered.as_ref().map(|filtered| &filtered.filter);
    let empty = TableReport::empty(dimension);
    let table = making.table(report.table(dimension).unwrap_or(&empty), filter);
    let mut frame = Frame::of_dashboard(words, account);
    frame.title = table_words::table(dimension).title(language);
    rendered(&TablePage {
        frame,
        period: date::period(language, report.period),
        shown: shown_table(table, asked, sites),
        chip: chip(language, asked, sites),
        back: asked.link(super::PATH, sites),
        of: of_accepted(language, report),
    })
}

fn chip(language: Language, asked: &Asked, sites: &[Arc<str>]) -> Option<Chip> {
    asked.filter.as_ref().map(|filter| Chip {
        title: table_words::table(filter.dimension).title(language),
        word: shown(language, filter.dimension, &filter.word).into_owned(),
        href: Asked { filter: None, ..asked.clone() }.link(super::PATH, sites),
    })
}

fn shown_table(table: Table, asked: &Asked, sites: &[Arc<str>]) -> Shown {
    let path = format!("/statistics/table/{}", table.name);
    Shown {
        all: asked.link(&path, sites),
        csv: asked.link(&format!("{path}.csv"), sites),
        json: asked.link(&format!("{path}.json"), sites),
        table,
    }
}

fn groups(making: &Making<'_>, report: &Report, asked: &Asked, sites: &[Arc<str>]) -> Vec<Group> {
    let filter = report.filtered.as_ref().map(|filtered| &filtered.filter);
    let groups = GROUPS.into_iter().map(|(name, dimensions)| {
        let tables = dimensions.iter().filter_map(|dimension| report.table(*dimension));
        let tables = tables.map(|table| shown_table(making.table(table, filter), asked, sites));
        Group { name, tables: tables.collect() }
    });
    groups.filter(|group| !group.tables.is_empty()).collect()
}

/// The chart of a metric: of everything, or of what is filtered by.
fn chart(language: Language, report: &Report, before: Option<&Report>, metric: Metric) -> Chart {
    let unit = metric.unit();
    let show = |value: Option<f64>| value.map_or_else(|| "—".to_owned(), |value| unit.show(language, value));
    let title = metric.defined().title(language);
    let (points, values) = drawn(language, report, before, metric);
    let all = value(metric, report);
    let description = format!("{title}, {}: {}", date::period(language, report.period), show(all));
    let rows = points
        .iter()
        .enumerate()
        .map(|(at, point)| (point.name.clone(), show(point.value), values.get(at).map(|value| show(*value))));
    Chart {
        title,
        rows: rows.collect(),
        has_before: !values.is_empty(),
        is_running: points.iter().any(|point| point.is_running),
        svg: Lines { language, title, description: &description, unit, points: &points, before: &values }.svg("chart"),
    }
}

/// The points of a chart, and the values that they are compared with.
pub(super) fn drawn(
    language: Language,
    report: &Report,
    before: Option<&Report>,
    metric: Metric,
) -> (Vec<Point>, Vec<Option<f64>>) {
    let unit = metric.unit();
    let show = |value: Option<f64>| value.map_or_else(|| "—".to_owned(), |value| unit.show(language, value));
    let values = points(metric, report);
    let before: Vec<_> = before.map(|before| points(metric, before)).unwrap_or_default();
    let step = if report.filtered.is_some() && report.step == Step::Hour { Step::Day } else { report.step };
    let drawn = values
        .iter()
        .enumerate()
        .map(|(at, (day, hour, value, is_running))| {
            let name = date::point(language, *day, *hour, step);
            let was = before.get(at).map(|(day, hour, value, _)| {
                format!("; {}: {}", date::point(language, *day, *hour, step), show(*value))
            });
            let running = if *is_running {
                say(language, [" (ещё идёт)", " (әлі жүріп жатыр)", " (not over yet)"])
            } else {
                ""
            };
            Point {
                label: date::on_axis(language, *day, *hour, step),
                title: format!("{name}{running}: {}{}", show(*value), was.unwrap_or_default()),
                name,
                value: *value,
                is_running: *is_running,
            }
        })
        .collect();
    (drawn, before.iter().map(|(.., value, _)| *value).collect())
}

/// The points of a metric: day, hour, value, and whether it is not over.
fn points(metric: Metric, report: &Report) -> Vec<(Day, Option<u8>, Option<f64>, bool)> {
    match &report.filtered {
        None => {
            let point = |point: &ReportPoint| (point.day, point.hour, metric.of(&point.totals), point.is_running);
            report.points.iter().map(point).collect()
        }
        Some(filtered) if filtered.too_few => Vec::new(),
        Some(filtered) => {
            // What is to come is in no point of the whole.
            let last = report.points.last().map(|point| (point.day, point.is_running));
            let begun = filtered.points.iter().filter(|point| last.is_none_or(|(last, _)| point.day <= last));
            let is_running = |day| last.is_some_and(|(last, is_running)| last == day && is_running);
            begun.map(|point| (point.day, None, metric.of_row(&point.figures), is_running(point.day))).collect()
        }
    }
}

/// What is to be known of a day.
fn mark_in_words(language: Language, day: Day, mark: Mark, count: i64) -> String {
    let text = match mark {
        Mark::Crash => say(
            language,
            [
                "шлюз прервался: до полуминуты не посчитано, визиты разделены",
                "шлюз үзілді: жарты минутқа дейін саналмады, келулер бөлінді",
                "the gateway broke off: up to half a minute was not counted, and visits were split",
            ],
        ),
        Mark::Restart => say(
            language,
            [
                "шлюз перезапущен: открытые визиты посчитаны за два",
                "шлюз қайта қосылды: ашық келулер екеу болып саналды",
                "the gateway was started anew: visits that were open count as two",
            ],
        ),
        Mark::Import => say(
            language,
            [
                "часть чисел взята из журналов сервера",
                "сандардың бір бөлігі сервер журналдарынан алынды",
                "some of it was read in from logs",
            ],
        ),
    };
    let times = if count > 1 && mark != Mark::Import { format!(" (×{count})") } else { String::new() };
    format!("{}: {text}{times}", date::day(language, day))
}
