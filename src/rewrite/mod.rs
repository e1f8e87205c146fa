//! What we change in an answer: which answers, where in a page, and the headers that follow from it.
//!
//! Pure rules: bytes and headers in, bytes and headers out. A page that cannot be rewritten passes unchanged; nothing
//! here removes content, and nothing here decides about consent.

mod body;
mod caching;
mod coding;
mod foreign_headers;
mod governed;
mod html;
mod judged;
mod loading;
mod plan;
mod policy;
mod refusal;
mod request;
mod sniff;
mod worker_script;

#[cfg(test)]
mod tests;

pub use body::{BrokenBody, CodedTexts, Opening, PageBody, PageRewriter, Recipe, splice};
pub use caching::{
    BodyChanged, Variant, every_response_headers, keep_private, may_be_remembered, request_validators, response_headers,
};
pub use coding::Coding;
pub use foreign_headers::{drop_advertising, drop_foreign, restrict_document};
pub use governed::{
    Governed, Purpose, governed, is_service_worker, keep_for_choice, may_be_service_worker, put_policy,
};
pub use html::{EditMode, Injection, MARKER, PageEdits, Placeholder};
pub use judged::{Judged, PageCounts, PageTally};
pub use loading::{LONGEST_POLICY, LoadingPolicies, closed_wildcards};
pub use plan::{PageRequest, PassReason, Placement, Plan, RewritePlan, changes_headers, plan};
pub use policy::{Admission, OwnSources, admit_own, admitted_unchanged};
pub use refusal::Refusal;
pub use request::{may_be_page, request_headers};
pub use worker_script::{WorkerScript, plain_request};
