//! What the numbers say.

use super::*;

#[test]
fn failures_of_a_site_are_told_by_reason() {
    let metrics = Metrics::new();
    for (site, reason) in [("a.kz", "timeout"), ("b.kz", "refused"), ("b.kz", "refused"), ("b.kz", "broken")] {
        metrics.upstream_failed(site, reason);
    }
    assert_eq!(metrics.upstream_failures("b.kz"), [("broken".to_owned(), 1), ("refused".to_owned(), 2)]);
    assert_eq!(metrics.upstream_failures("c.kz"), []);
}

#[test]
fn the_lag_of_a_witness_grows_while_a_checkpoint_waits() {
    let metrics = Metrics::new();
    let shows = |now: i64, lag: i64| {
        metrics.witness_lag(Timestamp::from_seconds(now));
        let line = format!("kelisim_log_witness_lag_seconds{{witness=\"w\"}} {lag}\n");
        assert!(metrics.render().contains(&line), "{line}");
    };
    metrics.witness_waits("w", None);
    shows(100, 0);
    metrics.witness_waits("w", Some(Timestamp::from_seconds(100)));
    shows(107, 7);
    shows(99, 0);
    metrics.witness_waits("w", None);
    shows(200, 0);
}

#[test]
fn the_ends_of_certificates_are_those_in_use() {
    let metrics = Metrics::new();
    let end = Timestamp::from_seconds;
    metrics.certificates_end(&[("a.kz".to_owned(), end(100)), ("b.kz".to_owned(), end(200))]);
    metrics.certificates_end(&[("b.kz".to_owned(), end(300))]);
    let page = metrics.render();
    let shown: Vec<_> = page.lines().filter(|line| line.starts_with("kelisim_certificate_expiry")).collect();
    assert_eq!(shown, ["kelisim_certificate_expiry_timestamp_seconds{name=\"b.kz\"} 300"]);
}

#[test]
fn connections_are_counted_while_they_are_open() {
    let metrics = Metrics::new();
    let open = metrics.connected("https");
    assert!(metrics.render().contains("kelisim_connections 1"));
    drop(open);
    assert!(metrics.render().contains("kelisim_connections 0"));
}

#[test]
fn the_first_count_of_what_an_alert_looks_for_is_growth() {
    let metrics = Metrics::new();
    metrics.witness_begins("w", &["conflict", "behind"]);
    let begins = metrics.render();
    for line in [
        "kelisim_configuration_reloads_total{outcome=\"refused\"} 0",
        "kelisim_configuration_last_reload_successful 1",
        "kelisim_log_witness_failures_total{reason=\"conflict\",witness=\"w\"} 0",
    ] {
        assert!(begins.contains(&format!("{line}\n")), "{line}: {begins}");
    }
    let is_right = || metrics.render().contains("kelisim_configuration_last_reload_successful 1\n");
    metrics.configuration_read_again("refused");
    assert!(!is_right());
    metrics.configuration_read_again("unchanged");
    assert!(is_right());
}

#[test]
fn a_certificate_that_is_missing_is_shown_until_it_is_there_or_nobody_asks_for_it() {
    let metrics = Metrics::new();
    let shown = |name: &str| {
        let page = metrics.render();
        let line = page.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        line.and_then(|line| line.rsplit_once(' ').map(|(_, value)| value.to_owned()))
    };
    metrics.certificates_missing(&[("a.kz".to_owned(), true)]);
    metrics.certificates_failed(&[("a.kz".to_owned(), 3)]);
    let both = || (shown("kelisim_certificate_missing{"), shown("kelisim_certificate_failed_attempts{"));
    assert_eq!(both(), (Some("1".into()), Some("3".into())));
    metrics.certificates_missing(&[("a.kz".to_owned(), false)]);
    metrics.certificates_failed(&[("a.kz".to_owned(), 0)]);
    assert_eq!(both(), (Some("0".into()), Some("0".into())));
    metrics.certificates_missing(&[]);
    metrics.certificates_failed(&[]);
    assert_eq!(both(), (None, None));
}
