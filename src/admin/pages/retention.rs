//! How long records are kept, and what was deleted when that time was over.

use askama::Template;

use super::{Frame, rendered};
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
    let consent_records = admin.settings.consent_records.to_string();
    let frame_records = admin.settings.frame_records.to_string();
    Ok(rendered(&RetentionPage { frame, consent_records, frame_records, runs }))
}
