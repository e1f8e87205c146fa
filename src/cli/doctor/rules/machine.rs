//! The machine: its clock, its disk, who reads the state directory.

use super::length;
use crate::cli::doctor::{
    facts::{Disk, Facts},
    finding::Finding,
};

/// How far clocks may be apart, in seconds: an answer may have been under way for some of them.
const CLOCKS_APART: i64 = 30;

/// What is signed later than now by more than this, in seconds, was signed by a clock that was ahead.
const SIGNED_AHEAD: i64 = 60;

const MEBIBYTE: u64 = 1024 * 1024;
/// With less the consent log may fail within the day.
const LEAST_BYTES: u64 = 64 * MEBIBYTE;
/// With less it is time to make room.
const FEW_BYTES: u64 = 512 * MEBIBYTE;
/// Files that can still be made; the gateway makes some dozens.
const LEAST_INODES: u64 = 100;
/// Likewise.
const FEW_INODES: u64 = 1000;

pub(super) fn judge(facts: &Facts, found: &mut Vec<Finding>) {
    if let Some(disk) = facts.disk {
        judge_disk(disk, &facts.state_dir, found);
    }
    judge_clock(facts, found);
    if let Some(mode) = facts.state_mode.filter(|mode| mode & 0o077 != 0) {
        found.push(Finding::soon(
            "state_dir",
            format!("Others than the gateway's user may enter {} (mode {:o}).", facts.state_dir, mode & 0o777),
            "The keys that sign choices lie there: whoever reads them can make up consents.",
            format!("`chmod 700 {}`", facts.state_dir),
        ));
    }
}

fn judge_disk(disk: Disk, state_dir: &str, found: &mut Vec<Finding>) {
    let Disk { free_bytes, log_bytes, free_inodes } = disk;
    let free = format!("{} MiB are free on the disk of {state_dir}", free_bytes / MEBIBYTE);
    let why = "When it is full nobody can accept anything, statistics are lost, and the access log has gaps. Sites are served all the same.";
    let room = "Make room. What takes it: `du -xh --max-depth=2 /var | sort -h | tail`".to_owned();
    if free_bytes < LEAST_BYTES {
        found.push(Finding::now("disk", format!("{free}."), why, room));
    } else if free_bytes < log_bytes {
        let log = log_bytes / MEBIBYTE;
        let why = "After an erasure the log is written anew beside itself. Without room for it the bytes of who was erased stay on the disk.";
        found.push(Finding::soon("disk", format!("{free}, and the consent log has {log} MiB."), why, room));
    } else if free_bytes < FEW_BYTES {
        found.push(Finding::soon("disk", format!("{free}."), why, room));
    }
    if let Some(inodes) = free_inodes.filter(|inodes| *inodes < FEW_INODES) {
        let make = if inodes < LEAST_INODES { Finding::now } else { Finding::soon };
        let what = format!("{inodes} more files can be made on the disk of {state_dir}.");
        let why = "Without one the consent log can't be written, however much room there is.";
        found.push(make(
            "disk",
            what,
            why,
            "Find what made so many: `du --inodes -x --max-depth=2 /var | sort -n | tail`".to_owned(),
        ));
    }
}

fn judge_clock(facts: &Facts, found: &mut Vec<Finding>) {
    let why = "The log tells when each visitor chose, editions of the policy come into force, and choices expire by this clock.";
    let remedy = || {
        "`timedatectl` tells; `systemctl enable --now systemd-timesyncd` keeps the clock, where nothing else does"
            .to_owned()
    };
    let signed = facts.log.and_then(|log| log.signed).map(|(_, signed)| signed.seconds() - facts.now.seconds());
    if let Some(ahead) = signed.filter(|ahead| *ahead > SIGNED_AHEAD) {
        found.push(Finding::now(
            "clock",
            format!(
                "The consent log was signed {} later than it is now: the clock was ahead, or is behind.",
                length(ahead)
            ),
            why,
            remedy(),
        ));
    }
    for (whose, ahead) in facts.clock.ahead.iter().filter(|(_, ahead)| ahead.abs() > CLOCKS_APART) {
        let side = if *ahead > 0 { "ahead of" } else { "behind" };
        let what = format!("This machine's clock is {} {side} that of {whose}.", length(ahead.abs()));
        found.push(Finding::soon("clock", what, why, remedy()));
    }
    if facts.clock.synchronised == Some(false) {
        let what = "The system says that its clock is not synchronised.".to_owned();
        found.push(Finding::look("clock", what, why, remedy()));
    }
}
