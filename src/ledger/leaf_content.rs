//! The JSON inside of the leaves that have some: its fields and their order never change.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Entry, administration::EnforcementCount, hex::hex};
use crate::consent::Category;

/// The JSON of the leaves that have some, in the order in which it is written.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Content {
    Start { log: String, follows: Option<Follows>, day: String },
    Notice { notice_id: String, language: &'static str, edition: String, document_sha256: String, day: String },
    Erasure { index: u64, reason: &'static str, day: String },
    Retention { ranges: Vec<(u64, u64)>, before: String, day: String },
    Policy { edition: String, language: &'static str, document_sha256: String, effective: String, day: String },
    Configuration { fingerprint: String, summary: Box<RawValue>, time: String },
    Service { state: &'static str, version: String, time: String },
    Access { by: String, what: &'static str, form: &'static str, from: String, to: String, time: String },
    Enforcement { day: String, counts: Vec<Count> },
    Key { day: String, commitment: String, time: String },
    Nothing,
}

#[derive(Serialize)]
pub(super) struct Follows {
    log: String,
    size: u64,
}

impl Content {
    pub(super) fn of(entry: &Entry) -> Self {
        match entry {
            Entry::Start { log, follows, day } => Self::Start {
                log: hex(&log.0),
                follows: follows.map(|old| Follows { log: hex(&old.log.0), size: old.size }),
                day: day.date(),
            },
            Entry::Consent { .. } => Self::Nothing,
            Entry::Policy { edition, language, document, effective, day } => Self::Policy {
                edition: edition.to_string(),
                language: language.tag(),
                document_sha256: hex(document),
                effective: effective.date(),
                day: day.date(),
            },
            Entry::Configuration { fingerprint, summary, time } => Self::Configuration {
                fingerprint: hex(fingerprint),
                summary: RawValue::from_string(summary.to_string()).expect("a summary is JSON"),
                time: time.to_string(),
            },
            Entry::Service { state, version, time } => {
                Self::Service { state: state.name(), version: version.to_string(), time: time.to_string() }
            }
            Entry::Access(access) => Self::Access {
                by: access.by.to_string(),
                what: access.what.name(),
                form: access.form,
                from: access.from.to_string(),
                to: access.to.to_string(),
                time: access.time.to_string(),
            },
            Entry::Enforcement { day, counts } => {
                Self::Enforcement { day: day.date(), counts: counts.iter().map(Count::of).collect() }
            }
            Entry::Key { day, commitment, time } => {
                Self::Key { day: day.date(), commitment: hex(commitment), time: time.to_string() }
            }
            Entry::Notice { id, language, edition, document, day } => Self::Notice {
                notice_id: id.to_string(),
                language: language.tag(),
                edition: edition.to_string(),
                document_sha256: hex(document),
                day: day.date(),
            },
            Entry::Erasure { index, reason, day } => {
                Self::Erasure { index: index.0, reason: reason.name(), day: day.date() }
            }
            Entry::Retention { ranges, before, day } => Self::Retention {
                ranges: ranges.iter().map(|(first, last)| (first.0, last.0)).collect(),
                before: before.date(),
                day: day.date(),
            },
        }
    }
}

#[derive(Serialize)]
pub(super) struct Count {
    site: String,
    what: &'static str,
    category: &'static str,
    refused: u64,
    passed: u64,
}

impl Count {
    fn of(count: &EnforcementCount) -> Self {
        Self {
            site: count.site.to_string(),
            what: count.what.name(),
            category: count.category.map_or("unknown", Category::name),
            refused: count.refused,
            passed: count.passed,
        }
    }
}
