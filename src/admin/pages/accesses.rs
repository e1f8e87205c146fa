//! Who took records out of the log, by the leaves that say so.

use askama::Template;

use super::{Frame, moment, period, rendered};
use crate::{
    admin::{Accounts, Administration, leaves::AccessSeen},
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
    form: String,
    period: String,
}

pub(super) fn page(frame: Frame, admin: &Administration) -> Result<String, StoreError> {
    let store = admin.gateway.store();
    let accounts = Accounts::read(store.state_dir())?;
    let name = |by: &str| Some(accounts.numbered(AccountNumber::parse(by)?)?.name.clone());
    let (words, seen) = (frame.words, AccessSeen::newest(&store.reader()?, MOST)?);
    let shown = seen.into_iter().map(|access| Shown {
        index: access.index.0,
        time: moment(access.time),
        name: name(&access.by),
        period: period(words, access.from, access.to),
        what: match access.what.as_str() {
            "read" => words.of_both("показ", "shown").to_owned(),
            "export" => words.of_both("выгрузка", "export").to_owned(),
            "incident" => words.of_both("сведения о нарушении", "notice of a breach").to_owned(),
            other => other.to_owned(),
        },
        by: if access.by == "command_line" {
            words.of_both("командная строка", "command line").to_owned()
        } else {
            access.by
        },
        form: match access.form.as_str() {
            "page" => words.of_both("на странице", "on a page").to_owned(),
            _ => access.form,
        },
    });
    let accesses = shown.collect();
    Ok(rendered(&AccessesPage { frame, accesses, most: MOST }))
}
