//! Reading beside a writer, after one, and without one.

use super::*;
use crate::{
    ledger::{ErasureReason, samples::event},
    store::{LONGEST_HISTORY, Reader, events::PAGE},
};

fn on(date: &str, visitor: u8) -> Event {
    Event { time: Timestamp::parse(date).unwrap(), ..event(visitor) }
}

#[tokio::test]
async fn an_export_runs_beside_the_gateway_and_sees_what_was_there_when_it_began() {
    let house = House::new();
    let store = house.open();
    let many = PAGE * 2 + 1;
    for _ in 0..many {
        store.append_later(event(1));
    }
    while store.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    let reader = Reader::open(&house.state_dir()).unwrap();
    let (from, to) = forever();
    assert_eq!(reader.count(from, to).unwrap().all(), many as u64);
    let mut events = reader.events(from, to).unwrap();
    let first = events.next().unwrap().unwrap();
    append(&store, event(2)).await;
    let erased = store.erase(event(2).consent_id, ErasureReason::Request).await.unwrap();
    assert!(erased.overwritten, "a reader between two pages holds nothing up");
    let indices: Vec<_> = std::iter::once(first.index.0).chain(events.map(|row| row.unwrap().index.0)).collect();
    assert_eq!(indices, (1..=many as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_period_begins_with_its_first_moment_and_ends_before_its_last() {
    let house = House::new();
    let store = house.open();
    for (date, visitor) in
        [("2026-01-31T23:59:59.999Z", 1), ("2026-02-01", 2), ("2026-02-28T12:00:00Z", 3), ("2026-03-01", 4)]
    {
        append(&store, on(date, visitor)).await;
    }
    store.erase(event(3).consent_id, ErasureReason::Request).await.unwrap();
    let reader = Reader::open(&house.state_dir()).unwrap();
    let check = |from: &str, to: &str, expected: &[u64]| {
        let (from, to) = (Timestamp::parse(from).unwrap(), Timestamp::parse(to).unwrap());
        let rows: Vec<_> = reader.events(from, to).unwrap().map(|row| row.unwrap().index.0).collect();
        assert_eq!(rows, expected, "{from} to {to}");
        assert_eq!(reader.count(from, to).unwrap().all(), expected.len() as u64);
    };
    check("2026-02-01", "2026-03-01", &[2, 3]);
    check("2026-01-31", "2026-02-01", &[1]);
    check("2026-02-28", "2026-02-28T01:00:00Z", &[3]);
    check("2026-03-02", "2027-01-01", &[]);
}

#[tokio::test]
async fn a_long_history_is_cut_to_its_newest_events_and_all_are_counted() {
    let house = House::new();
    let store = house.open();
    let many = LONGEST_HISTORY + 5;
    for _ in 0..many {
        store.append_later(event(1));
    }
    while store.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    append(&store, Event { site: "other.example".into(), ..event(1) }).await;
    append(&store, event(2)).await;
    let reader = Reader::open(&house.state_dir()).unwrap();
    let (id, site) = (event(1).consent_id, event(1).site);
    let indices: Vec<_> = reader.history(id, &site).unwrap().iter().map(|kept| kept.index.0).collect();
    assert_eq!(indices, (6..=many as u64).collect::<Vec<_>>());
    let second = reader.history_of_second(id, &site, event(1).time).unwrap();
    assert_eq!(second.len(), LONGEST_HISTORY);
    let before = Timestamp::from_seconds(event(1).time.seconds() - 1);
    assert!(reader.history_of_second(id, &site, before).unwrap().is_empty());
    assert_eq!((reader.kept_of(id, Some(&site)).unwrap(), reader.kept_of(id, None).unwrap()), (many, many + 1));
    store.erase(id, ErasureReason::Request).await.unwrap();
    assert_eq!(reader.kept_of(id, None).unwrap(), 0);
}

#[tokio::test]
async fn a_stopped_log_is_read_also_where_nothing_can_be_written() {
    let house = House::new();
    let store = house.open();
    append(&store, event(1)).await;
    drop(store);
    assert!(!house.state_dir().join("consent.sqlite-wal").exists());
    assert_eq!(read_all(&house.state_dir()).len(), 1);
    let reader = Reader::open_unchanging(&house.state_dir()).unwrap();
    let (from, to) = forever();
    assert_eq!(reader.events(from, to).unwrap().count(), 1);
    let error = house.try_open().err().unwrap();
    assert!(matches!(error, StoreError::Locked { .. }), "a file that must not change is held: {error}");
}

#[tokio::test]
async fn an_unfinished_log_or_a_running_writer_is_never_read_as_unchanging() {
    let house = House::new();
    let store = house.open();
    append(&store, event(1)).await;
    let refused = |house: &House| Reader::open_unchanging(&house.state_dir()).err().unwrap();
    assert!(matches!(refused(&house), StoreError::Locked { .. }));
    let killed = house.copy_as_it_is();
    let error = refused(&killed);
    assert!(matches!(error, StoreError::Unfinished { .. }), "{error}");
    assert!(error.to_string().contains("stopped hard"), "{error}");
    assert_eq!(read_all(&killed.state_dir()).len(), 1, "where writing is possible it is read");
}

#[test]
fn where_there_is_no_log_the_place_is_named() {
    let house = House::new();
    let error = Reader::open(&house.state_dir()).err().unwrap();
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    assert!(error.to_string().contains("state/consent.sqlite"), "{error}");
}

#[tokio::test]
async fn a_record_that_vanished_without_a_leaf_is_an_error_not_a_gap() {
    let house = House::new();
    let store = house.open();
    append(&store, event(1)).await;
    append(&store, event(2)).await;
    on_writer(&store, |writer| writer.connection.execute("DELETE FROM record WHERE idx = 1", []).unwrap());
    let reader = Reader::open(&house.state_dir()).unwrap();
    let (from, to) = forever();
    let rows: Vec<_> = reader.events(from, to).unwrap().collect();
    let [Err(error)] = rows.as_slice() else { panic!("read on") };
    assert!(error.to_string().contains("leaf 1: its record is gone and no leaf says why"), "{error}");
}

#[test]
fn a_path_with_special_characters_stays_one_path() {
    let uri = crate::store::reader::unchanging_uri(Path::new("/srv/a b?c=%/ж"));
    assert_eq!(uri, "file:/srv/a%20b%3Fc%3D%25/%D0%B6?immutable=1");
}
