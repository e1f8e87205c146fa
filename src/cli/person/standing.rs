//! Whether a record counts now, and if not, what ended it: as the page of what is recorded says it.

use super::text::moment;
use crate::{
    gateway::SiteSettings,
    ledger::{Event, EventKind, LeafIndex},
    pages::texts::Texts,
    timestamp::Timestamp,
};

/// In words. `records` are all that are kept of this person on the site, which may be configured no more.
pub(super) fn standing(
    words: &Texts,
    site: Option<&SiteSettings>,
    now: Timestamp,
    (index, event): (LeafIndex, &Event),
    records: &[(LeafIndex, &Event)],
) -> String {
    let receipt = &words.receipt;
    if event.kind == EventKind::Frame {
        return receipt.once.clone();
    }
    // A shorter term that was configured since holds for what was answered before, too.
    let consent = site.map(|site| &site.consent);
    let end = consent.map_or(event.valid_until, |consent| event.valid_until.min(consent.valid_for.after(event.time)));
    let ending = records.iter().find(|(_, other)| other.ends == Some(index));
    let expired = || receipt.expired.replace("{date}", &end.date());
    if let Some((by, ending)) = ending {
        if end <= ending.time {
            return expired();
        }
        let (what, when, leaf) = (words.event(ending.kind), moment(ending.time), &receipt.leaf);
        return format!("{} ({what}, {when}; {leaf}: {})", receipt.ended, by.0);
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
