//! What is wrong, from facts alone: no file, socket or clock is read here.

mod certificates;
mod log;
mod machine;
mod names;
mod running;
mod sites;
mod traces;

#[cfg(test)]
mod tests;

use super::{facts::Facts, finding::Finding};

/// Everything that is wrong, the worst first; of what is as bad, what keeps a site from its visitors comes first.
pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    running::judge(facts, &mut found);
    traces::judge(facts, &mut found);
    sites::judge_upstreams(facts, &mut found);
    certificates::judge(facts, &mut found);
    log::judge(facts, &mut found);
    machine::judge(facts, &mut found);
    sites::judge(facts, &mut found);
    // A stable sort: the order above stays within a severity.
    found.sort_by_key(|finding| finding.severity);
    found
}

/// `1 day`, `3 hours`: a length of time in the largest whole unit.
fn length(seconds: i64) -> String {
    let of = |count: i64, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    match seconds {
        ..120 => of(seconds, "second"),
        120..7200 => of(seconds / 60, "minute"),
        7200..172_800 => of(seconds / 3600, "hour"),
        _ => of(seconds / 86_400, "day"),
    }
}

/// `1 line`, `3 lines`.
fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
