//! Tables as files that a spreadsheet opens: UTF-8 with a byte order mark, semicolons, CR LF; otherwise as RFC 4180. The names of the
//! columns are the same in every language, so that programs can rely on them.

use std::io::{self, Write};

use crate::{
    ledger::disarmed,
    statistics::{
        Answers, Figures, Totals,
        report::{AnswersReport, Report, TableReport},
    },
};

/// A table: the names of its columns, and its rows.
struct Sheet {
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    fn write(self) -> Vec<u8> {
        let mut output = Vec::new();
        self.write_to(&mut output).expect("writing into memory does not fail");
        output
    }

    fn write_to(self, output: &mut Vec<u8>) -> io::Result<()> {
        // Without the mark spreadsheets read UTF-8 as the machine's old code page, and Cyrillic is lost.
        output.write_all("\u{feff}".as_bytes())?;
        let mut builder = csv::WriterBuilder::new();
        let mut writer = builder.delimiter(b';').terminator(csv::Terminator::CRLF).from_writer(output);
        writer.write_record(&self.columns)?;
        self.rows.iter().try_for_each(|row| writer.write_record(row).map_err(io::Error::from))?;
        writer.flush()
    }
}

/// Numbers as they are; a minus before one is no formula.
fn numbers(numbers: &[i64]) -> impl Iterator<Item = String> {
    numbers.iter().map(ToString::to_string)
}

/// One table: its rows, then those that were put together, then the rest. What is withheld is empty.
pub(super) fn table(table: &TableReport) -> Vec<u8> {
    let columns = ["row", "word", "rows"].into_iter().chain(Figures::NAMES).chain(["few"]).collect();
    let line = |kind: &str, word: String, rows: usize, figures: &Figures, few: bool| {
        let mut line = vec![kind.to_owned(), word, rows.to_string()];
        let shown = Figures::NAMES.iter().zip(figures.numbers());
        let cell = |name, number: i64| if few && is_withheld(name) { String::new() } else { number.to_string() };
        line.extend(shown.map(|(name, number)| cell(name, number)));
        line.push(if few { "yes" } else { "no" }.to_owned());
        line
    };
    let mut rows: Vec<_> =
        table.rows.iter().map(|row| line("row", disarmed(&row.word), 1, &row.figures, row.few)).collect();
    if table.folded > 0 {
        rows.push(line("folded", String::new(), table.folded, &table.folded_figures, false));
    }
    if !table.rest.is_zero() {
        rows.push(line("rest", String::new(), 0, &table.rest, false));
    }
    Sheet { columns, rows }.write()
}

/// Whether a number is withheld where a row is of few: all but what is counted of everybody.
pub(super) fn is_withheld(name: &str) -> bool {
    !matches!(name, "views" | "entries")
}

/// Everything over time.
pub(super) fn series(report: &Report) -> Vec<u8> {
    if let Some(filtered) = &report.filtered {
        let columns = ["day"].into_iter().chain(Figures::NAMES).collect();
        let rows = filtered
            .points
            .iter()
            .map(|point| [point.day.to_string()].into_iter().chain(numbers(&point.figures.numbers())).collect());
        return Sheet { columns, rows: rows.collect() }.write();
    }
    let columns = ["day", "hour", "running"].into_iter().chain(Totals::NAMES).collect();
    let rows = report.points.iter().map(|point| {
        let hour = point.hour.map(|hour| hour.to_string()).unwrap_or_default();
        let running = if point.is_running { "yes" } else { "no" }.to_owned();
        [point.day.to_string(), hour, running].into_iter().chain(numbers(&point.totals.numbers())).collect()
    });
    Sheet { columns, rows: rows.collect() }.write()
}

/// The period as a whole.
pub(super) fn totals(report: &Report) -> Vec<u8> {
    let columns = ["site", "from", "to"].into_iter().chain(Totals::NAMES).collect();
    let first = [disarmed(&report.site), report.period.from.to_string(), report.period.to.to_string()];
    let rows = vec![first.into_iter().chain(numbers(&report.totals.numbers())).collect()];
    Sheet { columns, rows }.write()
}

/// How banners were answered, over time.
pub(super) fn answers(report: &AnswersReport) -> Vec<u8> {
    let columns = ["day"].into_iter().chain(Answers::NAMES).chain(["ignored"]).collect();
    let rows = report.points.iter().map(|(day, answers)| {
        [day.to_string()]
            .into_iter()
            .chain(numbers(&answers.numbers()))
            .chain([answers.ignored().to_string()])
            .collect()
    });
    Sheet { columns, rows: rows.collect() }.write()
}

/// How banners were answered, by language and edition.
pub(super) fn banners(report: &AnswersReport) -> Vec<u8> {
    let columns = ["language", "edition"].into_iter().chain(Answers::NAMES).chain(["ignored"]).collect();
    let rows = report.by_banner.iter().map(|(banner, answers)| {
        [banner.language.tag().to_owned(), disarmed(banner.edition.as_str())]
            .into_iter()
            .chain(numbers(&answers.numbers()))
            .chain([answers.ignored().to_string()])
            .collect()
    });
    Sheet { columns, rows: rows.collect() }.write()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{Dimension, report::RowReport};

    #[test]
    fn a_table_opens_in_a_spreadsheet_and_runs_nothing_there() {
        let row = |word: &str, few| RowReport {
            word: word.into(),
            figures: Figures { views: 7, visits: 3, ..Figures::default() },
            few,
        };
        let report = TableReport {
            dimension: Dimension::Page,
            rows: vec![row("=HYPERLINK(\"http://evil.example\")", false), row("/қазақша;x", true), row("1-2", false)],
            rest: Figures { views: 2, ..Figures::default() },
            folded: 4,
            folded_figures: Figures { views: 3, ..Figures::default() },
            of_accepted: false,
        };
        let text = String::from_utf8(table(&report)).unwrap();
        let lines: Vec<_> = text.split("\r\n").collect();
        assert_eq!(lines[0], "\u{feff}row;word;rows;views;entries;visits;visitors;bounces;seconds;few");
        assert_eq!(lines[1], "row;\"'=HYPERLINK(\"\"http://evil.example\"\")\";1;7;0;3;0;0;0;no");
        assert_eq!(lines[2], "row;\"/қазақша;x\";1;7;0;;;;;yes");
        assert_eq!(lines[3], "row;'1-2;1;7;0;3;0;0;0;no");
        assert_eq!(lines[4..], ["folded;;4;3;0;0;0;0;0;no", "rest;;0;2;0;0;0;0;0;no", ""]);
    }
}
