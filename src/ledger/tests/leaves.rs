//! Leaves are read back exactly, and nothing else is a leaf.

use proptest::prelude::*;

use super::super::*;
use crate::{
    consent::{Category, EditionId},
    timestamp::Timestamp,
    visitor::Language,
};

prop_compose! {
    fn any_moment()(milliseconds in 0i64..253_402_207_200_000) -> Timestamp {
        Timestamp::from_milliseconds(milliseconds)
    }
}

prop_compose! {
    fn any_day()(day in 0i64..2_932_000) -> Timestamp {
        Timestamp::from_seconds(day * 86_400)
    }
}

prop_compose! {
    fn any_access()(
        account in proptest::option::of(any::<[u8; 4]>()),
        kinds in (0..AccessKind::ALL.len(), 0..Access::FORMS.len()),
        times in (any_moment(), any_moment(), any_moment()),
    ) -> Entry {
        Entry::Access(Access {
            by: account.map_or(Accessor::CommandLine, |number| Accessor::Account(AccountNumber(number))),
            what: AccessKind::ALL[kinds.0],
            form: Access::FORMS[kinds.1],
            from: times.0,
            to: times.1,
            time: times.2,
        })
    }
}

prop_compose! {
    fn any_count()(
        site in "[a-z\"\\\\\u{0}-\u{1f}а-я.]{0,20}",
        kinds in (0..Enforced::ALL.len(), proptest::option::of(0..Category::ALL.len())),
        numbers in any::<(u64, u64)>(),
    ) -> EnforcementCount {
        EnforcementCount {
            site: site.into(),
            what: Enforced::ALL[kinds.0],
            category: kinds.1.map(|kind| Category::ALL[kind]),
            refused: numbers.0,
            passed: numbers.1,
        }
    }
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let edition = || "[a-z0-9_-]{1,32}".prop_map(|text| EditionId::parse(&text).unwrap());
    let language = || (0..Language::ALL.len()).prop_map(|at| Language::ALL[at]);
    let index = || any::<u64>().prop_map(LeafIndex);
    prop_oneof![
        (any::<[u8; 16]>(), proptest::option::of(any::<([u8; 16], u64)>()), any_day()).prop_map(|(log, old, day)| {
            let follows = old.map(|(log, size)| Predecessor { log: LogId(log), size });
            Entry::Start { log: LogId(log), follows, day }
        }),
        any::<[u8; 32]>().prop_map(|commitment| Entry::Consent { commitment }),
        (any::<[u8; 32]>(), language(), edition(), any::<[u8; 32]>(), any_day()).prop_map(
            |(id, language, edition, document, day)| Entry::Notice {
                id: NoticeId(id),
                language,
                edition,
                document,
                day
            }
        ),
        (index(), any::<bool>(), any_day()).prop_map(|(index, order, day)| Entry::Erasure {
            index,
            reason: ErasureReason::ALL[usize::from(order)],
            day
        }),
        (prop::collection::btree_set(any::<u64>(), 0..10), any_day(), any_day()).prop_map(|(ends, before, day)| {
            let ends: Vec<_> = ends.into_iter().map(LeafIndex).collect();
            let ranges = ends.chunks_exact(2).map(|ends| (ends[0], ends[1])).collect();
            Entry::Retention { ranges, before, day }
        }),
        (edition(), language(), any::<[u8; 32]>(), any_day(), any_day()).prop_map(
            |(edition, language, document, effective, day)| Entry::Policy {
                edition,
                language,
                document,
                effective,
                day
            }
        ),
        (any::<[u8; 32]>(), "[a-zа-я]{0,9}", any::<i32>(), any_moment()).prop_map(
            |(fingerprint, name, number, time)| Entry::Configuration {
                fingerprint,
                summary: format!(r#"{{"{name}":[{number},null]}}"#).into(),
                time
            }
        ),
        (any::<bool>(), "\\PC{0,20}", any_moment()).prop_map(|(stopped, version, time)| Entry::Service {
            state: ServiceState::ALL[usize::from(stopped)],
            version: version.into(),
            time
        }),
        any_access(),
        (any_day(), prop::collection::vec(any_count(), 0..4))
            .prop_map(|(day, counts)| Entry::Enforcement { day, counts }),
        (any_day(), any::<[u8; 32]>(), any_moment()).prop_map(|(day, commitment, time)| Entry::Key {
            day,
            commitment,
            time
        }),
    ]
}

proptest! {
    #[test]
    fn every_leaf_is_read_back(entry in any_entry()) {
        prop_assert_eq!(Entry::parse(&entry.leaf_data()), Some(entry));
    }

    #[test]
    fn what_is_read_would_be_written_the_same(entry in any_entry(), place: prop::sample::Index, byte: u8, cut: bool) {
        let mut data = entry.leaf_data();
        if cut {
            data.truncate(place.index(data.len()));
        } else {
            let at = place.index(data.len());
            data[at] = byte;
        }
        if let Some(read) = Entry::parse(&data) {
            prop_assert_eq!(read.leaf_data(), data);
        }
    }
}

#[test]
fn another_spelling_is_no_leaf() {
    let leaf = r#"kelisim-erasure-leaf/v1
{"index":5,"reason":"request","day":"2026-11-22"}"#;
    assert!(Entry::parse(leaf.as_bytes()).is_some());
    for (from, to) in [
        ("/v1", "/v2"),
        ("erasure", "forgetting"),
        (":5", ":05"),
        (":5", ": 5"),
        (":5", ":-5"),
        ("request", "wish"),
        ("-22\"", "-22T00:00:00Z\""),
        ("}", ",\"name\":\"x\"}"),
        ("}", "}\n"),
        ("\"day\"", "\"d\\u0061y\""),
    ] {
        let changed = leaf.replacen(from, to, 1);
        assert_ne!(changed, leaf, "{from} is in the leaf");
        assert_eq!(Entry::parse(changed.as_bytes()), None, "{to}");
    }
    assert_eq!(Entry::parse(b"kelisim-consent-leaf/v1\nshort"), None);
    assert_eq!(Entry::parse(b""), None);
}
