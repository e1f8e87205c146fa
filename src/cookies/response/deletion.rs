//! Attributes of a `Set-Cookie` line: does it delete, and does it look like a login?

use crate::cookies::judge::{name_and_value, trim};

/// Whether every browser reads the line as a deletion. In doubt it is none: a line that is refused by mistake leaves a
/// cookie that the gateway itself expires, while one that passes by mistake sets a cookie that nobody allowed.
///
/// `Max-Age` goes before `Expires` (RFC 6265bis, 5.7). Without a clock at hand, `Expires` counts as past before 2020.
pub(in crate::cookies) fn is_deletion(line: &[u8]) -> bool {
    let (mut by_age, mut by_date) = (None, None);
    for (name, value) in attributes(line) {
        // The last of several wins in browsers, unless it is unreadable; here every one has to delete.
        if name.eq_ignore_ascii_case(b"max-age") {
            by_age = Some(by_age.unwrap_or(true) && is_past_age(value));
        } else if name.eq_ignore_ascii_case(b"expires") {
            by_date = Some(by_date.unwrap_or(true) && is_past_date(value));
        }
    }
    by_age.or(by_date).unwrap_or(false)
}

/// Whether the cookie is kept from scripts and ends with the browser, as sessions of sites do.
pub(super) fn is_session_for_servers(line: &[u8]) -> bool {
    let has = |wanted: &[u8]| attributes(line).any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    has(b"httponly") && !has(b"max-age") && !has(b"expires")
}

/// Names and values of the attributes; one without `=` has an empty value.
pub(in crate::cookies) fn attributes(line: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    line.split(|byte| *byte == b';')
        .skip(1)
        .map(|attribute| if attribute.contains(&b'=') { name_and_value(attribute) } else { (trim(attribute), &[][..]) })
}

/// Zero or negative. Anything longer than a number of seconds can be is left to the refusal.
fn is_past_age(value: &[u8]) -> bool {
    const LONGEST: usize = 20;
    let (negative, digits) = value.strip_prefix(b"-").map_or((false, value), |digits| (true, digits));
    let number = (1..=LONGEST).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    number && (negative || digits.iter().all(|digit| *digit == b'0'))
}

/// A date between 1970 and 2019 in the shape `Thu, 01 Jan 1970 00:00:00 GMT`, or the same with hyphens, which are the two
/// that frameworks write. Browsers read far more shapes; those are left to the refusal.
fn is_past_date(value: &[u8]) -> bool {
    const MONTHS: [(&[u8], u32); 12] = [
        (b"Jan", 31),
        (b"Feb", 28),
        (b"Mar", 31),
        (b"Apr", 30),
        (b"May", 31),
        (b"Jun", 30),
        (b"Jul", 31),
        (b"Aug", 31),
        (b"Sep", 30),
        (b"Oct", 31),
        (b"Nov", 30),
        (b"Dec", 31),
    ];
    // Browsers look for the first month anywhere in the value, so a weekday that is none may make it another date, or no date at all.
    const WEEKDAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    const SHAPE: &[u8; 29] = b"aaa, 00-aaa-0000 00:00:00 GMT";
    let fits = |(byte, shape): (&u8, &u8)| match *shape {
        b'a' => byte.is_ascii_alphabetic(),
        b'0' => byte.is_ascii_digit(),
        b'-' => matches!(byte, b'-' | b' '),
        exact => *byte == exact,
    };
    if value.len() != SHAPE.len() || !value.iter().zip(SHAPE).all(fits) {
        return false;
    }
    let number =
        |place: std::ops::Range<usize>| value[place].iter().fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0'));
    let days = MONTHS.iter().find(|(month, _)| value[8..11].eq_ignore_ascii_case(month)).map_or(0, |(_, days)| *days);
    let is_weekday = WEEKDAYS.iter().any(|day| value[..3].eq_ignore_ascii_case(day));
    let exists = is_weekday
        && (1..=days).contains(&number(5..7))
        && number(17..19) < 24
        && number(20..22) < 60
        && number(23..25) < 60;
    exists && (1970..2020).contains(&number(12..16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_every_browser_deletes_is_a_deletion() {
        let check = |attributes: &str, expected: bool| {
            assert_eq!(is_deletion(format!("a=1{attributes}").as_bytes()), expected, "{attributes}");
        };
        check("; Max-Age=0", true);
        check(";max-age = -1 ; Path=/", true);
        check("; Expires=Thu, 01 Jan 1970 00:00:00 GMT", true);
        check("; expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/", true);
        check("; Expires=Fri, 31 Dec 2049 00:00:00 GMT; Max-Age=0", true);
        check("", false);
        check("; Max-Age=", false);
        check("; Max-Age=-", false);
        check("; Max-Age=-1x", false);
        check("; Max-Age=1", false);
        check("; Max-Age=0; Max-Age=60", false);
        check("; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", false);
        check("; Max-Age=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT", false);
        check("; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Expires=Fri, 31-Dec-49 00:00:00 GMT", false);
        check("; Expires=Thu, 31 Feb 1970 00:00:00 GMT", false);
        check("; Expires=Thu, 01 Jan 1970 24:00:00 GMT", false);
        check("; Expires=Wed, 01 Jan 2020 00:00:00 GMT", false);
        check("; Expires=0", false);
    }

    #[test]
    fn a_month_in_place_of_the_weekday_makes_another_date_and_no_deletion() {
        assert!(is_deletion(b"a=1; Expires=sun, 31 Jan 1970 00:00:00 GMT"));
        // To a browser this is the 31st of February, so no date: the cookie is kept until it closes.
        assert!(!is_deletion(b"a=1; Expires=Feb, 31 Jan 1970 00:00:00 GMT"));
        assert!(!is_deletion(b"a=1; Expires=abc, 31 Jan 1970 00:00:00 GMT"));
    }

    #[test]
    fn a_login_looks_like_a_session_kept_from_scripts() {
        assert!(is_session_for_servers(b"sid=1; Path=/; httponly"));
        assert!(!is_session_for_servers(b"sid=1; Path=/"));
        assert!(!is_session_for_servers(b"sid=1; HttpOnly; Max-Age=60"));
        assert!(!is_session_for_servers(b"HttpOnly=1"));
    }
}
