//! What a witness remembers, in files of its own: its key, and of each log the newest checkpoint that it signed and one of each day.
//!
//! What was signed is on the disk before anybody has it: a witness that forgets could sign two histories.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwapOption;

use super::quiet::Quiet;
use crate::{
    clock, durable,
    ledger::{
        KeyKind, Refusal, Signed, SignedCheckpoint, SigningKey, Submission, VerifierKey, hex, origin_hash, unhex,
    },
    timestamp::Timestamp,
};

/// How many days of a log are kept: more than ten years, longer than any record of consent.
const MOST_DAYS: usize = 4000;

/// How many proofs are kept that a log contradicts itself: one is enough, and the log could make any number.
const MOST_CONTRADICTIONS: usize = 8;

/// The memory of a witness. One process alone has it.
#[derive(Debug)]
pub struct State {
    key: SigningKey,
    logs: BTreeMap<Box<str>, Log>,
    quiet: Quiet,
    _lock: File,
}

#[derive(Debug)]
struct Log {
    key: VerifierKey,
    folder: PathBuf,
    newest: Mutex<Option<SignedCheckpoint>>,
    /// The note of the newest one, for whoever reads: `newest` is held while the disk works.
    shown: ArcSwapOption<String>,
}

/// Why a witness can't begin, or can't sign.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The system refuses.
    #[error("{path}: can't {doing}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// Another process has it.
    #[error("{path}: another witness works with this directory; stop it first")]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// A file is not what was written.
    #[error("{path}: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        what: &'static str,
    },
    /// The key was made under another name.
    #[error(
        "the key in {path} has the name {made}, not {asked}; a key never changes its name: leave --name out, or begin with another --state"
    )]
    OtherName {
        /// The file of the key.
        path: PathBuf,
        /// The name that it has.
        made: Box<str>,
        /// The name that was asked for.
        asked: Box<str>,
    },
    /// No key can have it.
    #[error(
        "`{0}` can't be the name of a key: it may hold no white space and no `+`, and must not be empty; give another with --name"
    )]
    Name(Box<str>),
    /// A key of another kind, or the second one of a log.
    #[error("--log {0}: give the key of a log (its third part begins with `A`), each log once")]
    LogKey(Box<str>),
}

impl State {
    /// Opens the directory, or makes it with a new key. `name` is that of the key, where one was asked for; `usual` that of a new one else.
    ///
    /// # Errors
    ///
    /// When another process has it, or a file can't be read or is not what was written: a memory is never begun anew by itself.
    pub fn open(directory: &Path, name: Option<&str>, usual: &str, logs: Vec<VerifierKey>) -> Result<Self, StateError> {
        make_folder(directory)?;
        let lock = lock(directory)?;
        let key = signing_key(directory, name, usual)?;
        write(directory, "witness.pub", &format!("{}\n", key.verifier()))?;
        let mut watched = BTreeMap::new();
        for log in logs {
            let origin: Box<str> = log.name().into();
            let written: Box<str> = log.to_string().into();
            if log.kind() != KeyKind::Log || watched.insert(origin, Log::open(directory, log, &key)?).is_some() {
                return Err(StateError::LogKey(written));
            }
        }
        Ok(Self { key, logs: watched, quiet: Quiet::default(), _lock: lock })
    }

    /// The key by which everybody knows what this witness has signed.
    pub const fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// Answers `add-checkpoint`: with the line of the signature, or with a refusal. Blocks until what was signed is on the disk.
    ///
    /// # Errors
    ///
    /// When the disk refuses: then nothing was signed.
    pub fn add(&self, body: &[u8], now: Timestamp) -> Result<Result<String, Refusal>, StateError> {
        let decided = self.decide(body, now)?;
        if let Err(refusal) = decided {
            // A conflict is how a log learns what this witness knows.
            if !matches!(refusal, Refusal::Conflict { .. }) && self.quiet.due(refusal.status(), now) {
                tracing::warn!(status = refusal.status(), "refused: {refusal}");
            }
        }
        Ok(decided)
    }

    fn decide(&self, body: &[u8], now: Timestamp) -> Result<Result<String, Refusal>, StateError> {
        let known = |origin: &str| self.logs.get(origin).map(|log| &log.key);
        let submission = match Submission::open(body, known) {
            Ok(submission) => submission,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let origin = &submission.signed().checkpoint().origin;
        let Some(log) = self.logs.get(origin) else { return Ok(Err(Refusal::UnknownLog)) };
        // Held from the decision until the file is written, so that two requests never continue the same checkpoint differently.
        let mut newest = log.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(refusal) = submission.decide(newest.as_ref().map(SignedCheckpoint::checkpoint)) {
            if newest.as_ref().is_some_and(|newest| submission.contradicts(newest.checkpoint())) {
                log.keep_contradiction(submission.signed());
            }
            return Ok(Err(refusal));
        }
        let mut signed = submission.signed().clone();
        let line = self.key.sign(signed.note().text(), now);
        let answer = format!("{line}\n");
        signed.note_mut().add(line);
        log.keep(&signed, now)?;
        log.shown.store(Some(Arc::new(signed.note().to_string())));
        *newest = Some(signed);
        Ok(Ok(answer))
    }

    /// The newest checkpoint of the log with this hash of its origin, signed by it and by this witness, once it is on the disk. Waits for
    /// nothing.
    pub fn newest(&self, hash: &str) -> Option<String> {
        let log = self.logs.values().find(|log| log.folder.file_name().is_some_and(|name| name == hash))?;
        log.shown.load().as_deref().cloned()
    }
}

#[cfg(test)]
impl State {
    /// Does something while what is held is held that a slow disk would have held.
    pub(super) fn while_it_writes<T>(&self, origin: &str, work: impl FnOnce() -> T) -> T {
        let _held = self.logs[origin].newest.lock().unwrap_or_else(PoisonError::into_inner);
        work()
    }
}

impl Log {
    fn open(directory: &Path, key: VerifierKey, witness: &SigningKey) -> Result<Self, StateError> {
        let folder = directory.join("logs").join(origin_hash(key.name()));
        make_folder(&folder.join("days"))?;
        let path = folder.join("checkpoint");
        let what =
            "not a checkpoint of this log that this witness has signed; put the file back from a copy of the directory";
        let newest = match fs::read_to_string(&path) {
            Ok(note) => {
                let newest = SignedCheckpoint::open(&note, &key).ok();
                let ours =
                    |newest: &SignedCheckpoint| matches!(newest.note().signed_by(witness.verifier()), Signed::At(_));
                Some(newest.filter(ours).ok_or(StateError::Damaged { path, what })?)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && names(&folder.join("days"))?.is_empty() => None,
            Err(error) => return Err(failed(&path, "read what was signed last")(error)),
        };
        let shown = ArcSwapOption::from_pointee(newest.as_ref().map(|newest| newest.note().to_string()));
        Ok(Self { key, folder, newest: Mutex::new(newest), shown })
    }

    fn keep(&self, signed: &SignedCheckpoint, now: Timestamp) -> Result<(), StateError> {
        let (note, day, days) = (signed.note().to_string(), now.date(), self.folder.join("days"));
        if !days.join(&day).exists() {
            write(&days, &day, &note)?;
            let kept = names(&days)?;
            // Dates in this form stand in the order of time.
            for oldest in kept.iter().take(kept.len().saturating_sub(MOST_DAYS)) {
                fs::remove_file(days.join(oldest)).map_err(failed(&days, "remove the oldest day"))?;
            }
            let checkpoint = signed.checkpoint();
            tracing::info!(log = %checkpoint.origin, size = checkpoint.size, "signed, the first time today");
        }
        write(&self.folder, "checkpoint", &note)
    }

    /// Two trees of one size, both signed, prove what the log did; the other of the two is the newest one.
    fn keep_contradiction(&self, signed: &SignedCheckpoint) {
        let folder = self.folder.join("contradictions");
        let checkpoint = signed.checkpoint();
        let name = format!("{}-{}", checkpoint.size, hex(&checkpoint.root.0[..8]));
        let kept = || {
            make_folder(&folder)?;
            let known = names(&folder)?;
            if !known.contains(&name) && known.len() < MOST_CONTRADICTIONS {
                write(&folder, &name, &signed.note().to_string())?;
                write(
                    &folder,
                    &format!("{name}-seen"),
                    &fs::read_to_string(self.folder.join("checkpoint")).unwrap_or_default(),
                )?;
                tracing::error!(
                    log = %checkpoint.origin,
                    size = checkpoint.size,
                    proof = %folder.join(&name).display(),
                    "the log has signed two different trees of one size"
                );
            }
            Ok::<_, StateError>(())
        };
        if let Err(error) = kept() {
            tracing::error!(%error, "the log contradicts itself, and the proof of it can't be kept");
        }
    }
}

fn lock(directory: &Path) -> Result<File, StateError> {
    let path = directory.join("lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(&path).map_err(failed(&path, "open the lock file"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StateError::Locked { path: directory.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed(&path, "lock the directory")(error)),
    }
}

/// Reads the name and the 32 secret bytes, or makes them: two lines.
fn signing_key(directory: &Path, name: Option<&str>, usual: &str) -> Result<SigningKey, StateError> {
    let path = directory.join("witness.key");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = name.unwrap_or(usual);
            if VerifierKey::new(name, KeyKind::Witness, [0; 32]).is_none() {
                return Err(StateError::Name(name.into()));
            }
            let text = format!("{name}\n{}\n", hex(&clock::random::<32>()));
            write(directory, "witness.key", &text)?;
            text
        }
        Err(error) => return Err(failed(&path, "read the key")(error)),
    };
    let (made, digits) = text.split_once('\n').unwrap_or_default();
    if let Some(asked) = name.filter(|asked| *asked != made) {
        return Err(StateError::OtherName { path, made: made.into(), asked: asked.into() });
    }
    let seed = unhex(digits.trim_end());
    let key = seed.and_then(|seed| SigningKey::from_seed(made, KeyKind::Witness, &seed));
    key.ok_or(StateError::Damaged { path, what: "not a name and 64 hexadecimal digits; put the file back from a copy" })
}

/// Makes a folder for one user alone, also those above it.
fn make_folder(path: &Path) -> Result<(), StateError> {
    durable::make_folder(path).map_err(failed(path, "make the folder"))
}

fn names(folder: &Path) -> Result<Vec<String>, StateError> {
    let read = || {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            // What a crash left half written is overwritten some day.
            if !name.ends_with(UNFINISHED) {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    };
    read().map_err(failed(folder, "list the folder"))
}

/// How the name of a file ends while it is being written.
const UNFINISHED: &str = ".new";

/// Under another name first, so that a crash leaves either the old file or the new one; durable when it returns.
fn write(folder: &Path, name: &str, text: &str) -> Result<(), StateError> {
    let path = folder.join(name);
    durable::write(&path, text).map_err(failed(&path, "write the file"))
}

fn failed(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> StateError {
    move |source| StateError::File { path: path.to_owned(), doing, source }
}
