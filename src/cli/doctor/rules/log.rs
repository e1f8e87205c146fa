//! The consent log: whether it is written, signed, seen by witnesses, and saved.

use super::{counted, length, running::whole};
use crate::cli::doctor::{
    facts::{Facts, Gateway},
    finding::Finding,
};

/// A checkpoint is signed within a second after a leaf; when leaves wait for this long, in seconds, nothing signs.
const SIGNS_WITHIN: i64 = 60;

/// A witness that lags behind for this long, in seconds, is not just being restarted: a quarter of an hour …
const WITNESS_LAGS: f64 = 15.0 * 60.0;
/// … and after a day nobody outside has seen what was recorded since.
const WITNESS_GONE: f64 = 86_400.0;

/// Backups are made each night; two are missing when the newest one is this old, in seconds.
const BACKUP_OLD: i64 = 2 * 86_400 + 3600;

const FIRST_LOOK: &str = "`df -h`, and `journalctl -u kelisim -n 50`";

pub(super) fn judge(facts: &Facts, found: &mut Vec<Finding>) {
    writing(facts, found);
    signing(facts, found);
    witnesses(facts, found);
    backups(facts, found);
}

fn writing(facts: &Facts, found: &mut Vec<Finding>) {
    let (waiting, lost) =
        (whole(facts.metrics.sum("kelisim_log_waiting_events")), whole(facts.metrics.sum("kelisim_log_lost_events")));
    if matches!(&facts.gateway, Gateway::Running(description) if description.log_is_failing) {
        found.push(Finding::now(
            "log",
            "The consent log can't be written.".to_owned(),
            "Nobody can accept anything: visitors who try are told so. Refusals hold.",
            FIRST_LOOK.to_owned(),
        ));
    } else if waiting > 0 {
        found.push(Finding::soon(
            "log",
            format!("{} to be written to the consent log.", wait(waiting)),
            "They hold already, but are lost if the process ends before. The disk is slow or was full.",
            FIRST_LOOK.to_owned(),
        ));
    }
    if lost > 0 {
        found.push(Finding::now(
            "log",
            format!("{} no place to wait, and will not stand in the consent log.", had(lost)),
            "They hold for their visitors, but the log does not prove them.",
            FIRST_LOOK.to_owned(),
        ));
    }
    let failures = whole(facts.metrics.sum("kelisim_log_append_failures_total"));
    if failures > 0 {
        found.push(Finding::look(
            "log",
            format!("{} could not be recorded since the start, so nothing was granted.", counted(failures, "consent")),
            "These visitors were told so, and are asked again.",
            "`journalctl -u kelisim -g 'consent log'` says when, and why".to_owned(),
        ));
    }
}

fn wait(events: u64) -> String {
    if events == 1 { "1 refusal waits".to_owned() } else { format!("{events} refusals wait") }
}

fn had(events: u64) -> String {
    format!("{} found", counted(events, "refusal"))
}

fn signing(facts: &Facts, found: &mut Vec<Finding>) {
    let Some(log) = facts.log else { return };
    let is_running = matches!(facts.gateway, Gateway::Running(_));
    let (size, signed) = log.signed.unwrap_or_default();
    let age = facts.now.seconds() - signed.seconds();
    if is_running && size < log.leaves && age > SIGNS_WITHIN {
        let last = if log.signed.is_some() {
            format!("the last checkpoint is {} old", length(age))
        } else {
            "there is no checkpoint".to_owned()
        };
        found.push(Finding::soon(
            "checkpoints",
            format!("{} not signed: {last}.", are(log.leaves - size)),
            "What is under no checkpoint could be changed without anybody noticing.",
            format!("`systemctl restart kelisim`; if it stays so: {FIRST_LOOK}"),
        ));
    }
}

fn are(leaves: u64) -> String {
    if leaves == 1 {
        "1 leaf of the consent log is".to_owned()
    } else {
        format!("{leaves} leaves of the consent log are")
    }
}

fn witnesses(facts: &Facts, found: &mut Vec<Finding>) {
    for metric in facts.metrics.of("kelisim_log_witness_failures_total").filter(|metric| metric.value > 0.0) {
        let (witness, reason) = (metric.label("witness"), metric.label("reason"));
        if matches!(reason, "conflict" | "behind" | "inconsistent") {
            found.push(Finding::now(
                "witnesses",
                format!("The witness {witness} has signed something else than this log says ({reason})."),
                "The log was taken back or changed, or a copy of it is at work elsewhere. To an auditor it looks forged.",
                "Stop one of the two if there are two; deploy/README.md, \"A witness\", says what each means".to_owned(),
            ));
        }
    }
    for metric in facts.metrics.of("kelisim_log_witness_lag_seconds").filter(|metric| metric.value > WITNESS_LAGS) {
        let (witness, lag) = (metric.label("witness"), length(i64::try_from(whole(metric.value)).unwrap_or(i64::MAX)));
        let what = format!("The witness {witness} has not signed for {lag}.");
        let why = "What was recorded since then is vouched for by nobody but you.";
        let remedy = format!("Ask whoever runs {witness}; `journalctl -u kelisim -g witness` says how it failed");
        let make = if metric.value > WITNESS_GONE { Finding::now } else { Finding::soon };
        found.push(make("witnesses", what, why, remedy));
    }
}

fn backups(facts: &Facts, found: &mut Vec<Finding>) {
    let Some(backups) = &facts.backups else { return };
    let what = match backups.newest {
        None => format!("There is no backup in {}.", backups.folder),
        Some(newest) if facts.now.seconds() - newest.seconds() > BACKUP_OLD => {
            let age = length(facts.now.seconds() - newest.seconds());
            format!("The newest backup in {} is {age} old.", backups.folder)
        }
        Some(_) => return,
    };
    found.push(Finding::soon(
        "backups",
        what,
        "If the disk dies, the choices since then are lost, and these visitors are asked again.",
        "`systemctl list-timers kelisim-backup.timer`, and `journalctl -u kelisim-backup -n 20`".to_owned(),
    ));
}
