//! The document that explains the leaves shows them as they are.

use super::*;

const DOCUMENT: &str = include_str!("../../../deploy/leaves.md");

#[test]
fn the_document_shows_each_kind_as_it_is_written() {
    let moment = |text| Timestamp::parse(text).unwrap();
    let (edition, time) = (EditionId::parse("2026-01").unwrap(), moment("2026-11-22T10:00:00Z"));
    let count = EnforcementCount {
        site: "shop.example".into(),
        what: Enforced::SetCookie,
        category: Some(Category::Analytical),
        refused: 812,
        passed: 77,
    };
    let entries = [
        golden_entry("restored"),
        golden_entry("erasure"),
        golden_entry("retention"),
        Entry::Notice {
            id: NoticeId([7; 32]),
            language: Language::Kk,
            edition: edition.clone(),
            document: [7; 32],
            day: time,
        },
        Entry::Policy {
            edition,
            language: Language::Ru,
            document: [8; 32],
            effective: moment("2026-01-01"),
            day: time,
        },
        Entry::Configuration {
            fingerprint: [9; 32],
            summary: r#"{"frame_retention":"P6M","retention":"P36M","sites":[]}"#.into(),
            time,
        },
        Entry::Service { state: ServiceState::Started, version: "0.1.0".into(), time },
        Entry::Access(Access {
            by: Accessor::CommandLine,
            what: AccessKind::Export,
            form: "csv",
            from: moment("2026-11-01"),
            to: moment("2026-12-01"),
            time: moment("2026-12-02T09:00:00Z"),
        }),
        Entry::Enforcement { day: time, counts: vec![count] },
        Entry::Key { day: time, commitment: [10; 32], time: moment("2026-11-22T19:30:04Z") },
    ];
    for entry in &entries {
        let leaf = String::from_utf8(entry.leaf_data()).unwrap();
        assert!(DOCUMENT.contains(&format!("```text\n{leaf}\n```")), "the document does not show {leaf}");
        assert!(DOCUMENT.contains(&format!("## {}\n", entry.kind())), "{}", entry.kind());
    }
    assert_eq!(DOCUMENT.matches("```text").count(), entries.len(), "no example is made up");
    let whole_site: String = document_hash("/").iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(DOCUMENT.contains(&whole_site), "how the exception for a whole site is known");
    for what in Enforced::ALL {
        assert!(DOCUMENT.contains(&format!("- `{}`", what.name())), "{}", what.name());
    }
}
