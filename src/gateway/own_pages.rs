//! Our own pages under the prefix, but for the choice, which has a file of its own.

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::{
    AnswerBody, Shared, choice, country::model_in, frame, published_log, receipt, report, request::proven_record,
    route_view, site::Site, visit::Visit,
};
use crate::{
    clock,
    consent::{CategorySet, Model, Record},
    ledger::{Event, LeafIndex},
    pages::{CONTENT_SECURITY_POLICY, ChoiceView, Message, ReturnPath, SettingsQuery, SettingsView},
    routing::OwnPage,
    store::AppendError,
    timestamp::Timestamp,
};

/// How long browsers keep our files: their names hold a hash of their content.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Answers a request under our prefix.
pub(super) async fn answer(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    page: OwnPage<'_>,
    request: Request<Incoming>,
    now: Timestamp,
) -> Response<AnswerBody> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match page {
        OwnPage::Choice if request.method() == Method::POST => choice::answer(shared, site, visit, request, now).await,
        OwnPage::Report => report::answer(shared, site, visit, request, now).await,
        OwnPage::View if site.counts_routes => route_view::answer(shared, site, visit, request, now).await,
        OwnPage::Choice => method_not_allowed(site, visit, now, "POST"),
        OwnPage::Frame if reads || request.method() == Method::POST => {
            frame::answer(shared, site, visit, request, now).await
        }
        OwnPage::Receipt if reads || request.method() == Method::POST => {
            receipt::answer(shared, site, visit, request, now).await
        }
        OwnPage::Frame | OwnPage::Receipt => method_not_allowed(site, visit, now, "GET, HEAD, POST"),
        _ if !reads => method_not_allowed(site, visit, now, "GET, HEAD"),
        OwnPage::Log(log, file) => published_log::answer(shared, visit, log, file, request.headers(), now).await,
        OwnPage::Settings => settings(shared, site, visit, &request, now),
        OwnPage::Policy(edition, language) => {
            // A page of a language is the same for everybody, so the address decides and not the browser.
            let known = if site.languages.contains(&language) { language } else { visit.language };
            let pages = site.pages_under(&edition).unwrap_or_else(|| site.pages(now));
            match pages.policy_page(known, &edition) {
                Some(text) => html(StatusCode::OK, text),
                None => message(site, visit, now, Message::NotFound, &ReturnPath::default()),
            }
        }
        OwnPage::Asset(name) => asset(site, visit, name, request.headers(), now),
        OwnPage::GlobalPrivacyControl => global_privacy_control(site, now),
        OwnPage::View | OwnPage::Unknown => message(site, visit, now, Message::NotFound, &ReturnPath::default()),
    }
}

fn settings(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    request: &Request<Incoming>,
    now: Timestamp,
) -> Response<AnswerBody> {
    let query = SettingsQuery::parse(request.uri().query().unwrap_or_default(), &site.prefix);
    let language = query.language.filter(|language| site.languages.contains(language)).unwrap_or(visit.language);
    let record = proven_record(shared, site, visit, request);
    let record = record.as_ref().filter(|record| choice_in_force(site, record, now));
    let choice = record.map(|record| choice_view(site, record));
    let view =
        SettingsView { to: &query.to, model: model_for(site, visit), choice, signals: visit.signals, saved: false };
    html(StatusCode::OK, site.pages(now).settings_page(language, &view))
}

/// Whether a proven record still answers what is asked now.
pub(super) fn choice_in_force(site: &Site, record: &Record, now: Timestamp) -> bool {
    site.consent.valid_for.after(record.time) > now
        && site.consent.editions.still_answered(&record.edition, record.offered, site.consent.offer, now)
}

/// What a record says, for a page.
pub(super) fn choice_view<'a>(site: &Site, record: &'a Record) -> ChoiceView<'a> {
    ChoiceView {
        allowed: record.allowed.intersection(site.consent.offer),
        offered: record.offered,
        time: record.time,
        valid_until: site.consent.valid_for.after(record.time),
        edition: &record.edition,
    }
}

/// Says that the site honours Global Privacy Control, as of the policy in force (W3C, Global Privacy Control, section 4.2).
fn global_privacy_control(site: &Site, now: Timestamp) -> Response<AnswerBody> {
    let since = site.consent.editions.in_force(now).effective.to_string();
    let date = since.split('T').next().unwrap_or_default();
    let mut response = Response::new(AnswerBody::ours(format!("{{\"gpc\":true,\"lastUpdate\":\"{date}\"}}")));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn asset(site: &Site, visit: &Visit, name: &str, asked: &HeaderMap, now: Timestamp) -> Response<AnswerBody> {
    let Some(asset) = site.pages(now).asset(name) else {
        return message(site, visit, now, Message::NotFound, &ReturnPath::default());
    };
    let (body, coding) = match (accepts(asked, "br"), accepts(asked, "gzip")) {
        (true, _) => (asset.brotli, Some("br")),
        (false, true) => (asset.gzip, Some("gzip")),
        (false, false) => (asset.body, None),
    };
    let mut response = Response::new(AnswerBody::ours(body));
    let headers = response.headers_mut();
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers
        .insert(header::CACHE_CONTROL, HeaderValue::from_static(if asset.immutable { IMMUTABLE } else { "no-cache" }));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Whether a coding is named and not by weight nought (RFC 9110, section 12.5.3). `*` is taken for none: browsers name what they read.
fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let mut named = lines.flat_map(|line| line.split(',')).map(|item| item.split_once(';').unwrap_or((item, "")));
    named.any(|(name, weight)| {
        let weight = weight.trim().strip_prefix("q=").map(str::trim);
        name.trim().eq_ignore_ascii_case(coding)
            && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}

fn method_not_allowed(site: &Site, visit: &Visit, now: Timestamp, allow: &'static str) -> Response<AnswerBody> {
    let mut response = message(site, visit, now, Message::BadRequest, &ReturnPath::default());
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

/// A short page of the site that says what happened.
pub(super) fn message(
    site: &Site,
    visit: &Visit,
    now: Timestamp,
    message: Message,
    to: &ReturnPath,
) -> Response<AnswerBody> {
    html(message.status(), site.pages(now).message_page(visit.language, message, to, None))
}

/// One of our pages. None is kept by caches: each shows what holds for one visitor at one moment.
pub(super) fn html(status: StatusCode, text: String) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::ours(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::HeaderName::from_static("x-robots-tag"), "noindex"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A page that says what is recorded about its visitor. A script of the site can open a window with it, but not read what is in it.
///
/// It is for pages alone, not for what leads back to the site: the header cuts a window off from the one that opened it.
pub(super) fn for_its_visitor(status: StatusCode, text: String) -> Response<AnswerBody> {
    let mut response = html(status, text);
    let policy = header::HeaderName::from_static("cross-origin-opener-policy");
    response.headers_mut().insert(policy, HeaderValue::from_static("same-origin"));
    response
}

/// Which model holds for this visitor.
pub(super) fn model_for(site: &Site, visit: &Visit) -> Model {
    model_in(&site.consent, visit.country)
}

/// Writes an event that grants something and returns the record that proves it, once the event is durable.
pub(super) async fn append(shared: &Shared, site: &Site, visit: &Visit, event: Event) -> Result<Record, AppendError> {
    let proof = |leaf| record_of(&event, leaf);
    let open = visit.trace.open();
    open.inspect(|open| open.appends());
    let timer = shared.metrics.log_append_seconds.start_timer();
    let appended = shared.store.append(event.clone()).await;
    timer.observe_duration();
    open.inspect(|open| open.appended(appended.is_ok()));
    match appended {
        Ok(appended) => {
            shared.metrics.chosen(&site.name, event.kind);
            Ok(proof(Some(appended.index)))
        }
        Err(error) => {
            shared.metrics.append_failed();
            tracing::error!(%error, "the consent log can't be written, so nothing is granted");
            Err(error)
        }
    }
}

/// The record that says what an event says.
pub(super) fn record_of(event: &Event, leaf: Option<LeafIndex>) -> Record {
    Record {
        consent_id: event.consent_id,
        offered: event.offered,
        allowed: if leaf.is_some() { event.allowed } else { CategorySet::EMPTY },
        time: Timestamp::from_seconds(event.time.seconds()),
        leaf,
        edition: event.edition.clone(),
    }
}

/// A random UUID, version 4 (RFC 9562, section 5.4).
pub(super) fn random_uuid() -> [u8; 16] {
    let mut bytes: [u8; 16] = clock::random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    bytes
}
