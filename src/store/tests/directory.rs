//! Opening: one holder, one user, one known format, an undamaged file.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::{ledger::samples::event, store::Reader};

#[test]
fn the_directory_and_its_files_belong_to_one_user() {
    let house = House::new();
    let store = house.open();
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(house.state_dir()), 0o700);
    for name in ["consent.sqlite", "consent.sqlite-wal", "consent.sqlite-shm", "lock"] {
        assert_eq!(mode(house.state_dir().join(name)), 0o600, "{name}");
    }
    drop(store);
}

#[test]
fn a_second_writer_is_told_who_holds_the_directory() {
    let house = House::new();
    let store = house.open();
    let clone = store.clone();
    drop(store);
    let Err(error) = house.try_open() else { panic!("two writers") };
    let StoreError::Locked { holder, .. } = &error else { panic!("{error}") };
    assert!(holder.contains(&format!("process {} (", std::process::id())), "{holder}");
    assert!(error.to_string().contains("in use by process"), "{error}");
    drop(clone);
    house.open();
}

#[test]
fn a_file_of_a_newer_program_is_refused_untouched() {
    let house = House::new();
    drop(house.open());
    let path = house.state_dir().join("consent.sqlite");
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&path).unwrap();
    for error in [house.try_open().err().unwrap(), Reader::open(&house.state_dir()).err().unwrap()] {
        assert!(matches!(error, StoreError::Newer { found: 99, known: 2, .. }), "{error}");
        assert!(error.to_string().contains("run the newer program"), "{error}");
    }
    assert!(std::fs::read(&path).unwrap() == before);
}

#[tokio::test]
async fn damage_is_named_and_nothing_is_served_from_it() {
    let house = House::new();
    let store = house.open();
    for visitor in 0..200 {
        append(&store, event(visitor)).await;
    }
    drop(store);
    let path = house.state_dir().join("consent.sqlite");
    let whole = std::fs::read(&path).unwrap();
    let check = |damaged: Vec<u8>, story: &str| {
        std::fs::write(&path, damaged).unwrap();
        let error = house.try_open().err().unwrap_or_else(|| panic!("opened although {story}"));
        assert!(matches!(error, StoreError::Damaged { .. }), "{story}: {error}");
        let text = error.to_string();
        assert!(text.contains("consent.sqlite") && text.contains("restore a backup"), "{story}: {text}");
    };
    check(
        b"not a database, but long enough to be read as the head of one, if one is careless.".repeat(64),
        "it is text",
    );
    let mut scrambled = whole.clone();
    scrambled[4096..8192].fill(0x5a);
    check(scrambled, "a page is scrambled");
    check(whole[..whole.len() / 2].to_vec(), "its second half is missing");
    std::fs::write(&path, &whole).unwrap();
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM leaf WHERE idx = 7")
        .unwrap();
    check(std::fs::read(&path).unwrap(), "a leaf was taken out");
}

#[test]
fn a_log_keeps_its_name_and_another_one_has_another() {
    let house = House::new();
    let name = house.open().log();
    assert_eq!(house.open().log(), name);
    assert_ne!(House::new().open().log(), name);
}

#[test]
fn a_path_that_cannot_be_a_directory_is_named() {
    let house = House::new();
    std::fs::write(house.state_dir(), "a file").unwrap();
    let error = house.try_open().err().unwrap();
    assert!(error.to_string().contains("/state: cannot make the state directory"), "{error}");
}
