//! Requests about shared links: the operator's page and its forms, and what is behind a link.

use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};

use super::{
    answer::today,
    query::Asked,
    share::{self, ShareError, SharedLinks, TERMS},
    share_page::{self, Outcome},
    shared,
};
use crate::{
    admin::{
        Administration,
        answer::{Answer, Form, html, text},
        pages::{self, Message, Words},
        sign_in::SignedIn,
    },
    store::StoreError,
};

/// Where the operator's page of links is.
pub(in crate::admin) const SHARE: &str = "/statistics/share";
/// Where links are ended.
pub(in crate::admin) const REVOKE: &str = "/statistics/share/revoke";
/// What links begin with.
pub(in crate::admin) const SHARED: &str = "/shared/";

/// The page of links.
pub(in crate::admin) async fn links(words: Words, account: SignedIn, admin: &Arc<Administration>) -> Answer {
    shown(words, account, admin, |_| Ok(Outcome::None)).await
}

/// Makes or ends a link, as a posted form says. `base` is the origin that addresses of links begin with.
pub(in crate::admin) async fn change(
    path: &str,
    base: &str,
    form: &Form,
    words: Words,
    account: SignedIn,
    admin: &Arc<Administration>,
) -> Answer {
    if path == REVOKE {
        let number = form.field("number").to_owned();
        return shown(words, account, admin, move |admin| {
            share::revoke(admin.gateway.store().state_dir(), &number)?;
            Ok(Outcome::None)
        })
        .await;
    }
    let name = form.field("name").to_owned();
    let site = admin.gateway.present().site_names().find(|site| ***site == *form.field("site")).cloned();
    let days = form.field("days").parse().ok().filter(|days| TERMS.contains(days));
    let base = base.to_owned();
    shown(words, account, admin, move |admin| {
        let Some((site, days)) = site.zip(days) else { return Ok(Outcome::Wrong) };
        let now = admin.settings().clock.now();
        match share::add(admin.gateway.store().state_dir(), &site, &name, days, now) {
            Ok(word) => Ok(Outcome::Made(format!("{base}{SHARED}{word}"))),
            Err(ShareError::Full) => Ok(Outcome::Full),
            Err(ShareError::Store(error)) => Err(error),
        }
    })
    .await
}

/// Does something on a thread that may wait for the disk, and shows the links.
async fn shown(
    words: Words,
    account: SignedIn,
    admin: &Arc<Administration>,
    work: impl FnOnce(&Administration) -> Result<Outcome, StoreError> + Send + 'static,
) -> Answer {
    let (for_page, for_fault) = (admin.clone(), account.clone());
    let made = tokio::task::spawn_blocking(move || {
        let admin = &*for_page;
        let outcome = work(admin)?;
        let status =
            if matches!(outcome, Outcome::Wrong | Outcome::Full) { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        let links = SharedLinks::read(admin.gateway.store().state_dir())?;
        let calendar = &admin.settings().statistics.calendar;
        let sites: Vec<_> = admin.gateway.present().site_names().cloned().collect();
        let now = admin.settings().clock.now();
        Ok::<_, StoreError>((status, share_page::page(words, &account, &links, &sites, calendar, now, outcome)))
    });
    let error = match made.await {
        Ok(Ok((status, page))) => return html(status, page),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!(%error, "the shared links can't be read or changed");
    html(StatusCode::SERVICE_UNAVAILABLE, pages::message(words, Some(&for_fault), Message::StatisticsUnreadable))
}

/// What is behind a link. A word that is none, one that is over, and one that was revoked are the same.
pub(in crate::admin) async fn behind(path: &str, query: &str, words: Words, admin: &Arc<Administration>) -> Answer {
    let mut response = found(path, query, words, admin).await.unwrap_or_else(nothing);
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    response
}

async fn found(path: &str, query: &str, words: Words, admin: &Arc<Administration>) -> Option<Answer> {
    let word = path.strip_prefix(SHARED)?.to_owned();
    let (path, query, for_link) = (path.to_owned(), query.to_owned(), admin.clone());
    let link = tokio::task::spawn_blocking(move || link(&word, &for_link)).await.ok()??;
    // Only who has a link waits for others who read.
    let turn = admin.reporting.clone().acquire_owned().await.ok()?;
    let admin = admin.clone();
    let read = tokio::task::spawn_blocking(move || {
        // It ends with the work: a client that goes away does not end it.
        let _turn = turn;
        read(&link, &path, &query, words, &admin)
    });
    read.await.ok()
}

/// The link of a word: the site and the secret.
fn link(word: &str, admin: &Administration) -> Option<(String, [u8; 32])> {
    match SharedLinks::read(admin.gateway.store().state_dir()) {
        Ok(links) => {
            let (link, secret) = links.find(word, admin.settings().clock.now())?;
            Some((link.site.clone(), secret))
        }
        Err(error) => {
            tracing::error!(%error, "the shared links can't be read");
            None
        }
    }
}

fn read((site, secret): &(String, [u8; 32]), path: &str, query: &str, words: Words, admin: &Administration) -> Answer {
    let sites = shared::only(site);
    let today = today(admin);
    let asked = Asked::parse(query, &sites).and_then(|asked| Ok((shared::period(&asked, today)?, asked)));
    let (period, asked) = match asked {
        Ok(asked) => asked,
        Err(fault) => {
            return html(StatusCode::BAD_REQUEST, pages::saying(words, None, fault.text(words.language())));
        }
    };
    let words = asked.language.map_or(words, Words::in_language);
    match shared::report(&admin.settings().statistics, site, secret, period, today) {
        Ok(report) => html(StatusCode::OK, shared::page(words, site, path, period, &asked, report.as_ref(), today)),
        Err(error) => {
            tracing::error!(%error, "the statistics behind a shared link can't be read");
            html(StatusCode::SERVICE_UNAVAILABLE, pages::message(words, None, Message::StatisticsUnreadable))
        }
    }
}

fn nothing() -> Answer {
    text(StatusCode::NOT_FOUND, "there is nothing here\n")
}
