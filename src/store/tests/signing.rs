//! Checkpoints: at most one a second, none that contradicts another, and not all of them forever.

use super::*;
use crate::{
    ledger::{Checkpoint, KeyKind, SigningKey, TreeHash, samples::event},
    store::{Reader, checkpoints},
};

#[tokio::test]
async fn a_stop_signs_what_is_there() {
    let house = House::new();
    let store = house.open();
    let checkpoints = store.checkpoints();
    append(&store, event(1)).await;
    append(&store, event(2)).await;
    drop(store);
    let newest = checkpoints.borrow().clone().unwrap();
    assert_eq!(newest.checkpoint().size, 3, "although the clock stands still");
    let mark = std::fs::read_to_string(house.state_dir().join("outside-backup/high-water.json")).unwrap();
    let expected = format!("\"size\":3,\"root\":\"{}\"", newest.checkpoint().root);
    assert!(mark.contains(&expected), "{mark}");
}

#[tokio::test]
async fn leaves_that_changed_under_a_running_writer_are_never_signed() {
    let house = House::new();
    let store = house.open();
    let mut checkpoints = store.checkpoints();
    append(&store, event(1)).await;
    checkpoints.wait_for(Option::is_some).await.unwrap();
    on_writer(&store, |writer| {
        writer.connection.execute("UPDATE leaf SET hash = zeroblob(32) WHERE idx = 0", []).unwrap()
    });
    let before = checkpoints.borrow_and_update().clone();
    append(&store, event(2)).await;
    house.clock.set(Timestamp::parse("2026-11-22T13:00:00Z").unwrap());
    append(&store, event(3)).await;
    drop(store);
    assert_eq!(*checkpoints.borrow(), before);
}

#[tokio::test]
async fn of_earlier_days_the_last_of_each_hour_stays_and_the_last_that_a_witness_signed() {
    let house = House::new();
    drop(house.open());
    house.by_hand("DELETE FROM checkpoint");
    let connection = rusqlite::Connection::open(house.state_dir().join("consent.sqlite")).unwrap();
    let key = |name: &str| SigningKey::from_seed(name, KeyKind::Log, &[7; 32]).unwrap();
    let keep = |origin: &str, size: u64, time: &str, witness: Option<&str>| {
        let checkpoint = Checkpoint { origin: origin.into(), size, root: TreeHash([1; 32]) };
        let time = Timestamp::parse(time).unwrap();
        let mut signed = checkpoint.sign(&key(origin), time);
        if let Some(witness) = witness {
            let line = key(witness).sign(signed.note().text(), time);
            signed.note_mut().add(line);
        }
        checkpoints::keep(&connection, &signed, time).unwrap();
    };
    for (size, time, witness) in [
        (1, "2026-11-20T10:00:00Z", None),
        (2, "2026-11-20T10:20:00Z", Some("auditor.example")),
        (3, "2026-11-20T10:40:00Z", Some("auditor.example")),
        (4, "2026-11-20T10:50:00Z", None),
        (5, "2026-11-20T10:59:59Z", None),
        (6, "2026-11-20T11:00:00Z", None),
        (7, "2026-11-21T11:59:58Z", None),
        (8, "2026-11-21T12:00:00Z", None),
        (9, "2026-11-21T12:00:01Z", None),
        (10, "2026-11-22T12:00:00Z", None),
    ] {
        keep("one", size, time, witness);
    }
    keep("other", 1, "2025-01-01T10:00:00Z", None);
    keep("other", 2, "2025-01-01T10:00:01Z", None);
    checkpoints::thin(&connection, Timestamp::parse("2026-11-22T12:00:00Z").unwrap()).unwrap();
    let left = |origin: &str| {
        let sql = "SELECT size FROM checkpoint WHERE origin = ?1 ORDER BY size";
        let mut statement = connection.prepare(sql).unwrap();
        let sizes = statement.query_map([origin], |row| row.get(0)).unwrap();
        sizes.map(Result::unwrap).collect::<Vec<i64>>()
    };
    assert_eq!(left("one"), [3, 5, 6, 7, 8, 9, 10]);
    assert_eq!(left("other"), [2], "the newest of each log stays, however old");
    assert!(Reader::open(&house.state_dir()).is_ok());
}
