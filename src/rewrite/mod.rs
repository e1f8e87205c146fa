//! What we change in an answer: which answers, where in a page, and the headers that follow from it.
//!
//! Pure rules: bytes and headers in, bytes and headers out. A page that cannot be rewritten passes unchanged; nothing
//! here removes content, and nothing here decides about consent.

mod body;
mod caching;
mod coding;
mod html;
mod plan;
mod policy;
mod request;
mod sniff;

#[cfg(test)]
mod tests;

pub use body::{BrokenBody, Opening, PageBody, PageRewriter};
pub use caching::{BodyChanged, Variant, every_response_headers, keep_private, request_validators, response_headers};
pub use coding::Coding;
pub use html::{Injection, MARKER};
pub use plan::{PageRequest, PassReason, Placement, Plan, RewritePlan, changes_headers, plan};
pub use policy::{Admission, OwnSources, admit_own};
pub use request::{may_be_page, request_headers};
