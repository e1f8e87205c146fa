//! Notices and policies: what a visitor could read is in the bundle, and in the log before they chose.

use kelisim::{
    consent::EditionId,
    ledger::{Entry, Event, LogId, NoticeId, document_hash},
    visitor::Language,
};

use super::{
    builder::{
        EDITION, Log, POLICY, event, notice, notice_file, notice_file_of, notice_of, policy_file, policy_file_of,
    },
    changed, check, verify,
};

const OTHER: &str = "Политика cookie, в которой стоит другое.\n";

/// A visitor chooses under a notice.
fn choose_under(log: &mut Log, edition: &str, notice: NoticeId) -> String {
    let edition = EditionId::parse(edition).unwrap();
    log.record(&Event { edition, notice, ..event(900, log.now) }).to_string()
}

#[test]
fn another_text_of_the_notice_or_the_policy() {
    let swap = |text: &str| text.to_uppercase();
    check(&changed(&notice_file(), swap), &[("notice_changed", &notice_file())]);
    check(&changed(&policy_file(), swap), &[("policy_changed", &policy_file())]);
    for (file, problem) in [(notice_file(), "notice_missing"), (policy_file(), "policy_missing")] {
        let mut bundle = Log::of_a_day(2).bundle();
        bundle.0.remove(&file);
        bundle.describe_again();
        check(&bundle, &[(problem, &file)]);
    }
}

#[test]
fn a_text_that_the_log_does_not_have() {
    let mut bundle = Log::of_a_day(2).bundle();
    let notice = notice_of(&[("kk", OTHER)]);
    let (known, policy) = (notice_file_of(&notice), policy_file_of(OTHER));
    let stray = format!("notices/{}.json", NoticeId([9; 32]));
    bundle.0.insert(known.clone(), notice.into());
    bundle.0.insert(stray.clone(), b"{}".to_vec());
    bundle.0.insert(policy.clone(), OTHER.into());
    let names = ["policies/2026-01.ru.txt", "policies/readme", "notices/readme.json"];
    names.iter().for_each(|name| _ = bundle.0.insert((*name).to_owned(), b"x".to_vec()));
    bundle.describe_again();
    let unknown = [("notice_unknown", &*known), ("notice_unknown", &*stray), ("notice_changed", &*stray)];
    let unknown = [&unknown[..], &[("policy_unknown", &*policy)]].concat();
    let other = names.map(|name| {
        let kind = |notice, policy| if name.starts_with("notices/") { notice } else { policy };
        [(kind("notice_unknown", "policy_unknown"), name), (kind("notice_changed", "policy_changed"), name)]
    });
    check(&bundle, &[&unknown[..], &other.concat()].concat());
    // Its leaf may be among those that are not here.
    bundle.0.retain(|path, _| !path.starts_with("records/") && path != "tile/entries/001.p/37");
    bundle.describe_again();
    let problems = super::problems(&verify(&bundle, &[]));
    assert!(!problems.iter().any(|(problem, _)| problem.ends_with("_unknown")), "{problems:?}");
}

#[test]
fn a_second_leaf_for_a_notice_gives_it_no_other_text() {
    let mut log = Log::of_a_day(2);
    let id = event(1, log.now).notice;
    let (other, edition) = ("{\"text\":\"anything\"}", EditionId::parse(EDITION).unwrap());
    log.append(&Entry::Notice { id, language: Language::Ru, edition, document: document_hash(other), day: log.now });
    log.sign();
    let mut bundle = log.bundle();
    bundle.0.insert(notice_file(), other.into());
    bundle.describe_again();
    check(&bundle, &[("notice_changed", &notice_file())]);
}

#[test]
fn a_later_leaf_of_an_edition_gives_it_no_other_text() {
    let mut log = Log::of_a_day(2);
    log.keep_policy(EDITION, Language::Ru, OTHER);
    log.sign();
    check(&log.bundle(), &[]);
    let mut bundle = log.bundle();
    bundle.0.remove(&policy_file());
    bundle.describe_again();
    check(&bundle, &[("policy_missing", &policy_file())]);
    bundle.0.insert(policy_file(), OTHER.into());
    bundle.describe_again();
    check(&bundle, &[("policy_changed", &policy_file())]);
}

#[test]
fn two_sites_may_call_different_texts_by_one_edition() {
    let mut log = Log::of_a_day(2);
    log.keep_policy(EDITION, Language::Ru, OTHER);
    let other = log.keep_notice(EDITION, &notice_of(&[("ru", OTHER)]));
    for visitor in 1000..1010 {
        choose_under(&mut log, EDITION, other);
        log.choose(visitor);
    }
    log.sign();
    check(&log.bundle(), &[]);
}

#[test]
fn a_notice_without_a_policy_stands_for_itself() {
    let mut log = Log::empty(1, LogId([1; 16]), 1);
    let notice = log.keep_notice("notice", &notice_of(&[]));
    choose_under(&mut log, "notice", notice);
    log.sign();
    check(&log.bundle(), &[]);
}

#[test]
fn a_text_that_was_not_in_the_log_before_the_choice() {
    let mut log = Log::of_a_day(2);
    let notice = log.keep_notice(EDITION, &notice_of(&[("ru", OTHER), ("kk", POLICY)]));
    let early = choose_under(&mut log, EDITION, notice);
    log.keep_policy(EDITION, Language::Ru, OTHER);
    let half = choose_under(&mut log, EDITION, notice);
    log.keep_policy(EDITION, Language::Kk, POLICY);
    choose_under(&mut log, EDITION, notice);
    log.sign();
    check(&log.bundle(), &[("policy_unknown", &early), ("policy_unknown", &half)]);
}

#[test]
fn a_policy_that_is_named_and_never_had_a_leaf() {
    let mut log = Log::of_a_day(2);
    let notice = log.keep_notice(EDITION, &notice_of(&[("ru", OTHER)]));
    let index = choose_under(&mut log, EDITION, notice);
    log.sign();
    let other = policy_file_of(OTHER);
    let mut bundle = log.bundle();
    check(&bundle, &[("policy_unknown", &index), ("policy_missing", &other)]);
    bundle.0.insert(other.clone(), OTHER.into());
    bundle.describe_again();
    check(&bundle, &[("policy_unknown", &index), ("policy_unknown", &other)]);
}

#[test]
fn an_event_that_names_what_the_log_does_not_have() {
    let mut log = Log::of_a_day(2);
    let known = event(1, log.now).notice;
    let unknown = choose_under(&mut log, EDITION, NoticeId([9; 32]));
    let wrong = choose_under(&mut log, "2027-01", known);
    // The text of that edition alone does not make the notice one of it.
    log.keep_policy("2027-01", Language::Ru, POLICY);
    let still_wrong = choose_under(&mut log, "2027-01", known);
    log.sign();
    let policies = [("policy_unknown", &*wrong), ("policy_unknown", &*still_wrong)];
    check(&log.bundle(), &[&policies[..], &[("notice_unknown", &unknown)]].concat());
}

#[test]
fn a_document_that_names_no_policy_in_the_known_shape() {
    let hash = "ab".repeat(32);
    let named = |policy: &str| format!(r#"{{"language":"ru","policy":{policy}}}"#);
    let one = |language: &str, hash: &str| format!(r#"{{"language":"{language}","sha256":"{hash}"}}"#);
    let twice = format!("[{0},{0}]", one("ru", &hash));
    for document in [
        "Мы спрашиваем".to_owned(),
        "[]".to_owned(),
        r#"{"language":"ru"}"#.to_owned(),
        named("null"),
        named("{}"),
        named(r#"["ru"]"#),
        named(&format!(r#"[["ru","{hash}"]]"#)),
        named(r#"[{"language":"ru"}]"#),
        named(&format!("[{}]", one("de", &hash))),
        named(&format!("[{}]", one("RU", &hash))),
        named(&format!("[{}]", one("ru", &hash.to_uppercase()))),
        named(&format!("[{}]", one("ru", &hash[2..]))),
        named(&twice),
    ] {
        let mut log = Log::begun(1);
        let notice = log.keep_notice(EDITION, &document);
        choose_under(&mut log, EDITION, notice);
        log.sign();
        assert_ne!(document, super::builder::notice());
        check(&log.bundle(), &[("format", &notice_file_of(&document))]);
    }
    let more = r#"{"policy":[],"policies":[1]}"#;
    let mut log = Log::begun(1);
    let named = log.keep_notice(EDITION, more);
    choose_under(&mut log, EDITION, named);
    log.sign();
    check(&log.bundle(), &[]);
    assert_eq!(notice_file(), notice_file_of(&notice()));
}
