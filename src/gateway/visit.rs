//! Who asks, where, and by which way: what one request is known by in all stages.

use std::sync::Arc;

use http::{HeaderValue, Request, header};
use hyper::body::Incoming;

use super::{Connection, Shared, own_cookies::OwnCookies, record_memory::RecordMemory, site::Site, traced::Trace};
use crate::{
    consent::Country,
    fields::X_FORWARDED_FOR,
    visitor::{AgentFamily, ClientConnection, Fetch, Language, Signals, client_connection},
};

/// One request's visitor.
pub(super) struct Visit {
    /// Without port.
    pub(super) host: String,
    /// As the browser writes it, with a port that is not the scheme's own.
    pub(super) authority: String,
    pub(super) client: ClientConnection,
    pub(super) language: Language,
    pub(super) signals: Signals,
    pub(super) fetch: Fetch,
    user_agent: Option<HeaderValue>,
    /// What was verified on this connection.
    pub(super) records: Arc<RecordMemory>,
    pub(super) country: Option<Country>,
    /// `None` where a choice can't be recorded.
    pub(super) own_cookies: Option<OwnCookies>,
    pub(super) trace: Trace,
}

impl Visit {
    /// The browser's family. Few requests need it, so it is read when it is asked for.
    pub(super) fn agent(&self) -> AgentFamily {
        AgentFamily::of(self.user_agent.as_ref().map(HeaderValue::as_bytes))
    }

    /// The origin of the pages that this visitor sees, as browsers write it (RFC 6454, section 6.2).
    pub(super) fn origin(&self) -> String {
        format!("{}://{}", self.client.scheme.name(), self.authority)
    }
}

/// Identifies: reads headers and looks the country up, and changes nothing.
pub(super) fn identify(
    shared: &Shared,
    site: &Site,
    host: String,
    request: &Request<Incoming>,
    (connection, trace): (&Connection, &Trace),
) -> Visit {
    let headers = request.headers();
    let client = client_connection(connection.peer(), connection.scheme(), headers, &shared.trusted_proxies);
    if connection.peer().is_loopback() && headers.contains_key(&X_FORWARDED_FOR) {
        shared.tell_of_untrusted_proxy();
    }
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let authority = request.uri().authority().map(|authority| authority.as_str());
    let named = authority.or_else(|| headers.get(header::HOST)?.to_str().ok());
    Visit {
        authority: named.unwrap_or(&host).to_ascii_lowercase(),
        language: Language::negotiate(accepted, &site.languages),
        signals: Signals::of(headers),
        fetch: Fetch::of(headers),
        records: connection.records(),
        user_agent: headers.get(header::USER_AGENT).cloned(),
        country: shared.countries.find(client.address.truncate()),
        own_cookies: OwnCookies::new(site, &host, &client),
        client,
        host,
        trace: trace.clone(),
    }
}
