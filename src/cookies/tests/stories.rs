//! What browsers and sites send, and what is left of it.

use http::header::{COOKIE, SET_COOKIE};

use super::*;
use crate::cookies::{drop_own, filter_own, filter_request, filter_response};

fn request(permit: Permit, sent: &[&[u8]], expected: &[&[u8]]) {
    let mut map = headers(&COOKIE, sent);
    filter_request(&mut map, &shipped(), permit);
    let text = |lines: &[&[u8]]| lines.iter().map(|line| line.escape_ascii().to_string()).collect::<Vec<_>>();
    assert_eq!(lines(&map, &COOKIE), expected, "{:?} became something else than {:?}", text(sent), text(expected));
}

#[test]
fn refused_cookies_vanish_from_a_request_and_the_rest_stays_as_it_was() {
    let functional = strict(&[Category::Functional]);
    request(functional, &[b"_ga=1; PHPSESSID=a; _fbp=2"], &[b"PHPSESSID=a"]);
    request(functional, &[b"PHPSESSID=a; _ga=1;  lang=\"ru\""], &[b"PHPSESSID=a; lang=\"ru\""]);
    request(functional, &[b"PHPSESSID=a;lang=ru;   theme=;_ga=1"], &[b"PHPSESSID=a;lang=ru;   theme="]);
    request(functional, &[b"PHPSESSID=a==;; \xff=\xfe; lang=\xd1\x8f=b"], &[b"PHPSESSID=a==; lang=\xd1\x8f=b"]);
    request(functional, &[b"_ga=1; nobody-knows=2"], &[]);
    request(strict(&[]), &[b"lang=ru"], &[]);
    request(strict(&[Category::Analytical]), &[b"_ga=1; _fbp=2"], &[b"_ga=1"]);
}

#[test]
fn several_lines_become_one() {
    request(strict(&[]), &[b"PHPSESSID=a", b"_ga=1", b"csrftoken=b; _gid=1"], &[b"PHPSESSID=a; csrftoken=b"]);
    request(strict(&[]), &[b"PHPSESSID=a;", b" ", b"csrftoken=b"], &[b"PHPSESSID=a; csrftoken=b"]);
    request(strict(&[]), &[b"_ga=1", b"_ga=2"], &[]);
}

#[test]
fn a_refused_name_gains_nothing_by_another_spelling() {
    let tricks: [&[u8]; 13] = [
        b"\t_ga\t=1",
        b"  _ga =1",
        b"a=\"x; _ga=1\"",
        b"$Version=1; _ga=1; $Path=/",
        b"a=1, _ga=2",
        b"a,_ga=2",
        b"a=1 _ga=2",
        b"a=1\t_ga =2",
        b"\"_ga\"=2",
        b"=_ga=2",
        b"==_ga=2",
        b"a=1,kelisim=stolen",
        b"=__Host-kelisim=stolen",
    ];
    for sent in tricks {
        let mut map = headers(&COOKIE, &[sent]);
        filter_request(&mut map, &shipped(), compatible());
        let left = lines(&map, &COOKIE).concat();
        let hidden = |word: &[u8]| left.windows(word.len()).any(|window| window == word);
        assert!(!hidden(b"_ga") && !hidden(b"kelisim"), "{} left {}", sent.escape_ascii(), left.escape_ascii());
    }
    // Values with commas, blanks and equals signs of their own are no tricks.
    let innocent: &[u8] = b"prefs={\"a\":1, \"b=c\":2}; when=Mon, 01 Jan; q=x=1, y=2";
    request(compatible(), &[innocent], &[innocent]);
}

#[test]
fn nameless_cookies_are_unknown() {
    request(strict(&[]), &[b"foo; =bar; PHPSESSID=a; =PHPSESSID=b; ="], &[b"PHPSESSID=a"]);
    request(compatible(), &[b"foo; =bar; PHPSESSID=a; ="], &[b"foo; =bar; PHPSESSID=a; ="]);
}

#[test]
fn our_own_cookies_end_at_the_gateway_in_every_mode() {
    let sent: &[u8] = b"a=1; __Host-kelisim=x; _ga=2; KELISIM_view=y; __secure-kelisim; kelisims=z";
    request(compatible(), &[sent], &[b"a=1; __secure-kelisim; kelisims=z"]);
    let mut map = headers(&COOKIE, &[sent]);
    filter_own(&mut map);
    assert_eq!(lines(&map, &COOKIE), [b"a=1; _ga=2; __secure-kelisim; kelisims=z"]);
}

#[test]
fn what_was_refused_is_counted_by_category_and_named_without_values() {
    let mut map = headers(
        &COOKIE,
        &[b"_ga=secret; _ga=secret; _fbp=secret; who=secret; secret; kelisim=secret; PHPSESSID=a,_gid=secret"],
    );
    let refused = filter_request(&mut map, &shipped(), strict(&[])).refused;
    assert_eq!((refused.of(Category::Analytical), refused.of(Category::Marketing), refused.unknown()), (3, 1, 2));
    assert_eq!(refused.names().collect::<Vec<_>>(), ["_ga", "_fbp"], "what nobody knows is never deleted");
    assert!(!format!("{refused:?}").contains("secret"));
}

#[test]
fn a_request_of_which_nothing_is_refused_keeps_its_very_bytes() {
    let mut map = headers(&COOKIE, &[b" ;PHPSESSID=a ;;csrftoken=b; "]);
    let before = map.get(&COOKIE).unwrap().as_bytes().as_ptr();
    assert!(filter_request(&mut map, &shipped(), strict(&[])).refused.is_empty());
    assert_eq!(map.get(&COOKIE).unwrap().as_bytes().as_ptr(), before, "copied");
}

#[test]
fn nothing_is_allocated_for_a_request_of_which_nothing_is_refused() {
    let allocations = |sent: &[u8]| {
        let (catalogue, mut map) = (shipped(), headers(&COOKIE, &[sent]));
        let mut filter =
            || assert!(filter_request(&mut map, &catalogue, strict(&[Category::Analytical])).refused.is_empty());
        // Expressions make their memory when they are run for the first time.
        filter();
        allocation_counter::measure(filter).count_total
    };
    let names =
        b"PHPSESSID=a; _ga=GA1.2.3; _ga_9XQ2J1=GS1.1; __Host-PHPSESSID=b; wordpress_0123456789abcdef0123456789abcdef=c";
    let values = b"  csrftoken = \"a, b\" ;XSRF-TOKEN={\"a\":1, \"b=c\":2};\tsessionid=d";
    let long = ["PHPSESSID=", &"x".repeat(5000), "; csrftoken=b"].concat();
    for sent in [&names[..], values, long.as_bytes()] {
        assert_eq!(allocations(sent), 0, "{}", sent.escape_ascii());
    }
    let mut map = headers(&COOKIE, &[b"PHPSESSID=a; _fbp=b"]);
    let catalogue = shipped();
    let refused = allocation_counter::measure(|| drop(filter_request(&mut map, &catalogue, strict(&[]))));
    assert!(refused.count_total > 0, "what is counted are allocations");
}

#[test]
fn refused_cookies_are_not_set() {
    let check = |permit, line: &[u8], passes: bool| {
        let other: &[u8] = b"PHPSESSID=a; HttpOnly";
        let mut map = headers(&SET_COOKIE, &[other, line, other]);
        let outcome = filter_response(&mut map, &shipped(), permit);
        let left = if passes { vec![other, line, other] } else { vec![other, other] };
        assert_eq!(lines(&map, &SET_COOKIE), left, "{}", line.escape_ascii());
        outcome
    };
    let refused: [&[u8]; 9] = [
        b"_ga=1; Path=/",
        b" \t_ga = 1",
        b"_ga",
        b"=x",
        b"",
        b"; _ga=1",
        b"who=1; Max-Age=60; Max-Age=0",
        b"_ga=1, PHPSESSID=2",
        b"kelisim=; Max-Age=0",
    ];
    for line in refused {
        check(strict(&[]), line, false);
    }
    check(strict(&[]), b"_ga=; Max-Age=0", true);
    check(strict(&[]), b"who=; expires=Thu, 01-Jan-1970 00:00:01 GMT", true);
    check(strict(&[Category::Analytical]), b"_ga=1; Path=/; Comment=, _fbp=2", true);
    check(compatible(), b"who=1", true);
    check(compatible(), b"=_ga=1", false);
    check(compatible(), b"=kelisim_view=1", false);
    check(compatible(), b"__HOST-Kelisim=1; Max-Age=0", false);
    assert_eq!(check(strict(&[]), b"sid=1; HttpOnly", false).likely_sessions.names().collect::<Vec<_>>(), ["sid"]);
    assert!(check(strict(&[]), b"_ga=1; HttpOnly", false).likely_sessions.is_empty());
}

#[test]
fn only_our_names_are_dropped_where_nothing_is_blocked() {
    let mut map = headers(&SET_COOKIE, &[b"_ga=1", b"__Secure-kelisim=1", b"who=2", b"=kelisim=3"]);
    drop_own(&mut map);
    assert_eq!(lines(&map, &SET_COOKIE), [&b"_ga=1"[..], b"who=2"]);
}
