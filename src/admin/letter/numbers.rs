//! Numbers and days as readers of a language write them.

use crate::{
    statistics::report::{Change, Period},
    visitor::Language,
};

/// Between the thousands in Russian and Kazakh: a space at which no line ends.
const SPACE: char = '\u{a0}';

/// How numbers are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form(pub(super) Language);

impl Form {
    /// `12 345` or `12,345`.
    pub(super) fn grouped(self, number: i64) -> String {
        let between = if self.0 == Language::En { ',' } else { SPACE };
        let digits = number.unsigned_abs().to_string();
        let mut text = String::new();
        if number < 0 {
            text.push('−');
        }
        for (place, digit) in digits.char_indices() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(between);
            }
            text.push(digit);
        }
        text
    }

    /// A number that may not be known.
    pub(super) fn number(self, number: Option<i64>) -> String {
        number.map_or("–".to_owned(), |number| self.grouped(number))
    }

    /// `+12 %`.
    pub(super) fn change(self, change: Change) -> String {
        match change {
            Change::Percent(percent) | Change::Points(percent) => {
                let sign = if percent > 0 { "+" } else { "" };
                format!("{sign}{}{SPACE}%", self.grouped(percent))
            }
            Change::New => match self.0 {
                Language::Ru => "раньше не было",
                Language::Kk => "бұрын болмаған",
                Language::En => "none before",
            }
            .to_owned(),
        }
    }

    /// `12 %`, and `<1 %` for what is not nothing.
    pub(super) fn share(self, number: i64, whole: i64) -> String {
        let share = number as f64 * 100.0 / whole.max(1) as f64;
        if number > 0 && share < 0.5 { format!("<1{SPACE}%") } else { format!("{share:.0}{SPACE}%") }
    }
}

/// `16.11.2026 – 22.11.2026`, or in English `2026-11-16 to 2026-11-22`.
pub(super) fn period(period: Period, language: Language) -> String {
    let day = |day: crate::statistics::Day| match language {
        Language::En => day.to_string(),
        Language::Ru | Language::Kk => day.date().strftime("%d.%m.%Y").to_string(),
    };
    match (period.length(), language) {
        (1, _) => day(period.from),
        (_, Language::En) => format!("{} to {}", day(period.from), day(period.to)),
        _ => format!("{} – {}", day(period.from), day(period.to)),
    }
}
