//! Events for tests.

use super::{Event, EventKind, LeafIndex, Method, NoticeId, OpenedFrame, PagePath, RecordId};
use crate::{
    consent::{Category, CategorySet, ConsentId, EditionId},
    timestamp::{Term, Timestamp},
    visitor::{AgentFamily, Language, Signals},
};

/// A first choice of the visitor with this number.
pub(crate) fn event(visitor: u8) -> Event {
    let functional = CategorySet::EMPTY.with(Category::Functional);
    Event {
        id: RecordId::from_random([visitor; 16]),
        consent_id: ConsentId::from_bytes([visitor; 16]),
        site: "rysbekova.kz".into(),
        kind: EventKind::Expressed,
        time: Timestamp::parse("2026-11-22T10:00:00.250Z").unwrap(),
        validity: Term { months: 6, days: 0 },
        valid_until: Timestamp::parse("2027-05-22T10:00:00.250Z").unwrap(),
        method: Method::BannerForm,
        offered: functional.with(Category::Analytical),
        allowed: functional,
        edition: EditionId::parse("2026-01").unwrap(),
        notice: NoticeId([7; 32]),
        language: Language::Kk,
        page: Some(PagePath::new("/services?from=mail")),
        agent: AgentFamily::Firefox,
        signals: Signals { global_privacy_control: true, do_not_track: false },
        ends: None,
        frame: None,
    }
}

/// The withdrawal of what `event(visitor)` gave.
pub(crate) fn withdrawal(visitor: u8, ends: LeafIndex) -> Event {
    Event { kind: EventKind::Withdrawn, allowed: CategorySet::EMPTY, ends: Some(ends), ..event(visitor) }
}

/// A map that the same visitor opened once.
pub(crate) fn opened_frame(visitor: u8) -> Event {
    Event {
        id: RecordId::from_random([visitor ^ 0xff; 16]),
        kind: EventKind::Frame,
        method: Method::FrameForm,
        validity: Term { months: 0, days: 0 },
        valid_until: Timestamp::parse("2026-11-22T10:01:00.250Z").unwrap(),
        offered: CategorySet::EMPTY,
        allowed: CategorySet::EMPTY,
        frame: Some(OpenedFrame { host: "maps.example".into(), category: Category::Functional }),
        ..event(visitor)
    }
}
