//! Who took records out of the log, by the leaves that say so.

use askama::Template;

use super::{Frame, moment, period, rendered};
use crate::{
    admin::{Accounts, Administration, by_in_words, form_in_words, leaves::AccessSeen, what_in_words},
    ledger::AccountNumber,
    store::StoreError,
};

/// How many are shown; an export has them all.
const MOST: usize = 200;

#[derive(Template)]
#[template(path = "accesses.html", config = "src/admin/askama.toml")]
struct AccessesPage {
    frame: Frame,
    accesses: Vec<Shown>,
    most: usize,
}

struct Shown {
    index: u64,
    time: String,
    by: String,
    name: Option<String>,
    what: String,
    /// Then the period is the days that these records are from.
    is_of_one_person: bool,
    form: String,
    period: String,
}

pub(super) fn page(frame: Frame, admin: &Administration) -> Result<String, StoreError> {
    let store = admin.gateway.store();
    let accounts = Accounts::read(store.state_dir())?;
    let name = |by: &str| Some(accounts.numbered(AccountNumber::parse(by)?)?.name.clone());
    let (words, seen) = (frame.words, AccessSeen::newest(&store.reader()?, MOST)?);
    let language = words.language();
    let shown = seen.into_iter().map(|access| Shown {
        index: access.index.0,
        time: moment(access.time),
        name: name(&access.by),
        what: what_in_words(&access.by, &access.what, language).to_owned(),
        is_of_one_person: access.is_of_one_person(),
        form: form_in_words(&access.form, language).to_owned(),
        period: period(words, access.from, access.to),
        by: by_in_words(&access.by, language).to_owned(),
    });
    let accesses = shown.collect();
    Ok(rendered(&AccessesPage { frame, accesses, most: MOST }))
}
