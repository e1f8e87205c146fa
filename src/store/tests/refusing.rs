//! A disk that refuses, a disk that hangs, a writer that dies: grants fail, refusals hold, nothing acknowledged is lost.

use std::time::Duration;

use super::*;
use crate::{
    ledger::samples::{event, withdrawal},
    store::{AppendError, inbox::MOST_LATER},
};

/// Lets the file not grow beyond its present size, as a full disk would.
fn fill_disk(store: &Store) {
    on_writer(store, |writer| {
        let pages: i64 = writer.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        limit_pages(writer, pages);
    });
}

fn empty_disk(store: &Store) {
    on_writer(store, |writer| limit_pages(writer, 1 << 30));
}

fn limit_pages(writer: &Writer, pages: i64) {
    writer.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
}

#[tokio::test]
async fn on_a_full_disk_grants_fail_and_refusals_wait_until_there_is_space() {
    let house = House::new();
    let store = house.open();
    let given = append(&store, event(1)).await;
    fill_disk(&store);
    let mut acknowledged = vec![(0, given)];
    let refusal = loop {
        // There may be room left in pages that are there already.
        match store.append(event(2)).await {
            Ok(written) => acknowledged.push((2, written.index)),
            Err(error) => break error,
        }
    };
    assert!(matches!(&refusal, AppendError::Unwritable(reason) if reason.contains("full")), "{refusal}");
    store.append_later(withdrawal(1, given));
    assert!(!store.is_live(given), "the withdrawal is in force");
    assert!(store.append(event(3)).await.is_err());
    assert_eq!((store.waiting(), store.lost()), (1, 0));
    let rows = read_all(&house.state_dir());
    assert_eq!(rows.len(), acknowledged.len(), "what was acknowledged is there, what was refused is not");

    empty_disk(&store);
    let after = append(&store, event(4)).await;
    assert_eq!(store.waiting(), 0);
    drop(store);
    let store = house.open();
    assert!(!store.is_live(given));
    assert!(store.is_live(after));
    assert_eq!(read_all(&house.state_dir()).len(), acknowledged.len() + 2);
}

#[tokio::test]
async fn without_a_new_event_the_writer_tries_again_by_itself() {
    let house = House::new();
    let store = house.open();
    fill_disk(&store);
    while store.append(event(1)).await.is_ok() {}
    store.append_later(event(2));
    empty_disk(&store);
    while store.waiting() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_writer_that_is_asked_for_nothing_learns_by_itself_that_the_disk_works_again() {
    let house = House::new();
    let store = house.open();
    fill_disk(&store);
    while store.append(event(1)).await.is_ok() {}
    assert!(store.is_failing());
    empty_disk(&store);
    while store.is_failing() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_grant_is_not_ended_by_a_refusal_that_came_before_it() {
    let house = House::new();
    let store = house.open();
    let held = hold_writer(&store);
    // More than one group, so that the last one would be written after the grant.
    for _ in 0..1000 {
        store.append_later(event(1));
    }
    store.append_later(event(2));
    let granted = tokio::spawn({
        let store = store.clone();
        async move { store.append(event(2)).await }
    });
    while store.0.inbox.grants_waiting() == 0 {
        tokio::task::yield_now().await;
    }
    drop(held);
    let granted = granted.await.unwrap().unwrap().index;
    while store.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(store.is_live(granted));
}

#[test]
fn the_oldest_refusals_are_never_dropped_and_the_newest_are_counted() {
    let house = House::new();
    let store = house.open();
    let held = hold_writer(&store);
    for _ in 0..MOST_LATER + 3 {
        store.append_later(event(1));
    }
    assert_eq!((store.waiting(), store.lost()), (MOST_LATER, 3));
    drop(held);
    drop(store);
    assert_eq!(read_all(&house.state_dir()).len(), MOST_LATER, "closing writes what waits");
}

#[tokio::test]
async fn a_hanging_disk_keeps_nobody_waiting() {
    let house = House::new();
    let store =
        Store::open_waiting(&house.settings(), Opener::Gateway, house.clock.clone(), Duration::from_millis(1)).unwrap();
    let held = hold_writer(&store);
    let Err(AppendError::Unwritable(reason)) = store.append(event(1)).await else { panic!("acknowledged") };
    assert_eq!(&*reason, "the disk does not answer");
    drop(held);
    drop(store);
    assert!(read_all(&house.state_dir()).is_empty(), "what was given up before it was begun is not written");
}

#[tokio::test]
async fn a_dead_writer_fails_everyone_and_withdrawals_still_hold() {
    let house = House::new();
    let store = house.open();
    let given = append(&store, event(1)).await;
    let held = hold_writer(&store);
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.append(event(2)).await }
    });
    while store.0.inbox.grants_waiting() == 0 {
        tokio::task::yield_now().await;
    }
    store.0.inbox.push_task(Box::new(|_| panic!("the writer dies of this test"))).unwrap();
    drop(held);
    // Written before the panic, or failed by it: answered in any case.
    let _ = waiting.await.unwrap();
    while store.0.inbox.push_task(Box::new(|_| ())).is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.append(event(3)).await, Err(AppendError::stopped()));
    assert!(store.erase(event(1).consent_id, crate::ledger::ErasureReason::Request).await.is_err());
    store.append_later(withdrawal(1, given));
    assert!(!store.is_live(given));
    assert_eq!(store.waiting(), 1);
}
