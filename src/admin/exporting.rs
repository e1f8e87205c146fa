//! Taking records out of the log: first the leaf that says who does it, then the whole of it on the disk, then the first byte.

use std::{fs::File, path::Path, sync::Arc};

use http::{HeaderValue, StatusCode, header};
use tokio::sync::oneshot;

use super::{
    Administration,
    answer::{Answer, Form, guarded, html, unreadable},
    body::Body,
    pages::{self, Message, Words},
    sign_in::SignedIn,
    spool::{Spool, Waiting, is_full},
    turns::{NoTurn, Turn},
};
use crate::{
    export::{BundleOptions, ExportError, Rows, first_rows, write_bundle, write_rows},
    ledger::{Access, AccessKind, Accessor, Entry, Retention},
    store::{Reader, StoreError},
    timestamp::{Term, Timestamp},
};

/// After how many seconds a refused export is worth another try: most are over by then.
const RETRY_AFTER: &str = "30";

/// How many events are shown on a page.
pub(super) const MOST_SHOWN: usize = 100;

/// What is asked for.
struct Wanted {
    /// From this moment; `None` from the beginning.
    from: Option<Timestamp>,
    /// Up to this moment; `None` to the end.
    to: Option<Timestamp>,
    /// `None` for a page.
    form: Option<Taken>,
}

/// In which form records are taken out as a file.
#[derive(Clone, Copy)]
enum Taken {
    Rows(Rows),
    Bundle,
}

impl Taken {
    fn parse(name: &str) -> Option<Self> {
        if name == "bundle" { Some(Self::Bundle) } else { name.parse().ok().map(Self::Rows) }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Rows(rows) => rows.name(),
            Self::Bundle => "bundle",
        }
    }

    const fn ending_and_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Rows(Rows::Csv) => ("csv", "text/csv; charset=utf-8; header=present"),
            Self::Rows(Rows::Jsonl) => ("jsonl", "application/jsonl; charset=utf-8"),
            Self::Rows(Rows::JsonLd) => ("jsonld", "application/ld+json"),
            Self::Bundle => ("zip", "application/zip"),
        }
    }
}

/// Answers the form of exports.
pub(super) async fn export(form: &Form, words: Words, account: SignedIn, admin: &Arc<Administration>) -> Answer {
    let Some(wanted) = Wanted::of(form) else {
        return html(StatusCode::BAD_REQUEST, pages::message(words, Some(&account), Message::Period));
    };
    let turn = match admin.exporting.take(account.number) {
        Ok(turn) => turn,
        Err(NoTurn::Own) => return later(words, &account, Message::Exporting),
        Err(NoTurn::Full) => return later(words, &account, Message::OthersExport),
    };
    let gateway = admin.gateway.clone();
    let reader = match tokio::task::spawn_blocking(move || gateway.store().reader()).await {
        Ok(Ok(reader)) => reader,
        Ok(Err(error)) => return unreadable(words, &account, &error.to_string()),
        Err(_) => return unreadable(words, &account, "reading broke off"),
    };
    let (from, to) = wanted.period();
    let access = Access {
        by: Accessor::Account(account.number),
        what: if wanted.form.is_some() { AccessKind::Export } else { AccessKind::Read },
        form: wanted.form.map_or("page", Taken::name),
        from,
        to,
        time: admin.settings().clock.now(),
    };
    if let Err(error) = admin.gateway.store().note(Entry::Access(access)).await {
        return unreadable(words, &account, &error.to_string());
    }
    match wanted.form {
        Some(form) => file(&wanted, form, words, account, (reader, turn), admin).await,
        None => shown(&wanted, words, account, reader, turn).await,
    }
}

/// The export as a file, or a page that says why there is none.
async fn file(
    wanted: &Wanted,
    form: Taken,
    words: Words,
    account: SignedIn,
    (reader, turn): (Reader, Turn),
    admin: &Administration,
) -> Answer {
    let period = wanted.period();
    let settings = admin.settings();
    let retention = Retention { choices: settings.consent_records, frames: settings.frame_records };
    let taken = settings.clock.now();
    let bundle = BundleOptions {
        from: wanted.from,
        to: wanted.to,
        created: taken,
        key: admin.gateway.store().key().clone(),
        witnesses: settings.witnesses.clone(),
    };
    let state_dir = admin.gateway.store().state_dir().to_owned();
    let (sender, spooled) = oneshot::channel();
    tokio::task::spawn_blocking(move || {
        let written = write(&reader, form, (period, retention), &bundle, &state_dir, &sender);
        // Whoever asked may have gone away; then the turn and the file go too.
        _ = sender.send((written, turn));
    });
    let (file, length, turn) = match spooled.await {
        Ok((Ok((file, length)), turn)) => (file, length, turn),
        Ok((Err(error), _)) => return failed(words, &account, &error),
        Err(_) => return unreadable(words, &account, "an export broke off"),
    };
    let (ending, media_type) = form.ending_and_type();
    let mut response = guarded(StatusCode::OK, media_type, Body::of_file(file, length, turn));
    let name = format!("attachment; filename=\"{}.{ending}\"", wanted.file_name(taken));
    let value = HeaderValue::from_str(&name).expect("days and names of forms are ASCII");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    response
}

/// Writes all of it into a file that has no name, and gives it with its length.
fn write(
    reader: &Reader,
    form: Taken,
    (period, retention): ((Timestamp, Timestamp), Retention),
    bundle: &BundleOptions,
    state_dir: &Path,
    waiting: &dyn Waiting,
) -> Result<(File, u64), ExportError> {
    let mut spool = Spool::begin(state_dir, waiting)?;
    match form {
        Taken::Rows(rows) => write_rows(reader, rows, period, retention, &mut spool, &mut |_| {})?,
        Taken::Bundle => write_bundle(reader, bundle, &mut spool, &mut |_| {})?,
    };
    Ok(spool.end()?)
}

/// The page that says why there is no file.
fn failed(words: Words, account: &SignedIn, error: &ExportError) -> Answer {
    let (status, message) = match error {
        ExportError::Store(error) => return unreadable(words, account, &error.to_string()),
        ExportError::Output(error) if is_full(error) => (StatusCode::INSUFFICIENT_STORAGE, Message::DiskFull),
        ExportError::Output(_) => (StatusCode::INTERNAL_SERVER_ERROR, Message::NotWritten),
        ExportError::NoticeMissing { .. } => (StatusCode::INTERNAL_SERVER_ERROR, Message::NoticeMissing),
        ExportError::ForeignCheckpoint { .. } => (StatusCode::INTERNAL_SERVER_ERROR, Message::ForeignCheckpoint),
        ExportError::NoCheckpoint { .. } => return later(words, account, Message::NoCheckpoint),
        ExportError::Unsigned { .. } => return later(words, account, Message::Changed),
    };
    tracing::error!(%error, "an export failed");
    html(status, pages::message(words, Some(account), message))
}

/// What may go well in a while.
fn later(words: Words, account: &SignedIn, message: Message) -> Answer {
    let mut response = html(StatusCode::SERVICE_UNAVAILABLE, pages::message(words, Some(account), message));
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    response
}

/// The first events of the period on a page.
async fn shown(wanted: &Wanted, words: Words, account: SignedIn, reader: Reader, turn: Turn) -> Answer {
    let (from, to) = wanted.period();
    let read = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        Ok::<_, StoreError>((reader.count(from, to)?, first_rows(&reader, (from, to), MOST_SHOWN)?))
    });
    match read.await {
        Ok(Ok((total, rows))) => html(StatusCode::OK, pages::events(words, &account, total, &rows)),
        Ok(Err(error)) => unreadable(words, &account, &error.to_string()),
        Err(_) => unreadable(words, &account, "reading broke off"),
    }
}

impl Wanted {
    /// Days from and to, both whole; what is empty is the beginning or the end.
    fn of(form: &Form) -> Option<Self> {
        let day = |text: &str| Timestamp::parse(text).filter(|moment| moment.date() == text);
        let from = match form.field("from") {
            "" => None,
            text => Some(day(text)?),
        };
        let to = match form.field("to") {
            "" => None,
            text => Some(Term { months: 0, days: 1 }.after(day(text)?)),
        };
        let form = match form.field("form") {
            "page" => None,
            name => Some(Taken::parse(name)?),
        };
        let wanted = Self { from, to, form };
        let (from, to) = wanted.period();
        (from < to).then_some(wanted)
    }

    /// What the file is called without its ending: which days are in it, and on which it was taken.
    fn file_name(&self, taken: Timestamp) -> String {
        let first = self.from.map_or_else(|| "beginning".to_owned(), Timestamp::date);
        let last = self.to.map_or_else(|| "end".to_owned(), |to| Term { months: 0, days: 1 }.before(to).date());
        format!("consent-log_{first}_to_{last}_taken_{}", taken.date())
    }

    /// The period as moments.
    fn period(&self) -> (Timestamp, Timestamp) {
        (self.from.unwrap_or_default(), self.to.unwrap_or(Timestamp::from_milliseconds(i64::MAX)))
    }
}
