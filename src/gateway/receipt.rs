//! What is recorded about the browser that asks: the page, and receipts to keep.
//!
//! The signed record in the cookie says whose records are shown; no number that stands in an address does.

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::{
    AnswerBody, Shared,
    erasure::erase,
    own_pages::{for_its_visitor, message, model_for, random_uuid},
    published_log::{covering, proof},
    recorded::History,
    request::proven_record,
    site::Site,
    visit::Visit,
};
use crate::{
    consent::Record,
    ledger::{NoticeId, Proof, RecordId, hex},
    pages::{Download, Issued, Message, ReceiptQuery, ReceiptView, Whereabouts},
    store::KeptEvent,
    timestamp::Timestamp,
    visitor::Language,
};

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
    let answered = match query.notice {
        Some(id) => kept_notice(shared, site, visit, &query, (language, id), now).await,
        None => {
            let record = proven_record(shared, site, visit, request);
            shown(shared, site, visit, &query, language, record.as_ref(), now).await
        }
    };
    match answered {
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

pub(super) fn offered_language(site: &Site, visit: &Visit, asked: Option<Language>) -> Language {
    asked.filter(|language| site.languages.contains(language)).unwrap_or(visit.language)
}

/// The page, or a receipt to keep.
pub(super) async fn shown(
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
        let view = ReceiptView { to, model, kept_for, key: shared.store.key(), recorded };
        for_its_visitor(status, site.pages(now).receipt_page(language, &view))
    };
    let Some(record) = record else {
        // Who asks for a receipt where there is none shall not keep a page in its place.
        return Ok(page(if query.download.is_some() { StatusCode::NOT_FOUND } else { StatusCode::OK }, None));
    };
    if !shared.log_reads.allows(visit.client.address, now) {
        return Err(Message::TooManyChoices);
    }
    let history = History::read(shared, site, record).await.ok_or(Message::LogUnread)?;
    let Some(download) = query.download else {
        return Ok(page(StatusCode::OK, history.recorded(site, record, now)));
    };
    // Nobody gets the record of somebody else: a leaf is looked for among the visitor's own.
    let chosen = match (query.leaf, history.whereabouts(record)) {
        (Some(leaf), _) => history.kept.iter().find(|kept| kept.index == leaf).ok_or(Message::NotFound)?,
        (None, Some(Whereabouts::Waiting)) => return Err(Message::NotYetProved),
        (None, _) => match history.current() {
            Some(current) => current,
            None => return Ok(page(StatusCode::NOT_FOUND, history.recorded(site, record, now))),
        },
    };
    receipt(shared, site, download, chosen, now).await
}

/// The text of a notice that the log keeps, or its document. It is the same for everybody, so no record is asked for.
async fn kept_notice(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    query: &ReceiptQuery,
    (language, id): (Language, NoticeId),
    now: Timestamp,
) -> Result<Response<AnswerBody>, Message> {
    if !shared.log_reads.allows(visit.client.address, now) {
        return Err(Message::TooManyChoices);
    }
    let document = shared.readers.read(move |reader| reader.notice(id)).await.ok_or(Message::LogUnread)?;
    let document = document.ok_or(Message::NotFound)?;
    if query.download.is_some() {
        let name = format!("notice-{}.json", &id.to_string()[..12]);
        return Ok(attachment(document, "application/json", &name));
    }
    let page = site.pages(now).notice_page(language, (id, &document), &query.to);
    Ok(for_its_visitor(StatusCode::OK, page.ok_or(Message::NotFound)?))
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
    Ok(attachment(text, media_type, &format!("consent-{}.{name}", kept.index.0)))
}

/// A file to keep. `name` is letters, digits, dots and hyphens.
fn attachment(text: String, media_type: &'static str, name: &str) -> Response<AnswerBody> {
    let mut response = for_its_visitor(StatusCode::OK, text);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    headers.insert(header::CONTENT_DISPOSITION, disposition.expect("letters and digits are a header value"));
    response
}

/// What a leaf is computed from: `{"salt":"hex","record":…}` with the canonical bytes as they are.
fn extra(kept: &KeptEvent) -> Vec<u8> {
    let mut extra = format!("{{\"salt\":\"{}\",\"record\":", hex(&kept.salt.0)).into_bytes();
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
