//! Keys end, and nothing that is left ties two days together; memory has an end.

use super::{astana, consent_id, day_random, moment};
use crate::{consent::ConsentId, statistics::*, timestamp::Timestamp};

fn view(time: Timestamp, path: &str, visitor: Option<ConsentId>) -> Counted {
    Counted::View(Box::new(View {
        site: 0,
        time,
        kind: ViewKind::Page,
        path: CountedPath::new(path),
        arrival: None,
        country: None,
        language: None,
        agent: Agent { browser: "Firefox", system: "Linux", device: Device::Desktop },
        consent: if visitor.is_some() { ConsentState::Accepted } else { ConsentState::Unanswered },
        visitor,
        after_answer: false,
        banner: None,
        waited: 0,
    }))
}

#[test]
fn the_key_of_a_day_is_erased_half_an_hour_after_it() {
    let mut counting = Counting::new(astana(), 1, day_random, moment("2026-11-29T12:00:00"));
    let erased_at = |counting: &mut Counting, at: &str| {
        counting.advance(moment(at));
        counting.take_erased()
    };
    assert_eq!(erased_at(&mut counting, "2026-11-29T23:59:59"), []);
    assert_eq!(erased_at(&mut counting, "2026-11-30T00:00:01"), []);
    assert_eq!(erased_at(&mut counting, "2026-11-30T00:30:00"), []);
    let erased = erased_at(&mut counting, "2026-11-30T00:30:01");
    let of: Vec<_> = erased.iter().map(|key| (key.day.to_string(), key.at)).collect();
    assert_eq!(of, [("2026-11-29".to_owned(), moment("2026-11-30T00:30:01"))]);
    assert_eq!(erased_at(&mut counting, "2026-11-30T10:00:00"), [], "once");
    // A gateway that slept over a day erases both keys that are over when it wakes.
    let days: Vec<_> = erased_at(&mut counting, "2026-12-03T10:00:00").iter().map(|key| key.day.to_string()).collect();
    assert_eq!(days, ["2026-11-30"]);
    counting.end(moment("2026-12-03T11:00:00"));
    assert_eq!(counting.take_erased().len(), 1);
}

#[test]
fn a_clock_that_was_ahead_leaves_neither_its_key_nor_its_day() {
    let anna = consent_id("anna");
    let mut counting = Counting::new(astana(), 1, day_random, moment("2026-11-29T10:00:00"));
    let mut seen = |at: &str, erased: &[&str], day: &str| {
        counting.advance(moment(at));
        let keys: Vec<_> = counting.take_erased().iter().map(|key| key.day.to_string()).collect();
        assert_eq!(keys, erased, "{at}");
        counting.count(view(moment(at), "/", Some(anna)));
        let days: Vec<_> = counting.take().hours.iter().map(|(_, day, ..)| day.to_string()).collect();
        assert_eq!(days, [day], "{at}");
    };
    seen("2026-11-29T10:00:00", &[], "2026-11-29");
    seen("2056-11-29T10:00:00", &["2026-11-29"], "2056-11-29");
    seen("2026-11-29T10:01:00", &["2056-11-29"], "2026-11-29");
    seen("2026-11-30T00:00:01", &[], "2026-11-30");
    // Back over midnight by a little is no other day.
    seen("2026-11-29T23:59:59", &[], "2026-11-30");
    seen("2026-11-30T00:30:01", &["2026-11-29"], "2026-11-30");
}

#[test]
fn with_a_new_key_nobody_is_known_again() {
    let anna = consent_id("anna");
    let mut counting = Counting::new(astana(), 1, day_random, moment("2026-11-29T10:00:00"));
    counting.count(view(moment("2026-11-29T10:00:00"), "/", Some(anna)));
    // The program is started anew, a minute later: the visit is another one, since nothing was kept that knows it.
    counting.end(moment("2026-11-29T10:01:00"));
    let mut again = Counting::new(astana(), 1, day_random, moment("2026-11-29T10:01:00"));
    again.count(view(moment("2026-11-29T10:01:00"), "/a", Some(anna)));
    let visits = |counting: &mut Counting| counting.take().hours.iter().map(|(.., totals)| totals.visits).sum::<i64>();
    assert_eq!((visits(&mut counting), visits(&mut again)), (1, 1));
}

#[test]
fn a_stranger_who_invents_pages_fills_one_row_and_no_memory() {
    let begun = moment("2026-11-29T10:00:00");
    let mut counting = Counting::new(astana(), 1, day_random, begun);
    let most = Table::of(Dimension::Page).most_rows_of_running_day();
    for number in 0..most + 500 {
        counting.count(view(begun, &format!("/invented-{number}"), None));
    }
    counting.count(view(begun, "/invented-0", None));
    let changes = counting.take();
    let rows: Vec<_> = changes.rows.iter().filter(|(_, _, table, ..)| *table == Table::of(Dimension::Page)).collect();
    let rest = rows.iter().find(|(_, _, _, key, _)| key.is_rest()).unwrap();
    assert_eq!(rest.4.views, 500);
    assert!(rows.iter().any(|(_, _, _, key, figures)| &*key.first == "/invented-0" && figures.views == 2));
}

#[test]
fn the_next_run_goes_on_where_this_one_ended_and_counts_nobody_twice() {
    let sites = ["shop.example".into()];
    let begun = moment("2026-11-29T23:50:00");
    let visitor = |number: u16| {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        ConsentId::from_bytes(bytes)
    };
    let mut counting = Counting::new(astana(), 1, day_random, begun);
    // More than are counted one by one in a row.
    (0..400).for_each(|number| counting.count(view(begun, "/", Some(visitor(number)))));
    let before = counting.take();
    let handed = counting.hand_over(&sites, begun);

    // It goes on over midnight: yesterday's key is still needed, and is erased in its time.
    let now = moment("2026-11-29T23:58:00");
    let mut next = Counting::go_on(astana(), &sites, day_random, &handed, now).unwrap();
    (0..400).for_each(|number| next.count(view(now, "/", Some(visitor(number)))));
    next.count(view(moment("2026-11-30T00:05:00"), "/a", Some(visitor(1))));
    let after = next.take();
    let visits = |changes: &Changes| changes.hours.iter().map(|(.., totals)| totals.visits).sum::<i64>();
    let of_day = |changes: &Changes, day: &str| {
        let day = Day::parse(day).unwrap();
        changes.hours.iter().filter(|(_, of, ..)| *of == day).map(|(.., totals)| totals.visitors).sum::<i64>()
    };
    assert_eq!((visits(&before), visits(&after)), (400, 0));
    assert_eq!((of_day(&before, "2026-11-29"), of_day(&after, "2026-11-29")), (400, 0));
    assert_eq!(of_day(&after, "2026-11-30"), 1);
    let rows = |changes: &Changes| -> i64 {
        let of = |(_, day, table, key, figures): &(usize, Day, Table, RowKey, Figures)| {
            let is_it = *table == Table::of(Dimension::Page) && &*key.first == "/" && day.to_string() == "2026-11-29";
            if is_it { figures.visitors } else { 0 }
        };
        changes.rows.iter().map(of).sum()
    };
    assert!((380..420).contains(&rows(&before)) && rows(&after) == 0, "{} {}", rows(&before), rows(&after));
    next.advance(moment("2026-11-30T00:30:01"));
    assert_eq!(next.take_erased().len(), 1);

    // Other sites, too late, or no such thing: the keys end.
    let later = moment("2026-11-30T00:20:01");
    let refused = |sites: &[std::sync::Arc<str>], handed: &[u8], now| {
        Counting::go_on(astana(), sites, day_random, handed, now).unwrap_err().len()
    };
    assert_eq!(refused(&["other.example".into()], &handed, now), 1);
    assert_eq!(refused(&sites, &handed, later), 1);
    assert_eq!(refused(&sites, b"{", now), 0);
}
