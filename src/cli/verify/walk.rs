//! One walk through a bundle: each file is read once, in the order in which the audit wants it.

use std::collections::BTreeSet;

use super::{
    Unusable, VerifyArguments, given_checkpoints,
    lines::Lines,
    manifest::{self, Manifest},
    progress::Progress,
    source::{LARGEST_FILE, Opened, Source},
};
use crate::ledger::{
    EntryBundle, KeyKind, LONGEST_LEAF, LONGEST_NOTE, TILE_WIDTH, Tile, VerifierKey,
    audit::{Auditor, Held, Problem, ProblemKind, Report, Trust},
};

/// Largest notice or policy, in bytes.
const LONGEST_TEXT: u64 = 16 << 20;

/// Largest bundle of leaves, in bytes.
pub(super) const LONGEST_ENTRIES: u64 = TILE_WIDTH * (LONGEST_LEAF as u64 + 2);

/// Reads all of a bundle.
pub(super) fn audit(arguments: &VerifyArguments) -> Result<Report, Unusable> {
    let given = given_checkpoints(&arguments.checkpoint)?;
    let path = || arguments.bundle.clone();
    match Source::open(&arguments.bundle).map_err(|source| Unusable::Unreadable { path: path(), source })? {
        Opened::Bundle(source) => Ok(Walk::new(source).audit(arguments, &given)),
        Opened::NoBundle => Err(Unusable::NoBundle { path: path() }),
        Opened::Hostile => {
            let problem = Problem::in_file(ProblemKind::Format, &arguments.bundle.display().to_string());
            Ok(Report { key_given: arguments.key.is_some(), problems: vec![problem], ..Report::default() })
        }
    }
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
        let key = self.key(arguments.key.as_ref());
        let witnesses = self.witnesses(&arguments.witness);
        let manifest = self.manifest();
        let newest = self.required_text("checkpoint");
        let (key_given, period) = (arguments.key.is_some(), manifest.as_ref().map(Manifest::period));
        let has_page = self.source.names().contains("index.html");
        let own_name = key.as_ref().map(|key| key.name().into());
        let (Some(key), Some(newest)) = (arguments.key.clone().or(key), newest) else {
            let problems = self.problems.into_iter().collect();
            return Report { key_given, period, has_page, problems, ..Report::default() };
        };
        let mut auditor = Auditor::new(Trust { key, key_given, own_name, witnesses });
        let size = auditor.checkpoint("checkpoint", &newest, Held::Newest);
        // What is kept of each leaf is bounded by the files that are there, and not by a number that anybody can write.
        let most = TILE_WIDTH * self.source.names().len() as u64;
        if size.is_some_and(|size| size > most) {
            self.found(ProblemKind::Format, "checkpoint");
        } else if let Some(size) = size {
            let sizes = self.kept_checkpoints(&mut auditor, size);
            for (file, text) in given {
                auditor.checkpoint(file, text, Held::Given);
            }
            self.tree(&mut auditor, size);
            self.proofs(&mut auditor, &sizes);
            if let Some(manifest) = &manifest {
                self.records(&mut auditor, manifest, size);
                self.described(manifest, &newest, size);
            }
        }
        self.progress.end();
        self.problems.into_iter().for_each(|problem| auditor.problem(problem));
        Report { period, has_page, ..auditor.finish() }
    }

    fn found(&mut self, kind: ProblemKind, file: &str) {
        self.problems.insert(Problem::in_file(kind, file));
    }

    /// The key in the bundle. Its name may be another than that of the key that was given: a restore renames the log.
    fn key(&mut self, given: Option<&VerifierKey>) -> Option<VerifierKey> {
        let own = self.required_text("key").and_then(|text| {
            let key = VerifierKey::parse(&text).ok().filter(|key| key.kind() == KeyKind::Log);
            if key.is_none() {
                self.found(ProblemKind::Format, "key");
            }
            key
        });
        if let (Some(given), Some(own)) = (given, &own)
            && !given.is_same_key(own)
        {
            self.found(ProblemKind::KeyDiffers, "key");
        }
        own
    }

    /// The keys of witnesses, those that were given first.
    fn witnesses(&mut self, given: &[VerifierKey]) -> Vec<(VerifierKey, bool)> {
        let mut witnesses: Vec<(VerifierKey, bool)> = Vec::new();
        let text = if self.source.names().contains("witnesses") { self.text("witnesses") } else { None };
        let lines = text.iter().flat_map(|text| text.lines()).filter(|line| !line.trim().is_empty());
        let own: Vec<_> = lines.map(|line| VerifierKey::parse(line).ok()).collect();
        for key in given.iter().cloned().map(|key| (Some(key), true)).chain(own.into_iter().map(|key| (key, false))) {
            match key {
                (Some(key), is_given) if key.kind() == KeyKind::Witness => {
                    let other = |known: &VerifierKey| known.name() == key.name() && !known.is_same_key(&key);
                    if !is_given && given.iter().any(other) {
                        self.found(ProblemKind::KeyDiffers, "witnesses");
                    }
                    if !witnesses.iter().any(|(known, _)| *known == key) {
                        witnesses.push((key, is_given));
                    }
                }
                _ => self.found(ProblemKind::Format, "witnesses"),
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
        let read = self.source.read(manifest::NAME, manifest::LONGEST).ok();
        let manifest = read.and_then(|bytes| Manifest::parse(&bytes));
        if manifest.is_none() {
            self.found(ProblemKind::Format, manifest::NAME);
        }
        manifest
    }

    /// Reads the kept checkpoints and tells the sizes that the bundle has.
    fn kept_checkpoints(&mut self, auditor: &mut Auditor, newest: u64) -> BTreeSet<u64> {
        let mut sizes = BTreeSet::from([newest]);
        for file in self.files("checkpoints/") {
            let Some(size) = file.strip_prefix("checkpoints/").and_then(twelve_digits) else {
                self.found(ProblemKind::Format, &file);
                continue;
            };
            sizes.insert(size);
            if let Some(text) = self.text(&file) {
                auditor.checkpoint(&file, &text, Held::Kept(size));
            }
        }
        sizes
    }

    fn tree(&mut self, auditor: &mut Auditor, size: u64) {
        for index in 0..size.div_ceil(TILE_WIDTH) {
            let bundle = EntryBundle::in_tree(index, size).expect("the index is that of a bundle of the tree");
            match self.required(&bundle.path(), LONGEST_ENTRIES) {
                Some(bytes) => auditor.entries(bundle, &bytes),
                None => auditor.entries_missing(bundle),
            }
            self.progress.step("leaves", index * TILE_WIDTH);
        }
        auditor.compare();
        for tile in Tile::all(size) {
            if let Some(bytes) = self.required(&tile.path(), TILE_WIDTH * 32) {
                auditor.tile(tile, &bytes);
            }
        }
    }

    /// Every proof that is there, and one for each pair of neighbours.
    fn proofs(&mut self, auditor: &mut Auditor, sizes: &BTreeSet<u64>) {
        for (old, new) in sizes.iter().zip(sizes.iter().skip(1)) {
            let file = format!("consistency/{old:012}-{new:012}");
            if !self.source.names().contains(&file) {
                self.found(ProblemKind::FileMissing, &file);
            }
        }
        for file in self.files("consistency/") {
            let pair = file.strip_prefix("consistency/").and_then(|name| name.split_once('-'));
            match pair.and_then(|(old, new)| Some((twelve_digits(old)?, twelve_digits(new)?))) {
                Some((old, new)) => {
                    if let Some(text) = self.text(&file) {
                        auditor.consistency(&file, old, new, &text);
                    }
                }
                None => self.found(ProblemKind::Format, &file),
            }
        }
    }

    fn records(&mut self, auditor: &mut Auditor, manifest: &Manifest, size: u64) {
        if !manifest.fits(size) {
            self.found(ProblemKind::Format, manifest::NAME);
        }
        let (first, after) = manifest.leaves(size);
        auditor.begin_records(first, after);
        for file in [self.files("notices/"), self.files("policies/")].concat() {
            let text = self.text(&file);
            auditor.text(&file, text.as_deref());
        }
        let mut count = 0;
        for file in self.files("records/") {
            let name = file.strip_prefix("records/").and_then(|name| name.strip_suffix(".jsonl"));
            if name.and_then(twelve_digits).is_none() {
                self.found(ProblemKind::Format, &file);
                continue;
            }
            // Where an archive breaks off in the middle of a file, readers differ in how much of it they give: none of it counts.
            if self.source.pass(&file, LARGEST_FILE, |_| {}).is_err() {
                self.found(ProblemKind::Format, &file);
                continue;
            }
            let (mut lines, progress) = (Lines::default(), &mut self.progress);
            let read = self.source.pass(&file, LARGEST_FILE, |piece| {
                lines.take(piece, |line| {
                    auditor.record_line(&file, line);
                    count += 1;
                    progress.step("records", count);
                });
            });
            if read.is_err() || !lines.ended() {
                self.found(ProblemKind::Format, &file);
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
            if self.source.sum(&name).is_none() {
                // What could not be read before can't be read now, and has been told.
                let known = self.problems.contains(&Problem::in_file(ProblemKind::Format, &name));
                if !known && self.source.pass(&name, LARGEST_FILE, |_| ()).is_err() {
                    self.found(ProblemKind::Format, &name);
                }
            }
            let described = manifest.files.get(&name);
            if self.source.sum(&name).is_some_and(|sum| !described.is_some_and(|file| file.0.is(sum))) {
                self.found(ProblemKind::FileChanged, &name);
            }
        }
        for name in manifest.files.keys().filter(|name| !self.source.names().contains(*name)) {
            self.problems.insert(Problem::in_file(ProblemKind::FileMissing, name));
        }
        for name in self.source.stray() {
            self.problems.insert(Problem::in_file(ProblemKind::Format, name));
        }
    }

    fn files(&self, folder: &str) -> Vec<String> {
        self.source.names().iter().filter(|name| name.starts_with(folder)).cloned().collect()
    }

    /// The bytes of a file that has to be there.
    fn required(&mut self, file: &str, longest: u64) -> Option<Vec<u8>> {
        if !self.source.names().contains(file) {
            self.found(ProblemKind::FileMissing, file);
            return None;
        }
        let read = self.source.read(file, longest);
        if read.is_err() {
            self.found(ProblemKind::Format, file);
        }
        read.ok()
    }

    fn required_text(&mut self, file: &str) -> Option<String> {
        let present = self.source.names().contains(file);
        if present { self.text(file) } else { self.required(file, 0).and(None) }
    }

    /// The text of a file that is there.
    fn text(&mut self, file: &str) -> Option<String> {
        let longest =
            if file.ends_with(".json") || file.ends_with(".txt") { LONGEST_TEXT } else { LONGEST_NOTE as u64 };
        let text = self.required(file, longest).map(String::from_utf8)?;
        if text.is_err() {
            self.found(ProblemKind::Format, file);
        }
        text.ok()
    }
}

/// A number as names of files have it.
fn twelve_digits(text: &str) -> Option<u64> {
    let digits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
