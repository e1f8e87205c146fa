//! Promises of the log as data: bytes that never change, leaves that hide and bind, exports that harm nobody.

mod documented;
mod json_ld;
mod leaves;
mod notes;
mod table;
mod witness;

use proptest::prelude::*;

use super::{
    hex::hex,
    samples::{self, event, opened_frame},
    *,
};
use crate::{
    consent::{Category, CategorySet, ConsentId, EditionId},
    timestamp::{Term, Timestamp},
    visitor::{AgentFamily, Language, Signals},
};

fn day() -> Timestamp {
    Timestamp::parse("2026-11-22T23:59:59Z").unwrap()
}

#[test]
fn the_canonical_bytes_of_an_event_never_change() {
    let record = String::from_utf8(canonical(&event(1))).unwrap();
    assert_eq!(record, include_str!("../golden/record.json").trim_end());
    let event = Event { page: None, ends: Some(LeafIndex(41)), ..event(1) };
    let record = String::from_utf8(canonical(&event)).unwrap();
    assert!(record.contains(r#""page":null"#) && record.ends_with(r#""ends":41}"#), "{record}");
}

#[test]
fn an_opened_frame_is_a_record_of_its_own_kind_with_its_host() {
    let record = String::from_utf8(canonical(&opened_frame(1))).unwrap();
    assert!(record.starts_with(r#"{"schema":"kelisim-frame/v1","#), "{record}");
    assert!(record.contains(r#""event":"frame""#) && record.contains(r#""validity":"P0D""#), "{record}");
    assert!(record.ends_with(r#""ends":null,"host":"maps.example","category":"functional"}"#), "{record}");
    assert_eq!(parse(record.as_bytes()).unwrap(), opened_frame(1));
    for (from, to) in [
        ("kelisim-frame/v1", "kelisim-record/v1"),
        (r#""event":"frame""#, r#""event":"expressed""#),
        (r#","host":"maps.example""#, ""),
        (r#","category":"functional""#, ""),
        (r#","host":"maps.example","category":"functional""#, ""),
        ("functional", "everything"),
    ] {
        let changed = record.replacen(from, to, 1);
        assert_ne!(changed, record, "{from} is in the record");
        assert!(parse(changed.as_bytes()).is_err(), "{from} as {to}");
    }
    let row = Row {
        index: LeafIndex(1),
        leaf_hash: LeafHash([0; 32]),
        content: Content::Kept(Box::new(opened_frame(1)), Salt([0; 32])),
    };
    let bytes = csv_bytes(&[row]);
    let text = std::str::from_utf8(&bytes[3..]).unwrap();
    assert!(text.lines().nth(1).unwrap().contains(";maps.example;functional;"), "{text}");
}

#[test]
fn leaves_never_change() {
    let check = |entry: Entry, text: &str, hash: &str| {
        let data = entry.leaf_data();
        let shown: String = data.escape_ascii().map(char::from).collect();
        assert_eq!(shown, text);
        assert_eq!(hex(&leaf_hash(&data).0), hash, "{text}");
    };
    for line in include_str!("../golden/leaves.txt").lines() {
        let [kind, text, hash] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        check(golden_entry(kind), text, hash);
    }
}

fn golden_entry(kind: &str) -> Entry {
    let log = LogId([1; 16]);
    match kind {
        "start" => Entry::Start { log, follows: None, day: day() },
        "restored" => Entry::Start { log, follows: Some(Predecessor { log: LogId([2; 16]), size: 9 }), day: day() },
        "consent" => Entry::consent(&Salt([3; 32]), &canonical(&event(1))),
        "notice" => Entry::Notice {
            id: NoticeId([7; 32]),
            language: Language::Kk,
            edition: EditionId::parse("2026-01").unwrap(),
            document: document_hash(r#"{"текст":"Біз"}"#),
            day: day(),
        },
        "erasure" => Entry::Erasure { index: LeafIndex(5), reason: ErasureReason::Request, day: day() },
        "retention" => Entry::Retention {
            ranges: vec![(LeafIndex(1), LeafIndex(4)), (LeafIndex(6), LeafIndex(6))],
            before: Timestamp::parse("2023-01-01").unwrap(),
            day: day(),
        },
        other => panic!("no such entry: {other}"),
    }
}

#[test]
fn a_log_is_named_by_its_first_leaf_alone() {
    assert_eq!(LogId::of_first_leaf(&golden_entry("restored").leaf_data()), Some(LogId([1; 16])));
    assert_eq!(LogId::of_first_leaf(&golden_entry("erasure").leaf_data()), None);
}

#[test]
fn what_is_not_canonical_is_no_record() {
    let record = String::from_utf8(canonical(&event(1))).unwrap();
    for (from, to) in [
        ("{\"schema\"", "{ \"schema\""),
        ("record/v1", "record/v2"),
        ("\"expressed\"", "\"accepted\""),
        ("\"data_subject\"", "\"operator\""),
        ("\"kk\"", "\"kk-KZ\""),
        ("10:00:00.250Z", "10:00:00.2505Z"),
        ("P6M", "P06M"),
        ("[\"functional\"]", "[\"functional\",\"functional\"]"),
        ("[\"functional\"]", "[\"necessary\"]"),
        ("\"dnt\":false", "\"dnt\":false,\"name\":\"x\""),
        ("\"gpc\":true,", ""),
    ] {
        let changed = record.replacen(from, to, 1);
        assert_ne!(changed, record, "{from} is in the record");
        assert!(parse(changed.as_bytes()).is_err(), "{to}");
    }
}

prop_compose! {
    fn any_event()(
        ids in any::<([u8; 16], [u8; 16], [u8; 32])>(),
        site in "[a-z\"\\\\\u{0}-\u{1f}а-я.]{0,20}",
        kinds in (0..EventKind::ALL.len(), 0..Method::ALL.len(), 0..3usize, 0..5usize),
        host in "[a-z0-9.:=+-]{1,40}",
        times in (0i64..253_402_207_200_000, 0i64..253_402_207_200_000),
        term in (0u32..200, 0u32..400),
        sets in (0u8..8, 0u8..8),
        edition in "[a-z0-9_-]{1,32}",
        page in proptest::option::of("/\\PC{0,300}"),
        signals in any::<(bool, bool)>(),
        ends in proptest::option::of(any::<u64>()),
    ) -> Event {
        Event {
            id: RecordId::from_random(ids.0),
            consent_id: ConsentId::from_bytes(ids.1),
            site: site.into(),
            kind: EventKind::ALL[kinds.0],
            time: Timestamp::from_milliseconds(times.0),
            validity: Term { months: term.0, days: term.1 },
            valid_until: Timestamp::from_milliseconds(times.1),
            method: Method::ALL[kinds.1],
            offered: CategorySet::from_bits(sets.0 << 1).unwrap(),
            allowed: CategorySet::from_bits(sets.1 << 1).unwrap(),
            edition: EditionId::parse(&edition).unwrap(),
            notice: NoticeId(ids.2),
            language: Language::ALL[kinds.2],
            page: page.as_deref().map(PagePath::new),
            agent: AgentFamily::ALL[kinds.3],
            signals: Signals { global_privacy_control: signals.0, do_not_track: signals.1 },
            ends: ends.map(LeafIndex),
            frame: (EventKind::ALL[kinds.0] == EventKind::Frame)
                .then(|| OpenedFrame { host: host.into(), category: Category::ALL[kinds.2] }),
        }
    }
}

proptest! {
    #[test]
    fn every_event_is_read_back_from_its_bytes(event in any_event()) {
        prop_assert_eq!(parse(&canonical(&event)).unwrap(), event);
    }

    #[test]
    fn the_outline_of_a_record_says_what_the_record_says(event in any_event()) {
        let record = canonical(&event);
        let expected = RecordOutline {
            consent_id: event.consent_id,
            site: (&*event.site).into(),
            kind: event.kind,
            time: event.time,
            valid_until: event.valid_until,
            ends: event.ends,
        };
        prop_assert_eq!(outline(&record).unwrap(), expected);
    }

    #[test]
    fn different_events_have_different_bytes(one in any_event(), other in any_event()) {
        prop_assert_eq!(one == other, canonical(&one) == canonical(&other));
    }

    #[test]
    fn any_change_of_record_or_salt_changes_the_leaf(event in any_event(), salt: [u8; 32], place: prop::sample::Index, bit in 0u8..8) {
        let record = canonical(&event);
        let hash = |salt: [u8; 32], record: &[u8]| leaf_hash(&Entry::consent(&Salt(salt), record).leaf_data());
        let genuine = hash(salt, &record);
        let flip = |bytes: &mut [u8]| bytes[place.index(bytes.len())] ^= 1u8 << bit;
        let (mut other_salt, mut other_record) = (salt, record.clone());
        flip(&mut other_salt);
        flip(&mut other_record);
        prop_assert_ne!(genuine, hash(other_salt, &record));
        prop_assert_ne!(genuine, hash(salt, &other_record));
        other_record = record.clone();
        other_record.swap(0, record.len() - 1);
        prop_assert_ne!(genuine, hash(salt, &other_record), "the order of bytes counts");
        // The border between salt and record can't be moved.
        let mut moved_salt = [0; 32];
        moved_salt[..31].copy_from_slice(&salt[1..]);
        moved_salt[31] = record[0];
        prop_assert_ne!(genuine, hash(moved_salt, &record[1..]));
    }

    #[test]
    fn no_cell_of_a_table_starts_a_formula(event in any_event()) {
        let row = Row { index: LeafIndex(1), leaf_hash: LeafHash([0; 32]), content: Content::Kept(Box::new(event), Salt([0; 32])) };
        for record in csv_cells(&[row]) {
            for piece in record.iter().flat_map(|cell| cell.split([';', ',', '\t', '|', '"'])) {
                prop_assert!(!piece.starts_with(['=', '+', '-', '@']), "{}", piece);
            }
        }
    }
}

fn notice() -> NoticeFacts {
    NoticeFacts::parse(&samples::notice()).unwrap()
}

fn csv_bytes(rows: &[Row]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut export = CsvExport::new(&mut bytes).unwrap();
    rows.iter().for_each(|row| export.write(row, &told(&notice()), None).unwrap());
    export.finish().unwrap();
    bytes
}

/// What the samples say with this notice, and nothing of earlier records.
fn told(notice: &NoticeFacts) -> Told<'_> {
    let retention = Retention { choices: Term { months: 36, days: 0 }, frames: Term { months: 6, days: 0 } };
    Told { notice: Some(notice), ended: None, retention }
}

fn csv_cells(rows: &[Row]) -> Vec<csv::StringRecord> {
    csv::ReaderBuilder::new()
        .delimiter(b';')
        .from_reader(&csv_bytes(rows)[3..])
        .into_records()
        .map(Result::unwrap)
        .collect()
}

fn rows() -> [Row; 2] {
    let trap =
        Event { site: "сайт-адвоката.kz".into(), page: PagePath::parse_kept("=2+3;@SUM(A1)"), ..event(1) };
    let hash = LeafHash([0xab; 32]);
    [
        Row { index: LeafIndex(1), leaf_hash: hash, content: Content::Kept(Box::new(trap), Salt([3; 32])) },
        Row { index: LeafIndex(2), leaf_hash: hash, content: Content::Removed { on: day(), by: Removal::Erasure } },
    ]
}

#[test]
fn a_spreadsheet_opens_the_table_and_runs_nothing() {
    let bytes = csv_bytes(&rows());
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap()).unwrap();
    assert_eq!(text.matches("\r\n").count(), 3);
    assert_eq!(text.replace("\r\n", "").matches(['\r', '\n']).count(), 0);
    let columns: Vec<_> = text.lines().next().unwrap().split(';').collect();
    let records = csv_cells(&rows());
    let cell = |row: usize, name: &str| &records[row][columns.iter().position(|column| *column == name).unwrap()];
    assert_eq!(cell(0, "site"), "сайт-адвоката.kz");
    assert_eq!(cell(0, "page"), "'=2+3;'@SUM(A1)");
    assert_eq!([cell(0, "functional"), cell(0, "analytical"), cell(0, "marketing")], ["yes", "no", "not offered"]);
    assert_eq!([cell(0, "valid_until"), cell(0, "validity")], ["2027-05-22T10:00:00.250Z", "P6M"]);
    assert_eq!([cell(0, "gpc"), cell(0, "dnt"), cell(0, "removed_on")], ["yes", "no", ""]);
    assert_eq!([cell(1, "index"), cell(1, "salt"), cell(1, "consent_id"), cell(1, "page")], ["2", "", "", ""]);
    assert_eq!(
        [cell(0, "shown_text"), cell(0, "controller")],
        ["Біз cookie файлдарын қолданамыз ¶ [Қабылдау]", "Айнұр, ЖСН 850617450628"]
    );
    assert_eq!(cell(0, "policy_url"), "https://rysbekova.kz/_kelisim/policy/2026-01/ru");
    assert_eq!(cell(0, "salt"), format!("'{}", "03".repeat(32)), "it would be a number");
    assert_eq!([cell(1, "removed_on"), cell(1, "removed_by")], ["2026-11-22", "erasure"]);
    assert_eq!(cell(1, "leaf_hash"), "ab".repeat(32));
}

#[test]
fn a_superseded_answer_says_in_every_form_what_ended_it_and_its_record_stays() {
    let content = Content::Kept(Box::new(event(1)), Salt([3; 32]));
    let row = Row { index: LeafIndex(11), leaf_hash: LeafHash([0xab; 32]), content };
    let (notice, time) = (notice(), Timestamp::parse("2026-11-22T10:00:15.250Z"));
    let ending = Some(Ending { by: LeafIndex(15), day: day(), time });
    let lines = [None, ending].map(|ending| {
        let mut bytes = Vec::new();
        write_json_line(&mut bytes, &row, &told(&notice), ending).unwrap();
        String::from_utf8(bytes).unwrap()
    });
    let record = |line: &str| line.split_once(r#""salt":"#).unwrap().1.to_owned();
    assert_eq!(record(&lines[0]), record(&lines[1]), "the record's bytes are what the leaf is computed from");
    let line: serde_json::Value = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!((&line["act"]["ended_by"], &line["act"]["ended_on"]), (&15.into(), &"2026-11-22T10:00:15.250Z".into()));
    let mut bytes = Vec::new();
    let mut export = CsvExport::new(&mut bytes).unwrap();
    export.write(&row, &told(&notice), ending).unwrap();
    export.finish().unwrap();
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(&bytes[3..]);
    let cells: std::collections::HashMap<String, String> = reader.deserialize().next().unwrap().unwrap();
    assert_eq!([&*cells["ended_by"], &cells["ended_on"]], ["15", "2026-11-22T10:00:15.250Z"]);
}

#[test]
fn an_answer_whose_term_had_run_out_was_not_ended_by_the_next() {
    let ending = |time: &str| Ending { by: LeafIndex(15), day: day(), time: Timestamp::parse(time) };
    assert!(ending("2027-05-22T10:00:00.249Z").is_before_the_term_of(&event(1)));
    assert!(!ending("2027-05-22T10:00:00.250Z").is_before_the_term_of(&event(1)));
    assert!(Ending { time: None, ..ending("2027-05-23") }.is_before_the_term_of(&event(1)), "by the day of its leaf");
}

#[test]
fn a_line_of_json_holds_all_that_its_leaf_is_computed_from() {
    let mut bytes = Vec::new();
    rows().iter().for_each(|row| write_json_line(&mut bytes, row, &told(&notice()), None).unwrap());
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [Row { content: Content::Kept(event, salt), .. }, _] = rows() else { panic!("the first row is kept") };
    assert_eq!(lines[0]["salt"], hex(&salt.0));
    assert_eq!(lines[0]["record"]["page"], "=2+3;@SUM(A1)");
    assert_eq!(
        lines[0]["act"],
        serde_json::json!({
            "allowed": ["functional"], "asked": ["functional", "analytical"], "ended_by": null,
            "ended_on": null, "kept_until": "2030-05-22T10:00:00.250Z",
            "once": false, "refused": ["analytical"], "validity": "P6M", "withdrawn": [],
        })
    );
    let (_, record) = text.lines().next().unwrap().split_once(r#""record":"#).unwrap();
    assert_eq!(parse(record.strip_suffix('}').unwrap().as_bytes()).unwrap(), *event);
    let removed = serde_json::json!({ "index": 2, "leaf_hash": "ab".repeat(32), "removed_on": "2026-11-22", "removed_by": "erasure" });
    assert_eq!(lines[1], removed);
}
