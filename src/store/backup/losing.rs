//! What putting a backup back would lose: another log is never replaced, and what the backup does not hold only where somebody says so.

use std::path::Path;

use rusqlite::Connection;

use super::{
    BackupError,
    files::{self, is_ours},
    manifest::Manifest,
};
use crate::{
    ledger::TreeHash,
    store::{Reader, StoreError, directory, leaves, logs::Logs, tree},
};

/// Whether newer or unreadable files may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Losing {
    /// Then nothing is changed.
    Refused,
    /// Somebody said so.
    Allowed,
}

/// The leaves that lie in the state directory, all of which must be in the backup. A count would not tell: after a restore other leaves
/// are written to the places of those that were lost.
pub(super) struct MustBeIn {
    pub(super) logs: Logs,
    pub(super) size: u64,
    pub(super) root: TreeHash,
}

/// Refuses another log, and as far as it shows before the backup was unpacked, what would be lost. `None` where nothing more has to be
/// compared.
pub(super) fn refuse(state_dir: &Path, manifest: &Manifest, losing: Losing) -> Result<Option<MustBeIn>, BackupError> {
    let what = if directory::database(state_dir).exists() {
        match Reader::open_untouched(state_dir).and_then(|reader| of(&reader.connection, &reader.path)) {
            Ok(there) => {
                let names = names(&there.logs);
                if !names.contains(&manifest.logs[0]) && !manifest.logs.contains(&names[0]) {
                    let (there, backup) = (names[0].clone(), manifest.logs[0].clone());
                    return Err(BackupError::AnotherLog { path: state_dir.to_owned(), there, backup });
                }
                if there.size <= manifest.leaves {
                    return Ok((losing == Losing::Refused).then_some(there));
                }
                Some(format!(
                    "holds {} leaves of this log, and the backup {}: what was written since would be lost",
                    there.size, manifest.leaves
                ))
            }
            // An empty file, which a gateway made that came no further.
            Err(StoreError::Missing { .. }) => None,
            Err(error @ StoreError::Locked { .. }) => return Err(error.into()),
            Err(error) => Some(format!("holds a log that can't be read ({error})")),
        }
    } else {
        let there = files::files(state_dir)?;
        let lost = there.keys().find(|name| is_ours(name) || manifest.files.contains_key(*name));
        lost.map(|name| format!("holds no log, but other files, such as {name}, which would be lost"))
    };
    match what {
        Some(what) if losing == Losing::Refused => Err(BackupError::WouldLose { path: state_dir.to_owned(), what }),
        _ => Ok(None),
    }
}

impl MustBeIn {
    /// Refuses where the log of the backup does not begin with these leaves.
    pub(super) fn check(&self, state_dir: &Path, path: &Path, backup: &Connection) -> Result<(), BackupError> {
        let failed = || StoreError::database(path, "compare the log of the backup");
        let (logs, size) = logs_and_size(backup, path)?;
        let common = in_common((&self.logs, self.size), (&logs, size));
        let what = if common < self.size {
            format!(
                "holds {} leaves that the backup does not hold, from leaf {common} on: what was written into them would be lost",
                self.size - common
            )
        } else if tree::root_at(backup, self.size).map_err(failed())? == self.root {
            return Ok(());
        } else {
            "holds other leaves than the backup, in a log of the same name, as a clone of this machine would write them: what was written into \
             them would be lost"
                .to_owned()
        };
        Err(BackupError::WouldLose { path: state_dir.to_owned(), what })
    }
}

fn of(connection: &Connection, path: &Path) -> Result<MustBeIn, StoreError> {
    let (logs, size) = logs_and_size(connection, path)?;
    let root = tree::root_at(connection, size).map_err(StoreError::database(path, "read the consent log"))?;
    Ok(MustBeIn { logs, size, root })
}

/// The logs in a database, and how many leaves there are.
pub(super) fn logs_and_size(connection: &Connection, path: &Path) -> Result<(Logs, u64), StoreError> {
    let failed = || StoreError::database(path, "read the consent log");
    let logs = Logs::read(connection).map_err(failed())?;
    let logs = logs.ok_or_else(|| StoreError::Damaged { path: path.to_owned(), what: "it has no name".to_owned() })?;
    Ok((logs, leaves::size(connection).map_err(failed())?))
}

/// Their names, the newest first.
pub(super) fn names(logs: &Logs) -> Vec<String> {
    logs.spans().map(|(name, _)| name.to_string()).collect()
}

/// How many leaves two databases have in common, by the names of their logs and where each ends.
fn in_common(one: (&Logs, u64), other: (&Logs, u64)) -> u64 {
    let ends = |(logs, size): (&Logs, u64)| {
        let mut ends: Vec<_> = logs.spans().map(|(name, span)| (name, span.end.min(size))).collect();
        ends.reverse();
        ends
    };
    let mut common = 0;
    for ((name, end), (other_name, other_end)) in ends(one).into_iter().zip(ends(other)) {
        if name != other_name {
            break;
        }
        common = end.min(other_end);
        if end != other_end {
            break;
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::LogId;

    #[test]
    fn two_histories_have_in_common_what_they_wrote_before_one_of_them_went_on_elsewhere() {
        let [a, b, c] = [1, 2, 3].map(|number| LogId([number; 16]));
        let logs = |newest, earlier: &[(LogId, u64)]| Logs { newest, earlier: earlier.to_vec() };
        let check = |one: (Logs, u64), other: (Logs, u64), common: u64| {
            assert_eq!(in_common((&one.0, one.1), (&other.0, other.1)), common, "{one:?} {other:?}");
            assert_eq!(in_common((&other.0, other.1), (&one.0, one.1)), common, "{other:?} {one:?}");
        };
        check((logs(a, &[]), 7), (logs(a, &[]), 33), 7);
        check((logs(b, &[(a, 7)]), 15), (logs(a, &[]), 33), 7);
        check((logs(a, &[]), 100), (logs(b, &[(a, 50)]), 120), 50);
        check((logs(a, &[]), 50), (logs(b, &[(a, 50)]), 120), 50);
        check((logs(b, &[(a, 7)]), 15), (logs(c, &[(a, 9)]), 15), 7);
        check((logs(c, &[(b, 12), (a, 7)]), 15), (logs(b, &[(a, 7)]), 15), 12);
        check((logs(b, &[]), 7), (logs(a, &[]), 7), 0);
    }
}
