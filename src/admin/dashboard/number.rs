//! Numbers as each language writes them.

use crate::visitor::Language;

/// Between a number and what it counts: it does not break.
const NO_BREAK: char = '\u{a0}';
/// Between three digits and the next in Russian and Kazakh.
const NARROW_NO_BREAK: char = '\u{202f}';

/// One of three texts: Russian, Kazakh, English.
pub(super) const fn say(language: Language, [russian, kazakh, english]: [&str; 3]) -> &str {
    match language {
        Language::Ru => russian,
        Language::Kk => kazakh,
        Language::En => english,
    }
}

/// A whole number with its thousands apart.
pub(super) fn whole(language: Language, number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let apart = if language == Language::En { ',' } else { NARROW_NO_BREAK };
    let mut text = String::new();
    if number < 0 {
        text.push('−');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(apart);
        }
        text.push(digit);
    }
    text
}

/// A number with one digit behind the point, which goes where it is nothing.
pub(super) fn tenths(language: Language, number: f64) -> String {
    let tenths = rounded(number * 10.0);
    let text = whole(language, tenths / 10);
    let sign = if tenths < 0 && tenths > -10 { "−" } else { "" };
    match tenths.abs() % 10 {
        0 => text,
        tenth if language == Language::En => format!("{sign}{text}.{tenth}"),
        tenth => format!("{sign}{text},{tenth}"),
    }
}

/// A share of one in percent: below ten with one digit behind the point.
pub(super) fn percent(language: Language, share: f64) -> String {
    let percent = share * 100.0;
    let number = if percent.abs() < 9.95 { tenths(language, percent) } else { whole(language, rounded(percent)) };
    if language == Language::En { format!("{number}%") } else { format!("{number}{NO_BREAK}%") }
}

/// Seconds in words: `1 min 5 s`.
pub(super) fn duration(language: Language, seconds: f64) -> String {
    let seconds = rounded(seconds.max(0.0));
    let (minute, second) = (say(language, ["мин", "мин", "min"]), say(language, ["с", "с", "s"]));
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}{NO_BREAK}{second}"),
        (minutes, 0) => format!("{}{NO_BREAK}{minute}", whole(language, minutes)),
        (minutes, seconds) => {
            format!("{}{NO_BREAK}{minute} {seconds}{NO_BREAK}{second}", whole(language, minutes))
        }
    }
}

/// Bytes in units of thousands.
pub(super) fn bytes(language: Language, bytes: f64) -> String {
    let units: [[&str; 3]; 5] =
        [["Б", "Б", "B"], ["кБ", "кБ", "kB"], ["МБ", "МБ", "MB"], ["ГБ", "ГБ", "GB"], ["ТБ", "ТБ", "TB"]];
    let mut number = bytes;
    let mut unit = 0;
    while number >= 999.5 && unit + 1 < units.len() {
        number /= 1000.0;
        unit += 1;
    }
    let number = if number < 99.95 { tenths(language, number) } else { whole(language, rounded(number)) };
    format!("{number}{NO_BREAK}{}", say(language, units[unit]))
}

/// The nearest whole number.
#[expect(
    clippy::cast_possible_truncation,
    reason = "counts of a site are far from the ends of an i64, and a cast stops there"
)]
pub(super) fn rounded(number: f64) -> i64 {
    number.round() as i64
}

/// A whole number to be divided.
#[expect(clippy::cast_precision_loss, reason = "what is divided is shown with three digits")]
pub(super) fn real(number: i64) -> f64 {
    number as f64
}

/// The form of a Russian word after a number: 1 день, 2 дня, 5 дней.
pub(super) fn russian_form(number: i64, [one, few, many]: [&str; 3]) -> &str {
    match (number % 10, number % 100) {
        (1, rest) if rest != 11 => one,
        (2..=4, rest) if !(12..=14).contains(&rest) => few,
        _ => many,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_each_language_writes_them() {
        let check = |text: String, expected: &str| {
            assert_eq!(text.replace([NO_BREAK, NARROW_NO_BREAK], " "), expected);
        };
        check(whole(Language::Ru, 1_234_567), "1 234 567");
        check(whole(Language::En, -1_234), "−1,234");
        check(whole(Language::Kk, 999), "999");
        check(tenths(Language::Ru, 12.34), "12,3");
        check(tenths(Language::En, -0.34), "−0.3");
        check(tenths(Language::En, 3.02), "3");
        check(percent(Language::Ru, 0.0345), "3,5 %");
        check(percent(Language::Kk, 0.345), "35 %");
        check(percent(Language::En, 1.5), "150%");
        check(duration(Language::Ru, 65.4), "1 мин 5 с");
        check(duration(Language::En, 59.9), "1 min");
        check(duration(Language::Kk, 0.0), "0 с");
        check(bytes(Language::Ru, 1_234_567.0), "1,2 МБ");
        check(bytes(Language::En, 999_600.0), "1 MB");
        check(bytes(Language::En, 512.0), "512 B");
        let form = |number| russian_form(number, ["день", "дня", "дней"]);
        assert_eq!([1, 3, 11, 21, 112].map(form), ["день", "дня", "дней", "день", "дней"]);
    }
}
