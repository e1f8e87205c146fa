//! The command line. Only this module prints.
//!
//! Exit codes: 0 right, 1 the thing asked about is not right, 2 wrong use.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is where people are told")]

/// A line of standard output. Unlike `println!` it ends no command where the reader wants no more, as `head` does.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::print_line(&format!($($text)*)) };
}

mod apply;
mod backup;
mod canary;
mod certificates;
mod check;
mod control;
mod counting;
pub mod demo;
mod describing;
mod descriptors;
mod doctor;
mod enforcement;
mod erase;
mod export;
mod hand_over;
mod health;
mod housekeeping;
mod incident;
mod init;
mod interrupted;
mod inventory;
mod keys;
mod letters;
mod log;
mod person;
mod readable;
mod reference;
mod reload;
#[doc(hidden)]
pub mod reloading;
mod requests;
mod run;
#[doc(hidden)]
pub mod running;
mod service;
mod stats;
mod systemd;
mod user;
#[doc(hidden)]
pub mod verify;
mod witness;
mod witnesses;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use self::apply::Agreement;
use crate::{
    config::{self, Configuration},
    server,
};

/// What holds for every command.
const AFTER_HELP: &str = "\
Exit codes: 0 right, 1 the thing asked about is not right, 2 wrong use.
Files: /etc/kelisim/kelisim.toml, unless --config names another one; /var/lib/kelisim (`state_dir`) with keys, the consent log and statistics.";

/// A consent gateway: a reverse proxy that makes a web site's cookie policy true.
#[derive(Debug, Parser)]
#[command(name = "kelisim", version, about, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask six questions and write a configuration that works; nothing that is there is overwritten.
    Init(init::InitArguments),
    /// Try it: the site of a small practice with the gateway before it, all on loopback; nothing to configure.
    Demo(demo::DemoArguments),
    /// Say whether a configuration is right, and if not every fault with its place; or what to add to it.
    Check(CheckArguments),
    /// Stand in front of the configured sites until SIGTERM or SIGINT; SIGHUP reads the configuration again.
    Run(ConfigurationArguments),
    /// Look at the running gateway and what it depends on, and say what is wrong and what to do; ends with 1 where something is.
    Doctor(doctor::DoctorArguments),
    /// Ask the running gateway whether it is well, as a monitor does; ends with 1 where it is not.
    Health(health::HealthArguments),
    /// Have the running gateway read its configuration again. If that is not right nothing changes, and it is said why.
    Reload(ConfigurationArguments),
    /// Export the consent log, check it, erase a person from it, note what persons ask for, describe a breach; be a witness of others' logs.
    #[command(subcommand)]
    Log(log::LogCommand),
    /// Show what was counted of a site's visits.
    Stats(stats::StatsArguments),
    /// Copy the state directory into one file, also while the gateway runs: the log, statistics, keys and lists.
    Backup(backup::BackupArguments),
    /// Put a backup back where no gateway runs; a new log then goes on after its leaves.
    Restore(backup::RestoreArguments),
    /// The keys that sign visitors' records.
    #[command(subcommand)]
    Key(keys::KeyCommand),
    /// Who may sign in to the administration.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Print what completes the words of these commands in a shell.
    Completions(reference::CompletionsArguments),
    /// Print the manual.
    Man(reference::ManArguments),
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
    /// Say nothing but faults.
    #[arg(long, conflicts_with_all = ["apply", "canary", "from_inventory"])]
    quiet: bool,
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    // clap prints what is wrong and ends with 2; help and version end with 0.
    match Arguments::parse().command {
        Command::Init(arguments) => told(init::run(&arguments)),
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
                let out: &mut dyn io::Write = if arguments.quiet { &mut io::sink() } else { out };
                check::check(path, server::most_descriptors(), out, err)
            };
            told(right.and_then(|right| if right { Ok(()) } else { Err(io::Error::other(Silent)) }))
        }
        Command::Run(arguments) => told(run::run(&arguments.config)),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Health(arguments) => told(health::run(&arguments).and_then(|said| print(said.as_bytes()))),
        Command::Reload(arguments) => told(reload::run(&arguments.config, &mut io::stdout())),
        Command::Log(log::LogCommand::Verify(arguments)) => verify::run(&arguments),
        Command::Log(log::LogCommand::Leaves(arguments)) => verify::leaves::run(&arguments),
        Command::Log(command) => told(log::run(&command)),
        Command::Stats(arguments) => told(stats::run(&arguments)),
        Command::Backup(arguments) => told(backup::back_up(&arguments)),
        Command::Restore(arguments) => told(backup::restore(&arguments)),
        Command::Key(command) => told(keys::run(&command)),
        Command::User(command) => told(user::run(&command)),
        Command::Completions(arguments) => told(reference::completions(&arguments, Arguments::command())),
        Command::Man(arguments) => told(reference::manual(&arguments, Arguments::command())),
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

/// Prints to standard output. That a reader wants no more of it, as `head` does, is no error, least of all of what has been done by then.
fn print(text: &[u8]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    match output.write_all(text).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// The same with a line. What else keeps it from being printed is told, and takes back nothing of what has been done by then.
fn print_line(line: &str) {
    if let Err(error) = print(format!("{line}\n").as_bytes()) {
        eprintln!("standard output: {error}");
    }
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
