//! A visitor's word that all records of this browser be erased: the question first, and with the answer yes the erasure.

use http::{Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::{
    AnswerBody, Shared,
    choice::{clear_caches, expire_leftovers},
    own_pages::for_its_visitor,
    posted::{self, Form, Rejected, Sender},
    published_log::covering,
    receipt::{offered_language, shown},
    recorded::History,
    site::Site,
    visit::Visit,
};
use crate::{
    consent::CategorySet,
    ledger::ErasureReason,
    pages::{ErasedLeaf, ErasedView, Message, PostedErasure, ReceiptQuery},
    store::KeptEvent,
    timestamp::Timestamp,
};

/// How often one client may erase in a minute, which may be an office behind one address. Each erasure writes the file of the log anew,
/// and choices wait meanwhile.
pub(super) const ERASURES_PER_MINUTE: u32 = 10;

/// The question, and with the answer yes the erasure.
pub(super) async fn erase(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    request: Request<Incoming>,
    now: Timestamp,
) -> Result<Response<AnswerBody>, Rejected> {
    let own = visit.own_cookies.as_ref().ok_or_else(|| Rejected::new("not_recordable", Message::BadRequest))?;
    let leftovers = request.headers().clone();
    let form = posted::form(shared, site, visit, request, Sender::Page, now).await;
    let Form { record, body } = form.map_err(|rejected| match rejected.message {
        Message::ForeignChoice => Rejected { message: Message::ForeignErasure, ..rejected },
        _ => rejected,
    })?;
    let posted = PostedErasure::parse(&body, &site.prefix);
    let posted = posted.map_err(|_| Rejected::new("malformed", Message::BadRequest))?;
    let to = &posted.to;
    let rejected = |reason, message| Rejected { reason, message, to: to.clone() };
    let language = offered_language(site, visit, Some(posted.language));
    let pages = site.pages(now);
    let Some(record) = record else {
        // Erased already, in another tab perhaps.
        let query = ReceiptQuery { to: to.clone(), ..ReceiptQuery::default() };
        return shown(shared, site, visit, &query, language, None, now)
            .await
            .map_err(|message| rejected("nothing_recorded", message));
    };
    let id = record.consent_id;
    if !posted.confirmed {
        let doomed = shared.readers.read(move |reader| reader.kept_of(id, None)).await;
        let doomed = doomed.ok_or_else(|| rejected("log_unread", Message::LogUnread))?;
        return Ok(for_its_visitor(StatusCode::OK, pages.erasure_question_page(language, doomed, to)));
    }
    // What can't be undone takes a click of a person, not a script of the site's.
    if !visit.fetch.is_by_person(visit.agent()) {
        return Err(rejected("not_activated", Message::ForeignErasure));
    }
    if !shared.erasures.allows(visit.client.address, now) {
        return Err(rejected("too_many", Message::TooManyChoices));
    }
    let known = History::read(shared, site, &record).await.ok_or_else(|| rejected("log_unread", Message::LogUnread))?;
    let erased = shared.store.erase(id, ErasureReason::Request).await.map_err(|error| {
        tracing::error!(%error, "a visitor's records can't be erased");
        rejected("not_erased", Message::NotErased)
    })?;
    let view = ErasedView {
        to,
        records: erased.records,
        overwritten: erased.overwritten,
        leaves: explained(shared, &known.kept).await,
    };
    let mut response = for_its_visitor(StatusCode::OK, pages.erased_page(language, &view));
    let headers = response.headers_mut();
    own.clear().into_iter().for_each(|line| _ = headers.append(header::SET_COOKIE, line));
    expire_leftovers(shared, site, visit, leftovers, CategorySet::EMPTY, to, headers);
    clear_caches(visit, headers);
    Ok(response)
}

/// The leaves that say what was erased, covered by a checkpoint if one comes in time: their proofs are offered right away.
async fn explained(shared: &Shared, erased: &[KeptEvent]) -> Vec<ErasedLeaf> {
    let leaves: Vec<_> = erased.iter().map(|kept| kept.index).collect();
    let read = shared.readers.read(move |reader| {
        let causes =
            leaves.into_iter().map(|leaf| Ok(reader.removal(leaf)?.map(|(cause, ..)| ErasedLeaf { leaf, cause })));
        causes.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()
    });
    let explained = read.await.unwrap_or_default();
    if let Some(last) = explained.iter().map(|erased| erased.cause).max() {
        covering(shared, last).await;
    }
    explained
}
