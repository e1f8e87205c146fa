//! What the numbers say of connections.

use std::sync::Arc;

use super::Metrics;

impl Metrics {
    /// Counts a connection while the returned value lives.
    pub fn connected(self: &Arc<Self>, scheme: &'static str) -> ConnectionGauge {
        self.connections.inc();
        self.connections_total.with_label_values(&[scheme]).inc();
        ConnectionGauge(self.clone())
    }

    /// Shows how many connections to sites are open.
    pub fn upstream_connections(&self, open: usize) {
        self.upstream_connections.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// Counts a connection that did not complete TLS.
    pub fn tls_failed(&self) {
        self.tls_failures.inc();
    }

    /// Counts a connection that a proxy did not begin as it must.
    pub fn proxy_protocol_failed(&self, reason: &'static str) {
        self.proxy_protocol_failures.with_label_values(&[reason]).inc();
    }

    /// Counts a connection or a request that was refused since its client had its share; `limit` is the key of the limit.
    pub fn client_limited(&self, limit: &'static str) {
        self.client_limits.with_label_values(&[limit]).inc();
    }
}

/// An open connection in the count.
#[derive(Debug)]
pub struct ConnectionGauge(Arc<Metrics>);

impl Drop for ConnectionGauge {
    fn drop(&mut self) {
        self.0.connections.dec();
    }
}
