//! Names whose certificates come from an authority: whether there is one, and why none comes.

use super::counted;
use crate::{
    cli::{
        describing::DescribedName,
        doctor::{
            facts::{Facts, Gateway},
            finding::Finding,
        },
    },
    timestamp::Timestamp,
};

/// Of those in `told` it was said already that their certificate ends soon, and why no other one comes.
pub(super) fn judge(facts: &Facts, told: &[&str], found: &mut Vec<Finding>) {
    for name in names(facts) {
        if !name.is_served {
            found.push(Finding::now(
                "certificates",
                format!("There is no certificate for {}: TLS for it is refused.", name.name),
                "By https browsers show an error, and no choice is taken. By http, where `http` listens, the site is served and nobody is asked.",
                remedy(name, facts.now),
            ));
        } else if name.failures > 0 && !told.contains(&&*name.name) {
            found.push(Finding::soon(
                "certificates",
                format!("No new certificate comes for {}.", name.name),
                "The one that is there is served until its end. From then on browsers show a warning in place of the site, and no choice is taken.",
                remedy(name, facts.now),
            ));
        }
    }
}

/// What is to be done for a name whose certificate ends, where asking for another one fails.
pub(super) fn why_not_renewed(facts: &Facts, name: &str) -> Option<String> {
    names(facts).iter().find(|known| known.name == name && known.failures > 0).map(|name| remedy(name, facts.now))
}

fn names(facts: &Facts) -> &[DescribedName] {
    match &facts.gateway {
        Gateway::Running(description) => &description.names,
        _ => &[],
    }
}

fn remedy(name: &DescribedName, now: Timestamp) -> String {
    let DescribedName { failures, again, said, advice, is_held, .. } = name;
    let journal = "`journalctl -u kelisim -g certificate` has what the authority said";
    let failed = format!("{} failed", counted(u64::from(*failures), "attempt"));
    // While it is asked for, and until the next look of each minute, that moment is over.
    let next = if Timestamp::parse(again).is_some_and(|again| again <= now) {
        "It is asked for again now; look again in a minute".to_owned()
    } else {
        format!("It is asked for again at {again}")
    };
    match (failures, said.as_ref().zip(advice.as_ref())) {
        (0, _) => format!("It is asked for at this moment; look again in a minute. If it does not come, {journal}"),
        (_, None) => format!("{failed} before the gateway was started; {journal}. {next}"),
        (_, Some((said, advice))) => {
            let sooner = if *is_held || !next.ends_with(again) {
                ""
            } else {
                "; where that is long and all is mended, `systemctl restart kelisim` asks sooner"
            };
            format!("{failed}, the last with: {said}. What to do: {advice}. {next}{sooner}")
        }
    }
}
