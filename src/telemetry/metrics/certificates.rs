//! What the numbers say of certificates.

use prometheus::{IntGaugeVec, core::Collector as _};

use super::Metrics;
use crate::timestamp::Timestamp;

impl Metrics {
    /// Sets until when the certificates in use are valid, by name; names that are gone are shown no more.
    pub fn certificates_end(&self, ends: &[(String, Timestamp)]) {
        show(&self.certificate_expiry, ends.iter().map(|(name, end)| (&**name, end.seconds())));
    }

    /// Sets for which names there is no certificate, of those that one is asked for; likewise.
    pub fn certificates_missing(&self, names: &[(String, bool)]) {
        show(&self.certificate_missing, names.iter().map(|(name, is_missing)| (&**name, i64::from(*is_missing))));
    }

    /// Sets how many attempts failed in a row, by name; likewise.
    pub fn certificates_failed(&self, names: &[(String, u32)]) {
        show(&self.certificate_failed_attempts, names.iter().map(|(name, failures)| (&**name, i64::from(*failures))));
    }

    /// Counts a certificate that an authority issued.
    pub fn certificate_issued(&self, name: &str) {
        self.certificate_renewals.with_label_values(&[name]).inc();
    }

    /// Counts an attempt to get one that failed.
    pub fn certificate_failed(&self, name: &str, reason: &'static str) {
        self.certificate_renewal_failures.with_label_values(&[name, reason]).inc();
    }

    /// Counts a question of an authority that was answered.
    pub fn challenge_answered(&self, challenge: &'static str) {
        self.challenges_answered.with_label_values(&[challenge]).inc();
    }
}

/// Shows these values of a gauge that has one label, and no others.
fn show<'a>(gauge: &IntGaugeVec, values: impl Iterator<Item = (&'a str, i64)> + Clone) {
    // One by one: somebody may look in between.
    for metric in gauge.collect().iter().flat_map(|family| family.get_metric()) {
        let shown = metric.get_label().first().map_or("", |label| label.value());
        if !values.clone().any(|(name, _)| name == shown) {
            _ = gauge.remove_label_values(&[shown]);
        }
    }
    for (name, value) in values {
        gauge.with_label_values(&[name]).set(value);
    }
}
