//! Reading leaves back. Strict: what [`Entry::leaf_data`] would write otherwise is no leaf, so that every entry has one spelling.

use std::str;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Access, AccessKind, Accessor, AccountNumber, Enforced, EnforcementCount, Entry, ErasureReason, LeafIndex, LogId,
    NoticeId, Predecessor, ServiceState, hex::unhex, json::read_json,
};
use crate::{
    consent::{Category, EditionId},
    timestamp::Timestamp,
    visitor::Language,
};

impl Entry {
    /// Reads the data of a leaf; `None` for anything but what [`Entry::leaf_data`] writes for some entry, and for a retention whose
    /// ranges do not ascend.
    pub fn parse(leaf_data: &[u8]) -> Option<Self> {
        // A commitment may have the byte of a line's end in it; the tag has none but its last.
        let tag_end = leaf_data.iter().position(|byte| *byte == b'\n')?;
        let (tag, content) = leaf_data.split_at(tag_end + 1);
        let entry = match str::from_utf8(tag).ok()?.strip_prefix("kelisim-")?.strip_suffix("-leaf/v1\n")? {
            "consent" => Self::Consent { commitment: content.try_into().ok()? },
            "start" => read_json::<Start>(content)?.entry()?,
            "notice" => read_json::<Notice>(content)?.entry()?,
            "erasure" => read_json::<Erasure>(content)?.entry()?,
            "retention" => read_json::<Retention>(content)?.entry()?,
            "policy" => read_json::<Policy>(content)?.entry()?,
            "configuration" => read_json::<Configuration>(content)?.entry()?,
            "service" => read_json::<Service>(content)?.entry()?,
            "access" => read_json::<Taken>(content)?.entry()?,
            "enforcement" => read_json::<Enforcement>(content)?.entry()?,
            "key" => read_json::<Key>(content)?.entry()?,
            _ => return None,
        };
        (entry.leaf_data() == leaf_data).then_some(entry)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    log: String,
    follows: Option<Follows>,
    day: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Follows {
    log: String,
    size: u64,
}

impl Start {
    fn entry(self) -> Option<Entry> {
        let follows = match self.follows {
            Some(old) => Some(Predecessor { log: unhex(&old.log).map(LogId)?, size: old.size }),
            None => None,
        };
        Some(Entry::Start { log: unhex(&self.log).map(LogId)?, follows, day: Timestamp::parse(&self.day)? })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Notice {
    notice_id: String,
    language: String,
    edition: String,
    document_sha256: String,
    day: String,
}

impl Notice {
    fn entry(self) -> Option<Entry> {
        Some(Entry::Notice {
            id: NoticeId::parse(&self.notice_id)?,
            language: Language::parse(&self.language)?,
            edition: EditionId::parse(&self.edition)?,
            document: unhex(&self.document_sha256)?,
            day: Timestamp::parse(&self.day)?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Erasure {
    index: u64,
    reason: String,
    day: String,
}

impl Erasure {
    fn entry(self) -> Option<Entry> {
        Some(Entry::Erasure {
            index: LeafIndex(self.index),
            reason: ErasureReason::ALL.into_iter().find(|reason| reason.name() == self.reason)?,
            day: Timestamp::parse(&self.day)?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Retention {
    ranges: Vec<(u64, u64)>,
    before: String,
    day: String,
}

impl Retention {
    fn entry(self) -> Option<Entry> {
        // Ascending and apart: so that no more is told than there are leaves.
        let mut free = Some(0);
        for (first, last) in &self.ranges {
            free.filter(|free| free <= first && first <= last)?;
            free = last.checked_add(1);
        }
        Some(Entry::Retention {
            ranges: self.ranges.into_iter().map(|(first, last)| (LeafIndex(first), LeafIndex(last))).collect(),
            before: Timestamp::parse(&self.before)?,
            day: Timestamp::parse(&self.day)?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    edition: String,
    language: String,
    document_sha256: String,
    effective: String,
    day: String,
}

impl Policy {
    fn entry(self) -> Option<Entry> {
        Some(Entry::Policy {
            edition: EditionId::parse(&self.edition)?,
            language: Language::parse(&self.language)?,
            document: unhex(&self.document_sha256)?,
            effective: Timestamp::parse(&self.effective)?,
            day: Timestamp::parse(&self.day)?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    fingerprint: String,
    summary: Box<RawValue>,
    time: String,
}

impl Configuration {
    fn entry(self) -> Option<Entry> {
        let summary = self.summary.get();
        summary.starts_with('{').then_some(Entry::Configuration {
            fingerprint: unhex(&self.fingerprint)?,
            summary: summary.into(),
            time: Timestamp::parse(&self.time)?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    state: String,
    version: String,
    time: String,
}

impl Service {
    fn entry(self) -> Option<Entry> {
        Some(Entry::Service {
            state: ServiceState::ALL.into_iter().find(|state| state.name() == self.state)?,
            version: self.version.into(),
            time: Timestamp::parse(&self.time)?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Taken {
    by: String,
    what: String,
    form: String,
    from: String,
    to: String,
    time: String,
}

impl Taken {
    fn entry(self) -> Option<Entry> {
        let by = if self.by == Accessor::CommandLine.to_string() {
            Accessor::CommandLine
        } else {
            Accessor::Account(AccountNumber::parse(&self.by)?)
        };
        Some(Entry::Access(Access {
            by,
            what: AccessKind::ALL.into_iter().find(|kind| kind.name() == self.what)?,
            form: Access::FORMS.into_iter().find(|form| *form == self.form)?,
            from: Timestamp::parse(&self.from)?,
            to: Timestamp::parse(&self.to)?,
            time: Timestamp::parse(&self.time)?,
        }))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enforcement {
    day: String,
    counts: Vec<Count>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    day: String,
    commitment: String,
    time: String,
}

impl Key {
    fn entry(self) -> Option<Entry> {
        Some(Entry::Key {
            day: Timestamp::parse(&self.day)?,
            commitment: unhex(&self.commitment)?,
            time: Timestamp::parse(&self.time)?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    site: String,
    what: String,
    category: String,
    refused: u64,
    passed: u64,
}

impl Enforcement {
    fn entry(self) -> Option<Entry> {
        let counts: Option<_> = self.counts.into_iter().map(Count::count).collect();
        Some(Entry::Enforcement { day: Timestamp::parse(&self.day)?, counts: counts? })
    }
}

impl Count {
    fn count(self) -> Option<EnforcementCount> {
        let category = if self.category == "unknown" { None } else { Some(Category::parse(&self.category)?) };
        Some(EnforcementCount {
            site: self.site.into(),
            what: Enforced::ALL.into_iter().find(|what| what.name() == self.what)?,
            category,
            refused: self.refused,
            passed: self.passed,
        })
    }
}
