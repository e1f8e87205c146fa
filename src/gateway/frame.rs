//! Frames whose host is refused: what stands in their place, the form that opens one of them once, and what that changes in the page.

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::{
    AnswerBody, Mode, Shared,
    choice::see_other,
    own_pages::{append, html, message, model_for, random_uuid},
    posted::{self, Form, Rejected, Sender},
    site::Site,
    visit::Visit,
};
use crate::{
    clock,
    consent::{CategorySet, ConsentId, FrameGrant},
    cookies::{self, Found},
    ledger::{Event, EventKind, Method as EventMethod, OpenedFrame, PagePath, RecordId},
    pages::{FRAME_SECURITY_POLICY, FrameOffer, FrameRefusal, FrameRequest, Message, ReturnPath},
    rewrite::{EditMode, PageEdits, Placeholder},
    routing::NotOnDemand,
    timestamp::{Term, Timestamp},
};

/// Answers `GET` and `POST …/frame`. All of it may stand in a frame of the site.
pub(super) async fn answer(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    request: Request<Incoming>,
    now: Timestamp,
) -> Response<AnswerBody> {
    let mut response = match *request.method() {
        Method::POST => {
            let outcome = opened(shared, site, visit, request, now).await;
            outcome.unwrap_or_else(|rejected| rejected.answer(shared, site, visit, now))
        }
        _ => placeholder(site, visit, &request, now),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, FRAME_SECURITY_POLICY),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
        // A page that isolates itself takes only frames that do so, too.
        (header::HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn placeholder(site: &Site, visit: &Visit, request: &Request<Incoming>, now: Timestamp) -> Response<AnswerBody> {
    let query = request.uri().query().unwrap_or_default();
    let Some(asked) = FrameRequest::parse(query.as_bytes(), &site.prefix) else {
        return message(site, visit, now, Message::BadRequest, &ReturnPath::default());
    };
    let language = asked.language.filter(|language| site.languages.contains(language)).unwrap_or(visit.language);
    let offer = match site.foreign_hosts.on_demand(&asked.host, asked.port, site.consent.offer) {
        Err(NotOnDemand::Unlisted) => FrameOffer::Nothing(FrameRefusal::Unlisted),
        Err(NotOnDemand::NotOffered) => FrameOffer::Nothing(FrameRefusal::NotOffered),
        Err(NotOnDemand::HidesAddress) => FrameOffer::Nothing(FrameRefusal::HidesAddress),
        Ok(_) if visit.own_cookies.is_none() => FrameOffer::Nothing(FrameRefusal::NotRecordable),
        Ok(line) if asked.sandboxed => FrameOffer::Settings(line),
        Ok(line) => FrameOffer::Once(line),
    };
    html(StatusCode::OK, site.pages(now).frame_page(language, &asked, offer))
}

/// Logs the event and waits for it; only then is there a leave to load the frame.
async fn opened(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    request: Request<Incoming>,
    now: Timestamp,
) -> Result<Response<AnswerBody>, Rejected> {
    let own = visit.own_cookies.as_ref().ok_or_else(|| Rejected::new("not_recordable", Message::BadRequest))?;
    let Form { record, body } = posted::form(shared, site, visit, request, Sender::Person, now).await?;
    let asked = FrameRequest::parse(&body, &site.prefix);
    let asked = asked.ok_or_else(|| Rejected::new("malformed", Message::BadRequest))?;
    let line = site.foreign_hosts.on_demand(&asked.host, asked.port, site.consent.offer);
    let not_on_demand = || Rejected { to: asked.to.clone(), ..Rejected::new("not_on_demand", Message::BadRequest) };
    let line = line.map_err(|_| not_on_demand())?;
    let language = asked.language.filter(|language| site.languages.contains(language)).unwrap_or(visit.language);
    let event = Event {
        id: RecordId(random_uuid()),
        consent_id: record.map_or_else(|| ConsentId::from_bytes(clock::random()), |record| record.consent_id),
        site: (&*site.name).into(),
        kind: EventKind::Frame,
        time: now,
        validity: Term { months: 0, days: 0 },
        valid_until: Timestamp::from_milliseconds(now.milliseconds() + FrameGrant::VALID_FOR_SECONDS * 1000),
        method: EventMethod::FrameForm,
        // Neither a category is offered here nor one allowed: it is one frame, which `frame` names.
        offered: CategorySet::EMPTY,
        allowed: CategorySet::EMPTY,
        edition: site.consent.editions.in_force(now).id.clone(),
        notice: site.pages(now).notice(language, model_for(site, visit)).id,
        language,
        page: Some(PagePath::new(asked.to.as_str())),
        agent: visit.agent(),
        signals: visit.signals,
        ends: None,
        frame: Some(OpenedFrame { host: asked.authority().into(), category: line.category }),
    };
    if append(shared, site, visit, event).await.is_err() {
        return Ok(message(site, visit, now, Message::NotRecorded, &asked.to));
    }
    let to = asked.to.as_str();
    let page = to.split('#').next().unwrap_or(to);
    let time = Timestamp::from_seconds(now.seconds());
    let grant = FrameGrant { host: asked.host, port: asked.port, page: page.into(), frame: asked.frame, time };
    let signed = grant.sign(&shared.keys(), &shared.binding(site, own.frame).borrowed());
    let mut response = see_other(&asked.to);
    response.headers_mut().append(header::SET_COOKIE, own.grant_frame(signed));
    Ok(response)
}

/// The leave that a request brings for its page, if what it names may still be opened. Reads only.
pub(super) fn grant(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    request: &Request<Incoming>,
    now: Timestamp,
) -> Option<FrameGrant> {
    let own = visit.own_cookies.as_ref()?;
    let Found::Once(value) = cookies::find(request.headers(), own.frame) else { return None };
    let page = request.uri().path_and_query()?.as_str();
    let grant = FrameGrant::verify(value, &shared.keys(), &shared.binding(site, own.frame).borrowed(), page, now)?;
    site.foreign_hosts.on_demand(&grant.host, grant.port, site.consent.offer).is_ok().then_some(grant)
}

/// What is edited in a page at this path.
pub(super) fn edits(
    site: &Site,
    visit: &Visit,
    allowed: CategorySet,
    path_and_query: &str,
    grant: Option<FrameGrant>,
    now: Timestamp,
) -> Option<PageEdits> {
    let mode = match site.mode {
        Mode::Strict => EditMode::Strict,
        Mode::Compatible => EditMode::Compatible,
        Mode::Observe => return None,
    };
    let (address, title) = site.pages(now).frame_address(visit.language, path_and_query);
    let placeholder = Placeholder { address: address.into(), title: title.into() };
    let page = format!("{}{path_and_query}", visit.origin());
    PageEdits::new(mode, site.foreign_hosts.clone(), allowed, &page, grant, placeholder)
}
