//! Charts as SVG, drawn here so that they need no script and print as they are seen.
//!
//! Widths are in percent and heights in pixels, so that a chart fits every screen and its words keep their size. All text in a chart is made
//! of numbers, days and our own words: nothing that a stranger sent gets into one.

use std::fmt::Write as _;

use super::{
    metric::Unit,
    number::{real, rounded},
};
use crate::visitor::Language;

/// The height of the part that is drawn in, in pixels.
const PLOT: f64 = 190.0;
/// Room above it, for the words of the highest line.
const TOP: f64 = 18.0;
/// Room below it, for the words of the axis.
const BOTTOM: f64 = 26.0;
/// Words on the axis, at most; on a telephone every other one.
const MOST_LABELS: usize = 8;
/// Lines across, at most.
const MOST_LINES: f64 = 4.0;

/// A point of a line.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// Its word on the axis.
    pub(super) label: String,
    /// Its name in a table.
    pub(super) name: String,
    /// What is said of it when it is pointed at.
    pub(super) title: String,
    /// Nothing where there is nothing to tell of.
    pub(super) value: Option<f64>,
    /// It is not over yet.
    pub(super) is_running: bool,
}

/// A line over time, and the one that it is compared with.
#[derive(Clone, Debug)]
pub(super) struct Lines<'a> {
    pub(super) language: Language,
    /// What it shows.
    pub(super) title: &'a str,
    /// What it says on the whole, for who can't see it.
    pub(super) description: &'a str,
    pub(super) unit: Unit,
    pub(super) points: &'a [Point],
    /// The values of the period before, in its order.
    pub(super) before: &'a [Option<f64>],
}

/// Bars over time, each of several parts that stand on each other.
#[derive(Clone, Debug)]
pub(super) struct Bars<'a, const PARTS: usize> {
    pub(super) language: Language,
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    /// The word on the axis, what is said when it is pointed at, and the parts from below.
    pub(super) bars: &'a [(String, String, [i64; PARTS])],
}

impl Lines<'_> {
    /// The chart. `id` is a name that no other chart of the page has.
    pub(super) fn svg(&self, id: &str) -> String {
        let count = self.points.len().max(1);
        let values = self.points.iter().map(|point| point.value).chain(self.before.iter().copied());
        let scale = Scale::new(values.flatten().fold(0.0, f64::max), self.unit);
        let mut svg = begin(id, self.title, self.description);
        scale.lines(&mut svg, self.language, self.unit);
        let place = |at: usize| (real_of(at) + 0.5) / real_of(count) * 1000.0;
        let coordinate = |(at, value): (usize, f64)| (place(at), PLOT - scale.height(value));
        _ = write!(
            svg,
            "<svg x=\"0\" y=\"{TOP}\" width=\"100%\" height=\"{PLOT}\" viewBox=\"0 0 1000 {PLOT}\" preserveAspectRatio=\"none\">"
        );
        let before = self.before.iter().take(count).copied();
        for run in runs(before) {
            polyline(&mut svg, "before", run.into_iter().map(coordinate));
        }
        let running = self.points.iter().position(|point| point.is_running);
        let over = self.points.iter().take(running.unwrap_or(count)).map(|point| point.value);
        for run in runs(over) {
            let (first, last) = (place(run[0].0), place(run[run.len() - 1].0));
            let line: Vec<_> = run.into_iter().map(coordinate).collect();
            let area = line.iter().copied().chain([(last, PLOT), (first, PLOT)]);
            shape(&mut svg, "polygon", "area", area);
            polyline(&mut svg, "line", line.into_iter());
        }
        // To the bucket that runs the line is dotted: it will rise yet.
        if let Some(at) = running.filter(|at| *at > 0)
            && let (Some(from), Some(to)) = (self.points[at - 1].value, self.points[at].value)
        {
            polyline(&mut svg, "line running", [(at - 1, from), (at, to)].into_iter().map(coordinate));
        }
        svg.push_str("</svg>");
        for (at, point) in self.points.iter().enumerate() {
            let (left, width) = (real_of(at) / real_of(count) * 100.0, 100.0 / real_of(count));
            _ = write!(
                svg,
                "<g class=\"at\"><rect class=\"hit\" x=\"{left:.3}%\" y=\"{TOP}\" width=\"{width:.3}%\" height=\"{PLOT}\"><title>{}</title></rect>",
                point.title
            );
            if let Some(value) = point.value {
                let (x, y) = (left + width / 2.0, TOP + PLOT - scale.height(value));
                let alone = if count == 1 { " alone" } else { "" };
                _ = write!(svg, "<circle class=\"dot{alone}\" cx=\"{x:.3}%\" cy=\"{y:.1}\" r=\"4\"/>");
            }
            svg.push_str("</g>");
        }
        labels(&mut svg, self.points.iter().map(|point| point.label.as_str()), count);
        svg.push_str("</svg>");
        svg
    }
}

impl<const PARTS: usize> Bars<'_, PARTS> {
    /// The chart. `id` is a name that no other chart of the page has.
    pub(super) fn svg(&self, id: &str) -> String {
        let count = self.bars.len().max(1);
        let highest = self.bars.iter().map(|(.., parts)| parts.iter().sum()).max().unwrap_or_default();
        let scale = Scale::new(real(highest), Unit::Count);
        let mut svg = begin(id, self.title, self.description);
        scale.lines(&mut svg, self.language, Unit::Count);
        for (at, (_, title, parts)) in self.bars.iter().enumerate() {
            let (left, width) = (real_of(at) / real_of(count) * 100.0, 100.0 / real_of(count));
            let (x, thick) = (left + width * 0.12, width * 0.76);
            svg.push_str("<g class=\"at\">");
            let mut below = 0.0;
            for (part, number) in parts.iter().enumerate().filter(|(_, number)| **number > 0) {
                let height = scale.height(real(*number));
                let y = TOP + PLOT - below - height;
                _ = write!(
                    svg,
                    "<rect class=\"part p{part}\" x=\"{x:.3}%\" y=\"{y:.1}\" width=\"{thick:.3}%\" height=\"{height:.1}\"/>"
                );
                below += height;
            }
            _ = write!(
                svg,
                "<rect class=\"hit\" x=\"{left:.3}%\" y=\"{TOP}\" width=\"{width:.3}%\" height=\"{PLOT}\"><title>{title}</title></rect></g>"
            );
        }
        labels(&mut svg, self.bars.iter().map(|(label, ..)| label.as_str()), count);
        svg.push_str("</svg>");
        svg
    }
}

/// Thirty small bars of the last half hour, each a minute.
pub(super) fn sparkline(values: &[u32]) -> String {
    const HEIGHT: f64 = 28.0;
    let highest = f64::from(values.iter().copied().max().unwrap_or_default().max(1));
    let width = 100.0 / real_of(values.len().max(1));
    let mut svg = format!(
        "<svg class=\"spark\" id=\"spark\" aria-hidden=\"true\" width=\"150\" height=\"{HEIGHT}\" focusable=\"false\">"
    );
    for (at, value) in values.iter().enumerate() {
        // A minute without a view is a line that can be seen.
        let height = (f64::from(*value) / highest * HEIGHT).max(1.0);
        let (x, y) = (real_of(at) * width, HEIGHT - height);
        _ = write!(svg, "<rect x=\"{x:.2}%\" y=\"{y:.1}\" width=\"{:.2}%\" height=\"{height:.1}\"/>", width * 0.7);
    }
    svg.push_str("</svg>");
    svg
}

/// From nothing to a round number above the highest value.
struct Scale {
    step: f64,
    top: f64,
}

impl Scale {
    fn new(highest: f64, unit: Unit) -> Self {
        let step = step(highest / MOST_LINES, unit);
        let lines = (highest / step).ceil().max(1.0);
        Self { step, top: lines * step }
    }

    fn height(&self, value: f64) -> f64 {
        (value / self.top * PLOT).clamp(0.0, PLOT)
    }

    fn lines(&self, svg: &mut String, language: Language, unit: Unit) {
        for line in 0..=rounded(self.top / self.step) {
            let value = real(line) * self.step;
            let y = TOP + PLOT - self.height(value);
            let class = if line == 0 { "base" } else { "grid" };
            _ = write!(svg, "<line class=\"{class}\" x1=\"0\" x2=\"100%\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
            if line > 0 {
                let words = unit.show(language, value);
                _ = write!(svg, "<text class=\"tick\" x=\"0\" y=\"{:.1}\">{words}</text>", y - 4.0);
            }
        }
    }
}

/// The smallest round distance between two lines that is not below `least`.
fn step(least: f64, unit: Unit) -> f64 {
    const SHARES: [f64; 7] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25];
    const SECONDS: [f64; 14] =
        [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0];
    let round = || {
        let power = 10f64.powf(least.max(1.0).log10().floor());
        let found = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= least);
        found.unwrap_or(10.0 * power)
    };
    match unit {
        Unit::Share => SHARES.into_iter().find(|step| *step >= least).unwrap_or(0.25),
        Unit::Seconds => SECONDS.into_iter().find(|step| *step >= least).unwrap_or_else(round),
        Unit::Count | Unit::Bytes => round(),
    }
}

fn begin(id: &str, title: &str, description: &str) -> String {
    let height = TOP + PLOT + BOTTOM;
    format!(
        "<svg class=\"chart\" role=\"img\" aria-labelledby=\"{id}-title {id}-description\" width=\"100%\" height=\"{height}\">\
         <title id=\"{id}-title\">{title}</title><desc id=\"{id}-description\">{description}</desc>"
    )
}

/// Words on the axis: as many as there is room for, and on a narrow screen every other one.
fn labels<'a>(svg: &mut String, labels: impl Iterator<Item = &'a str>, count: usize) {
    let every = count.div_ceil(MOST_LABELS);
    for (number, (at, label)) in labels.enumerate().filter(|(at, _)| at % every == every / 2).enumerate() {
        let x = (real_of(at) + 0.5) / real_of(count) * 100.0;
        let class = if number % 2 == 1 { "label odd" } else { "label" };
        _ = write!(svg, "<text class=\"{class}\" x=\"{x:.3}%\" y=\"{:.1}\">{label}</text>", TOP + PLOT + 18.0);
    }
}

/// The stretches of values that follow each other without a gap, each with its place.
fn runs(values: impl Iterator<Item = Option<f64>>) -> Vec<Vec<(usize, f64)>> {
    let mut runs: Vec<Vec<(usize, f64)>> = Vec::new();
    let mut is_open = false;
    for (at, value) in values.enumerate() {
        match value {
            Some(value) if is_open => runs.last_mut().expect("one is open").push((at, value)),
            Some(value) => runs.push(vec![(at, value)]),
            None => {}
        }
        is_open = value.is_some();
    }
    runs
}

fn polyline(svg: &mut String, class: &str, points: impl Iterator<Item = (f64, f64)>) {
    shape(svg, "polyline", class, points);
}

fn shape(svg: &mut String, element: &str, class: &str, points: impl Iterator<Item = (f64, f64)>) {
    let points: Vec<_> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    _ = write!(
        svg,
        "<{element} class=\"{class}\" vector-effect=\"non-scaling-stroke\" points=\"{}\"/>",
        points.join(" ")
    );
}

fn real_of(number: usize) -> f64 {
    real(i64::try_from(number).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(value: Option<f64>, is_running: bool) -> Point {
        let (label, name, title) = ("22 Nov".to_owned(), "22 November".to_owned(), "22 November: 5".to_owned());
        Point { label, name, title, value, is_running }
    }

    fn svg(points: &[Point], before: &[Option<f64>]) -> String {
        let language = Language::En;
        Lines { language, title: "Views", description: "From 1 to 5.", unit: Unit::Count, points, before }.svg("c")
    }

    #[test]
    fn lines_are_at_round_numbers_above_all_values() {
        let check = |highest: f64, unit, expected: (f64, f64)| {
            let scale = Scale::new(highest, unit);
            let is_near = |one: f64, other: f64| (one - other).abs() < 1e-9;
            assert!(
                is_near(scale.step, expected.0) && is_near(scale.top, expected.1),
                "{highest}: {} {}",
                scale.step,
                scale.top
            );
            assert!((0.0..=PLOT).contains(&scale.height(highest)));
        };
        check(0.0, Unit::Count, (1.0, 1.0));
        check(3.0, Unit::Count, (1.0, 3.0));
        check(17.0, Unit::Count, (5.0, 20.0));
        check(1234.0, Unit::Count, (500.0, 1500.0));
        check(0.42, Unit::Share, (0.2, 0.6));
        check(1.0, Unit::Share, (0.25, 1.0));
        check(95.0, Unit::Seconds, (30.0, 120.0));
        check(5_300_000.0, Unit::Bytes, (2_000_000.0, 6_000_000.0));
    }

    #[test]
    fn the_highest_value_is_at_the_top_and_nothing_at_the_base() {
        let points = [point(Some(0.0), false), point(Some(20.0), false)];
        let svg = svg(&points, &[]);
        assert!(svg.contains("points=\"250.0,190.0 750.0,0.0\""), "{svg}");
        assert!(svg.contains("<rect class=\"hit\" x=\"50.000%\""), "{svg}");
        assert!(svg.contains("role=\"img\"") && svg.contains("<title id=\"c-title\">Views</title>"), "{svg}");
        assert!(!svg.contains("style="), "the policy of the page allows none");
    }

    #[test]
    fn gaps_break_the_line_and_what_runs_is_dotted() {
        let points = [
            point(Some(1.0), false),
            point(None, false),
            point(Some(2.0), false),
            point(Some(3.0), false),
            point(Some(1.0), true),
        ];
        let svg = svg(&points, &[Some(1.0), Some(2.0), Some(1.0), Some(1.0), Some(1.0), Some(9.0)]);
        assert_eq!(svg.matches("class=\"line\"").count(), 2, "{svg}");
        assert_eq!(svg.matches("class=\"line running\"").count(), 1, "{svg}");
        assert_eq!(svg.matches("class=\"before\"").count(), 1, "{svg}");
        assert_eq!(svg.matches("<circle").count(), 4, "{svg}");
        let empty = self::svg(&[], &[]);
        assert!(empty.ends_with("</svg>") && !empty.contains("NaN") && !empty.contains("inf"), "{empty}");
    }

    #[test]
    fn parts_of_a_bar_stand_on_each_other() {
        let bars = [("22 Nov".to_owned(), "said".to_owned(), [2, 0, 2])];
        let svg = Bars { language: Language::En, title: "t", description: "d", bars: &bars }.svg("b");
        assert!(svg.contains("class=\"part p0\"") && !svg.contains("class=\"part p1\""), "{svg}");
        assert!(
            svg.contains("y=\"113.0\" width=\"76.000%\" height=\"95.0\"") && svg.contains("y=\"18.0\" width=\"76"),
            "{svg}"
        );
    }

    #[test]
    fn there_are_never_too_many_words_on_the_axis() {
        for count in [1usize, 7, 24, 31, 92, 120] {
            let points = vec![point(Some(1.0), false); count];
            let words = svg(&points, &[]).matches("<text class=\"label").count();
            assert!((1..=MOST_LABELS).contains(&words), "{count}: {words}");
        }
    }
}
