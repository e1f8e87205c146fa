//! Certificates while the gateway runs: those of an authority are obtained and renewed, what happens is told and counted, and their ends are
//! shown in the metrics and to who asks how the gateway stands.

use std::{io, path::Path, sync::Arc, time::Duration};

use crate::{
    acme::{Event, Renewal, Served, Settings},
    clock::Clock,
    gateway,
    server::Certificates,
    telemetry::Metrics,
};

/// How often it is looked what is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Takes what was obtained before into use.
pub(super) fn open(
    settings: Option<Settings>,
    state_dir: &Path,
    gateway: &Arc<gateway::Current>,
    served: &Arc<Served>,
    clock: &Clock,
) -> io::Result<Arc<Renewal>> {
    let metrics = gateway.metrics().clone();
    let tell = move |event: Event<'_>| tell(&metrics, event);
    let renewal = Renewal::new(state_dir, clock.clone(), served.clone(), tell);
    renewal.replace(renewal.prepare(settings)?);
    Ok(Arc::new(renewal))
}

/// Obtains and renews, one look after the other.
pub(super) async fn renew(
    renewal: Arc<Renewal>,
    certificates: Option<Arc<Certificates>>,
    gateway: Arc<gateway::Current>,
) {
    loop {
        renewal.look().await;
        show(certificates.as_deref(), &renewal, gateway.metrics());
        // Another configuration is looked at at once.
        _ = tokio::time::timeout(LOOK_EVERY, renewal.replaced()).await;
    }
}

/// Shows until when the certificates in use are valid, and how the names stand for which an authority is asked.
pub(super) fn show(certificates: Option<&Certificates>, renewal: &Renewal, metrics: &Metrics) {
    let standings = renewal.standings();
    let failed: Vec<_> = standings.iter().map(|(name, standing)| (name.clone(), standing.failures)).collect();
    metrics.certificates_failed(&failed);
    if let Some(certificates) = certificates {
        metrics.certificates_end(&certificates.ends());
        let missing: Vec<_> = standings.iter().map(|(name, _)| (name.clone(), !certificates.serve(name))).collect();
        metrics.certificates_missing(&missing);
    }
}

fn tell(metrics: &Metrics, event: Event<'_>) {
    match event {
        Event::Kept { name, until } => {
            tracing::info!(name, until = until.date(), "a certificate of the authority is in use")
        }
        Event::Missing { name, again } => {
            let again = again.map(tracing::field::display);
            tracing::warn!(
                name,
                again,
                "there is no certificate yet: TLS for this name is refused until the authority issues one"
            );
        }
        Event::Damaged { name, file, fault } => {
            tracing::error!(name, file = %file.display(), fault, "a certificate that was kept can't be used; a new one is asked for");
        }
        Event::Issued { name, challenge, until } => {
            metrics.certificate_issued(name);
            tracing::info!(
                name,
                challenge = challenge.name(),
                until = until.date(),
                "the authority issued a certificate; it is in use"
            );
        }
        Event::Failed { name, challenge, failure, again } => {
            metrics.certificate_failed(name, failure.reason.name());
            let held = failure.until.map(tracing::field::display);
            let advice = failure.reason.advice(name, challenge);
            tracing::error!(
                name,
                challenge = challenge.name(),
                said = %failure,
                advice,
                not_before = held,
                again = %again,
                "no certificate was obtained"
            );
        }
    }
}
