//! Consent records of ISO/IEC TS 27560 in JSON-LD, by the W3C guide to 27560 with the Data Privacy Vocabulary (DPV).
//!
//! One JSON-LD document with the records in its `@graph`, one record a line: programs for linked data read a file as one document,
//! and its context stands once, written out, so that nothing is fetched. Each record is complete: what all visitors share is taken
//! from the notice that was shown. A removed record leaves a line that says when and why.

use std::{
    collections::HashMap,
    fmt::Write as _,
    io::{self, Write},
};

use serde_json::{Value, json};

use super::{Content, Row};
use crate::{
    consent::{Category, CategorySet},
    ledger::{Event, EventKind, Method, NoticeFacts, NoticeId, hex::hex},
};

/// What a record conforms to (the guide, "Schema Version").
const PROFILE: &str = "https://w3id.org/dpv/schema/dpv-27560#record";

/// How many shared parts are kept written out: some editions in some languages, with some sets of categories.
const MOST_SHARED: usize = 256;

/// Writes rows as one JSON-LD document.
pub struct JsonLdExport<W: Write> {
    output: W,
    separator: &'static str,
    shared: HashMap<(NoticeId, CategorySet), Box<str>>,
}

impl<W: Write> JsonLdExport<W> {
    /// Writes the context.
    ///
    /// # Errors
    ///
    /// What the output says.
    pub fn new(mut output: W) -> io::Result<Self> {
        let context = json!({
            "dct": "http://purl.org/dc/terms/",
            "dpv": "https://w3id.org/dpv#",
            "kelisim": "urn:kelisim:",
            "loc": "https://w3id.org/dpv/loc#",
            "pd": "https://w3id.org/dpv/pd#",
            "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
            "skos": "http://www.w3.org/2004/02/skos/core#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
            "dct:conformsTo": { "@type": "@id" },
            "dpv:hasJurisdiction": { "@type": "@id" },
            "dpv:hasLegalBasis": { "@type": "@id" },
            "dpv:isExercisedAt": { "@type": "@id" },
            "dpv:isIndicatedAtTime": { "@type": "xsd:dateTime" },
            "dpv:isIndicatedBy": { "@type": "@id" },
            "skos:broader": { "@type": "@id" },
        });
        write!(output, "{{\"@context\":{context},\"@graph\":[")?;
        Ok(Self { output, separator: "\n", shared: HashMap::new() })
    }

    /// Writes one record; `notice` is what its event's notice said. Of a removed event none is needed.
    ///
    /// # Errors
    ///
    /// What the output says; `InvalidInput` where an event comes without its notice, since a record without it is not complete.
    pub fn write(&mut self, row: &Row, notice: Option<&NoticeFacts>) -> io::Result<()> {
        let separator = std::mem::replace(&mut self.separator, ",\n");
        self.output.write_all(separator.as_bytes())?;
        match &row.content {
            Content::Removed { on, by } => {
                let removed = json!({
                    "@id": format!("urn:kelisim:leaf:{}", row.index.0), "@type": "kelisim:RemovedRecord",
                    "kelisim:leafIndex": row.index.0, "kelisim:leafHash": hex(&row.leaf_hash.0),
                    "kelisim:removedOn": on.date(), "kelisim:removedBy": by.name(),
                });
                write!(self.output, "{removed}")
            }
            Content::Kept(event, _) => {
                let missing = || io::Error::new(io::ErrorKind::InvalidInput, "the notice of an event is missing");
                self.write_event(row, event, notice.ok_or_else(missing)?)
            }
        }
    }

    fn write_event(&mut self, row: &Row, event: &Event, notice: &NoticeFacts) -> io::Result<()> {
        let purposes = purposes(event);
        if self.shared.len() >= MOST_SHARED {
            self.shared.clear();
        }
        let shared = self.shared.entry((event.notice, purposes));
        let shared = shared.or_insert_with(|| shared_part(event.notice, notice, purposes));
        let subject = format!("urn:kelisim:consent:{}", event.consent_id);
        let head = json!({
            "@id": format!("urn:uuid:{}", event.id), "@type": "dpv:ConsentRecord",
            "dct:conformsTo": PROFILE,
            "dct:identifier": event.id.to_string(),
            "dct:language": event.language.tag(),
            "dpv:hasDataSubject": {
                "@id": subject, "@type": "dpv:DataSubject", "dct:identifier": event.consent_id.to_string(),
            },
            "dpv:hasConsentStatus": statuses(event, notice, &subject),
            "kelisim:event": event.kind.name(),
            "kelisim:leafIndex": row.index.0, "kelisim:leafHash": hex(&row.leaf_hash.0),
            "kelisim:endsLeaf": event.ends.map(|index| index.0),
            "kelisim:openedHost": event.frame.as_ref().map(|frame| frame.host.to_string()),
        });
        let head = head.to_string();
        // Both are objects, and the notice's part is written once for many records.
        write!(self.output, "{},{}", &head[..head.len() - 1], &shared[1..])
    }

    /// Ends the document and flushes it.
    ///
    /// # Errors
    ///
    /// What the output says.
    pub fn finish(mut self) -> io::Result<()> {
        self.output.write_all(b"\n]}\n")?;
        self.output.flush()
    }
}

/// What was asked for in this event.
fn purposes(event: &Event) -> CategorySet {
    event.frame.as_ref().map_or(event.offered, |frame| CategorySet::EMPTY.with(frame.category))
}

/// Notice and processing, as every visitor was told.
fn shared_part(id: NoticeId, notice: &NoticeFacts, purposes: CategorySet) -> Box<str> {
    let controller = &notice.controller;
    let number = controller.bin.as_ref().or(controller.iin.as_ref());
    let kind = if controller.bin.is_some() { "dpv:Organisation" } else { "dpv:NaturalPerson" };
    let recipients = notice
        .hosts
        .iter()
        .filter(|host| Category::parse(&host.category).is_some_and(|category| purposes.contains(category)));
    let recipients = recipients.map(|host| {
        json!({ "@type": ["dpv:Recipient", "dpv:ThirdParty"], "dct:identifier": host.name, "dpv:hasName": host.owner })
    });
    let stated = json!({ "@type": "dpv:Recipient", "dct:description": notice.third_parties() });
    let recipients: Vec<_> = [stated].into_iter().chain(recipients).collect();
    let storage_duration = json!({ "@type": "dpv:TemporalDuration", "rdf:value": notice.valid_for });
    let part = json!({
        "dpv:hasNotice": {
            "@id": format!("urn:kelisim:notice:{id}"), "@type": "dpv:ConsentNotice", "dct:identifier": id.to_string(),
            "dct:language": notice.language, "dct:description": notice.banner.text, "dct:hasVersion": notice.edition,
            "dct:source": notice.policy_address(),
        },
        "dpv:hasProcess": {
            "@type": "dpv:Process",
            "dpv:hasPurpose": purposes.iter().map(|category| purpose(notice, category)).collect::<Vec<_>>(),
            "dpv:hasLegalBasis": "dpv:Consent",
            "dpv:hasPersonalData": notice.data.iter().map(|kind| personal_data(kind)).collect::<Vec<_>>(),
            "dpv:hasDataController": {
                "@id": format!("urn:kelisim:controller:{}", number.map_or(&*notice.site, String::as_str)),
                "@type": ["dpv:DataController", kind], "dct:identifier": number, "dpv:hasName": controller.name,
                "dpv:hasAddress": controller.address, "dpv:hasContact": controller.email,
            },
            "dpv:hasStorageCondition": [
                { "@type": "dpv:StorageLocation", "dpv:hasLocation": notice.storage_place() },
                { "@type": "dpv:StorageDuration", "dpv:hasDuration": storage_duration },
            ],
            "dpv:hasJurisdiction": format!("loc:{}", notice.jurisdiction),
            "dpv:hasRecipient": recipients,
            "dpv:hasConsentControl": {
                "@type": ["dpv:ProvideConsent", "dpv:WithdrawConsent"], "dpv:isExercisedAt": notice.withdrawal,
            },
            "dpv:hasRight": notice.rights.iter().map(|right| json!({
                "@type": "dpv:DataSubjectRight", "dct:description": right, "dpv:isExercisedAt": notice.withdrawal,
            })).collect::<Vec<_>>(),
            "kelisim:crossBorderTransfer": notice.cross_border(),
            "kelisim:publicDissemination": notice.public(),
        },
    });
    part.to_string().into()
}

fn purpose(notice: &NoticeFacts, category: Category) -> Value {
    let broader = match category {
        Category::Necessary | Category::Functional => "dpv:ServiceProvision",
        Category::Analytical => "dpv:ServiceUsageAnalytics",
        Category::Marketing => "dpv:Marketing",
    };
    let words = notice.purpose(category);
    json!({
        "@id": purpose_name(category), "@type": "dpv:Purpose", "skos:broader": broader,
        "dct:title": words.map_or(category.name(), |words| &words.name),
        "dct:description": words.map(|words| &words.text),
    })
}

fn purpose_name(category: Category) -> String {
    format!("urn:kelisim:purpose:{}", category.name())
}

fn personal_data(kind: &str) -> Value {
    let broader = match kind {
        "truncated address" => "pd:IPAddress",
        "page" => "pd:BrowsingBehaviour",
        _ => "dpv:PersonalData",
    };
    json!({ "@type": "dpv:PersonalData", "skos:broader": broader, "dct:description": kind })
}

/// What was given and what was not, apart: one status for each.
fn statuses(event: &Event, notice: &NoticeFacts, subject: &str) -> Vec<Value> {
    let purposes = purposes(event);
    let allowed = if event.kind == EventKind::Frame { purposes } else { event.allowed };
    let (given, kind) = match event.kind {
        EventKind::Renewed => ("dpv:RenewedConsentGiven", "dpv:ExpressedConsent"),
        EventKind::Implied => ("dpv:ConsentGiven", "dpv:ImpliedConsent"),
        _ => ("dpv:ConsentGiven", "dpv:ExpressedConsent"),
    };
    let held_back = if event.kind == EventKind::Withdrawn { "dpv:ConsentWithdrawn" } else { "dpv:ConsentRefused" };
    let names = |wanted: bool| -> Vec<_> {
        purposes.iter().filter(|category| allowed.contains(*category) == wanted).map(purpose_name).collect()
    };
    let seconds = (event.valid_until.milliseconds() - event.time.milliseconds()).max(0) / 1000;
    let mut duration = event.validity.to_string();
    if event.kind == EventKind::Frame {
        duration.clear();
        write!(duration, "PT{seconds}S").expect("a string takes every write");
    }
    let page = event.page.as_ref().map(|page| format!("https://{}{}", notice.site, page.as_str()));
    let status = |types: &[&str], purposes: Vec<String>| {
        json!({
            "@type": types, "dpv:hasPurpose": purposes.iter().map(|id| json!({ "@id": id })).collect::<Vec<_>>(),
            "dpv:isIndicatedAtTime": event.time.to_string(),
            "dpv:hasDuration": [
                { "@type": "dpv:TemporalDuration", "rdf:value": duration },
                { "@type": "dpv:UntilTimeDuration", "rdf:value": event.valid_until.to_string() },
            ],
            "dpv:isIndicatedBy": subject,
            "dpv:hasIndicationMethod": indication(event.method),
            "dpv:hasLocation": page,
        })
    };
    let (yes, no) = (names(true), names(false));
    let mut found = Vec::new();
    if !yes.is_empty() {
        found.push(status(&[given, kind], yes));
    }
    if !no.is_empty() || found.is_empty() {
        found.push(status(&[held_back, "dpv:ExpressedConsent"], no));
    }
    found
}

const fn indication(method: Method) -> &'static str {
    match method {
        Method::BannerForm => "a button of the banner",
        Method::SettingsForm => "a button of the settings page",
        Method::Script => "a request of the page's script",
        Method::Navigation => "going on to another page after the banner was shown",
        Method::FrameForm => "the button in place of an embedded frame",
    }
}
