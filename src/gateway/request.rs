//! The stages before the site: decide, clear the request.

use http::{HeaderMap, HeaderName, HeaderValue, Request, Version, header};
use hyper::body::Incoming;

use super::{Mode, Shared, own_pages, response::Asked, site::Site, visit::Visit};
use crate::{
    clock,
    consent::{Binding, ConsentId, Decision, Evidence, Reason, Record, ShownMark, decide},
    cookies::{self, ClearedRequest, Found, RefusedCookies},
    ledger::{Event, EventKind, Method, PagePath, RecordId},
    rewrite,
    routing::PathRule,
    telemetry::Direction,
    timestamp::Timestamp,
    upstream::{append_via, remove_forwarding, remove_fulfilled, remove_hop_by_hop, set_forwarding, upgrade_protocol},
};

/// The request header by which the site learns the decision.
const CONSENT_HEADER: HeaderName = HeaderName::from_static("kelisim-consent");

/// What the decision stage found.
pub(super) struct Decided {
    pub(super) decision: Decision,
    /// A record that was made in this request, because consent was implied: it must be set as a cookie.
    pub(super) new_record: Option<Record>,
}

/// The record that a request proves: signature, binding and leaf hold. Reads only.
pub(super) fn proven_record(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    request: &Request<Incoming>,
) -> Option<Record> {
    let own = visit.own_cookies.as_ref()?;
    let Found::Once(value) = cookies::find(request.headers(), own.record) else { return None };
    let record = visit.records.verified(site.number, own.record, value, || {
        Record::verify(value, &shared.keys(), &shared.binding(site, own.record).borrowed())
            .or_else(|| record_of_earlier_log(shared, site, own.record, value))
    })?;
    record.leaf.is_none_or(|leaf| shared.store.is_live(leaf)).then_some(record)
}

/// The record that was made before the log was restored, if its leaf came back. One without a leaf allows nothing, so it is believed.
fn record_of_earlier_log(shared: &Shared, site: &Site, cookie_name: &'static str, value: &[u8]) -> Option<Record> {
    shared.earlier_bindings(site, cookie_name).find_map(|(binding, size)| {
        let record = Record::verify(value, &shared.keys(), &binding.borrowed())?;
        record.leaf.is_none_or(|leaf| leaf.0 < size).then_some(record)
    })
}

/// Decides. Where consent is implied it is first recorded; when it can't be, it does not exist.
pub(super) async fn decided(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    request: &Request<Incoming>,
    now: Timestamp,
) -> Decided {
    let shown = shown_mark(shared, site, visit, request, now);
    let evidence = Evidence {
        record: proven_record(shared, site, visit, request),
        agent: shown.as_ref().map(|_| visit.agent()),
        shown,
        method: request.method().clone(),
        fetch: visit.fetch,
        signals: visit.signals,
        country: visit.country,
    };
    let mut decision = decide(&site.consent, evidence, now);
    if visit.own_cookies.is_none() && decision.reason == Reason::Unanswered {
        // On plain http beyond loopback no choice can be recorded, so none is asked for and none is missing.
        decision.reason = Reason::CouldNotCarry;
    }
    let mut new_record = None;
    if decision.reason == Reason::Implied {
        new_record = Box::pin(record_implied(shared, site, visit, request.uri().path(), now)).await;
        decision = match &new_record {
            Some(record) => {
                Decision { reason: Reason::Answered, allowed: record.allowed, choice: Some(record.clone()) }
            }
            None => Decision { reason: Reason::Unanswered, ..decision },
        };
    }
    site.metrics.decided(decision.reason);
    Decided { decision, new_record }
}

/// The cookies of a consent that was implied by this request.
pub(super) fn implied_cookies(shared: &Shared, site: &Site, visit: &Visit, decided: &Decided) -> Vec<HeaderValue> {
    let (Some(own), Some(record)) = (&visit.own_cookies, &decided.new_record) else { return Vec::new() };
    let signed = record.sign(&shared.keys(), &shared.binding(site, own.record).borrowed());
    own.set(record, signed, site.consent.valid_for.after(record.time)).to_vec()
}

fn shown_mark(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    request: &Request<Incoming>,
    now: Timestamp,
) -> Option<ShownMark> {
    let own = visit.own_cookies.as_ref()?;
    let Found::Once(value) = cookies::find(request.headers(), own.shown) else { return None };
    ShownMark::verify(value, &shared.keys(), &shared.binding(site, own.shown).borrowed(), now)
}

async fn record_implied(shared: &Shared, site: &Site, visit: &Visit, path: &str, now: Timestamp) -> Option<Record> {
    if shared.store.is_failing() {
        // Nobody waits for a page because of a log that is known not to answer; the banner stays.
        return None;
    }
    let edition = site.consent.editions.in_force(now).id.clone();
    let model = own_pages::model_for(site, visit);
    let event = Event {
        id: RecordId(own_pages::random_uuid()),
        consent_id: ConsentId::from_bytes(clock::random()),
        site: (&*site.name).into(),
        kind: EventKind::Implied,
        time: now,
        validity: site.consent.valid_for,
        valid_until: site.consent.valid_for.after(now),
        method: Method::Navigation,
        offered: site.consent.offer,
        allowed: site.consent.offer,
        notice: site.pages(now).notice(visit.language, model).id,
        edition,
        language: visit.language,
        page: Some(PagePath::new(path)),
        agent: visit.agent(),
        signals: visit.signals,
        ends: None,
        frame: None,
    };
    own_pages::append(shared, site, visit, event).await.ok()
}

/// The borrowed form is what signing needs; this one can be kept.
pub(super) struct OwnedBinding<'a> {
    pub(super) cookie_name: &'static str,
    pub(super) site: &'a str,
    pub(super) log_origin: &'a str,
}

impl OwnedBinding<'_> {
    pub(super) fn borrowed(&self) -> Binding<'_> {
        Binding { cookie_name: self.cookie_name, site: self.site, log_origin: self.log_origin }
    }
}

/// A request ready to leave, and what its answer will be asked.
pub(super) struct Cleared {
    pub(super) request: ClearedRequest<Incoming>,
    pub(super) refused: RefusedCookies,
}

/// Clears a request for a site whose cookies are filtered.
pub(super) fn clear(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    decision: &Decision,
    rule: Option<&PathRule>,
    asked: &Asked,
    mut request: Request<Incoming>,
) -> Cleared {
    forward(site, visit, rule, &mut request);
    let may_be_page = asked.page_headers.is_some() && !asked.banner_excluded;
    let is_governed = site.mode == Mode::Strict && !asked.policy_excluded;
    let is_bound = is_governed && asked.purpose.is_bound();
    let may_be_service_worker = is_governed && rewrite::may_be_service_worker(request.method(), asked.purpose);
    let headers = request.headers_mut();
    rewrite::request_headers(headers, may_be_page || may_be_service_worker);
    if may_be_service_worker {
        rewrite::plain_request(headers);
    }
    rewrite::request_validators(headers, asked.variant, may_be_page || is_bound);
    headers.insert(CONSENT_HEADER, site.consent_headers.of(decision));
    let sent: Vec<HeaderValue> = headers.get_all(header::COOKIE).iter().cloned().collect();
    let (request, outcome) = ClearedRequest::filtered(request, &site.catalogue, site.permit(decision.allowed));
    if outcome.refused.unknown() > 0 || outcome.passed.of(None) > 0 {
        let sent: HeaderMap = sent.into_iter().map(|line| (header::COOKIE, line)).collect();
        shared.observer.sent(site, &sent, asked.now);
    }
    shared.count_cookies(site, &outcome.refused, &outcome.passed, Direction::Request);
    visit.trace.withheld(Direction::Request, outcome.refused.total());
    Cleared { request, refused: outcome.refused }
}

/// Clears a request in mode `observe`: its cookies pass, and its answer may be a page that gets our script.
pub(super) fn clear_observed(
    site: &Site,
    visit: &Visit,
    rule: Option<&PathRule>,
    asked: &Asked,
    mut request: Request<Incoming>,
) -> ClearedRequest<Incoming> {
    forward(site, visit, rule, &mut request);
    let may_be_page = asked.page_headers.is_some() && !asked.banner_excluded;
    let headers = request.headers_mut();
    if may_be_page {
        rewrite::request_headers(headers, may_be_page);
    }
    rewrite::request_validators(headers, asked.variant, may_be_page);
    ClearedRequest::without_own(request)
}

/// Clears a request whose cookies are not ours to judge: on paths where everything goes through.
pub(super) fn clear_own(
    site: &Site,
    visit: &Visit,
    rule: Option<&PathRule>,
    mut request: Request<Incoming>,
) -> ClearedRequest<Incoming> {
    forward(site, visit, rule, &mut request);
    ClearedRequest::without_own(request)
}

/// What every request goes through: nothing of this connection travels on, and forwarding headers are ours.
fn forward(site: &Site, visit: &Visit, rule: Option<&PathRule>, request: &mut Request<Incoming>) {
    let version = request.version();
    let headers = request.headers_mut();
    let upgrade = upgrade_protocol(headers).filter(|_| version == Version::HTTP_11);
    let trailers = remove_hop_by_hop(headers);
    if let Some(protocol) = upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, protocol);
    } else if trailers.0 {
        headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    remove_fulfilled(headers);
    remove_forwarding(headers);
    let form = rule.and_then(|rule| rule.client_address).unwrap_or(site.upstream.settings().client_address);
    let trace = visit.trace.outgoing(headers);
    set_forwarding(headers, &visit.client, &visit.host, form, trace);
    append_via(headers, version);
    // HTTP/2 and absolute targets have no `Host`, and one that was there may differ from the host that was routed by.
    let host = request.uri().authority().map(|authority| authority.as_str().to_owned());
    if let Some(host) = host.and_then(|host| HeaderValue::try_from(host).ok()) {
        request.headers_mut().insert(header::HOST, host);
    }
}
