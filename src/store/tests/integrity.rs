//! A database that was edited by hand while nobody wrote it: found at the next start, and named.

use super::*;
use crate::{
    ledger::{ErasureReason, NoticeId, leaf_hash, samples::event},
    visitor::Language,
};

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
    let check = |sql: &str, says: &str| {
        house.restore(&whole);
        house.by_hand(sql);
        let message = fault(&house, sql);
        assert!(message.contains(says), "{sql}: {message}");
    };
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
