//! Folders of editions, right and wrong.

use std::fs;

use super::*;

const RU: &str =
    "id: a\neffective: 2026-01-01\nlanguage: ru\ncategories: functional, analytical\nasks_again: no\n---\nПолитика\n";

/// A folder with these editions, and a configuration that names it.
fn with_editions(files: &[(&str, &str)], consent: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("policy")).unwrap();
    for (name, text) in files {
        fs::write(folder.path().join("policy").join(name), text).unwrap();
    }
    (folder, changed("", &format!("[site.consent]\npolicy = \"policy/\"\n{consent}")))
}

fn check(files: &[(&str, &str)], consent: &str, expected: &[&str]) {
    let (folder, text) = with_editions(files, consent);
    let faults = faults_in(folder.path(), &text);
    let all =
        faults.len() == expected.len() && faults.iter().zip(expected).all(|(fault, start)| fault.starts_with(start));
    assert!(all, "{files:?}\nfound    {faults:#?}\nexpected {expected:#?}");
}

#[test]
fn an_edition_is_read_with_its_texts() {
    let kk = RU.replace("language: ru", "language: kk").replace("Политика", "Саясат").replace('\n', "\r\n");
    let next =
        RU.replace("id: a", "id: b").replace("2026-01-01", "2026-11-23").replace("asks_again: no", "asks_again: yes");
    let kk = format!("\u{feff}{kk}");
    let files = [("a.ru.txt", RU), ("a.kk.txt", &kk), ("b.txt", &next), ("README.md", "not an edition")];
    let (folder, text) = with_editions(&files, "");
    let (configuration, _) = load_in(folder.path(), &text).unwrap_or_else(|faults| panic!("{faults}"));
    let site = &configuration.sites[0];
    assert_eq!(site.pages.edition.id.as_str(), "a");
    let editions: Vec<_> =
        site.consent.editions.iter().map(|edition| (edition.id.as_str(), edition.asks_again)).collect();
    assert_eq!(editions, [("a", false), ("b", true)]);
    let texts: Vec<_> = site.pages.texts.iter().map(|text| (text.language.tag(), text.text.as_str())).collect();
    assert_eq!(texts, [("kk", "Саясат\r\n"), ("ru", "Политика\n"), ("ru", "Политика\n")]);
    assert_eq!(site.pages.texts[1].hash, context::sha256(RU.as_bytes()));
}

#[test]
fn a_folder_without_editions_is_a_fault_in_the_configuration() {
    check(
        &[],
        "",
        &["kelisim.toml:19:10: no edition in the policy's folder policy/; write the folder with one .txt file"],
    );
    let missing = faults_in(Path::new("/nowhere"), &changed("", "[site.consent]\npolicy = \"policy/\""));
    assert!(missing[0].starts_with("kelisim.toml:19:10: can't read the policy's folder policy/: "), "{missing:?}");
}

#[test]
fn a_policy_that_begins_in_the_future_is_not_asked_about() {
    let later = RU.replace("effective: 2026-01-01", "effective: 2099-01-01");
    assert_ne!(later, RU);
    check(
        &[("a.txt", &later)],
        "",
        &["kelisim.toml:19:10: no edition of the policy is in force yet: the first, `a`, begins on 2099-01-01"],
    );
}

#[test]
fn headers_are_checked_with_their_line() {
    let check_header = |line: &str, replacement: &str, expected: &[&str]| {
        check(&[("a.txt", &RU.replace(line, replacement))], "", expected);
    };
    check_header("id: a\n", "", &["policy/a.txt:1:1: missing header `id`; write for instance `id: 2026-11-22`"]);
    check_header("id: a", "id: a b", &["policy/a.txt:1:5: header `id` can't be `a b`; use 1 to 32"]);
    check_header(
        "effective: 2026-01-01",
        "effective: 01.01.2026",
        &["policy/a.txt:2:12: header `effective` can't be `01.01.2026`; write year-month-day"],
    );
    check_header(
        "effective: 2026-01-01",
        "effective: ____-__-__",
        &["policy/a.txt:2:12: header `effective` can't be `____-__-__`; write year-month-day"],
    );
    check_header("effective: 2026-01-01", "effective:", &["policy/a.txt:2:11: header `effective` can't be ``"]);
    check_header(
        "language: ru",
        "langage: ru",
        &[
            "policy/a.txt:1:1: missing header `language`; write for instance `language: ru`",
            "policy/a.txt:3:1: unknown header `langage`; did you mean `language`?",
        ],
    );
    check_header(
        "language: ru",
        "language: de",
        &["policy/a.txt:3:11: header `language` can't be `de`; write ru, kk or en"],
    );
    check_header(
        "functional, analytical",
        "functional, necessary",
        &["policy/a.txt:4:13: header `categories` can't be `functional, necessary`"],
    );
    check_header(
        "asks_again: no",
        "asks_again: maybe",
        &["policy/a.txt:5:13: header `asks_again` can't be `maybe`; write yes where"],
    );
    check_header(
        "asks_again: no",
        "asks_again: no\nid: b",
        &["policy/a.txt:6:1: header `id` is there twice; leave one"],
    );
    check_header(
        "asks_again: no",
        "asks_again: no\n\nTitle",
        &[
            "policy/a.txt:6:1: not a header line",
            "policy/a.txt:7:1: not a header line; write `key: value` with one of id, effective, language",
        ],
    );
    check_header("---\n", "", &["policy/a.txt: no line `---` after the header"]);
    check_header("Политика", " ", &["policy/a.txt:1:1: the edition has no text; paste"]);
}

#[test]
fn a_blank_date_is_one_fault_where_the_header_waits_for_it_too() {
    let blank = RU.replace("Политика", "Политика\n\nАстана ___.____.2026г.");
    let fault = "policy/a.txt:9:8: the policy's date is blank; write the date from which the text is in force here and, as year-month-day, into `effective:` in the header";
    check(&[("a.txt", &blank)], "", &[fault]);
    check(&[("a.txt", &blank.replace("2026-01-01", "____-__-__"))], "", &[fault]);
    check(
        &[("a.txt", &blank.replace("2026-01-01", "soon"))],
        "",
        &["policy/a.txt:2:12: header `effective` can't be `soon`", fault],
    );
}

#[test]
fn files_of_one_edition_agree() {
    check(
        &[("a.txt", RU), ("b.txt", RU)],
        "",
        &["policy/b.txt: edition `a` is there twice in language `ru`; give a new edition a new id"],
    );
    let kk = RU.replace("language: ru", "language: kk");
    for other in
        [kk.replace("01-01", "01-02"), kk.replace(", analytical", ""), kk.replace("asks_again: no", "asks_again: yes")]
    {
        check(
            &[("a.txt", RU), ("b.txt", &other)],
            "",
            &["policy/b.txt: edition `a` says otherwise than policy/a.txt; languages of one edition"],
        );
    }
}

#[test]
fn what_is_offered_is_described_by_the_edition_in_force() {
    check(
        &[("a.txt", RU)],
        "offer = [\"functional\", \"marketing\"]",
        &[
            "kelisim.toml:20:9: `marketing` is offered, and edition `a` of the policy, which is in force, does not describe it; write `offer` without `marketing`",
        ],
    );
    let next = RU.replace("id: a", "id: b").replace("2026-01-01", "2027-01-01").replace(", analytical", "");
    let (folder, text) = with_editions(&[("a.txt", RU), ("b.txt", &next)], "");
    assert_eq!(
        warnings_in(folder.path(), &text),
        [
            "kelisim.toml:18:1: warning: `analytical` is offered, and edition `b` will not describe it from 2027-01-01; write `offer` without `analytical` before that day",
        ]
    );
    let (folder, text) = with_editions(&[("a.txt", RU)], "offer = [\"functional\"]");
    assert_eq!(
        warnings_in(folder.path(), &text),
        [
            "kelisim.toml:20:9: warning: edition `a` of the policy describes `analytical`, and it is not offered; add `analytical` to `offer`; until then its cookies never pass",
        ]
    );
}
