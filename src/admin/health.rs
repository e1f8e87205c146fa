//! What a monitor and a load balancer are told: whether the process works, whether visitors may be sent here, and whether a choice of theirs can
//! be recorded.

use std::sync::atomic::Ordering;

use http::StatusCode;

use super::{
    Administration,
    answer::{Answer, text},
};

/// The answer at a path, if it is one of these. None of them needs a sign-in, and none tells anything of a visitor.
pub(super) fn answer(path: &str, admin: &Administration) -> Option<Answer> {
    let fault = match path {
        "/healthz" => stuck(admin),
        "/readyz" => not_ready(admin),
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
/// answer of the only gateway before a site decides whether there is a site at all.
fn not_ready(admin: &Administration) -> Option<&'static str> {
    let leaves = admin.is_leaving.load(Ordering::Relaxed).then_some("the gateway stops\n");
    leaves.or_else(|| stuck(admin))
}

/// Nobody can accept anything now.
fn mute(admin: &Administration) -> Option<&'static str> {
    admin.gateway.store().is_failing().then_some("the consent log can't be written\n")
}
