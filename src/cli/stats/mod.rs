//! `kelisim stats`: what was counted, in a terminal or as JSON.
//!
//! It reads beside a running gateway, which is asked first to write what it has only in memory.

mod asked;
mod import;
mod report;
mod show;
mod terminal;
mod text;

use std::{io, path::PathBuf};

use clap::{Args, Subcommand};

pub(super) use report::of as letter_of;
pub(super) use show::read;

use super::control;
use crate::{config::Configuration, store::statistics::StatisticsError};

/// `kelisim stats`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct StatsArguments {
    #[command(subcommand)]
    command: Option<StatsCommand>,
    #[command(flatten)]
    show: show::ShowArguments,
}

/// What else to do with the statistics.
#[derive(Debug, Subcommand)]
enum StatsCommand {
    /// Read access logs of nginx or Apache in, so that the years before the gateway are not lost: addresses are truncated first, and views
    /// of everybody are counted alone.
    Import(import::ImportArguments),
    /// The weekly letter: a page of a period, as a file or sent.
    Report(report::ReportArguments),
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(super) enum StatsError {
    #[error("no site is called `{name}`; there are: {known}")]
    UnknownSite { name: String, known: String },
    #[error(
        "the period is empty or longer than ten years: it begins on {from} and ends on {to}; exchange --from and --to, or ask for less"
    )]
    Period { from: String, to: String },
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{path}: {source}")]
    OfFile { path: PathBuf, source: Box<StatisticsError> },
    #[error("{path}: its content is that of {other}; give each log once")]
    Twice { path: PathBuf, other: PathBuf },
    #[error("there are several sites; say which one the logs are of: --site {known}")]
    WhichSite { known: String },
    #[error(
        "no line of these files was counted; a line is `address - user [29/Nov/2026:10:15:00 +0500] \"GET / HTTP/1.1\" 200 512 \
         \"referrer\" \"agent\"`"
    )]
    NoLines,
    #[error("nobody is named to send it to: add [mail] with `smtp`, `from` and `to`")]
    NoMail,
    #[error(
        "the running gateway did not say that the logs were added: {0}; run the command again: if they were, it is refused"
    )]
    Gateway(io::Error),
    #[error("can't write the report: {0}")]
    Output(#[from] io::Error),
}

/// Runs `kelisim stats …`.
pub(super) fn run(arguments: &StatsArguments) -> Result<(), Box<dyn std::error::Error>> {
    match &arguments.command {
        None => show::run(&arguments.show)?,
        Some(StatsCommand::Import(arguments)) => import::run(arguments)?,
        Some(StatsCommand::Report(arguments)) => report::run(arguments)?,
    }
    Ok(())
}

/// A gateway that runs has counted more than its file says; without one the file is all there is.
fn write_what_waits(configuration: &Configuration) {
    if let Err(error) = control::ask_for_statistics(&configuration.state_dir)
        && !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
    {
        eprintln!("the running gateway was not asked, so the last seconds may be missing: {error}");
    }
}
