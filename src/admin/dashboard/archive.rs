//! Everything of a report as one ZIP: each table as CSV, and what the numbers mean.

use std::io::{Cursor, Write as _};

use zip::{CompressionMethod, ZipWriter, result::ZipResult, write::SimpleFileOptions};

use super::{
    csv, date,
    number::say,
    table_words::{Answered, table},
    words::{Defined, Metric},
};
use crate::{
    statistics::{Dimension, report::Report},
    visitor::Language,
};

/// The archive.
pub(super) fn archive(language: Language, report: &Report, smallest: i64) -> Vec<u8> {
    written(language, report, smallest).expect("writing into memory does not fail")
}

fn written(language: Language, report: &Report, smallest: i64) -> ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // Files have the same time each time, so that two archives of the same numbers are the same.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    let mut add = |name: &str, content: &[u8]| -> ZipResult<()> {
        zip.start_file(name, options)?;
        Ok(zip.write_all(content)?)
    };
    add("README.txt", readme(language, report, smallest).as_bytes())?;
    add("totals.csv", &csv::totals(report))?;
    add("series.csv", &csv::series(report))?;
    add("answers.csv", &csv::answers(&report.answers))?;
    add("banners.csv", &csv::banners(&report.answers))?;
    for table in &report.tables {
        add(&format!("{}.csv", table.dimension.name()), &csv::table(table))?;
    }
    Ok(zip.finish()?.into_inner())
}

/// What is in it and what the numbers mean.
fn readme(language: Language, report: &Report, smallest: i64) -> String {
    let mut text = format!("\u{feff}{}\r\n{}\r\n", report.site, date::period(language, report.period));
    if let Some(filtered) = &report.filtered {
        text.push_str(&format!("{}: {}\r\n", table(filtered.filter.dimension).title(language), filtered.filter.word));
    }
    let intro = match language {
        Language::Ru => format!(
            "Строки о людях, в которых меньше {smallest}, сложены в одну (folded). Где few = yes, визиты и посетители не показаны: их меньше {smallest}. rest — то, что не вошло в самые длинные строки дня."
        ),
        Language::Kk => format!(
            "Адамдар туралы {smallest} санына жетпейтін жолдар біреуіне қосылған (folded). few = yes болса, келулер мен келушілер көрсетілмейді: олар {smallest} санына жетпейді. rest — күннің ең ұзын жолдарына кірмегені."
        ),
        Language::En => format!(
            "Rows about people, of fewer than {smallest}, are put together (folded). Where few = yes, visits and visitors are withheld, as they are fewer than {smallest}. The rest is what was beyond the longest rows of its day."
        ),
    };
    text.push_str(&format!("\r\n{intro}\r\n"));
    let mut list = |name: &str, defined: Defined| {
        text.push_str(&format!("\r\n{name}\r\n  {}. {}\r\n", defined.title(language), defined.text(language)));
    };
    for metric in Metric::ALL {
        list(metric.name(), metric.defined());
    }
    for dimension in Dimension::ALL {
        list(&format!("{}.csv", dimension.name()), table(dimension));
    }
    for (name, answered) in [
        ("shown", Answered::Shown),
        ("accepted", Answered::Accepted),
        ("partly", Answered::Partly),
        ("refused", Answered::Refused),
        ("ignored", Answered::Ignored),
        ("withdrawn", Answered::Withdrawn),
    ] {
        list(name, answered.defined());
    }
    text.push_str(say(
        language,
        [
            "\r\nЧасы и дни — по времени сайта.\r\n",
            "\r\nСағаттар мен күндер — сайттың уақыты бойынша.\r\n",
            "\r\nHours and days are those of the site's time.\r\n",
        ],
    ));
    text
}
