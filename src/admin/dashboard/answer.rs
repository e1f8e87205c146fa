//! One request of the dashboard, from its path to its answer.

use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};

use super::{
    archive::archive,
    csv, json, openapi, page,
    query::{Asked, Fault},
    reading::{Loaded, load},
    tables::MANY_ROWS,
};
use crate::{
    admin::{
        Administration, StatisticsSettings,
        answer::{Answer, html, typed},
        pages::{self, Message, Words},
        sign_in::SignedIn,
    },
    statistics::{Day, Dimension, Hour, LiveSite, report::TableReport},
    store::{StoreError, statistics::StatisticsError},
};

const STYLE: &str = include_str!("../templates/dashboard.css");
const SCRIPT: &str = include_str!("../templates/dashboard.js");

/// The policy of the one page that runs a script: ours, which asks us alone.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

const CSV: &str = "text/csv; charset=utf-8; header=present";
const JSON: &str = "application/json";

/// Style, script and the description of the interface, which tell nothing of a site and need no account.
pub(in crate::admin) fn asset(path: &str) -> Option<Answer> {
    match path {
        "/dashboard.css" => Some(typed("text/css; charset=utf-8", StatusCode::OK, STYLE)),
        "/dashboard.js" => Some(typed("text/javascript; charset=utf-8", StatusCode::OK, SCRIPT)),
        "/openapi.json" => Some(typed(JSON, StatusCode::OK, openapi::document().to_string())),
        _ => None,
    }
}

/// In which form numbers are taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Csv,
    Json,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Page,
    Live,
    TablePage(Dimension),
    Table(Dimension, Form),
    Series(Form),
    Answers(Form),
    Report,
    Archive,
}

impl Wanted {
    /// The thing at a path.
    fn at(path: &str) -> Option<Self> {
        let rest = path.strip_prefix(super::PATH)?;
        if let Some(table) = rest.strip_prefix("/table/") {
            return match table.split_once('.') {
                None => Dimension::parse(table).map(Self::TablePage),
                Some((name, "csv")) => Some(Self::Table(Dimension::parse(name)?, Form::Csv)),
                Some((name, "json")) => Some(Self::Table(Dimension::parse(name)?, Form::Json)),
                Some(_) => None,
            };
        }
        match rest {
            "" => Some(Self::Page),
            "/live.json" => Some(Self::Live),
            "/report.json" => Some(Self::Report),
            "/series.csv" => Some(Self::Series(Form::Csv)),
            "/series.json" => Some(Self::Series(Form::Json)),
            "/answers.csv" => Some(Self::Answers(Form::Csv)),
            "/answers.json" => Some(Self::Answers(Form::Json)),
            "/all.zip" => Some(Self::Archive),
            _ => None,
        }
    }

    /// The name of the file, where it is one that is kept.
    fn file(self, site: &str, loaded: &Loaded) -> Option<String> {
        let (what, ending) = match self {
            Self::Table(dimension, Form::Csv) => (dimension.name(), "csv"),
            Self::Series(Form::Csv) => ("series", "csv"),
            Self::Answers(Form::Csv) => ("answers", "csv"),
            Self::Archive => ("all", "zip"),
            _ => return None,
        };
        let period = loaded.report.period;
        Some(format!("{site}_{what}_{}_{}.{ending}", period.from, period.to))
    }
}

/// Whether a path is one that programs ask for: they are told by a status what a person is told by a page.
pub(in crate::admin) fn is_for_programs(path: &str) -> bool {
    [".json", ".csv", ".zip"].iter().any(|ending| path.ends_with(ending))
}

/// Why there is no answer, for a program.
pub(in crate::admin) fn told(status: StatusCode, error: &str) -> Answer {
    typed(JSON, status, serde_json::json!({ "error": error }).to_string())
}

/// Why there is no page.
enum Failure {
    Statistics(StatisticsError),
    Log(StoreError),
}

impl From<StatisticsError> for Failure {
    fn from(error: StatisticsError) -> Self {
        Self::Statistics(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Log(error)
    }
}

/// Who asks, and what.
struct Asking {
    wanted: Wanted,
    words: Words,
    account: SignedIn,
    asked: Asked,
    sites: Vec<Arc<str>>,
}

/// Answers a path below the dashboard's; nothing where there is nothing. Who asks is an operator.
pub(in crate::admin) async fn answer(
    path: &str,
    query: &str,
    words: Words,
    account: SignedIn,
    admin: &Arc<Administration>,
) -> Option<Answer> {
    let wanted = Wanted::at(path)?;
    let sites: Vec<_> = admin.gateway.present().site_names().cloned().collect();
    let asked = match Asked::parse(query, &sites) {
        Ok(asked) => asked,
        Err(fault) => return Some(refused(path, words, &account, &fault)),
    };
    let words = asked.language.map_or(words, Words::in_language);
    if wanted == Wanted::Live {
        let live = live(&admin.settings().statistics, &sites[asked.site], admin);
        return Some(typed(JSON, StatusCode::OK, json::live(&live).to_string()));
    }
    let Ok(turn) = admin.reporting.clone().acquire_owned().await else {
        return Some(unreadable(path, words, &account, "the gateway stops"));
    };
    let for_fault = account.clone();
    let asking = Asking { wanted, words, account, asked, sites };
    let for_page = admin.clone();
    let made = tokio::task::spawn_blocking(move || {
        // It ends with the work: a client that goes away does not end it.
        let _turn = turn;
        make(&asking, &for_page)
    })
    .await;
    Some(match made {
        Ok(Ok(answer)) => answer,
        Ok(Err(Failure::Log(error))) => unreadable(path, words, &for_fault, &error.to_string()),
        Ok(Err(Failure::Statistics(error))) => unreadable(path, words, &for_fault, &error.to_string()),
        Err(_) => unreadable(path, words, &for_fault, "the page broke off"),
    })
}

/// Makes an answer. Waits for the disk.
fn make(asking: &Asking, admin: &Administration) -> Result<Answer, Failure> {
    let Asking { wanted, words, account, asked, sites } = asking;
    let settings = &admin.settings().statistics;
    let now = now(admin);
    let (today, _) = now;
    let loaded = load(settings, &sites[asked.site], asked, now)?;
    let report = &loaded.report;
    let empty = |dimension| TableReport::empty(dimension);
    let file = |media_type, bytes: Vec<u8>| {
        let mut response = typed(media_type, StatusCode::OK, bytes);
        if let Some(name) = wanted.file(&sites[asked.site], &loaded)
            && let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        {
            response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
        }
        response
    };
    let json = |value: serde_json::Value| typed(JSON, StatusCode::OK, value.to_string());
    Ok(match *wanted {
        Wanted::Page | Wanted::Live => {
            let state = super::state::state(words.language(), &sites[asked.site], admin)?;
            let page = page::page(*words, account, &loaded, state, asked, sites, admin, today);
            with_script(html(StatusCode::OK, page))
        }
        Wanted::TablePage(dimension) => {
            let table = page::table(*words, account, &loaded, asked, sites, admin, dimension, MANY_ROWS);
            html(StatusCode::OK, table)
        }
        Wanted::Table(dimension, form) => {
            let found = report.table(dimension).cloned().unwrap_or_else(|| empty(dimension));
            match form {
                Form::Csv => file(CSV, csv::table(&found)),
                Form::Json => json(json::table(report, &found)),
            }
        }
        Wanted::Series(Form::Csv) => file(CSV, csv::series(report)),
        Wanted::Series(Form::Json) => json(json::series(report)),
        Wanted::Answers(Form::Csv) => file(CSV, csv::answers(&report.answers)),
        Wanted::Answers(Form::Json) => json(json::answers_of(report)),
        Wanted::Report => json(json::report(&loaded, settings.calendar.zone(), settings.smallest_cell)),
        Wanted::Archive => file("application/zip", archive(words.language(), report, settings.smallest_cell)),
    })
}

/// The last half hour of a site.
pub(super) fn live(settings: &StatisticsSettings, site: &str, admin: &Administration) -> LiveSite {
    admin.gateway.site_number(site).map(|number| settings.live.borrow().site(number)).unwrap_or_default()
}

/// The day and the hour that run, where the site's people live.
fn now(admin: &Administration) -> (Day, Hour) {
    admin.settings().statistics.calendar.place(admin.settings().clock.now())
}

/// The day that runs.
pub(super) fn today(admin: &Administration) -> Day {
    now(admin).0
}

/// Says which parameter can't be.
fn refused(path: &str, words: Words, account: &SignedIn, fault: &Fault) -> Answer {
    let text = fault.text(words.language());
    if is_for_programs(path) {
        return told(StatusCode::BAD_REQUEST, &text);
    }
    html(StatusCode::BAD_REQUEST, pages::saying(words, Some(account), text))
}

fn unreadable(path: &str, words: Words, account: &SignedIn, error: &str) -> Answer {
    tracing::error!(%error, "the statistics can't be shown");
    if is_for_programs(path) {
        return told(
            StatusCode::SERVICE_UNAVAILABLE,
            "the statistics can't be read; the gateway's own messages say why",
        );
    }
    html(StatusCode::SERVICE_UNAVAILABLE, pages::message(words, Some(account), Message::StatisticsUnreadable))
}

fn with_script(mut response: Answer) -> Answer {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_what_there_is_and_nowhere_else() {
        let check = |path: &str, expected: Option<Wanted>| assert_eq!(Wanted::at(path), expected, "{path}");
        check("/statistics", Some(Wanted::Page));
        check("/statistics/table/page", Some(Wanted::TablePage(Dimension::Page)));
        check("/statistics/table/not_found.csv", Some(Wanted::Table(Dimension::NotFound, Form::Csv)));
        check("/statistics/answers.json", Some(Wanted::Answers(Form::Json)));
        for wrong in [
            "/statistics/",
            "/statistics/table/",
            "/statistics/table/../../etc/passwd",
            "/statistics/table/page.xml",
            "/statistics/table/page.csv.json",
            "/statistics/table/petr.csv",
            "/statisticsx",
            "/statistics/all.ZIP",
        ] {
            check(wrong, None);
        }
    }
}
