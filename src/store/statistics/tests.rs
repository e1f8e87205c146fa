//! What is added is read, what is over is cut, what is past its term goes.

use std::sync::Arc;

use super::*;
use crate::{
    consent::EditionId,
    statistics::{Banner, Changes, Day, Dimension, RowKey, Table},
    visitor::Language,
};

const SITE: &str = "shop.example";

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn key(word: &str) -> RowKey {
    RowKey { first: word.into(), second: None }
}

fn open(folder: &tempfile::TempDir) -> Statistics {
    Statistics::open(folder.path(), &["other.example".into(), SITE.into()]).unwrap()
}

fn views(views: i64) -> Figures {
    Figures { views, ..Figures::default() }
}

fn changes(day: Day, rows: &[(Table, RowKey, i64)]) -> Changes {
    let totals = Totals { views: rows.iter().map(|(.., views)| views).sum(), ..Totals::default() };
    Changes {
        hours: vec![(1, day, 10, totals)],
        rows: rows.iter().map(|(table, key, count)| (1, day, *table, key.clone(), views(*count))).collect(),
        answers: vec![(
            1,
            day,
            Banner { language: Language::Kk, edition: EditionId::parse("2026-01-01").unwrap() },
            Answers { shown: 2, refused: 1, ..Answers::default() },
        )],
    }
}

fn table(reader: &StatisticsReader, dimension: Dimension, from: Day, to: Day) -> Vec<(Arc<str>, i64)> {
    let rows = reader.rows(SITE, Table::of(dimension), from, to).unwrap();
    rows.into_iter().map(|(key, figures)| (key.first, figures.views)).collect()
}

#[test]
fn what_is_added_on_several_days_is_read_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (day("2026-11-28"), day("2026-11-29"));
    let page = Table::of(Dimension::Page);
    let cube = Table::cube(Dimension::Source, Dimension::Country).unwrap();
    let both = |first: &str, second: &str| RowKey { first: first.into(), second: Some(second.into()) };
    let mut statistics = open(&folder);
    statistics.add(&changes(one, &[(page, key("/"), 3), (cube, both("Google", "KZ"), 2)]), one).unwrap();
    statistics
        .add(&changes(two, &[(page, key("/"), 1), (page, key("/a"), 2), (cube, both("Bing", "KZ"), 5)]), two)
        .unwrap();

    let reader = StatisticsReader::open(folder.path()).unwrap();
    assert_eq!(reader.extent(SITE).unwrap(), Some((one, two)));
    assert_eq!(reader.extent("other.example").unwrap(), None);
    assert_eq!(table(&reader, Dimension::Page, one, two), [("/".into(), 4), ("/a".into(), 2)]);
    assert_eq!(table(&reader, Dimension::Page, two, two), [("/a".into(), 2), ("/".into(), 1)]);
    assert_eq!(table(&reader, Dimension::Exit, one, two), []);
    let by_source = reader.rows_where(SITE, (Dimension::Country, "KZ"), Dimension::Source, one, two).unwrap();
    assert_eq!(by_source, [("Bing".into(), views(5)), ("Google".into(), views(2))]);
    let by_country = reader.rows_where(SITE, (Dimension::Source, "Google"), Dimension::Country, one, two).unwrap();
    assert_eq!(by_country, [("KZ".into(), views(2))]);
    assert_eq!(reader.row_by_day(SITE, (Dimension::Page, "/"), one, two).unwrap(), [(one, views(3)), (two, views(1))]);
    let answers = reader.answers(SITE, one, two).unwrap();
    assert_eq!((answers.len(), answers[0].2.refused), (2, 1));
    assert_eq!(reader.hours(SITE, one, one).unwrap()[0].2.views, 5);
    assert_eq!(reader.sites().unwrap(), ["other.example", SITE]);
}

#[test]
fn a_day_that_is_over_keeps_its_longest_rows_and_one_for_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (day("2026-11-28"), day("2026-11-29"));
    let browser = Table::of(Dimension::Browser);
    let rows: Vec<_> = (1..=60).map(|number| (browser, key(&format!("b{number:02}")), number)).collect();
    let mut statistics = open(&folder);
    statistics.add(&changes(one, &rows), one).unwrap();
    statistics.add(&changes(two, &rows), two).unwrap();
    assert!(!statistics.cut(two).unwrap());
    let reader = StatisticsReader::open(folder.path()).unwrap();
    let cut = table(&reader, Dimension::Browser, one, one);
    assert_eq!(cut.len(), Dimension::Browser.most_rows() + 1);
    assert!(cut.contains(&("".into(), (1..=10).sum())), "{cut:?}");
    assert_eq!(cut.iter().map(|(_, views)| views).sum::<i64>(), (1..=60).sum::<i64>());
    assert_eq!(table(&reader, Dimension::Browser, two, two).len(), 60, "the day that runs is left alone");
}

#[test]
fn what_is_past_its_term_goes_and_hours_become_days_first() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (day("2026-11-28"), day("2026-11-29"));
    let page = Table::of(Dimension::Page);
    let mut statistics = open(&folder);
    for day in [one, two] {
        let mut changes = changes(day, &[(page, key(&format!("/secret-{day}")), 3)]);
        changes.hours.push((1, day, 11, Totals { views: 4, ..Totals::default() }));
        statistics.add(&changes, day).unwrap();
    }
    let gone = statistics.retire(&KeptFrom { hours: two, rows: two, cubes: two }).unwrap();
    assert_eq!(gone, 4);
    let reader = StatisticsReader::open(folder.path()).unwrap();
    let hours = reader.hours(SITE, one, two).unwrap();
    let seen: Vec<_> = hours.iter().map(|(day, hour, totals)| (*day, *hour, totals.views)).collect();
    assert_eq!(seen, [(one, 0, 7), (two, 10, 3), (two, 11, 4)]);
    assert_eq!(table(&reader, Dimension::Page, one, two), [("/secret-2026-11-29".into(), 3)]);
    drop((reader, statistics));
    let bytes = fs::read(statistics_path(folder.path())).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!holds("/secret-2026-11-28") && holds("/secret-2026-11-29"));
    // A word that is needed again is made again.
    let mut statistics = open(&folder);
    statistics.add(&changes(two, &[(page, key("/secret-2026-11-28"), 1)]), two).unwrap();
    assert_eq!(statistics.retire(&KeptFrom { hours: two, rows: two, cubes: two }).unwrap(), 0);
}

#[test]
fn the_rest_of_a_cube_has_the_term_of_its_cube_and_no_word_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (day("2026-11-28"), day("2026-11-29"));
    let cube = Table::cube(Dimension::Source, Dimension::Country).unwrap();
    let key = |at: usize| RowKey { first: format!("invented-{at}").into(), second: Some("KZ".into()) };
    let rows: Vec<_> = (0..cube.most_rows() + 9).map(|at| (cube, key(at), 1)).collect();
    let mut statistics = open(&folder);
    statistics.add(&changes(one, &rows), one).unwrap();
    statistics.cut(two).unwrap();
    statistics.retire(&KeptFrom { hours: one, rows: two, cubes: one }).unwrap();
    let reader = StatisticsReader::open(folder.path()).unwrap();
    let kept = reader.rows(SITE, cube, one, one).unwrap();
    assert_eq!(
        kept.iter().map(|(_, figures)| figures.views).sum::<i64>(),
        rows.len() as i64,
        "with the row for the rest"
    );
    let words = "SELECT count(*) FROM word WHERE text LIKE 'invented-%'";
    let count: i64 = statistics.connection.query_row(words, [], |row| row.get(0)).unwrap();
    assert_eq!(count, cube.most_rows() as i64, "words of rows that were cut are gone");
}

#[test]
fn a_run_that_ended_without_a_word_marks_its_day() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (day("2026-11-28"), day("2026-11-29"));
    let marks = || StatisticsReader::open(folder.path()).unwrap().marks(one, two.plus(9)).unwrap();
    let mut statistics = open(&folder);
    statistics.begin(one, false).unwrap();
    statistics.end(one).unwrap();
    drop(statistics);
    assert_eq!(marks(), []);
    let mut statistics = open(&folder);
    statistics.begin(one, false).unwrap();
    assert_eq!(marks(), [(one, Mark::Restart, 1)]);
    statistics.add(&Changes::default(), two).unwrap();
    drop(statistics);
    open(&folder).begin(two, false).unwrap();
    assert_eq!(marks(), [(one, Mark::Restart, 1), (two, Mark::Crash, 1)]);
}

const NEVER: KeptFrom = KeptFrom { hours: Day::from_number(0), rows: Day::from_number(0), cubes: Day::from_number(0) };

/// The sums of a log of one page of this site, with a number in place of its content.
fn staged(folder: &tempfile::TempDir, number: u8, days: &[Day], kept: &KeptFrom) -> Staged {
    let mut staging = Staging::begin(folder.path(), SITE).unwrap();
    for day in days {
        let mut changes = changes(*day, &[(Table::of(Dimension::Page), key("/"), 5)]);
        changes.hours[0].0 = 0;
        changes.rows[0].0 = 0;
        changes.answers.clear();
        staging.add(*day, &changes).unwrap();
    }
    let at = crate::timestamp::Timestamp::parse("2026-11-29").unwrap();
    let (first, last) = (days[0], days[days.len() - 1]);
    staging.note(&Import { fingerprint: [number; 32], at, first, last, lines: 10, counted: 5 }).unwrap();
    let (staged, totals) = staging.end(kept).unwrap();
    assert_eq!(totals.views, 5 * i64::try_from(days.len()).unwrap());
    staged
}

#[test]
fn a_log_is_read_in_once_and_only_from_before_the_gateway_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (day("2026-11-28"), day("2026-11-29"));
    let mut statistics = open(&folder);
    statistics.begin(two, false).unwrap();
    statistics.add(&changes(one, &[(Table::of(Dimension::Page), key("/"), 2)]), two).unwrap();
    let log = staged(&folder, 7, &[one], &NEVER);
    statistics.take_in().unwrap();
    let again = statistics.take_in();
    assert!(matches!(&again, Err(StatisticsError::ReadBefore { at }) if at == "2026-11-29"), "{again:?}");
    let path = log.path().to_owned();
    drop(log);
    assert!(!path.exists(), "nothing of it is left");
    let later = staged(&folder, 8, &[one, two], &NEVER);
    let overlap = statistics.take_in().unwrap_err();
    assert!(
        matches!(overlap, StatisticsError::CountedHere { .. }) && overlap.to_string().ends_with("`--until 2026-11-28`")
    );
    drop(later);
    assert!(matches!(statistics.take_in(), Err(StatisticsError::Missing { .. })));
    let reader = StatisticsReader::open(folder.path()).unwrap();
    assert_eq!(reader.marks(one, two).unwrap(), [(one, Mark::Import, 1)]);
    assert_eq!(table(&reader, Dimension::Page, one, one), [("/".into(), 7)]);
    assert_eq!(reader.hours(SITE, one, two).unwrap()[0].2.views, 7);
    let read: Vec<_> = reader.imports(SITE).unwrap().iter().map(|import| (import.first, import.lines)).collect();
    assert_eq!((read, reader.first_counted().unwrap()), (vec![(one, 10)], Some(two)));
    assert_eq!(reader.imports("other.example").unwrap(), []);
}

#[test]
fn what_is_past_its_term_is_not_read_in_but_as_a_sum_of_its_day() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (day("2026-11-28"), day("2026-11-29"));
    let log = staged(&folder, 7, &[one, two], &KeptFrom { hours: two, rows: two, cubes: two });
    assert!(matches!(Staging::begin(folder.path(), SITE), Err(StatisticsError::ImportRuns)));
    let mut statistics = Statistics::open_for_command(folder.path(), &[SITE.into()]).unwrap();
    let second = Statistics::open_for_command(folder.path(), &[SITE.into()]);
    assert!(matches!(second, Err(StatisticsError::Running { .. })), "{second:?}");
    statistics.take_in().unwrap();
    drop(log);
    let reader = StatisticsReader::open(folder.path()).unwrap();
    assert_eq!(table(&reader, Dimension::Page, one, two), [("/".into(), 5)]);
    let hours: Vec<_> = reader.hours(SITE, one, two).unwrap().iter().map(|(day, hour, _)| (*day, *hour)).collect();
    assert_eq!(hours, [(one, 0), (two, 10)]);
}

#[test]
fn the_file_is_for_its_owner_alone_and_a_newer_format_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(StatisticsReader::open(folder.path()), Err(StatisticsError::Missing { .. })));
    let statistics = open(&folder);
    let mode = fs::metadata(statistics_path(folder.path())).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    statistics.connection.pragma_update(None, "user_version", FORMAT + 1).unwrap();
    drop(statistics);
    assert!(matches!(StatisticsReader::open(folder.path()), Err(StatisticsError::Newer { found: 2, .. })));
}

#[test]
fn a_damaged_file_is_put_aside_and_counting_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let one = day("2026-11-28");
    let mut statistics = open(&folder);
    let rows: Vec<_> = (0..500).map(|at| (Table::of(Dimension::Page), key(&format!("/{at}")), 1)).collect();
    statistics.add(&changes(one, &rows), one).unwrap();
    drop(statistics);
    let path = statistics_path(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0x55);
    fs::write(&path, &bytes).unwrap();
    let refused = Statistics::open(folder.path(), &[SITE.into()]);
    assert!(matches!(refused, Err(StatisticsError::Damaged { .. })), "{refused:?}");
    let aside = set_statistics_aside(folder.path()).unwrap();
    assert_eq!(fs::read(aside).unwrap(), bytes);
    drop(open(&folder));
    assert_eq!(StatisticsReader::open(folder.path()).unwrap().extent(SITE).unwrap(), None);
}
