//! A posted choice: which requests are heard, what is logged of them, how they are answered. How one becomes valid is in `in_force`.

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::{
    AnswerBody, Shared,
    in_force::{Outcome, put_in_force},
    own_cookies::OwnCookies,
    own_pages::{html, message, model_for, random_uuid},
    posted,
    request::proven_record,
    site::Site,
    visit::Visit,
};
use crate::{
    clock,
    consent::{CategorySet, ConsentId, Record},
    cookies::{ExpiryScope, filter_request},
    ledger::{Event, EventKind, Method, NoticeId, PagePath, RecordId},
    pages::{ChoiceFault, LONGEST_CHOICE, Layer, Message, PostedChoice, ReturnPath, parse_form, parse_json},
    statistics::{Answer, AnswerKind, Banner, Counted, CountedPath},
    timestamp::Timestamp,
    visitor::Scheme,
};

/// How long a choice made on the previous edition is taken, in seconds after the next one came into force: pages are open for a while.
const PREVIOUS_EDITION_SECONDS: i64 = 3600;

/// Caches of pages that were loaded under the earlier choice.
const CLEAR_SITE_DATA: &str = "\"prefetchCache\", \"prerenderCache\"";

/// How a choice was sent, and so how it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Html,
    Json,
}

impl Form {
    /// By the type of the body. Any other type comes from no page of ours.
    fn of(headers: &HeaderMap) -> Option<Self> {
        match posted::media_type(headers)?.as_str() {
            "application/x-www-form-urlencoded" => Some(Self::Html),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Why a choice was not taken.
#[derive(Debug)]
enum Rejected {
    Foreign,
    NotActivated,
    TooMany,
    NotRecordable,
    UnknownType,
    Unreadable,
    Fault(ChoiceFault),
    UnknownEdition,
}

impl Rejected {
    fn name(&self) -> &'static str {
        match self {
            Self::Foreign => "foreign",
            Self::NotActivated => "not_activated",
            Self::TooMany => "too_many",
            Self::NotRecordable => "not_recordable",
            Self::UnknownType => "unknown_type",
            Self::Unreadable => "unreadable",
            Self::Fault(_) => "malformed",
            Self::UnknownEdition => "unknown_edition",
        }
    }

    fn message(&self) -> Message {
        match self {
            Self::Foreign | Self::NotActivated => Message::ForeignChoice,
            Self::TooMany => Message::TooManyChoices,
            Self::NotRecordable | Self::UnknownType | Self::Unreadable | Self::Fault(_) | Self::UnknownEdition => {
                Message::BadRequest
            }
        }
    }
}

/// Answers `POST …/choice`.
pub(super) async fn answer(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    request: Request<Incoming>,
    now: Timestamp,
) -> Response<AnswerBody> {
    let form = Form::of(request.headers());
    let outcome = match form {
        Some(form) => taken(shared, site, visit, form, request, now).await,
        None => Err(Rejected::UnknownType),
    };
    match outcome {
        Ok(response) => response,
        Err(rejected) => {
            shared.metrics.choice_rejected(rejected.name());
            let text = rejected.message();
            match form.unwrap_or(Form::Html) {
                Form::Html => message(site, visit, now, text, &ReturnPath::default()),
                Form::Json => {
                    let detail = match &rejected {
                        Rejected::Fault(fault) => fault.to_string(),
                        other => other.name().to_owned(),
                    };
                    json(text.status(), serde_json::json!({ "error": rejected.name(), "detail": detail }).to_string())
                }
            }
        }
    }
}

async fn taken(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    form: Form,
    request: Request<Incoming>,
    now: Timestamp,
) -> Result<Response<AnswerBody>, Rejected> {
    let own = visit.own_cookies.as_ref().ok_or(Rejected::NotRecordable)?;
    if !posted::is_from_this_site(visit, request.headers()) {
        return Err(Rejected::Foreign);
    }
    if !shared.choices.allows(visit.client.address, now) {
        return Err(Rejected::TooMany);
    }
    let previous = proven_record(shared, site, visit, &request);
    let leftovers = request.headers().clone();
    let posted = read(site, form, request).await?;
    if form == Form::Html && !posted.allowed.is_empty() && !visit.fetch.is_by_person(visit.agent()) {
        return Err(Rejected::NotActivated);
    }
    check_edition(site, &posted, now)?;
    let event = event(site, visit, form, &posted, previous.as_ref(), now);
    // Kelisim's script loads the page again where something else is allowed than before; a form always does.
    let had = previous.as_ref().map_or(CategorySet::EMPTY, |record| record.allowed);
    let reloads = form == Form::Html || event.allowed != had;
    let answer = counted(site, &event, &posted.to, reloads, now);
    let outcome = put_in_force(shared, site, visit, event, previous.as_ref()).await;
    if outcome.record().is_some() {
        shared.counter.count(site.number, Counted::Answer(answer));
    }
    let mut response = match (form, &outcome) {
        (Form::Html, Outcome::InForce(_)) => see_other(&posted.to),
        (Form::Html, Outcome::ProofFollows(_)) => message(site, visit, now, Message::RefusalInForce, &posted.to),
        (Form::Html, Outcome::NothingGranted | Outcome::TakenBack(_)) => {
            message(site, visit, now, Message::NotRecorded, &posted.to)
        }
        (Form::Json, _) => json_outcome(&outcome),
    };
    let headers = response.headers_mut();
    set_cookies(shared, site, own, &outcome, previous.is_some(), headers);
    // Where nothing changed, what an earlier choice allows is no leftover.
    if let Some(record) = outcome.record() {
        expire_leftovers(shared, site, visit, leftovers, record.allowed, &posted.to, headers);
    }
    clear_caches(visit, headers);
    Ok(response)
}

/// Empties the caches of pages that were loaded under the earlier choice.
pub(super) fn clear_caches(visit: &Visit, headers: &mut HeaderMap) {
    if visit.client.scheme == Scheme::Https {
        headers.insert("clear-site-data", HeaderValue::from_static(CLEAR_SITE_DATA));
    }
}

async fn read(site: &Site, form: Form, request: Request<Incoming>) -> Result<PostedChoice, Rejected> {
    let body = posted::read(request, LONGEST_CHOICE).await.map_err(|_| Rejected::Unreadable)?;
    let parse = match form {
        Form::Html => parse_form,
        Form::Json => parse_json,
    };
    parse(&body, site.consent.offer, &site.prefix).map_err(Rejected::Fault)
}

/// The edition in force, or the one before it for an hour.
fn check_edition(site: &Site, posted: &PostedChoice, now: Timestamp) -> Result<(), Rejected> {
    let editions = &site.consent.editions;
    let current = editions.in_force(now);
    let before = editions.in_force(Timestamp::from_seconds(now.seconds() - PREVIOUS_EDITION_SECONDS));
    if posted.edition == current.id || posted.edition == before.id { Ok(()) } else { Err(Rejected::UnknownEdition) }
}

fn event(
    site: &Site,
    visit: &Visit,
    form: Form,
    posted: &PostedChoice,
    previous: Option<&Record>,
    now: Timestamp,
) -> Event {
    let had = previous.map_or(CategorySet::EMPTY, |record| record.allowed);
    let kind = match (posted.allowed.is_empty(), had.is_empty()) {
        (true, true) => EventKind::Refused,
        _ if !posted.allowed.includes(had) => EventKind::Withdrawn,
        _ if previous.is_some() => EventKind::Renewed,
        _ => EventKind::Expressed,
    };
    let language = if site.languages.contains(&posted.language) { posted.language } else { visit.language };
    let pages = site.pages_under(&posted.edition).unwrap_or_else(|| site.pages(now));
    // A notice that this gateway has not kept proves nothing, so a name that is none of ours is replaced by the notice of the language.
    let shown = posted.notice.map(NoticeId).and_then(|id| pages.notices().find(|notice| notice.id == id));
    let notice = shown.unwrap_or_else(|| pages.notice(language, model_for(site, visit)));
    Event {
        id: RecordId(random_uuid()),
        consent_id: previous.map_or_else(|| ConsentId::from_bytes(clock::random()), |record| record.consent_id),
        site: (&*site.name).into(),
        kind,
        time: now,
        validity: site.consent.valid_for,
        valid_until: site.consent.valid_for.after(now),
        method: match (form, posted.layer) {
            (Form::Json, _) => Method::Script,
            (Form::Html, Layer::Banner) => Method::BannerForm,
            (Form::Html, Layer::Settings) => Method::SettingsForm,
            (Form::Html, Layer::Receipt) => Method::ReceiptForm,
        },
        offered: site.consent.offer,
        allowed: posted.allowed,
        // What was chosen under is what was shown, whatever was posted: an auditor compares the two.
        edition: notice.edition.clone(),
        notice: notice.id,
        language,
        page: Some(PagePath::new(posted.to.as_str())),
        agent: visit.agent(),
        signals: visit.signals,
        ends: previous.and_then(|record| record.leaf),
        frame: None,
    }
}

/// What is counted of it, where it is in force.
fn counted(site: &Site, event: &Event, to: &ReturnPath, reloads: bool, time: Timestamp) -> Answer {
    let kind = match event.kind {
        EventKind::Withdrawn => AnswerKind::Withdrawn,
        _ if event.allowed.is_empty() => AnswerKind::Refused,
        _ if event.allowed.includes(event.offered) => AnswerKind::Accepted,
        _ => AnswerKind::Partly,
    };
    let banner = Banner { language: event.language, edition: event.edition.clone() };
    Answer { site: site.number, time, kind, banner, path: CountedPath::new(to.as_str()), reloads }
}

fn set_cookies(
    shared: &Shared,
    site: &Site,
    own: &OwnCookies,
    outcome: &Outcome,
    had_record: bool,
    headers: &mut HeaderMap,
) {
    let lines = match outcome.record() {
        Some(record) => {
            let signed = record.sign(&shared.keys(), &shared.binding(site, own.record).borrowed());
            own.set(record, signed, site.consent.valid_for.after(record.time))
        }
        // A grant that failed leaves an earlier choice as it was.
        None if had_record => return,
        None => own.clear(),
    };
    for line in lines {
        headers.append(header::SET_COOKIE, line);
    }
}

/// Deletes what the browser still holds of cookies that are now refused. What did not come along with the choice, since it is kept for other
/// paths, is deleted as well where the site was seen to keep it, unless the visitor allowed all that was offered.
pub(super) fn expire_leftovers(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    mut sent: HeaderMap,
    allowed: CategorySet,
    to: &ReturnPath,
    headers: &mut HeaderMap,
) {
    let permit = site.permit(allowed);
    let refused = filter_request(&mut sent, &site.catalogue, permit).refused;
    let next = to.as_str().split(['?', '#']).next().unwrap_or("/");
    let path = format!("{}choice", site.prefix);
    let secure = visit.client.scheme == Scheme::Https;
    let scope = ExpiryScope { host: &visit.host, path: &path, next: Some(next), secure };
    let round = shared.next_round();
    let lines = if allowed.includes(site.consent.offer) {
        site.expire_leftovers(&refused, &scope, round)
    } else {
        site.expire_refused(&refused, permit, &scope, round)
    };
    for line in lines {
        headers.append(header::SET_COOKIE, line);
    }
}

pub(super) fn see_other(to: &ReturnPath) -> Response<AnswerBody> {
    let mut response = html(StatusCode::SEE_OTHER, String::new());
    let location = HeaderValue::try_from(to.as_str()).unwrap_or_else(|_| HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, location);
    response
}

fn json_outcome(outcome: &Outcome) -> Response<AnswerBody> {
    let status = match outcome {
        Outcome::InForce(_) | Outcome::ProofFollows(_) => StatusCode::OK,
        Outcome::NothingGranted | Outcome::TakenBack(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    // Only a leaf proves that an event is durable; that of a refusal follows.
    let recorded = outcome.record().is_some_and(|record| record.leaf.is_some());
    let allowed: Vec<_> = outcome.record().into_iter().flat_map(|record| record.allowed.iter()).collect();
    let names: Vec<_> = allowed.iter().map(|category| category.name()).collect();
    let answer = serde_json::json!({ "answered": outcome.record().is_some(), "allowed": names, "recorded": recorded });
    json(status, answer.to_string())
}

fn json(status: StatusCode, text: String) -> Response<AnswerBody> {
    let mut response = html(status, text);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
