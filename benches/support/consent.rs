//! A visitor who accepted, and a site that asked.

use kelisim::{
    consent::{Category, CategorySet, ConsentId, Edition, EditionId, Editions, Model, Record, Settings},
    ledger::LeafIndex,
    timestamp::{Term, Timestamp},
};

/// Everything that the site asks for.
pub(crate) fn both() -> CategorySet {
    [Category::Functional, Category::Analytical].into_iter().collect()
}

/// What the visitor answered.
pub(crate) fn record() -> Record {
    Record {
        consent_id: ConsentId::from_bytes([7; 16]),
        offered: both(),
        allowed: both(),
        time: Timestamp::parse("2026-11-01").expect("a date"),
        leaf: Some(LeafIndex(41)),
        edition: EditionId::parse("2026-01").expect("a name"),
    }
}

/// What the site asks, and how.
pub(crate) fn settings() -> Settings {
    let edition = Edition {
        id: record().edition,
        effective: Timestamp::parse("2026-01-01").expect("a date"),
        categories: both(),
        asks_again: false,
    };
    Settings {
        model: Model::OptIn,
        opt_in_countries: Vec::new(),
        offer: both(),
        valid_for: Term { months: 6, days: 0 },
        editions: Editions::new(vec![edition]).expect("one edition"),
    }
}
