//! `kelisim log request`: what persons have asked for, by number and day alone, and until when it is to be done.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::Date;

use super::configuration_alone;
use crate::{
    admin::{
        Deadline, Deadlines, PersonRequest, PersonRequests, RequestKind, add_request, date_in_kazakhstan, end_request,
    },
    clock::Clock,
};

/// What to do with requests of persons.
#[derive(Debug, Subcommand)]
pub(super) enum RequestCommand {
    /// Note that a person has asked for something. No name is kept: put the number that is shown on their letter.
    Add(AddArguments),
    /// Show what is pending, and until when; what is due first comes first.
    List(ListArguments),
    /// Note that it was done.
    Done(DoneArguments),
}

#[derive(Debug, Args)]
pub(super) struct AddArguments {
    /// What was asked for: access (what is kept), erase, correct.
    #[arg(long, value_name = "KIND", value_parser = parse_kind)]
    kind: RequestKind,
    /// The day on which it came, in Kazakhstan: 2026-11-22.
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    received: Date,
    #[command(flatten)]
    file: FileArguments,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Also show those that are done, the newest first.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    file: FileArguments,
}

#[derive(Debug, Args)]
pub(super) struct DoneArguments {
    /// The number of the request.
    number: String,
    #[command(flatten)]
    file: FileArguments,
}

#[derive(Debug, Args)]
pub(super) struct FileArguments {
    /// The configuration file; its `state_dir` says where the requests are, its `[deadlines]` how long there is.
    #[arg(long, value_name = "FILE", default_value = "/etc/kelisim/kelisim.toml")]
    config: PathBuf,
}

/// Runs `kelisim log request …`.
pub(super) fn run(command: &RequestCommand) -> Result<(), Box<dyn std::error::Error>> {
    let today = date_in_kazakhstan(Clock::system().now());
    match command {
        RequestCommand::Add(AddArguments { kind, received, file }) => {
            let configuration = configuration_alone(&file.config)?;
            let number = add_request(&configuration.state_dir, *kind, *received, today)?;
            let request = PersonRequest { number, kind: *kind, received: *received, done: None };
            say!("{}", line(&request, &configuration.deadlines, today));
            // What a script reads stays one line.
            eprintln!("put the number on the letter; when it is done: kelisim log request done {}", request.number);
        }
        RequestCommand::List(ListArguments { all, file }) => {
            let configuration = configuration_alone(&file.config)?;
            let requests = PersonRequests::read(&configuration.state_dir)?;
            let lines = list(&requests, &configuration.deadlines, today, *all);
            super::print(lines.iter().map(|line| format!("{line}\n")).collect::<String>().as_bytes())?;
        }
        RequestCommand::Done(DoneArguments { number, file }) => {
            end_request(&configuration_alone(&file.config)?.state_dir, number, today)?;
            say!("{number} is done, on {today}; `kelisim log request list --all` shows it");
        }
    }
    Ok(())
}

/// The lines of a list.
fn list(requests: &PersonRequests, deadlines: &Deadlines, today: Date, all: bool) -> Vec<String> {
    let pending = requests.pending(deadlines);
    let mut lines: Vec<_> = pending.iter().map(|request| line(request, deadlines, today)).collect();
    let is_counted =
        |request: &&PersonRequest| matches!(request.kind.deadline(deadlines), Some(Deadline::WorkingDays(_)));
    if pending.is_empty() {
        lines.push("nothing is pending".to_owned());
    } else if pending.iter().any(is_counted) {
        lines.push("working days are Monday to Friday; holidays are not known".to_owned());
    }
    if all {
        lines.extend(requests.done(usize::MAX).into_iter().map(|request| line(request, deadlines, today)));
    }
    lines
}

fn line(request: &PersonRequest, deadlines: &Deadlines, today: Date) -> String {
    let due = match (request.done, request.due(deadlines)) {
        (Some(done), _) => format!("done {done}"),
        (None, None) => "no deadline is configured (`answer` in [deadlines])".to_owned(),
        (None, Some(due)) if due < today => format!("due {due}, overdue"),
        (None, Some(due)) if due == today => format!("due {due}, today"),
        (None, Some(due)) => format!("due {due}"),
    };
    format!("{}  {:7}  received {}  {due}", request.number, request.kind.name(), request.received)
}

fn parse_kind(text: &str) -> Result<RequestKind, String> {
    let known = RequestKind::ALL.into_iter().find(|kind| kind.name() == text);
    known.ok_or_else(|| "write access, erase or correct".to_owned())
}

fn parse_date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "write a date, 2026-11-22".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_overdue() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let request =
            |kind| PersonRequest { number: "0a0b0c0d".into(), kind, received: date("2026-11-02"), done: None };
        let check = |kind, today, expected: &str| {
            let line = line(&request(kind), &Deadlines::default(), date(today));
            assert!(line.starts_with("0a0b0c0d  ") && line.ends_with(expected), "{line}");
        };
        check(RequestKind::Erase, "2026-11-16", "received 2026-11-02  due 2026-11-17");
        check(RequestKind::Erase, "2026-11-17", "due 2026-11-17, today");
        check(RequestKind::Erase, "2026-11-18", "due 2026-11-17, overdue");
        check(RequestKind::Access, "2026-11-18", "no deadline is configured (`answer` in [deadlines])");
    }

    #[test]
    fn working_days_are_explained_where_a_date_was_counted_by_them() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let state = tempfile::tempdir().unwrap();
        let (today, erase) = (date("2026-11-22"), RequestKind::Erase);
        let number = add_request(state.path(), erase, today, today).unwrap();
        let lines = |deadlines, all| list(&PersonRequests::read(state.path()).unwrap(), &deadlines, today, all);
        assert_eq!(lines(Deadlines::default(), false).len(), 1);
        let counted = Deadlines { erasure: Deadline::WorkingDays(3), ..Deadlines::default() };
        assert!(lines(counted, false)[1].starts_with("working days are"));
        end_request(state.path(), &number, today).unwrap();
        assert_eq!(lines(counted, false), ["nothing is pending"]);
        let all = lines(counted, true);
        assert!(all.len() == 2 && all[1].ends_with("received 2026-11-22  done 2026-11-22"), "{all:?}");
    }
}
