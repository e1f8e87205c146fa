//! What a backup says of itself: which log, how much of it, and what every file must be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The name of the manifest in the archive.
pub(super) const NAME: &str = "backup.json";
/// The form that this program writes and reads.
pub(super) const FORM: u32 = 1;
/// Longest manifest, in bytes: a line for each of the most files.
pub(super) const LONGEST: u64 = 4 << 20;

/// The manifest of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Another number where something is no longer found where it was.
    pub(super) form: u32,
    /// Name and version of the program that made it.
    pub program: String,
    /// When.
    pub made: String,
    /// The log, and those that it goes on from, the newest first.
    pub logs: Vec<String>,
    /// How many leaves there are.
    pub leaves: u64,
    /// Every file by its name in the state directory.
    pub(super) files: BTreeMap<String, Facts>,
}

/// What a file must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) bytes: u64,
    /// SHA-256 in hexadecimal.
    pub(super) sha256: String,
}

impl Manifest {
    /// How many files it holds.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// How many bytes they are.
    pub fn bytes(&self) -> u64 {
        self.files.values().fold(0, |sum, file| sum.saturating_add(file.bytes))
    }
}
