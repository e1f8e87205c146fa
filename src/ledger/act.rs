//! What an event says, in the terms in which all forms of the log tell it: what was asked, allowed, refused and taken back, for how
//! long it stands, and until when its record is kept. Every form takes these from here, so that no two disagree.

use super::{Event, EventKind};
use crate::{
    consent::CategorySet,
    timestamp::{Term, Timestamp},
};

/// How long records are kept after what they say ceased to be valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Choices.
    pub choices: Term,
    /// Frames that were opened once.
    pub frames: Term,
}

impl Retention {
    /// The term for records of this kind.
    pub const fn of(&self, kind: EventKind) -> Term {
        if matches!(kind, EventKind::Frame) { self.frames } else { self.choices }
    }

    /// Until when the record of an event is kept, unless the person has it erased before.
    pub fn kept_until(&self, event: &Event) -> Timestamp {
        self.of(event.kind).after(event.valid_until)
    }
}

/// What one event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// What was asked for. A frame asks for its category alone.
    pub asked: CategorySet,
    /// What was allowed; by a frame its category, for one load on one page.
    pub allowed: CategorySet,
    /// What had been allowed before and was taken back; `None` where the earlier record is gone, so that nobody can tell.
    pub withdrawn: Option<CategorySet>,
    /// What was refused; `None` where it can't be told from what was taken back.
    pub refused: Option<CategorySet>,
    /// For how long it stands, as an ISO 8601 duration: a term by the calendar, or the seconds of a frame.
    pub validity: String,
}

impl Act {
    /// Reads an event. `ended` is what the record that it ends had allowed, where that is still kept.
    pub fn of(event: &Event, ended: Option<CategorySet>) -> Self {
        let asked = event.frame.as_ref().map_or(event.offered, |frame| CategorySet::EMPTY.with(frame.category));
        let allowed = if event.frame.is_some() { asked } else { event.allowed };
        let without = |set: CategorySet, other: CategorySet| -> CategorySet {
            set.iter().filter(|category| !other.contains(*category)).collect()
        };
        let withdrawn = match event.kind {
            EventKind::Withdrawn => ended.map(|ended| without(ended, allowed)),
            _ => Some(CategorySet::EMPTY),
        };
        let refused = withdrawn.map(|withdrawn| without(without(asked, allowed), withdrawn));
        Self { asked, allowed, withdrawn, refused, validity: validity(event) }
    }
}

fn validity(event: &Event) -> String {
    if event.kind != EventKind::Frame {
        return event.validity.to_string();
    }
    let milliseconds = event.valid_until.milliseconds() - event.time.milliseconds();
    format!("PT{}S", milliseconds.max(0) / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        consent::Category::{Analytical, Functional, Marketing},
        ledger::{
            LeafIndex,
            samples::{event, opened_frame, withdrawal},
        },
    };

    fn set(categories: &[crate::consent::Category]) -> CategorySet {
        categories.iter().copied().collect()
    }

    #[test]
    fn an_acceptance_a_refusal_and_a_frame_say_what_was_allowed() {
        let accepted = Act::of(&event(1), None);
        assert_eq!((accepted.allowed, accepted.refused), (set(&[Functional]), Some(set(&[Analytical]))));
        assert_eq!((accepted.withdrawn, &*accepted.validity), (Some(CategorySet::EMPTY), "P6M"));
        let refusal = Event { kind: EventKind::Refused, allowed: CategorySet::EMPTY, ..event(1) };
        assert_eq!(Act::of(&refusal, None).refused, Some(set(&[Functional, Analytical])));
        let frame = Act::of(&opened_frame(1), None);
        assert_eq!((frame.asked, frame.allowed), (set(&[Functional]), set(&[Functional])));
        assert_eq!((frame.refused, &*frame.validity), (Some(CategorySet::EMPTY), "PT60S"));
    }

    #[test]
    fn a_withdrawal_names_what_had_been_allowed_and_nothing_else() {
        let withdrawn = withdrawal(1, LeafIndex(7));
        let of = |ended: &[_]| Act::of(&withdrawn, Some(set(ended)));
        assert_eq!(of(&[Analytical]).withdrawn, Some(set(&[Analytical])));
        assert_eq!(of(&[Analytical]).refused, Some(set(&[Functional])), "nobody had ever allowed it");
        assert_eq!(of(&[Marketing]).withdrawn, Some(set(&[Marketing])), "also what is no longer offered");
        let part = Event { allowed: set(&[Functional]), ..withdrawn.clone() };
        let part = Act::of(&part, Some(set(&[Functional, Analytical])));
        assert_eq!((part.allowed, part.withdrawn), (set(&[Functional]), Some(set(&[Analytical]))));
        assert_eq!(part.refused, Some(CategorySet::EMPTY));
    }

    #[test]
    fn where_the_earlier_record_is_gone_nobody_guesses() {
        let act = Act::of(&withdrawal(1, LeafIndex(7)), None);
        assert_eq!((act.withdrawn, act.refused), (None, None));
    }

    #[test]
    fn a_record_is_kept_after_its_validity_and_a_frame_for_its_own_term() {
        let retention = Retention { choices: Term { months: 36, days: 0 }, frames: Term { months: 0, days: 1 } };
        assert_eq!(retention.kept_until(&event(1)).to_string(), "2030-05-22T10:00:00.250Z");
        assert_eq!(retention.kept_until(&opened_frame(1)).to_string(), "2026-11-23T10:01:00.250Z");
    }
}
