//! Backups of a real state directory: what is in them, that they come back, and what is refused.

use std::{fs, io::Cursor, os::unix::fs::PermissionsExt as _, path::Path};

use super::*;
use crate::{
    clock::Clock,
    ledger::{ErasureReason, samples::event},
    store::{OldKeys, Reader, Settings, Store, record_keys, retire_log_key, rotate_record_keys},
    timestamp::Timestamp,
};

/// What becomes of a file in an archive: its name and bytes, or nothing.
type Changed = Option<(String, Vec<u8>)>;

struct House {
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
}

impl House {
    /// With these visitors' choices in its log.
    fn with(visitors: std::ops::Range<u8>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let house = Self { folder: tempfile::tempdir().unwrap(), runtime };
        drop(house.open_with(visitors));
        record_keys(&house.state()).unwrap();
        fs::write(house.state().join("accounts.json"), "[]\n").unwrap();
        fs::create_dir(house.state().join("acme")).unwrap();
        fs::write(house.state().join("acme/account.json"), "{}\n").unwrap();
        house
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn open(&self) -> Store {
        Store::open(&Settings { state_dir: self.state(), host: "shop.example".into() }, Clock::system()).unwrap()
    }

    fn open_with(&self, visitors: std::ops::Range<u8>) -> Store {
        let store = self.open();
        for visitor in visitors {
            self.runtime.block_on(store.append(event(visitor))).unwrap();
        }
        store
    }

    fn back_up(&self) -> Vec<u8> {
        let mut output = Vec::new();
        let place = Place::beside(&self.folder.path().join("backup.zip"), &self.state()).unwrap();
        write_backup(&self.state(), &place, &mut output, Timestamp::default()).unwrap();
        output
    }

    fn put_back(&self, backup: &[u8], losing: Losing) -> Result<PutBack, BackupError> {
        put_back(&self.state(), Cursor::new(backup), losing)
    }

    /// Puts it back, whatever is lost, and begins the new log.
    fn go_back_to(&self, backup: &[u8]) {
        self.put_back(backup, Losing::Allowed).unwrap();
        drop(self.open());
    }

    fn leaves(&self) -> u64 {
        Reader::open(&self.state()).unwrap().size().unwrap()
    }
}

/// Every file below a folder with its bytes.
fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { content(&path) } else { vec![(path.clone(), fs::read(&path).unwrap())] })
        .collect();
    found.sort();
    found
}

#[test]
fn a_backup_that_is_made_while_the_log_is_written_comes_back_whole_as_a_new_log() {
    let house = House::with(0..3);
    let running = house.open_with(3..5);
    let backup = house.back_up();
    house.runtime.block_on(running.append(event(9))).unwrap();
    assert!(matches!(house.put_back(&backup, Losing::Allowed), Err(BackupError::Store(StoreError::Locked { .. }))));
    let (old, leaves) = (running.log(), house.leaves() - 1);
    drop(running);
    let keys = fs::read(house.state().join("record.keys")).unwrap();
    fs::write(house.state().join("accounts.json"), "[1]\n").unwrap();
    fs::write(house.state().join("requests.json"), "of later\n").unwrap();

    let newer = house.put_back(&backup, Losing::Refused).unwrap_err().to_string();
    assert!(newer.contains("would be lost") && newer.contains("--replace"), "{newer}");
    let back = house.put_back(&backup, Losing::Allowed).unwrap();
    assert_eq!((back.manifest.leaves, &back.manifest.logs), (leaves, &vec![old.to_string()]));
    assert!(back.knows_erased);
    let read = |name: &str| fs::read(house.state().join(name)).unwrap();
    assert_eq!((read("accounts.json"), read("record.keys")), (b"[]\n".to_vec(), keys));
    assert_eq!(read("acme/account.json"), b"{}\n");
    assert!(!house.state().join("requests.json").exists(), "it was not there when the backup was made");
    for (path, _) in content(&house.state()) {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is for one user", path.display());
    }
    let store = house.open();
    assert_ne!(store.log(), old);
    assert_eq!(store.earlier_logs(), [(old, leaves)]);
}

#[test]
fn a_backup_has_nothing_of_the_folder_that_must_stay_outside_and_leaves_no_copy_behind() {
    let house = House::with(0..1);
    assert!(house.state().join("outside-backup/high-water.json").exists());
    let running = house.open();
    let backup = house.back_up();
    let archive = zip::ZipArchive::new(Cursor::new(&backup)).unwrap();
    let mut names: Vec<_> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.sort();
    let expected =
        ["accounts.json", "acme/account.json", "backup.json", "consent.sqlite", "log.key", "log.pub", "record.keys"];
    assert_eq!(names, expected);
    assert_eq!(fs::read_dir(house.folder.path()).unwrap().count(), 1, "the state directory alone");
    drop(running);
}

#[test]
fn on_a_new_machine_it_is_put_where_nothing_is() {
    let house = House::with(0..4);
    let (backup, new) = (house.back_up(), House { folder: tempfile::tempdir().unwrap(), ..House::with(0..0) });
    let back = new.put_back(&backup, Losing::Refused).unwrap();
    assert!(!back.knows_erased);
    assert_eq!(fs::metadata(new.state()).unwrap().permissions().mode() & 0o777, 0o700);
    let old = house.open().log();
    let store = new.open();
    assert!(store.log() != old && store.earlier_logs() == [(old, 5)]);
}

#[test]
fn another_log_stays_and_so_does_what_cannot_be_read_unless_somebody_says_so() {
    let (house, other) = (House::with(0..2), House::with(0..2));
    let backup = house.back_up();
    let before = content(&other.state());
    for losing in [Losing::Refused, Losing::Allowed] {
        let refused = other.put_back(&backup, losing).unwrap_err().to_string();
        assert!(refused.contains("another consent log") && refused.contains("mv "), "{refused}");
    }
    let changed = |path: &Path| path.file_name().is_some_and(|name| name == "lock");
    let after = content(&other.state());
    assert!(before.iter().zip(&after).all(|(one, two)| one == two || changed(&one.0)) && before.len() == after.len());

    fs::write(other.state().join("consent.sqlite"), "no database").unwrap();
    let refused = other.put_back(&backup, Losing::Refused).unwrap_err().to_string();
    assert!(refused.contains("can't be read") && refused.contains("--replace"), "{refused}");
    other.put_back(&backup, Losing::Allowed).unwrap();
    assert_eq!(other.leaves(), 3);

    let lists = tempfile::tempdir().unwrap();
    fs::write(lists.path().join("accounts.json"), "[]").unwrap();
    let refused = put_back(lists.path(), Cursor::new(&backup), Losing::Refused).unwrap_err().to_string();
    assert!(refused.contains("accounts.json"), "{refused}");
}

#[test]
fn backups_that_lie_in_the_state_directory_are_in_no_backup_and_no_restore_removes_them() {
    let house = House::with(0..2);
    let in_state = |name: &str| house.state().join(name);
    fs::create_dir_all(in_state("backups/.kelisim-backup.8847")).unwrap();
    let others =
        ["backups/kelisim-20261129T033012Z.zip", "backups/.kelisim-backup.8847/consent.sqlite", "backups/of-somebody"];
    let write = |name: &str| fs::write(in_state(name), "earlier").unwrap();
    others[..2].iter().for_each(|name| write(name));
    let backup = house.back_up();
    let archive = zip::ZipArchive::new(Cursor::new(&backup)).unwrap();
    let inside = archive.file_names().map(|name| name.unwrap().into_owned()).find(|name| name.contains("backup."));
    assert_eq!(inside.as_deref(), Some("backup.json"), "no copy in the copy");
    write(others[2]);
    fs::write(in_state("requests.json"), "of later\n").unwrap();
    house.put_back(&backup, Losing::Allowed).unwrap();
    for name in others {
        assert_eq!(fs::read(in_state(name)).unwrap(), b"earlier", "{name}");
    }
    assert!(!in_state("requests.json").exists(), "this one is a part of the state");
}

#[test]
fn a_log_that_went_on_from_another_backup_is_lost_only_where_somebody_says_so_however_few_leaves_it_has() {
    let house = House::with(0..3);
    let first = house.back_up();
    drop(house.open_with(3..30));
    let second = house.back_up();
    house.put_back(&second, Losing::Refused).unwrap();
    // The wrong one, and somebody chose until that was noticed.
    house.go_back_to(&first);
    drop(house.open_with(40..44));
    let before = fs::read(house.state().join("consent.sqlite")).unwrap();
    let refused = house.put_back(&second, Losing::Refused).unwrap_err().to_string();
    // Four choices, and the start of the log that they are in.
    assert!(refused.contains("holds 5 leaves that the backup does not hold, from leaf 4 on"), "{refused}");
    assert!(refused.contains("--replace"), "{refused}");
    assert_eq!(fs::read(house.state().join("consent.sqlite")).unwrap(), before);
    drop(house.open_with(44..80));
    let forked = house.back_up();

    // The other way round: what is there has leaves of the log from which the backup went on before they were written.
    let house = House { folder: tempfile::tempdir().unwrap(), ..house };
    house.put_back(&first, Losing::Refused).unwrap();
    house.put_back(&second, Losing::Refused).unwrap();
    let refused = put_back(&house.state(), Cursor::new(&forked), Losing::Refused).unwrap_err().to_string();
    assert!(refused.contains("holds 27 leaves that the backup does not hold, from leaf 4 on"), "{refused}");
}

#[test]
fn a_clone_that_wrote_other_leaves_under_the_same_name_is_not_taken_for_an_older_state() {
    let house = House::with(0..3);
    let logs = || Reader::open(&house.state()).map(|reader| losing::logs_and_size(&reader.connection, &reader.path));
    let (logs, size) = logs().unwrap().unwrap();
    let there = losing::MustBeIn { logs, size, root: crate::ledger::TreeHash([7; 32]) };
    let reader = Reader::open(&house.state()).unwrap();
    let refused = there.check(&house.state(), &reader.path, &reader.connection).unwrap_err().to_string();
    assert!(refused.contains("holds other leaves than the backup"), "{refused}");
}

#[test]
fn a_key_that_was_retired_since_comes_back_with_no_backup() {
    let house = House::with(0..2);
    let backup = house.back_up();
    let read = |name: &str| fs::read_to_string(house.state().join(name)).unwrap();
    let stolen = [read("record.keys"), read("log.key")];
    assert_eq!(house.put_back(&backup, Losing::Allowed).unwrap().retired_keys, 0);
    drop(house.open());
    rotate_record_keys(&house.state(), OldKeys::Retire).unwrap();
    retire_log_key(&house.state()).unwrap();
    drop(house.open());
    assert_eq!(house.put_back(&backup, Losing::Allowed).unwrap().retired_keys, 2);
    assert_eq!([read("record.keys"), read("log.key")], stolen, "until the next start");
    record_keys(&house.state()).unwrap();
    drop(house.open());
    assert!(!read("record.keys").contains(stolen[0].trim()) && read("record.keys").lines().count() == 1);
    assert!(read("log.key") != stolen[1]);

    // Also where a new key was made before the next start.
    house.put_back(&backup, Losing::Allowed).unwrap();
    rotate_record_keys(&house.state(), OldKeys::Verify).unwrap();
    assert!(!read("record.keys").contains(stolen[0].trim()) && read("record.keys").lines().count() == 1);
}

#[test]
fn a_restore_that_was_interrupted_leaves_no_copy_beyond_the_next_start() {
    let house = House::with(0..1);
    let left = house.state().join("unpacked.restored");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("consent.sqlite"), "all of the log").unwrap();
    drop(house.open());
    assert!(!left.exists());
}

#[test]
fn whoever_was_erased_since_is_erased_again() {
    let house = House::with(0..3);
    let backup = house.back_up();
    let store = house.open();
    house.runtime.block_on(store.erase(event(1).consent_id, ErasureReason::Request)).unwrap();
    drop(store);
    house.put_back(&backup, Losing::Allowed).unwrap();
    let records = || Reader::open(&house.state()).unwrap().records_of(event(1).consent_id).unwrap().len();
    assert_eq!(records(), 1, "the backup still has it");
    drop(house.open());
    assert_eq!(records(), 0);
}

#[test]
fn a_damaged_backup_changes_nothing_and_a_hostile_one_writes_nowhere_else() {
    let house = House::with(0..2);
    let backup = house.back_up();
    let empty = || tempfile::tempdir().unwrap();
    let refused = |bytes: &[u8]| {
        let state = empty();
        let error = put_back(state.path(), Cursor::new(bytes), Losing::Refused).unwrap_err().to_string();
        let left: Vec<_> = content(state.path()).into_iter().map(|(path, _)| path).collect();
        assert!(left.iter().all(|path| path.ends_with("lock")), "{left:?}");
        error
    };
    assert!(refused(b"no ZIP file").contains("not a ZIP file"));
    assert!(refused(&backup[..backup.len() / 2]).contains("not a ZIP file"));
    let rewritten = |change: &dyn Fn(&str, Vec<u8>) -> Changed| {
        let mut from = zip::ZipArchive::new(Cursor::new(&backup)).unwrap();
        let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let names: Vec<_> = from.file_names().map(|name| name.unwrap().into_owned()).collect();
        for name in names {
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut from.by_name(&name).unwrap(), &mut bytes).unwrap();
            if let Some((name, bytes)) = change(&name, bytes) {
                to.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
                io::Write::write_all(&mut to, &bytes).unwrap();
            }
        }
        to.finish().unwrap().into_inner()
    };
    let keep = |name: &str, bytes: Vec<u8>| Some((name.to_owned(), bytes));
    let in_manifest = |from: &'static str, with: &'static str| {
        rewritten(&move |name, bytes| match name {
            "backup.json" => keep(name, String::from_utf8(bytes).unwrap().replace(from, with).into_bytes()),
            _ => keep(name, bytes),
        })
    };
    assert!(
        put_back(empty().path(), Cursor::new(rewritten(&keep)), Losing::Refused).is_ok(),
        "this is how it is tried"
    );
    let without =
        |which: &'static str| rewritten(&move |name, bytes| (name != which).then(|| (name.to_owned(), bytes)));
    assert!(refused(&without("backup.json")).contains("it has no backup.json"));
    assert!(refused(&without("log.key")).contains("log.key is missing"));
    let other_key =
        rewritten(&|name, bytes| keep(name, if name == "log.key" { vec![b'0'; bytes.len()] } else { bytes }));
    assert!(refused(&other_key).contains("log.key is not what was written"));
    assert!(refused(&in_manifest("\"form\": 1", "\"form\": 2")).contains("has the form 2"));
    assert!(
        refused(&in_manifest("\"accounts.json\"", "\"../accounts.json\"")).contains("no file of a state directory")
    );
    assert!(refused(&in_manifest("\"leaves\": 3", "\"leaves\": 4")).contains("another one than the backup says"));
}
