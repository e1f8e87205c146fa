//! `kelisim log incident`: what a breach has touched, as the notice to the ministry needs it. Where consent numbers are listed, a leaf says so
//! before anything is told.

mod accesses;
mod findings;
mod json;
mod text;

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use self::findings::Findings;
use super::{
    configuration_alone,
    export::access,
    log::{LogError, parse_from, parse_to},
    running::log_settings,
};
use crate::{
    admin::{Accounts, Deadline, date_in_kazakhstan},
    clock::Clock,
    ledger::AccessKind,
    pages::Controller,
    store::Reader,
    timestamp::Timestamp,
    visitor::Language,
};

/// `kelisim log incident`.
#[derive(Debug, Args)]
pub(super) struct IncidentArguments {
    /// When the breach began, at the earliest: a day or a moment in UTC.
    #[arg(long, value_name = "TIME", value_parser = parse_from)]
    from: Timestamp,
    /// When it ended, at the latest: a day (the whole of it) or a moment in UTC.
    #[arg(long, value_name = "TIME", value_parser = parse_to)]
    to: Timestamp,
    /// When it was noticed; the term for the notice is counted from then.
    #[arg(long, value_name = "TIME", value_parser = parse_from)]
    detected: Option<Timestamp>,
    /// The language of the text: ru or en.
    #[arg(long, value_name = "LANGUAGE", default_value = "ru", value_parser = parse_language)]
    language: Language,
    /// Write JSON for programs in place of a text.
    #[arg(long)]
    json: bool,
    /// Also list the consent numbers that could be read; a leaf of the log says that they were. They are pseudonyms: send them only if you
    /// are asked to.
    #[arg(long)]
    list_numbers: bool,
    /// The configuration file; its `state_dir` says where the log is.
    #[arg(long, value_name = "FILE", default_value = "/etc/kelisim/kelisim.toml")]
    config: PathBuf,
}

/// What is told, besides what the log shows.
struct Notice<'a> {
    controllers: Vec<&'a Controller>,
    sites: Vec<&'a str>,
    detected: Option<Timestamp>,
    term: Deadline,
    due: Option<Date>,
    accounts: usize,
    findings: Findings,
}

/// Runs it.
pub(super) fn run(arguments: &IncidentArguments) -> Result<(), Box<dyn std::error::Error>> {
    let (from, to) = (arguments.from, until_now(arguments));
    if from >= to {
        return Err(LogError::EmptyPeriod { from, to }.into());
    }
    let configuration = configuration_alone(&arguments.config)?;
    let reader = Reader::open(&configuration.state_dir)?;
    // Numbers belong to persons, so that a leaf says first that they were listed; on a medium that is read-only, as an auditor's may be,
    // without one. Without numbers nothing of a record is told, only how many there are.
    if arguments.list_numbers && !access::note(&log_settings(&configuration), AccessKind::Incident, "page", (from, to))?
    {
        eprintln!(
            "{}: on a read-only medium, so no leaf says that numbers were listed",
            configuration.state_dir.display()
        );
    }
    let mut controllers: Vec<&Controller> = Vec::new();
    for site in &configuration.sites {
        if !controllers.contains(&&site.pages.controller) {
            controllers.push(&site.pages.controller);
        }
    }
    let accounts = Accounts::read(&configuration.state_dir).unwrap_or_else(|error| {
        // A breach may have damaged them; the rest is needed all the more.
        eprintln!("{error}: accounts are shown by number alone");
        Accounts::default()
    });
    let term = configuration.deadlines.breach;
    let notice = Notice {
        controllers,
        sites: configuration.sites.iter().map(|site| site.name.as_str()).collect(),
        detected: arguments.detected,
        term,
        due: arguments.detected.map(|detected| term.last_day(date_in_kazakhstan(detected))),
        accounts: accounts.iter().count(),
        findings: findings::find(&reader, from, to, &accounts, arguments.list_numbers)?,
    };
    let written = if arguments.json { json::json(&notice)? + "\n" } else { text::plain(&notice, arguments.language) };
    Ok(super::print(written.as_bytes())?)
}

/// The end of the period. What is to come is not known, so that a period which ends in the future is cut to this moment, and said to be.
fn until_now(arguments: &IncidentArguments) -> Timestamp {
    let now = Clock::system().now();
    if arguments.to <= now || arguments.from >= now {
        return arguments.to;
    }
    eprintln!("the period ends in the future: what is told goes until now, {now}");
    now
}

fn parse_language(text: &str) -> Result<Language, String> {
    let known = [Language::Ru, Language::En].into_iter().find(|language| language.tag() == text);
    known.ok_or_else(|| "write ru or en".to_owned())
}
