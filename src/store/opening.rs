//! Opening the log for writing: checked as a whole, compared with what was signed last, and given a new name where it was restored.

use std::path::Path;

use rusqlite::Connection;

use super::{
    Reader, Settings, StoreError, checkpoints, database, directory,
    identity::Identity,
    integrity, keys, leaves,
    logs::Logs,
    outside_backup::{Forgotten, HighWater, Mark},
    rebuild::Rebuild,
    restore,
    signing::Signer,
};
use crate::{
    ledger::{Frontier, KeyKind, LogId, SigningKey},
    timestamp::Timestamp,
};

/// What the writer works with.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) frontier: Frontier,
    pub(super) signer: Signer,
    pub(super) forgotten: Forgotten,
    pub(super) logs: Logs,
    pub(super) rebuild: Rebuild,
}

/// Who opens the log for writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opener {
    /// A gateway: it begins a new log after a restore, and in a copy.
    Gateway,
    /// A command while no gateway runs: it goes on with the log that was written last, or changes nothing.
    Command,
}

/// Opens the log, or makes it. The caller holds the lock.
pub(super) fn open(settings: &Settings, opener: Opener, now: Timestamp) -> Result<Opened, StoreError> {
    let state_dir = &settings.state_dir;
    let path = directory::database(state_dir);
    let failed = || StoreError::database(&path, "read the consent log");
    let database = Identity::of(&path).map_err(StoreError::file(&path, "see which file this is"))?;
    let mut high_water = HighWater::open(state_dir, database)?;
    let (mut connection, is_new) = database::open(state_dir, now)?;
    let mut frontier = integrity::check(&connection, &path)?;
    let mut logs = read_logs(&connection, &path)?;
    let mut forgotten = Forgotten::open(state_dir, logs.clone())?;
    let mut key = signing_key(&connection, settings, logs.newest)?;
    let reason = match restore::reason(&connection, &logs, frontier.size(), &high_water).map_err(failed())? {
        None if restore::has_another_key(&connection, logs.newest, key.verifier()).map_err(failed())? => {
            Some("the key in log.key is another one")
        }
        // Nothing is in it that could contradict what was signed.
        Some(_) if is_new => {
            tracing::warn!(path = %path.display(), "the consent log is gone: a new one begins; choices made before count no more");
            None
        }
        reason => reason,
    };
    if let Some(reason) = reason {
        if opener == Opener::Command {
            return Err(StoreError::Copy { path: state_dir.clone(), reason });
        }
        let failed = || StoreError::database(&path, "begin a new log after the restored one");
        let (old, size, signed) = (logs.newest, frontier.size(), high_water.size());
        let erased = restore::begin_new_log(&mut connection, &mut frontier, old, &forgotten, now).map_err(failed())?;
        logs = read_logs(&connection, &path)?;
        key = signing_key(&connection, settings, logs.newest)?;
        forgotten.go_on_in(logs.clone());
        tracing::warn!(
            path = %path.display(), reason, leaves = size, signed, erased_again = erased, old = %old, new = %logs.newest,
            "the consent log was restored, copied or moved: a new log goes on after its leaves; choices that are not among them count no \
             more, and withdrawals that are not among them are not known, so what they ended counts again"
        );
        if !high_water.is_set() && !forgotten.was_kept() {
            tracing::warn!(
                path = %forgotten.path().display(),
                "the list of erased persons is missing: whoever was erased after the copy was made is back; erase them again, by the letters \
                 in which they asked: kelisim log erase NUMBER"
            );
        }
    }
    if !high_water.names(logs.newest) {
        let mark = Mark { log: logs.newest, size: frontier.size(), root: frontier.root() };
        high_water.set(&mark).map_err(StoreError::file(high_water.path(), "write the mark"))?;
    } else {
        high_water.take_file_over().map_err(StoreError::file(high_water.path(), "write the mark"))?;
    }
    for (index, reason) in restore::erasures(&connection).map_err(failed())? {
        forgotten.take_in(index, reason);
    }
    forgotten.write().map_err(StoreError::file(forgotten.path(), "write who was erased"))?;
    keys::write_public(state_dir, key.verifier())?;
    let signer = Signer::new(&connection, key, logs.newest, high_water).map_err(failed())?;
    let rebuild = Rebuild::read(&connection).map_err(failed())?;
    Ok(Opened { connection, frontier, signer, forgotten, logs, rebuild })
}

/// What a command does before it takes the lock and opens the file for writing, which would already change them.
pub(super) fn refuse_another_log(state_dir: &Path) -> Result<(), StoreError> {
    let reader = Reader::open_untouched(state_dir)?;
    let database = Identity::of(&reader.path).map_err(StoreError::file(&reader.path, "see which file this is"))?;
    let high_water = HighWater::open(state_dir, database)?;
    let logs = read_logs(&reader.connection, &reader.path)?;
    let reason = leaves::size(&reader.connection)
        .and_then(|size| restore::reason(&reader.connection, &logs, size, &high_water))
        .map_err(reader.failed())?;
    reason.map_or(Ok(()), |reason| Err(StoreError::Copy { path: state_dir.to_owned(), reason }))
}

fn read_logs(connection: &Connection, path: &Path) -> Result<Logs, StoreError> {
    let logs = Logs::read(connection).map_err(StoreError::database(path, "read the consent log"))?;
    logs.ok_or_else(|| StoreError::Damaged { path: path.to_owned(), what: "it has no name".to_owned() })
}

fn signing_key(connection: &Connection, settings: &Settings, log: LogId) -> Result<SigningKey, StoreError> {
    let path = directory::database(&settings.state_dir);
    let known = checkpoints::origin(connection, log).map_err(StoreError::database(&path, "read the checkpoints"))?;
    let origin = known.unwrap_or_else(|| format!("{}/_kelisim/log/{log}", settings.host));
    let seed = keys::log_seed(&settings.state_dir)?;
    let key = SigningKey::from_seed(&origin, KeyKind::Log, &seed);
    key.ok_or_else(|| StoreError::Damaged { path, what: format!("{origin} can't be the name of a log") })
}
