//! Whether a gateway runs, with which configuration, and whether it has what it needs of the system.

use super::counted;
use crate::cli::doctor::{
    facts::{Facts, Gateway},
    finding::Finding,
};

/// From this part of the limit on descriptors are scarce, in hundredths.
const DESCRIPTORS_SCARCE: u64 = 80;

pub(super) fn judge(facts: &Facts, found: &mut Vec<Finding>) {
    let file = &facts.configuration;
    if let Some(first) = facts.faults.first() {
        found.push(Finding::now(
            "configuration",
            format!("The configuration has {}. The first: {first}", counted(facts.faults.len() as u64, "fault")),
            "A gateway that runs goes on with what it began with, and the next start fails.",
            format!("`kelisim check --config {file}` shows all of them"),
        ));
    }
    for obstacle in &facts.unreadable {
        found.push(Finding::soon(
            "files",
            format!("{}.", obstacle.what()),
            "The gateway goes on with what it read before; the next start fails, and what is renewed there is not taken up.",
            obstacle.remedy(),
        ));
    }
    match &facts.gateway {
        Gateway::Absent => found.push(Finding::now(
            "running",
            format!("No gateway runs on {}.", facts.state_dir),
            "Visitors do not reach the sites through it, and no choice is recorded.",
            "`systemctl start kelisim`; if it does not stay up, `journalctl -u kelisim -n 50` says why".to_owned(),
        )),
        Gateway::Mute(why) => found.push(Finding::now(
            "running",
            format!("The gateway is there and does not say how it stands: {why}"),
            "It hangs, or is of another version than this command, and then most of what follows is unknown.",
            "See that no command is at work (`ps -C kelisim -o args`): a restart would leave an erasure half done. Then `systemctl restart kelisim`; if it hangs again, `journalctl -u kelisim -n 50`".to_owned(),
        )),
        Gateway::Running(description) => {
            let in_file = facts.fingerprint.as_deref();
            let differs = in_file.is_some_and(|fingerprint| fingerprint != description.fingerprint);
            let changed = facts.changed_files.as_deref();
            if differs && changed.is_none_or(|files| !files.is_empty()) {
                let files = changed.map(|files| format!(" Changed: {}.", files.join(", "))).unwrap_or_default();
                found.push(Finding::soon(
                    "configuration",
                    format!("The gateway goes by another configuration than the one in the file now.{files}"),
                    "What was changed does not hold yet, such as a policy that is due.",
                    format!("`kelisim check --config {file} && systemctl reload kelisim`"),
                ));
            }
            if description.version != env!("CARGO_PKG_VERSION") {
                found.push(Finding::look(
                    "version",
                    format!(
                        "The gateway runs version {}, and this command is {}.",
                        description.version,
                        env!("CARGO_PKG_VERSION")
                    ),
                    "The program was replaced, and the old one still runs.",
                    "`systemctl restart kelisim`".to_owned(),
                ));
            }
            descriptors(facts, description.open_files, found);
            if description.lost_views > 0 {
                found.push(Finding::look(
                    "statistics",
                    format!(
                        "{} not counted since the start: more came than could be.",
                        were(description.lost_views, "view")
                    ),
                    "The statistics tell less than there was. Visitors notice nothing.",
                    "Look whether the machine is short of processor time: `top`".to_owned(),
                ));
            }
        }
        Gateway::Unseen => {}
    }
    let refused = whole(facts.metrics.sum("kelisim_client_limits_total"));
    if refused > 0 {
        found.push(Finding::look(
            "clients",
            format!(
                "Connections and requests were refused since the start, {refused} in all: one client had as many as one may have."
            ),
            "Either somebody takes what all others need, or a proxy, a CDN or an office with one address stands before many visitors, and they are refused.",
            "A proxy or CDN that writes X-Forwarded-For itself goes into `trusted_proxies`, one that passes connections on into `proxy_protocol_from`; for an office, or containers whose network hides addresses, raise `connections_per_client` and `requests_per_client` in [server.limits]".to_owned(),
        ));
    }
    let lost = |reason: &str| {
        let lines = facts.metrics.of("kelisim_access_log_lost_lines_total");
        lines.filter(|metric| metric.label("reason") == reason).map(|metric| whole(metric.value)).sum::<u64>()
    };
    if lost("file") > 0 {
        found.push(Finding::soon(
            "access_log",
            format!("{} of the access log could not be written since the start.", counted(lost("file"), "line")),
            "The disk was full, or the file can't be made. Visitors notice nothing.",
            "`journalctl -u kelisim -g 'access log'` says why".to_owned(),
        ));
    }
    if lost("queue") > 0 {
        found.push(Finding::look(
            "access_log",
            format!(
                "{} of the access log since the start: they came faster than the disk took them.",
                were_lost(lost("queue"))
            ),
            "The access log tells less than there was. Visitors notice nothing.",
            "Look whether the disk is slow: `iostat -x 5`".to_owned(),
        ));
    }
}

fn descriptors(facts: &Facts, open_files: Option<(u64, u64)>, found: &mut Vec<Finding>) {
    let Some((open, most)) = open_files else { return };
    let remedy = || {
        let needed = facts.descriptors;
        format!(
            "`systemctl edit kelisim`, write `LimitNOFILE={needed}` below [Service], `systemctl restart kelisim`. Where that changes nothing, the \
             machine allows no more, as some containers do: lower the limits"
        )
    };
    if open.saturating_mul(100) >= most.saturating_mul(DESCRIPTORS_SCARCE) {
        found.push(Finding::now(
            "descriptors",
            format!("{open} of {most} descriptors are open."),
            "When all are, no visitor can connect, and no connection to a site can be made.",
            remedy(),
        ));
    } else if most < facts.descriptors {
        found.push(Finding::look(
            "descriptors",
            format!("{most} descriptors may be open, and the limits in [server.limits] need {}.", facts.descriptors),
            "In a flood descriptors end before the limits on connections hold, and visitors wait or are told to come later.",
            remedy(),
        ));
    }
}

pub(super) fn were(count: u64, one: &str) -> String {
    format!("{} {}", counted(count, one), if count == 1 { "was" } else { "were" })
}

fn were_lost(lines: u64) -> String {
    format!("{} lost", were(lines, "line"))
}

/// A counter is a whole number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of whole things")]
pub(super) fn whole(value: f64) -> u64 {
    value as u64
}
