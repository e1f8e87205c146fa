//! What stands in a bundle, where, and how the page tells of it.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;

use super::*;
use crate::ledger::{
    Ending, Event, KeyKind, LogId, Method, NoticeFacts, SigningKey, audit::Follows, document_hash, samples,
};

fn key() -> VerifierKey {
    SigningKey::from_seed("shop.example/log", KeyKind::Log, &[7; 32]).unwrap().verifier().clone()
}

fn manifest() -> BundleManifest {
    BundleManifest {
        program: "kelisim 9".to_owned(),
        created: Timestamp::parse("2026-12-01T08:30:05Z").unwrap(),
        origin: "shop.example/log".to_owned(),
        size: 300,
        from: None,
        to: Some(Timestamp::parse("2026-12-01").unwrap()),
        leaves: (4, 300),
    }
}

fn page() -> BundlePage {
    let facts = NoticeFacts { edition: "2026<01>".to_owned(), ..NoticeFacts::parse(&samples::notice()).unwrap() };
    let ending = Some(Ending { by: LeafIndex(8), day: manifest().created, time: None });
    let superseded = Event { site: "<b>.kz".into(), method: Method::SettingsForm, ..samples::event(1) };
    BundlePage {
        manifest: manifest(),
        key: key(),
        witnesses: Vec::new(),
        follows: Vec::new(),
        checkpoints: 5,
        events: [("expressed", 3), ("frame", 1)].into(),
        removed: 2,
        outside: 17,
        first: vec![
            ShownRecord { index: LeafIndex(7), event: superseded, ending },
            ShownRecord { index: LeafIndex(9), event: samples::opened_frame(2), ending: None },
        ],
        notices: vec![ShownNotice {
            id: NoticeId([7; 32]),
            facts,
            methods: [("settings_form", 3), ("frame_form", 1)].into(),
        }],
    }
}

fn unpacked(bytes: Vec<u8>) -> BTreeMap<String, Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let count = archive.len();
    let read = |place| {
        let mut file = archive.by_index(place).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        (file.name().unwrap().into_owned(), bytes)
    };
    (0..count).map(read).collect()
}

#[test]
fn every_file_has_its_name_and_is_in_the_manifest() {
    let mut bundle = BundleWriter::new(Vec::new(), manifest().created);
    bundle.keys(&key(), &[]).unwrap();
    bundle.newest_checkpoint("newest\n").unwrap();
    bundle.checkpoint(299, "older\n").unwrap();
    bundle.consistency(299, 300, &[TreeHash([1; 32]), TreeHash([2; 32])]).unwrap();
    let tile = Tile::in_tree(0, 1, 300).unwrap();
    bundle.tile(tile, &vec![TreeHash([3; 32]); 44]).unwrap();
    bundle.entries(EntryBundle::in_tree(1, 300).unwrap(), &vec![b"leaf".to_vec(); 44]).unwrap();
    for index in 0..u64::from(RECORDS_IN_FILE) + 1 {
        bundle.record(LeafIndex(index + 4), &Salt([9; 32]), b"{}").unwrap();
    }
    bundle.notice(NoticeId([0xab; 32]), "{\"текст\":1}").unwrap();
    bundle.policy(&[0xcd; 32], "Мәтін\n").unwrap();
    bundle.page(&page()).unwrap();
    let files = unpacked(bundle.finish(&manifest()).unwrap());
    let notice = format!("notices/{}.json", "ab".repeat(32));
    let policy = format!("policies/{}.txt", "cd".repeat(32));
    let expected = [
        "checkpoint",
        "checkpoints/000000000299",
        "consistency/000000000299-000000000300",
        "index.html",
        "key",
        "manifest.json",
        &notice,
        &policy,
        "records/000000000004.jsonl",
        "records/000000010004.jsonl",
        "tile/0/001.p/44",
        "tile/entries/001.p/44",
        "witnesses",
    ];
    assert_eq!(files.keys().collect::<Vec<_>>(), expected);
    let text = |path: &str| std::str::from_utf8(&files[path]).unwrap();
    assert_eq!(text("key"), format!("{}\n", key()));
    assert_eq!(text("consistency/000000000299-000000000300").lines().count(), 2);
    let line = format!("{{\"index\":10004,\"salt\":\"{}\",\"record\":{{}}}}\n", "09".repeat(32));
    assert_eq!(text("records/000000010004.jsonl"), line);
    assert_eq!(text("records/000000000004.jsonl").lines().count(), 10_000);
    let manifest: serde_json::Value = serde_json::from_str(text("manifest.json")).unwrap();
    assert_eq!(manifest["format"], "kelisim-bundle/v1");
    assert_eq!(
        (&manifest["size"], &manifest["leaves"]["first"], &manifest["leaves"]["after"]),
        (&json!(300), &json!(4), &json!(300))
    );
    assert_eq!(manifest["period"], json!({ "from": null, "to": "2026-12-01T00:00:00.000Z" }));
    let listed = manifest["files"].as_object().unwrap();
    assert_eq!(listed.len(), files.len() - 1);
    for (path, facts) in listed {
        assert_eq!(facts["bytes"], files[path].len(), "{path}");
        if let Ok(text) = std::str::from_utf8(&files[path]) {
            assert_eq!(facts["sha256"], hex(&document_hash(text)), "{path}");
        }
    }
}

#[test]
fn the_page_tells_this_bundle_in_both_languages_and_runs_nothing() {
    let html = page().html();
    for said in [
        "Consent log of shop.example",
        "с: начало журнала; по: 2026-12-01 00:00:00 UTC",
        "from the beginning of the log to 2026-12-01 00:00:00 UTC",
        "are not in this file: 17.",
        "которых в этом файле нет: 17.",
        "<td class=\"n\">3</td><td>agreed to something, for the first time</td>",
        "<td class=\"n\">1</td><td>однократно открыт",
        "nobody but the operator has signed this log",
        "could have made all of it yesterday",
        "Біз cookie файлдарын қолданамыз",
        "2026&lt;01&gt;",
        "The first 2 of 4 records",
        "Первые записи, числом 2 из 4",
        "functional, analytical → <strong>functional</strong>",
        "функциональные → функциональные, однократно: maps.example",
        "<s>2027-05-22 10:00:00</s><br>ended on <span class=\"day\">2026-12-01</span> by record 8",
        "прекращено <span class=\"day\">2026-12-01</span> записью 8",
        "<small>&lt;b&gt;.kz</small>",
        "<small>кнопка страницы настроек</small>",
        "<td>Kazakh</td>",
        "<code>01010101010101010101010101010101</code>",
        "href=\"#notice-07070707",
        "id=\"notice-07070707",
        "The settings page · <span lang=\"ru\">Страница настроек</span>: 3</summary>",
        "<p>[Сақтау]</p>",
        "<details><summary>The banner",
        "<code>valid_until</code>",
        "<code>consent_id</code>",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    for refused in ["<script", "2026<01>", "<b>.kz", "{{", "src=", "url(", "http://", "https://"] {
        assert!(!html.contains(refused), "{refused}");
    }
}

#[test]
fn the_page_names_witnesses_where_there_are_some() {
    let witness = SigningKey::from_seed("witness.example", KeyKind::Witness, &[8; 32]).unwrap().verifier().clone();
    for (signed, words) in [(true, "its name stands under checkpoints"), (false, "has signed nothing in this file")] {
        let html = BundlePage { witnesses: vec![(witness.clone(), signed)], ..page() }.html();
        assert_eq!(html.matches(&witness.to_string()).count(), 2);
        assert!(!html.contains("nobody but the operator") && html.contains(words), "{html}");
    }
}

#[test]
fn the_page_says_that_the_log_goes_on_from_a_backup() {
    let day = Timestamp::parse("2026-11-22").unwrap();
    let follows = Follows { leaf: LeafIndex(7), log: LogId([0xcd; 16]), size: 7, day };
    let html = BundlePage { follows: vec![follows], ..page() }.html();
    let log = "cd".repeat(16);
    for said in ["on 2026-11-22 a backup was restored", "2026-11-22 журнал восстановлен"] {
        assert!(html.contains(said) && html.contains(&log), "{html}");
    }
    assert!(!page().html().contains("a backup was restored"));
}
