//! The order of the stages. [`Gateway::answer`] is the one place where it is told, from top to bottom.

mod analytics;
mod body;
mod choice;
mod connection;
mod consent_header;
mod counted;
mod counted_page;
mod country;
mod current;
mod erasure;
mod error;
mod frame;
mod in_force;
mod lasting;
mod likely_sessions;
mod limiter;
mod loading;
mod log_readers;
mod logged;
mod observer;
mod opening;
mod own_cookies;
mod own_pages;
mod posted;
mod published_log;
mod receipt;
mod record_memory;
mod recorded;
mod redirect;
mod remembered;
mod report;
mod request;
mod request_record;
mod response;
mod route_view;
mod seen;
mod settings;
mod shared;
mod site;
mod traced;
mod upgrade;
mod visit;

use std::sync::Arc;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::{body::Incoming, upgrade::OnUpgrade};

pub use body::{AnswerBody, AnswerError};
pub use connection::Connection;
pub use country::ModelOfSite;
pub use current::Current;
pub use lasting::Lasting;
pub use seen::SiteSeen;
pub use settings::{AnalyticsServer, Mode, SiteSettings};
pub use shared::{BeginError, Configured, Parts, Shared};

use self::{error::GatewayError, request_record::RequestRecord, response::Asked, site::Site};
use crate::{
    analytics::NotPublic,
    consent::{CategorySet, Decision, Reason},
    ledger::Enforced,
    pages,
    rewrite::{Purpose, may_be_page},
    routing::{OwnPage, request_host},
    telemetry::{Metrics, Outcome},
    upstream::{self, Connections, Upstream, only_chunked},
    visitor::Language,
};

/// The gateway on one core: what all cores share, and this core's own connections to the sites.
pub struct Gateway {
    shared: Arc<Shared>,
    connections: Vec<Connections>,
    /// Those to the analytics servers of each site.
    analytics: Vec<Vec<Connections>>,
}

impl Gateway {
    /// A gateway without connections yet.
    pub fn new(shared: Arc<Shared>) -> Self {
        let to = |upstream: &Arc<Upstream>| Connections::new(upstream.clone(), shared.room.clone());
        let connections = shared.sites.iter().map(|site| to(&site.upstream)).collect();
        let servers = |site: &Site| site.analytics_upstreams.iter().map(to).collect();
        let analytics = shared.sites.iter().map(servers).collect();
        Self { shared, connections, analytics }
    }

    /// A gateway by another configuration, on the same core. Connections to sites and analytics servers that have not changed are kept.
    #[must_use]
    pub fn again(&self, shared: Arc<Shared>) -> Self {
        let mut gateway = Self::new(shared);
        for (index, site) in gateway.shared.sites.iter().enumerate() {
            let Some(before) = self.shared.sites.iter().position(|before| before.number == site.number) else {
                continue;
            };
            gateway.connections[index].go_on_from(&self.connections[before]);
            for server in &mut gateway.analytics[index] {
                self.analytics[before].iter().for_each(|before| server.go_on_from(before));
            }
        }
        gateway
    }

    /// The counters.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.shared.metrics
    }

    /// Answers a request. Whatever happens there is an answer, and a record of it when its last byte has left.
    pub async fn answer(&self, request: Request<Incoming>, connection: &Connection) -> Response<AnswerBody> {
        let mut record = RequestRecord::begin(self.shared.clone(), &request, connection);
        let accepted = request.headers().get(header::ACCEPT_LANGUAGE).cloned();
        let is_head = request.method() == Method::HEAD;
        let mut implied = Vec::new();
        let mut response = match self.follow(request, connection, &mut record, &mut implied).await {
            Ok(response) => response,
            Err(error) => self.failed(&error, accepted.as_ref(), &mut record),
        };
        // A consent that was recorded on the way is in force, also when the site did not answer.
        response::append_private(response.headers_mut(), implied);
        if is_head {
            response = head_only(response);
        }
        record.answered(&response);
        response.map(|body| body.recorded(record))
    }

    /// The way of a request.
    async fn follow(
        &self,
        mut request: Request<Incoming>,
        connection: &Connection,
        record: &mut RequestRecord,
        implied: &mut Vec<HeaderValue>,
    ) -> Result<Response<AnswerBody>, GatewayError> {
        let shared = &*self.shared;
        let now = shared.clock.now();

        // Route: which site.
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return Err(GatewayError::Method);
        }
        if !only_chunked(request.headers()) {
            return Err(GatewayError::TransferCoding);
        }
        let host = request_host(request.version(), request.uri(), request.headers()).map_err(GatewayError::Host)?;
        let site = shared.site(&host).ok_or(GatewayError::UnknownHost)?;
        record.of_site(site);

        // Identify: who asks.
        let visit = visit::identify(shared, site, host, &request, (connection, record.trace()));
        record.identified(&visit);
        if let Some(redirect) = redirect::elsewhere(shared, site, &visit, request.uri()) {
            record.came_to(Outcome::Redirected);
            return Ok(redirect);
        }

        // Our own pages end here; in mode `observe` there are only the script that observes and the address to which it reports.
        let path = request.uri().path().to_owned();
        if let Some(page) = OwnPage::parse(&path, &site.prefix).filter(|page| response::has_page(site, page, now)) {
            record.came_to(Outcome::OwnPage);
            // What few requests need lies apart, so that what all have stays small: it is moved for each request.
            return Ok(Box::pin(own_pages::answer(shared, site, &visit, page, request, now)).await);
        }

        // What goes on to the site takes a place there, and one client has its share of them. Its own choices were answered above.
        if connection.is_beyond_share() {
            shared.metrics.client_limited("requests_per_client");
            return Err(GatewayError::TooMany);
        }

        // Where everything goes through, only what is ours is taken out.
        let rule = site.paths.rule(&path);
        let purpose = Purpose::of(request.headers());
        let client_upgrade = hyper::upgrade::on(&mut request);
        if rule.is_some_and(|rule| rule.pass_through) {
            shared.observer.sent(site, request.headers(), now);
            let cleared = request::clear_own(site, &visit, rule, request);
            visit.trace.asks(&self.connections[site.index]);
            let answer = self.connections[site.index].send(cleared).await;
            visit.trace.heard(&answer);
            let mut answer = answer?;
            shared.observer.set(site, answer.headers(), now);
            response::clear_own(site, &visit, &path, &mut answer);
            join_upgrade(client_upgrade, &mut answer, connection);
            return Ok(answer.map(AnswerBody::site));
        }

        // Count: what may be a view is known as one when its answer has left.
        record.asks_site(&visit, &request);

        // In mode `observe` cookies pass as well; pages get the script that observes.
        let may_be_page = may_be_page(request.method(), request.headers());
        if site.mode == Mode::Observe {
            shared.observer.sent(site, request.headers(), now);
            let mut asked = Asked {
                method: request.method().clone(),
                purpose,
                path_and_query: String::new(),
                page_headers: may_be_page.then(|| request.headers().clone()),
                banner_excluded: rule.is_some_and(|rule| !rule.banner),
                policy_excluded: false,
                refused: Default::default(),
                frame_grant: None,
                path,
                variant: shared.observed_variant(),
                now,
                may_be_remembered: false,
            };
            let cleared = request::clear_observed(site, &visit, rule, &asked, request);
            visit.trace.asks(&self.connections[site.index]);
            let answer = self.connections[site.index].send(cleared).await;
            visit.trace.heard(&answer);
            let mut answer = answer?;
            asked.answered(&answer);
            shared.observer.set(site, answer.headers(), now);
            response::clear_own(site, &visit, &asked.path, &mut answer);
            join_upgrade(client_upgrade, &mut answer, connection);
            loading::observe(site, &visit, rule, purpose, &mut answer);
            return response::rewritten(record, shared, site, &visit, &NOBODY_ASKED, &asked, answer).await;
        }

        // Decide: what is allowed. A path that measures is answered here until its category is.
        let decided = request::decided(shared, site, &visit, &request, now).await;
        let decision = &decided.decision;
        *implied = request::implied_cookies(shared, site, &visit, &decided);
        record.decided(site, &visit, decision, rule.is_none_or(|rule| rule.banner), now);
        let of_analytics = site.analytics.find(request.method(), &path).map_err(|NotPublic| GatewayError::NotPublic)?;
        let measures = of_analytics.map(|asked| asked.route.category).or_else(|| site.paths.tracker(&path));
        if let Some(category) = measures {
            record.is_no_view();
            shared.observer.sent(site, request.headers(), now);
            if !decision.allowed.permits(category) {
                shared.enforcement.refused(site.number, Enforced::Load, Some(category), 1);
                record.came_to(Outcome::HeldBack);
                return Ok(no_content());
            }
            shared.enforcement.passed(site.number, Enforced::Load, Some(category), 1);
        }

        // An analytics server gets what is written anew of the request, by its preset.
        if let Some(asked) = of_analytics {
            record.came_to(Outcome::Analytics);
            let connections = &self.analytics[site.index][asked.number];
            let answer = analytics::answer(shared, site, &visit, decision.allowed, asked, connections, request);
            return Box::pin(answer).await;
        }

        // Clear the request: refused cookies go, forwarding headers are ours. Names that nobody knows are noted.
        let frame_grant = frame::grant(shared, site, &visit, &request, now).filter(|_| may_be_page);
        let variant = shared.variant(site, &visit, decision, frame_grant.as_ref(), now);
        let mut asked = Asked {
            method: request.method().clone(),
            purpose,
            path_and_query: request.uri().path_and_query().map_or_else(|| path.clone(), ToString::to_string),
            page_headers: may_be_page.then(|| request.headers().clone()),
            banner_excluded: rule.is_some_and(|rule| !rule.banner),
            policy_excluded: rule.is_some_and(|rule| !rule.content_security_policy),
            refused: Default::default(),
            frame_grant,
            path,
            variant,
            now,
            may_be_remembered: false,
        };
        let cleared = request::clear(shared, site, &visit, decision, rule, &asked, request);
        asked.refused = cleared.refused;

        // Upstream.
        visit.trace.asks(&self.connections[site.index]);
        let answer = self.connections[site.index].send(cleared.request).await;
        visit.trace.heard(&answer);
        let mut answer = answer?;
        asked.answered(&answer);

        // Clear the answer: refused cookies go, leftovers are deleted.
        shared.observer.set(site, answer.headers(), now);
        response::clear(shared, site, &visit, &decided, &asked, &mut answer);
        join_upgrade(client_upgrade, &mut answer, connection);

        // Bind it: pages and workers load from nowhere but the site and what is allowed.
        loading::restrict(shared, site, &visit, decision.allowed, &asked, &mut answer);
        if let Some(script) = loading::worker_script(site, &visit, decision.allowed, &asked, &mut answer) {
            return Ok(answer.map(|body| AnswerBody::script(script, body)));
        }

        // Rewrite: script and banner into pages.
        response::rewritten(record, shared, site, &visit, decision, &asked, answer).await
    }

    /// The answer to a request that could not be followed to its end; a failure of the site is counted and logged once, here.
    fn failed(
        &self,
        error: &GatewayError,
        accepted: Option<&HeaderValue>,
        record: &mut RequestRecord,
    ) -> Response<AnswerBody> {
        if let Some(reason) = error.upstream_failure() {
            self.shared.metrics.upstream_failed(record.site(), reason);
            if !error.is_without_room() || self.shared.room.is_to_be_told() {
                tracing::warn!(site = record.site(), reason, %error, "the site did not answer");
            }
        }
        let site = self.shared.sites.iter().find(|site| *site.name == *record.site());
        let languages = site.map_or(&Language::ALL[..], |site| &site.languages);
        let language = Language::negotiate(accepted.and_then(|value| value.to_str().ok()), languages);
        let (status, message) = error.answer();
        let reference = record.failed(error).map(|reference| reference.to_string());
        let prefix = site.filter(|site| site.mode != Mode::Observe).map(|site| site.prefix.as_str());
        let mut response = own_pages::html(status, pages::error_page(language, message, prefix, reference.as_deref()));
        if matches!(status, StatusCode::TOO_MANY_REQUESTS) || error.is_without_room() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            let allow = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
            response.headers_mut().insert(header::ALLOW, allow);
        }
        response
    }
}

/// When to come again, in seconds, where there was no room for another connection to a site, or none for this client.
const RETRY_AFTER: &str = "5";

/// Stands for the decision where none is made: no banner, no link, nothing optional.
const NOBODY_ASKED: Decision = Decision { reason: Reason::CouldNotCarry, allowed: CategorySet::EMPTY, choice: None };

/// When both sides changed the protocol, their bytes are joined.
fn join_upgrade(client: OnUpgrade, answer: &mut upstream::Answer, connection: &Connection) {
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        upgrade::join(client, hyper::upgrade::on(answer), connection.clone());
    }
}

fn head_only(response: Response<AnswerBody>) -> Response<AnswerBody> {
    let (mut head, body) = response.into_parts();
    let (body, length) = body.head_only();
    // 204 has no length to speak of (RFC 9110, section 8.6).
    if let Some(length) = length.filter(|_| head.status != StatusCode::NO_CONTENT) {
        head.headers.insert(header::CONTENT_LENGTH, length.into());
    }
    Response::from_parts(head, body)
}

fn no_content() -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::ours(""));
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
