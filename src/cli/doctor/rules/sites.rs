//! The sites: whether they answer, what nobody has named, their policies, the database of countries.

use super::{counted, length};
use crate::{
    cli::{
        describing::DescribedSite,
        doctor::{
            facts::{Facts, Gateway, Policy, Unknown},
            finding::Finding,
        },
    },
    telemetry::RECENT_MINUTES,
};

/// Failures fewer than this are an accident, whatever part of the requests they are.
const FEW_FAILURES: u64 = 5;
/// From this part on they are no accident, in hundredths …
const SOME: u64 = 1;
/// … and from this part on visitors can't use the site.
const MANY: u64 = 20;

/// Networks change hands: an older database of countries is wrong about some. In seconds, half a year.
const COUNTRIES_OLD: i64 = 183 * 86_400;

/// Names shown of those that wait.
const NAMES_SHOWN: usize = 5;

pub(super) fn judge_upstreams(facts: &Facts, found: &mut Vec<Finding>) {
    for upstream in &facts.upstreams {
        let (sites, address) = (&upstream.sites, &upstream.address);
        match &upstream.answer {
            Err(why) => found.push(Finding::now(
                "upstreams",
                format!("The upstream {address} of {sites} does not answer: {why}"),
                "Visitors get an error page in place of the site.",
                format!(
                    "Start it, or mend `upstream` in {}; try `curl -sv -o /dev/null {address}/`",
                    facts.configuration
                ),
            )),
            Ok(Some(status @ 500..)) => found.push(Finding::soon(
                "upstreams",
                format!("The upstream {address} of {sites} answers its start page with {status}."),
                "The site itself has a fault, which visitors see.",
                format!("Look into the site's own log; try `curl -sv -o /dev/null {address}/`"),
            )),
            Ok(_) => {}
        }
    }
    if let Gateway::Running(description) = &facts.gateway {
        description.sites.iter().for_each(|recent| judge_recent(recent, found));
    }
}

fn judge_recent(recent: &DescribedSite, found: &mut Vec<Finding>) {
    let failed: u64 = recent.failures.iter().map(|(_, count)| count).sum();
    let part = (failed * 100).checked_div(recent.requests).unwrap_or_default();
    if failed < FEW_FAILURES || part < SOME {
        return;
    }
    let reasons: Vec<_> = recent.failures.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    let what = format!(
        "Of {} to {} in the last {RECENT_MINUTES} minutes {failed} were not answered by the site ({}).",
        counted(recent.requests, "request"),
        recent.site,
        reasons.join(", "),
    );
    let why = "These visitors got an error page.";
    let remedy = "`journalctl -u kelisim -g 'did not answer' -n 20` says when; the site's own log says why".to_owned();
    let make = if part >= MANY { Finding::now } else { Finding::soon };
    found.push(make("upstreams", what, why, remedy));
}

pub(super) fn judge(facts: &Facts, found: &mut Vec<Finding>) {
    facts.policies.iter().for_each(|policy| judge_policy(policy, facts, found));
    facts.unknown.iter().for_each(|unknown| judge_unknown(unknown, facts, found));
    if facts.waiting_lines > 0 {
        let lines = counted(facts.waiting_lines as u64, "line");
        let verb = if facts.waiting_lines == 1 { "waits" } else { "wait" };
        found.push(Finding::look(
            "inventory",
            format!("{lines} that somebody chose on the page \"Inventory\" {verb} to be applied."),
            "Until then the choice does not hold.",
            format!("`kelisim check --apply --config {} && systemctl reload kelisim`", facts.configuration),
        ));
    }
    if let Some(countries) = &facts.countries {
        let age = facts.now.seconds() - countries.built.seconds();
        if age > COUNTRIES_OLD {
            found.push(Finding::look(
                "countries",
                format!("The database of countries {} is {} old.", countries.file, length(age)),
                "Networks change hands. Who is taken for somewhere else may be asked by another country's rule.",
                format!("Get a newer one, and put it in place with `mv`: {}", countries.file),
            ));
        }
    }
}

fn judge_policy(policy: &Policy, facts: &Facts, found: &mut Vec<Finding>) {
    let Policy { site, edition, effective, untranslated } = policy;
    let folder = "the folder `policy` of [site.consent]";
    if *effective > facts.now {
        found.push(Finding::soon(
            "policies",
            format!(
                "No edition of the policy of {site} is in force; {edition} comes into force on {}.",
                effective.date()
            ),
            "Visitors are shown it before its date, and their answers name an edition that does not hold yet.",
            format!("Put the edition that holds today into {folder}; `kelisim check --config {}`", facts.configuration),
        ));
    }
    if !untranslated.is_empty() {
        found.push(Finding::look(
            "policies",
            format!("Edition {edition} of the policy of {site} has no text in {}.", untranslated.join(", ")),
            "Who reads in that language is asked in it, and shown the policy in another.",
            format!("Add the translation to {folder}, or take the language out of `languages`"),
        ));
    }
    let Gateway::Running(description) = &facts.gateway else { return };
    let in_force = description.sites.iter().find(|running| running.site == *site).map(|running| &running.edition);
    if let Some(running) = in_force.filter(|running| *running != edition && *effective <= facts.now) {
        found.push(Finding::soon(
            "policies",
            format!(
                "Edition {edition} of the policy of {site} is past due since {}: the gateway asks under {running}.",
                effective.date()
            ),
            "Visitors answer a policy that does not hold any more.",
            format!("`kelisim check --config {} && systemctl reload kelisim`", facts.configuration),
        ));
    }
}

fn judge_unknown(unknown: &Unknown, facts: &Facts, found: &mut Vec<Finding>) {
    let Unknown { site, cookies, hosts, keys, is_strict } = unknown;
    let mut parts = Vec::new();
    if !cookies.is_empty() {
        let mut names = cookies.iter().take(NAMES_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
        if cookies.len() > NAMES_SHOWN {
            names.push_str(", …");
        }
        parts.push(format!("{} ({names})", counted(cookies.len() as u64, "cookie")));
    }
    for (count, one) in [(*hosts, "host"), (*keys, "storage key")] {
        if count > 0 {
            parts.push(counted(count as u64, one));
        }
    }
    if parts.is_empty() {
        return;
    }
    let why = if *is_strict {
        "In strict they are held back: something of the site may not work, or it is right so and nobody has said it."
    } else {
        "They pass. In strict they would be held back until somebody names them."
    };
    found.push(Finding::look(
        "inventory",
        format!("{site} uses what nobody has named: {}.", parts.join(", ")),
        why,
        format!("`kelisim check --from-inventory --config {}` shows the lines to add", facts.configuration),
    ));
}
