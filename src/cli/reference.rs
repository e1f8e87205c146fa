//! `kelisim completions` and `kelisim man`: what shells and readers of manuals need, from the same definition as the commands.

use std::{error::Error, io, path::PathBuf};

use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;

use super::print;

/// `kelisim completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: CompletedShell,
}

/// Shells that are in use on servers.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum CompletedShell {
    Bash,
    Zsh,
    Fish,
}

/// `kelisim man`.
#[derive(Debug, Args)]
pub(super) struct ManArguments {
    /// Write a page for each command into this folder, in place of the first page to standard output.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Prints what completes the words of a command line.
pub(super) fn completions(arguments: &CompletionsArguments, mut command: Command) -> io::Result<()> {
    let shell = match arguments.shell {
        CompletedShell::Bash => Shell::Bash,
        CompletedShell::Zsh => Shell::Zsh,
        CompletedShell::Fish => Shell::Fish,
    };
    // Into memory first: whoever stops reading must not make it panic.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "kelisim", &mut text);
    print(&text)
}

/// `help` is not a command with a page of its own.
fn without_help(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}

/// Prints the manual, or writes all of its pages.
pub(super) fn manual(arguments: &ManArguments, command: Command) -> Result<(), Box<dyn Error>> {
    let command = without_help(command);
    if let Some(folder) = &arguments.out {
        std::fs::create_dir_all(folder)?;
        clap_mangen::generate_to(command, folder)?;
        return Ok(());
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    print(&text)?;
    Ok(())
}
