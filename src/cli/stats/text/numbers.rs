//! Numbers as an English reader writes them.

use crate::statistics::report::{Change, Measure, Period};

/// `1,234,567`.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A measure's number with its unit.
pub(super) fn number(measure: Measure, number: Option<i64>) -> String {
    let Some(number) = number else { return "-".to_owned() };
    match measure {
        Measure::BounceRate => format!("{number} %"),
        Measure::Duration => length(number),
        Measure::Waited => format!("{} ms", grouped(number)),
        Measure::Bytes => bytes(number),
        _ => grouped(number),
    }
}

/// `+12 %`, `-2 points`, `new`.
pub(super) fn change(change: Change) -> String {
    match change {
        Change::Percent(percent) => format!("{percent:+} %"),
        Change::Points(points) => format!("{points:+} points"),
        Change::New => "new".to_owned(),
    }
}

/// `3 min 20 s`.
fn length(seconds: i64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

/// `1.2 GB`, in powers of a thousand.
fn bytes(bytes: i64) -> String {
    let mut number = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if number < 999.95 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{number:.1} {unit}") };
        }
        number /= 1000.0;
    }
    format!("{number:.1} TB")
}

/// `2026-11-01 to 2026-11-28 (28 days)`.
pub(super) fn period(period: Period) -> String {
    match period.length() {
        1 => period.from.to_string(),
        days => format!("{} to {} ({days} days)", period.from, period.to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_their_units() {
        let check = |measure, value, expected: &str| assert_eq!(number(measure, value), expected);
        check(Measure::Views, Some(1_234_567), "1,234,567");
        check(Measure::Views, Some(123), "123");
        check(Measure::Duration, Some(200), "3 min 20 s");
        check(Measure::Duration, None, "-");
        check(Measure::BounceRate, Some(43), "43 %");
        check(Measure::Bytes, Some(999), "999 B");
        check(Measure::Bytes, Some(1_250_000), "1.2 MB");
        check(Measure::Bytes, Some(999_960), "1.0 MB");
        assert_eq!(
            (grouped(-1000), change(Change::Percent(-3)), change(Change::Points(2))),
            ("-1,000".into(), "-3 %".into(), "+2 points".into())
        );
    }
}
