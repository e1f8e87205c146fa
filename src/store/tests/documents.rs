//! Texts that leaves name: kept once, read as they were kept.

use super::*;
use crate::{consent::EditionId, ledger::document_hash, store::Reader, visitor::Language};

fn edition(name: &str) -> EditionId {
    EditionId::parse(name).unwrap()
}

#[test]
fn a_text_of_the_policy_is_kept_once_and_a_changed_one_again() {
    let house = House::new();
    let store = house.open();
    let day = |date: &str| Timestamp::parse(date).unwrap();
    let keep = |edition: &EditionId, language, from: &str, text: &str| {
        store.keep_policy(edition, language, day(from), text).unwrap()
    };
    let (spring, autumn) = (edition("2026-03"), edition("2026-11"));
    let first = keep(&spring, Language::Ru, "2026-03-01", "Правила\n");
    assert_eq!(keep(&spring, Language::Ru, "2026-03-01", "Правила\n"), first);
    let others = [
        keep(&autumn, Language::Ru, "2026-03-01", "Правила\n"),
        keep(&spring, Language::Kk, "2026-03-01", "Правила\n"),
        keep(&spring, Language::Ru, "2026-04-01", "Правила\n"),
        keep(&spring, Language::Ru, "2026-04-01", "Другие правила\n"),
    ];
    assert_eq!(others.map(|index| index.0 - first.0), [1, 2, 3, 4], "each of them is something new to say");
    drop(store);
    let store = house.open();
    let again = store.keep_policy(&spring, Language::Ru, day("2026-04-01"), "Другие правила\n").unwrap();
    assert_eq!(again, others[3], "also after a restart");
    let reader = Reader::open(&house.state_dir()).unwrap();
    for text in ["Правила\n", "Другие правила\n"] {
        assert_eq!(reader.policy(&document_hash(text)).unwrap().as_deref(), Some(text));
    }
    assert_eq!(reader.policy(&[9; 32]).unwrap(), None);
}

#[test]
fn sites_that_call_different_texts_by_one_edition_do_not_write_leaves_in_turn() {
    let house = House::new();
    let day = Timestamp::parse("2026-03-01").unwrap();
    let keep = |store: &Store, text: &str| store.keep_policy(&edition("2026-03"), Language::Ru, day, text).unwrap();
    let store = house.open();
    let first = [keep(&store, "Первый сайт\n"), keep(&store, "Второй сайт\n")];
    assert_ne!(first[0], first[1]);
    drop(store);
    let store = house.open();
    let size = store.reader().unwrap().size().unwrap();
    assert_eq!([keep(&store, "Первый сайт\n"), keep(&store, "Второй сайт\n")], first);
    assert_eq!(store.reader().unwrap().size().unwrap(), size);
}

#[test]
fn the_public_key_is_a_file_that_names_the_log() {
    let house = House::new();
    let store = house.open();
    let line = std::fs::read_to_string(house.state_dir().join("log.pub")).unwrap();
    assert_eq!(line, format!("{}\n", store.key()));
    let origin = format!("shop.example/_kelisim/log/{}", store.log());
    assert!(line.starts_with(&format!("{origin}+")), "{line}");
    drop(store);
    let reader = Reader::open(&house.state_dir()).unwrap();
    assert_eq!(reader.origin().unwrap().as_deref(), Some(&*origin));
}
