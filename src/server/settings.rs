//! Where the gateway listens and what a client may take of it.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use http::HeaderValue;

use crate::{sockets::descriptors, visitor::Network};

/// A certificate chain and its key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CertificateFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// For how long browsers are told to come by https alone (RFC 6797).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hsts {
    /// In seconds; with 0 browsers forget it.
    pub seconds: u64,
    /// Whether that holds for all names below the host too.
    pub include_subdomains: bool,
}

impl Hsts {
    /// The value of `Strict-Transport-Security` (RFC 6797, section 6.1).
    pub(super) fn header(self) -> HeaderValue {
        let subdomains = if self.include_subdomains { "; includeSubDomains" } else { "" };
        let text = format!("max-age={}{subdomains}", self.seconds);
        HeaderValue::try_from(text).expect("a number and words are a header value")
    }
}

/// Listeners, certificates and limits.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Plain listeners.
    pub http: Vec<SocketAddr>,
    /// TLS listeners.
    pub https: Vec<SocketAddr>,
    /// Metrics and health; none when not configured.
    pub admin: Option<SocketAddr>,
    /// The host under which the administration answers on the TLS listeners; none when not configured. No site has it.
    pub admin_host: Option<String>,
    /// Certificates for the TLS listeners.
    pub certificates: Vec<CertificateFiles>,
    /// What browsers are told about https; nothing when not configured.
    pub hsts: Option<Hsts>,
    /// Whether plain requests are sent to https. True where a TLS listener exists, unless configured otherwise.
    pub redirect_to_https: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Proxies that begin each connection with a PROXY header, and that are believed in what it says.
    pub proxy_protocol_from: Vec<Network>,
    /// Threads, each with its own listeners and pools.
    pub workers: usize,
    /// After SIGTERM, how long the gateway goes on as before while its readiness says that it leaves.
    pub leave_delay: Duration,
    /// How long connections may finish after that.
    pub drain_timeout: Duration,
    /// What one client may take.
    pub limits: Limits,
}

/// Everything a client could make grow, bounded. Defaults are in [`Limits::default`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once, over all threads.
    pub connections: usize,
    /// Connections to sites and analytics servers at once, over all threads, in use or kept for the next request. A stream of HTTP/2 takes one
    /// as a connection of HTTP/1.1 does.
    pub upstream_connections: usize,
    /// Connections at once of one client.
    pub connections_per_client: usize,
    /// Requests under way at once of one client, WebSockets among them.
    pub requests_per_client: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Header lines of a request.
    pub head_lines: usize,
    /// From accepting a connection to the end of its first request's head, PROXY header and TLS handshake included; and from the first byte
    /// of each later head to its last.
    pub head_timeout: Duration,
    /// How long a connection may lie idle between requests.
    pub idle_timeout: Duration,
    /// How long an HTTP/1.1 connection may lie idle before it gives back the memory in which requests are read and answered.
    pub rest_after: Duration,
    /// How long a client may refuse to take bytes; of one HTTP/2 stream, twice as long.
    pub reading_timeout: Duration,
    /// Concurrent HTTP/2 streams of one connection.
    pub http2_streams: u32,
    /// HTTP/2 streams that a client may have reset before the gateway answered them (rapid reset).
    pub http2_resets: usize,
    /// Choices that one client may post in a minute.
    pub choices_per_minute: u32,
    /// Reports of policies and of the observing script that one client may post in a minute.
    pub reports_per_minute: u32,
}

/// How many connections to sites there may be for each of clients, unless configured otherwise.
pub const UPSTREAM_CONNECTIONS_FOR_EACH: usize = 2;

/// The share of one client, unless configured otherwise: a tenth of what there is for all. But where there are few places, a client is not to be
/// refused what one browser needs, or some behind one address.
const fn share(of: usize) -> usize {
    const LEAST: usize = 128;
    if of / 10 > LEAST { of / 10 } else { LEAST }
}

impl Limits {
    /// The connections that there may be, to clients and to sites, and of them the usual share of one client.
    #[must_use]
    pub const fn with_connections(self, connections: usize, upstream_connections: usize) -> Self {
        let (connections_per_client, requests_per_client) = (share(connections), share(upstream_connections));
        Self { connections, upstream_connections, connections_per_client, requests_per_client, ..self }
    }

    /// Descriptors that a process needs for all that these limits allow.
    pub fn descriptors(&self) -> u64 {
        self.connections as u64 + self.upstream_connections as u64 + descriptors::BESIDES
    }
}

impl Default for Limits {
    fn default() -> Self {
        const CONNECTIONS: usize = 10_000;
        const UPSTREAM_CONNECTIONS: usize = CONNECTIONS * UPSTREAM_CONNECTIONS_FOR_EACH;
        Self {
            connections: CONNECTIONS,
            upstream_connections: UPSTREAM_CONNECTIONS,
            connections_per_client: share(CONNECTIONS),
            requests_per_client: share(UPSTREAM_CONNECTIONS),
            head_bytes: 64 * 1024,
            head_lines: 100,
            head_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(75),
            rest_after: Duration::from_millis(500),
            reading_timeout: Duration::from_secs(60),
            http2_streams: 128,
            http2_resets: 20,
            choices_per_minute: 30,
            reports_per_minute: 120,
        }
    }
}
