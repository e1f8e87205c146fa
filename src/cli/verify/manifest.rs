//! The manifest of a bundle: what it says of its files, and whether they are so.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::source::Sum;
use crate::ledger::hex;

/// Largest manifest, in bytes: 100 bytes for each file of a log of a hundred million leaves.
pub(super) const LONGEST: u64 = 128 << 20;

/// The file's name.
pub(super) const NAME: &str = "manifest.json";

/// What is read of the manifest.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    format: String,
    pub(super) origin: String,
    pub(super) size: u64,
    pub(super) leaves: Range,
    pub(super) files: BTreeMap<String, Described>,
}

/// The leaves whose records the bundle claims to hold completely.
#[derive(Debug, Deserialize)]
pub(super) struct Range {
    pub(super) first: u64,
    pub(super) after: u64,
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
        let manifest: Self = serde_json::from_slice(text).ok()?;
        let sound = manifest.format == "kelisim-bundle/v1" && manifest.leaves.first <= manifest.leaves.after;
        sound.then_some(manifest)
    }
}

impl Described {
    /// Whether a file of this length and hash is the one.
    pub(super) fn is(&self, (length, hash): Sum) -> bool {
        self.bytes == length && self.sha256 == hex(&hash)
    }
}
