//! Findings for people: at most eighty columns, so that they are read where a terminal is small.

use std::io::{self, Write};

use super::{facts::Facts, finding::Finding};
use crate::cli::check::counted;

/// Columns of a line.
const COLUMNS: usize = 80;
/// Where the text of a finding begins.
const INDENT: &str = "     ";

/// Commands of systemd, which a container has not.
const SYSTEMD: [&str; 2] = ["systemctl", "journalctl"];
/// What takes their place there.
const IN_A_CONTAINER: &str = "No systemd runs here. In a container `systemctl restart kelisim` is `docker compose restart kelisim`, \
                              `systemctl reload kelisim` is `docker compose kill -s SIGHUP kelisim`, `journalctl -u kelisim` is \
                              `docker compose logs kelisim`, and `LimitNOFILE` is `nofile` in `ulimits`; timers of systemd are lines in the \
                              crontab of the machine.";

/// Writes all of it.
pub(super) fn write(facts: &Facts, findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    for (number, finding) in findings.iter().enumerate() {
        let head = format!("{:>2}.  ", number + 1);
        wrapped(&head, &format!("{}: {}", finding.severity.words(), finding.what), out)?;
        wrapped(INDENT, &finding.why, out)?;
        wrapped(&format!("{INDENT}Do: "), &finding.remedy, out)?;
        writeln!(out)?;
    }
    if facts.is_without_systemd
        && findings.iter().any(|finding| SYSTEMD.iter().any(|word| finding.remedy.contains(word)))
    {
        wrapped("", IN_A_CONTAINER, out)?;
        writeln!(out)?;
    }
    for unseen in &facts.not_seen {
        wrapped("Not looked at: ", unseen, out)?;
    }
    if !facts.not_seen.is_empty() {
        writeln!(out)?;
    }
    let summary = match findings.len() {
        0 if !facts.not_seen.is_empty() => "Nothing is wrong in what could be looked at".to_owned(),
        0 => "Nothing is wrong".to_owned(),
        count => format!("{}, the worst first", counted(count, "thing", "things")),
    };
    wrapped("", &format!("{summary}. Looked at: {}, {}.", facts.configuration, facts.state_dir), out)?;
    if facts.warnings == 0 {
        return Ok(());
    }
    let warnings = counted(facts.warnings, "warning", "warnings");
    wrapped("", &format!("The configuration has {warnings}: `kelisim check --config {}`", facts.configuration), out)
}

/// Breaks lines at spaces, but within no command (`…`): it stays whole, so that it can be copied, however long it is.
fn wrapped(first: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    let indent = " ".repeat(first.chars().count());
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in words(text) {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            writeln!(out, "{line}")?;
            line.clone_from(&indent);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    writeln!(out, "{line}")
}

/// Words, and commands as one word each.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let mut is_command = false;
        let end = rest.find(|sign: char| {
            is_command ^= sign == '`';
            sign.is_whitespace() && !is_command
        });
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        words.push(word);
        rest = after.trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Finding;

    #[test]
    fn where_no_systemd_runs_it_is_said_what_takes_its_place_and_only_where_that_matters() {
        let told = |is_without_systemd, remedy: &str| {
            let finding = Finding::now("running", "It is gone.".to_owned(), "It matters.", remedy.to_owned());
            let mut text = Vec::new();
            write(&Facts { is_without_systemd, ..Facts::default() }, &[finding], &mut text).unwrap();
            String::from_utf8(text).unwrap().contains("`docker compose restart kelisim`")
        };
        assert!(told(true, "`systemctl restart kelisim`") && told(true, "`journalctl -u kelisim`"));
        assert!(!told(true, "look at the disk") && !told(false, "`systemctl restart kelisim`"));
    }

    #[test]
    fn a_finding_is_wrapped_at_eighty_columns_and_a_long_word_stays_whole() {
        let long = format!("/var/{}", "x".repeat(90));
        let finding =
            Finding::now("disk", "The disk is full. ".repeat(8), "It matters.", format!("look at {long} now"));
        let facts = Facts { configuration: "k.toml".into(), state_dir: "/s".into(), ..Facts::default() };
        let mut text = Vec::new();
        write(&facts, &[finding], &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with(" 1.  Wrong now: The disk is full. "), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS || line.trim() == long), "{text}");
        assert!(
            text.contains("\n     Do: look at\n")
                && text.ends_with("\n1 thing, the worst first. Looked at: k.toml, /s.\n"),
            "{text}"
        );
    }
}
