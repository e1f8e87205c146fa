//! Bundles that are made to hurt whoever looks at them: nothing is unpacked, counted or nested without a bound.

use std::{fs, path::Path};

use kelisim::ledger::{Entry, Event, KeyKind, LeafIndex, Salt};
use serde_json::json;
use tempfile::TempDir;

use super::{
    builder::{Bundle, EDITION, Log, event, notice_file_of, records_file, sha256, witnesses},
    changed, check, named, problems, verify_at,
};

/// A ZIP file whose bytes somebody has changed, by both verifiers; the bundle's own path is written `bundle`.
fn check_zip(bundle: &Bundle, bend: impl FnOnce(&mut Vec<u8>), expected: &[(&str, &str)]) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("bundle.zip");
    bundle.zip(&path);
    let mut bytes = fs::read(&path).unwrap();
    bend(&mut bytes);
    fs::write(&path, bytes).unwrap();
    assert_eq!(problems(&verify_at(&path, &[])), named(&placed(expected, &path)));
}

fn placed<'a>(expected: &[(&'a str, &'a str)], path: &'a Path) -> Vec<(&'a str, &'a str)> {
    let place = |place: &'a str| if place == "bundle" { path.to_str().unwrap() } else { place };
    expected.iter().map(|(problem, file)| (*problem, place(file))).collect()
}

/// Writes into the central directory how long a file is said to be when it is unpacked (APPNOTE.TXT, section 4.3.12).
fn declare(bytes: &mut [u8], name: &str, length: u32) {
    let entry = (0..bytes.len() - 46 - name.len())
        .find(|at| bytes[*at..].starts_with(b"PK\x01\x02") && bytes[at + 46..].starts_with(name.as_bytes()));
    bytes[entry.unwrap() + 24..][..4].copy_from_slice(&length.to_le_bytes());
}

/// Calls a file otherwise, wherever its name stands.
fn rename(bytes: &mut [u8], name: &[u8], other: &[u8]) {
    assert_eq!(name.len(), other.len());
    let places: Vec<_> = (0..bytes.len() - name.len()).filter(|at| bytes[*at..].starts_with(name)).collect();
    assert_eq!(places.len(), 2, "before the file and in the directory");
    places.into_iter().for_each(|at| bytes[at..][..name.len()].copy_from_slice(other));
}

#[test]
fn an_archive_that_unpacks_into_more_than_a_hundred_times_itself_is_not_looked_at() {
    let bundle = Log::of_a_day(1).bundle();
    check_zip(&bundle, |_| (), &[]);
    let bound = |bytes: &[u8]| 100 * bytes.len() as u64 + (64 << 20);
    let all: u64 = bundle.0.values().map(|bytes| bytes.len() as u64).sum();
    let page = bundle.0["index.html"].len() as u64;
    let to_the_bound = |bytes: &mut Vec<u8>, over: u64| {
        let length = bound(bytes) - (all - page) + over;
        declare(bytes, "index.html", u32::try_from(length).unwrap());
    };
    check_zip(&bundle, |bytes| to_the_bound(bytes, 1), &[("format", "bundle")]);
    // Up to there it is looked at. That a file is shorter than it is said to be harms nobody.
    check_zip(&bundle, |bytes| to_the_bound(bytes, 0), &[]);
}

#[test]
fn a_file_that_is_longer_than_the_directory_says() {
    check_zip(&Log::of_a_day(1).bundle(), |bytes| declare(bytes, "index.html", 5), &[("format", "index.html")]);
}

#[test]
fn of_a_file_of_records_that_is_broken_in_the_middle_no_line_counts() {
    let name = records_file();
    let damage = |bytes: &mut Vec<u8>| {
        let header = memchr::memmem::find(bytes, name.as_bytes()).unwrap();
        // The deflated lines are some tens of kilobytes.
        bytes[header + name.len() + 9_000] ^= 0x10;
    };
    let missing: Vec<_> = (3..293).map(|index: u64| index.to_string()).collect();
    let missing = missing.iter().map(|index| ("record_missing", index.as_str()));
    check_zip(&Log::of_a_day(1).bundle(), damage, &missing.chain([("format", &*name)]).collect::<Vec<_>>());
}

#[test]
fn two_files_of_one_name() {
    let mut bundle = Log::of_a_day(1).bundle();
    bundle.0.insert("index.htmk".into(), b"another page".to_vec());
    check_zip(&bundle, |bytes| rename(bytes, b"index.htmk", b"index.html"), &[("format", "bundle")]);
}

#[test]
fn names_that_lead_elsewhere_are_names_like_others() {
    let names: [&[u8]; 7] = [b"a_b", b"a\\b", b"../", b"./b", b"a//", b"/ab", b"a\0b"];
    for name in names {
        let mut name = name.to_vec();
        // What ends in a stroke is a folder.
        if name.ends_with(b"/") {
            name.extend_from_slice(b"ef");
        }
        let mut bundle = Log::of_a_day(1).bundle();
        let placeholder = "@".repeat(name.len());
        bundle.0.insert(placeholder.clone(), b"x".to_vec());
        let told = String::from_utf8(name.clone()).unwrap();
        check_zip(&bundle, |bytes| rename(bytes, placeholder.as_bytes(), &name), &[("file_changed", &told)]);
    }
}

#[test]
fn ranges_of_a_retention_ascend() {
    let retained = |ranges: &[(u64, u64)]| {
        let mut log = Log::of_a_day(1);
        let ranges: Vec<_> = ranges.iter().map(|(first, last)| (LeafIndex(*first), LeafIndex(*last))).collect();
        let ascends = ranges.iter().zip(ranges.iter().skip(1)).all(|((_, last), (first, _))| first.0 > last.0);
        if ascends && ranges.iter().all(|(first, last)| first.0 <= last.0) {
            log.records.retain(|index, _| !ranges.iter().any(|(first, last)| (first.0..=last.0).contains(index)));
        }
        log.append(&Entry::Retention { ranges, before: log.now, day: log.now });
        log.sign();
        log.bundle()
    };
    for right in [&[][..], &[(3, 3)], &[(3, 5), (6, 7)], &[(3, 5), (9, 20)], &[(3, 9), (200, u64::MAX)]] {
        check(&retained(right), &[]);
    }
    let many: Vec<_> = (0..10_000).map(|_| (0, 9)).collect();
    for wrong in [&[(5, 3)][..], &[(3, 5), (5, 7)], &[(3, 9), (4, 5)], &[(9, 20), (3, 5)], &many] {
        check(&retained(wrong), &[("leaf_unreadable", "293")]);
    }
}

#[test]
fn what_is_nested_deeper_than_anybody_writes_is_not_read() {
    let summary = |depth: usize| {
        let mut log = Log::of_a_day(1);
        let nested = format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 2), "]".repeat(depth - 2));
        log.append(&Entry::Configuration { fingerprint: [9; 32], summary: nested.into(), time: log.now });
        // In a text they are letters like others.
        let letters = format!(r#"{{"a":"\"{}"}}"#, "[{".repeat(40));
        log.append(&Entry::Configuration { fingerprint: [9; 32], summary: letters.into(), time: log.now });
        log.sign();
        log.bundle()
    };
    check(&summary(32), &[]);
    check(&summary(33), &[("leaf_unreadable", "293")]);
    check(&summary(30_000), &[("leaf_unreadable", "293")]);
    let mut log = Log::of_a_day(1);
    let record = format!(r#"{{"schema":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    let index = log.append(&Entry::consent(&Salt([4; 32]), record.as_bytes()));
    log.records.insert(index, (Salt([4; 32]), record.into_bytes()));
    log.sign();
    check(&log.bundle(), &[("record_unreadable", "293")]);
    let notice = |depth: usize| format!(r#"{{"policy":[],"deep":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    for (depth, expected) in [(32, None), (33, Some("format")), (100_000, Some("format"))] {
        let mut log = Log::begun(1);
        let (notice, id) = (notice(depth), log.keep_notice(EDITION, &notice(depth)));
        log.record(&Event { notice: id, ..event(1, log.now) });
        log.sign();
        let file = notice_file_of(&notice);
        check(&log.bundle(), &expected.map(|problem| (problem, &*file)).into_iter().collect::<Vec<_>>());
    }
    let manifest = |depth: usize| {
        let mut bundle = Log::of_a_day(1).bundle();
        let nested = format!(r#"{{"deep":{}{},"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
        bundle.edit("manifest.json", |text| text.replacen('{', &nested, 1));
        bundle
    };
    check(&manifest(32), &[]);
    check(&manifest(33), &[("format", "manifest.json")]);
    check(&manifest(100_000), &[("format", "manifest.json")]);
}

#[test]
fn a_manifest_that_is_a_list() {
    let mut bundle = Log::of_a_day(1).bundle();
    let manifest = bundle.manifest();
    let fields = ["format", "origin", "size", "leaves", "period", "files"].map(|field| manifest[field].clone());
    bundle.0.insert("manifest.json".into(), json!(fields).to_string().into());
    check(&bundle, &[("format", "manifest.json")]);
    let mut bundle = Log::of_a_day(1).bundle();
    bundle.say("leaves", json!([0, 293]));
    check(&bundle, &[("format", "manifest.json")]);
}

#[test]
fn a_line_has_an_end() {
    let with_line_of = |length: usize| {
        let mut log = Log::of_a_day(1);
        let mut long = event(900, log.now);
        let bare = {
            let mut log = log.clone();
            log.record(&long);
            log.sign();
            log.bundle().text(&records_file()).lines().last().unwrap().len()
        };
        long.site = format!("{}{}", long.site, "x".repeat(length - bare)).into();
        log.record(&long);
        log.sign();
        let bundle = log.bundle();
        assert_eq!(bundle.text(&records_file()).lines().last().unwrap().len(), length);
        bundle
    };
    check(&with_line_of(65_536), &[]);
    check(&with_line_of(65_537), &[("format", &records_file()), ("record_missing", "293")]);
}

#[test]
fn a_name_with_white_space_is_no_name() {
    let public = witnesses()[0].verifier().to_string();
    let key = public.rsplit_once('+').unwrap().1;
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, key).unwrap();
    let line = |name: &str| {
        let hash = sha256(&[name.as_bytes(), b"\n", &bytes].concat());
        format!("{name}+{}+{key}", &hash[..8])
    };
    assert_eq!(witnesses()[0].verifier().kind(), KeyKind::Witness);
    assert_eq!(line("auditor.example/w1"), public);
    for letter in [' ', '\t', '\u{85}', '\u{a0}', '\u{2003}', '\u{2028}', '\u{3000}', '\u{7f}', '\u{1c}'] {
        let stray = changed("witnesses", |text| format!("{text}{}\n", line(&format!("a{letter}b"))));
        check(&stray, &[("format", "witnesses")]);
    }
}
