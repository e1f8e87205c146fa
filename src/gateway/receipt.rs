//! What is recorded about the browser that asks: the page, receipts to keep, and erasing it all, which is asked about before it is done.
//!
//! The signed record in the cookie says whose records are shown; no number that stands in an address does.

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::{
    AnswerBody, Shared,
    choice::{clear_caches, expire_leftovers},
    own_pages::{choice_in_force, choice_view, for_its_visitor, message, model_for, random_uuid},
    posted::{self, Form, Rejected, Sender},
    published_log::{covering, proof},
    request::proven_record,
    site::Site,
    visit::Visit,
};
use crate::{
    consent::{CategorySet, Record},
    ledger::{ErasureReason, EventKind, LeafIndex, Proof, RecordId},
    pages::{
        Download, ErasedLeaf, ErasedView, HistoryLine, Issued, Message, PostedErasure, ReceiptQuery, ReceiptView,
        Recorded, Standing,
    },
    store::KeptEvent,
    timestamp::Timestamp,
    visitor::Language,
};

/// How often one client may erase in a minute, which may be an office behind one address. Each erasure writes the file of the log anew,
/// and choices wait meanwhile.
pub(super) const ERASURES_PER_MINUTE: u32 = 10;

/// Answers a request for the receipt page.
pub(super) async fn answer(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    request: Request<Incoming>,
    now: Timestamp,
) -> Response<AnswerBody> {
    let mut response = if request.method() == Method::POST {
        let outcome = erase(shared, site, visit, request, now).await;
        outcome.unwrap_or_else(|rejected| rejected.answer(shared, site, visit, now))
    } else {
        read(shared, site, visit, &request, now).await
    };
    let vary = HeaderValue::from_static("Cookie, Sec-Fetch-Dest, Sec-Fetch-Mode");
    response.headers_mut().insert(header::VARY, vary);
    response
}

async fn read(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    request: &Request<Incoming>,
    now: Timestamp,
) -> Response<AnswerBody> {
    let query = ReceiptQuery::parse(request.uri().query().unwrap_or_default(), &site.prefix);
    if visit.fetch.is_present() && !visit.fetch.is_top_navigation() {
        // The number of a visitor, also of one who refused everything, is for that visitor to see and not for the site's scripts.
        return message(site, visit, now, Message::ForeignChoice, &query.to);
    }
    let language = offered_language(site, visit, query.language);
    let record = proven_record(shared, site, visit, request);
    match shown(shared, site, visit, &query, language, record.as_ref(), now).await {
        Ok(response) => response,
        Err(text) => {
            let mut response = message(site, visit, now, text, &query.to);
            if text == Message::NotYetProved {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            }
            response
        }
    }
}

fn offered_language(site: &Site, visit: &Visit, asked: Option<Language>) -> Language {
    asked.filter(|language| site.languages.contains(language)).unwrap_or(visit.language)
}

/// The page, or a receipt to keep.
async fn shown(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    query: &ReceiptQuery,
    language: Language,
    record: Option<&Record>,
    now: Timestamp,
) -> Result<Response<AnswerBody>, Message> {
    let page = |status, recorded| {
        let (to, model, kept_for) = (&query.to, model_for(site, visit), shared.kept_for);
        let view = ReceiptView { to, model, kept_for, recorded };
        for_its_visitor(status, site.pages(now).receipt_page(language, &view))
    };
    let Some(record) = record else {
        // Who asks for a receipt where there is none shall not keep a page in its place.
        return Ok(page(if query.download.is_some() { StatusCode::NOT_FOUND } else { StatusCode::OK }, None));
    };
    if !shared.log_reads.allows(visit.client.address, now) {
        return Err(Message::TooManyChoices);
    }
    let history = history(shared, site, record).await.ok_or(Message::LogUnread)?;
    let current = history.kept.iter().rfind(|kept| is_of(record, kept));
    let Some(download) = query.download else {
        return Ok(page(StatusCode::OK, Some(recorded(site, record, &history, current, now))));
    };
    // Nobody gets the record of somebody else: a leaf is looked for among the visitor's own.
    let chosen = match query.leaf {
        Some(leaf) => history.kept.iter().find(|kept| kept.index == leaf).ok_or(Message::NotFound)?,
        None => current.ok_or(Message::NotYetProved)?,
    };
    receipt(shared, site, download, chosen, now).await
}

/// What is kept of a visitor on a site, the newest, and what is known of events that later ones name.
struct History {
    kept: Vec<KeptEvent>,
    /// How many events are kept, also those that are too many to be read.
    total: usize,
    removed: Vec<(LeafIndex, Timestamp)>,
}

async fn history(shared: &Shared, site: &Site, record: &Record) -> Option<History> {
    let (id, name) = (record.consent_id, site.name.clone());
    let read = shared.readers.read(move |reader| {
        let (kept, total) = (reader.history(id, &name)?, reader.kept_of(id, Some(&name))?);
        let mut removed = Vec::new();
        for named in kept.iter().filter_map(|kept| kept.event.ends) {
            if kept.iter().all(|other| other.index != named)
                && let Some((_, _, on)) = reader.removal(named)?
            {
                removed.push((named, on));
            }
        }
        removed.sort_unstable();
        removed.dedup();
        Ok(History { kept, total, removed })
    });
    read.await
}

/// Whether this is the event of a record. The record of a refusal names no leaf: it never waited for one.
fn is_of(record: &Record, kept: &KeptEvent) -> bool {
    match record.leaf {
        Some(leaf) => kept.index == leaf,
        None => {
            kept.ended_by.is_none()
                && kept.event.kind != EventKind::Frame
                && kept.event.time.seconds() == record.time.seconds()
                && kept.event.allowed == record.allowed
        }
    }
}

fn recorded<'a>(
    site: &Site,
    record: &'a Record,
    history: &'a History,
    current: Option<&'a KeptEvent>,
    now: Timestamp,
) -> Recorded<'a> {
    let removed = history.removed.iter().map(|(index, on)| HistoryLine::Removed { index: *index, on: *on });
    let kept = history.kept.iter().map(|kept| HistoryLine::Kept {
        index: kept.index,
        event: &kept.event,
        standing: standing(site, history, kept, now),
    });
    let mut history_lines: Vec<_> = removed.chain(kept).collect();
    history_lines.sort_unstable_by_key(HistoryLine::index);
    Recorded {
        consent_id: record.consent_id,
        choice: choice_view(site, record),
        in_force: choice_in_force(site, record, now),
        event: current.map(|kept| (kept.index, &kept.event)),
        history: history_lines,
        kept: history.total,
    }
}

/// Whether an event counts, and if not, what came first: another event, or the end of its term.
fn standing(site: &Site, history: &History, kept: &KeptEvent, now: Timestamp) -> Standing {
    let event = &kept.event;
    let ending = kept.ended_by.map(|by| history.kept.iter().find(|other| other.index == by));
    // A shorter term that was configured since holds for what was answered before, too.
    let end = event.valid_until.min(site.consent.valid_for.after(event.time));
    let counted_until = ending.map_or(now, |ending| ending.map_or(event.time, |ending| ending.event.time));
    let editions = &site.consent.editions;
    match ending {
        _ if end <= counted_until => Standing::Expired(end),
        Some(_) => Standing::Ended,
        None if editions.still_answered(&event.edition, event.offered, site.consent.offer, now) => Standing::InForce,
        None => Standing::AskedAgain,
    }
}

/// A receipt as a file: the record with its salt, and the proof that its leaf is in the log.
async fn receipt(
    shared: &Shared,
    site: &Site,
    download: Download,
    kept: &KeptEvent,
    now: Timestamp,
) -> Result<Response<AnswerBody>, Message> {
    let checkpoint = covering(shared, kept.index).await.ok_or(Message::NotYetProved)?;
    let covering = (checkpoint.checkpoint().size, checkpoint.note().to_string());
    let proof = proof(shared, kept.index, covering, Some(extra(kept))).await.ok_or(Message::LogUnread)?;
    let (text, media_type, name) = match download {
        Download::Proof => (proof.to_string(), "text/plain; charset=utf-8", "tlog-proof"),
        Download::Json => (readable(shared, site, kept, &proof, now).await?, "application/ld+json", "json"),
    };
    let mut response = for_its_visitor(StatusCode::OK, text);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    let name = format!("attachment; filename=\"consent-{}.{name}\"", kept.index.0);
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::try_from(name).expect("digits are a header value"));
    Ok(response)
}

/// What a leaf is computed from: `{"salt":"hex","record":…}` with the canonical bytes as they are.
fn extra(kept: &KeptEvent) -> Vec<u8> {
    let salt: String = kept.salt.0.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut extra = format!("{{\"salt\":\"{salt}\",\"record\":").into_bytes();
    extra.extend_from_slice(&kept.record);
    extra.push(b'}');
    extra
}

async fn readable(
    shared: &Shared,
    site: &Site,
    kept: &KeptEvent,
    proof: &Proof,
    now: Timestamp,
) -> Result<String, Message> {
    let id = kept.event.notice;
    let event = kept.event.clone();
    let read = shared.readers.read(move |reader| Ok((reader.notice(id)?, reader.allowed_before(&event)?)));
    let (notice, ended) = read.await.ok_or(Message::LogUnread)?;
    let issued = Issued {
        id: RecordId(random_uuid()),
        now,
        event: &kept.event,
        ended,
        proof,
        key: shared.store.key(),
        notice: notice.as_deref(),
    };
    Ok(site.pages(now).receipt_document(&issued))
}

/// The question, and with the answer yes the erasure.
async fn erase(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    request: Request<Incoming>,
    now: Timestamp,
) -> Result<Response<AnswerBody>, Rejected> {
    let own = visit.own_cookies.as_ref().ok_or_else(|| Rejected::new("not_recordable", Message::BadRequest))?;
    let leftovers = request.headers().clone();
    let Form { record, body } = posted::form(shared, site, visit, request, Sender::Page, now).await?;
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
    if !visit.fetch.is_by_person(visit.agent) {
        return Err(rejected("not_activated", Message::ForeignChoice));
    }
    if !shared.erasures.allows(visit.client.address, now) {
        return Err(rejected("too_many", Message::TooManyChoices));
    }
    let known = history(shared, site, &record).await.ok_or_else(|| rejected("log_unread", Message::LogUnread))?;
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
