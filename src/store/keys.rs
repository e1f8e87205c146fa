//! The keys that sign records: made at first start, kept in the state directory, never shown.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{StoreError, change_kept_text, directory::Lock, retired::Retired};
use crate::{
    clock,
    consent::RecordKeys,
    durable,
    ledger::{VerifierKey, hex},
};

/// Reads `record.keys`: one key a line in hexadecimal, the newest first. Makes the file with one key where it is missing. Keys that were
/// retired, and came back with a backup, are taken out of it.
///
/// # Errors
///
/// When the file can't be read or made, or holds something else: a key is never replaced, since that would void every record.
pub fn record_keys(state_dir: &Path) -> Result<RecordKeys, StoreError> {
    let path = state_dir.join("record.keys");
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path)?,
        read => read.map_err(StoreError::file(&path, "read the keys of records"))?,
    };
    let keys = parse_all(&path, &text)?;
    let mut kept = without_retired(state_dir, keys.clone())?;
    if kept.len() < keys.len() {
        let gone = keys.len() - kept.len();
        if kept.is_empty() {
            kept.push(clock::random());
        }
        durable::write(&path, &lines(&kept)).map_err(StoreError::file(&path, "take retired keys out of this file"))?;
        tracing::warn!(
            path = %path.display(), gone,
            "keys that were retired came back, such as with a backup, and are gone again: what they signed counts no more"
        );
    }
    Ok(RecordKeys::new(&kept).expect("there is a key"))
}

fn without_retired(
    state_dir: &Path,
    mut keys: Vec<[u8; RecordKeys::KEY_LENGTH]>,
) -> Result<Vec<[u8; RecordKeys::KEY_LENGTH]>, StoreError> {
    let retired = Retired::open(state_dir)?;
    keys.retain(|key| !retired.contains(key));
    Ok(keys)
}

fn lines<'a>(keys: impl IntoIterator<Item = &'a [u8; RecordKeys::KEY_LENGTH]>) -> String {
    keys.into_iter().map(|key| hex(key) + "\n").collect()
}

/// How many keys in the files of a backup were retired since, that of the log too. What can't be read is no key.
pub(super) fn retired_among(state_dir: &Path, unpacked: &Path) -> Result<usize, StoreError> {
    let retired = Retired::open(state_dir)?;
    let text = ["record.keys", "log.key"].map(|name| fs::read_to_string(unpacked.join(name)).unwrap_or_default());
    Ok(text.iter().flat_map(|text| text.lines()).filter_map(parse).filter(|key| retired.contains(key)).count())
}

/// The keys in a file, of which there is at least one.
fn parse_all(path: &Path, text: &str) -> Result<Vec<[u8; RecordKeys::KEY_LENGTH]>, StoreError> {
    let keys: Option<Vec<_>> = text.lines().filter(|line| !line.is_empty()).map(parse).collect();
    keys.filter(|keys| !keys.is_empty()).ok_or_else(|| {
        let wrong =
            io::Error::new(io::ErrorKind::InvalidData, "each line must be 64 hexadecimal digits; restore the file");
        StoreError::file(path, "read the keys of records")(wrong)
    })
}

/// What becomes of the keys that signed records until now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldKeys {
    /// They still verify, so that choices stay.
    Verify,
    /// They go: whoever knows one could sign records with it, so no choice counts that was signed before.
    Retire,
}

/// What a rotation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRotation {
    /// How many keys verify now, the new one among them.
    pub verifying: usize,
    /// How many went, with the choices that they signed.
    pub gone: usize,
}

/// Puts a new key at the head of `record.keys`: it signs from when a gateway reads the file. Old ones can go only while no gateway runs, which
/// would remember what they verified.
///
/// # Errors
///
/// When there are no keys, since no gateway was ever started here; when the file refuses; with [`OldKeys::Retire`] when a gateway runs.
pub fn rotate_record_keys(state_dir: &Path, old: OldKeys) -> Result<KeyRotation, StoreError> {
    let path = state_dir.join("record.keys");
    if !path.exists() {
        return Err(StoreError::Missing { path });
    }
    let _lock = if old == OldKeys::Retire { Some(Lock::take(state_dir)?) } else { None };
    change_kept_text(state_dir, "record.keys", |text| {
        let before = without_retired(state_dir, parse_all(&path, text)?)?;
        if old == OldKeys::Retire {
            // First: where this is all that is done, the keys are taken out by whoever reads them next.
            Retired::open(state_dir)?.add(&before)?;
        }
        let most_kept = if old == OldKeys::Retire { 0 } else { RecordKeys::MOST_KEYS - 1 };
        let kept = before.len().min(most_kept);
        let new: [u8; RecordKeys::KEY_LENGTH] = clock::random();
        *text = lines(std::iter::once(&new).chain(&before[..kept]));
        Ok(KeyRotation { verifying: kept + 1, gone: before.len() - kept })
    })
}

/// Retires the key of the log, while no gateway runs: the next one makes another key, and a new log goes on under it.
///
/// # Errors
///
/// As for [`rotate_record_keys`].
pub fn retire_log_key(state_dir: &Path) -> Result<(), StoreError> {
    let path = state_dir.join("log.key");
    if !path.exists() {
        return Err(StoreError::Missing { path });
    }
    let _lock = Lock::take(state_dir)?;
    let seed = log_seed(state_dir)?;
    Retired::open(state_dir)?.add([&seed])?;
    fs::remove_file(&path).map_err(StoreError::file(&path, "remove the key of the log"))
}

/// Reads `log.key`: the 32 secret bytes of the log's signature in hexadecimal. Makes the file where it is missing, and
/// anew where the key was retired and came back with a backup.
///
/// # Errors
///
/// When the file can't be read or made, or holds something else: another key would be another log.
pub(super) fn log_seed(state_dir: &Path) -> Result<[u8; 32], StoreError> {
    let path = state_dir.join("log.key");
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path)?,
        read => read.map_err(StoreError::file(&path, "read the key of the log"))?,
    };
    let seed = parse(text.trim_end()).ok_or_else(|| {
        let wrong = io::Error::new(io::ErrorKind::InvalidData, "it must be 64 hexadecimal digits; restore the file");
        StoreError::file(&path, "read the key of the log")(wrong)
    })?;
    if Retired::open(state_dir)?.contains(&seed) {
        tracing::warn!(
            path = %path.display(),
            "the key of the log was retired and came back, such as with a backup: another one takes its place"
        );
        return parse(make(&path)?.trim_end()).ok_or(StoreError::Missing { path });
    }
    Ok(seed)
}

/// Where the log's public key is.
pub fn public_key_path(state_dir: &Path) -> PathBuf {
    state_dir.join("log.pub")
}

/// Writes `log.pub`: the key with which others check the log's signatures, on one line (C2SP signed-note).
pub(super) fn write_public(state_dir: &Path, key: &VerifierKey) -> Result<(), StoreError> {
    let path = public_key_path(state_dir);
    let line = format!("{key}\n");
    if fs::read(&path).is_ok_and(|written| written == line.as_bytes()) {
        return Ok(());
    }
    durable::write(&path, &line).map_err(StoreError::file(&path, "write the public key of the log"))
}

fn make(path: &Path) -> Result<String, StoreError> {
    let key: [u8; RecordKeys::KEY_LENGTH] = clock::random();
    let text = hex(&key) + "\n";
    durable::write(path, &text).map_err(StoreError::file(path, "make this key"))?;
    Ok(text)
}

fn parse(line: &str) -> Option<[u8; RecordKeys::KEY_LENGTH]> {
    let line = line.trim();
    if line.len() != 2 * RecordKeys::KEY_LENGTH || !line.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; RecordKeys::KEY_LENGTH];
    for (byte, start) in key.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&line[start..start + 2], 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn keys_are_made_once_for_one_user_and_stay() {
        let state = tempfile::tempdir().unwrap();
        record_keys(state.path()).unwrap();
        let path = state.path().join("record.keys");
        let made = fs::read_to_string(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        record_keys(state.path()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), made);
    }

    #[test]
    fn a_new_key_goes_before_the_old_ones_until_there_are_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        let nothing = rotate_record_keys(state, OldKeys::Verify).unwrap_err();
        assert!(matches!(nothing, StoreError::Missing { .. }), "{nothing}");
        record_keys(state).unwrap();
        let path = state.join("record.keys");
        let lines = || fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
        let first = lines();
        for count in 2..=RecordKeys::MOST_KEYS {
            let before = lines();
            let rotated = rotate_record_keys(state, OldKeys::Verify).unwrap();
            assert_eq!(rotated, KeyRotation { verifying: count, gone: 0 });
            assert_eq!(lines()[1..], before);
        }
        let rotated = rotate_record_keys(state, OldKeys::Verify).unwrap();
        assert_eq!(rotated, KeyRotation { verifying: RecordKeys::MOST_KEYS, gone: 1 });
        assert!(!lines().contains(&first[0]), "the oldest is gone");
        record_keys(state).unwrap();
        let (before, running) = (lines(), Lock::take(state).unwrap());
        let refused = rotate_record_keys(state, OldKeys::Retire).unwrap_err();
        assert!(matches!(refused, StoreError::Locked { .. }), "{refused}");
        drop(running);
        let gone = RecordKeys::MOST_KEYS;
        assert_eq!(rotate_record_keys(state, OldKeys::Retire).unwrap(), KeyRotation { verifying: 1, gone });
        assert!(lines().len() == 1 && !before.contains(&lines()[0]));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_reported_and_not_replaced() {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join("record.keys");
        for damaged in ["", "zz\n", "00ff\n"] {
            fs::write(&path, damaged).unwrap();
            let message = record_keys(state.path()).unwrap_err().to_string();
            assert!(message.contains("record.keys") && message.contains("64 hexadecimal digits"), "{message}");
            assert!(rotate_record_keys(state.path(), OldKeys::Verify).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }
}
