//! The findings as JSON, for programs.

use serde_json::json;

use super::Notice;

/// As JSON.
pub(super) fn json(notice: &Notice<'_>) -> serde_json::Result<String> {
    let controllers: Vec<_> = notice
        .controllers
        .iter()
        .map(|controller| {
            json!({ "name": controller.name, "bin": controller.bin, "iin": controller.iin,
                    "address": controller.address, "email": controller.email })
        })
        .collect();
    serde_json::to_string_pretty(&json!({
        "format": "kelisim-incident/v1",
        "controllers": controllers,
        "sites": notice.sites,
        "detected": notice.detected.map(|detected| detected.to_string()),
        "term": notice.term.to_string(),
        "due": notice.due.map(|due| due.to_string()),
        "findings": notice.findings,
    }))
}
