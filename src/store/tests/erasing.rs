//! Forgetting: the record is gone from the files, its leaf stays and says so.

use std::collections::{HashMap, HashSet};

use super::*;
use crate::{
    clock,
    consent::ConsentId,
    ledger::{
        Content, ErasureReason, PagePath, Removal,
        samples::{event, opened_frame, withdrawal},
    },
    store::{
        Erased, Reader, Records,
        leaves::{self, Doomed},
        rebuild::Cause,
    },
};

fn files_hold(state_dir: &Path, bytes: &[u8]) -> bool {
    ["consent.sqlite", "consent.sqlite-wal"].iter().any(|name| {
        let file = std::fs::read(state_dir.join(name)).unwrap_or_default();
        memchr::memmem::find(&file, bytes).is_some()
    })
}

#[tokio::test]
async fn an_erased_person_is_in_no_file_any_more_and_every_leaf_still_is() {
    let house = House::new();
    let store = house.open();
    let person = event(200).consent_id;
    let trace = Event { page: Some(PagePath::new("/divorce-lawyer")), ..event(200) };
    let first = append(&store, trace.clone()).await;
    append(&store, event(1)).await;
    let second = append(&store, Event { ends: Some(first), ..trace }).await;
    let before = read_all(&house.state_dir());
    let hexadecimal = person.to_string();
    for traced in [person.as_bytes().as_slice(), hexadecimal.as_bytes(), b"/divorce-lawyer"] {
        assert!(files_hold(&house.state_dir(), traced), "the search works");
    }

    let erased = store.erase(person, ErasureReason::Request).await.unwrap();
    assert_eq!(erased, Erased { records: 2, overwritten: true });
    for traced in [person.as_bytes().as_slice(), hexadecimal.as_bytes(), b"/divorce-lawyer"] {
        assert!(!files_hold(&house.state_dir(), traced), "{}", traced.escape_ascii());
    }
    let after = read_all(&house.state_dir());
    assert_eq!(after.len(), before.len());
    for (old, new) in before.iter().zip(&after) {
        assert!(old.leaf_hash == new.leaf_hash && old.index == new.index);
        let gone = matches!(new.content, Content::Removed { by: Removal::Erasure, on } if on.date() == "2026-11-22");
        assert_eq!(gone, new.index == first || new.index == second, "{:?}", new.index);
    }
    drop(store);
    let store = house.open();
    assert!(!store.is_live(first) && !store.is_live(second), "a copy that is replayed is no choice");
    assert_eq!(store.erase(person, ErasureReason::Request).await.unwrap().records, 0);
}

#[tokio::test]
async fn nobody_is_left_behind_in_the_slack_of_pages_that_were_split_and_joined() {
    let house = House::new();
    let store = house.open();
    let people: Vec<_> = (0..3000).map(|_| ConsentId::from_bytes(clock::random())).collect();
    for id in &people {
        store.append_later(Event { consent_id: *id, ..event(1) });
    }
    on_writer(&store, |_| ());
    while store.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    let (gone, kept) = people.split_at(1000);
    let (last, others) = gone.split_last().unwrap();
    let others = others.to_vec();
    on_writer(&store, move |writer| {
        for id in others {
            let doomed = Doomed::Person(id, ErasureReason::Order);
            leaves::delete_some(&mut writer.connection, &mut writer.frontier, doomed, writer.clock.now()).unwrap();
        }
    });
    let erased = store.erase(*last, ErasureReason::Order).await.unwrap();
    assert_eq!(erased, Erased { records: 1, overwritten: true });
    assert_eq!(found(&house.state_dir(), kept), kept.len());
    assert_eq!(found(&house.state_dir(), gone), 0);
}

/// How many of them some file of the directory holds, as bytes or as text.
fn found(state_dir: &Path, people: &[ConsentId]) -> usize {
    // Half of the text is as good as the whole of it, and as long as the bytes.
    let beginning = |id: &ConsentId| id.to_string().as_bytes().first_chunk().copied().unwrap();
    let forms = people.iter().flat_map(|id| [(*id.as_bytes(), id), (beginning(id), id)]);
    let forms: HashMap<[u8; 16], &ConsentId> = forms.collect();
    let mut seen: HashSet<&ConsentId> = HashSet::new();
    let mut folders = vec![state_dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let file = std::fs::read(path).unwrap();
            seen.extend(file.windows(16).filter_map(|window| forms.get(window)));
        }
    }
    seen.len()
}

/// Writes events of so many people; every third of them ran out long ago.
fn append_some_that_ran_out(store: &Store, count: usize) -> (Vec<ConsentId>, Vec<ConsentId>) {
    let people: Vec<_> = (0..count).map(|_| ConsentId::from_bytes(clock::random())).collect();
    let long_ago = Timestamp::parse("2020-01-01").unwrap();
    let is_old = |place: usize| place.is_multiple_of(3);
    for (place, id) in people.iter().enumerate() {
        let valid_until = if is_old(place) { long_ago } else { event(1).valid_until };
        store.append_later(Event { consent_id: *id, valid_until, ..event(1) });
    }
    while store.waiting() > 0 {
        std::thread::yield_now();
    }
    let (gone, kept): (Vec<_>, Vec<_>) = people.into_iter().enumerate().partition(|(place, _)| is_old(*place));
    let ids = |people: Vec<(usize, ConsentId)>| people.into_iter().map(|(_, id)| id).collect();
    (ids(gone), ids(kept))
}

#[tokio::test]
async fn whom_retention_deleted_is_in_no_file_any_more() {
    let house = House::new();
    let store = house.open();
    let (gone, kept) = append_some_that_ran_out(&store, 3000);
    let retired = store.retire(Timestamp::parse("2023-11-22").unwrap()).await.unwrap();
    assert_eq!(retired, Erased { records: 1000, overwritten: true });
    assert_eq!(found(&house.state_dir(), &kept), kept.len());
    assert_eq!(found(&house.state_dir(), &gone), 0);
}

#[tokio::test]
async fn retention_has_the_file_written_anew_once_a_day_and_never_forgets_to() {
    let house = House::new();
    let before = Timestamp::parse("2023-11-22").unwrap();
    let is_owed = |store: &Store| on_writer(store, |writer| writer.rebuild.is_owed(Cause::Retention));
    let retire = async |store: &Store| {
        append_some_that_ran_out(store, 3);
        store.retire(before).await.unwrap()
    };
    let store = house.open();
    assert_eq!(retire(&store).await, Erased { records: 1, overwritten: true });
    assert_eq!(retire(&store).await, Erased { records: 1, overwritten: false });
    assert!(is_owed(&store));
    let advance =
        |milliseconds| house.clock.set(Timestamp::from_milliseconds(house.clock.now().milliseconds() + milliseconds));
    advance(24 * 3_600_000 - 1);
    on_writer(&store, |_| ());
    assert!(is_owed(&store), "not on the same day");
    advance(1);
    while is_owed(&store) {}
    assert_eq!(retire(&store).await, Erased { records: 1, overwritten: false });
    drop(store);
    let store = house.open();
    on_writer(&store, |_| ());
    assert!(!is_owed(&store), "a start does what is owed");
    retire(&store).await;
    store.erase(event(1).consent_id, ErasureReason::Request).await.unwrap();
    assert!(is_owed(&store), "nobody was erased");
    append(&store, event(1)).await;
    store.erase(event(1).consent_id, ErasureReason::Request).await.unwrap();
    while is_owed(&store) {}
}

#[tokio::test]
async fn an_erasure_while_somebody_reads_is_finished_when_they_stop() {
    let house = House::new();
    let store = house.open();
    append(&store, event(1)).await;
    let reader = rusqlite::Connection::open(house.state_dir().join("consent.sqlite")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM leaf;").unwrap();
    let erased = store.erase(event(1).consent_id, ErasureReason::Request).await.unwrap();
    assert_eq!(erased, Erased { records: 1, overwritten: false });
    assert!(files_hold(&house.state_dir(), event(1).consent_id.as_bytes()));
    drop(reader);
    while files_hold(&house.state_dir(), event(1).consent_id.as_bytes()) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn erasing_takes_the_refusal_that_still_waits() {
    let house = House::new();
    let store = house.open();
    let held = hold_writer(&store);
    let mut erasing = Box::pin(store.erase(event(1).consent_id, ErasureReason::Request));
    assert!(std::future::poll_fn(|context| std::task::Poll::Ready(erasing.as_mut().poll(context).is_pending())).await);
    store.append_later(event(2));
    store.append_later(event(1));
    drop(held);
    erasing.await.unwrap();
    drop(store);
    assert!(!files_hold(&house.state_dir(), event(1).consent_id.as_bytes()));
    assert_eq!(read_all(&house.state_dir()).iter().filter(|row| matches!(row.content, Content::Kept(..))).count(), 1);
}

#[tokio::test]
async fn retention_deletes_what_ran_out_and_one_leaf_explains_it() {
    let house = House::new();
    let store = house.open();
    let old = |visitor| Event { valid_until: Timestamp::parse("2020-01-01").unwrap(), ..event(visitor) };
    let first = append(&store, old(1)).await;
    let kept = append(&store, event(2)).await;
    for visitor in 3..6 {
        append(&store, old(visitor)).await;
    }
    store.append_later(withdrawal(2, kept));
    let retired = store.retire(Timestamp::parse("2023-11-22").unwrap()).await.unwrap();
    assert_eq!(retired, Erased { records: 4, overwritten: true });
    assert!(!store.is_live(first));
    let leaf: String = on_writer(&store, |writer| {
        let sql = "SELECT CAST(data AS TEXT) FROM leaf WHERE kind = 'retention'";
        writer.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    });
    assert!(leaf.ends_with(r#"{"ranges":[[1,1],[3,5]],"before":"2023-11-22","day":"2026-11-22"}"#), "{leaf}");
    drop(store);
    let store = house.open();
    assert!(!store.is_live(first));
    let reader = Reader::open(&house.state_dir()).unwrap();
    let (from, to) = forever();
    let removed = |row: &Row| matches!(row.content, Content::Removed { by: Removal::Retention, .. });
    assert_eq!(reader.events(from, to).unwrap().map(Result::unwrap).filter(removed).count(), 4);
    assert_eq!(store.retire(Timestamp::parse("2023-11-22").unwrap()).await.unwrap().records, 0);
}

#[tokio::test]
async fn frames_and_choices_can_have_terms_of_their_own() {
    let house = House::new();
    let store = house.open();
    let old = |event| Event { valid_until: Timestamp::parse("2020-01-01").unwrap(), ..event };
    let misleading = Event { site: "\"event\":\"frame\"".into(), ..event(3) };
    for event in [event(1), opened_frame(1), event(2), opened_frame(2), misleading] {
        append(&store, old(event)).await;
    }
    append(&store, opened_frame(4)).await;
    let before = Timestamp::parse("2023-11-22").unwrap();
    let kinds = || -> Vec<&str> {
        let kind = |row: Row| match row.content {
            Content::Kept(event, _) => event.kind.name(),
            Content::Removed { by, .. } => by.name(),
        };
        read_all(&house.state_dir()).into_iter().map(kind).collect()
    };
    assert_eq!(store.retire_some(before, Records::Frames).await.unwrap().records, 2);
    assert_eq!(kinds(), ["expressed", "retention", "expressed", "retention", "expressed", "frame"]);
    assert_eq!(store.retire_some(before, Records::Choices).await.unwrap().records, 3);
    assert_eq!(kinds(), ["retention", "retention", "retention", "retention", "retention", "frame"]);
}

#[tokio::test]
async fn more_than_one_step_is_one_retention_for_the_caller() {
    let house = House::new();
    let store = house.open();
    for _ in 0..2500 {
        store.append_later(event(1));
    }
    while store.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    let (_, end_of_time) = forever();
    assert_eq!(store.retire(end_of_time).await.unwrap().records, 2500);
    assert!(!files_hold(&house.state_dir(), event(1).consent_id.as_bytes()));
}
