//! `kelisim stats report`: the letter of a period, as a file or sent.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use clap::Args;

use super::{
    StatsError,
    asked::{self, Comparison, NamedPeriod, SiteArguments, parse_period},
    show::{self, Shown},
    write_what_waits,
};
use crate::{
    admin::{LetterMaterial, letter},
    cli::{configuration_alone, export::file},
    clock::Clock,
    config::Configuration,
    mail::{self, Letter},
    statistics::report::Disclosure,
    visitor::Language,
};

/// `kelisim stats report`.
#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    #[command(flatten)]
    asked: SiteArguments,
    /// Which days, by name: last-week, last-month, 28d and the others of `kelisim stats`.
    #[arg(long, value_name = "NAME", default_value = "last-week", value_parser = parse_period)]
    period: NamedPeriod,
    /// With what to compare: previous, year, none.
    #[arg(long, value_enum, default_value_t = Comparison::Previous)]
    compare: Comparison,
    /// In which language: ru, kk, en [default: that of [mail], or the site's first].
    #[arg(long, value_name = "LANGUAGE", value_parser = parse_language)]
    language: Option<Language>,
    /// Where to write the page; a file that is there already is not touched. Without it, standard output.
    #[arg(long, value_name = "FILE", conflicts_with = "send")]
    out: Option<PathBuf>,
    /// Send it now, as [mail] says, and write nothing.
    #[arg(long)]
    send: bool,
}

/// Runs it.
pub(super) fn run(arguments: &ReportArguments) -> Result<(), Box<dyn std::error::Error>> {
    let configuration = configuration_alone(&arguments.asked.config)?;
    let site = arguments.asked.site(&configuration)?;
    let letter = compose(&configuration, &site, arguments)?;
    if arguments.send {
        let Some(mail) = &configuration.mail else { return Err(StatsError::NoMail.into()) };
        mail::send(mail, &letter, Clock::system().now())?;
        let readers: Vec<_> = mail.to.iter().map(|reader| reader.email.to_string()).collect();
        say!("{} went to {}", letter.subject, readers.join(", "));
        return Ok(());
    }
    match &arguments.out {
        Some(out) => {
            file::check_absent(out)?;
            file::write_whole(out, |output| {
                let failed =
                    |source| crate::cli::log::LogError::File { path: out.clone(), doing: "write this file", source };
                output.write_all(letter.html.as_bytes()).map_err(failed)
            })?;
            eprintln!("{}: {}", letter.subject, out.display());
        }
        None => match io::stdout().lock().write_all(letter.html.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(StatsError::Output(error).into()),
            _ => {}
        },
    }
    Ok(())
}

fn compose(configuration: &Configuration, site: &str, arguments: &ReportArguments) -> Result<Letter, StatsError> {
    let today = asked::today(configuration);
    let period = arguments.period.days(today);
    let days = (period, arguments.compare.period(period));
    write_what_waits(configuration);
    let disclosure = Disclosure { smallest: configuration.statistics.smallest_cell, noise: None };
    let shown = show::read(&configuration.state_dir, site, days, None, &disclosure, today)?;
    let of_mail = configuration.mail.as_ref().and_then(|mail| mail.language);
    let first = || configuration.sites.iter().find(|it| it.name == site)?.pages.languages.first().copied();
    let language = arguments.language.or(of_mail).or_else(first).unwrap_or_default();
    Ok(of(&shown, configuration.statistics.calendar.zone(), language))
}

/// The letter of what was read.
pub(in crate::cli) fn of(shown: &Shown, zone: &str, language: Language) -> Letter {
    let marks: Vec<_> = shown.marks.iter().map(|(day, mark, count)| (*day, mark.name(), *count)).collect();
    letter(&LetterMaterial { report: &shown.report, compared: shown.compared.as_ref(), marks: &marks, zone }, language)
}

fn parse_language(text: &str) -> Result<Language, String> {
    let known = Language::ALL.into_iter().find(|language| language.tag() == text);
    known.ok_or_else(|| "write ru, kk or en".to_owned())
}
