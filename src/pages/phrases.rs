//! Phrases with something in them: blanks filled, dates, terms and lists in the visitor's language.

use super::{settings::Localised, texts::Texts};
use crate::{
    consent::{Category, CategorySet},
    timestamp::{Term, Timestamp},
    visitor::Language,
};

/// Fills the blanks of a phrase. Braces inside a value are left alone.
pub(super) fn fill(phrase: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(phrase.len() + 32);
    let mut rest = phrase;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, next) = after.split_once('}').unwrap_or((after, ""));
        filled.push_str(values.iter().find(|(blank, _)| *blank == name).map_or("", |(_, value)| value));
        rest = next;
    }
    filled.push_str(rest);
    filled
}

/// That a list shows the newest of more.
pub(super) fn cut(phrase: &str, count: usize, total: usize) -> String {
    fill(phrase, &[("count", &count.to_string()), ("total", &total.to_string())])
}

/// A date in UTC: `22 ноября 2026 г.`
pub(super) fn date(texts: &Texts, time: Timestamp) -> String {
    let iso = time.date();
    let mut parts = iso.split('-');
    let year = parts.next().unwrap_or_default();
    let month = parts.next().and_then(|month| month.parse::<usize>().ok()).unwrap_or(1);
    let day = parts.next().unwrap_or_default().trim_start_matches('0');
    let name = texts.format.months.get(month.saturating_sub(1)).map_or("", String::as_str);
    fill(&texts.format.date, &[("year", year), ("month", name), ("day", day)])
}

/// A date and a time of day in UTC.
pub(super) fn moment(texts: &Texts, time: Timestamp) -> String {
    at_clock(texts, time, |day| format!("{:02}:{:02}", day / 3600, day % 3600 / 60))
}

/// The same to the second, where answers of one minute stand below each other.
pub(super) fn moment_to_the_second(texts: &Texts, time: Timestamp) -> String {
    at_clock(texts, time, |day| format!("{:02}:{:02}:{:02}", day / 3600, day % 3600 / 60, day % 60))
}

/// `clock` writes the seconds of a day.
fn at_clock(texts: &Texts, time: Timestamp, clock: impl Fn(i64) -> String) -> String {
    let clock = clock(time.seconds().rem_euclid(86_400));
    fill(&texts.format.moment, &[("date", &date(texts, time)), ("time", &clock)])
}

/// A length of time as people say it: `3 года`, `6 месяцев`, `1 year and 15 days`.
pub(super) fn term(language: Language, term: Term) -> String {
    let texts = Texts::of(language);
    let (years, months) = term.years_and_months();
    let counts =
        [(years, &texts.format.year_count), (months, &texts.format.month_count), (term.days, &texts.format.day_count)];
    let count = |(number, forms): (u32, &Vec<String>)| {
        let form = forms.get(plural_form(language, number)).map_or("", String::as_str);
        format!("{number} {form}")
    };
    let parts: Vec<_> = counts.into_iter().filter(|(number, _)| *number > 0).map(count).collect();
    if parts.is_empty() { count((0, &texts.format.day_count)) } else { list(texts, &parts) }
}

/// How long a cookie lives, as the operator wrote it. A number of days, weeks, months or years in English is written in the visitor's
/// language; anything else stays as it is.
pub(super) fn lifetime(language: Language, written: &str) -> String {
    let counted = || {
        let (number, unit) = written.trim().split_once(' ')?;
        let number: u32 = number.parse().ok().filter(|number| *number < 1000)?;
        let (months, days) = match unit.trim_end_matches('s') {
            "year" => (12 * number, 0),
            "month" => (number, 0),
            "week" => (0, 7 * number),
            "day" => (0, number),
            _ => return None,
        };
        Some(term(language, Term { months, days }))
    };
    counted().filter(|_| language != Language::En).unwrap_or_else(|| written.to_owned())
}

/// Words in a row: `a, b and c`.
pub(super) fn list<S: AsRef<str>>(texts: &Texts, words: &[S]) -> String {
    let mut joined = String::new();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            joined.push_str(if index + 1 == words.len() { &texts.format.and } else { ", " });
        }
        joined.push_str(word.as_ref());
    }
    joined
}

/// Categories in the middle of a sentence.
pub(super) fn categories(texts: &Texts, set: CategorySet) -> String {
    let words: Vec<&str> = set.iter().map(|category: Category| texts.category(category).listed.as_str()).collect();
    list(texts, &words)
}

/// What is allowed, in the middle of a sentence: the necessary always is.
pub(super) fn allowed(texts: &Texts, set: CategorySet) -> String {
    let passing = Category::ALL.into_iter().filter(|category| set.permits(*category));
    let words: Vec<&str> = passing.map(|category| texts.category(category).listed.as_str()).collect();
    list(texts, &words)
}

/// The operator's text in a language, or the first there is, with its language when that is another one.
pub(super) fn localised(text: &Localised, language: Language) -> (String, Option<Language>) {
    let own = text.texts.iter().find(|(other, _)| *other == language);
    match own.or(text.texts.first()) {
        Some((found, words)) => (words.clone(), (*found != language).then_some(*found)),
        None => (String::new(), None),
    }
}

/// Which of three forms a number takes: in Russian 1, 21 / 2 to 4 / the rest; in English 1 / the rest. Kazakh has one form.
fn plural_form(language: Language, number: u32) -> usize {
    match language {
        Language::Ru => match (number % 10, number % 100) {
            (1, tens) if tens != 11 => 0,
            (2..=4, tens) if !(12..=14).contains(&tens) => 1,
            _ => 2,
        },
        Language::Kk | Language::En => usize::from(number != 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_agree_with_their_numbers() {
        let check = |language, months, days, expected: &str| {
            assert_eq!(term(language, Term { months, days }), expected);
        };
        check(Language::Ru, 36, 0, "3 года");
        check(Language::Ru, 60, 0, "5 лет");
        check(Language::Ru, 18, 0, "1 год и 6 месяцев");
        check(Language::Kk, 36, 0, "3 жыл");
        check(Language::En, 36, 0, "3 years");
        check(Language::En, 14, 3, "1 year, 2 months and 3 days");
        check(Language::Ru, 1, 0, "1 месяц");
        check(Language::Ru, 2, 0, "2 месяца");
        check(Language::Ru, 6, 0, "6 месяцев");
        check(Language::Ru, 12, 21, "1 год и 21 день");
        check(Language::Ru, 0, 114, "114 дней");
        check(Language::Kk, 6, 0, "6 ай");
        check(Language::En, 1, 15, "1 month and 15 days");
        check(Language::En, 0, 0, "0 days");
    }

    #[test]
    fn lifetimes_in_english_are_translated_and_others_stay() {
        let check = |language, written: &str, expected: &str| {
            assert_eq!(lifetime(language, written), expected);
        };
        check(Language::Ru, "1 year", "1 год");
        check(Language::Ru, "1 day", "1 день");
        check(Language::Kk, "3 months", "3 ай");
        check(Language::Ru, "2 weeks", "14 дней");
        check(Language::En, "1 year", "1 year");
        check(Language::Ru, "1 год", "1 год");
        check(Language::En, "30 minutes", "30 minutes");
    }

    #[test]
    fn dates_are_written_as_each_language_writes_them() {
        let time = Timestamp::parse("2026-11-02T09:05:59Z").unwrap();
        assert_eq!(date(Texts::of(Language::Ru), time), "2 ноября 2026 г.");
        assert_eq!(date(Texts::of(Language::Kk), time), "2026 жылғы 2 қараша");
        assert_eq!(moment(Texts::of(Language::En), time), "2 November 2026, 09:05 UTC");
        let exact = moment_to_the_second(Texts::of(Language::Ru), time);
        assert_eq!(exact, "2 ноября 2026 г., 09:05:59 UTC");
    }

    #[test]
    fn braces_in_a_value_are_not_blanks() {
        assert_eq!(fill("{a} and {b}", &[("a", "{b}"), ("b", "2")]), "{b} and 2");
        assert_eq!(fill("open {a", &[("a", "1")]), "open 1");
    }
}
