//! How visitors stand to the question, and how banners were answered.

use std::fmt::Write as _;

use super::{Look, chart::bar, numbers::grouped};
use crate::statistics::{Answers, report::Report};

/// Longest bar.
const LONGEST_BAR: usize = 24;

/// Writes both, where there is anything.
pub(super) fn panel(text: &mut String, report: &Report, look: Look) {
    let totals = &report.totals;
    let states = [
        ("accepted statistics", totals.accepted_views),
        ("answered otherwise", totals.refused_views),
        ("send a signal", totals.signalled_views),
        ("have not answered", totals.unanswered_views),
    ];
    part(text, "pageviews by how their visitors stand", &states, look);
    let all = &report.answers.all;
    part(text, "banners", &parts(all), look);
    if all.withdrawn > 0 {
        let _ = writeln!(text, "{:<24}{:>10}", "later withdrawn", grouped(all.withdrawn));
    }
    if report.answers.by_banner.len() > 1 {
        for (banner, answers) in &report.answers.by_banner {
            let name = format!("banners in {}, edition {}", banner.language.tag(), banner.edition.as_str());
            part(text, &name, &parts(answers), look);
        }
    }
}

fn parts(answers: &Answers) -> [(&'static str, i64); 4] {
    [
        ("accepted", answers.accepted),
        ("accepted in part", answers.partly),
        ("refused", answers.refused),
        ("not answered", answers.ignored()),
    ]
}

fn part(text: &mut String, heading: &str, numbers: &[(&str, i64)], look: Look) {
    let whole: i64 = numbers.iter().map(|(_, number)| number).sum();
    if whole == 0 {
        return;
    }
    let _ = writeln!(text, "\n{heading}");
    for (name, number) in numbers {
        let share = *number as f64 * 100.0 / whole as f64;
        let bar = bar(*number, whole, LONGEST_BAR.min(look.width.saturating_sub(42)), look.unicode);
        let line = format!("{name:<24}{:>10}{share:>5.0} % {bar}", grouped(*number));
        let _ = writeln!(text, "{}", line.trim_end());
    }
}
