//! What keeps a browser from hosts that its visitor has not accepted: our policy and what is taken out of headers.

use http::header;

use super::{Mode, Shared, response::Asked, site::Site, visit::Visit};
use crate::{
    consent::CategorySet,
    ledger::Enforced,
    rewrite::{self, BodyChanged, Governed, Purpose, Refusal, WorkerScript},
    routing::PathRule,
    upstream::Answer,
};

/// Restricts an answer to what is allowed.
pub(super) fn restrict(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    allowed: CategorySet,
    asked: &Asked,
    answer: &mut Answer,
) {
    let is_strict = site.mode == Mode::Strict;
    let scheme = visit.client.scheme;
    let status = answer.status();
    let headers = answer.headers_mut();
    let governed = rewrite::governed(asked.purpose, status, headers);
    // What caches may keep for everybody says nothing that only some have accepted.
    let class = match governed {
        Some(Governed::Bound | Governed::Ahead) => allowed,
        Some(Governed::Lasting) | None => CategorySet::EMPTY,
    };
    let refusal = Refusal { hosts: &site.foreign_hosts, allowed: class, unknown: is_strict, scheme };
    shared.count_judged(site, Enforced::Load, &rewrite::drop_foreign(headers, &refusal));
    rewrite::drop_advertising(headers, class);
    let Some(governed) = governed.filter(|_| !asked.policy_excluded) else { return };
    rewrite::restrict_document(headers, status, governed, &refusal);
    rewrite::keep_for_choice(headers, governed, asked.variant);
    if !is_strict {
        return;
    }
    let frame = asked.frame_grant.as_ref().filter(|_| governed == Governed::Bound);
    let frame = frame.map(|grant| (&*grant.host, grant.port));
    let policy = site.loading.header(class, scheme, frame);
    rewrite::put_policy(headers, status, &header::CONTENT_SECURITY_POLICY, policy);
}

/// In mode `observe`: nothing is blocked, and browsers report what a visitor without a choice would be kept from.
pub(super) fn observe(site: &Site, visit: &Visit, rule: Option<&PathRule>, purpose: Purpose, answer: &mut Answer) {
    if site.mode != Mode::Observe || rule.is_some_and(|rule| rule.pass_through || !rule.content_security_policy) {
        return;
    }
    let status = answer.status();
    let headers = answer.headers_mut();
    if matches!(rewrite::governed(purpose, status, headers), Some(Governed::Bound | Governed::Ahead)) {
        let policy = site.loading.header(CategorySet::EMPTY, visit.client.scheme, None);
        rewrite::put_policy(headers, status, &header::CONTENT_SECURITY_POLICY_REPORT_ONLY, policy);
    }
}

/// If an answer is the script of a service worker under our policy, what will change it; its headers fit then.
pub(super) fn worker_script(
    site: &Site,
    visit: &Visit,
    allowed: CategorySet,
    asked: &Asked,
    answer: &mut Answer,
) -> Option<WorkerScript> {
    let is_script = asked.purpose == Purpose::ServiceWorker
        && asked.method == http::Method::GET
        && rewrite::is_service_worker(answer.status(), answer.headers());
    if site.mode != Mode::Strict || asked.policy_excluded || !is_script {
        return None;
    }
    let policy = site.loading.header(allowed, visit.client.scheme, None);
    let headers = answer.headers_mut();
    let script = WorkerScript::new(headers, allowed, &policy)?;
    rewrite::response_headers(headers, asked.variant, BodyChanged::Yes);
    Some(script)
}
