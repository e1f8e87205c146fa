//! A report from what the store has.

use super::*;

const OWNER: Disclosure = Disclosure { smallest: 5, noise: None };

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn views(views: i64) -> Totals {
    Totals { views, ..Totals::default() }
}

fn period(from: &str, to: &str) -> Period {
    Period::new(day(from), day(to)).unwrap()
}

fn of_hours(period: Period, hours: Vec<(Day, Hour, Totals)>, today: &str) -> Report {
    report("shop.example", period, None, Material { hours, ..Material::default() }, &OWNER, day(today))
}

#[test]
fn a_day_is_drawn_by_hour_and_what_is_to_come_is_left_out() {
    let today = day("2026-11-29");
    let hours = vec![(today, 0, views(1)), (today, 9, views(4))];
    let report = of_hours(period("2026-11-29", "2026-11-29"), hours.clone(), "2026-11-29");
    assert_eq!((report.step, report.points.len(), report.totals.views), (Step::Hour, 10, 5));
    assert!(report.points[9].is_running && !report.points[8].is_running);
    let report = of_hours(period("2026-11-29", "2026-11-29"), hours, "2026-11-30");
    assert_eq!((report.points.len(), report.points[23].is_running), (24, false));
}

#[test]
fn days_without_anything_are_drawn_too_and_long_periods_by_month() {
    let hours =
        vec![(day("2026-11-23"), 3, views(2)), (day("2026-11-25"), 5, views(3)), (day("2026-11-25"), 6, views(1))];
    let report = of_hours(period("2026-11-23", "2026-11-29"), hours.clone(), "2026-11-26");
    let seen: Vec<_> = report.points.iter().map(|point| (point.totals.views, point.is_running)).collect();
    assert_eq!(seen, [(2, false), (0, false), (4, false), (0, true)]);
    let report = of_hours(period("2026-01-01", "2026-12-31"), hours, "2026-11-26");
    assert_eq!((report.step, report.points.len()), (Step::Month, 11));
    assert_eq!((report.points[10].totals.views, report.points[10].is_running), (6, true));
}

#[test]
fn a_filter_shows_its_own_row_and_the_tables_that_it_can_be_asked_of() {
    let filter = |word: &str| Filter { dimension: Dimension::Country, word: word.into() };
    let material = |entries| Material {
        rows: vec![(Dimension::Source, vec![("Google".into(), Figures { visits: 9, ..Figures::default() })])],
        filtered: vec![(day("2026-11-24"), Figures { views: 20, entries, ..Figures::default() })],
        ..Material::default()
    };
    let week = period("2026-11-23", "2026-11-29");
    let made = |entries| report("shop.example", week, Some(filter("KZ")), material(entries), &OWNER, day("2026-11-30"));
    let shown = made(5);
    let filtered = shown.filtered.as_ref().unwrap();
    assert_eq!((filtered.figures.views, filtered.points.len(), filtered.points[1].figures.views), (20, 7, 20));
    assert!(shown.table(Dimension::Source).unwrap().of_accepted);
    let hidden = made(4);
    let filtered = hidden.filtered.as_ref().unwrap();
    assert!(
        filtered.too_few && filtered.figures.is_zero() && filtered.points.iter().all(|point| point.figures.is_zero())
    );
    assert_eq!(hidden.tables, []);
}

#[test]
fn others_see_numbers_that_were_moved_and_no_days() {
    let week = period("2026-11-16", "2026-11-22");
    let disclosure =
        Disclosure { smallest: SMALLEST_FOR_OTHERS, noise: Some(Noise::new(&[1; 32], "shop.example", week)) };
    let rows: Vec<_> = (0..40)
        .map(|at| (Arc::from(format!("s{at}")), Figures { views: 100, entries: 100, ..Figures::default() }))
        .chain([("few".into(), Figures { views: 9, entries: 9, ..Figures::default() })])
        .collect();
    let material = || Material {
        hours: vec![(day("2026-11-16"), 1, views(1000))],
        rows: vec![(Dimension::Source, rows.clone())],
        ..Material::default()
    };
    let made = || report("shop.example", week, None, material(), &disclosure, day("2026-11-29"));
    let shown = made();
    assert_eq!(shown, made(), "asking again shows nothing more");
    assert_eq!(shown.points, []);
    let table = shown.table(Dimension::Source).unwrap();
    assert!(table.rows.iter().all(|row| &*row.word != "few") && table.folded == 2);
    assert!(table.rows.iter().any(|row| row.figures.entries != 100));
    assert!(table.rows.iter().all(|row| (row.figures.entries - 100).abs() < 12));
}
