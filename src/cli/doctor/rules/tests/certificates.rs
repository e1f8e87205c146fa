//! Certificates, their keys, and the names for which an authority is asked.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::cli::{describing::DescribedName, readable::User};

#[test]
fn certificates_that_end_or_are_for_nobody() {
    let ends = |text: &'static str| move |facts: &mut Facts| facts.certificates[0].ends = Some(at(text));
    check(ends("2026-12-06T10:00:00Z"), &[]);
    check(
        ends("2026-12-06T09:59:59Z"),
        &[(Soon, "certificates", "The certificate cert.pem ends in 13 days, on 2026-12-06.")],
    );
    check(ends("2026-11-22T10:00:00Z"), &[(Now, "certificates", "ended on 2026-11-22")]);
    check(|facts| facts.certificates[0].ends = None, &[]);
    check(|facts| facts.certificates[0].is_of_use = false, &[(Look, "certificates", "for no host of a site")]);
    check(
        |facts| facts.metrics.0[2].value = at("2026-11-25").seconds() as f64,
        &[(Soon, "certificates", "The certificate that is served for a.kz ends in 2 days")],
    );
}

#[test]
fn a_key_that_others_may_read() {
    let mode = |mode: u32, own: bool| {
        move |facts: &mut Facts| {
            facts.certificates[0].key_mode = mode;
            facts.certificates[0].key_of_own_group = own;
        }
    };
    check(mode(0o100_600, false), &[]);
    check(mode(0o100_640, false), &[(Soon, "keys", "a group that is not the gateway's")]);
    check(mode(0o100_660, true), &[(Soon, "keys", "may also write")]);
    check(mode(0o100_644, true), &[(Soon, "keys", "everyone on this machine")]);
    let two = |facts: &mut Facts| {
        mode(0o100_644, true)(facts);
        let same = facts.certificates[0].clone();
        facts.certificates.push(same);
    };
    check(two, &[(Soon, "keys", "key.pem")]);
}

#[test]
fn what_is_said_of_a_key_leaves_it_readable_for_the_gateway() {
    let remedy = |own_user: bool, group: Option<&str>| {
        let mut facts = well();
        let certificate = &mut facts.certificates[0];
        certificate.key_mode = 0o100_644;
        certificate.key_of_own_user = own_user;
        certificate.own_group = group.map(str::to_owned);
        findings(&facts).remove(0).remedy
    };
    let of_root = remedy(false, Some("kelisim"));
    assert!(of_root.starts_with("`chgrp kelisim key.pem && chmod 640 key.pem`;"), "{of_root}");
    assert!(remedy(true, Some("kelisim")).starts_with("`chmod 600 key.pem`;"));
    assert!(remedy(false, None).starts_with("`chmod 640 key.pem`, with the group of the user"));
}

fn name() -> DescribedName {
    DescribedName {
        name: "a.kz".into(),
        is_served: true,
        again: "2026-11-22T22:00:00Z".into(),
        ..DescribedName::default()
    }
}

/// The only finding of a gateway that is well but for how this name stands.
fn of_name(name: DescribedName, ends: &str) -> (Severity, String, String) {
    let mut facts = well();
    running(&mut facts).names = vec![name];
    facts.metrics.0[2].value = at(ends).seconds() as f64;
    let mut found = findings(&facts);
    assert_eq!(found.len(), 1, "{found:#?}");
    let Finding { severity, what, remedy, .. } = found.remove(0);
    (severity, what, remedy)
}

#[test]
fn a_name_without_a_certificate_is_wrong_now_and_one_that_is_not_renewed_soon() {
    let in_use = |facts: &mut Facts| running(facts).names = vec![name()];
    check(in_use, &[]);
    let missing = |failures, said: Option<&str>| DescribedName {
        is_served: false,
        failures,
        said: said.map(str::to_owned),
        advice: said.map(|_| "look at the firewall".to_owned()),
        ..name()
    };
    let (severity, what, remedy) = of_name(missing(3, Some("it is away")), "2027-03-01");
    assert_eq!((severity, &*what), (Now, "There is no certificate for a.kz: TLS for it is refused."));
    let expected = "3 attempts failed, the last with: it is away. What to do: look at the firewall. It is asked for again at 2026-11-22T22:00:00Z; where";
    assert!(remedy.starts_with(expected) && remedy.contains("`systemctl restart kelisim`"), "{remedy}");
    let held = DescribedName { is_held: true, ..missing(3, Some("too many")) };
    assert!(!of_name(held, "2027-03-01").2.contains("restart"), "the authority is asked no sooner");
    assert!(of_name(missing(0, None), "2027-03-01").2.starts_with("It is asked for at this moment"));
    assert!(of_name(missing(1, None), "2027-03-01").2.starts_with("1 attempt failed before the gateway was started;"));
    let asked_now = DescribedName { again: "2026-11-22T10:00:00Z".into(), ..missing(1, None) };
    let (.., remedy) = of_name(asked_now, "2027-03-01");
    assert!(remedy.ends_with("It is asked for again now; look again in a minute"), "a moment that is over: {remedy}");

    let failing = DescribedName { is_served: true, ..missing(2, Some("it is away")) };
    let (severity, what, _) = of_name(failing.clone(), "2027-03-01");
    assert_eq!((severity, &*what), (Soon, "No new certificate comes for a.kz."));
    let (severity, what, remedy) = of_name(failing, "2026-11-25");
    assert_eq!(severity, Soon);
    assert!(what.contains("ends in 2 days") && remedy.contains("look at the firewall"), "said once: {what} {remedy}");
}

#[test]
fn a_file_that_the_gateway_can_not_read_is_told_before_the_next_start_fails() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.pem");
    std::fs::write(&key, "").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let obstacle = User::made(64_999, 64_998).obstacle(&key).unwrap();
    check(|facts| facts.unreadable = vec![obstacle], &[(Soon, "files", "can't read")]);
}
