//! The filter on `Set-Cookie`. Input: a byte for the permit, then lines.

use http::header::SET_COOKIE;
use kelisim::cookies::{cookies_set, drop_own, filter_response, is_own};

use super::{
    Target,
    cookie_reading::{Fate, fate, headers, lines, name, permit, shipped, trimmed},
};

pub const TARGET: Target = Target { name: "response_cookies", run, words: WORDS, runs: 4000 };

const WORDS: &[&str] = &[
    "_ga",
    "PHPSESSID",
    "lang",
    "_fbp",
    "kelisim",
    "__Host-kelisim",
    "who",
    "=",
    ";",
    "; ",
    " ",
    "\t",
    ",",
    "\"",
    "\n",
    "; Max-Age=0",
    "; max-age=-1",
    "; Max-Age=60",
    "; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "; expires=Fri, 31-Dec-2049 23:59:59 GMT",
    "; HttpOnly",
    "; Secure",
    "; Path=/",
    "; Domain=shop.example",
    "; SameSite=None",
    "; Partitioned",
    "01 Jan 1970",
];

fn run(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else { return };
    let Some(sent) = headers(&SET_COOKIE, rest) else { return };
    let (catalogue, permit) = (shipped(), permit(*first));
    let mut filtered = sent.clone();
    let outcome = filter_response(&mut filtered, catalogue, permit);
    let after = lines(&filtered, &SET_COOKIE);
    let mut left = after.iter().peekable();
    let (mut refused, mut passed) = (0, 0);
    for line in lines(&sent, &SET_COOKIE) {
        let pair = trimmed(line.split(|byte| *byte == b';').next().unwrap_or_default());
        let stays = left.next_if(|kept| **kept == line).is_some();
        match fate(pair, catalogue, permit) {
            Fate::Passes(_) => {
                assert!(stays, "{} was lost", line.escape_ascii());
                passed += 1;
            }
            Fate::Own => assert!(!stays, "{} is ours", line.escape_ascii()),
            // What only cleans up may pass: who reads the line otherwise must come to the same.
            Fate::Refused(_) if stays => assert!(deletes(&line), "{} stayed", line.escape_ascii()),
            Fate::Refused(_) => refused += 1,
        }
    }
    assert!(left.next().is_none(), "no line comes from nowhere, none is changed");
    assert_eq!(outcome.refused.total(), refused);
    assert_eq!(outcome.passed.iter().map(|(_, count)| count).sum::<u32>(), passed);
    assert!(outcome.likely_sessions.total() <= outcome.refused.total());
    let once = filtered.clone();
    assert!(filter_response(&mut filtered, catalogue, permit).refused.is_empty());
    assert_eq!(filtered, once);

    let mut foreign = sent.clone();
    drop_own(&mut foreign);
    assert!(
        lines(&foreign, &SET_COOKIE).iter().all(|line| !is_own(name(line.split(|byte| *byte == b';').next().unwrap())))
    );
    for set in cookies_set(&sent) {
        assert!(!set.name().is_empty() && !is_own(set.name()));
        assert!(set.attributes().all(|(name, value)| !name.contains(&b';') && !value.contains(&b';')));
    }
}

/// Whether a browser reads the line as a deletion (RFC 6265bis, 5.6 and 5.7). Of several attributes with one name the last that can be read
/// counts, and an age goes before a date.
fn deletes(line: &[u8]) -> bool {
    let (mut age, mut year) = (None, None);
    for attribute in line.split(|byte| *byte == b';').skip(1) {
        let Some(end) = attribute.iter().position(|byte| *byte == b'=') else { continue };
        let (name, value) = (trimmed(&attribute[..end]), trimmed(&attribute[end + 1..]));
        let text = String::from_utf8_lossy(value).into_owned();
        if name.eq_ignore_ascii_case(b"max-age") {
            let digits = text.strip_prefix('-').unwrap_or(&text);
            if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                age = Some(!text.starts_with('-') && digits.bytes().any(|digit| digit != b'0'));
            }
        } else if name.eq_ignore_ascii_case(b"expires") {
            year = year_of(value).or(year);
        }
    }
    age.map_or(year.is_some_and(|year| year < 2020), |lives| !lives)
}

/// The year of a date as browsers read it (RFC 6265bis, 5.6.1): tokens in any order, of each kind the first.
fn year_of(value: &[u8]) -> Option<u32> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let is_delimiter = |byte: u8| matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e);
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in value.split(|byte| is_delimiter(*byte)).filter(|token| !token.is_empty()) {
        let digits = |most: usize| {
            let count = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
            ((1..=most).contains(&count)).then(|| std::str::from_utf8(&token[..count]).unwrap().parse::<u32>().unwrap())
        };
        if time.is_none() && clock(token).is_some() {
            time = clock(token);
        } else if day.is_none() && digits(2).is_some() {
            day = digits(2);
        } else if month.is_none() && month_of(token, &MONTHS).is_some() {
            month = month_of(token, &MONTHS);
        } else if year.is_none() && digits(4).is_some_and(|year| year > 9 || token.len() > 1) {
            year = digits(4);
        }
    }
    let (clock, day, month, year) = (time?, day?, month?, year?);
    let year = match year {
        70..=99 => year + 1900,
        0..=69 => year + 2000,
        _ => year,
    };
    let fits = clock.0 < 24 && clock.1 < 60 && clock.2 < 60 && year >= 1601;
    let date = jiff::civil::Date::new(i16::try_from(year).ok()?, month, i8::try_from(day).ok()?);
    (fits && date.is_ok()).then_some(year)
}

fn month_of(token: &[u8], months: &[&str; 12]) -> Option<i8> {
    let start = token.get(..3)?.to_ascii_lowercase();
    months.iter().position(|month| month.as_bytes() == start).map(|place| i8::try_from(place + 1).unwrap())
}

/// Hours, minutes and seconds of `00:00:00`, whatever but a digit follows.
fn clock(token: &[u8]) -> Option<(u32, u32, u32)> {
    let text = std::str::from_utf8(token).ok()?;
    let mut parts = text.splitn(3, ':');
    let number = |part: &str| {
        ((1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse().unwrap())
    };
    let (hours, minutes) = (number(parts.next()?)?, number(parts.next()?)?);
    let rest = parts.next()?;
    let end = rest.bytes().take_while(u8::is_ascii_digit).count();
    Some((hours, minutes, number(&rest[..end])?))
}
