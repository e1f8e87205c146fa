//! The manifest of a bundle: what it says of its files, and whether they are so.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::source::Sum;
use crate::{
    ledger::{Object, audit::Period, hex, read_json},
    timestamp::Timestamp,
};

/// Largest manifest, in bytes: 100 bytes for each file of a log of twenty million leaves.
pub(super) const LONGEST: u64 = 32 << 20;

/// The file's name.
pub(super) const NAME: &str = "manifest.json";

/// What is read of the manifest.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    format: String,
    pub(super) origin: String,
    pub(super) size: u64,
    period: Object<Bounds>,
    leaves: Object<Leaves>,
    pub(super) files: BTreeMap<String, Object<Described>>,
}

/// The period that was asked for; both have to be there, and `null` where there was no bound.
#[derive(Debug, Deserialize)]
struct Bounds {
    #[serde(deserialize_with = "bound")]
    from: Option<Timestamp>,
    #[serde(deserialize_with = "bound")]
    to: Option<Timestamp>,
}

/// The leaves whose records the bundle claims to hold completely.
#[derive(Debug, Deserialize)]
struct Leaves {
    first: u64,
    after: u64,
}

/// One file.
#[derive(Debug, Deserialize)]
pub(super) struct Described {
    bytes: u64,
    sha256: String,
}

impl Manifest {
    /// Reads a manifest; `None` where it is none, or of another format.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let Object(manifest) = read_json::<Object<Self>>(text)?;
        let sound = manifest.format == "kelisim-bundle/v1" && manifest.leaves.0.first <= manifest.leaves.0.after;
        sound.then_some(manifest)
    }

    /// The period that was asked for.
    pub(super) const fn period(&self) -> Period {
        Period { from: self.period.0.from, to: self.period.0.to }
    }

    /// The leaves whose records have to be here, in a log of this size: where nobody asked for a bound none is believed.
    pub(super) fn leaves(&self, size: u64) -> (u64, u64) {
        let (period, leaves) = (self.period(), &self.leaves.0);
        (period.from.map_or(0, |_| leaves.first), period.to.map_or(size, |_| leaves.after))
    }

    /// Whether its range of leaves is one of a log of this size.
    pub(super) const fn fits(&self, size: u64) -> bool {
        self.leaves.0.after <= size
    }
}

impl Described {
    /// Whether a file of this length and hash is the one.
    pub(super) fn is(&self, (length, hash): Sum) -> bool {
        self.bytes == length && self.sha256 == hex(&hash)
    }
}

/// A moment in its one spelling, or none.
fn bound<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let moment = Timestamp::parse(&text).filter(|moment| moment.to_string() == text);
    moment.map(Some).ok_or_else(|| D::Error::custom("not a moment"))
}
