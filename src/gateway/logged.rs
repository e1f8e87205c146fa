//! What the access log will say of a request, and its trace, put together when its last byte has left: off the way of the request, from
//! headers that were kept for it.

use std::time::Duration;

use http::{HeaderValue, Method, Request, StatusCode, Uri, header};

use super::{error::GatewayError, visit::Visit};
use crate::{
    consent::{Country, Decision},
    telemetry::{AccessLine, ConsentWord, LoggedPath, MethodName, Outcome, Protocol, Reference, SiteName},
    timestamp::Timestamp,
    visitor::{AgentFamily, TruncatedAddress},
};

/// A request until its end. It holds what was sent until that is folded.
pub(super) struct Logged {
    time: Timestamp,
    uri: Uri,
    agent: Option<HeaderValue>,
    protocol: Protocol,
    country: Option<Country>,
    network: Option<TruncatedAddress>,
    consent: Option<ConsentWord>,
    outcome: Option<Outcome>,
    reference: Option<Reference>,
    answered: Option<(StatusCode, Duration)>,
}

impl Logged {
    pub(super) fn begin<B>(request: &Request<B>, now: Timestamp) -> Self {
        Self {
            time: now,
            uri: request.uri().clone(),
            agent: request.headers().get(header::USER_AGENT).cloned(),
            protocol: Protocol::of(request.version()),
            country: None,
            network: None,
            consent: None,
            outcome: None,
            reference: None,
            answered: None,
        }
    }

    pub(super) fn identified(&mut self, visit: &Visit, has_network: bool) {
        self.country = visit.country;
        self.network = has_network.then(|| visit.client.address.truncate());
    }

    pub(super) fn decided(&mut self, decision: &Decision) {
        self.consent = Some(ConsentWord::of(decision));
    }

    pub(super) fn came_to(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }

    pub(super) fn failed(&mut self, error: &GatewayError, has_reference: bool) -> Option<Reference> {
        self.outcome = Some(error.outcome());
        self.reference = has_reference.then(Reference::random);
        self.reference
    }

    pub(super) fn answered(&mut self, status: StatusCode, after: Duration) {
        self.answered = Some((status, after));
        if status == StatusCode::SWITCHING_PROTOCOLS {
            self.outcome = Some(Outcome::Upgraded);
        }
    }

    /// The line, when the last byte has left or will never leave.
    pub(super) fn line(self, site: SiteName, method: &Method, bytes: u64, took: Duration) -> AccessLine {
        let milliseconds = |duration: Duration| u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
        let (status, first_byte) = self.answered.unzip();
        let usual = if status.is_some() { Outcome::Passed(None) } else { Outcome::Left };
        AccessLine {
            time: self.time,
            site,
            method: MethodName::of(method),
            path: LoggedPath::of(self.uri.path()),
            protocol: self.protocol,
            status,
            bytes,
            first_byte: first_byte.map(milliseconds),
            last_byte: milliseconds(took),
            // Without an answer, what it had come to before does not count.
            outcome: self.outcome.filter(|_| status.is_some()).unwrap_or(usual),
            consent: self.consent,
            country: self.country,
            network: self.network,
            browser: AgentFamily::of(self.agent.as_ref().map(HeaderValue::as_bytes)),
            reference: self.reference,
        }
    }
}
