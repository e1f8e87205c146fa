//! A backup that came back: the leaves stay, a new log goes on after them, and what was lost counts for nothing.

use super::*;
use crate::{
    ledger::{Content, ErasureReason, LogId, Removal, SignedCheckpoint, samples::event, samples::withdrawal},
    store::Reader,
};

const MARK: &str = "outside-backup/high-water.json";

/// What a reader of the checkpoints has seen last; waits for the first one.
async fn published(store: &Store) -> SignedCheckpoint {
    let mut checkpoints = store.checkpoints();
    let seen = checkpoints.wait_for(Option::is_some).await.unwrap().clone();
    seen.unwrap().as_ref().clone()
}

fn raw_size(house: &House) -> u64 {
    Reader::open(&house.state_dir()).unwrap().size().unwrap()
}

/// Opens, appends for these visitors, closes.
async fn append_all(house: &House, visitors: std::ops::Range<u8>) -> (LogId, Vec<LeafIndex>) {
    let store = house.open();
    let mut indices = Vec::new();
    for visitor in visitors {
        indices.push(append(&store, event(visitor)).await);
    }
    (store.log(), indices)
}

#[tokio::test]
async fn a_restored_log_goes_on_under_another_name_and_every_index_stays() {
    let house = House::new();
    let (old, kept) = append_all(&house, 0..10).await;
    let backup = house.back_up();
    let known = raw_size(&house);
    let (same, lost) = append_all(&house, 10..20).await;
    assert_eq!(old, same, "a stop and a start is no restore");
    house.restore(&backup);

    let store = house.open();
    assert_ne!(store.log(), old);
    assert_eq!(store.earlier_logs(), [(old, known)]);
    assert!(kept.iter().all(|index| store.is_live(*index)));
    assert_eq!(append(&store, event(30)).await, LeafIndex(known + 1), "after the leaf that begins the new log");
    assert!(lost.iter().all(|index| index.0 >= known), "so that a record of the old log that names it is no choice");
    let now = published(&store).await;
    assert_eq!(&*now.checkpoint().origin, format!("shop.example/_kelisim/log/{}", store.log()));
    let name = store.log();
    drop(store);
    let reader = Reader::open(&house.state_dir()).unwrap();
    let start = String::from_utf8(reader.leaf_data(known, 1).unwrap().remove(0)).unwrap();
    assert!(start.contains(&format!(r#""log":"{name}","follows":{{"log":"{old}","size":{known}}}"#)), "{start}");
    assert_eq!(reader.origin().unwrap().as_deref(), Some(&*now.checkpoint().origin));
    assert_eq!(house.open().log(), name, "the next start is no restore");
}

#[tokio::test]
async fn restored_again_and_again_each_log_keeps_its_own_end() {
    let house = House::new();
    let (first, _) = append_all(&house, 0..3).await;
    let backup = house.back_up();
    let mut expected = vec![(first, raw_size(&house))];
    append_all(&house, 3..6).await;
    house.restore(&backup);
    let (second, _) = append_all(&house, 6..9).await;
    let backup = house.back_up();
    expected.insert(0, (second, raw_size(&house)));
    append_all(&house, 9..12).await;
    house.restore(&backup);
    let (third, _) = append_all(&house, 12..15).await;
    let store = house.open();
    assert_eq!((store.log(), store.earlier_logs()), (third, expected.as_slice()));
}

#[tokio::test]
async fn whatever_tells_of_a_restore_begins_a_new_log_and_nothing_else_does() {
    let check = async |story: &str, is_restore: bool, change: fn(&House)| {
        let house = House::new();
        let (old, _) = append_all(&house, 0..3).await;
        change(&house);
        let store = house.open();
        assert_eq!(store.log() != old, is_restore, "{story}");
        let index = append(&store, event(9)).await;
        assert!(store.is_live(index), "{story}");
        published(&store).await;
    };
    check("nothing happened", false, |_| ()).await;
    check("the lock and the public key went", false, |house| {
        std::fs::remove_file(house.state_dir().join("lock")).unwrap();
        std::fs::remove_file(house.state_dir().join("log.pub")).unwrap();
    })
    .await;
    check("the mark is missing", true, |house| std::fs::remove_file(house.state_dir().join(MARK)).unwrap()).await;
    check("the key is another one", true, |house| std::fs::remove_file(house.state_dir().join("log.key")).unwrap())
        .await;
    check("the database is gone", true, |house| {
        std::fs::remove_file(house.state_dir().join("consent.sqlite")).unwrap();
    })
    .await;
    check("other leaves were signed", true, |house| {
        let path = house.state_dir().join(MARK);
        let mut text: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        text["root"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into();
        std::fs::write(path, text.to_string()).unwrap();
    })
    .await;
    check("a leaf that was signed is missing", true, |house| {
        let last = raw_size(house) - 1;
        house.by_hand(&format!(
            "DELETE FROM record WHERE idx = {last}; DELETE FROM leaf WHERE idx = {last}; DELETE FROM checkpoint WHERE size > {last};"
        ));
    })
    .await;
}

#[tokio::test]
async fn who_was_erased_since_the_backup_is_erased_again_from_every_file() {
    let house = House::new();
    append_all(&house, 0..10).await;
    let backup = house.back_up();
    let store = house.open();
    store.erase(event(4).consent_id, ErasureReason::Request).await.unwrap();
    store.erase(event(7).consent_id, ErasureReason::Order).await.unwrap();
    drop(store);
    let gone = || read_all(&house.state_dir()).into_iter().filter(|row| matches!(row.content, Content::Removed { .. }));
    let removed: Vec<_> = gone().map(|row| row.index).collect();
    assert_eq!(removed.len(), 2);
    house.restore(&backup);
    assert_eq!(gone().count(), 0, "the backup holds them");
    let store = house.open();
    on_writer(&store, |_| ());
    assert!(removed.iter().all(|index| !store.is_live(*index)));
    drop(store);
    assert_eq!(gone().map(|row| row.index).collect::<Vec<_>>(), removed);
    assert!(gone().all(|row| matches!(row.content, Content::Removed { by: Removal::Erasure, .. })));
    let file = std::fs::read(house.state_dir().join("consent.sqlite")).unwrap();
    let holds = |visitor| memchr::memmem::find(&file, event(visitor).consent_id.as_bytes()).is_some();
    assert!(!holds(4) && !holds(7) && holds(5));
    house.open();
}

#[tokio::test]
async fn the_list_of_the_erased_is_enough_to_erase_them_again_after_the_disk_died() {
    for list_kept in [true, false] {
        let house = House::new();
        append_all(&house, 0..3).await;
        let backup = house.back_up();
        let store = house.open();
        store.erase(event(1).consent_id, ErasureReason::Request).await.unwrap();
        drop(store);
        std::fs::remove_file(house.state_dir().join(MARK)).unwrap();
        if !list_kept {
            std::fs::remove_file(house.state_dir().join("outside-backup/erased.json")).unwrap();
        }
        house.restore(&backup);
        drop(house.open());
        let kept = read_all(&house.state_dir()).iter().filter(|row| matches!(row.content, Content::Kept(..))).count();
        assert_eq!(kept, if list_kept { 2 } else { 3 });
    }
}

#[tokio::test]
async fn a_second_restore_erases_nobody_who_stands_where_an_erased_one_stood_before_the_first() {
    let house = House::new();
    append_all(&house, 0..3).await;
    let backup = house.back_up();
    append_all(&house, 3..6).await;
    let store = house.open();
    store.erase(event(4).consent_id, ErasureReason::Request).await.unwrap();
    drop(store);
    house.restore(&backup);
    drop(house.open());
    append_all(&house, 10..20).await;
    let kept = || read_all(&house.state_dir()).iter().filter(|row| matches!(row.content, Content::Kept(..))).count();
    assert_eq!(kept(), 13);
    let second = house.back_up();
    append_all(&house, 20..22).await;
    house.restore(&second);
    drop(house.open());
    assert_eq!(kept(), 13, "leaves after the first restore are other persons'");
}

#[tokio::test]
async fn whoever_was_erased_stays_erased_when_an_older_backup_comes_back_before_a_newer_one() {
    let house = House::new();
    append_all(&house, 0..3).await;
    let older = house.back_up();
    append_all(&house, 3..6).await;
    let newer = house.back_up();
    let store = house.open();
    store.erase(event(4).consent_id, ErasureReason::Request).await.unwrap();
    drop(store);
    house.restore(&older);
    drop(house.open());
    append_all(&house, 10..20).await;
    house.restore(&newer);
    drop(house.open());
    let kept = read_all(&house.state_dir()).iter().filter(|row| matches!(row.content, Content::Kept(..))).count();
    assert_eq!(kept, 5);
}

#[tokio::test]
async fn an_erasure_is_known_outside_of_the_backup_though_its_process_died_before_it_said_so() {
    let house = House::new();
    append_all(&house, 0..3).await;
    let backup = house.back_up();
    let store = house.open();
    store.erase(event(1).consent_id, ErasureReason::Request).await.unwrap();
    drop(store);
    std::fs::remove_file(house.state_dir().join("outside-backup/erased.json")).unwrap();
    drop(house.open());
    house.restore(&backup);
    drop(house.open());
    assert_eq!(
        read_all(&house.state_dir()).iter().filter(|row| matches!(row.content, Content::Removed { .. })).count(),
        1
    );
}

#[tokio::test]
async fn a_backup_of_a_log_before_the_present_one_still_finds_its_erased() {
    let house = House::new();
    append_all(&house, 0..3).await;
    let store = house.open();
    drop(store);
    let backup = house.back_up();
    let store = house.open();
    store.erase(event(1).consent_id, ErasureReason::Request).await.unwrap();
    drop(store);
    // The database is lost, a new log begins, and only then the backup is found.
    std::fs::remove_file(house.state_dir().join("consent.sqlite")).unwrap();
    append_all(&house, 5..8).await;
    house.restore(&backup);
    drop(house.open());
    let removed = read_all(&house.state_dir()).into_iter().filter(|row| matches!(row.content, Content::Removed { .. }));
    assert_eq!(removed.count(), 1);
}

#[tokio::test]
async fn a_withdrawal_that_was_lost_with_the_backup_is_not_known() {
    let house = House::new();
    let (_, given) = append_all(&house, 0..1).await;
    let backup = house.back_up();
    let store = house.open();
    store.append_later(withdrawal(0, given[0]));
    drop(store);
    house.restore(&backup);
    assert!(house.open().is_live(given[0]), "as the warning at the start says");
}

#[tokio::test]
async fn a_copy_that_a_gateway_is_started_on_is_another_log_and_the_original_goes_on() {
    let house = House::new();
    let (old, kept) = append_all(&house, 0..3).await;
    let copy = house.copy_whole();
    let (copied, _) = append_all(&copy, 3..6).await;
    let (same, _) = append_all(&house, 6..9).await;
    assert_eq!(same, old);
    assert_ne!(copied, old, "two histories never have one name");
    let store = copy.open();
    assert_eq!((store.log(), store.earlier_logs().len()), (copied, 1), "the next start is no restore");
    assert!(kept.iter().all(|index| store.is_live(*index)), "what came along counts");
}

#[tokio::test]
async fn a_command_goes_on_with_the_log_itself_and_changes_nothing_in_any_other() {
    let check = async |story: &str, is_refused: bool, change: fn(&House) -> Option<House>| {
        let house = House::new();
        let (log, _) = append_all(&house, 0..3).await;
        let house = change(&house).unwrap_or(house);
        let before = house.files();
        match Store::open_for_command(&house.settings(), house.clock.clone()) {
            Ok(store) => assert!(!is_refused && store.log() == log, "{story}"),
            Err(error) => {
                assert!(is_refused && matches!(error, StoreError::Copy { .. }), "{story}: {error}");
                let message = error.to_string();
                assert!(message.contains("Start the gateway") && message.contains("read-only"), "{message}");
                assert_eq!(house.files(), before, "{story}");
                // The gateway may, and commands after it.
                assert_ne!(house.open().log(), log, "{story}");
                Store::open_for_command(&house.settings(), house.clock.clone()).unwrap();
            }
        }
    };
    check("nothing happened", false, |_| None).await;
    check("the file was written anew", false, |house| {
        house.by_hand("VACUUM");
        None
    })
    .await;
    check("the directory has another name", false, |house| {
        let moved = House::new();
        std::fs::rename(house.state_dir(), moved.state_dir()).unwrap();
        Some(moved)
    })
    .await;
    check("it is a copy with all that belongs to it", true, |house| Some(house.copy_whole())).await;
    check("it is a copy without what stays outside of backups", true, |house| {
        let copy = house.copy_whole();
        std::fs::remove_dir_all(copy.state_dir().join("outside-backup")).unwrap();
        Some(copy)
    })
    .await;
    check("the copied file took the place of the original", true, |house| {
        let backup = house.back_up();
        house.restore(&backup);
        None
    })
    .await;
}

#[tokio::test]
async fn a_mark_of_a_program_before_this_one_learns_which_file_it_is_of() {
    let house = House::new();
    let (log, _) = append_all(&house, 0..3).await;
    house.forget_the_file();
    assert_eq!(house.open().log(), log, "which is no restore");
    assert_ne!(house.copy_whole().open().log(), log, "from then on a copy is known");
}
