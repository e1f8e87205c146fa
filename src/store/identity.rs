//! Which file the database is: what a copy of the state directory does not share with the original.
//!
//! Leaves, keys and marks are the same in a copy, and two of them that are both written are one log with two histories. The file's number
//! and the time of its birth are given by the file system and can't be copied. A copy of the whole file system has them too: of such a one
//! only a witness tells.

use std::{fs, io, os::unix::fs::MetadataExt as _, path::Path, time::UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// The number and birth of a file. `VACUUM` and restarts leave both as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    inode: u64,
    /// In nanoseconds since 1970; `None` where the file system keeps no such time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    born: Option<u64>,
}

impl Identity {
    pub(super) fn of(file: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(file)?;
        let born = metadata.created().ok().and_then(|created| created.duration_since(UNIX_EPOCH).ok());
        Ok(Self { inode: metadata.ino(), born: born.and_then(|age| age.as_nanos().try_into().ok()) })
    }

    /// Whether this is the file that was known. A kernel that learned to tell the time of birth since makes it no other file.
    pub(super) fn is(self, known: Self) -> bool {
        self.inode == known.inode && (known.born.is_none() || self.born == known.born)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_one_that_was_known_only_with_its_number_and_its_birth() {
        let file = |inode, born| Identity { inode, born };
        let check = |now: Identity, known: Identity, same: bool| assert_eq!(now.is(known), same, "{now:?} {known:?}");
        check(file(7, Some(1)), file(7, Some(1)), true);
        check(file(8, Some(1)), file(7, Some(1)), false);
        check(file(7, Some(2)), file(7, Some(1)), false);
        check(file(7, None), file(7, None), true);
        check(file(8, None), file(7, None), false);
        check(file(7, Some(1)), file(7, None), true);
        check(file(7, None), file(7, Some(1)), false);
    }

    #[test]
    fn what_is_written_into_a_file_does_not_make_it_another_one_and_a_copy_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let (file, copy) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&file, "one").unwrap();
        let known = Identity::of(&file).unwrap();
        fs::write(&file, "another, longer one").unwrap();
        fs::copy(&file, &copy).unwrap();
        assert!(Identity::of(&file).unwrap().is(known));
        assert!(!Identity::of(&copy).unwrap().is(known));
        fs::rename(&copy, &file).unwrap();
        assert!(!Identity::of(&file).unwrap().is(known));
        let text = serde_json::to_string(&known).unwrap();
        assert_eq!(serde_json::from_str::<Identity>(&text).unwrap(), known, "{text}");
    }
}
