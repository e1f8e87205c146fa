//! Lines in both forms, and a file that is renamed, removed, full or slow.

use std::{
    fs,
    io::Read as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
    process::Command,
};

use http::{Method, StatusCode, Version};

use super::*;
use crate::{
    consent::Country,
    telemetry::SiteMetrics,
    timestamp::Timestamp,
    visitor::{AgentFamily, ClientAddress},
};

fn line(metrics: &Arc<Metrics>, path: &str) -> AccessLine {
    AccessLine {
        time: Timestamp::parse("2026-11-22T10:00:00.007Z").unwrap(),
        site: SiteMetrics::new(metrics.clone(), "shop.example".into()).name(),
        method: MethodName::of(&Method::GET),
        path: LoggedPath::of(path),
        protocol: Protocol::of(Version::HTTP_2),
        status: Some(StatusCode::OK),
        bytes: 5120,
        first_byte: Some(3),
        last_byte: 14,
        outcome: Outcome::Passed(Some("not_html")),
        consent: None,
        country: Country::parse("KZ"),
        network: Some(ClientAddress::new("203.0.113.77".parse().unwrap()).truncate()),
        browser: AgentFamily::Firefox,
        reference: None,
    }
}

fn settings(file: &Path, format: AccessLogFormat) -> AccessLogSettings {
    AccessLogSettings { file: file.to_owned(), format, networks: true }
}

fn started(file: &Path, format: AccessLogFormat) -> (AccessLogThread, Arc<Metrics>) {
    let metrics = Metrics::new();
    (AccessLog::start(&settings(file, format), &metrics).unwrap(), metrics)
}

fn lost(metrics: &Metrics, reason: &str) -> u64 {
    let begins = format!("kelisim_access_log_lost_lines_total{{reason=\"{reason}\"}} ");
    metrics.render().lines().find_map(|line| line.strip_prefix(&begins)?.parse().ok()).unwrap_or_default()
}

#[test]
fn a_line_stands_in_the_file_in_either_form_and_only_its_group_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    for (format, expected) in [
        (
            AccessLogFormat::Text,
            "2026-11-22T10:00:00.007Z shop.example \"GET /a b/* HTTP/2\" 200 5120 3 14 passed not_html - KZ 203.0.113.0 firefox -\n",
        ),
        (
            AccessLogFormat::Json,
            concat!(
                r#"{"time":"2026-11-22T10:00:00.007Z","site":"shop.example","method":"GET","path":"/a b/*","protocol":"HTTP/2","#,
                r#""status":200,"bytes":5120,"first_byte_ms":3,"last_byte_ms":14,"outcome":"passed","reason":"not_html","#,
                r#""consent":null,"country":"KZ","network":"203.0.113.0","browser":"firefox","reference":null}"#,
                "\n"
            ),
        ),
    ] {
        let file = folder.path().join(format!("{format:?}.log"));
        let (thread, metrics) = started(&file, format);
        thread.log().write(line(&metrics, "/a%20b/7?q=1"));
        thread.end().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), expected);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    }
}

#[test]
fn a_line_that_lacks_what_it_may_lack_has_as_many_fields() {
    let metrics = Metrics::new();
    let left = AccessLine {
        status: None,
        first_byte: None,
        outcome: Outcome::Left,
        country: None,
        network: None,
        ..line(&metrics, "/")
    };
    let mut text = Vec::new();
    form::write(&left, AccessLogFormat::Text, &mut text);
    let expected = "2026-11-22T10:00:00.007Z shop.example \"GET / HTTP/2\" - 5120 - 14 left - - - - firefox -\n";
    assert_eq!(String::from_utf8(text).unwrap(), expected);
}

#[test]
fn a_file_that_was_renamed_or_removed_is_made_anew_and_no_line_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (file, old) = (folder.path().join("access.log"), folder.path().join("access.log.1"));
    let (thread, metrics) = started(&file, AccessLogFormat::Text);
    let log = thread.log().clone();
    let write = |path: &str| {
        log.write(line(&metrics, path));
        log.write_waiting();
    };
    let lines = |file: &Path| fs::read_to_string(file).unwrap().lines().count();
    write("/one");
    fs::rename(&file, &old).unwrap();
    // Without a line to write, it is made when somebody says so.
    log.reopen();
    log.write_waiting();
    assert_eq!(lines(&file), 0);
    write("/two");
    write("/three");
    assert_eq!((lines(&old), lines(&file)), (1, 2));
    fs::remove_file(&file).unwrap();
    write("/four");
    assert_eq!(lines(&file), 1);
    thread.end().unwrap();
    assert_eq!((lost(&metrics, "file"), lost(&metrics, "queue")), (0, 0));
}

#[test]
fn a_folder_that_comes_later_is_written_to_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("later/access.log");
    let (thread, metrics) = started(&file, AccessLogFormat::Text);
    thread.log().write(line(&metrics, "/"));
    thread.log().write_waiting();
    assert_eq!(lost(&metrics, "file"), 1);
    fs::create_dir(folder.path().join("later")).unwrap();
    thread.log().write(line(&metrics, "/"));
    thread.end().unwrap();
    assert_eq!((lost(&metrics, "file"), fs::read_to_string(&file).unwrap().lines().count()), (1, 1));
}

#[test]
fn a_full_disk_loses_lines_and_counts_them() {
    let (thread, metrics) = started(Path::new("/dev/full"), AccessLogFormat::Json);
    for count in 1..=3 {
        thread.log().write(line(&metrics, "/"));
        thread.log().write_waiting();
        assert_eq!(lost(&metrics, "file"), count);
    }
    thread.end().unwrap();
}

/// A pipe that is read seldom is a disk that is full in the middle of a line, and then has room again.
#[test]
fn after_a_line_that_was_written_in_part_the_next_one_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let nonblocking = writer::NONBLOCKING;
    let mut reader = fs::OpenOptions::new().read(true).custom_flags(nonblocking).open(&pipe).unwrap();
    let mut read = || {
        let mut bytes = Vec::new();
        // The end of what is there is an error of a pipe that does not block.
        _ = reader.read_to_end(&mut bytes);
        String::from_utf8(bytes).unwrap()
    };
    let (thread, metrics) = started(&pipe, AccessLogFormat::Json);
    let write = |count: u64| {
        (0..count).for_each(|_| thread.log().write(line(&metrics, "/some/path/of/the/site")));
        thread.log().write_waiting();
    };
    write(1000);
    let mut text = read();
    let kept = lost(&metrics, "file");
    assert!((1..1000).contains(&kept), "{kept}");
    write(5);
    text.push_str(&read());
    let is_whole = |line: &&str| serde_json::from_str::<serde_json::Value>(line).is_ok();
    let whole = text.lines().filter(is_whole).count() as u64;
    assert_eq!(whole + lost(&metrics, "file"), 1005, "every line is whole or counted as lost");
    assert!(text.lines().count() as u64 <= whole + 1, "one line at most is torn");
    assert!(text.lines().rev().take(5).all(|line| is_whole(&line)));
    thread.end().unwrap();
}

#[test]
fn what_does_not_fit_into_the_queue_is_lost_and_nobody_waits() {
    let (queue, lines) = sync_channel(QUEUE_LINES);
    let metrics = Metrics::new();
    let log = AccessLog(Arc::new(Inner {
        queue,
        is_urgent: Arc::default(),
        thread: thread::current(),
        networks: false,
        metrics: metrics.clone(),
    }));
    (0..QUEUE_LINES + 3).for_each(|_| log.write(line(&metrics, "/")));
    assert_eq!(lost(&metrics, "queue"), 3);
    assert_eq!(lines.try_iter().count(), QUEUE_LINES);
}
