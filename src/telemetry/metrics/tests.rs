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
