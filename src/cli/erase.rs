//! `kelisim log erase`: a person is deleted from the log, by the running gateway or without one. What was taken out before is not reached
//! by it, so that is named.

use std::path::PathBuf;

use clap::Args;

use super::{
    control,
    log::LogError,
    person::{self, PersonNumber, parse_number},
    running::log_settings,
};
use crate::{
    admin::{AccessSeen, by_in_words, form_in_words, is_of_one_person, what_in_words},
    clock::Clock,
    consent::ConsentId,
    ledger::{ErasureReason, Removal},
    store::{Erased, Reader, Settings, Store, StoreError},
    timestamp::Timestamp,
    visitor::Language,
};

/// How many earlier takings of the records are named, the newest: what somebody can follow up. The others are counted.
const MOST_NAMED: usize = 20;

/// `kelisim log erase`.
#[derive(Debug, Args)]
pub(crate) struct EraseArguments {
    /// The consent number on the person's page of what is recorded (32 hexadecimal digits), or the number of a record there: then all
    /// records of the same consent number go.
    #[arg(value_name = "NUMBER", value_parser = parse_number)]
    number: PersonNumber,
    /// Why, as the log will say: request (the person asked for it) or order (an authority or a court did).
    #[arg(long, value_name = "REASON", default_value = "request", value_parser = parse_reason)]
    reason: ErasureReason,
    /// The configuration file; its `state_dir` says where the log is.
    #[arg(long, value_name = "FILE", default_value = "/etc/kelisim/kelisim.toml")]
    config: PathBuf,
}

/// Runs it.
pub(super) fn run(arguments: &EraseArguments) -> Result<(), Box<dyn std::error::Error>> {
    let settings = log_settings(&super::configuration_alone(&arguments.config)?);
    let reader = Reader::open(&settings.state_dir)?;
    let id = arguments.number.consent_id(&reader)?;
    let rows = reader.records_of(id)?;
    // Nobody may read while the bytes are overwritten.
    drop(reader);
    let (records, overwritten) = erase(&settings, id, arguments.reason)?;
    say!("{records} {} erased", if records == 1 { "record" } else { "records" });
    if !overwritten {
        say!("somebody is reading the log: the bytes are overwritten as soon as that ends");
    }
    if records == 0 {
        return Err(LogError::Nobody.into());
    }
    let reader = Reader::open(&settings.state_dir)?;
    for row in &rows {
        if let Some((by, Removal::Erasure, _)) = reader.removal(row.index)? {
            say!("the record of leaf {} is gone, and leaf {} says so", row.index.0, by.0);
        }
    }
    let times: Vec<_> = person::times(&rows).collect();
    let (takings, others) = takings(&reader, &times)?;
    if !takings.is_empty() {
        say!(
            "records of that time were taken out before. Whoever has these may still hold what was erased here; have it deleted there too:"
        );
    }
    for taking in &takings {
        say!("  {}", line(taking));
    }
    if others > 0 {
        say!("  and {others} earlier ones");
    }
    Ok(())
}

fn line(AccessSeen { index, by, what, form, time, .. }: &AccessSeen) -> String {
    let whose = if is_of_one_person(by, what) { " (whose is not kept)" } else { "" };
    let [by, what, form] =
        [by_in_words(by, Language::En), what_in_words(by, what, Language::En), form_in_words(form, Language::En)];
    format!("{time}  {what}{whose}, {form}, by {by}, leaf {}", index.0)
}

/// The newest takings of records that can have held one of these times, and how many there are besides.
fn takings(reader: &Reader, times: &[Timestamp]) -> Result<(Vec<AccessSeen>, usize), StoreError> {
    let (mut newest, mut others) = (Vec::new(), 0);
    AccessSeen::for_each(reader, |access| {
        let held = |time: &Timestamp| access.from <= *time && *time < access.to && *time <= access.time;
        if !times.iter().any(held) {
            return;
        }
        if newest.len() < MOST_NAMED {
            newest.push(access);
        } else {
            others += 1;
        }
    })?;
    Ok((newest, others))
}

/// Erases through the running gateway, or directly where none runs.
fn erase(settings: &Settings, id: ConsentId, reason: ErasureReason) -> Result<(usize, bool), LogError> {
    match erase_offline(settings, id, reason) {
        Ok(erased) => Ok((erased.records, erased.overwritten)),
        Err(LogError::Store(StoreError::Locked { .. })) => {
            let erased = control::ask_to_erase(&settings.state_dir, id, reason).map_err(LogError::Gateway)?;
            Ok((erased.records, erased.overwritten))
        }
        Err(error) => Err(error),
    }
}

/// Erases a person when no gateway runs. While one runs the answer is [`StoreError::Locked`]: then the gateway has to do it.
fn erase_offline(settings: &Settings, id: ConsentId, reason: ErasureReason) -> Result<Erased, LogError> {
    // Opening for writing would make a log where there is none, and report that nobody was found in it.
    drop(Reader::open(&settings.state_dir)?);
    let store = Store::open_for_command(settings, Clock::system())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(store.erase(id, reason))?)
}

fn parse_reason(text: &str) -> Result<ErasureReason, String> {
    let known = ErasureReason::ALL.into_iter().find(|reason| reason.name() == text);
    known.ok_or_else(|| "write request or order".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Access, AccessKind, Accessor, Entry, samples::event};

    #[test]
    fn erasing_waits_for_no_gateway_and_says_so() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let directory = tempfile::TempDir::new().unwrap();
        let settings =
            |folder: &str| Settings { state_dir: directory.path().join(folder), host: "shop.example".into() };
        let (state, id) = (settings("state"), event(2).consent_id);
        let erase = |settings: &Settings| erase_offline(settings, id, ErasureReason::Order);
        let store = Store::open(&state, Clock::system()).unwrap();
        runtime.block_on(store.append(event(2))).unwrap();
        assert!(matches!(erase(&state), Err(LogError::Store(StoreError::Locked { .. }))));
        drop(store);
        assert_eq!(erase(&state).unwrap(), Erased { records: 1, overwritten: true });
        let reader = Reader::open(&state.state_dir).unwrap();
        let (_, leaf) = reader.newest_leaf("erasure").unwrap().unwrap();
        assert!(String::from_utf8(leaf).unwrap().contains(r#""reason":"order""#));
        drop(reader);
        assert_eq!(erase(&state).unwrap().records, 0);
        let nowhere = settings("nowhere");
        assert!(matches!(erase(&nowhere), Err(LogError::Store(StoreError::Missing { .. }))));
        assert!(!nowhere.state_dir.exists());
    }

    #[test]
    fn who_took_the_records_out_before_is_named_and_who_could_not_have_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { state_dir: folder.path().join("state"), host: "shop.example".into() };
        let store = Store::open(&settings, Clock::system()).unwrap();
        let moment = |text| Timestamp::parse(text).unwrap();
        let note = |from, to, time| {
            let (by, what, form) = (Accessor::CommandLine, AccessKind::Export, "csv");
            let access = Access { by, what, form, from: moment(from), to: moment(to), time: moment(time) };
            store.note_waiting(Entry::Access(access)).unwrap();
        };
        let written = moment("2026-11-22T10:00:00Z");
        note("2026-11-01", "2026-12-01", "2026-11-21");
        note("2026-11-01", "2026-11-22T10:00:00Z", "2026-12-01");
        note("2026-11-22T10:00:01Z", "2026-12-01", "2026-12-01");
        let found = || takings(&store.reader().unwrap(), &[written]).unwrap();
        assert_eq!(found(), (Vec::new(), 0));
        for _ in 0..=MOST_NAMED {
            note("2026-11-22T10:00:00Z", "2026-12-01", "2026-12-02");
        }
        let (named, others) = found();
        assert_eq!((named.len(), others), (MOST_NAMED, 1));
    }
}
