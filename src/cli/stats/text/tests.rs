//! What a reader sees.

use super::*;
use crate::statistics::{
    Dimension, Figures, Totals,
    report::{Disclosure, Filter, Material, Period, report},
};

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn made(views: i64, filter: Option<Filter>) -> Report {
    let week = Period::new(day("2026-11-16"), day("2026-11-22")).unwrap();
    let figures = |views| Figures { views, entries: views, ..Figures::default() };
    let few = Figures { visits: 2, visitors: 2, ..figures(9) };
    let hours = (0..7).map(|at| {
        let totals = Totals { views: views * i64::from(at), unanswered_views: views, lost: 1, ..Totals::default() };
        (day("2026-11-16").plus(at), 10, totals)
    });
    let material = Material {
        hours: hours.collect(),
        rows: vec![
            (Dimension::Page, vec![("/услуги/".into(), figures(30)), ("/a".into(), few)]),
            (
                Dimension::Source,
                vec![("Google".into(), figures(20)), ("b".into(), figures(3)), ("c".into(), figures(3))],
            ),
        ],
        filtered: vec![(day("2026-11-17"), figures(2))],
        ..Material::default()
    };
    report("shop.example", week, filter, material, &Disclosure { smallest: 5, noise: None }, day("2026-11-29"))
}

fn text(shown: &Shown, unicode: bool) -> String {
    let look = Look { width: 80, unicode };
    Sheet { look, zone: "Asia/Almaty", top: 10, shown }.text()
}

#[test]
fn a_report_says_numbers_changes_tables_and_what_is_to_be_known() {
    let marks = [11, 12, 14].map(|at| (day("2026-11-05").plus(at), Mark::Import, 1)).into();
    let shown = Shown { report: made(10, None), compared: Some(made(5, None)), marks, extent: None };
    let drawn = text(&shown, true);
    for said in [
        "shop.example, 2026-11-16 to 2026-11-22 (7 days), Asia/Almaty\n",
        "compared with 2026-11-16 to 2026-11-22 (7 days)\n",
        "pageviews                        210        +100 %\n",
        "bounce rate                        -                of those who accepted: 0 %\n",
        "\npageviews by day\n  60 │                        ███\n",
        "      2026-11-16        2026-11-22\n",
        "/услуги/",
        "        30         0   77 % ████████████████\n",
        "         9       few   23 % ████▊\n",
        "(2 of few, together)",
        "have not answered               70  100 % ████████████████████████\n",
        "2026-11-16 to 2026-11-17: read in from logs",
        "2026-11-19: read in from logs",
        "7 things were to be counted and were not",
    ] {
        assert!(drawn.contains(said), "{said:?} in\n{drawn}");
    }
    assert!(drawn.lines().all(|line| line.chars().count() <= 80 && line.trim_end() == line), "{drawn}");
    let plain = text(&shown, false);
    assert!(plain.replace("/услуги/", "").is_ascii(), "{plain}");
}

#[test]
fn a_filter_of_too_few_shows_nothing_more() {
    let filter = Filter { dimension: Dimension::Country, word: "KZ".into() };
    let shown = Shown { report: made(10, Some(filter)), compared: None, marks: Vec::new(), extent: None };
    let drawn = text(&shown, true);
    assert!(drawn.contains("only country KZ\nit is of so few that nothing more is shown\n"), "{drawn}");
    assert!(!drawn.contains("Google") && !drawn.contains('│'), "{drawn}");
}

#[test]
fn where_nothing_was_counted_a_sentence_says_so() {
    let mut report = made(0, None);
    report.totals = Totals::default();
    report.tables.clear();
    let mut shown = Shown { report, compared: None, marks: Vec::new(), extent: None };
    assert!(text(&shown, true).contains("nothing was counted yet"));
    shown.extent = Some((day("2026-01-01"), day("2026-02-01")));
    assert!(text(&shown, true).contains("there are numbers from 2026-01-01 to 2026-02-01"));
}
