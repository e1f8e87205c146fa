//! What a reader of the letter gets.

use super::*;
use crate::statistics::{
    Figures, Totals,
    report::{Disclosure, Material, Period, report},
};

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn made(views: i64) -> Report {
    let week = Period::new(day("2026-11-16"), day("2026-11-22")).unwrap();
    let figures = |views| Figures { views, entries: views, ..Figures::default() };
    let hours = (0..7).map(|at| {
        let views = views * i64::from(at);
        (
            week.from.plus(at),
            10,
            Totals { views, entries: views, unanswered_views: views, lost: at.into(), ..Totals::default() },
        )
    });
    let material = Material {
        hours: hours.collect(),
        rows: vec![
            (Dimension::Page, vec![("/услуги/<b>&\"".into(), figures(views)), ("/a".into(), figures(1))]),
            (
                Dimension::Source,
                vec![("direct".into(), figures(views)), ("b".into(), figures(3)), ("c".into(), figures(3))],
            ),
        ],
        ..Material::default()
    };
    report("shop.example", week, None, material, &Disclosure { smallest: 5, noise: None }, day("2026-11-29"))
}

fn written(now: &Report, before: Option<&Report>, language: Language) -> Letter {
    let marks = [(day("2026-11-17"), "crash", 1)];
    letter(&LetterMaterial { report: now, compared: before, marks: &marks, zone: "Asia/Almaty" }, language)
}

#[test]
fn a_letter_says_the_same_in_both_forms_and_in_three_languages() {
    let (now, before) = (made(1000), made(500));
    for (language, said) in [
        (
            Language::Ru,
            ["Просмотры", "21\u{a0}000", "+100\u{a0}%", "напрямую", "остальное: 6", "не ответили", "2026-11-17: шлюз"],
        ),
        (
            Language::Kk,
            ["Қаралым", "21\u{a0}000", "+100\u{a0}%", "тікелей", "қалғандары: 6", "жауап бермеген", "2026-11-17: шлюз"],
        ),
        (
            Language::En,
            [
                "Pageviews",
                "21,000",
                "+100\u{a0}%",
                "direct",
                "others: 6",
                "have not answered",
                "2026-11-17: the gateway",
            ],
        ),
    ] {
        let letter = written(&now, Some(&before), language);
        for said in said {
            assert!(letter.html.contains(said), "{said} in {}", letter.html);
            assert!(letter.text.contains(said), "{said} in {}", letter.text);
        }
        assert!(letter.html.contains(&format!("<html lang=\"{}\">", language.tag())));
    }
    let subjects = [Language::Ru, Language::En].map(|language| written(&now, None, language).subject);
    assert_eq!(subjects, ["shop.example: 16.11.2026 – 22.11.2026", "shop.example: 2026-11-16 to 2026-11-22"]);
}

#[test]
fn a_letter_is_whole_in_itself_and_what_others_named_is_text() {
    let letter = written(&made(1000), None, Language::En);
    for loads in ["<script", "<link", "<img", "<style", "<svg", "url(", "http:", "https:", "src=", "href=", "<b>&"] {
        assert!(!letter.html.contains(loads), "{loads} in {}", letter.html);
    }
    assert!(letter.text.contains("/услуги/<b>&\": 1,000"), "{}", letter.text);
    assert_eq!(letter.html.matches("<table").count(), letter.html.matches("</table>").count());
    assert!(letter.html.contains("height:90px") && letter.html.contains(">Sun 22</td>"), "{}", letter.html);
}

#[test]
fn a_week_without_anything_says_so() {
    let mut report = made(0);
    report.totals = Totals::default();
    let letter = written(&report, None, Language::Ru);
    assert!(letter.html.contains("ничего не посчитано") && letter.text.contains("ничего не посчитано"));
    assert!(!letter.html.contains("Просмотры"), "{}", letter.html);
}
