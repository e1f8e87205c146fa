//! Whether spans reach the collector.

use super::running::{were, whole};
use crate::cli::doctor::{facts::Facts, finding::Finding};

/// The collector as it is now; what was lost before is told where it takes spans again.
pub(super) fn judge(facts: &Facts, found: &mut Vec<Finding>) {
    let Some(collector) = &facts.collector else { return };
    let endpoint = &collector.endpoint;
    if let Err(why) = &collector.answer {
        found.push(Finding::soon(
            "traces",
            format!("The collector of traces at {endpoint} takes none: {why}."),
            "Spans are lost until it does. Visitors notice nothing.",
            format!(
                "Start the collector, or correct `endpoint` or `header_file` in [traces]. With that header, if there is one, it has to answer 200 to: `curl -i -H 'content-type: application/json' -d \
                 '{{\"resourceSpans\":[]}}' '{endpoint}'`"
            ),
        ));
        return;
    }
    let lost = whole(facts.metrics.sum("kelisim_trace_spans_lost_total"));
    if lost > 0 {
        found.push(Finding::look(
            "traces",
            format!("{} lost since the start; the collector takes spans now.", were(lost, "span")),
            "Traces tell less than there was. Visitors notice nothing.",
            "`kelisim_trace_spans_lost_total` says why: for `queue` make `sampled` in [traces] smaller; else look at the collector's own log"
                .to_owned(),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::{
        facts::{Collector, Metric, Metrics},
        finding::Severity::{self, Look, Soon},
    };

    fn check(answer: Option<Result<(), &str>>, lost: f64, expected: &[(Severity, &str)]) {
        let endpoint = "http://127.0.0.1:4318/v1/traces".to_owned();
        let collector = answer.map(|answer| Collector { endpoint, answer: answer.map_err(str::to_owned) });
        let name = "kelisim_trace_spans_lost_total".to_owned();
        let metrics = Metrics(vec![Metric { name, labels: vec![("reason".into(), "timeout".into())], value: lost }]);
        let mut found = Vec::new();
        judge(&Facts { collector, metrics, ..Facts::default() }, &mut found);
        let told: Vec<_> = found.iter().map(|finding| (finding.severity, finding.what.as_str())).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_collector_that_takes_no_spans_and_spans_that_were_lost() {
        check(None, 6.0, &[]);
        check(Some(Ok(())), 0.0, &[]);
        check(Some(Ok(())), 1.0, &[(Look, "1 span was lost since the start; the collector takes spans now.")]);
        let what = "The collector of traces at http://127.0.0.1:4318/v1/traces takes none: it answers with status 404.";
        check(Some(Err("it answers with status 404")), 6.0, &[(Soon, what)]);
    }
}
