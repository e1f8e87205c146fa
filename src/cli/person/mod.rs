//! One person by a number, and `kelisim log show`: what is recorded under it, for the answer to whoever asks. It is noted in the log
//! before anything is shown.

mod standing;
mod text;

use std::{io, path::PathBuf};

use clap::{Args, ValueEnum};

use self::text::Answer;
use super::{export::access, log::LogError, running::log_settings};
use crate::{
    clock::Clock,
    consent::ConsentId,
    export::{Rows, write_each},
    ledger::{AccessKind, Content, RecordId, Retention, Row},
    store::Reader,
    timestamp::{Term, Timestamp},
    visitor::Language,
};

/// `kelisim log show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// The consent number on the person's page of what is recorded (32 hexadecimal digits), or the number of a record there.
    #[arg(value_name = "NUMBER", value_parser = parse_number)]
    number: PersonNumber,
    /// In which form.
    #[arg(long, value_enum, default_value_t = ShowFormat::Jsonl)]
    format: ShowFormat,
    /// The language of the text: ru, kk or en. Texts that were shown stand in theirs.
    #[arg(long, value_name = "LANGUAGE", default_value = "ru", value_parser = parse_language)]
    language: Language,
    /// The configuration file; its `state_dir` says where the log is.
    #[arg(long, value_name = "FILE", default_value = "/etc/kelisim/kelisim.toml")]
    config: PathBuf,
}

/// The form of what is recorded about one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowFormat {
    /// One line of JSON for each record, as `kelisim log export --format jsonl` writes it.
    Jsonl,
    /// A text to send to the person.
    Text,
}

/// By what a person is named in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PersonNumber {
    /// The number that their browser holds.
    Consent(ConsentId),
    /// The number of one of their records, as their receipt has it.
    Record(RecordId),
}

impl PersonNumber {
    /// The consent number that it leads to.
    pub(super) fn consent_id(self, reader: &Reader) -> Result<ConsentId, LogError> {
        match self {
            Self::Consent(id) => Ok(id),
            Self::Record(record) => reader.consent_id_of(record)?.ok_or(LogError::Nobody),
        }
    }
}

pub(super) fn parse_number(text: &str) -> Result<PersonNumber, String> {
    // A consent number may be written with hyphens too, so that of a record has to be looked for first.
    let record = RecordId::parse(&text.to_ascii_lowercase()).map(PersonNumber::Record);
    record.or_else(|| ConsentId::parse(text).map(PersonNumber::Consent)).ok_or_else(|| {
        "write the 32 hexadecimal digits of the consent number, or the number of a record with its four hyphens, both as the page of what \
         is recorded shows them"
            .to_owned()
    })
}

/// Runs `kelisim log show`.
pub(super) fn run(arguments: &ShowArguments) -> Result<(), Box<dyn std::error::Error>> {
    let configuration = super::configuration_alone(&arguments.config)?;
    let settings = log_settings(&configuration);
    let retention = Retention { choices: configuration.retention, frames: configuration.frame_retention };
    let reader = Reader::open(&settings.state_dir)?;
    let rows = reader.records_of(arguments.number.consent_id(&reader)?)?;
    let form = if arguments.format == ShowFormat::Text { "page" } else { Rows::Jsonl.name() };
    let Some(period) = days(&rows) else { return Err(LogError::Nobody.into()) };
    if !access::note(&settings, AccessKind::Read, form, period)? {
        eprintln!("{}: on a read-only medium, so no leaf says that records were shown", settings.state_dir.display());
    }
    if arguments.format == ShowFormat::Text {
        let (now, language) = (Clock::system().now(), arguments.language);
        let answer = Answer { reader: &reader, sites: &configuration.sites, retention, now, language };
        return Ok(super::print(answer.write(&rows)?.as_bytes())?);
    }
    let rows = rows.into_iter().map(Ok);
    write_each(&reader, Rows::Jsonl, rows, retention, &mut io::stdout().lock(), &mut |_| {})?;
    Ok(())
}

fn parse_language(text: &str) -> Result<Language, String> {
    let known = Language::ALL.into_iter().find(|language| language.tag() == text);
    known.ok_or_else(|| "write ru, kk or en".to_owned())
}

/// When records were written.
pub(super) fn times(rows: &[Row]) -> impl Iterator<Item = Timestamp> {
    rows.iter().filter_map(|row| match &row.content {
        Content::Kept(event, _) => Some(event.time),
        Content::Removed { .. } => None,
    })
}

/// The days that the records are from; `None` where there are none. Everybody may read the leaf of an access, and the very moments would
/// tell in public which leaves are this person's.
fn days(rows: &[Row]) -> Option<(Timestamp, Timestamp)> {
    let day = |moment: Timestamp| Timestamp::parse(&moment.date()).unwrap_or(moment);
    let (first, last) = (times(rows).min()?, times(rows).max()?);
    Some((day(first), Term { months: 0, days: 1 }.after(day(last))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{LeafHash, LeafIndex, Salt, samples::event};

    #[test]
    fn a_person_is_named_by_either_number_of_the_receipt() {
        let sample = event(7);
        let parsed = |text: &str| parse_number(text).unwrap();
        assert_eq!(parsed(&sample.consent_id.to_string()), PersonNumber::Consent(sample.consent_id));
        assert_eq!(parsed(&sample.id.to_string()), PersonNumber::Record(sample.id));
        assert_eq!(parsed(&sample.id.to_string().to_uppercase()), PersonNumber::Record(sample.id));
        for wrong in ["", "anna", "7", &sample.id.to_string().to_uppercase()[1..]] {
            assert!(parse_number(wrong).unwrap_err().contains("four hyphens"), "{wrong}");
        }
    }

    #[test]
    fn the_period_in_the_log_is_of_whole_days() {
        let row = |time: &str| {
            let event = crate::ledger::Event { time: Timestamp::parse(time).unwrap(), ..event(1) };
            let content = Content::Kept(Box::new(event), Salt([0; 32]));
            Row { index: LeafIndex(1), leaf_hash: LeafHash([0; 32]), content }
        };
        let rows = [row("2026-11-22T23:59:59.999Z"), row("2026-11-20T10:11:12Z")];
        let day = |text| Timestamp::parse(text).unwrap();
        assert_eq!(days(&rows), Some((day("2026-11-20"), day("2026-11-23"))));
        assert_eq!(days(&[]), None);
    }
}
