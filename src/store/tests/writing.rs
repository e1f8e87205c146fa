//! Writing: acknowledged means kept, and ended means ended, also after a restart.

use super::*;
use crate::{
    ledger::{
        Content, Entry, ErasureReason, NoticeId, canonical, leaf_hash,
        samples::{event, opened_frame, withdrawal},
    },
    store::{AppendError, Reader, inbox::MOST_GRANTS},
    visitor::Language,
};

#[tokio::test]
async fn a_group_is_committed_together_and_everyone_is_answered() {
    let house = House::new();
    let store = house.open();
    let held = hold_writer(&store);
    let waiting: Vec<_> = (0..100)
        .map(|visitor| {
            let store = store.clone();
            tokio::spawn(async move { append(&store, event(visitor)).await })
        })
        .collect();
    while store.0.inbox.grants_waiting() < 100 {
        tokio::task::yield_now().await;
    }
    drop(held);
    let mut indices = Vec::new();
    for answer in waiting {
        indices.push(answer.await.unwrap().0);
    }
    assert_eq!(indices, (1..=100).collect::<Vec<_>>(), "leaf 0 starts the log");
    assert!(indices.iter().all(|index| store.is_live(LeafIndex(*index))));
}

#[tokio::test]
async fn what_is_acknowledged_is_in_the_files_at_that_moment() {
    let house = House::new();
    let store = house.open();
    for visitor in 0..20 {
        let index = append(&store, event(visitor)).await;
        let copy = house.copy_as_it_is();
        assert!(copy.open().is_live(index), "after visitor {visitor}");
    }
}

#[tokio::test]
async fn leaves_commit_to_salt_and_record() {
    let house = House::new();
    let store = house.open();
    append(&store, event(1)).await;
    append(&store, event(1)).await;
    let rows = read_all(&house.state_dir());
    let salts: Vec<_> = rows
        .iter()
        .map(|row| {
            let Content::Kept(event, salt) = &row.content else { panic!("nothing was removed") };
            assert!(leaf_hash(&Entry::consent(salt, &canonical(event)).leaf_data()) == row.leaf_hash);
            salt.0
        })
        .collect();
    assert_ne!(salts[0], salts[1], "the same record twice is two different leaves");
}

#[tokio::test]
async fn a_replayed_choice_counts_no_more_after_a_withdrawal_also_after_a_restart() {
    let house = House::new();
    let store = house.open();
    let given = append(&store, event(1)).await;
    let other = append(&store, event(2)).await;
    assert!(store.is_live(given));
    store.append_later(withdrawal(1, given));
    assert!(!store.is_live(given), "before the disk was asked");
    drop(store);
    let store = house.open();
    assert!(!store.is_live(given));
    assert!(store.is_live(other));
}

#[tokio::test]
async fn a_later_choice_ends_the_one_it_names() {
    let house = House::new();
    let store = house.open();
    let first = append(&store, event(1)).await;
    let second = append(&store, Event { ends: Some(first), ..event(9) }).await;
    assert!(!store.is_live(first) && store.is_live(second));
    drop(store);
    let store = house.open();
    assert!(!store.is_live(first) && store.is_live(second));
}

#[tokio::test]
async fn two_answers_at_once_leave_one_standing() {
    let house = House::new();
    let store = house.open();
    let (one, two) = tokio::join!(append(&store, event(1)), append(&store, event(1)));
    assert!(!store.is_live(one.min(two)) && store.is_live(one.max(two)));
    // The withdrawal names the copy that was ended already; the other one goes too.
    store.append_later(withdrawal(1, one.min(two)));
    on_writer(&store, |_| ());
    assert!(!store.is_live(one.max(two)));
    let elsewhere = append(&store, Event { site: "other.kz".into(), ..event(1) }).await;
    append(&store, event(1)).await;
    assert!(store.is_live(elsewhere), "another site is another chain");
}

#[tokio::test]
async fn an_opened_frame_ends_no_choice_and_no_choice_ends_it() {
    let house = House::new();
    let store = house.open();
    let given = append(&store, event(1)).await;
    let frame = append(&store, Event { ends: Some(given), ..opened_frame(1) }).await;
    assert!(store.is_live(given), "what is no choice ends none");
    assert!(!store.is_live(frame), "and stands for none");
    // Two answers at once still leave one standing, though a frame lies between.
    let again = append(&store, event(1)).await;
    assert!(!store.is_live(given) && store.is_live(again));
    drop(store);
    let store = house.open();
    assert!(!store.is_live(frame) && store.is_live(again));
    let erased = store.erase(event(1).consent_id, ErasureReason::Request).await.unwrap();
    assert_eq!(erased.records, 3);
}

#[tokio::test]
async fn leaves_that_are_no_choice_or_do_not_exist_are_not_live() {
    let house = House::new();
    let store = house.open();
    let notice = store.keep_notice(NoticeId([7; 32]), Language::Kk, &event(1).edition, "{}").unwrap();
    let check = |store: &Store| {
        for index in [0, notice.0, notice.0 + 1, u64::MAX] {
            assert!(!store.is_live(LeafIndex(index)), "{index}");
        }
    };
    check(&store);
    drop(store);
    check(&house.open());
}

#[tokio::test]
async fn an_index_from_another_log_ends_nobodys_future_choice() {
    let house = House::new();
    let store = house.open();
    store.append_later(withdrawal(1, LeafIndex(2)));
    on_writer(&store, |_| ());
    let index = append(&store, event(2)).await;
    assert_eq!(index, LeafIndex(2));
    assert!(store.is_live(index));
    drop(store);
    assert!(house.open().is_live(index));
}

#[tokio::test]
async fn a_notice_is_kept_once() {
    let house = House::new();
    let store = house.open();
    let keep =
        |id: u8, json: &str| store.keep_notice(NoticeId([id; 32]), Language::Ru, &event(1).edition, json).unwrap();
    let first = keep(1, r#"{"текст":"Мы"}"#);
    assert_eq!(keep(1, "another"), first);
    assert_ne!(keep(2, "{}"), first);
    let reader = Reader::open(&house.state_dir()).unwrap();
    assert_eq!(reader.notice(NoticeId([1; 32])).unwrap().as_deref(), Some(r#"{"текст":"Мы"}"#));
    assert_eq!(reader.notice(NoticeId([3; 32])).unwrap(), None);
}

#[tokio::test]
async fn the_queue_is_bounded() {
    let house = House::new();
    let store = house.open();
    let held = hold_writer(&store);
    let waiting: Vec<_> = (0..MOST_GRANTS)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.append(event(1)).await })
        })
        .collect();
    while store.0.inbox.grants_waiting() < MOST_GRANTS {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.append(event(2)).await, Err(AppendError::Full));
    drop(held);
    for answer in waiting {
        answer.await.unwrap().unwrap();
    }
}
