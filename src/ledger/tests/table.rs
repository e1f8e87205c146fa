//! What single columns of the table say, and that a spreadsheet leaves texts as they are.

use super::*;

/// One row of the table by the names of its columns.
fn csv_row(event: Event, told: &Told<'_>) -> std::collections::HashMap<String, String> {
    let mut bytes = Vec::new();
    let mut export = CsvExport::new(&mut bytes).unwrap();
    let content = Content::Kept(Box::new(event), Salt([3; 32]));
    export.write(&Row { index: LeafIndex(1), leaf_hash: LeafHash([0xab; 32]), content }, told, None).unwrap();
    export.finish().unwrap();
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(&bytes[3..]);
    reader.deserialize().next().unwrap().unwrap()
}

#[test]
fn the_table_says_of_a_frame_a_withdrawal_and_a_refusal_what_happened() {
    let notice = notice();
    let told = told(&notice);
    let check = |row: &std::collections::HashMap<String, String>, expected: &[(&str, &str)]| {
        for (column, value) in expected {
            assert_eq!(&row[*column], value, "{column}");
        }
    };
    check(
        &csv_row(opened_frame(1), &told),
        &[
            ("allowed", "functional"),
            ("functional", "once"),
            ("analytical", "not asked"),
            ("offered", "functional"),
            ("validity", "PT60S"),
            ("kept_until", "2027-05-22T10:01:00.250Z"),
            ("shown_text", "maps.example жүктелмеді ¶ [Бір рет жүктеу]"),
        ],
    );
    let analytical = Some(CategorySet::EMPTY.with(Category::Analytical));
    let withdrawal = samples::withdrawal(1, LeafIndex(7));
    check(
        &csv_row(withdrawal.clone(), &Told { ended: analytical, ..told }),
        &[("allowed", "none"), ("withdrawn", "analytical"), ("analytical", "withdrawn"), ("functional", "no")],
    );
    check(&csv_row(withdrawal, &told), &[("withdrawn", "unknown"), ("functional", "no"), ("analytical", "no")]);
    let refusal = Event { kind: EventKind::Refused, allowed: CategorySet::EMPTY, ..event(1) };
    check(
        &csv_row(refusal, &told),
        &[
            ("allowed", "none"),
            ("withdrawn", "none"),
            ("functional", "no"),
            ("marketing", "not offered"),
            ("kept_until", "2030-05-22T10:00:00.250Z"),
        ],
    );
}

#[test]
fn a_text_that_looks_like_a_number_or_a_date_stays_as_it_is_written() {
    let notice = notice();
    let edition = |name: &str| {
        let edition = EditionId::parse(name).unwrap();
        csv_row(Event { edition, ..event(1) }, &told(&notice)).remove("edition").unwrap()
    };
    for looks in ["1.10", "2026-01", "1", "007", "3e5", "1E5", ".5", "Mar-26", "1-jan", "true", "10.10.2026", "12.30pm"]
    {
        assert_eq!(edition(looks), format!("'{looks}"));
    }
    for text in ["v1.10", "first", "2026-01-draft", "march", "a1", "1.10b"] {
        assert_eq!(edition(text), text);
    }
    let id = |hex: &str| {
        let bytes = unhex(hex).unwrap();
        csv_row(Event { consent_id: ConsentId::from_bytes(bytes), ..event(1) }, &told(&notice))
            .remove("consent_id")
            .unwrap()
    };
    for looks in ["12345678901234567890123456789012", "123e4567890123456789012345678901"] {
        assert_eq!(id(looks), format!("'{looks}"));
    }
    assert_eq!(id("1234567890123456789012345678901a"), "1234567890123456789012345678901a");
    let row = csv_row(event(1), &told(&notice));
    assert_eq!(
        [&*row["index"], &row["time"]],
        ["1", "2026-11-22T10:00:00.250Z"],
        "numbers and times are what they are"
    );
    assert_eq!(row["salt"], format!("'{}", "03".repeat(32)));
}
