//! Columns and bars of text.

use std::fmt::Write as _;

use super::{Look, numbers::grouped};

/// Columns by their height in eighths of a line.
const COLUMNS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Ends of bars by their length in eighths of a character.
const BARS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
/// Widest column, in characters, with the gap beside it.
const WIDEST: usize = 4;

/// Draws a number for each label: the largest one is as high as the chart. Where there are more than fit, several stand in one column.
pub(super) fn chart(text: &mut String, points: &[(String, i64)], height: usize, look: Look) {
    let scale = |largest: i64| grouped(largest).len().max(4);
    let largest = points.iter().map(|(_, number)| *number).max().unwrap_or_default();
    let available = look.width.saturating_sub(scale(largest) + 2).max(1);
    let together = points.len().div_ceil(available);
    let sums: Vec<i64> = points.chunks(together).map(|chunk| chunk.iter().map(|(_, number)| number).sum()).collect();
    let largest = sums.iter().copied().max().unwrap_or_default();
    let margin = scale(largest);
    let wide = (available / sums.len().max(1)).clamp(1, WIDEST);
    let solid = if wide > 2 { wide - 1 } else { wide };
    let heights: Vec<usize> = sums.iter().map(|sum| eighths(*sum, largest, height)).collect();
    for row in (0..height).rev() {
        let label = if row + 1 == height { grouped(largest) } else { String::new() };
        let mut drawn = format!("{label:>margin$} {}", if look.unicode { '│' } else { '|' });
        for eighths in &heights {
            let sign = column(eighths.saturating_sub(row * 8).min(8), look.unicode);
            drawn.extend(std::iter::repeat_n(sign, solid));
            drawn.extend(std::iter::repeat_n(' ', wide - solid));
        }
        let _ = writeln!(text, "{}", drawn.trim_end());
    }
    let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else { return };
    let between = (wide * sums.len()).saturating_sub(first.len() + last.len()).max(1);
    let _ = writeln!(text, "{:margin$}  {first}{:between$}{last}", "", "");
    if together > 1 {
        let _ = writeln!(text, "{:margin$}  {together} in each column", "");
    }
}

/// How high a number is, in eighths of a line. What is not nothing is seen.
fn eighths(number: i64, largest: i64, height: usize) -> usize {
    if number <= 0 || largest <= 0 {
        return 0;
    }
    let share = number as f64 / largest as f64;
    ((share * (height * 8) as f64).round() as usize).max(1)
}

fn column(eighths: usize, unicode: bool) -> char {
    match (unicode, eighths) {
        (true, eighths) => COLUMNS[eighths.min(8)],
        (false, 0) => ' ',
        (false, 1..4) => '.',
        (false, _) => '#',
    }
}

/// A bar of at most `width` characters.
pub(super) fn bar(number: i64, largest: i64, width: usize, unicode: bool) -> String {
    let eighths = eighths(number, largest, width);
    let (whole, rest) = if unicode { (eighths / 8, eighths % 8) } else { (eighths.div_ceil(8), 0) };
    let mut bar: String = std::iter::repeat_n(if unicode { '█' } else { '#' }, whole).collect();
    if rest > 0 {
        bar.push(BARS[rest]);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(numbers: &[i64], width: usize, unicode: bool) -> Vec<String> {
        let points: Vec<_> = numbers.iter().enumerate().map(|(at, number)| (format!("d{at}"), *number)).collect();
        let mut text = String::new();
        chart(&mut text, &points, 2, Look { width, unicode });
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_largest_number_is_as_high_as_the_chart_and_the_smallest_is_seen() {
        assert_eq!(drawn(&[16, 0, 8, 1], 10, true), ["  16 │█", "     │█ █▁", "      d0 d3"]);
        assert_eq!(drawn(&[16, 0, 8, 1], 10, false), ["  16 |#", "     |# #.", "      d0 d3"]);
        assert_eq!(drawn(&[0, 0], 10, true), ["   0 │", "     │", "      d0 d1"]);
    }

    #[test]
    fn what_does_not_fit_stands_together() {
        let lines = drawn(&[1; 20], 16, true);
        assert_eq!(lines[0], "   2 │██████████");
        assert_eq!(lines[3], "      2 in each column");
    }

    #[test]
    fn a_bar_ends_within_a_character() {
        assert_eq!(bar(10, 10, 4, true), "████");
        assert_eq!(bar(5, 16, 4, true), "█▎");
        assert_eq!(bar(5, 16, 4, false), "##");
        assert_eq!(bar(0, 16, 4, true), "");
    }
}
