//! A curve: its table, its picture in the terminal and as SVG, and whether it grows no faster than it may.

use std::{fmt::Write as _, fs, path::Path};

/// How a cost may grow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// As the size does.
    Linear,
    /// Hardly: what a few more steps of a search and a larger memory cost.
    Flat,
}

impl Limit {
    /// Highest exponent that passes. Measured figures waver, and a cache that is outgrown is no growth of the work.
    fn most(self) -> f64 {
        match self {
            Self::Linear => 1.1,
            Self::Flat => 0.15,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Linear => "at most linear",
            Self::Flat => "flat",
        }
    }
}

/// Costs of growing sizes.
pub(crate) struct Curve {
    pub(crate) of: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) limit: Limit,
    /// Size and cost, in the order of sizes.
    pub(crate) points: Vec<(f64, f64)>,
}

impl Curve {
    /// Prints and draws the curve; the answer is whether it grows no faster than it may.
    pub(crate) fn show(&self, name: &str) -> bool {
        println!("\n{name}: {}", self.of);
        let most = self.points.iter().map(|point| point.1).fold(0.0, f64::max);
        for (size, cost) in &self.points {
            // A bar of logarithms would make everything look flat.
            let bar = "#".repeat((50.0 * cost / most).ceil() as usize);
            println!("{size:>8} {cost:>12.1} {}  {bar}", self.unit);
        }
        let exponent = self.exponent();
        let holds = exponent <= self.limit.most();
        let verdict = if holds { "holds" } else { "does not hold" };
        println!("cost grows as size^{exponent:.2}; {}: {verdict}", self.limit.word());
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/growth");
        fs::create_dir_all(&folder).expect("a folder for the curves");
        fs::write(folder.join(format!("{name}.svg")), self.svg()).expect("a curve is written");
        holds
    }

    /// The exponent of the steeper half, by least squares of the logarithms: a constant part hides growth in small sizes.
    fn exponent(&self) -> f64 {
        let half = &self.points[self.points.len() / 2 - 1..];
        let logs: Vec<_> = half.iter().map(|(size, cost)| (size.ln(), cost.ln())).collect();
        let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / logs.len() as f64;
        let (x, y) = (mean(|log| log.0), mean(|log| log.1));
        let together: f64 = logs.iter().map(|log| (log.0 - x) * (log.1 - y)).sum();
        together / logs.iter().map(|log| (log.0 - x).powi(2)).sum::<f64>()
    }

    fn svg(&self) -> String {
        const WIDTH: f64 = 480.0;
        const HEIGHT: f64 = 240.0;
        const EDGE: f64 = 50.0;
        let largest = self.points.iter().map(|point| point.0).fold(0.0, f64::max);
        let most = self.points.iter().map(|point| point.1).fold(0.0, f64::max);
        let x = |size: f64| EDGE + (WIDTH - 2.0 * EDGE) * size / largest;
        let y = |cost: f64| HEIGHT - EDGE + (2.0 * EDGE - HEIGHT) * cost / most;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n\
             <path d=\"M{EDGE} {top}V{bottom}H{right}\" fill=\"none\" stroke=\"#888\"/>\n",
            top = y(most),
            bottom = y(0.0),
            right = x(largest),
        );
        let line: Vec<_> = self.points.iter().map(|(size, cost)| format!("{:.1},{:.1}", x(*size), y(*cost))).collect();
        _ = writeln!(svg, "<polyline points=\"{}\" fill=\"none\" stroke=\"#06c\" stroke-width=\"2\"/>", line.join(" "));
        for (size, cost) in &self.points {
            _ = writeln!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"#06c\"/>", x(*size), y(*cost));
        }
        _ = writeln!(svg, "<text x=\"{EDGE}\" y=\"30\">{:.0} {}</text>", most, self.unit);
        _ = writeln!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{largest}</text>", x(largest), y(0.0) + 15.0);
        _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            WIDTH / 2.0,
            HEIGHT - 12.0,
            self.of
        );
        svg.push_str("</svg>\n");
        svg
    }
}
