//! A database that was edited by hand while nobody wrote it: found at the next start, and named.

use super::*;
use crate::{
    ledger::{
        ErasureReason, NoticeId, RecordId, document_hash, leaf_hash,
        samples::{event, opened_frame},
    },
    visitor::Language,
};

/// Edits a closed log in one way after another; each is found, and its leaf is named.
fn edits(house: &House) -> impl Fn(&str, &str) {
    let whole = house.back_up();
    move |sql: &str, says: &str| {
        house.restore(&whole);
        house.by_hand(sql);
        let message = fault(house, sql);
        assert!(message.contains(says), "{sql}: {message}");
    }
}

/// A closed log of some hundred leaves, so that there are nodes above them; one person was erased.
async fn house() -> (House, u64) {
    let house = House::new();
    let store = house.open();
    for visitor in 0..=255 {
        store.append_later(event(visitor));
    }
    while store.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    store.erase(event(200).consent_id, ErasureReason::Request).await.unwrap();
    for visitor in 0..20 {
        append(&store, event(visitor)).await;
    }
    let size = on_writer(&store, |writer| writer.frontier.size());
    drop(store);
    (house, size)
}

fn fault(house: &House, story: &str) -> String {
    let error = house.try_open().err().unwrap_or_else(|| panic!("opened all the same: {story}"));
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    error.to_string()
}

#[tokio::test]
async fn every_edit_by_hand_is_found_and_its_leaf_is_named() {
    let (house, size) = house().await;
    let whole = house.back_up();
    let check = edits(&house);
    check(
        "UPDATE leaf SET data = CAST(data || x'00' AS BLOB) WHERE idx = 7",
        "leaf 7: its data is not what was written",
    );
    check("UPDATE leaf SET hash = zeroblob(32) WHERE idx = 7", "leaf 7: its data");
    check("UPDATE leaf SET kind = 'notice' WHERE idx = 7", "leaf 7: it is kept as another kind");
    let another = "UPDATE record SET body = (SELECT body FROM record WHERE idx = 10) WHERE idx = 9";
    check(another, "leaf 9: its record is not what was written");
    check("UPDATE record SET salt = zeroblob(32) WHERE idx = 9", "leaf 9: its record");
    check("UPDATE record SET salt = zeroblob(31) WHERE idx = 9", "leaf 9: its record");
    check("DELETE FROM record WHERE idx = 9", "leaf 9: its record is gone and no leaf says why");
    check("DELETE FROM ended WHERE idx = 201", "leaf 201: its record is gone");
    let moved =
        "INSERT INTO record SELECT 0, consent_id, site, time, valid_until, salt, body FROM record WHERE idx = 9";
    check(moved, "leaf 0: it has a record and is no event");
    check("UPDATE node SET hash = zeroblob(32)", "leaf 255: the tree above it");
    check("INSERT INTO node VALUES (1, 40, zeroblob(32))", "nodes above leaves that are not there");
    let later =
        "INSERT INTO record SELECT 5000, consent_id, site, time, valid_until, salt, body FROM record WHERE idx = 9";
    check(later, "of leaves that are not there");
    check("INSERT INTO ended VALUES (5000, 9)", "of leaves that are not there");
    check("UPDATE leaf SET idx = 1000 WHERE idx = 7", "leaves are there");
    let cut = ["leaf", "record", "ended"].map(|table| format!("DELETE FROM {table} WHERE idx >= {};", size - 5));
    check(&cut[0], "of leaves that are not there");
    check(&cut.concat(), "were signed");
    check("UPDATE checkpoint SET note = 'nothing'", "is unreadable");
    house.restore(&whole);
    house.open();
}

#[tokio::test]
async fn who_changes_a_leaf_together_with_its_hash_still_meets_what_was_signed() {
    let (house, size) = house().await;
    let store = house.open();
    let notice = store.keep_notice(NoticeId([7; 32]), Language::Kk, &event(1).edition, "{}").unwrap();
    drop(store);
    assert!(notice.0 == size && size > 256, "no node is above it");
    let other = b"kelisim-notice-leaf/v1\n{}".as_slice();
    let path = house.state_dir().join("consent.sqlite");
    let connection = rusqlite::Connection::open(path).unwrap();
    let values = rusqlite::params![size.cast_signed(), other, leaf_hash(other).0];
    connection.execute("UPDATE leaf SET data = ?2, hash = ?3 WHERE idx = ?1", values).unwrap();
    drop(connection);
    let message = fault(&house, "another leaf");
    assert!(message.contains(&format!("leaf {size} or one before it: other leaves were signed")), "{message}");
}

/// Leaves 1 to 8: three choices of one visitor, the second of whom came with the first in hand; a frame of theirs; two of another site,
/// where the later one names a choice of somebody else too; two of people who were erased and retired.
async fn house_of_chains() -> House {
    let house = House::new();
    let store = house.open();
    let elsewhere = |id| Event { site: "other.kz".into(), id: RecordId::from_random([id; 16]), ..event(1) };
    let old = Event { valid_until: Timestamp::parse("2020-01-01").unwrap(), ..event(4) };
    let named = append(&store, event(2)).await;
    let events = [
        event(1),
        Event { ends: Some(LeafIndex(2)), ..event(1) },
        opened_frame(1),
        elsewhere(1),
        Event { ends: Some(named), ..elsewhere(2) },
        event(3),
        old,
    ];
    for event in events {
        append(&store, event).await;
    }
    store.erase(event(3).consent_id, ErasureReason::Request).await.unwrap();
    store.retire(Timestamp::parse("2023-11-22").unwrap()).await.unwrap();
    append(&store, event(1)).await;
    house
}

#[tokio::test]
async fn what_ended_which_follows_from_the_records() {
    let house = house_of_chains().await;
    let whole = house.back_up();
    let rows = "SELECT group_concat(idx || ' by ' || by_idx, ', ') FROM (SELECT * FROM ended ORDER BY idx)";
    let connection = rusqlite::Connection::open(house.state_dir().join("consent.sqlite")).unwrap();
    let rows: String = connection.query_row(rows, [], |row| row.get(0)).unwrap();
    assert_eq!(rows, "1 by 6, 2 by 3, 3 by 11, 4 by 4, 5 by 6, 7 by 9, 8 by 10", "frame, erasure and retention too");
    drop(connection);
    let check = edits(&house);
    let stands = |by| format!("leaf {by} ended it, and it is kept as if it still stood");
    let other = |by| format!("it is kept as ended by leaf {by}, which did not end it");
    for (leaf, by) in [(1, 6), (2, 3), (3, 11), (5, 6)] {
        check(&format!("DELETE FROM ended WHERE idx = {leaf}"), &format!("leaf {leaf}: {}", stands(by)));
    }
    check("UPDATE ended SET by_idx = 11 WHERE idx = 2", &format!("leaf 2: {}", stands(3)));
    check("UPDATE ended SET by_idx = 2 WHERE idx = 3", &format!("leaf 3: {}", other(2)));
    check("DELETE FROM ended WHERE idx = 4", "leaf 4: it is no choice, and is kept as one");
    check("UPDATE ended SET by_idx = 11 WHERE idx = 4", "leaf 4: it is no choice");
    for by in [0, 5, 6, 9, 10, 11, 5000] {
        check(&format!("INSERT INTO ended VALUES (11, {by})"), &format!("leaf 11: {}", other(by)));
    }
    check("INSERT INTO ended VALUES (6, 11)", &format!("leaf 6: {}", other(11)));
    check("INSERT INTO ended VALUES (6, 9)", &format!("leaf 6: {}", other(9)));
    check("INSERT INTO ended VALUES (0, 6)", &format!("leaf 0: {}", other(6)));
    // Nobody knows what an event ended that was erased since.
    house.restore(&whole);
    house.by_hand("INSERT INTO ended VALUES (6, 7)");
    assert!(!house.open().is_live(LeafIndex(6)));
}

#[tokio::test]
async fn a_hole_is_explained_by_the_leaf_that_names_it_and_by_no_other() {
    let house = house_of_chains().await;
    let check = edits(&house);
    let gone = |leaf| format!("leaf {leaf}: its record is gone and no leaf says why");
    for (leaf, by) in [(7, 10), (7, 11), (7, 6), (7, 5000), (8, 9), (8, 0)] {
        check(&format!("UPDATE ended SET by_idx = {by} WHERE idx = {leaf}"), &gone(leaf));
    }
    for by in [9, 10] {
        let hole = format!("DELETE FROM record WHERE idx = 5; UPDATE ended SET by_idx = {by} WHERE idx = 5");
        check(&hole, &gone(5));
    }
}

#[tokio::test]
async fn the_columns_by_which_records_are_found_say_what_the_records_say() {
    let house = house_of_chains().await;
    let check = edits(&house);
    for change in [
        "consent_id = zeroblob(16)",
        "consent_id = CAST(consent_id || x'00' AS BLOB)",
        "site = 'another.kz'",
        "time = time + 1",
        "valid_until = valid_until - 1",
    ] {
        check(&format!("UPDATE record SET {change} WHERE idx = 5"), "leaf 5: the columns beside its record");
    }
}

#[tokio::test]
async fn each_text_is_the_one_that_its_leaf_names() {
    let house = House::new();
    let store = house.open();
    let edition = event(1).edition;
    let id = |json| NoticeId(document_hash(json));
    for json in ["{}", "{ }"] {
        store.keep_notice(id(json), Language::Kk, &edition, json).unwrap();
    }
    for text in ["Правила", "Другие правила"] {
        store.keep_policy(&edition, Language::Ru, Timestamp::default(), text).unwrap();
    }
    append(&store, event(1)).await;
    drop(store);
    let check = edits(&house);
    let (other, gone) = ("the text that is kept for it is not the one that it names", "the text that it names is gone");
    check("UPDATE notice SET document = '{\"a\":1}' WHERE idx = 1", &format!("leaf 1: {other}"));
    check("UPDATE notice SET idx = 2 WHERE idx = 1", &format!("leaf 2: {other}"));
    check("UPDATE notice SET idx = 5000 WHERE idx = 1", &format!("leaf 5000: {other}"));
    check("UPDATE notice SET id = zeroblob(32) WHERE idx = 2", &format!("leaf 2: {gone}"));
    check("DELETE FROM notice WHERE idx = 2", &format!("leaf 2: {gone}"));
    check("INSERT INTO notice VALUES (zeroblob(32), 5, '{}')", &format!("leaf 5: {other}"));
    check("UPDATE document SET text = 'Правило' WHERE idx = 3", &format!("leaf 3: {other}"));
    check("UPDATE document SET idx = 3 WHERE idx = 4", &format!("leaf 3: {other}"));
    check("DELETE FROM document WHERE idx = 4", &format!("leaf 4: {gone}"));
}
