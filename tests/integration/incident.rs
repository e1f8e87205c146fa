//! The notice of a breach, as an operator has it written: what could be read, who read it, and what the log says of the notice itself.

use kelisim::admin::Role;

use crate::{
    administration::{add, leaves, signed_in},
    harness::{Gateway, kelisim, shop},
};

#[test]
fn a_breach_is_described_from_the_log_and_noted_in_it() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    gateway.at("2026-11-19T10:00:00Z");
    gateway.browser().choose("accept");
    gateway.at("2026-11-20T10:00:00Z");
    gateway.browser().choose("accept");
    gateway.at("2026-11-21T10:00:00Z");
    gateway.browser().choose("accept");
    let numbers: Vec<_> =
        gateway.log().iter().map(|row| row["record"]["consent_id"].as_str().unwrap().to_owned()).collect();
    let incident = |gateway: &std::path::Path, more: &[&str]| {
        let period =
            ["log", "incident", "--from", "2026-11-20", "--to", "2026-11-20", "--detected", "2026-11-20T19:30:00Z"];
        let output = kelisim(gateway, &[&period, more].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let json: serde_json::Value = serde_json::from_str(&incident(gateway.path(), &["--json"])).unwrap();
    let found = &json["findings"];
    assert_eq!(found["written"], serde_json::json!({ "records": 1, "numbers": 1 }), "{json:#}");
    assert_eq!(found["readable"], serde_json::json!({ "records": 2, "numbers": 2 }), "{json:#}");
    assert_eq!(
        (&found["data"][0], &json["due"]),
        (&"cookies".into(), &"2026-11-23".into()),
        "noticed on Saturday in Astana"
    );
    assert!(found["numbers"].is_null());
    assert_eq!(found["readable_by_site"].as_object().unwrap().values().next(), Some(&2.into()), "{json:#}");
    let range = &found["readable_range"];
    assert_eq!(
        (&range["first_time"], &range["last_time"]),
        (&"2026-11-19T10:00:00.000Z".into(), &"2026-11-20T10:00:00.000Z".into())
    );
    assert_eq!(found["accesses"]["by"], serde_json::json!({}), "{json:#}");
    assert!(found["checkpoint_at_end"].as_str().is_some_and(|note| note.contains("/_kelisim/log/")), "{json:#}");
    assert_eq!(leaves(&gateway, "access").len(), 0, "nothing of a record was told");
    let json: serde_json::Value =
        serde_json::from_str(&incident(gateway.path(), &["--json", "--list-numbers"])).unwrap();
    assert_eq!(json["findings"]["numbers"].as_array().map(Vec::len), Some(2), "{json:#}");
    let noted: Vec<_> = leaves(&gateway, "access").iter().map(|leaf| leaf["what"].clone()).collect();
    assert_eq!(noted, ["incident"]);
    let gateway = gateway.stopped(&shop);
    let folder = gateway.folder();
    let text = incident(folder.path(), &[]);
    assert!(
        text.contains("СВЕДЕНИЯ О НАРУШЕНИИ") && text.contains("2026-11-23") && text.contains("БИН 260140000005"),
        "{text}"
    );
    assert!(numbers.iter().all(|number| !text.contains(number)), "{text}");
    assert!(text.contains("Период нарушения: с 2026-11-20 по 2026-11-20 включительно (UTC"), "{text}");
    assert!(text.contains("Учётных записей: 0."), "{text}");
    let text = incident(folder.path(), &["--language", "en", "--list-numbers"]);
    let listed: Vec<_> = numbers.iter().map(|number| text.contains(number)).collect();
    assert_eq!(listed, [true, true, false], "{text}");
}

#[test]
fn the_notice_of_a_breach_does_not_take_one_persons_records_for_all_of_those_days() {
    let gateway = Gateway::before(&shop());
    gateway.browser().choose("accept");
    for _ in 0..3 {
        gateway.browser().choose("accept");
    }
    let number = gateway.log()[0]["record"]["consent_id"].as_str().unwrap().to_owned();
    assert_eq!(kelisim(gateway.path(), &["log", "show", &number]).status.code(), Some(0));
    let incident = |more: &[&str]| {
        let period = ["log", "incident", "--from", "2020-01-01", "--to", "9999-01-01"];
        let output = kelisim(gateway.path(), &[&period, more].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (text, warning) = incident(&[]);
    assert!(text.contains("показ записей одного лица (jsonl), с 2026-11-22 по 2026-11-22 включительно"), "{text}");
    assert!(text.contains("- командная строка: показ записей одного лица: 1;"), "{text}");
    assert!(!text.contains("из сохранившихся записей"), "{text}");
    assert!(warning.contains("the period ends in the future: what is told goes until now"), "{warning}");
    assert!(!text.contains("9999") && text.contains("Период нарушения: с 2020-01-01 до "), "{text}");
    let json: serde_json::Value = serde_json::from_str(&incident(&["--json"]).0).unwrap();
    let taken = &json["findings"]["accesses"]["listed"][0];
    assert_eq!((&taken["of_one_person"], &taken["records"]), (&true.into(), &serde_json::Value::Null), "{json:#}");
    let (text, _) = incident(&["--language", "en", "--list-numbers"]);
    assert!(text.contains("records of one person shown (jsonl)"), "{text}");
    add(&gateway, "auditor", Role::Auditor);
    let page = signed_in(&gateway, "auditor").click("/accesses").text();
    assert!(page.contains("records of one person shown <small>whose is not kept"), "{page}");
    assert!(page.contains("consent numbers listed for the notice of a breach"), "{page}");
    assert_eq!(leaves(&gateway, "access").len(), 2, "drafts without numbers took nothing out");
}
