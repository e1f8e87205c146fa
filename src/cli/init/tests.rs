//! Questions and answers as a person or a script gives them.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

struct Outcome {
    result: Result<(), InitError>,
    told: String,
    text: String,
}

/// Answers with these lines; the file is in a folder of its own.
fn asked(words: &[&str], lines: &str, is_terminal: bool, prepare: impl Fn(&Path)) -> Outcome {
    use clap::Parser as _;
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        arguments: InitArguments,
    }
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let mut arguments = Line::try_parse_from([&["init"], words].concat()).unwrap().arguments;
    arguments.config = folder.path().join("kelisim.toml");
    let mut told = Vec::new();
    let result = init(&arguments, &mut lines.as_bytes(), is_terminal, &mut told);
    let text = fs::read_to_string(&arguments.config).unwrap_or_default();
    if result.is_ok() {
        let mode = fs::metadata(&arguments.config).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        config::load(&arguments.config).expect("what was written is right");
    }
    Outcome { result, told: String::from_utf8(told).unwrap(), text }
}

fn nothing(_: &Path) {}

const COMPANY: [&str; 6] = ["--hosts", "shop.kz", "--controller", "Shop LLP", "--number", "260140000005"];

#[test]
fn a_person_at_a_terminal_answers_six_questions_and_gets_a_configuration_that_works() {
    let lines = "shop.kz, www.shop.kz\n\nИП Иванова\n850617450628\n\n\nproxy\n\n\n\n";
    let Outcome { result, told, text } = asked(&[], lines, true, nothing);
    result.unwrap();
    for number in 1..=6 {
        assert!(told.contains(&format!("\n{number}. ")), "question {number}: {told}");
    }
    let commented = text.lines().filter_map(|line| line.split_once(" # ").filter(|(value, _)| !value.is_empty()));
    let columns: Vec<_> = commented.map(|(value, _)| value.chars().count()).collect();
    assert!(columns.len() > 10 && columns.iter().all(|column| *column == 47), "{columns:?}: {text}");
    for line in [
        "hosts = [\"shop.kz\", \"www.shop.kz\"]\n",
        "upstream = \"http://127.0.0.1:8080\" ",
        "name = \"ИП Иванова\"\n",
        "iin = \"850617450628\"\n",
        "email = \"privacy@shop.kz\"\n",
        "http = [\"127.0.0.1:8000\"] ",
        "trusted_proxies = [\"127.0.0.1\", \"::1\"] ",
        "languages = [\"ru\", \"kk\", \"en\"] ",
        "mode = \"observe\" ",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}

#[test]
fn a_wrong_answer_is_explained_as_check_would_and_asked_again() {
    let lines = "\nhttps://shop.kz/\nshop.kz\nftp://x\nhttp://127.0.0.1:1\nShop LLP\n260140000006\n260140000005\n\nnobody\nme@shop.kz\n\
                 tls\nproxy\n10.0.0.0/33\n10.0.0.7\nde\nkk\nloud\nobserve\n";
    let Outcome { result, told, text } = asked(&[], lines, true, nothing);
    result.unwrap_or_else(|error| panic!("{error}: {told}"));
    for said in ["this has no default", "write authority, files, proxy or none", "write observe or strict"] {
        assert!(told.contains(said), "{said}: {told}");
    }
    // Each question is put once more after a wrong answer, and no other is.
    for (question, times) in [
        ("Its names", 3),
        ("Its address", 2),
        ("Name:", 1),
        ("BIN or IIN", 2),
        ("E-mail", 2),
        ("Way", 2),
        ("Addresses of the proxy", 2),
    ] {
        assert_eq!(told.matches(question).count(), times, "{question}: {told}");
    }
    assert!(
        text.contains("http = [\"0.0.0.0:8000\"] ") && text.contains("trusted_proxies = [\"10.0.0.7\"] "),
        "{text}"
    );
    assert!(text.contains("bin = \"260140000005\"\n") && text.contains("languages = [\"kk\"] "), "{text}");
}

#[test]
fn options_answer_where_nobody_can_and_what_is_missing_is_named() {
    let Outcome { result, text, .. } =
        asked(&[&COMPANY[..], &["--defaults", "--https", "proxy", "--mode", "strict"]].concat(), "", false, nothing);
    result.unwrap();
    assert!(text.contains("mode = \"strict\" ") && text.contains("third_parties = \"нет\" "), "{text}");
    let unanswered = asked(&["--defaults"], "", false, nothing).result.unwrap_err().to_string();
    assert!(unanswered.contains("--hosts"), "{unanswered}");
    let words = [&COMPANY[..4], &["--defaults", "--number", "1"]].concat();
    let Outcome { result, text, .. } = asked(&words, "", true, nothing);
    let wrong = result.unwrap_err().to_string();
    assert!(wrong.starts_with("BIN or IIN") && text.is_empty(), "{wrong}");
    // Lines of standard input answer what no option does, in the order of the questions.
    let lines = "http://127.0.0.1:9000\n\n\nnone\nru\nobserve\n";
    let Outcome { result, told, text } = asked(&COMPANY, lines, false, nothing);
    result.unwrap();
    assert!(text.contains("upstream = \"http://127.0.0.1:9000\" ") && text.contains("languages = [\"ru\"] "), "{text}");
    assert!(!told.contains("Its address"), "nobody is asked where nobody sits: {told}");
}

#[test]
fn certificates_that_are_there_are_found_and_those_that_cannot_be_used_are_told() {
    let pair = rcgen::generate_simple_self_signed(vec!["shop.kz".to_owned()]).unwrap();
    let with_certificate = |folder: &Path| {
        fs::create_dir(folder.join("tls")).unwrap();
        fs::write(folder.join("tls/shop.kz.pem"), pair.cert.pem()).unwrap();
        fs::write(folder.join("tls/shop.kz.key"), pair.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(folder.join("tls/shop.kz.key"), fs::Permissions::from_mode(0o600)).unwrap();
    };
    let Outcome { result, text, .. } = asked(&[&COMPANY[..], &["--defaults"]].concat(), "", false, with_certificate);
    result.unwrap();
    assert!(text.contains("certificate = \"tls/shop.kz.pem\", key = \"tls/shop.kz.key\""), "{text}");
    assert!(text.contains("https = [\"0.0.0.0:443\", \"[::]:443\"]\n"), "{text}");
    let refused = |more: &[&str]| {
        let words = [&COMPANY[..], &["--defaults", "--https", "files"], more].concat();
        let Outcome { result, text, .. } = asked(&words, "", false, with_certificate);
        assert_eq!(text, "");
        result.unwrap_err().to_string()
    };
    assert!(refused(&["--certificate", "gone.pem"]).contains("there is no file gone.pem"));
    let wrong = refused(&["--key", "tls/shop.kz.pem"]);
    assert!(wrong.starts_with("File of its private key: "), "{wrong}");
}

#[test]
fn an_authority_is_asked_for_certificates_only_where_somebody_agreed_to_its_terms() {
    let asks = [&COMPANY[2..], &["--defaults", "--hosts", "shop.kz, *.shop.kz"]].concat();
    let unanswered = asked(&asks, "", false, nothing).result.unwrap_err().to_string();
    assert!(unanswered.contains("Let's Encrypt") && unanswered.contains("--terms-agreed"), "{unanswered}");
    let disagreed = asked(&[&asks[..], &["--terms-agreed", "no"]].concat(), "", false, nothing);
    assert!(disagreed.result.unwrap_err().to_string().contains("take another way") && disagreed.text.is_empty());
    let Outcome { result, text, .. } = asked(&[&asks[..], &["--terms-agreed", "yes"]].concat(), "", false, nothing);
    result.unwrap();
    assert!(
        text.contains("names = [\"shop.kz\"] ") && text.contains("contact = \"mailto:privacy@shop.kz\"\n"),
        "{text}"
    );
    assert!(text.contains("https = [\"0.0.0.0:443\", \"[::]:443\"]\n"), "{text}");
}

#[test]
fn a_file_that_is_there_stays_as_it_is() {
    let there = |folder: &Path| fs::write(folder.join("kelisim.toml"), "mine").unwrap();
    let Outcome { result, text, .. } = asked(&[&COMPANY[..], &["--defaults"]].concat(), "", false, there);
    assert!(matches!(result, Err(InitError::Exists(_))), "{result:?}");
    assert_eq!(text, "mine");
}
