//! Single values: texts of the file to the types of the modules, with advice where a text means nothing.

use std::time::Duration;

use super::{context::Advice, place, suggestion};
use crate::{
    admin::Deadline,
    consent::{Category, Country},
    timestamp::Term,
};

/// Reads one of a few words.
pub(super) fn word<T: Copy>(words: &[(&'static str, T)]) -> impl Fn(&str) -> Result<T, Advice> {
    move |text| {
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        let names = words.iter().map(|(word, _)| *word);
        let known = format!("write one of {}", names.clone().collect::<Vec<_>>().join(", "));
        let remedy = suggestion::nearest(text, names).map_or(known, |name| format!("did you mean `{name}`?"));
        Err(Advice::new(format!("`{text}` is not known"), remedy))
    }
}

/// `necessary`, `functional`, `analytical` or `marketing`.
pub(super) fn category(text: &str) -> Result<Category, Advice> {
    word(&Category::ALL.map(|category| (category.name(), category)))(text)
}

/// A category that can be asked for.
pub(super) fn offered_category(text: &str) -> Result<Category, Advice> {
    match category(text)? {
        Category::Necessary => Err(Advice::new(
            "`necessary` needs no consent, so it can't be offered",
            "leave it out; what the site does not work without always passes",
        )),
        optional => Ok(optional),
    }
}

/// The members of the European Union, and the rest of the European Economic Area.
const EUROPE: [&str; 30] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO",
];

/// A country by its two letters, or `EU` for the European Economic Area.
pub(super) fn countries(text: &str) -> Result<Vec<Country>, Advice> {
    let read = |code: &str| Country::parse(code).filter(|_| code.bytes().all(|byte| byte.is_ascii_uppercase()));
    match text {
        "EU" => Ok(EUROPE.iter().filter_map(|code| Country::parse(code)).collect()),
        "UK" => Err(Advice::new("`UK` is not a country code", "did you mean `GB`?")),
        code => read(code).map(|country| vec![country]).ok_or_else(|| {
            Advice::new(format!("`{code}` is not a country code"), "write two capital letters of ISO 3166-1, or EU")
        }),
    }
}

/// A length of time such as `30 s`, `5 min` or `2 h`: at least one second, at most a day.
pub(super) fn duration(text: &str) -> Result<Duration, Advice> {
    let advice = || {
        Advice::new(format!("`{text}` is not a length of time"), "write `30 s`, `5 min` or `2 h`: at most 24 h, not 0")
    };
    let (number, unit) = number_and_unit(text).ok_or_else(advice)?;
    let seconds = match unit {
        "s" => 1,
        "min" => 60,
        "h" => 60 * 60,
        _ => return Err(advice()),
    };
    let seconds = number.checked_mul(seconds).filter(|seconds| (1..=24 * 60 * 60).contains(seconds));
    seconds.map(|seconds| Duration::from_secs(u64::from(seconds))).ok_or_else(advice)
}

/// A term by the calendar such as `6 months`, `14 days` or `1 year`: at most a hundred years.
pub(super) fn term(text: &str) -> Result<Term, Advice> {
    let advice = || {
        Advice::new(
            format!("`{text}` is not a term"),
            "write `14 days`, `6 months` or `1 year`: at most 100 years, not 0",
        )
    };
    let (number, unit) = number_and_unit(text).ok_or_else(advice)?;
    if number == 0 {
        return Err(advice());
    }
    match unit {
        "day" | "days" if number <= 36_525 => Ok(Term { months: 0, days: number }),
        "month" | "months" if number <= 1200 => Ok(Term { months: number, days: 0 }),
        "year" | "years" if number <= 100 => Ok(Term { months: number * 12, days: 0 }),
        _ => Err(advice()),
    }
}

/// For how long browsers keep a rule, in seconds: a term whose months count as 30 days and whose years as 365, or `0 days`, by which they
/// forget it.
pub(super) fn age(text: &str) -> Result<u64, Advice> {
    const DAY: u64 = 24 * 60 * 60;
    if text == "0 days" {
        return Ok(0);
    }
    let Term { months, days } = term(text)?;
    let (years, months) = (months / 12, months % 12);
    Ok((u64::from(years) * 365 + u64::from(months) * 30 + u64::from(days)) * DAY)
}

/// How long records are kept: `3 years`, which is counted from their expiry, as `3 years after they expire` says in full.
pub(super) fn retention(text: &str) -> Result<Term, Advice> {
    term(text.strip_suffix(" after they expire").unwrap_or(text))
}

/// How long there is to act: `15 days`, or `1 working day`.
pub(super) fn deadline(text: &str) -> Result<Deadline, Advice> {
    Deadline::parse(text).ok_or_else(|| {
        Advice::new(
            format!("`{text}` is not a deadline"),
            format!("write `15 days` or `1 working day`: at most {}, not 0", Deadline::MOST_DAYS),
        )
    })
}

fn number_and_unit(text: &str) -> Option<(u32, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    Some((text[..digits].parse().ok()?, text[digits..].trim()))
}

/// An electronic address, as far as one sees it at once.
pub(super) fn email(text: &str) -> Result<String, Advice> {
    let (name, domain) = text.split_once('@').unwrap_or_default();
    if !name.is_empty() && domain.contains('.') && !text.contains(char::is_whitespace) && place::host(domain).is_ok() {
        Ok(text.to_owned())
    } else {
        Err(Advice::new(
            format!("`{text}` is not an e-mail address"),
            "write one that is read, such as `name@example.kz`",
        ))
    }
}

/// An IIN or BIN of Kazakhstan: twelve digits, the last of which is computed from the others. Twelve equal ones are nobody's, though
/// the control digit of zeros fits: a notice that names such an operator names none.
pub(super) fn identification_number(text: &str) -> Result<String, Advice> {
    let digits: Vec<u32> = text.chars().filter_map(|character| character.to_digit(10)).collect();
    if digits.len() != 12 || text.len() != 12 {
        return Err(Advice::new(format!("`{text}` is not twelve digits"), "write the twelve digits without spaces"));
    }
    if digits.iter().all(|digit| *digit == digits[0]) {
        return Err(Advice::new(
            format!("`{text}` is nobody's number"),
            "write the number of the operator, as the certificate of registration has it",
        ));
    }
    if control_digit(&digits[..11]) == Some(digits[11]) {
        Ok(text.to_owned())
    } else {
        Err(Advice::new(
            format!("the control digit of `{text}` does not fit"),
            "compare the number with the certificate; a digit is wrong or two are exchanged",
        ))
    }
}

/// The twelfth digit: the weighted sum of the others modulo 11; where that is 10, with the weights shifted by two. A number
/// for which both are 10 is not given out.
fn control_digit(digits: &[u32]) -> Option<u32> {
    let sum = |weights: [u32; 11]| digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum::<u32>() % 11;
    [sum([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]), sum([3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2])]
        .into_iter()
        .find(|digit| *digit < 10)
}

#[cfg(test)]
pub(super) mod tests {
    use std::fmt::Debug;

    use super::*;

    pub(in crate::config) fn check<T: Debug + PartialEq>(
        read: impl Fn(&str) -> Result<T, Advice>,
        right: &[(&str, T)],
        wrong: &[&str],
    ) {
        for (text, expected) in right {
            assert_eq!(read(text).as_ref(), Ok(expected), "{text}");
        }
        for text in wrong {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_of_time_have_a_number_and_a_unit() {
        let seconds = Duration::from_secs;
        check(
            duration,
            &[("30 s", seconds(30)), ("5min", seconds(300)), ("2 h", seconds(7200))],
            &["30", "s", "0 s", "25 h", "-1 s", "1.5 h", "5 minutes", "99999999999 s", "4294967295 h", "５ s"],
        );
    }

    #[test]
    fn terms_follow_the_calendar() {
        let months = |months| Term { months, days: 0 };
        let right = [("6 months", months(6)), ("1 year", months(12)), ("14 days", Term { months: 0, days: 14 })];
        check(term, &right, &["6", "0 days", "6 weeks", "101 years", "4294967295 years", "3 years after they expire"]);
        check(retention, &[("3 years after they expire", months(36)), ("3 years", months(36))], &["forever"]);
    }

    #[test]
    fn ages_are_counted_in_seconds() {
        let right = [
            ("1 year", 31_536_000),
            ("2 years", 63_072_000),
            ("6 months", 15_552_000),
            ("1 day", 86_400),
            ("0 days", 0),
        ];
        check(age, &right, &["0 years", "1 y", "31536000", "101 years"]);
    }

    #[test]
    fn the_control_digit_of_an_identification_number_is_computed() {
        let wrong = ["850617450629", "580617450628", "85061745062", "8506174506281", "85061745062x", "８50617450628"];
        check(identification_number, &[("850617450628", "850617450628".to_owned())], &wrong);
        assert_eq!(control_digit(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Some(1));
        // 5 × 2 = 10: the second weights count, 5 × 4 mod 11 = 9.
        assert_eq!(control_digit(&[0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Some(9));
    }

    #[test]
    fn europe_is_its_union_and_its_economic_area() {
        let all = countries("EU").unwrap();
        assert_eq!(all.len(), 30);
        assert!(["DE", "NO"].iter().all(|code| all.contains(&Country::parse(code).unwrap())));
        assert!(!all.contains(&Country::parse("CH").unwrap()));
        assert_eq!(countries("UK").unwrap_err().remedy, "did you mean `GB`?");
        assert!(countries("de").is_err());
    }
}
