//! The command line. Only this module prints.
//!
//! Exit codes: 0 right, 1 the thing asked about is not right, 2 wrong use.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is where people are told")]

mod apply;
mod canary;
mod check;
mod control;
mod counting;
pub mod demo;
mod describing;
mod doctor;
mod enforcement;
mod erase;
mod export;
mod hand_over;
mod housekeeping;
mod incident;
mod inventory;
mod letters;
mod log;
mod person;
mod requests;
mod run;
#[doc(hidden)]
pub mod running;
mod service;
mod stats;
mod user;
mod verify;
mod witness;
mod witnesses;

use std::{io, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use self::apply::Agreement;
use crate::config::{self, Configuration};

/// A consent gateway: a reverse proxy that makes a web site's cookie policy true.
#[derive(Debug, Parser)]
#[command(name = "kelisim", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: the site of a small practice with the gateway before it, all on loopback; nothing to configure.
    Demo(demo::DemoArguments),
    /// Say whether a configuration is right, and if not every fault with its place; or what to add to it.
    Check(CheckArguments),
    /// Stand in front of the configured sites until SIGTERM or SIGINT; SIGHUP reads certificates and the database of countries again.
    Run(ConfigurationArguments),
    /// Look at the running gateway and what it depends on, and say what is wrong and what to do; ends with 1 where something is.
    Doctor(doctor::DoctorArguments),
    /// Export the consent log, check it, erase a person from it, note what persons ask for, describe a breach; be a witness of others' logs.
    #[command(subcommand)]
    Log(log::LogCommand),
    /// Show what was counted of a site's visits.
    Stats(stats::StatsArguments),
    /// Who may sign in to the administration.
    #[command(subcommand)]
    User(user::UserCommand),
}

#[derive(Debug, Args)]
struct ConfigurationArguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "/etc/kelisim/kelisim.toml")]
    config: PathBuf,
}

#[derive(Debug, Args)]
struct CheckArguments {
    #[command(flatten)]
    configuration: ConfigurationArguments,
    /// Print the lines to add for the cookies, hosts and keys of storage that were seen.
    #[arg(long, conflicts_with_all = ["apply", "canary"])]
    from_inventory: bool,
    /// Send a marked visitor through every analytics server's preset, here on loopback, and show the bytes that would leave.
    #[arg(long, conflicts_with = "apply")]
    canary: bool,
    /// With --canary: only this site.
    #[arg(long, value_name = "NAME", requires = "canary")]
    site: Option<String>,
    /// With --canary: as JSON.
    #[arg(long, requires = "canary")]
    json: bool,
    /// Add the lines that were chosen on the inventory's page to the file: shows the difference, checks the result, asks, and keeps the old
    /// file.
    #[arg(long)]
    apply: bool,
    /// Don't ask.
    #[arg(long, requires = "apply")]
    yes: bool,
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    // clap prints what is wrong and ends with 2; help and version end with 0.
    match Arguments::parse().command {
        Command::Demo(arguments) => told(demo::run(&arguments)),
        Command::Check(arguments) => {
            let path = &arguments.configuration.config;
            let (out, err) = (&mut io::stdout(), &mut io::stderr());
            let right = if arguments.canary {
                canary::check(path, arguments.site.as_deref(), arguments.json, out, err)
            } else if arguments.from_inventory {
                inventory::propose(path, out, err)
            } else if arguments.apply {
                apply::apply(path, Agreement::of(arguments.yes), out, err)
            } else {
                check::check(path, out, err)
            };
            told(right.and_then(|right| if right { Ok(()) } else { Err(io::Error::other(Silent)) }))
        }
        Command::Run(arguments) => told(run::run(&arguments.config)),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Log(log::LogCommand::Verify(arguments)) => verify::run(&arguments),
        Command::Log(log::LogCommand::Leaves(arguments)) => verify::leaves::run(&arguments),
        Command::Log(command) => told(log::run(&command)),
        Command::Stats(arguments) => told(stats::run(&arguments)),
        Command::User(command) => told(user::run(&command)),
    }
}

/// Reads a configuration for a command that needs a place or a name from it, or says everything that is wrong with it. What `kelisim check`
/// advises has no business there.
fn configuration_alone(path: &std::path::Path) -> Result<Configuration, Box<dyn std::error::Error>> {
    Ok(config::load(path)?.0)
}

/// Reads a configuration, or says everything that is wrong with it; and what it advises.
fn configuration(path: &std::path::Path) -> Result<Configuration, Box<dyn std::error::Error>> {
    let (configuration, warnings) = config::load(path)?;
    for warning in warnings {
        eprintln!("{warning}");
    }
    Ok(configuration)
}

/// An error of which everything has been said.
#[derive(Debug, thiserror::Error)]
#[error("")]
struct Silent;

fn told<E: std::fmt::Display>(outcome: Result<(), E>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let text = error.to_string();
            if !text.is_empty() {
                eprintln!("{}", text.trim_end());
            }
            ExitCode::FAILURE
        }
    }
}
