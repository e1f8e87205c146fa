//! How long records are kept, and what was deleted when that time was over.

use askama::Template;

use super::{Frame, rendered, term};
use crate::{
    admin::{Administration, leaves::RetentionSeen},
    store::StoreError,
};

/// How many runs are shown; the log has them all.
const MOST: usize = 100;

#[derive(Template)]
#[template(path = "retention.html", config = "src/admin/askama.toml")]
struct RetentionPage {
    frame: Frame,
    consent_records: String,
    frame_records: String,
    runs: Vec<RetentionSeen>,
}

pub(super) fn page(frame: Frame, admin: &Administration) -> Result<String, StoreError> {
    let runs = RetentionSeen::newest(&admin.gateway.store().reader()?, MOST)?;
    let consent_records = term(frame.words, admin.settings().consent_records);
    let frame_records = term(frame.words, admin.settings().frame_records);
    Ok(rendered(&RetentionPage { frame, consent_records, frame_records, runs }))
}
