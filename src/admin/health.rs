//! What a monitor and a load balancer are told: whether the process works, whether visitors may be sent here, also over TLS, and whether a
//! choice of theirs can be recorded.

use std::sync::atomic::Ordering;

use http::StatusCode;

use super::{
    Administration,
    answer::{Answer, text},
};

/// Whether visitors can be served over TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Https {
    /// There is a certificate for one name at least.
    Ready,
    /// Nothing listens for it.
    NoListener,
    /// Every handshake is refused.
    NoCertificate,
}

/// The answer at a path, if it is one of these. None of them needs a sign-in, and none tells anything of a visitor.
pub(super) fn answer(path: &str, admin: &Administration) -> Option<Answer> {
    let fault = match path {
        "/healthz" => stuck(admin),
        "/readyz" => not_ready(admin),
        "/readyz/https" => not_ready(admin).or_else(|| without_tls(admin)),
        "/readyz/consent" => not_ready(admin).or_else(|| mute(admin)),
        _ => return None,
    };
    let right = if path == "/healthz" { "alive\n" } else { "ready\n" };
    Some(match fault {
        None => text(StatusCode::OK, right),
        Some(fault) => text(StatusCode::SERVICE_UNAVAILABLE, fault),
    })
}

/// Only a new process helps.
fn stuck(admin: &Administration) -> Option<&'static str> {
    (!*admin.settings().alive.borrow()).then_some("a core does not answer\n")
}

/// No visitor should be sent here now. That the log can't be written is no reason: pages are served all the same, without consent, and the
/// answer of the only gateway before a site decides whether there is a site at all. Nor is a certificate that an authority has not issued yet:
/// it asks for the proof by plain http, and a balancer that sends nobody here would keep it from coming.
fn not_ready(admin: &Administration) -> Option<&'static str> {
    let leaves = admin.is_leaving.load(Ordering::Relaxed).then_some("the gateway stops\n");
    leaves.or_else(|| stuck(admin))
}

/// No visitor should be sent here over TLS now.
fn without_tls(admin: &Administration) -> Option<&'static str> {
    // Before the server listens nobody can come at all.
    match admin.https.get().map_or(Https::NoListener, |ask| ask()) {
        Https::Ready => None,
        Https::NoListener => Some("nothing listens for https\n"),
        Https::NoCertificate => Some("there is no certificate yet: every TLS handshake is refused\n"),
    }
}

/// Nobody can accept anything now.
fn mute(admin: &Administration) -> Option<&'static str> {
    admin.gateway.store().is_failing().then_some("the consent log can't be written\n")
}
