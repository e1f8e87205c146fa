//! Consent records: each one has every field that ISO/IEC TS 27560 makes mandatory, and says what was given and what was not.

use serde_json::Value;

use super::*;
use crate::ledger::samples::withdrawal;

/// The mandatory fields of a record, as paths into the JSON-LD (guide to 27560: record, notice, process, personal data, party, event).
const MANDATORY: &[&str] = &[
    "/@type",
    "/dct:conformsTo",
    "/dct:identifier",
    "/dpv:hasDataSubject/dct:identifier",
    "/dpv:hasNotice/dct:identifier",
    "/dct:language",
    "/dpv:hasProcess/dpv:hasPurpose/0/dct:title",
    "/dpv:hasProcess/dpv:hasPurpose/0/skos:broader",
    "/dpv:hasProcess/dpv:hasPersonalData/0/skos:broader",
    "/dpv:hasProcess/dpv:hasDataController/dct:identifier",
    "/dpv:hasProcess/dpv:hasDataController/dpv:hasName",
    "/dpv:hasProcess/dpv:hasDataController/dpv:hasAddress",
    "/dpv:hasProcess/dpv:hasDataController/dpv:hasContact",
    "/dpv:hasProcess/dpv:hasDataController/@type/0",
    "/dpv:hasProcess/dpv:hasStorageCondition/0/dpv:hasLocation",
    "/dpv:hasProcess/dpv:hasStorageCondition/1/dpv:hasDuration/rdf:value",
    "/dpv:hasProcess/dpv:hasJurisdiction",
    "/dpv:hasProcess/dpv:hasRecipient/0/dct:description",
    "/dpv:hasProcess/dpv:hasConsentControl/dpv:isExercisedAt",
    "/dpv:hasProcess/dpv:hasRight/0/dct:description",
    "/dpv:hasConsentStatus/0/@type/0",
    "/dpv:hasConsentStatus/0/dpv:isIndicatedAtTime",
    "/dpv:hasConsentStatus/0/dpv:isIndicatedBy",
    "/dpv:hasConsentStatus/0/dpv:hasIndicationMethod",
];

fn row(index: u64, event: Event) -> Row {
    let content = Content::Kept(Box::new(event), Salt([3; 32]));
    Row { index: LeafIndex(index), leaf_hash: LeafHash([0xab; 32]), content }
}

/// The document, and its records as they were read back.
fn written(rows: &[Row]) -> (String, Vec<Value>) {
    written_after(rows, None)
}

/// The same where the record that each one ends had allowed this.
fn written_after(rows: &[Row], ended: Option<CategorySet>) -> (String, Vec<Value>) {
    let notice = notice();
    let told = Told { ended, ..told(&notice) };
    let mut bytes = Vec::new();
    let mut export = JsonLdExport::new(&mut bytes).unwrap();
    rows.iter().for_each(|row| export.write(row, &told, None).unwrap());
    export.finish().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["@context"]["dpv"], "https://w3id.org/dpv#");
    (text, document["@graph"].as_array().unwrap().clone())
}

/// Each status, and the purposes that it is of.
fn statuses(record: &Value) -> Vec<(String, Vec<String>)> {
    let name = |purpose: &Value| purpose["@id"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    let status = |status: &Value| {
        let purposes = status["dpv:hasPurpose"].as_array().unwrap().iter().map(name).collect();
        (status["@type"][0].as_str().unwrap().to_owned(), purposes)
    };
    record["dpv:hasConsentStatus"].as_array().unwrap().iter().map(status).collect()
}

#[test]
fn every_record_is_complete_and_stands_on_a_line_of_its_own() {
    let rows = [row(1, event(1)), row(2, withdrawal(1, LeafIndex(1))), row(3, opened_frame(1))];
    let (text, records) = written(&rows);
    assert_eq!(text.lines().count(), rows.len() + 2);
    for record in &records {
        for path in MANDATORY {
            let value = record.pointer(path).unwrap_or_else(|| panic!("{path} is missing: {record:#}"));
            let value = value.get("@value").unwrap_or(value);
            assert!(value.as_str().is_some_and(|value| !value.is_empty()), "{path}: {value}");
        }
    }
    // What was given stands for a term. A withdrawal does not lapse.
    let status = |record: usize| &records[record]["dpv:hasConsentStatus"][0];
    assert_eq!(status(0)["dpv:hasDuration"][1]["rdf:value"], "2027-05-22T10:00:00.250Z");
    assert_eq!(status(1)["dpv:hasDuration"], Value::Null);
    assert_eq!(status(1)["kelisim:notAskedAgainUntil"], "2027-05-22T10:00:00.250Z");
    let (empty, none) = written(&[]);
    assert!(none.is_empty() && empty.ends_with("]}\n"), "{empty}");
}

#[test]
fn what_was_given_and_what_was_not_are_told_apart() {
    let check = |event: Event, expected: &[(&str, &[&str])]| {
        let (_, records) = written(&[row(1, event)]);
        let expected: Vec<_> = expected
            .iter()
            .map(|(status, purposes)| ((*status).to_owned(), purposes.iter().map(ToString::to_string).collect()))
            .collect();
        assert_eq!(statuses(&records[0]), expected);
    };
    check(event(1), &[("dpv:ConsentGiven", &["functional"]), ("dpv:ConsentRefused", &["analytical"])]);
    check(opened_frame(1), &[("dpv:ConsentGiven", &["functional"])]);
    let renewed = Event { kind: EventKind::Renewed, ..event(1) };
    check(renewed, &[("dpv:RenewedConsentGiven", &["functional"]), ("dpv:ConsentRefused", &["analytical"])]);
}

#[test]
fn a_withdrawal_names_what_was_given_or_says_that_it_is_not_known() {
    let rows = [row(2, withdrawal(1, LeafIndex(1)))];
    let (_, records) = written_after(&rows, Some(CategorySet::EMPTY.with(Category::Analytical)));
    let expected = [("dpv:ConsentWithdrawn", "analytical"), ("dpv:ConsentRefused", "functional")];
    assert_eq!(statuses(&records[0]), expected.map(|(status, name)| (status.to_owned(), vec![name.to_owned()])));
    let (_, records) = written(&rows);
    assert_eq!(statuses(&records[0]), [("dpv:ConsentWithdrawn".to_owned(), Vec::new())]);
    assert!(records[0]["dpv:hasConsentStatus"][0]["kelisim:unknown"]["@value"].is_string());
}

#[test]
fn only_what_was_given_is_a_kind_of_consent() {
    let refusal = Event { kind: EventKind::Refused, allowed: CategorySet::EMPTY, ..event(1) };
    let (_, records) = written(&[row(1, refusal), row(2, event(1))]);
    let types = |record: usize, status: usize| records[record]["dpv:hasConsentStatus"][status]["@type"].clone();
    assert_eq!(types(0, 0), serde_json::json!(["dpv:ConsentRefused"]));
    assert_eq!(types(1, 0), serde_json::json!(["dpv:ConsentGiven", "dpv:ExpressedConsent"]));
    assert_eq!(types(1, 1), serde_json::json!(["dpv:ConsentRefused"]));
}

#[test]
fn what_a_later_answer_has_ended_is_no_longer_told_as_valid() {
    let notice = notice();
    let (by, day) = (LeafIndex(15), Timestamp::parse("2026-11-23").unwrap());
    let record = |event: Event, time: Option<&str>| -> Value {
        let time = time.map(|time| Timestamp::parse(time).unwrap());
        let mut bytes = Vec::new();
        let mut export = JsonLdExport::new(&mut bytes).unwrap();
        export.write(&row(1, event), &told(&notice), Some(Ending { by, day, time })).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        serde_json::from_str(text.lines().last().unwrap()).unwrap()
    };
    let given = record(event(1), Some("2026-11-23T08:00:00Z"));
    assert_eq!(
        (&given["kelisim:endedByLeaf"], &given["kelisim:endedOn"]),
        (&15.into(), &"2026-11-23T08:00:00.000Z".into())
    );
    let last = given["dpv:hasConsentStatus"].as_array().unwrap().last().unwrap();
    assert_eq!(last["@type"][0], "dpv:ConsentStatusInvalidForProcessing");
    assert_eq!(last["dpv:hasPurpose"][0]["@id"], "urn:kelisim:purpose:functional");
    let refusal = Event { kind: EventKind::Refused, allowed: CategorySet::EMPTY, ..event(1) };
    let refused = record(refusal, None);
    assert_eq!(refused["kelisim:endedOn"], "2026-11-23", "its day, where the later record is gone");
    assert_eq!(statuses(&refused).len(), 1, "nothing had been given");
}

#[test]
fn a_word_that_there_are_no_recipients_names_none() {
    let mut facts = notice();
    let items: Vec<_> = facts.article_8_4.iter_mut().skip(6).take(3).collect();
    for (item, value) in items.into_iter().zip(["Нет.", "не осуществляется", "на сайте"]) {
        (item.value, item.language) = (value.to_owned(), "ru".to_owned());
    }
    let record = consent_record(&opened_frame(1), &told(&facts));
    let process = &record["dpv:hasProcess"];
    assert_eq!(process["dpv:hasRecipient"], serde_json::json!([]));
    assert_eq!([&process["kelisim:thirdPartyTransfer"], &process["kelisim:crossBorderTransfer"]], [false, false]);
    assert_eq!(process["kelisim:publicDissemination"], serde_json::json!({ "@language": "ru", "@value": "на сайте" }));
    assert_eq!(record["dpv:hasConsentStatus"][0]["dpv:hasIndicationMethod"]["@language"], "en", "a phrase of ours");
}

#[test]
fn the_shared_part_is_that_of_the_notice_and_of_what_was_asked() {
    let (_, records) = written(&[row(1, event(1)), row(2, opened_frame(1))]);
    let at = |record: usize, path: &str| records[record].pointer(path).unwrap().clone();
    assert_eq!(at(0, "/dpv:hasProcess/dpv:hasDataController/dct:identifier"), "850617450628");
    assert_eq!(at(0, "/dpv:hasProcess/dpv:hasStorageCondition/0/dpv:hasLocation"), "storage: «жоқ»");
    assert_eq!(at(0, "/dpv:hasProcess/kelisim:crossBorderTransfer/@value"), "cross: «жоқ»");
    assert_eq!(at(0, "/dpv:hasProcess/dpv:hasRecipient/0/dct:description/@value"), "third: «жоқ»");
    assert_eq!(at(0, "/dpv:hasProcess/dpv:hasRecipient/1/dct:identifier"), "stats.example");
    assert_eq!(records[1].pointer("/dpv:hasProcess/dpv:hasRecipient/1"), None, "a map is not for statistics");
    assert_eq!(at(0, "/dpv:hasConsentStatus/0/dpv:hasDuration/0/rdf:value"), "P6M");
    assert_eq!(at(1, "/dpv:hasConsentStatus/0/dpv:hasDuration/0/rdf:value"), "PT60S");
    let kept = "/dpv:hasProcess/dpv:hasStorageCondition/1/dpv:hasDuration/rdf:value";
    assert_eq!(at(0, kept), "2030-05-22T10:00:00.250Z", "the record is kept longer than the choice stands");
    assert_eq!(at(1, kept), "2027-05-22T10:01:00.250Z");
    assert_eq!(at(0, "/dpv:hasNotice/dct:description"), "Біз cookie файлдарын қолданамыз\n[Қабылдау]");
    assert_eq!(at(1, "/dpv:hasNotice/dct:description"), "maps.example жүктелмеді\n[Бір рет жүктеу]");
    assert_eq!(at(0, "/dpv:hasConsentStatus/0/dpv:hasLocation"), "https://rysbekova.kz/services");
}

#[test]
fn a_removed_record_leaves_a_line_and_one_without_its_notice_is_refused() {
    let [_, removed] = rows();
    let (_, records) = written(&[removed]);
    assert_eq!(records[0]["kelisim:removedBy"], "erasure");
    assert_eq!(records[0]["kelisim:leafIndex"], 2);
    let mut export = JsonLdExport::new(Vec::new()).unwrap();
    let notice = notice();
    assert!(export.write(&row(1, event(1)), &Told { notice: None, ..told(&notice) }, None).is_err());
}
