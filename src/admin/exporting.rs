//! Taking records out of the log: first the leaf that says who does it, then the first byte.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use http::{HeaderValue, StatusCode, header};

use super::{
    Administration,
    answer::{Answer, Form, guarded, html, unreadable},
    body::Body,
    pages::{self, Message, Words},
    sign_in::SignedIn,
};
use crate::{
    export::{BundleOptions, ExportError, Rows, write_bundle, write_rows},
    ledger::{Access, AccessKind, Accessor, AccountNumber, Entry, Row},
    store::{Reader, StoreError},
    timestamp::{Term, Timestamp},
};

/// How many events are shown on a page.
pub(super) const MOST_SHOWN: usize = 100;

/// What is asked for.
struct Wanted {
    from: Timestamp,
    to: Timestamp,
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
    let Some(turn) = Turn::take(&admin.exporting, account.number) else {
        return html(StatusCode::TOO_MANY_REQUESTS, pages::message(words, Some(&account), Message::Exporting));
    };
    let reader = match admin.gateway.store().reader() {
        Ok(reader) => reader,
        Err(error) => return unreadable(words, &account, &error.to_string()),
    };
    let access = Access {
        by: Accessor::Account(account.number),
        what: if wanted.form.is_some() { AccessKind::Export } else { AccessKind::Read },
        form: wanted.form.map_or("page", Taken::name),
        from: wanted.from,
        to: wanted.to,
        time: admin.settings.clock.now(),
    };
    if let Err(error) = admin.gateway.store().note(Entry::Access(access)).await {
        return unreadable(words, &account, &error.to_string());
    }
    match wanted.form {
        Some(form) => file(&wanted, form, reader, turn, admin),
        None => shown(&wanted, words, account, reader, turn).await,
    }
}

/// The export as a file that is sent while it is written.
fn file(wanted: &Wanted, form: Taken, reader: Reader, turn: Turn, admin: &Administration) -> Answer {
    let (mut output, body) = Body::written();
    let period = (wanted.from, wanted.to);
    let bundle = BundleOptions {
        from: wanted.from,
        to: wanted.to,
        created: admin.settings.clock.now(),
        key: admin.gateway.store().key().clone(),
        witnesses: admin.settings.witnesses.clone(),
    };
    tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let written = match form {
            Taken::Rows(rows) => write_rows(&reader, rows, period, &mut output, &mut |_| {}),
            Taken::Bundle => write_bundle(&reader, &bundle, &mut output, &mut |_| {}),
        };
        // Who asked may have gone away; then the output refuses, and there is nobody to tell.
        match written {
            Ok(_) => _ = output.end(),
            Err(ExportError::Output(_)) => {}
            Err(error) => tracing::error!(%error, "an export broke off"),
        }
    });
    let (ending, media_type) = form.ending_and_type();
    let mut response = guarded(StatusCode::OK, media_type, body);
    let name = format!("attachment; filename=\"consent-log.{ending}\"");
    let value = HeaderValue::from_str(&name).expect("names of forms are ASCII");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    response
}

/// The first events of the period on a page.
async fn shown(wanted: &Wanted, words: Words, account: SignedIn, reader: Reader, turn: Turn) -> Answer {
    let (from, to) = (wanted.from, wanted.to);
    let read = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let total = reader.count(from, to)?;
        let rows: Vec<Row> = reader.events(from, to)?.take(MOST_SHOWN).collect::<Result<_, _>>()?;
        Ok::<_, StoreError>((total, rows))
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
            "" => Timestamp::default(),
            text => day(text)?,
        };
        let to = match form.field("to") {
            "" => Timestamp::from_milliseconds(i64::MAX),
            text => Term { months: 0, days: 1 }.after(day(text)?),
        };
        let form = match form.field("form") {
            "page" => None,
            name => Some(Taken::parse(name)?),
        };
        (from < to).then_some(Self { from, to, form })
    }
}

/// The right of an account to take one export; given back when it is dropped.
struct Turn {
    taken: Arc<Mutex<HashSet<AccountNumber>>>,
    account: AccountNumber,
}

impl Turn {
    fn take(taken: &Arc<Mutex<HashSet<AccountNumber>>>, account: AccountNumber) -> Option<Self> {
        let first = taken.lock().expect("nothing panics while it holds the turns").insert(account);
        first.then(|| Self { taken: taken.clone(), account })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Ok(mut taken) = self.taken.lock() {
            taken.remove(&self.account);
        }
    }
}
