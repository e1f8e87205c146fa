//! What is allowed for one request, and what follows for the answer.

use http::Method;

use super::{CategorySet, Country, Model, Record, Settings, ShownMark};
use crate::{
    timestamp::Timestamp,
    visitor::{AgentFamily, Fetch, FetchSite, Signals},
};

/// What the request carries.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// A record whose signature holds and whose leaf is live. `None` for anything less.
    pub record: Option<Record>,
    /// A mark that the banner was shown, whose signature holds.
    pub shown: Option<ShownMark>,
    /// The method of the request.
    pub method: Method,
    /// How and from where the request was started.
    pub fetch: Fetch,
    /// Preference signals.
    pub signals: Signals,
    /// The visitor's country, where known.
    pub country: Option<Country>,
    /// The family of browsers; not needed without the mark.
    pub agent: Option<AgentFamily>,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Why.
    pub reason: Reason,
    /// The optional categories allowed.
    pub allowed: CategorySet,
    /// The choice in force, if there is one.
    pub choice: Option<Record>,
}

/// Why a decision is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A choice is in force.
    Answered,
    /// A choice was made, but a newer edition asks again.
    AskedAgain,
    /// A choice was made and its term is over.
    Expired,
    /// No choice.
    Unanswered,
    /// The browser's signal counts as a refusal.
    Signalled,
    /// The request could not have carried a record, so its absence says nothing.
    CouldNotCarry,
    /// Going on after the banner was shown: consent is implied and must be recorded before it counts.
    Implied,
}

impl Reason {
    /// Every reason, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Answered,
        Self::AskedAgain,
        Self::Expired,
        Self::Unanswered,
        Self::Signalled,
        Self::CouldNotCarry,
        Self::Implied,
    ];

    /// The word used in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::AskedAgain => "asked_again",
            Self::Expired => "expired",
            Self::Unanswered => "unanswered",
            Self::Signalled => "signalled",
            Self::CouldNotCarry => "could_not_carry",
            Self::Implied => "implied",
        }
    }
}

impl Decision {
    /// Whether the visitor's will is known, by a choice or a signal. It is what the origin is told.
    pub fn answered(&self) -> bool {
        matches!(self.reason, Reason::Answered | Reason::Signalled)
    }

    /// Whether pages show the banner.
    pub fn asks(&self) -> bool {
        matches!(self.reason, Reason::Unanswered | Reason::AskedAgain | Reason::Expired)
    }

    /// Whether cookies that are refused, and yet there, are deleted. Where an answer is pending or could not be seen they are only held back.
    pub fn expires_leftovers(&self) -> bool {
        !matches!(self.reason, Reason::AskedAgain | Reason::CouldNotCarry | Reason::Implied)
    }

    /// The value of `Kelisim-Consent`: an RFC 9651 dictionary over all offered categories.
    pub fn consent_header(&self, offer: CategorySet) -> String {
        consent_header(offer, self.allowed, self.answered())
    }
}

/// The value of `Kelisim-Consent` ([`Decision::consent_header`]).
pub fn consent_header(offer: CategorySet, allowed: CategorySet, answered: bool) -> String {
    let bit = |yes| if yes { "?1" } else { "?0" };
    let mut text = format!("answered={}", bit(answered));
    for category in offer.iter() {
        text.push_str(", ");
        text.push_str(category.name());
        text.push('=');
        text.push_str(bit(allowed.contains(category)));
    }
    text
}

/// Decides. What is not plainly allowed is not allowed.
pub fn decide(settings: &Settings, evidence: Evidence, now: Timestamp) -> Decision {
    let nothing = |reason| Decision { reason, allowed: CategorySet::EMPTY, choice: None };
    if let Some(record) = evidence.record {
        let expired = settings.valid_for.is_over(record.time, now);
        // A record from the future was made under a wrong clock; its term can't be known, so it counts as over.
        let premature = record.time.seconds() > now.seconds() + CLOCK_TOLERANCE_SECONDS;
        return if expired || premature {
            nothing(Reason::Expired)
        } else if !settings.editions.still_answered(&record.edition, record.offered, settings.offer, now) {
            nothing(Reason::AskedAgain)
        } else {
            let described = settings.editions.in_force(now).categories;
            let allowed = record.allowed.intersection(settings.offer).intersection(described);
            Decision { reason: Reason::Answered, allowed, choice: Some(record) }
        };
    }
    if !could_carry(&evidence.method, evidence.fetch) {
        nothing(Reason::CouldNotCarry)
    } else if evidence.signals.refuse() {
        nothing(Reason::Signalled)
    } else if is_implied(settings, &evidence, now) {
        nothing(Reason::Implied)
    } else {
        nothing(Reason::Unanswered)
    }
}

/// How far a record's time may lie ahead of the clock, in seconds: machines of one site may disagree a little.
const CLOCK_TOLERANCE_SECONDS: i64 = 300;

/// Whether the browser would have sent our `SameSite=Lax` cookie with this request: from the same site, or from nowhere, or as
/// a top-level navigation by GET or HEAD; and clients without fetch headers are given the benefit of the doubt.
pub fn could_carry(method: &Method, fetch: Fetch) -> bool {
    match fetch.site {
        FetchSite::SameOrigin | FetchSite::SameSite | FetchSite::None | FetchSite::Absent => true,
        FetchSite::CrossSite => fetch.is_top_navigation() && matches!(*method, Method::GET | Method::HEAD),
    }
}

/// Whether the notice model holds for this visitor at all.
pub fn notice_applies(settings: &Settings, country: Option<Country>) -> bool {
    settings.model == Model::Notice && country.is_some_and(|country| !settings.opt_in_countries.contains(&country))
}

/// Implied consent (clause 4.5 of the policy): a person went on to another page after the banner of this edition was shown.
fn is_implied(settings: &Settings, evidence: &Evidence, now: Timestamp) -> bool {
    let current = &settings.editions.in_force(now).id;
    let shown = evidence.shown.as_ref().is_some_and(|mark| mark.edition == *current);
    shown
        && notice_applies(settings, evidence.country)
        && evidence.agent.is_some_and(|agent| agent != AgentFamily::Robot)
        && evidence.method == Method::GET
        && evidence.fetch.site == FetchSite::SameOrigin
        && evidence.fetch.is_top_navigation()
        && evidence.fetch.user_activated
        && !evidence.fetch.speculative
}

#[cfg(test)]
mod tests;
