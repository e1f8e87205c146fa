//! `kelisim doctor`: looks at a running gateway and all that it depends on, and says what is wrong, why it matters, and what to do.

mod facts;
mod finding;
mod gather;
mod rules;
mod text;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Args;
use serde::Serialize;

use super::ConfigurationArguments;
use finding::Finding;

#[derive(Debug, Args)]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    configuration: ConfigurationArguments,
    /// As JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// What programs read.
#[derive(Serialize)]
struct Report<'a> {
    findings: &'a [Finding],
    not_looked_at: &'a [String],
    /// Of the configuration, which `kelisim check` shows.
    warnings: usize,
}

/// 0 where nothing is wrong, 1 where something is.
pub(super) fn run(arguments: &DoctorArguments) -> ExitCode {
    match examine(arguments, &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing is wrong.
fn examine(arguments: &DoctorArguments, out: &mut dyn Write) -> io::Result<bool> {
    let facts = gather::gather(&arguments.configuration.config);
    let findings = rules::findings(&facts);
    if arguments.json {
        let report = Report { findings: &findings, not_looked_at: &facts.not_seen, warnings: facts.warnings };
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)?;
    } else {
        text::write(&facts, &findings, out)?;
    }
    Ok(findings.is_empty())
}
