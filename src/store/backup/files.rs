//! Which files of a state directory belong into a backup.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Component, Path},
};

use super::BackupError;

/// How many files a state directory may hold: a few dozen of ours, and the certificates of as many sites as anybody has.
pub(super) const MOST_FILES: usize = 10_000;
/// How deep folders may lie in one another.
const DEEPEST: usize = 8;

/// Never in a backup: by it a directory that came back is known.
const OUTSIDE: &str = "outside-backup";
/// How the name of a folder begins in which a backup keeps its copies of databases.
pub(super) const COPIES: &str = ".kelisim-backup.";
/// Of the process that runs now.
const OF_THIS_PROCESS: [&str; 2] = ["lock", "control.sock"];
/// Endings of what is half written, locked or a part of a database that is copied as a whole.
const PASSING: [&str; 7] = [".lock", ".new", ".part", "-wal", "-shm", "-journal", ".restored"];

/// What Kelisim makes: files, and folders with all that is in them. What else lies in the directory is copied too, but no restore removes it.
const OURS: [&str; 14] = [
    "accounts.json",
    "acme",
    "consent.sqlite",
    "inventory.json",
    "inventory.json.unreadable",
    "letters.json",
    "log.key",
    "log.pub",
    "proposed.toml",
    "record.keys",
    "requests.json",
    "shared_links.json",
    "statistics.sqlite",
    "statistics.sqlite.unreadable",
];

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Copied by SQLite.
    Database,
    /// Replaced as a whole whenever it changes, so that it can be copied at any moment.
    Ordinary,
}

/// The files of a directory that belong into a backup, by their names from it.
pub(super) fn files(state_dir: &Path) -> Result<BTreeMap<String, Kind>, BackupError> {
    let mut found = BTreeMap::new();
    let failed = |source| BackupError::file(state_dir, "read the state directory")(source);
    collect(state_dir, "", DEEPEST, &mut found).map_err(failed)?;
    if found.len() > MOST_FILES {
        return Err(BackupError::TooMany { path: state_dir.to_owned() });
    }
    Ok(found)
}

fn collect(folder: &Path, prefix: &str, deeper: usize, found: &mut BTreeMap<String, Kind>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().map(|name| format!("{prefix}{name}")) else { continue };
        // Sockets, links and the like are none of ours.
        let kind = entry.file_type()?;
        if !belongs(&name) || found.len() > MOST_FILES {
            continue;
        }
        if kind.is_dir() && deeper > 0 {
            collect(&entry.path(), &format!("{name}/"), deeper - 1, found)?;
        } else if kind.is_file() {
            let is_database = Path::new(&name).extension().is_some_and(|ending| ending == "sqlite");
            found.insert(name, if is_database { Kind::Database } else { Kind::Ordinary });
        }
    }
    Ok(())
}

/// Whether a file with this name belongs into a backup, and may come out of one.
pub(super) fn belongs(name: &str) -> bool {
    let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    let first = name.split('/').next().unwrap_or_default();
    plain
        && !name.is_empty()
        && !is_of_a_backup(name)
        && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && first != OUTSIDE
        && !OF_THIS_PROCESS.contains(&name)
        && !PASSING.iter().any(|ending| name.ends_with(ending))
}

/// Whether it is a backup, or what one left that was interrupted: a copy in a copy grows without end, and no erasure reaches it.
pub(super) fn is_of_a_backup(name: &str) -> bool {
    name.ends_with(".zip") || name.split('/').any(|part| part.starts_with(COPIES))
}

/// Whether Kelisim makes a file of this name.
pub(super) fn is_ours(name: &str) -> bool {
    OURS.contains(&name.split('/').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_belongs_into_a_backup_and_nothing_leads_out_of_the_directory() {
        for name in ["consent.sqlite", "record.keys", "acme/account.json", "inventory.json.unreadable"] {
            assert!(belongs(name), "{name}");
        }
        let not = [
            "outside-backup",
            "outside-backup/erased.json",
            "lock",
            "control.sock",
            "accounts.json.lock",
            "log.key.new",
            "import.part",
            "consent.sqlite-wal",
            "statistics.sqlite-shm",
            "",
            "../a",
            "a/../../b",
            "/etc/passwd",
            "./a",
            "a\\b",
            "a b",
            "a\n",
            "backups/kelisim-20261129T033012Z.zip",
            ".kelisim-backup.7/consent.sqlite",
            "backups/.kelisim-backup.7/consent.sqlite",
        ];
        for name in not {
            assert!(!belongs(name), "{name}");
        }
    }
}
