//! `[mail]`: servers that can be asked, and readers who can be written to.

use super::*;
use crate::mail::Security;

fn table(smtp: &str, lines: &str) -> String {
    let lines = format!("[mail]\nsmtp = \"{smtp}\"\nfrom = \"stats@example.kz\"\nto = [\"a@example.kz\"]\n{lines}");
    changed("", &lines)
}

fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.password");
    fs::write(&path, "secret\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    folder
}

#[test]
fn letters_go_over_tls_but_on_this_machine() {
    let folder = folder();
    let check = |smtp: &str, expected: (Security, &str, u16, Option<&str>)| {
        let password = if expected.3.is_some() { "password_file = \"mail.password\"" } else { "" };
        let (configuration, warnings) =
            load_in(folder.path(), &table(smtp, password)).unwrap_or_else(|it| panic!("{it}"));
        let mail = configuration.mail.unwrap();
        assert_eq!((mail.security, &*mail.host, mail.port, mail.user.as_deref()), expected, "{smtp}");
        assert_eq!(warnings, []);
    };
    check(
        "smtps://stats%40example.kz@mail.example.kz",
        (Security::Tls, "mail.example.kz", 465, Some("stats@example.kz")),
    );
    check("smtp://mail.example.kz", (Security::StartTls, "mail.example.kz", 587, None));
    check("smtp://mail.example.kz:25", (Security::StartTls, "mail.example.kz", 25, None));
    check("smtp://127.0.0.1", (Security::Loopback, "127.0.0.1", 25, None));
    check("smtp://localhost:2525", (Security::Loopback, "localhost", 2525, None));
    check("smtps://127.0.0.1:465", (Security::Tls, "127.0.0.1", 465, None));
    check("smtp://10.0.0.1", (Security::StartTls, "10.0.0.1", 587, None));
    assert!(load_in(folder.path(), RIGHT).unwrap().0.mail.is_none());
}

#[test]
fn what_is_wrong_with_a_server_or_a_reader_is_told() {
    let folder = folder();
    let faults = |text: &str| faults_in(folder.path(), text).join("\n");
    for (smtp, says) in [
        ("mail.example.kz", "is not the address of a mail server"),
        ("https://mail.example.kz", "is neither smtp nor smtps"),
        ("smtps://mail.example.kz/inbox", "has a path"),
        ("smtps://user:secret@mail.example.kz", "put the password into a file of its own"),
        ("https://user:secret@mail.example.kz", "put the password into a file of its own"),
        ("smtps://user:secret@mail.example.kz:99999", "put the password into a file of its own"),
        ("smtps://user:sec/#ret:secret@mail.example.kz", "put the password into a file of its own"),
        ("smtps://user@mail.example.kz", "missing `password_file` in [mail], since `smtp` names a user"),
    ] {
        let told = faults(&table(smtp, ""));
        assert!(told.contains(says) && !told.contains("secret"), "{smtp}: {told}");
    }
    for (lines, says) in [
        ("password_file = \"mail.password\"", "there is a password and nobody whose it is"),
        ("password_file = \"gone\"", "can't read the password of the mail server, gone"),
        ("language = \"de\"", "write one of ru, kk, en"),
        ("certificate_authority = \"mail.password\"", "there is no certificate in it"),
    ] {
        let told = faults(&table("smtps://mail.example.kz", lines));
        assert!(told.contains(says), "{lines}: {told}");
    }
    let told = faults(&changed("", "[mail]\nfrom = \"nobody\"\nto = [\"a@b@c\"]"));
    for says in ["missing `smtp` in [mail]", "`nobody` is not an address of mail", "`a@b@c` is not an address of mail"]
    {
        assert!(told.contains(says), "{told}");
    }
    assert!(faults(&changed("", "[mail]\nto = []")).contains("`to` in [mail] is empty"));
}

#[test]
fn a_password_that_all_can_read_is_worth_a_warning_and_is_no_part_of_the_fingerprint() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let path = folder.path().join("mail.password");
    let text = table("smtps://user@mail.example.kz", "password_file = \"mail.password\"");
    let fingerprint = || load_in(folder.path(), &text).unwrap().0.fingerprint;
    let before = fingerprint();
    fs::write(&path, "another\n").unwrap();
    assert_eq!(fingerprint(), before);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(warnings_in(folder.path(), &text).join("").contains("everyone on this machine can read the password"));
    fs::write(&path, "").unwrap();
    assert!(
        faults_in(folder.path(), &text)
            .join("")
            .contains("is empty; write the password of the mail server into its first line")
    );
}
