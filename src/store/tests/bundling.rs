//! Reading for a bundle: one state of the log, and checkpoints of all logs that it is made of.

use super::*;
use crate::{
    ledger::{ErasureReason, KeyKind, SignedCheckpoint, SigningKey, samples::event},
    store::Era,
};

/// Waits for a checkpoint of all that is there, and keeps what a witness signs of it where one does.
async fn signed(store: &Store, cosigned: bool) -> u64 {
    let size = store.reader().unwrap().size().unwrap();
    let mut checkpoints = store.checkpoints();
    let newest = |latest: &Option<std::sync::Arc<SignedCheckpoint>>| {
        latest.as_ref().is_some_and(|latest| latest.checkpoint().size >= size)
    };
    let mut checkpoint = checkpoints.wait_for(newest).await.unwrap().clone().unwrap().as_ref().clone();
    if cosigned {
        let witness = SigningKey::from_seed("witness.example", KeyKind::Witness, &[1; 32]).unwrap();
        let line = witness.sign(checkpoint.note().text(), store.0.clock.now());
        checkpoint.note_mut().add(line);
        store.keep_cosigned(checkpoint.clone()).unwrap();
    }
    checkpoint.checkpoint().size
}

fn later(house: &House, seconds: i64) {
    house.clock.set(Timestamp::from_seconds(house.clock.now().seconds() + seconds));
}

#[tokio::test]
async fn a_snapshot_shows_one_state_and_holds_nobody_up() {
    let house = House::new();
    let store = house.open();
    let first = append(&store, event(1)).await;
    let reader = store.reader().unwrap();
    let (from, to) = forever();
    let snapshot = reader.snapshot().unwrap();
    append(&store, event(2)).await;
    let erased = store.erase(event(1).consent_id, ErasureReason::Request).await.unwrap();
    assert_eq!((erased.records, erased.overwritten), (1, false), "the snapshot still has the bytes");
    assert_eq!(reader.count(from, to).unwrap().all(), 1);
    assert!(reader.record(first).unwrap().is_some());
    drop(snapshot);
    assert_eq!(reader.count(from, to).unwrap().all(), 2);
    assert!(reader.record(first).unwrap().is_none());
}

#[tokio::test]
async fn checkpoints_of_every_log_are_found_and_the_cosigned_ones_around_a_range() {
    let house = House::new();
    let store = house.open();
    let mut sizes = Vec::new();
    for visitor in 0..6 {
        append(&store, event(visitor)).await;
        later(&house, 10);
        sizes.push(signed(&store, visitor % 2 == 0).await);
    }
    let old = store.key().name().to_owned();
    drop(store);
    let backup = house.back_up();
    drop({
        let store = house.open();
        append(&store, event(9)).await;
        store
    });
    house.restore(&backup);
    later(&house, 10);
    let store = house.open();
    let restored = store.key().name().to_owned();
    assert_ne!(old, restored);
    append(&store, event(20)).await;
    later(&house, 10);
    let after = signed(&store, true).await;
    append(&store, event(21)).await;
    later(&house, 10);
    let size = signed(&store, false).await;
    let reader = store.reader().unwrap();
    let eras = reader.eras(size).unwrap();
    let known = sizes[5];
    let expected =
        [Era { origin: old, start: 0, end: eras[0].end }, Era { origin: restored, start: eras[0].end, end: size - 1 }];
    assert_eq!(eras, expected);
    assert!(eras[0].end >= known && eras[0].end < after, "{eras:?}");
    let around = |first: u64, after: u64| reader.cosigned_around(&eras, (first, after)).unwrap();
    // Those of the visitors 0, 2 and 4 are cosigned, and the first of the new log.
    assert_eq!(around(sizes[1], sizes[1] + 1), [Some(sizes[0]), Some(sizes[2])]);
    assert_eq!(around(sizes[2], sizes[2]), [Some(sizes[2]), Some(sizes[2])]);
    assert_eq!(around(0, sizes[5]), [None, Some(after)]);
    assert_eq!(around(size, size), [Some(after), None]);
    let between = |era: usize, period: (Timestamp, Timestamp), also: [Option<u64>; 2]| {
        let page = reader.checkpoints_between(&eras[era], period, also, 0).unwrap();
        page.into_iter().map(|(size, _)| size).collect::<Vec<_>>()
    };
    let nothing = (Timestamp::default(), Timestamp::default());
    assert_eq!(between(0, nothing, around(sizes[1], sizes[3])), [sizes[0], sizes[4]]);
    assert_eq!(between(1, nothing, around(0, sizes[5])), [after]);
    let whole = between(0, forever(), [None; 2]);
    assert!(sizes.iter().all(|size| whole.contains(size)) && whole.is_sorted(), "{whole:?}");
    assert!(!between(1, forever(), [None; 2]).contains(&size), "the newest stands for itself");
    assert_eq!(reader.kept_outside((0, size), size).unwrap(), 0);
    assert_eq!(reader.kept_outside((2, 4), size).unwrap(), 6);
}
