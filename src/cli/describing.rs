//! What a running gateway says of itself to `kelisim doctor`, through the control socket. Nothing of it is about visitors.

use std::{fs, sync::Arc};

use serde::{Deserialize, Serialize};

use super::reloading::Reloading;
use crate::{
    acme::{LastFailure, Standing},
    consent::EditionId,
    gateway,
    ledger::hex,
    telemetry::RecentFailures,
};

/// What it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Description {
    pub(super) version: String,
    /// Its process.
    pub(super) process: u32,
    /// The fingerprint of the configuration in force.
    pub(super) fingerprint: String,
    /// From when on it is in force.
    pub(super) since: String,
    /// Whether the consent log can't be written just now.
    pub(super) log_is_failing: bool,
    /// Descriptors that are open, and how many may be; nothing where the system does not say.
    pub(super) open_files: Option<(u64, u64)>,
    /// Views that were not counted since the start, for they came too fast.
    pub(super) lost_views: u64,
    /// Each site.
    pub(super) sites: Vec<DescribedSite>,
    /// Each name whose certificate comes from an authority. An older gateway says nothing of them.
    #[serde(default)]
    pub(super) names: Vec<DescribedName>,
}

/// One name whose certificate comes from an authority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DescribedName {
    pub(super) name: String,
    /// Whether there is a certificate for it: otherwise TLS for it is refused.
    pub(super) is_served: bool,
    /// Attempts to get one that failed since the last that did not.
    pub(super) failures: u32,
    /// When it is asked for next.
    pub(super) again: String,
    /// Of the last attempt that failed since the start: what was said, …
    pub(super) said: Option<String>,
    /// … what to look at, …
    pub(super) advice: Option<String>,
    /// … and whether the authority said when it may be asked again.
    pub(super) is_held: bool,
}

/// One site, and its last minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DescribedSite {
    pub(super) site: String,
    /// The edition of its policy that visitors answer now.
    pub(super) edition: String,
    /// Requests that were answered.
    pub(super) requests: u64,
    /// Those of them that the site, or an analytics server, did not answer, by reason.
    pub(super) failures: Vec<(String, u64)>,
}

/// Puts it together.
pub(super) fn describe(gateway: &gateway::Current, recent: &RecentFailures, reloading: &Reloading) -> Description {
    let of = |(site, edition): (&Arc<str>, &EditionId)| {
        let (requests, failures) = recent.since(gateway.metrics(), site);
        DescribedSite { site: site.to_string(), edition: edition.as_str().to_owned(), requests, failures }
    };
    let present = gateway.present();
    Description {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        process: std::process::id(),
        fingerprint: hex(present.fingerprint()),
        since: present.since().to_string(),
        log_is_failing: gateway.store().is_failing(),
        open_files: open_files(),
        lost_views: gateway.counter().lost(),
        sites: present.editions_in_force().map(of).collect(),
        names: reloading.names().into_iter().map(name).collect(),
    }
}

fn name((name, is_served, standing): (String, bool, Standing)) -> DescribedName {
    let Standing { failures, again, last } = standing;
    let is_held = last.as_ref().is_some_and(|last| last.is_held);
    let (said, advice) = last.map(|LastFailure { said, advice, .. }| (said, advice)).unzip();
    DescribedName { name, is_served, failures, again: again.to_string(), said, advice, is_held }
}

/// As Linux tells it of this process.
fn open_files() -> Option<(u64, u64)> {
    let open = fs::read_dir("/proc/self/fd").ok()?.count() as u64;
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let most = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?;
    Some((open, most.parse().unwrap_or(u64::MAX)))
}
