//! `kelisim user`: who may sign in to the administration.

use std::{io, path::PathBuf};

use clap::{Args, Subcommand};

use super::configuration_alone;
use crate::{
    admin::{Accounts, Role, add_account, remove_account},
    clock::{self, Clock},
};

/// Letters and digits that nobody takes for one another: 32 of them, five bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Length of a password that is made, in characters: a hundred bits.
const MADE_LENGTH: usize = 20;
/// Longest password read, in bytes; more is refused anyway.
const LONGEST_INPUT: u64 = 4096;

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Make an account; its password is made too and shown once.
    Add(AddArguments),
    /// Remove an account; whoever is signed in with it is out at once.
    Remove(NameArguments),
    /// Show the accounts: number, role, day, name.
    List(FileArguments),
}

#[derive(Debug, Args)]
pub(super) struct AddArguments {
    #[command(flatten)]
    name: NameArguments,
    /// What the account may do: operator, or auditor, who reads and exports alone.
    #[arg(long, value_name = "ROLE", value_parser = parse_role)]
    role: Role,
    /// Read the password from the first line of standard input in place of making one.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Args)]
pub(super) struct NameArguments {
    /// The name to sign in with. It never gets into the log.
    name: String,
    #[command(flatten)]
    file: FileArguments,
}

#[derive(Debug, Args)]
pub(super) struct FileArguments {
    /// The configuration file; its `state_dir` says where the accounts are.
    #[arg(long, value_name = "FILE", default_value = "/etc/kelisim/kelisim.toml")]
    config: PathBuf,
}

/// Runs `kelisim user …`.
pub(super) fn run(command: &UserCommand) -> Result<(), Box<dyn std::error::Error>> {
    match command {
        UserCommand::Add(AddArguments { name: NameArguments { name, file }, role, password_stdin }) => {
            let state_dir = configuration_alone(&file.config)?.state_dir;
            let password = if *password_stdin { read_password(&mut io::stdin().lock())? } else { made_password() };
            let number = add_account(&state_dir, name, *role, &password, Clock::system().now())?;
            say!("account {number} ({}) for {name}", role.name());
            if !password_stdin {
                say!("password, shown once: {password}");
            }
        }
        UserCommand::Remove(NameArguments { name, file }) => {
            remove_account(&configuration_alone(&file.config)?.state_dir, name)?;
            say!("removed");
        }
        UserCommand::List(FileArguments { config }) => {
            for account in Accounts::read(&configuration_alone(config)?.state_dir)?.iter() {
                let number = account.number().map_or_else(|| "unreadable".to_owned(), |number| number.to_string());
                let (role, created) = (account.role.name(), account.created.get(..10).unwrap_or(""));
                super::print(format!("{number}  {role:8}  {created}  {}\n", account.name).as_bytes())?;
            }
        }
    }
    Ok(())
}

fn read_password(input: &mut dyn io::BufRead) -> io::Result<String> {
    let mut line = String::new();
    io::BufRead::read_line(&mut io::Read::take(input, LONGEST_INPUT), &mut line)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

/// Groups of five characters.
fn made_password() -> String {
    let bytes: [u8; MADE_LENGTH] = clock::random();
    let letters: Vec<char> = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    letters.chunks(5).map(String::from_iter).collect::<Vec<_>>().join("-")
}

fn parse_role(text: &str) -> Result<Role, String> {
    Role::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| "write operator or auditor".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_passwords_are_long_and_each_another_one() {
        let password = made_password();
        assert_eq!(password.len(), 23);
        assert!(password.bytes().all(|byte| byte == b'-' || ALPHABET.contains(&byte)), "{password}");
        assert_ne!(password, made_password());
    }

    #[test]
    fn the_first_line_is_the_password() {
        for input in ["a b c\n", "a b c\r\nmore\n", "a b c"] {
            assert_eq!(read_password(&mut input.as_bytes()).unwrap(), "a b c", "{input:?}");
        }
    }
}
