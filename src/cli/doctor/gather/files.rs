//! The state directory, the disk it is on, certificates, backups, and what the system says of its clock.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{
    cli::{
        doctor::facts::{Backups, Certificate, Disk, Facts, Gateway, Log},
        readable::User,
    },
    config::{self, Configuration},
    routing::HostPattern,
    store::Reader,
    timestamp::Timestamp,
};

/// Where systemd-timesyncd says that the clock was set.
const TIMESYNC: &str = "/run/systemd/timesync";

pub(super) fn look(state_dir: &Path, facts: &mut Facts) {
    facts.clock.synchronised = synchronised(Path::new(TIMESYNC));
    facts.backups = backups(state_dir);
    let metadata = match fs::metadata(state_dir) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => {
            facts.not_seen.push(format!("the state directory {}: {error}", state_dir.display()));
            return;
        }
    };
    facts.state_mode = Some(metadata.mode());
    match Reader::open(state_dir).and_then(|reader| Ok((reader.size()?, reader.last_signed()?))) {
        Ok((leaves, signed)) => facts.log = Some(Log { leaves, signed }),
        Err(error) => facts.not_seen.push(format!("the consent log: {error}")),
    }
    if let Ok(disk) = rustix::fs::statvfs(state_dir) {
        let size = |name: &str| fs::metadata(state_dir.join(name)).map_or(0, |file| file.len());
        facts.disk = Some(Disk {
            free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
            log_bytes: size("consent.sqlite"),
            free_inodes: (disk.f_files > 0).then_some(disk.f_favail),
        });
    }
}

/// Nothing where something else keeps the clock.
fn synchronised(folder: &Path) -> Option<bool> {
    folder.is_dir().then(|| folder.join("synchronized").exists())
}

/// The folder beside the state directory into which `kelisim-backup.timer` writes. Nothing where there is none.
fn backups(state_dir: &Path) -> Option<Backups> {
    let mut name = state_dir.file_name()?.to_owned();
    name.push("-backups");
    let folder: PathBuf = state_dir.with_file_name(name);
    let files = fs::read_dir(&folder).ok()?.flatten();
    let is_backup = |file: &fs::DirEntry| file.file_name().to_str().is_some_and(|name| name.ends_with(".zip"));
    let times = files.filter(is_backup).filter_map(|file| file.metadata().ok()?.modified().ok());
    let since_epoch = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let newest = times.max().map(|time| Timestamp::from_seconds(since_epoch(time).cast_signed()));
    Some(Backups { folder: folder.display().to_string(), newest })
}

/// Each certificate that the file names, and whether the gateway's user can read all that it names. That it can be used with its key was checked when the file was read.
pub(super) fn certificates(configuration: &Configuration, state_dir: &Path, facts: &mut Facts) {
    let of_sites = configuration.sites.iter().flat_map(|site| site.hosts.iter().cloned());
    let administration = configuration.server.admin_host.iter().cloned().map(HostPattern::Exact);
    let hosts: Vec<_> = of_sites.chain(administration).collect();
    let state = fs::metadata(state_dir).ok();
    let user = User::of_state(state_dir).and_then(|user| match &facts.gateway {
        Gateway::Running(description) => user.in_process(description.process),
        _ => Some(user),
    });
    if let Some(user) = user.as_ref().filter(|user| !user.is_here()) {
        facts.unreadable = user.obstacles(configuration);
    }
    let is_own_group = |group: u32| match &user {
        Some(user) => user.has_group(group),
        None => state.as_ref().is_some_and(|state| state.gid() == group),
    };
    for files in &configuration.server.certificates {
        let told = config::told_certificate(files, &hosts);
        let key = fs::metadata(&files.key);
        match (told, key) {
            (Ok(Some(told)), Ok(key)) => facts.certificates.push(Certificate {
                file: files.certificate.display().to_string(),
                ends: told.ends,
                is_of_use: told.is_of_use,
                key: files.key.display().to_string(),
                key_mode: key.mode(),
                key_of_own_group: is_own_group(key.gid()),
                key_of_own_user: state.as_ref().is_some_and(|state| state.uid() == key.uid()),
                own_group: user.as_ref().map(User::group),
            }),
            (Err(error), _) | (_, Err(error)) => facts.not_seen.push(format!("a certificate: {error}")),
            (Ok(None), Ok(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_synchronised_when_the_system_says_so() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(synchronised(&folder.path().join("none")), None);
        assert_eq!(synchronised(folder.path()), Some(false));
        fs::write(folder.path().join("synchronized"), "").unwrap();
        assert_eq!(synchronised(folder.path()), Some(true));
    }

    #[test]
    fn the_newest_backup_beside_the_state_directory_counts() {
        let folder = tempfile::tempdir().unwrap();
        let state_dir = folder.path().join("state");
        assert!(backups(&state_dir).is_none());
        let beside = folder.path().join("state-backups");
        fs::create_dir(&beside).unwrap();
        assert_eq!(backups(&state_dir).unwrap().newest, None);
        for (name, seconds) in [("kelisim-1.zip", 1_000_000), ("kelisim-2.zip", 2_000_000), ("notes.txt", 3_000_000)] {
            let file = fs::File::create(beside.join(name)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).unwrap();
        }
        assert_eq!(backups(&state_dir).unwrap().newest, Some(Timestamp::from_seconds(2_000_000)));
    }
}
