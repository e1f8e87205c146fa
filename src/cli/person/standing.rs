//! Whether a record counts now, and if not, what ended it: as the page of what is recorded says it.

use super::text::moment;
use crate::{
    gateway::SiteSettings,
    ledger::{Ending, Event, EventKind, LeafIndex},
    pages::texts::Texts,
    timestamp::Timestamp,
};

/// In words. `ending` is the later answer that ended it as the log has it: of two answers that were sent at once the later one ends the
/// earlier without naming it. `records` are all that are kept of this person on the site, which may be configured no more.
pub(super) fn standing(
    words: &Texts,
    site: Option<&SiteSettings>,
    now: Timestamp,
    event: &Event,
    ending: Option<Ending>,
    records: &[(LeafIndex, &Event)],
) -> String {
    let receipt = &words.receipt;
    if event.kind == EventKind::Frame {
        return receipt.once.clone();
    }
    // A shorter term that was configured since holds for what was answered before, too.
    let consent = site.map(|site| &site.consent);
    let end = consent.map_or(event.valid_until, |consent| event.valid_until.min(consent.valid_for.after(event.time)));
    let expired = || receipt.expired.replace("{date}", &end.date());
    if let Some(ending) = ending {
        if end <= ending.time.unwrap_or(ending.day) {
            return expired();
        }
        let what = records.iter().find(|(index, _)| *index == ending.by);
        let what = what.map_or_else(String::new, |(_, later)| format!("{}, ", words.event(later.kind)));
        let when = ending.time.map_or_else(|| ending.day.date(), moment);
        return format!("{} ({what}{when}; {}: {})", receipt.ended, receipt.leaf, ending.by.0);
    }
    let stands = consent
        .is_some_and(|consent| consent.editions.still_answered(&event.edition, event.offered, consent.offer, now));
    match (end <= now, stands) {
        (true, _) => expired(),
        (false, true) => receipt.in_force.clone(),
        (false, false) if consent.is_none() => receipt.ended.clone(),
        (false, false) => receipt.asked_again.clone(),
    }
}
