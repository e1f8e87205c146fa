//! The weekly letter: when it goes, to whom, and what a mail server is given.

use std::{fs, path::Path, process::Output};

use tempfile::TempDir;

use crate::harness::{Gateway, GatewayBuilder, MailServer, Origin, Way, kelisim, shop};

/// A folder with a password and the certificate of the server, and a gateway that is to write to it.
fn writing(shop: &Origin, server: &MailServer, url: &str, lines: &str) -> GatewayBuilder {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mail.password"), "correct horse\n").unwrap();
    fs::write(folder.path().join("authority.pem"), &server.certificate).unwrap();
    let url = url.replace("PORT", &server.port().to_string());
    let mail = format!(
        "[statistics]\ntime_zone = \"Asia/Almaty\"\n[mail]\nsmtp = \"{url}\"\n\
         from = \"Статистика <stats@example.kz>\"\nto = [\"a@example.kz\", \"Б <b@example.kz>\"]\n{lines}"
    );
    Gateway::with(shop).tables(&mail).within(folder)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn report(folder: &Path, arguments: &[&str]) -> Output {
    kelisim(folder, &[&["stats", "report"], arguments].concat())
}

#[test]
fn a_letter_goes_on_monday_morning_once_whatever_is_started_anew() {
    let (shop, server) = (shop(), MailServer::start(Way::Plain));
    // A Sunday. The week before was asked for by nobody.
    let gateway = writing(&shop, &server, "smtp://127.0.0.1:PORT", "").start();
    gateway.running().send_letters();
    let mut anna = gateway.browser().sending("accept-language", "kk");
    anna.open("/услуги".replace("услуги", "%D1%83%D1%81%D0%BB%D1%83%D0%B3%D0%B8").as_str());
    gateway.running().write_statistics();
    // Almost seven in Almaty.
    gateway.at("2026-11-23T01:59:59Z");
    gateway.running().send_letters();
    assert_eq!(server.letters().len(), 0);
    gateway.at("2026-11-23T02:00:00Z");
    gateway.running().send_letters();
    gateway.running().send_letters();
    let letters = server.letters();
    let [letter] = letters.as_slice() else { panic!("{letters:#?}") };
    assert_eq!(
        (letter.from.as_str(), letter.to.as_slice()),
        ("stats@example.kz", &["a@example.kz", "b@example.kz"].map(str::to_owned)[..])
    );
    assert_eq!((letter.user.as_deref(), letter.over_tls), (None, false));
    assert_eq!(letter.head("Subject"), "shop.example: 16.11.2026 – 22.11.2026");
    assert_eq!(letter.head("From"), "Статистика <stats@example.kz>");
    assert_eq!(letter.head("Date"), "Mon, 23 Nov 2026 02:00:00 +0000");
    assert_eq!(letter.head("Auto-Submitted"), "auto-generated");
    let parts = letter.parts();
    let [text, html] = parts.as_slice() else { panic!("{parts:#?}") };
    assert!(text.head.contains("text/plain; charset=utf-8") && html.head.contains("text/html; charset=utf-8"));
    assert!(text.text.contains("Просмотры: 1") && text.text.contains("/услуги: 1"), "{}", text.text);
    assert!(html.text.contains("<html lang=\"ru\">") && html.text.contains("/услуги"), "{}", html.text);

    let gateway =
        writing(&shop, &server, "smtp://127.0.0.1:PORT", "language = \"kk\"").within(gateway.stopped(&shop).folder());
    let gateway = gateway.start();
    gateway.at("2026-11-29T10:00:00Z");
    gateway.running().send_letters();
    assert_eq!(server.letters().len(), 1, "what went before the restart does not go again");
    // The next Monday it was not running, and nothing is lost.
    gateway.at("2026-12-02T10:00:00Z");
    gateway.running().send_letters();
    let letters = server.letters();
    assert_eq!((letters.len(), letters[1].head("Subject").as_str()), (2, "shop.example: 23.11.2026 – 29.11.2026"));
    assert!(letters[1].parts()[0].text.contains("ештеңе саналмады"));
}

#[test]
fn a_server_that_refuses_is_asked_again_every_hour_for_a_day() {
    let (shop, server) = (shop(), MailServer::start(Way::Plain));
    let gateway = writing(&shop, &server, "smtp://127.0.0.1:PORT", "").start();
    gateway.running().send_letters();
    server.refuse(Some("450 4.2.0 try again later"));
    let asked = |moment: &str| {
        let before = server.sessions();
        gateway.at(moment);
        gateway.running().send_letters();
        server.sessions() - before
    };
    assert_eq!(asked("2026-11-23T02:00:00Z"), 1);
    assert_eq!(asked("2026-11-23T02:59:59Z"), 0);
    assert_eq!(asked("2026-11-23T03:00:00Z"), 1);
    server.refuse(None);
    assert_eq!((asked("2026-11-23T04:00:00Z"), server.letters().len()), (1, 1));
    assert_eq!(asked("2026-11-23T05:00:00Z"), 0);
    server.refuse(Some("550 5.1.1 nobody here"));
    assert_eq!(asked("2026-11-30T02:00:00Z"), 1);
    assert_eq!((asked("2026-12-01T02:00:00Z"), asked("2026-12-01T03:00:00Z")), (1, 0), "after a day no more is tried");
    assert_eq!(server.letters().len(), 1);
}

#[test]
fn a_letter_is_sent_now_over_tls_and_a_wrong_password_is_told() {
    let shop = shop();
    for (way, scheme) in [(Way::Tls, "smtps"), (Way::StartTls, "smtp")] {
        let server = MailServer::start(way);
        let lines = "password_file = \"mail.password\"\ncertificate_authority = \"authority.pem\"\nlanguage = \"en\"";
        let url = format!("{scheme}://stats%40example.kz@localhost:PORT");
        let folder = writing(&shop, &server, &url, lines).folder();
        let sent = report(folder.path(), &["--send", "--period", "yesterday"]);
        assert_eq!(sent.status.code(), Some(0), "{sent:?}");
        assert!(said(&sent).contains("went to a@example.kz, b@example.kz"), "{sent:?}");
        let letters = server.letters();
        let [letter] = letters.as_slice() else { panic!("{letters:#?}") };
        assert_eq!((letter.user.as_deref(), letter.over_tls), (Some("stats@example.kz"), true));
        assert!(letter.parts()[0].text.contains("Nothing was counted on these days."));

        fs::write(folder.path().join("mail.password"), "wrong horse\n").unwrap();
        let refused = report(folder.path(), &["--send"]);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert!(said(&refused).contains("535") && said(&refused).contains("look at the user in `smtp`"), "{refused:?}");
        assert!(!said(&refused).contains("horse"), "{refused:?}");
        // Somebody else's certificate.
        fs::copy(folder.path().join("certificate.pem"), folder.path().join("authority.pem")).unwrap();
        let stranger = report(folder.path(), &["--send"]);
        assert_eq!(stranger.status.code(), Some(1), "{stranger:?}");
        assert_eq!(server.letters().len(), 1);
    }
}

#[test]
fn a_letter_is_written_to_a_file_that_was_not_there() {
    let shop = shop();
    let folder: TempDir = Gateway::with(&shop).folder();
    let out = folder.path().join("week.html");
    let written = report(folder.path(), &["--out", out.to_str().unwrap(), "--language", "en"]);
    assert_eq!((written.status.code(), written.stdout.len()), (Some(0), 0), "{written:?}");
    let page = fs::read_to_string(&out).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Nothing was counted"), "{page}");
    let again = report(folder.path(), &["--out", out.to_str().unwrap()]);
    assert!(again.status.code() == Some(1) && said(&again).contains("this file is there already"), "{again:?}");
    let shown = report(folder.path(), &["--language", "kk"]);
    assert!(said(&shown).contains("<html lang=\"kk\">"), "{shown:?}");
    let unnamed = report(folder.path(), &["--send"]);
    assert!(unnamed.status.code() == Some(1) && said(&unnamed).contains("add [mail]"), "{unnamed:?}");
    assert_eq!(report(folder.path(), &["--language", "de"]).status.code(), Some(2));
}
