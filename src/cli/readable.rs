//! Whether the user that runs the gateway can read a file, by owners and modes: root, who checks before a restart, can read everything.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::config::Configuration;

/// The folder of configurations: what is in there is meant for the gateway.
const CONFIGURATION: &str = "/etc/kelisim";

/// Links that are followed from one file.
const MOST_LINKS: usize = 40;

/// Whoever runs the gateway, where that is not root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct User {
    id: u32,
    /// Its own group first.
    groups: Vec<u32>,
}

/// What keeps a user from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Obstacle {
    /// The file that can't be read.
    pub(super) file: PathBuf,
    /// The user, by its name where it has one.
    pub(super) user: String,
    /// A folder on the way that it may not pass, where that is the reason.
    folder: Option<PathBuf>,
    is_owner: bool,
    group: String,
}

impl User {
    /// The owner of the state directory: as whom a gateway runs that keeps its state there.
    pub(super) fn of_state(state_dir: &Path) -> Option<Self> {
        let state = fs::metadata(state_dir).ok().filter(|state| state.uid() != 0)?;
        let mut groups = vec![state.gid()];
        if let Some((name, own)) = account(state.uid()) {
            groups = vec![own, state.gid()];
            let lists = fs::read_to_string("/etc/group").unwrap_or_default();
            groups.extend(lists.lines().filter_map(|line| {
                let fields: Vec<_> = line.split(':').collect();
                let is_member = fields.get(3)?.split(',').any(|member| member == name);
                if is_member { fields.get(2)?.parse::<u32>().ok() } else { None }
            }));
        }
        Some(Self { id: state.uid(), groups })
    }

    /// The same with the groups that the process of a gateway has: its unit may give it more than the system's lists do. Nothing where that is
    /// root's.
    pub(super) fn in_process(self, process: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        self.with_status(&status)
    }

    fn with_status(self, status: &str) -> Option<Self> {
        match effective(status, "Uid:") {
            Some(0) => None,
            Some(id) if id == self.id => {
                let groups = effective(status, "Gid:").into_iter().chain(numbers(status, "Groups:")).collect();
                Some(Self { groups, ..self })
            }
            // Of another user's process nothing is believed: the gateway's is in another container.
            _ => Some(self),
        }
    }

    /// Whether it is who runs this command, so that there is nothing to guess.
    pub(super) fn is_here(&self) -> bool {
        own_id() == Some(self.id)
    }

    pub(super) fn has_group(&self, group: u32) -> bool {
        self.groups.contains(&group)
    }

    /// The name of its own group.
    pub(super) fn group(&self) -> String {
        let id = self.groups.first().copied().unwrap_or(self.id).to_string();
        name_in("/etc/group", &id).unwrap_or(id)
    }

    /// What keeps it from reading a file; nothing where it can, or where that can't be told.
    pub(super) fn obstacle(&self, file: &Path) -> Option<Obstacle> {
        let found = |folder: Option<PathBuf>, is_owner| {
            let user = account(self.id).map_or_else(|| format!("with the number {}", self.id), |(name, _)| name);
            Some(Obstacle { file: file.to_owned(), user, folder, is_owner, group: self.group() })
        };
        let mut step = std::path::absolute(file).ok()?;
        for _ in 0..MOST_LINKS {
            for folder in step.ancestors().skip(1) {
                if let Some(is_owner) = self.is_refused(folder, 0o1)? {
                    return found(Some(folder.to_owned()), is_owner);
                }
            }
            let Ok(target) = fs::read_link(&step) else { break };
            step = step.parent()?.join(target);
        }
        // What the folders themselves are links to.
        let real = fs::canonicalize(file).ok()?;
        for folder in real.ancestors().skip(1) {
            if let Some(is_owner) = self.is_refused(folder, 0o1)? {
                return found(Some(folder.to_owned()), is_owner);
            }
        }
        self.is_refused(&real, 0o4)?.and_then(|is_owner| found(None, is_owner))
    }

    /// What keeps it from the files that a configuration was read from, and from those that are read later.
    pub(super) fn obstacles(&self, configuration: &Configuration) -> Vec<Obstacle> {
        let passwords = configuration.mail.iter().filter_map(|mail| mail.password_file.as_ref());
        let later =
            passwords.chain(configuration.traces.iter().filter_map(|traces| traces.collector.header_file.as_ref()));
        let mut obstacles: Vec<Obstacle> = Vec::new();
        for obstacle in configuration.files.iter().chain(later).filter_map(|file| self.obstacle(file)) {
            // One folder may keep it from many files: mended once, it is mended for all of them.
            let is_same = |known: &Obstacle| match &obstacle.folder {
                Some(_) => known.folder == obstacle.folder,
                None => known.file == obstacle.file,
            };
            if !obstacles.iter().any(is_same) {
                obstacles.push(obstacle);
            }
        }
        obstacles
    }

    /// Whether the mode of this refuses it, with whether it is the owner; nothing where that can't be told. `bit` is that of everybody else.
    fn is_refused(&self, path: &Path, bit: u32) -> Option<Option<bool>> {
        let metadata = fs::metadata(path).ok()?;
        let is_owner = metadata.uid() == self.id;
        let shift = match metadata.gid() {
            _ if is_owner => 6,
            group if self.groups.contains(&group) => 3,
            _ => 0,
        };
        let is_refused = metadata.mode() & (bit << shift) == 0;
        // A list of its own may let it in, and the mode says nothing of that.
        if is_refused && !is_owner && has_access_list(path) {
            return None;
        }
        Some(is_refused.then_some(is_owner))
    }
}

impl Obstacle {
    /// What is wrong, as a sentence without its end.
    pub(super) fn what(&self) -> String {
        let Self { file, user, .. } = self;
        let way = self.folder.as_ref().map(|folder| format!(": it may not pass {}", folder.display()));
        format!("The user {user} can't read {}{}", file.display(), way.unwrap_or_default())
    }

    /// What mends it.
    pub(super) fn remedy(&self) -> String {
        let Self { file, folder, is_owner, group, .. } = self;
        let (own, name) = (file.display(), file.file_name().unwrap_or_default().display());
        match folder {
            Some(folder) if *is_owner => format!("`chmod u+x {}`", folder.display()),
            // Copied back from elsewhere, or made by a root whose files are closed to others.
            Some(folder) if folder.starts_with(CONFIGURATION) => {
                format!("`chgrp -R {group} {CONFIGURATION} && chmod -R g+rX {CONFIGURATION}`")
            }
            // Whoever closed a folder, such as a home, meant all that is in it.
            Some(_) => format!(
                "`install -D -m 0640 -g {group} {own} /etc/kelisim/files/{name}`, and name it there; whatever renews the file must do so too"
            ),
            None if *is_owner => format!("`chmod u+r {own}`"),
            None => format!("`chgrp {group} {own} && chmod g+r {own}`"),
        }
    }
}

/// The numbers of a line that says of a process who it is.
fn numbers(status: &str, key: &str) -> Vec<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

/// The second of them: the first is who it was started as.
fn effective(status: &str, key: &str) -> Option<u32> {
    numbers(status, key).get(1).copied()
}

/// The user that runs this command.
fn own_id() -> Option<u32> {
    effective(&fs::read_to_string("/proc/self/status").ok()?, "Uid:")
}

/// The name and the own group of a user.
fn account(id: u32) -> Option<(String, u32)> {
    let lists = fs::read_to_string("/etc/passwd").ok()?;
    lists.lines().find_map(|line| {
        let fields: Vec<_> = line.split(':').collect();
        if fields.get(2)?.parse() == Ok(id) { Some((fields[0].to_owned(), fields.get(3)?.parse().ok()?)) } else { None }
    })
}

/// The name that stands for a number in one of the system's lists.
fn name_in(list: &str, id: &str) -> Option<String> {
    let text = fs::read_to_string(list).ok()?;
    let mut lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines.find(|fields| fields.get(2) == Some(&id)).map(|fields| fields[0].to_owned())
}

fn has_access_list(path: &Path) -> bool {
    // Too long for no room is long enough to be there.
    let asked = rustix::fs::getxattr(path, "system.posix_acl_access", &mut [0_u8; 0][..]);
    asked.is_ok_and(|length| length > 0) || asked.is_err_and(|error| error == rustix::io::Errno::RANGE)
}

/// Whether somebody is the gateway's own user, who has to read everything; whoever else may not read something knows no more than that.
pub(super) fn is_own_user(state_dir: &Path) -> bool {
    let owner = fs::metadata(state_dir).map(|state| state.uid());
    owner.ok().is_some_and(|owner| own_id() == Some(owner))
}

#[cfg(test)]
impl User {
    /// One who has none of what tests make, but for what this group may.
    pub(super) fn made(id: u32, group: u32) -> Self {
        Self { id, groups: vec![group] }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn stranger(group: u32) -> User {
        User::made(64_999, group)
    }

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_key_that_only_root_reads_is_told_to_root() {
        let folder = tempfile::tempdir().unwrap();
        mode(folder.path(), 0o755);
        let key = folder.path().join("key.pem");
        fs::write(&key, "").unwrap();
        let own_group = fs::metadata(&key).unwrap().gid();
        let what = |bits: u32, group: u32| {
            mode(&key, bits);
            stranger(group).obstacle(&key).map(|obstacle| (obstacle.what(), obstacle.remedy()))
        };
        let path = key.display();
        let said = format!("The user with the number 64999 can't read {path}");
        let remedy = format!("`chgrp 64998 {path} && chmod g+r {path}`");
        assert_eq!(what(0o600, 64_998), Some((said.clone(), remedy.clone())));
        assert_eq!(what(0o640, 64_998), Some((said, remedy)), "the group is another one");
        assert_eq!(what(0o640, own_group), None);
        assert_eq!(what(0o644, 64_998), None);
        assert!(what(0o604, own_group).is_some(), "its group goes before everybody");
        let own = fs::metadata(&key).unwrap().uid();
        mode(&key, 0o200);
        let obstacle = User::made(own, own_group).obstacle(&key).unwrap();
        assert_eq!(obstacle.remedy(), format!("`chmod u+r {path}`"));
    }

    #[test]
    fn a_folder_behind_a_link_that_can_not_be_passed_is_told() {
        let folder = tempfile::tempdir().unwrap();
        mode(folder.path(), 0o755);
        let closed = folder.path().join("live");
        fs::create_dir(&closed).unwrap();
        fs::write(closed.join("key.pem"), "").unwrap();
        mode(&closed.join("key.pem"), 0o644);
        let link = folder.path().join("key.pem");
        symlink("live/key.pem", &link).unwrap();
        mode(&closed, 0o755);
        assert_eq!(stranger(64_998).obstacle(&link), None);
        mode(&closed, 0o700);
        let obstacle = stranger(64_998).obstacle(&link).unwrap();
        assert!(obstacle.what().ends_with(&format!("key.pem: it may not pass {}", closed.display())), "{obstacle:?}");
        assert!(obstacle.remedy().starts_with("`install -D -m 0640 -g 64998 "), "{obstacle:?}");
        assert_eq!(stranger(64_998).obstacle(&folder.path().join("gone")), None);
    }

    #[test]
    fn a_closed_folder_of_configurations_is_opened_as_a_whole() {
        let remedy = |folder: &str| {
            let file = PathBuf::from("/etc/kelisim/policy/example.kz/2026.ru.txt");
            let folder = Some(PathBuf::from(folder));
            Obstacle { file, user: "kelisim".into(), folder, is_owner: false, group: "kelisim".into() }.remedy()
        };
        let whole = "`chgrp -R kelisim /etc/kelisim && chmod -R g+rX /etc/kelisim`";
        assert_eq!(remedy("/etc/kelisim"), whole, "as after a copy of it came back");
        assert_eq!(remedy("/etc/kelisim/policy/example.kz"), whole, "as under a umask of 077");
        assert!(remedy("/etc/kelisim-old").starts_with("`install -D "), "another folder");
    }

    #[test]
    fn a_process_has_the_groups_that_its_unit_gave_it() {
        let with = |status: &str| stranger(64_998).with_status(status);
        let status = "Name:\tkelisim\nUid:\t64999\t64999\t64999\t64999\nGid:\t7\t7\t7\t7\nGroups:\t8 9 \n";
        assert_eq!(with(status).unwrap().groups, [7, 8, 9]);
        assert_eq!(with("Uid:\t0\t0\t0\t0\n"), None, "root reads everything");
        assert_eq!(with("Uid:\t5\t5\t5\t5\n"), Some(stranger(64_998)), "of another user nothing is believed");
        assert_eq!(with(""), Some(stranger(64_998)));
        assert!(own_id().is_some());
    }
}
