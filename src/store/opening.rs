//! Opening the log for writing: checked as a whole, compared with what was signed last, and given a new name where it was restored.

use std::path::Path;

use rusqlite::Connection;

use super::{
    Settings, StoreError, checkpoints, database, directory, integrity, keys,
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

/// Opens the log, or makes it. The caller holds the lock.
pub(super) fn open(settings: &Settings, now: Timestamp) -> Result<Opened, StoreError> {
    let state_dir = &settings.state_dir;
    let path = directory::database(state_dir);
    let failed = || StoreError::database(&path, "read the consent log");
    let (mut connection, is_new) = database::open(state_dir, now)?;
    let mut frontier = integrity::check(&connection, &path)?;
    let mut logs = read_logs(&connection, &path)?;
    let mut high_water = HighWater::open(state_dir)?;
    let mut forgotten = Forgotten::open(state_dir, logs.first())?;
    let mut key = signing_key(&connection, settings, logs.newest)?;
    let reason = match restore::reason(&connection, &logs, &frontier, &high_water).map_err(failed())? {
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
        let failed = || StoreError::database(&path, "begin a new log after the restored one");
        let (old, size, signed) = (logs.newest, frontier.size(), high_water.size());
        let erased = restore::begin_new_log(&mut connection, &mut frontier, old, &forgotten, now).map_err(failed())?;
        logs = read_logs(&connection, &path)?;
        key = signing_key(&connection, settings, logs.newest)?;
        forgotten.give_up_from(size);
        tracing::warn!(
            path = %path.display(), reason, leaves = size, signed, erased_again = erased, old = %old, new = %logs.newest,
            "the consent log was restored from a backup: a new log goes on after its leaves; choices made since the backup count no \
             more, and withdrawals made since are not known, so what they ended counts again"
        );
    }
    if !high_water.names(logs.newest) {
        let mark = Mark { log: logs.newest, size: frontier.size(), root: frontier.root() };
        high_water.set(&mark).map_err(StoreError::file(high_water.path(), "write the mark"))?;
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
