//! The receipt in readable form: a consent receipt by ISO/IEC TS 27560:2023 in the words of the W3C Data Privacy Vocabulary, as JSON-LD, with
//! the proof inside. Its record is the one that exports hold. What the visitor was shown comes from the notice as it was kept, never from
//! the configuration of today.

use serde_json::json;

use super::Settings;
use crate::{
    consent::CategorySet,
    ledger::{Event, NoticeFacts, Proof, RecordId, Told, VerifierKey, consent_record, json_ld_context},
    timestamp::Timestamp,
};

/// What a receipt is made from.
pub struct Issued<'a> {
    /// The receipt's own name.
    pub id: RecordId,
    /// When it is made.
    pub now: Timestamp,
    /// The event.
    pub event: &'a Event,
    /// What the record that it ends had allowed; `None` where it ends none, or that one is not kept.
    pub ended: Option<CategorySet>,
    /// The proof of its leaf, with salt and record in it.
    pub proof: &'a Proof,
    /// The log's key.
    pub key: &'a VerifierKey,
    /// The notice that the event names, as it was kept.
    pub notice: Option<&'a str>,
}

/// Writes the receipt, indented.
pub(super) fn receipt_document(settings: &Settings, issued: &Issued<'_>) -> String {
    let notice = issued.notice.and_then(NoticeFacts::parse);
    let told = Told { notice: notice.as_ref(), ended: issued.ended, retention: settings.retention };
    // Under its number a log stays what it is, whatever is restored later.
    let number = issued.key.name().rsplit('/').next().unwrap_or_default();
    let receipt_id = issued.id.to_string();
    let document = json!({
        "@context": json_ld_context(),
        "@id": format!("urn:uuid:{receipt_id}"),
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": receipt_id,
        "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#receipt-record",
        "dct:created": issued.now.to_string(),
        "dct:publisher": notice.as_ref().map(|notice| &notice.controller.name),
        "dpv:hasRecordOfActivity": consent_record(issued.event, &told),
        "kelisim:proof": {
            "format": "https://c2sp.org/tlog-proof",
            "index": issued.proof.index.0,
            "origin": issued.key.name(),
            "key": issued.key.to_string(),
            "log": format!("{}{}log/{number}/", settings.origin, settings.prefix),
            "proof": issued.proof.to_string(),
        },
    });
    let mut text = serde_json::to_string_pretty(&document).expect("values are always JSON");
    text.push('\n');
    text
}
