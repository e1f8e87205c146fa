//! Reading the text format of Prometheus, as far as our own metrics go.

use crate::cli::doctor::facts::{Metric, Metrics};

/// Every line that can be read.
pub(super) fn parse(text: &str) -> Metrics {
    Metrics(text.lines().filter(|line| !line.starts_with('#')).filter_map(line).collect())
}

/// `name{label="value",…} number`. The values of our labels are names of hosts and words: only `\"` and `\\` are escaped in them.
fn line(line: &str) -> Option<Metric> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(list) = rest.strip_prefix('{') {
        rest = list;
        while !rest.starts_with('}') {
            let (label, after) = rest.trim_start_matches(',').split_once("=\"")?;
            let (value, after) = quoted(after)?;
            labels.push((label.to_owned(), value));
            rest = after;
        }
        rest = &rest[1..];
    }
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some(Metric { name: name.to_owned(), labels, value })
}

/// What stands before the closing quotation mark, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(signs.next()?.1),
            sign => value.push(sign),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Metrics as Counters;

    #[test]
    fn what_is_shown_to_a_monitor_is_read() {
        let counters = Counters::new();
        counters.upstream_failed("a.kz", "connect");
        counters.upstream_failed("b\"\\.kz", "connect");
        counters.log_backlog(3, 0);
        let read = parse(&counters.render());
        let labels =
            |metric: &Metric| (metric.label("site").to_owned(), metric.label("reason").to_owned(), metric.value);
        let failures: Vec<_> = read.of("kelisim_upstream_failures_total").map(labels).collect();
        let expected =
            [("a.kz".to_owned(), "connect".to_owned(), 1.0), ("b\"\\.kz".to_owned(), "connect".to_owned(), 1.0)];
        assert_eq!(failures, expected);
        assert_eq!((read.sum("kelisim_log_waiting_events"), read.sum("kelisim_log_lost_events")), (3.0, 0.0));
        assert_eq!(read.sum("kelisim_nothing"), 0.0);
    }

    #[test]
    fn lines_that_are_none_are_left_out() {
        for text in ["", "name", "name{", "name{a=\"b", "name{a=\"b\"} x", "name{a=\"\\", "# HELP name 1", "{} "] {
            assert_eq!(parse(text).0, [], "{text}");
        }
    }
}
