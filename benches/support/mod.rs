//! A log of many answers.

use std::thread;

use kelisim::{
    consent::{Category, CategorySet, ConsentId, EditionId},
    ledger::{Event, EventKind, Method, NoticeId, PagePath, RecordId, document_hash},
    store::Store,
    timestamp::{Term, Timestamp},
    visitor::{AgentFamily, Language, Signals},
};

/// What was shown: a notice that names no policy beside itself.
pub(crate) const NOTICE: &str = r#"{"policy":[]}"#;

/// When all answers are given, in seconds since 1970: 2026-11-22.
pub(crate) const TIME: i64 = 1_795_305_600;

/// How many answers may wait, so that none is lost: about half of what the log lets wait.
const WAITING: usize = 8000;

/// One visitor's answer.
pub(crate) fn event(number: u64) -> Event {
    let bytes: [u8; 16] = (u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)).to_be_bytes();
    let both: CategorySet = [Category::Functional, Category::Analytical].into_iter().collect();
    let time = Timestamp::from_seconds(TIME);
    let validity = Term { months: 6, days: 0 };
    Event {
        id: RecordId::from_random(bytes),
        consent_id: ConsentId::from_bytes(bytes),
        site: "shop.example".into(),
        kind: EventKind::Expressed,
        time,
        validity,
        valid_until: validity.after(time),
        method: Method::BannerForm,
        offered: both,
        allowed: both,
        edition: EditionId::parse("2026-01").expect("a name"),
        notice: NoticeId(document_hash(NOTICE)),
        language: Language::Kk,
        page: Some(PagePath::new("/services")),
        agent: AgentFamily::Firefox,
        signals: Signals::default(),
        ends: None,
        frame: None,
    }
}

/// Writes many answers, as those for which nobody waits.
pub(crate) fn fill(store: &Store, events: u64) {
    for number in 0..events {
        while store.waiting() > WAITING {
            thread::yield_now();
        }
        store.append_later(event(number));
    }
    while store.waiting() > 0 {
        thread::yield_now();
    }
}
