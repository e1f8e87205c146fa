//! The keys that sign records: made at first start, kept in the state directory, never shown.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown},
    path::{Path, PathBuf},
};

use super::StoreError;
use crate::{
    clock,
    consent::RecordKeys,
    ledger::{VerifierKey, hex},
};

/// Reads `record.keys`: one key a line in hexadecimal, the newest first. Makes the file with one key where it is missing.
///
/// # Errors
///
/// When the file can't be read or made, or holds something else: a key is never replaced, since that would void every record.
pub fn record_keys(state_dir: &Path) -> Result<RecordKeys, StoreError> {
    let path = state_dir.join("record.keys");
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(state_dir, &path)?,
        read => read.map_err(StoreError::file(&path, "read the keys of records"))?,
    };
    let keys: Option<Vec<_>> = text.lines().filter(|line| !line.is_empty()).map(parse).collect();
    let keys = keys.and_then(|keys| RecordKeys::new(&keys));
    keys.ok_or_else(|| {
        let wrong =
            io::Error::new(io::ErrorKind::InvalidData, "each line must be 64 hexadecimal digits; restore the file");
        StoreError::file(&path, "read the keys of records")(wrong)
    })
}

/// Reads `log.key`: the 32 secret bytes of the log's signature in hexadecimal. Makes the file where it is missing.
///
/// # Errors
///
/// When the file can't be read or made, or holds something else: another key would be another log.
pub(super) fn log_seed(state_dir: &Path) -> Result<[u8; 32], StoreError> {
    let path = state_dir.join("log.key");
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(state_dir, &path)?,
        read => read.map_err(StoreError::file(&path, "read the key of the log"))?,
    };
    parse(text.trim_end()).ok_or_else(|| {
        let wrong = io::Error::new(io::ErrorKind::InvalidData, "it must be 64 hexadecimal digits; restore the file");
        StoreError::file(&path, "read the key of the log")(wrong)
    })
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
    write_durably(state_dir, &path, &line).map_err(StoreError::file(&path, "write the public key of the log"))
}

fn make(state_dir: &Path, path: &Path) -> Result<String, StoreError> {
    let key: [u8; RecordKeys::KEY_LENGTH] = clock::random();
    let text = hex(&key) + "\n";
    write_durably(state_dir, path, &text).map_err(StoreError::file(path, "make this key"))?;
    Ok(text)
}

/// Under another name first, so that a crash leaves either no file or a whole one.
pub(super) fn write_durably(directory: &Path, path: &Path, text: &str) -> io::Result<()> {
    let unfinished: PathBuf = path.with_added_extension("new");
    // What is there was left by a crash, or put there by somebody: it is not written into, nor through.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    give_to_owner(directory, &file)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    fs::File::open(directory)?.sync_all()
}

/// A command may run as root, the gateway not: then a file belongs to whom its directory belongs to.
pub(super) fn give_to_owner(directory: &Path, file: &fs::File) -> io::Result<()> {
    let owner = fs::metadata(directory)?;
    if file.metadata()?.uid() == owner.uid() {
        return Ok(());
    }
    fchown(file, Some(owner.uid()), Some(owner.gid()))
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
    fn a_damaged_file_is_reported_and_not_replaced() {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join("record.keys");
        for damaged in ["", "zz\n", "00ff\n"] {
            fs::write(&path, damaged).unwrap();
            let message = record_keys(state.path()).unwrap_err().to_string();
            assert!(message.contains("record.keys") && message.contains("64 hexadecimal digits"), "{message}");
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }
}
