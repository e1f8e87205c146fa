//! Finding facts out: from the configuration, the running gateway, the state directory, the upstreams and the machine. What can't be seen
//! by this user is said so, and is no finding.

mod files;
mod metrics;
mod seen;
mod upstreams;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::facts::{self, Facts, Gateway, Policy};
use crate::{
    cli::{control, readable},
    clock::Clock,
    config::{self, Configuration},
    geo,
    ledger::hex,
    telemetry,
    timestamp::Timestamp,
    visitor::Language,
};

/// Where a gateway keeps its state unless it is configured otherwise.
const STATE_DIR: &str = "/var/lib/kelisim";

/// Everything. It takes some seconds where somebody does not answer.
pub(super) fn gather(path: &Path) -> Facts {
    let mut facts = Facts { now: Clock::system().now(), configuration: path.display().to_string(), ..Facts::default() };
    let loaded = config::load(path);
    let state_dir = match &loaded {
        Ok((configuration, _)) => configuration.state_dir.clone(),
        Err(_) => state_dir_of(path),
    };
    match &loaded {
        Ok((_, warnings)) => facts.warnings = warnings.len(),
        Err(faults) => {
            // That somebody else may not read it says nothing of whether the gateway may.
            let (denied, faults): (Vec<_>, Vec<_>) =
                faults.iter().partition(|fault| fault.is_denied && !readable::is_own_user(&state_dir));
            facts.faults = faults.into_iter().map(first_line).collect();
            facts
                .not_seen
                .extend(denied.into_iter().map(|fault| format!("the configuration: {}: {}", fault.file, fault.what)));
        }
    }
    facts.state_dir = state_dir.display().to_string();
    // As sd_booted(3) finds it out.
    facts.is_without_systemd = !Path::new("/run/systemd/system").exists();
    ask(&state_dir, &mut facts);
    files::look(&state_dir, &mut facts);
    if let Ok((configuration, _)) = loaded {
        configured(&configuration, &state_dir, &mut facts);
    }
    facts
}

fn first_line(told: impl ToString) -> String {
    told.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Of a file with faults this one line is looked for: a gateway may run there all the same.
fn state_dir_of(path: &Path) -> PathBuf {
    let read = || {
        let table: toml::Table = fs::read_to_string(path).ok()?.parse().ok()?;
        let named = table.get("server")?.get("state_dir")?.as_str()?;
        Some(path.parent().unwrap_or(Path::new("")).join(named))
    };
    read().unwrap_or_else(|| PathBuf::from(STATE_DIR))
}

/// Asks the running gateway.
fn ask(state_dir: &Path, facts: &mut Facts) {
    facts.gateway = match control::ask_to_describe(state_dir) {
        Ok(description) => Gateway::Running(Box::new(description)),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Gateway::Absent,
            io::ErrorKind::PermissionDenied => {
                facts.not_seen.push(format!(
                    "the gateway and its state: {error}. Run it as root, or as the gateway's user: sudo -u kelisim kelisim doctor"
                ));
                Gateway::Unseen
            }
            _ => Gateway::Mute(error.to_string()),
        },
    };
    if matches!(facts.gateway, Gateway::Running(_)) {
        match control::ask_for_metrics(state_dir) {
            Ok(text) => facts.metrics = metrics::parse(&text),
            Err(error) => facts.not_seen.push(format!("the metrics: {error}")),
        }
    }
}

/// What the configuration leads to.
fn configured(configuration: &Configuration, state_dir: &Path, facts: &mut Facts) {
    facts.fingerprint = Some(hex(&configuration.fingerprint));
    facts.changed_files = changed_files(configuration, &facts.gateway);
    facts.descriptors = configuration.server.limits.descriptors();
    files::certificates(configuration, state_dir, facts);
    seen::look(configuration, facts);
    upstreams::look(configuration, facts);
    facts.collector = configuration.traces.as_ref().map(|traces| collector(&traces.collector));
    facts.policies = configuration
        .sites
        .iter()
        .filter_map(|site| policy(&site.name, &site.pages, &site.consent, facts.now))
        .collect();
    if let Some(file) = &configuration.geo.database
        && let Some(described) =
            geo::Countries::open(&configuration.geo).ok().and_then(|countries| countries.described())
    {
        facts.countries = Some(facts::Countries { file: file.display().to_string(), built: described.built });
    }
}

/// Asks the collector of traces to take none.
fn collector(collector: &telemetry::Collector) -> facts::Collector {
    let answer = telemetry::ask_collector(collector).map_err(|failure| failure.to_string());
    facts::Collector { endpoint: collector.to_string(), answer }
}

/// What was written since the gateway goes by it. Certificates, their keys and the database of countries it reads again by itself.
fn changed_files(configuration: &Configuration, gateway: &Gateway) -> Option<Vec<String>> {
    let Gateway::Running(description) = gateway else { return None };
    let since = Timestamp::parse(&description.since)?;
    let certificates = configuration.server.certificates.iter().flat_map(|files| [&files.certificate, &files.key]);
    let looked_after: Vec<_> = certificates.chain(&configuration.geo.database).collect();
    let is_newer = |path: &&PathBuf| {
        let changed = fs::metadata(path).and_then(|file| file.modified()).ok();
        let changed = changed.and_then(|time| time.duration_since(std::time::SystemTime::UNIX_EPOCH).ok());
        changed.is_some_and(|changed| changed.as_millis() as i64 > since.milliseconds())
    };
    let newer: Vec<_> = configuration.files.iter().filter(is_newer).collect();
    // Where nothing is newer, something was put there that is older, or is gone: what changed can't be told.
    let told = newer.iter().filter(|path| !looked_after.contains(path)).map(|path| path.display().to_string());
    (!newer.is_empty()).then(|| told.collect())
}

/// Nothing where the notice itself is what visitors answer.
fn policy(
    site: &str,
    pages: &crate::pages::Settings,
    consent: &crate::consent::Settings,
    now: Timestamp,
) -> Option<Policy> {
    let edition = consent.editions.in_force(now);
    let texts: Vec<_> = pages.texts.iter().filter(|text| text.id == edition.id).collect();
    if texts.is_empty() {
        return None;
    }
    let is_missing = |language: &&Language| !texts.iter().any(|text| text.language == **language);
    Some(Policy {
        site: site.to_owned(),
        edition: edition.id.as_str().to_owned(),
        effective: edition.effective,
        untranslated: pages.languages.iter().filter(is_missing).map(|language| language.tag()).collect(),
    })
}
