//! `kelisim run`, `check`, `log export` and `log erase` as an operator runs them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::harness::{Gateway, Program, kelisim, shop};

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Every file in a folder and in those within.
fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The lines of an export, without the line of column names.
fn exported(gateway: &Gateway, arguments: &[&str]) -> usize {
    let output = kelisim(gateway.path(), &[&["log", "export"], arguments].concat());
    assert_eq!(code(&output), Some(0), "{output:?}");
    out(&output).lines().count() - usize::from(!arguments.contains(&"jsonl"))
}

#[test]
fn the_log_is_exported_beside_a_running_gateway_and_after_it() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    for day in ["2026-11-20", "2026-11-21", "2026-11-22"] {
        gateway.at(&format!("{day}T10:00:00Z"));
        gateway.browser().choose("accept");
    }
    let check = |gateway: &Gateway| {
        assert_eq!(exported(gateway, &[]), 3);
        assert_eq!(exported(gateway, &["--format", "jsonl"]), 3);
        assert_eq!(exported(gateway, &["--from", "2026-11-21"]), 2);
        assert_eq!(exported(gateway, &["--to", "2026-11-21"]), 2);
        assert_eq!(exported(gateway, &["--from", "2026-11-21", "--to", "2026-11-21", "--format", "jsonl"]), 1);
        assert_eq!(exported(gateway, &["--to", "2026-11-20T10:00:00Z"]), 0);
        assert_eq!(exported(gateway, &["--from", "2026-11-22T10:00:00Z"]), 1);
    };
    check(&gateway);
    let table = kelisim(gateway.path(), &["log", "export"]);
    assert!(out(&table).starts_with("\u{feff}index;time;site;"), "{table:?}");
    let file = gateway.path().join("log.jsonl");
    let written = kelisim(gateway.path(), &["log", "export", "--format", "jsonl", "--out", file.to_str().unwrap()]);
    assert_eq!((code(&written), out(&written).as_str()), (Some(0), ""), "{written:?}");
    let lines = fs::read_to_string(&file).unwrap();
    assert_eq!(lines, out(&kelisim(gateway.path(), &["log", "export", "--format", "jsonl"])));
    let gateway = gateway.stopped(&shop);
    let folder = gateway.folder();
    let after = kelisim(folder.path(), &["log", "export", "--format", "jsonl"]);
    assert_eq!((code(&after), out(&after)), (Some(0), lines));
}

#[test]
fn a_person_is_erased_by_the_running_gateway_and_without_one() {
    let shop = shop();
    let program = Program::run(Gateway::with(&shop).folder());
    let (mut anna, mut boris) = (program.browser(), program.browser());
    let id = |browser: &mut crate::harness::Browser| {
        browser.choose("accept");
        let page = browser.open("/_kelisim/receipt").text();
        page.split_once("data-kelisim-consent-id>").unwrap().1[..32].to_owned()
    };
    let (anna_id, boris_id) = (id(&mut anna), id(&mut boris));
    anna.choose("save&functional=on");
    let erased = kelisim(program.path(), &["log", "erase", &anna_id]);
    assert_eq!((code(&erased), out(&erased).lines().next()), (Some(0), Some("2 records erased")), "{erased:?}");
    assert!(anna.click("/").shows_banner(), "her record is void at once");
    assert!(!boris.click("/").shows_banner());
    let again = kelisim(program.path(), &["log", "erase", &anna_id]);
    assert_eq!(code(&again), Some(1));
    assert!(err(&again).contains("nothing is recorded under this number"), "{again:?}");
    let folder = program.stop();
    let erased = kelisim(folder.path(), &["log", "erase", &boris_id]);
    assert_eq!((code(&erased), out(&erased).lines().next()), (Some(0), Some("1 record erased")), "{erased:?}");
    for file in files(&folder.path().join("state")) {
        let bytes = fs::read(&file).unwrap();
        for id in [&anna_id, &boris_id] {
            let raw: Vec<u8> = (0..16).map(|place| u8::from_str_radix(&id[place * 2..][..2], 16).unwrap()).collect();
            let holds = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
            assert!(!holds(&raw), "{} holds the id", file.display());
            assert!(!holds(id.as_bytes()), "{} holds the id in words", file.display());
        }
    }
    let log = out(&kelisim(folder.path(), &["log", "export", "--format", "jsonl"]));
    assert_eq!(log.matches("\"removed_by\":\"erasure\"").count(), 3, "{log}");
}

#[test]
fn a_person_is_answered_and_erased_by_the_number_of_one_record_too() {
    let shop = shop();
    let program = Program::run(Gateway::with(&shop).folder());
    let mut anna = program.browser();
    anna.choose("accept");
    anna.choose("save&functional=on");
    program.browser().choose("accept");
    let log = out(&kelisim(program.path(), &["log", "export", "--format", "jsonl"]));
    let first: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    let [person, record] = ["consent_id", "record_id"].map(|field| first["record"][field].as_str().unwrap());
    let hers: String = log.split_inclusive('\n').filter(|line| line.contains(person)).collect();
    assert_eq!(hers.lines().count(), 2);
    for number in [person, record] {
        let shown = kelisim(program.path(), &["log", "show", number]);
        assert_eq!((code(&shown), out(&shown)), (Some(0), hers.clone()), "{shown:?}");
    }
    let text = |language: &str| {
        let shown = kelisim(program.path(), &["log", "show", person, "--format", "text", "--language", language]);
        assert_eq!(code(&shown), Some(0), "{shown:?}");
        out(&shown)
    };
    let russian = text("ru");
    for told in [
        "Оператор: Shop\nБИН: 260140000005\n",
        &format!("Номер согласия: {person}\n"),
        "Что произошло: согласие\nСостояние: больше не действует (отзыв, ",
        "Что произошло: отзыв\nСостояние: действует\n",
        "Разрешено: функциональные\nОтзыв: аналитические\nДействует до: ",
        "Каким способом: кнопка баннера\n",
        &format!("Номер записи: {record}\n"),
        "Показанное уведомление (SHA-256): ",
        "  | Мы используем файлы cookie",
        "/_kelisim/receipt\n",
        "privacy@shop.example. Укажите",
    ] {
        assert!(russian.contains(told), "{told}: {russian}");
    }
    assert!(text("kk").contains("Келісім нөмірі: ") && text("en").contains("What happened: consent\n"));
    let takings =
        kelisim::store::Reader::open(&program.path().join("state")).unwrap().newest_leaves("access", 9).unwrap();
    let said: Vec<_> = takings.into_iter().map(|(_, leaf)| String::from_utf8(leaf).unwrap()).collect();
    assert!(said.len() == 6 && said[..5].iter().all(|leaf| leaf.contains(r#""what":"read""#)), "{said:?}");

    let draft = kelisim(program.path(), &["log", "incident", "--from", "2020-01-01", "--to", "9999-01-01"]);
    assert_eq!(code(&draft), Some(0), "{draft:?}");

    let erased = kelisim(program.path(), &["log", "erase", record, "--reason", "order"]);
    let told = out(&erased);
    assert_eq!((code(&erased), told.lines().next()), (Some(0), Some("2 records erased")), "{erased:?}");
    assert!(told.contains("the record of leaf ") && told.contains("export, jsonl, by command line"), "{told}");
    assert_eq!(told.matches("records of one person shown (whose is not kept), jsonl").count(), 2, "{told}");
    assert!(!told.contains("breach"), "a draft without numbers holds nothing: {told}");
    for command in ["show", "erase"] {
        for number in [person, record] {
            let nobody = kelisim(program.path(), &["log", command, number]);
            assert_eq!(code(&nobody), Some(1), "{nobody:?}");
            assert!(err(&nobody).contains("nothing is recorded under this number"), "{nobody:?}");
        }
    }
}

#[test]
fn a_reader_that_wants_no_more_ends_no_command_before_its_time() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut anna = gateway.browser();
    anna.choose("accept");
    let page = anna.open("/_kelisim/receipt").text();
    let number = &page.split_once("data-kelisim-consent-id>").unwrap().1[..32];
    let (reader, writer) = io::pipe().unwrap();
    // As `head` does when it has enough.
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_kelisim"));
    command.args(["log", "erase", number, "--config"]).arg(gateway.path().join("kelisim.toml"));
    let erased = command.stdout(writer).output().unwrap();
    assert_eq!((code(&erased), err(&erased).as_str()), (Some(0), ""), "{erased:?}");
    let log = out(&kelisim(gateway.path(), &["log", "export", "--format", "jsonl"]));
    assert!(log.contains("\"removed_by\":\"erasure\""), "{log}");
}

#[test]
fn exit_codes_tell_what_is_wrong_from_wrong_use() {
    let shop = shop();
    let folder = Gateway::with(&shop).folder();
    let check = |arguments: &[&str], expected: i32, says: &str| {
        let output = kelisim(folder.path(), arguments);
        assert_eq!(code(&output), Some(expected), "{arguments:?}: {output:?}");
        assert!(err(&output).contains(says), "{arguments:?}: {output:?}");
        assert_eq!(out(&output).is_empty(), expected != 0, "{arguments:?}: {output:?}");
    };
    check(&["check"], 0, "");
    check(&["log", "export"], 1, "there is no consent log here");
    check(&["log", "erase", &"0".repeat(32)], 1, "there is no consent log here");
    check(&["log", "export", "--from", "2026-11-22", "--to", "2026-11-21"], 1, "exchange --from and --to");
    check(&["log", "export", "--from", "yesterday"], 2, "write a date");
    check(&["log", "export", "--format", "xml"], 2, "jsonl");
    check(&["log", "export", "--from", "2026-11-23T02:00:00"], 2, "with its zone");
    check(&["log", "erase", "nobody"], 2, "32 hexadecimal digits");
    check(&["log"], 2, "");
    check(&["walk"], 2, "");
}

#[test]
fn a_wrong_configuration_is_refused_with_every_fault() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("kelisim.toml"), "[server]\nhttp = [\"nowhere\"]\n[controler]\nname = 1\n").unwrap();
    for command in ["check", "run"] {
        let output = kelisim(folder.path(), &[command]);
        assert_eq!(code(&output), Some(1), "{output:?}");
        for fault in ["nowhere", "controler", "did you mean", "site"] {
            assert!(err(&output).contains(fault), "{command} does not say {fault}: {}", err(&output));
        }
    }
    fs::remove_file(folder.path().join("kelisim.toml")).unwrap();
    let output = kelisim(folder.path(), &["run"]);
    assert_eq!(code(&output), Some(1));
    assert!(err(&output).contains("kelisim.toml"), "{output:?}");
}

#[test]
fn a_second_gateway_on_the_same_state_names_the_first() {
    let shop = shop();
    let program = Program::run(Gateway::with(&shop).folder());
    let second = kelisim(program.path(), &["run"]);
    assert_eq!(code(&second), Some(1));
    let says = err(&second);
    assert!(says.contains(&format!("in use by process {}", program.id())) && says.contains("run --config"), "{says}");
    assert!(!says.contains('\u{1b}'), "no colours where nobody watches");
    assert!(program.browser().open("/").shows_banner(), "the first one goes on");
}
