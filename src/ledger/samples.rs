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

/// The document of the notice that [`event`] names, with what exports repeat of it.
pub(crate) fn notice() -> String {
    let items = ["controller", "address", "email", "subject", "data", "term", "third", "cross", "public", "storage"];
    let items =
        items.map(|item| serde_json::json!({ "label": item, "language": "kk", "value": format!("{item}: «жоқ»") }));
    let purposes = [("necessary", "Қажетті"), ("functional", "Функционалдық"), ("analytical", "Талдау")];
    let purposes =
        purposes.map(|(category, name)| serde_json::json!({ "category": category, "name": name, "text": "…" }));
    let document = serde_json::json!({
        "article_8_4": items,
        "banner": { "sha256": "00", "text": "Біз cookie файлдарын қолданамыз" },
        "controller": {
            "address": "Астана", "bin": null, "email": "a@b.kz", "iin": "850617450628",
            "identification": "ЖСН 850617450628", "name": "Айнұр",
        },
        "data": ["cookies", "truncated address"],
        "edition": "2026-01",
        "hosts": [{ "category": "analytical", "name": "stats.example", "owner": "Stats", "sees_address": true }],
        "jurisdiction": "KZ",
        "language": "kk",
        "layers": {
            "banner": ["Біз cookie файлдарын қолданамыз", "[Қабылдау]"],
            "settings": ["Баптаулар", "[Сақтау]"],
            "receipt": ["Не жазылған", "[Келісімді қайтарып алу]"],
            "frame": [
                { "host": "maps.example", "text": ["maps.example жүктелмеді", "[Бір рет жүктеу]"] },
                { "host": "*.video.example", "text": ["*.video.example жүктелмеді"] },
            ],
        },
        "policy": [{ "language": "ru", "sha256": "00" }],
        "purposes": purposes,
        "rights": ["сұрату", "жою"],
        "site": "rysbekova.kz",
        "valid_for": "P6M",
        "withdrawal": "https://rysbekova.kz/_kelisim/settings",
    });
    document.to_string()
}
