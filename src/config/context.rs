//! What all checks of one loading share: the text, the moment, the files read, and what was found.

use std::{
    cell::RefCell,
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest;

use super::fault::{Document, Fault, Warning};
use crate::timestamp::Timestamp;

/// What is wrong with a value, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Advice {
    pub(super) what: String,
    pub(super) remedy: String,
    /// Whether the line holds something that must not be shown.
    pub(super) is_secret: bool,
}

impl Advice {
    pub(super) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into(), is_secret: false }
    }

    /// About a value that is a secret: the line that it stands in is not shown.
    pub(super) fn secret(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { is_secret: true, ..Self::new(what, remedy) }
    }
}

/// One loading.
pub(super) struct Context {
    pub(super) document: Document,
    /// Where relative paths begin.
    base: PathBuf,
    pub(super) now: Timestamp,
    found: RefCell<Found>,
}

/// What one loading brought to light.
#[derive(Default)]
pub(super) struct Found {
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<Warning>,
    pub(super) files: Vec<PathBuf>,
    /// SHA-256 of each text read, the configuration first.
    hashes: Vec<[u8; 32]>,
}

impl Context {
    pub(super) fn new(document: Document, base: &Path, now: Timestamp) -> Self {
        let hashes = vec![sha256(document.text.as_bytes())];
        let found = RefCell::new(Found { hashes, ..Found::default() });
        Self { document, base: base.to_owned(), now, found }
    }

    pub(super) fn fault(&self, span: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) {
        self.add(Fault::at(&self.document, span, what.into(), remedy.into()));
    }

    /// The same of something that could not be read.
    pub(super) fn unread(&self, span: Range<usize>, what: String, remedy: &str, error: &io::Error) {
        self.add(Fault::at(&self.document, span, what, remedy.to_owned()).because(error));
    }

    /// The same without the line that it is about.
    pub(super) fn secret_fault(&self, span: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) {
        self.add(Fault::at(&self.document, span, what.into(), remedy.into()).without_excerpt());
    }

    /// A fault about the configuration as a whole.
    pub(super) fn fault_of_file(&self, what: &str, remedy: &str) {
        self.add(Fault::about_file(&self.document.name, what, remedy));
    }

    pub(super) fn warning(&self, span: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) {
        let finding = Fault::at(&self.document, span, what.into(), remedy.into());
        self.found.borrow_mut().warnings.push(Warning(finding));
    }

    /// Adds a fault that may lie in another file.
    pub(super) fn add(&self, fault: Fault) {
        self.found.borrow_mut().faults.push(fault);
    }

    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.document.text[..span.start].matches('\n').count() + 1
    }

    /// A path of the configuration: relative ones begin at its file.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.base.join(path)
    }

    /// Reads a file that the configuration names at `span`; what can't be read is a fault there.
    pub(super) fn read(&self, span: Range<usize>, path: &Path, meaning: &str) -> Option<Vec<u8>> {
        match fs::read(path) {
            Ok(bytes) => {
                let mut found = self.found.borrow_mut();
                found.files.push(path.to_owned());
                found.hashes.push(sha256(&bytes));
                Some(bytes)
            }
            Err(error) => {
                let what = format!("can't read the {meaning} {}: {error}", path.display());
                let remedy = "put the file there, or write the path where it is; paths are relative to this file";
                self.unread(span, what, remedy, &error);
                None
            }
        }
    }

    /// Ends the loading: what was found, faults in the order of the files, and one hash over all that was read.
    pub(super) fn finish(self) -> (Found, [u8; 32]) {
        let mut found = self.found.into_inner();
        let own = self.document.name;
        let order = |fault: &Fault| (fault.file != own, fault.file.clone(), fault.line, fault.column);
        found.faults.sort_by_key(order);
        found.warnings.sort_by_key(|warning| order(&warning.0));
        let fingerprint = sha256(&found.hashes.concat());
        (found, fingerprint)
    }
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}
