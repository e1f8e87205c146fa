//! One walk through a bundle: each file is read once, in the order in which the audit wants it.

use std::{collections::BTreeSet, fs::File, io::Read as _, path::Path};

use super::{
    Unusable, VerifyArguments, given_checkpoints,
    manifest::{self, Manifest},
    progress::Progress,
    source::{Opened, Source},
};
use crate::ledger::{
    EntryBundle, KeyKind, TILE_WIDTH, Tile, VerifierKey,
    audit::{Auditor, Held, Problem, ProblemKind, Report, Trust},
};

/// Longest line of a file of records, in bytes: the longest site name and page of a record, escaped, are a small part of it.
const LONGEST_LINE: usize = 64 * 1024;

/// Reads all of a bundle.
pub(super) fn audit(arguments: &VerifyArguments) -> Result<Report, Unusable> {
    let given = given_checkpoints(&arguments.checkpoint)?;
    let path = || arguments.bundle.clone();
    let opened = Source::open(&arguments.bundle).map_err(|source| Unusable::Unreadable { path: path(), source })?;
    match report(opened, arguments, &given) {
        Some(report) => Ok(report),
        None if is_json(&arguments.bundle) => Err(Unusable::Readable { path: path() }),
        None => Err(Unusable::NoBundle { path: path() }),
    }
}

/// What is found in it; nothing where it is no bundle.
pub(super) fn report(opened: Opened, arguments: &VerifyArguments, given: &[(String, String)]) -> Option<Report> {
    match opened {
        Opened::Bundle(source) => Some(Walk::new(source).audit(arguments, given)),
        Opened::NoBundle => None,
        Opened::Hostile => {
            let problem = Problem::in_file(ProblemKind::Format, &arguments.bundle.display().to_string());
            Some(Report { key_given: arguments.key.is_some(), problems: vec![problem], ..Report::default() })
        }
    }
}

/// Whether a file begins as JSON does: the readable receipt and the exports for programs are objects.
fn is_json(path: &Path) -> bool {
    let mut first = [0];
    File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first == *b"{"
}

struct Walk {
    source: Source,
    problems: BTreeSet<Problem>,
    progress: Progress,
}

impl Walk {
    fn new(source: Source) -> Self {
        Self { source, problems: BTreeSet::new(), progress: Progress::default() }
    }

    fn audit(mut self, arguments: &VerifyArguments, given: &[(String, String)]) -> Report {
        let own = self.key();
        let key_given = arguments.key.is_some();
        if let (Some(given), Some(own)) = (&arguments.key, &own)
            && !given.is_same_key(own)
        {
            // Whatever else was found would be said of a log that the reader did not mean.
            let problems = vec![Problem::in_file(ProblemKind::KeyDiffers, "key")];
            return Report { key_given, log_key: Some(own.clone()), problems, ..Report::default() };
        }
        let witnesses = self.witnesses(&arguments.witness);
        let manifest = self.manifest();
        let newest = self.text("checkpoint");
        let period = manifest.as_ref().map(|manifest| manifest.period);
        let has_page = self.source.names().contains("index.html");
        let own_name = own.as_ref().map(|key| key.name().into());
        let (Some(key), Some(newest)) = (arguments.key.clone().or_else(|| own.clone()), newest) else {
            let problems = self.problems.into_iter().collect();
            return Report { key_given, log_key: own, period, has_page, problems, ..Report::default() };
        };
        let mut auditor = Auditor::new(Trust { key, key_given, own_name, witnesses });
        let size = auditor.checkpoint("checkpoint", &newest, Held::Newest);
        // What is kept of each leaf is bounded by the files that are there, and not by a number that anybody can write.
        let most = TILE_WIDTH * self.source.names().len() as u64;
        if size.is_some_and(|size| size > most) {
            self.found(ProblemKind::Format, "checkpoint");
        } else if let Some(size) = size {
            self.log(&mut auditor, size, given);
            if let Some(manifest) = &manifest {
                if auditor.complete() {
                    self.records(&mut auditor, manifest, size);
                }
                self.described(manifest, &newest, size);
            }
        }
        self.progress.end();
        self.problems.into_iter().for_each(|problem| auditor.problem(problem));
        Report { log_key: own, period, has_page, ..auditor.finish() }
    }

    /// The tree, and the checkpoints that are held to it.
    fn log(&mut self, auditor: &mut Auditor, size: u64, given: &[(String, String)]) {
        for file in self.files("checkpoints/") {
            if let Some(text) = self.text(&file) {
                auditor.checkpoint(&file, &text, Held::Kept);
            }
        }
        for (file, text) in given {
            auditor.checkpoint(file, text, Held::Given);
        }
        for file in self.files("consistency/") {
            if let Some((old, new)) = tied(&file)
                && let Some(text) = self.text(&file)
            {
                auditor.consistency(&file, old, new, &text);
            }
        }
        for index in 0..size.div_ceil(TILE_WIDTH) {
            let bundle = EntryBundle::in_tree(index, size).expect("the index is that of a bundle of the tree");
            match self.required(&bundle.path()) {
                Some(bytes) => auditor.entries(bundle, &bytes),
                None => auditor.entries_missing(bundle),
            }
            self.progress.step("leaves", index * TILE_WIDTH);
        }
        if !auditor.complete() {
            return;
        }
        auditor.compare();
        for tile in Tile::all(size) {
            if let Some(bytes) = self.required(&tile.path()) {
                auditor.tile(tile, &bytes);
            }
        }
    }

    fn found(&mut self, kind: ProblemKind, file: &str) {
        self.problems.insert(Problem::in_file(kind, file));
    }

    /// The key in the bundle. Its name may be another than that of the key that was given: a restore renames the log.
    fn key(&mut self) -> Option<VerifierKey> {
        let text = self.text("key")?;
        let key = key_in(&text).filter(|key| key.kind() == KeyKind::Log);
        if key.is_none() {
            self.found(ProblemKind::Format, "key");
        }
        key
    }

    /// The keys of witnesses, those that were given first; of a file with a line that is no key none counts.
    fn witnesses(&mut self, given: &[VerifierKey]) -> Vec<(VerifierKey, bool)> {
        let text = if self.source.names().contains("witnesses") { self.text("witnesses") } else { None };
        let text = text.unwrap_or_default();
        let lines = text.lines().filter(|line| !line.trim_ascii().is_empty());
        let own: Option<Vec<_>> = lines.map(|line| key_in(line).filter(|key| key.kind() == KeyKind::Witness)).collect();
        if own.is_none() {
            self.found(ProblemKind::Format, "witnesses");
        }
        let own = own.into_iter().flatten().map(|key| (key, false));
        let mut witnesses: Vec<(VerifierKey, bool)> = Vec::new();
        for (key, is_given) in given.iter().cloned().map(|key| (key, true)).chain(own) {
            if !witnesses.iter().any(|(known, _)| *known == key) {
                witnesses.push((key, is_given));
            }
        }
        witnesses
    }

    fn manifest(&mut self) -> Option<Manifest> {
        if !self.source.names().contains(manifest::NAME) {
            let folders = ["records/", "notices/", "policies/"];
            let whole = self.source.names().iter().any(|name| folders.iter().any(|folder| name.starts_with(folder)));
            // A folder of tiles has none and needs none.
            if whole {
                self.found(ProblemKind::FileMissing, manifest::NAME);
            }
            return None;
        }
        let read = self.source.read(manifest::NAME).ok();
        let manifest = read.and_then(|bytes| Manifest::parse(&bytes));
        if manifest.is_none() {
            self.found(ProblemKind::Format, manifest::NAME);
        }
        manifest
    }

    fn records(&mut self, auditor: &mut Auditor, manifest: &Manifest, size: u64) {
        let (first, after) = manifest.leaves(size);
        auditor.begin_records(first, after);
        for file in [self.files("notices/"), self.files("policies/")].concat() {
            let bytes = self.required(&file);
            auditor.text(&file, bytes.as_deref());
        }
        let mut count = 0;
        for file in self.files("records/") {
            let Some(bytes) = self.required(&file) else { continue };
            for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                match line.strip_suffix(b"\n").filter(|line| line.len() <= LONGEST_LINE) {
                    Some(line) => auditor.record_line(&file, line),
                    None => self.found(ProblemKind::Format, &file),
                }
                count += 1;
                self.progress.step("records", count);
            }
        }
    }

    /// Compares everything with the manifest.
    fn described(&mut self, manifest: &Manifest, newest: &str, size: u64) {
        if manifest.size != size || newest.split('\n').next() != Some(&manifest.origin) {
            self.found(ProblemKind::FileChanged, "checkpoint");
        }
        for name in self.source.names().clone() {
            if name == manifest::NAME {
                continue;
            }
            // What could not be read before can't be read now, and has been told.
            let known = self.problems.contains(&Problem::in_file(ProblemKind::Format, &name));
            if self.source.sum(&name).is_none() && !known && self.source.read(&name).is_err() {
                self.found(ProblemKind::Format, &name);
            }
            if self.source.sum(&name).is_some_and(|sum| !manifest.describes(&name, sum)) {
                self.found(ProblemKind::FileChanged, &name);
            }
        }
        for name in manifest.files.keys().filter(|name| !self.source.names().contains(*name)) {
            self.problems.insert(Problem::in_file(ProblemKind::FileMissing, name));
        }
    }

    fn files(&self, folder: &str) -> Vec<String> {
        self.source.names().iter().filter(|name| name.starts_with(folder)).cloned().collect()
    }

    /// The bytes of a file that has to be there.
    fn required(&mut self, file: &str) -> Option<Vec<u8>> {
        if !self.source.names().contains(file) {
            self.found(ProblemKind::FileMissing, file);
            return None;
        }
        let read = self.source.read(file);
        if read.is_err() {
            self.found(ProblemKind::Format, file);
        }
        read.ok()
    }

    /// The text of a file that has to be there.
    fn text(&mut self, file: &str) -> Option<String> {
        let text = self.required(file).map(String::from_utf8)?;
        if text.is_err() {
            self.found(ProblemKind::Format, file);
        }
        text.ok()
    }
}

/// A key on a line of its own. Only what ASCII calls white space may stand around it.
fn key_in(line: &str) -> Option<VerifierKey> {
    let line = line.trim_ascii();
    (line == line.trim()).then(|| VerifierKey::parse(line).ok()).flatten()
}

/// The sizes of the two trees that a proof of consistency ties together, as its file is named; `None` where it is named otherwise.
fn tied(file: &str) -> Option<(u64, u64)> {
    let size = |text: &str| {
        let digits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse().ok() } else { None }
    };
    let (old, new) = file.strip_prefix("consistency/")?.split_once('-')?;
    Some((size(old)?, size(new)?))
}
