//! The manifest of a bundle: what it says of its files, and whether they are so.

use crate::{
    ledger::{Fields, audit::Period, field, hex, read_json},
    timestamp::Timestamp,
};

/// The file's name.
pub(super) const NAME: &str = "manifest.json";

/// What is read of the manifest.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) origin: String,
    pub(super) size: u64,
    /// The period that was asked for.
    pub(super) period: Period,
    /// The leaves whose records the bundle claims to hold completely: the first, and the one after the last.
    leaves: (u64, u64),
    pub(super) files: Fields,
}

impl Manifest {
    /// Reads a manifest; `None` where it is none, or of another format.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let manifest: Fields = read_json(text)?;
        let (leaves, period): (Fields, Fields) = (field(&manifest, "leaves")?, field(&manifest, "period")?);
        (field::<String>(&manifest, "format")? == "kelisim-bundle/v1").then_some(())?;
        Some(Self {
            origin: field(&manifest, "origin")?,
            size: field(&manifest, "size")?,
            period: Period { from: bound(&period, "from")?, to: bound(&period, "to")? },
            leaves: (field(&leaves, "first")?, field(&leaves, "after")?),
            files: field(&manifest, "files")?,
        })
    }

    /// The leaves whose records have to be here, in a log of this size: where nobody asked for a bound none is believed.
    pub(super) fn leaves(&self, size: u64) -> (u64, u64) {
        let (first, after) = self.leaves;
        (self.period.from.map_or(0, |_| first), self.period.to.map_or(size, |_| after))
    }

    /// Whether a file has the hash that stands here beside its name.
    pub(super) fn describes(&self, name: &str, hash: &[u8]) -> bool {
        let described: Option<Fields> = field(&self.files, name);
        described.and_then(|file| field::<String>(&file, "sha256")).is_some_and(|known| known == hex(hash))
    }
}

/// A moment in its one spelling, or none; both have to stand there.
fn bound(period: &Fields, name: &str) -> Option<Option<Timestamp>> {
    let Some(text) = field::<Option<String>>(period, name)? else { return Some(None) };
    Timestamp::parse(&text).filter(|moment| moment.to_string() == text).map(Some)
}
