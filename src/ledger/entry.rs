//! What can stand in the log, and how it becomes a leaf.
//!
//! The leaves are those of RFC 6962, section 2.1, so that a Merkle tree in C2SP tiles can be laid over them at any time:
//!
//! ```text
//! leaf hash   = SHA-256( 0x00 || leaf data )
//! leaf data   = "kelisim-consent-leaf/v1\n"   || commitment                  (24 + 32 bytes)
//!             | "kelisim-start-leaf/v1\n"     || JSON
//!             | "kelisim-notice-leaf/v1\n"    || JSON
//!             | "kelisim-erasure-leaf/v1\n"   || JSON
//!             | "kelisim-retention-leaf/v1\n" || JSON, and so on: one tag for each kind of [`Entry`]
//! commitment  = SHA-256( "kelisim-commitment/v1\n" || salt || record )       salt: 32 random bytes
//! record      = the canonical bytes of the event, see [`super::canonical`]
//! ```
//!
//! Tag and salt have fixed lengths, so no two pairs of salt and record are hashed as the same bytes. The salt is kept beside
//! the record and deleted with it: then the commitment says nothing, not even to somebody who guesses the record, and the leaf
//! stays. JSON leaves have a fixed order of fields and no white space. A leaf never holds personal data, and never a person's name.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};

use super::{
    LeafIndex, NoticeId,
    administration::{Access, EnforcementCount, ServiceState},
    hex::{hex, unhex},
    leaf_content::Content,
};
use crate::{consent::EditionId, timestamp::Timestamp, visitor::Language};

/// Longest leaf, in bytes: the length of an entry in a bundle has two bytes (C2SP tlog-tiles, "Log entries").
pub const LONGEST_LEAF: usize = 65_535;

/// 32 random bytes that hide a record behind its leaf. Deleted with the record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

/// SHA-256 of a leaf as RFC 6962, section 2.1, takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeafHash(pub [u8; 32]);

/// A random name for one log. A log that was restored from a backup has a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogId(pub [u8; 16]);

impl LogId {
    /// Reads a name as it is written: 32 hexadecimal digits in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text).map(Self)
    }

    /// Reads the name from the data of a log's first leaf.
    pub fn of_first_leaf(leaf_data: &[u8]) -> Option<Self> {
        let content: serde_json::Value =
            serde_json::from_slice(leaf_data.strip_prefix(b"kelisim-start-leaf/v1\n")?).ok()?;
        unhex(content.get("log")?.as_str()?).map(Self)
    }
}

impl fmt::Display for LogId {
    /// 32 hexadecimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex(&self.0))
    }
}

/// The log that this one goes on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Predecessor {
    /// Its name.
    pub log: LogId,
    /// How many of its leaves are known.
    pub size: u64,
}

/// Why a person's records were deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasureReason {
    /// The person asked (clause 7.1 of the policy).
    Request,
    /// A court or an authority ordered it.
    Order,
}

impl ErasureReason {
    /// Every reason.
    pub const ALL: [Self; 2] = [Self::Request, Self::Order];

    /// The word used in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Order => "order",
        }
    }
}

/// One thing that the log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A log begins here; always the first leaf.
    Start {
        /// The name of the log.
        log: LogId,
        /// The log before it, after a restore.
        follows: Option<Predecessor>,
        /// When; only the day is written.
        day: Timestamp,
    },
    /// An event, hidden behind its commitment. Made by [`Entry::consent`].
    Consent {
        /// SHA-256 over tag, salt and record.
        commitment: [u8; 32],
    },
    /// What visitors are shown, from here on.
    Notice {
        /// Its name.
        id: NoticeId,
        /// Its language.
        language: Language,
        /// The edition of the policy that it belongs to.
        edition: EditionId,
        /// SHA-256 of the notice document.
        document: [u8; 32],
        /// When; only the day is written.
        day: Timestamp,
    },
    /// The record and the salt of a leaf were deleted for a person.
    Erasure {
        /// Which leaf.
        index: LeafIndex,
        /// Why.
        reason: ErasureReason,
        /// When; only the day is written.
        day: Timestamp,
    },
    /// The term for keeping records ran out.
    Retention {
        /// First and last leaf of each run: every record within was deleted, now or before.
        ranges: Vec<(LeafIndex, LeafIndex)>,
        /// Deleted was what had ceased to be valid before this day.
        before: Timestamp,
        /// When; only the day is written.
        day: Timestamp,
    },
    /// A text of the policy that visitors can read, from here on.
    Policy {
        /// The edition.
        edition: EditionId,
        /// The language of the text.
        language: Language,
        /// SHA-256 of the text.
        document: [u8; 32],
        /// When the edition comes into force.
        effective: Timestamp,
        /// When; only the day is written.
        day: Timestamp,
    },
    /// The gateway works by this configuration, from here on.
    Configuration {
        /// SHA-256 of the files.
        fingerprint: [u8; 32],
        /// What of it bears on visitors, as a canonical JSON object.
        summary: Box<str>,
        /// When.
        time: Timestamp,
    },
    /// The gateway started or stopped.
    Service {
        /// Which of the two.
        state: ServiceState,
        /// The version of the program.
        version: Box<str>,
        /// When.
        time: Timestamp,
    },
    /// Somebody of the operator's people or an auditor took records out of the log.
    Access(Access),
    /// What was enforced on one day.
    Enforcement {
        /// The day.
        day: Timestamp,
        /// The counts, in a fixed order.
        counts: Vec<EnforcementCount>,
    },
    /// The key by which visitors were counted on one day is no more.
    Key {
        /// The day that it was for, in the time zone of the statistics.
        day: Timestamp,
        /// SHA-256 of the key, as the statistics make it.
        commitment: [u8; 32],
        /// When it was erased.
        time: Timestamp,
    },
}

impl Entry {
    /// The entry of an event, given its canonical bytes and a fresh salt.
    pub fn consent(salt: &Salt, record: &[u8]) -> Self {
        Self::Consent { commitment: sha256(&[b"kelisim-commitment/v1\n", &salt.0, record]) }
    }

    /// The word for the kind of entry, as it stands in the tag line.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Start { .. } => "start",
            Self::Consent { .. } => "consent",
            Self::Notice { .. } => "notice",
            Self::Erasure { .. } => "erasure",
            Self::Retention { .. } => "retention",
            Self::Policy { .. } => "policy",
            Self::Configuration { .. } => "configuration",
            Self::Service { .. } => "service",
            Self::Access(_) => "access",
            Self::Enforcement { .. } => "enforcement",
            Self::Key { .. } => "key",
        }
    }

    /// The bytes that are published as a tile's entry: tag line and content.
    pub fn leaf_data(&self) -> Vec<u8> {
        let mut data = format!("kelisim-{}-leaf/v1\n", self.kind()).into_bytes();
        match self {
            Self::Consent { commitment } => data.extend_from_slice(commitment),
            entry => serde_json::to_writer(&mut data, &Content::of(entry)).expect("plain values are always JSON"),
        }
        data
    }
}

/// The hash of leaf data (RFC 6962, section 2.1).
pub fn leaf_hash(leaf_data: &[u8]) -> LeafHash {
    LeafHash(sha256(&[&[0], leaf_data]))
}

/// SHA-256 of a notice document, as the notice's leaf names it.
pub fn document_hash(json: &str) -> [u8; 32] {
    sha256(&[json.as_bytes()])
}

pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().try_into().expect("SHA-256 gives 32 bytes")
}
