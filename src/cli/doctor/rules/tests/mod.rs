//! Each rule: what is found of a gateway that is well but for one thing.

mod certificates;

use super::*;
use crate::{
    cli::{
        describing::{DescribedSite, Description},
        doctor::{
            facts::{
                Backups, Certificate, Clock, Countries, Disk, Gateway, Log, Metric, Metrics, Policy, Unknown, Upstream,
            },
            finding::Severity::{self, Look, Now, Soon},
        },
    },
    timestamp::Timestamp,
};

const NOW: &str = "2026-11-22T10:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn certificate() -> Certificate {
    Certificate {
        file: "cert.pem".into(),
        ends: Some(at("2027-01-20")),
        is_of_use: true,
        key: "key.pem".into(),
        key_mode: 0o100_640,
        key_of_own_group: true,
        key_of_own_user: false,
        own_group: Some("kelisim".into()),
    }
}

/// A gateway with which all is well.
fn well() -> Facts {
    let site = DescribedSite {
        site: "a.kz".into(),
        edition: "2026".into(),
        requests: 1000,
        failures: vec![("connect".into(), 4)],
    };
    Facts {
        now: at(NOW),
        configuration: "k.toml".into(),
        state_dir: "/var/lib/kelisim".into(),
        is_without_systemd: false,
        fingerprint: Some("f1".into()),
        changed_files: Some(Vec::new()),
        gateway: Gateway::Running(Box::new(Description {
            version: env!("CARGO_PKG_VERSION").into(),
            process: 1,
            fingerprint: "f1".into(),
            open_files: Some((100, 32_768)),
            sites: vec![site],
            ..Description::default()
        })),
        metrics: Metrics(vec![
            metric("kelisim_log_witness_lag_seconds", &[("witness", "w")], 10.0),
            metric("kelisim_log_witness_failures_total", &[("witness", "w"), ("reason", "timeout")], 7.0),
            metric("kelisim_certificate_expiry_timestamp_seconds", &[("name", "a.kz")], 4_000_000_000.0),
        ]),
        certificates: vec![certificate()],
        clock: Clock { synchronised: Some(true), ahead: vec![("http://127.0.0.1:80".into(), -2)] },
        disk: Some(Disk { free_bytes: 10 << 30, log_bytes: 1 << 20, free_inodes: Some(1_000_000) }),
        state_mode: Some(0o40_700),
        log: Some(Log { leaves: 10, signed: Some((10, at("2026-11-20"))) }),
        unknown: vec![unknown(&[], 0)],
        waiting_lines: 0,
        upstreams: vec![upstream(Ok(Some(404)))],
        collector: None,
        policies: vec![policy()],
        countries: Some(Countries { file: "c.mmdb".into(), built: at("2026-09-01") }),
        descriptors: 31_000,
        backups: Some(Backups { folder: "/b".into(), newest: Some(at("2026-11-21T03:00:00Z")) }),
        faults: Vec::new(),
        warnings: 0,
        unreadable: Vec::new(),
        not_seen: Vec::new(),
    }
}

fn metric(name: &str, labels: &[(&str, &str)], value: f64) -> Metric {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Metric { name: name.into(), labels, value }
}

fn unknown(cookies: &[&str], keys: usize) -> Unknown {
    let cookies = cookies.iter().map(ToString::to_string).collect();
    Unknown { site: "a.kz".into(), cookies, hosts: 0, keys, is_strict: true }
}

fn upstream(answer: Result<Option<u16>, String>) -> Upstream {
    Upstream { sites: "a.kz".into(), address: "http://127.0.0.1:80".into(), answer }
}

fn policy() -> Policy {
    Policy { site: "a.kz".into(), edition: "2026".into(), effective: at("2026-01-01"), untranslated: Vec::new() }
}

fn running(facts: &mut Facts) -> &mut Description {
    let Gateway::Running(description) = &mut facts.gateway else { panic!("it runs") };
    description
}

/// Changes the facts; expects these findings in their order, each by its severity, what it is about, and a part of what it says.
fn check(change: impl FnOnce(&mut Facts), expected: &[(Severity, &str, &str)]) {
    let mut facts = well();
    change(&mut facts);
    let found = findings(&facts);
    let fits = |(finding, (severity, about, what)): (&Finding, &(Severity, &str, &str))| {
        finding.severity == *severity && finding.about == *about && finding.what.contains(what)
    };
    assert!(
        found.len() == expected.len() && found.iter().zip(expected).all(fits),
        "{found:#?}\nexpected {expected:#?}"
    );
    for finding in &found {
        assert!(!finding.why.is_empty() && !finding.remedy.is_empty(), "{finding:?}");
    }
}

#[test]
fn of_a_gateway_that_is_well_nothing_is_found() {
    check(|_| {}, &[]);
}

#[test]
fn what_could_not_be_seen_is_no_finding() {
    let unseen = Facts { now: at(NOW), gateway: Gateway::Unseen, ..Facts::default() };
    assert_eq!(findings(&unseen), []);
}

#[test]
fn a_gateway_that_does_not_run_or_does_not_answer() {
    check(|facts| facts.gateway = Gateway::Absent, &[(Now, "running", "No gateway runs on /var/lib/kelisim.")]);
    check(|facts| facts.gateway = Gateway::Mute("timed out".into()), &[(Now, "running", "timed out")]);
}

#[test]
fn a_configuration_with_faults_or_another_one_than_runs() {
    check(
        |facts| {
            facts.faults = vec!["k.toml:3:1: unknown key".into(), "k.toml:4:1: other".into()];
            facts.fingerprint = None;
        },
        &[(Now, "configuration", "has 2 faults. The first: k.toml:3:1: unknown key")],
    );
    let changed = |files: Option<&'static [&'static str]>| {
        move |facts: &mut Facts| {
            facts.fingerprint = Some("f2".into());
            facts.changed_files = files.map(|files| files.iter().map(ToString::to_string).collect());
        }
    };
    check(changed(None), &[(Soon, "configuration", "another configuration than the one in the file now.")]);
    check(changed(Some(&["k.toml", "p.txt"])), &[(Soon, "configuration", "now. Changed: k.toml, p.txt.")]);
    check(changed(Some(&[])), &[]);
    check(|facts| running(facts).version = "0.0.1".into(), &[(Look, "version", "runs version 0.0.1")]);
}

#[test]
fn descriptors_that_are_scarce_or_will_be() {
    check(|facts| running(facts).open_files = Some((800, 1000)), &[(Now, "descriptors", "800 of 1000")]);
    check(
        |facts| running(facts).open_files = Some((10, 20_000)),
        &[(Look, "descriptors", "20000 descriptors may be open, and the limits in [server.limits] need 31000.")],
    );
    check(|facts| running(facts).open_files = None, &[]);
}

#[test]
fn a_client_that_had_its_share() {
    let name = "kelisim_client_limits_total";
    let with = |count: f64| {
        move |facts: &mut Facts| facts.metrics.0.push(metric(name, &[("reason", "connections_per_client")], count))
    };
    check(with(0.0), &[]);
    check(with(3.0), &[(Look, "clients", "3 in all: one client had as many")]);
}

#[test]
fn what_was_lost() {
    let name = "kelisim_access_log_lost_lines_total";
    check(|facts| running(facts).lost_views = 1, &[(Look, "statistics", "1 view was not counted")]);
    check(
        |facts| {
            facts.metrics.0.push(metric(name, &[("reason", "queue")], 2.0));
            facts.metrics.0.push(metric(name, &[("reason", "file")], 3.0));
        },
        &[(Soon, "access_log", "3 lines of the access log could not"), (Look, "access_log", "2 lines were lost")],
    );
}

#[test]
fn a_log_that_is_not_written() {
    check(|facts| running(facts).log_is_failing = true, &[(Now, "log", "can't be written")]);
    let with = |name: &'static str| move |facts: &mut Facts| facts.metrics.0.push(metric(name, &[], 1.0));
    check(with("kelisim_log_waiting_events"), &[(Soon, "log", "1 refusal waits")]);
    check(with("kelisim_log_lost_events"), &[(Now, "log", "1 refusal found no place")]);
    check(with("kelisim_log_append_failures_total"), &[(Look, "log", "1 consent could not be recorded")]);
}

#[test]
fn a_log_that_is_not_signed() {
    let unsigned = Log { leaves: 12, signed: Some((10, at("2026-11-22T09:58:00Z"))) };
    check(
        |facts| facts.log = Some(unsigned),
        &[(Soon, "checkpoints", "2 leaves of the consent log are not signed: the last checkpoint is 2 minutes old")],
    );
    check(|facts| facts.log = Some(Log { signed: Some((10, at("2026-11-22T09:59:30Z"))), ..unsigned }), &[]);
    check(
        |facts| facts.log = Some(Log { leaves: 1, signed: None }),
        &[(Soon, "checkpoints", "there is no checkpoint")],
    );
    check(
        |facts| {
            facts.log = Some(unsigned);
            facts.gateway = Gateway::Absent;
        },
        &[(Now, "running", "")],
    );
}

#[test]
fn witnesses_that_lag_or_contradict() {
    let lag = |seconds: f64| move |facts: &mut Facts| facts.metrics.0[0].value = seconds;
    check(lag(900.0), &[]);
    check(lag(901.0), &[(Soon, "witnesses", "The witness w has not signed for 15 minutes.")]);
    check(lag(90_000.0), &[(Now, "witnesses", "for 25 hours")]);
    let labels = [("witness", "w"), ("reason", "conflict")];
    check(
        |facts| facts.metrics.0.push(metric("kelisim_log_witness_failures_total", &labels, 1.0)),
        &[(Now, "witnesses", "something else than this log says (conflict)")],
    );
}

#[test]
fn backups_that_are_missing_or_old() {
    let newest = |newest: Option<&'static str>| {
        move |facts: &mut Facts| facts.backups = Some(Backups { folder: "/b".into(), newest: newest.map(at) })
    };
    check(newest(None), &[(Soon, "backups", "There is no backup in /b.")]);
    check(newest(Some("2026-11-20T08:00:00Z")), &[(Soon, "backups", "is 2 days old")]);
    check(newest(Some("2026-11-20T10:00:00Z")), &[]);
    check(|facts| facts.backups = None, &[]);
}

#[test]
fn a_disk_that_is_full_or_will_be() {
    let disk = |free_mebibytes: u64, log_mebibytes: u64, free_inodes: Option<u64>| {
        move |facts: &mut Facts| {
            facts.disk = Some(Disk { free_bytes: free_mebibytes << 20, log_bytes: log_mebibytes << 20, free_inodes });
        }
    };
    check(disk(512, 1, None), &[]);
    check(disk(511, 1, None), &[(Soon, "disk", "511 MiB are free on the disk of /var/lib/kelisim.")]);
    check(disk(63, 1, None), &[(Now, "disk", "63 MiB are free")]);
    check(disk(1000, 1001, None), &[(Soon, "disk", "the consent log has 1001 MiB")]);
    check(disk(1000, 1, Some(1000)), &[]);
    check(disk(1000, 1, Some(999)), &[(Soon, "disk", "999 more files")]);
    check(disk(1000, 1, Some(3)), &[(Now, "disk", "3 more files")]);
}

#[test]
fn a_clock_that_is_wrong() {
    check(|facts| facts.clock.synchronised = Some(false), &[(Look, "clock", "not synchronised")]);
    check(|facts| facts.clock.synchronised = None, &[]);
    check(|facts| facts.clock.ahead[0].1 = 31, &[(Soon, "clock", "31 seconds ahead of that of http://127.0.0.1:80")]);
    check(|facts| facts.clock.ahead[0].1 = -7200, &[(Soon, "clock", "2 hours behind that of")]);
    let signed = |text: &'static str| {
        move |facts: &mut Facts| facts.log = Some(Log { leaves: 10, signed: Some((10, at(text))) })
    };
    check(signed("2026-11-22T10:00:59Z"), &[]);
    check(signed("2026-11-22T13:00:00Z"), &[(Now, "clock", "signed 3 hours later than it is now")]);
}

#[test]
fn a_state_directory_that_is_open() {
    check(|facts| facts.state_mode = Some(0o40_755), &[(Soon, "state_dir", "(mode 755)")]);
}

#[test]
fn upstreams_that_do_not_answer() {
    check(
        |facts| facts.upstreams = vec![upstream(Err("refused".into()))],
        &[(Now, "upstreams", "http://127.0.0.1:80 of a.kz does not answer: refused")],
    );
    check(|facts| facts.upstreams = vec![upstream(Ok(Some(503)))], &[(Soon, "upstreams", "its start page with 503")]);
    check(|facts| facts.upstreams = vec![upstream(Ok(None))], &[]);
    let failed = |count: u64| {
        move |facts: &mut Facts| {
            running(facts).sites[0].failures = vec![("connect".into(), count), ("broken".into(), 1)]
        }
    };
    check(failed(8), &[]);
    check(
        failed(9),
        &[(
            Soon,
            "upstreams",
            "Of 1000 requests to a.kz in the last 10 minutes 10 were not answered by the site (connect 9, broken 1).",
        )],
    );
    check(failed(199), &[(Now, "upstreams", "200 were not answered")]);
}

#[test]
fn names_that_wait_for_a_decision() {
    let names = ["a", "b", "c", "d", "e", "f"];
    check(
        |facts| facts.unknown = vec![unknown(&names, 1)],
        &[(Look, "inventory", "a.kz uses what nobody has named: 6 cookies (a, b, c, d, e, …), 1 storage key.")],
    );
    check(
        |facts| facts.waiting_lines = 1,
        &[(Look, "inventory", "1 line that somebody chose on the page \"Inventory\" waits")],
    );
}

#[test]
fn policies_that_are_not_in_force_not_translated_or_not_taken_up() {
    let changed = |policy: Policy| move |facts: &mut Facts| facts.policies = vec![policy];
    check(
        changed(Policy { untranslated: vec!["kk", "en"], ..policy() }),
        &[(Look, "policies", "has no text in kk, en.")],
    );
    check(
        changed(Policy { effective: at("2027-01-01"), ..policy() }),
        &[(Soon, "policies", "2026 comes into force on 2027-01-01")],
    );
    check(
        changed(Policy { edition: "2026-11".into(), effective: at("2026-11-20"), ..policy() }),
        &[(
            Soon,
            "policies",
            "Edition 2026-11 of the policy of a.kz is past due since 2026-11-20: the gateway asks under 2026.",
        )],
    );
}

#[test]
fn a_database_of_countries_that_is_old() {
    check(
        |facts| facts.countries.as_mut().unwrap().built = at("2026-05-22"),
        &[(Look, "countries", "c.mmdb is 184 days old")],
    );
    check(|facts| facts.countries = None, &[]);
}

#[test]
fn the_worst_comes_first() {
    check(
        |facts| {
            facts.waiting_lines = 2;
            facts.certificates[0].ends = Some(at("2026-11-25"));
            facts.upstreams = vec![upstream(Err("refused".into()))];
            facts.disk = Some(Disk { free_bytes: 0, log_bytes: 0, free_inodes: None });
        },
        &[(Now, "upstreams", ""), (Now, "disk", ""), (Soon, "certificates", ""), (Look, "inventory", "")],
    );
}
