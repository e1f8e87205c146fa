//! The leaf that says that records were taken out: through the running gateway, or directly where none runs.

use std::io;

use super::super::{control, log::LogError};
use crate::{
    clock::Clock,
    ledger::{Access, AccessKind, Accessor, Entry},
    store::{Settings, Store, StoreError},
    timestamp::Timestamp,
};

/// Writes the leaf; `false` where the log is a copy that can't be written, as an auditor may have. The log must be there.
///
/// # Errors
///
/// When the leaf could be written but was not: then nothing may be taken out.
pub(crate) fn note(
    settings: &Settings,
    what: AccessKind,
    form: &'static str,
    (from, to): (Timestamp, Timestamp),
) -> Result<bool, LogError> {
    let clock = Clock::system();
    match Store::open(settings, clock.clone()) {
        Ok(store) => {
            let access = Access { by: Accessor::CommandLine, what, form, from, to, time: clock.now() };
            let runtime = tokio::runtime::Builder::new_current_thread().build()?;
            runtime.block_on(store.note(Entry::Access(access))).map_err(LogError::Access)?;
            Ok(true)
        }
        Err(StoreError::Locked { .. }) => {
            control::ask_to_note_access(&settings.state_dir, what, form, (from, to))
                .map_err(LogError::GatewayAccess)?;
            Ok(true)
        }
        Err(error) if is_read_only(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether a log can't be written because it was put where nothing can be, or where this user may not.
fn is_read_only(error: &StoreError) -> bool {
    match error {
        StoreError::File { source, .. } => {
            matches!(source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
        }
        StoreError::Database { source, .. } => source.sqlite_error_code() == Some(rusqlite::ErrorCode::ReadOnly),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_not_be_written_is_read_without_a_leaf() {
        let file = |kind: io::ErrorKind| StoreError::File {
            path: "lock".into(),
            doing: "open the lock file",
            source: io::Error::from(kind),
        };
        for (error, read_only) in [
            (file(io::ErrorKind::PermissionDenied), true),
            (file(io::ErrorKind::ReadOnlyFilesystem), true),
            (file(io::ErrorKind::StorageFull), false),
            (StoreError::Missing { path: "consent.sqlite".into() }, false),
            (StoreError::Damaged { path: "consent.sqlite".into(), what: "a page".into() }, false),
        ] {
            assert_eq!(is_read_only(&error), read_only, "{error}");
        }
    }
}
