//! The receipt in readable form: a consent receipt by ISO/IEC TS 27560:2023 in the words of the W3C Data Privacy Vocabulary, as JSON-LD, with
//! the proof inside. What the visitor was shown comes from the notice as it was kept, never from the configuration of today.

use serde_json::{Value, json};

use super::{Settings, assets::hexadecimal};
use crate::{
    consent::Category,
    ledger::{Event, EventKind, Proof, RecordId, VerifierKey},
    timestamp::{Term, Timestamp},
};

/// What a receipt is made from.
pub struct Issued<'a> {
    /// The receipt's own name.
    pub id: RecordId,
    /// When it is made.
    pub now: Timestamp,
    /// The event.
    pub event: &'a Event,
    /// The proof of its leaf, with salt and record in it.
    pub proof: &'a Proof,
    /// The log's key.
    pub key: &'a VerifierKey,
    /// The notice that the event names, as it was kept.
    pub notice: Option<&'a str>,
    /// How long records are kept after they ceased to be valid.
    pub kept_for: Term,
}

/// Writes the receipt, indented.
pub(super) fn receipt_document(settings: &Settings, issued: &Issued<'_>) -> String {
    let event = issued.event;
    let notice: Value = issued.notice.and_then(|notice| serde_json::from_str(notice).ok()).unwrap_or_default();
    // Under its number a log stays what it is, whatever is restored later.
    let number = issued.key.name().rsplit('/').next().unwrap_or_default();
    let log = format!("https://{}{}log/{number}/", settings.host, settings.prefix);
    let record_id = event.id.to_string();
    let receipt_id = issued.id.to_string();
    let document = json!({
        "@context": {
            "dct": "http://purl.org/dc/terms/", "dpv": "https://w3id.org/dpv#", "kelisim": "urn:kelisim:",
        },
        "@id": format!("urn:uuid:{receipt_id}"),
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": receipt_id,
        "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#receipt-record",
        "dct:created": issued.now.to_string(),
        "dct:publisher": notice["controller"]["name"],
        "dpv:hasRecordOfActivity": {
            "@id": format!("urn:uuid:{record_id}"),
            "@type": "dpv:ConsentRecord",
            "dct:identifier": record_id,
            "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#record",
            "dpv:hasDataSubject": { "@type": "dpv:DataSubject", "dct:identifier": event.consent_id.to_string() },
            "dpv:hasDataController": notice["controller"],
            "dpv:hasNotice": {
                "@type": "dpv:ConsentNotice",
                "dct:identifier": event.notice.to_string(),
                "dct:language": event.language.tag(),
                "kelisim:policyEdition": event.edition.as_str(),
                "kelisim:statements": notice["article_8_4"],
            },
            "dpv:hasPurpose": purposes(event, &notice),
            "dpv:hasLegalBasis": "dpv:Consent",
            "dpv:hasPersonalData": notice["data"],
            "dpv:hasJurisdiction": notice["jurisdiction"],
            "dpv:hasRight": notice["rights"],
            "dpv:hasConsentControl": { "@type": "dpv:WithdrawConsent", "@id": notice["withdrawal"] },
            "dpv:hasStorageCondition": { "dpv:hasDuration": issued.kept_for.to_string() },
            "dpv:hasConsentStatus": status(event.kind),
            "dpv:isIndicatedAtTime": event.time.to_string(),
            "dpv:hasDuration": event.validity.to_string(),
            "dpv:isIndicatedBy": "dpv:DataSubject",
            "dpv:hasIndicationMethod": event.method.name(),
            "kelisim:validUntil": event.valid_until.to_string(),
            "kelisim:event": event.kind.name(),
            "kelisim:offered": names(event.offered.iter()),
            "kelisim:allowed": names(event.allowed.iter()),
            "kelisim:openedFrame": event.frame.as_ref().map(|frame| {
                json!({ "host": &*frame.host, "category": frame.category.name() })
            }),
        },
        "kelisim:proof": {
            "format": "https://c2sp.org/tlog-proof",
            "index": issued.proof.index.0,
            "origin": issued.key.name(),
            "key": issued.key.to_string(),
            "log": log,
            "proof": issued.proof.to_string(),
        },
        "kelisim:policySha256": policies(settings, event),
    });
    let mut text = serde_json::to_string_pretty(&document).expect("values are always JSON");
    text.push('\n');
    text
}

/// The purposes offered, as they were shown, with what was answered to each.
fn purposes(event: &Event, notice: &Value) -> Vec<Value> {
    let shown = notice["purposes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let words = |category: Category| shown.iter().find(|purpose| purpose["category"] == category.name());
    let answered = |category: Category| {
        let words = words(category);
        json!({
            "@type": "dpv:Purpose",
            "kelisim:category": category.name(),
            "dct:title": words.map(|words| &words["name"]),
            "dct:description": words.map(|words| &words["text"]),
            "kelisim:allowed": event.allowed.contains(category),
        })
    };
    event.offered.iter().map(answered).collect()
}

/// SHA-256 of the texts of the edition that is still configured.
fn policies(settings: &Settings, event: &Event) -> Vec<Value> {
    let texts = settings.texts.iter().filter(|text| text.id == event.edition);
    texts.map(|text| json!({ "language": text.language.tag(), "sha256": hexadecimal(&text.hash) })).collect()
}

fn names(categories: impl Iterator<Item = Category>) -> Vec<&'static str> {
    categories.map(Category::name).collect()
}

const fn status(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Expressed | EventKind::Implied | EventKind::Frame => "dpv:ConsentGiven",
        EventKind::Renewed => "dpv:RenewedConsentGiven",
        EventKind::Refused => "dpv:ConsentRefused",
        EventKind::Withdrawn => "dpv:ConsentWithdrawn",
    }
}
