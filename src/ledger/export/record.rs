//! One consent record of ISO/IEC TS 27560 in the words of the W3C Data Privacy Vocabulary (DPV), complete: what all visitors share is
//! taken from the notice that was shown. Exports and receipts hold the same record.

use serde_json::{Value, json};

use super::{Ending, Told};
use crate::{
    consent::{Category, CategorySet},
    ledger::{Act, Event, EventKind, Method, NoticeFacts, is_denial, notice_facts::Item},
};

/// What a record conforms to (the guide, "Schema Version").
const PROFILE: &str = "https://w3id.org/dpv/schema/dpv-27560#record";

/// What the names in a record mean, written out so that nothing has to be fetched.
pub fn context() -> Value {
    json!({
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
        "kelisim:notAskedAgainUntil": { "@type": "xsd:dateTime" },
        "skos:broader": { "@type": "@id" },
    })
}

/// The record of an event. What a notice that is not kept would say is empty.
pub fn consent_record(event: &Event, told: &Told<'_>) -> Value {
    let none = NoticeFacts::default();
    let notice = told.notice.unwrap_or(&none);
    let act = Act::of(event, told.ended);
    let subject = format!("urn:kelisim:consent:{}", event.consent_id);
    let shown = notice.shown(event);
    let policies: Vec<_> =
        notice.policy.iter().map(|text| json!({ "language": text.language, "sha256": text.sha256 })).collect();
    json!({
        "@id": format!("urn:uuid:{}", event.id), "@type": "dpv:ConsentRecord",
        "dct:conformsTo": PROFILE,
        "dct:identifier": event.id.to_string(),
        "dct:language": event.language.tag(),
        "dpv:hasDataSubject": {
            "@id": subject, "@type": "dpv:DataSubject", "dct:identifier": event.consent_id.to_string(),
        },
        "dpv:hasNotice": {
            "@id": format!("urn:kelisim:notice:{}", event.notice), "@type": "dpv:ConsentNotice",
            "dct:identifier": event.notice.to_string(), "dct:language": event.language.tag(),
            "dct:description": (!shown.is_empty()).then(|| shown.join("\n")),
            "dct:hasVersion": event.edition.as_str(), "dct:source": notice.policy_address(),
            "kelisim:policySha256": policies,
        },
        "dpv:hasProcess": process(event, &act, notice, told),
        "dpv:hasConsentStatus": statuses(event, &act, notice, &subject),
        "kelisim:event": event.kind.name(),
        "kelisim:endsLeaf": event.ends.map(|index| index.0),
        "kelisim:openedHost": event.frame.as_ref().map(|frame| frame.host.to_string()),
        "kelisim:scope": event.frame.as_ref().map(|_| ours("one load of one frame on one page")),
    })
}

/// The processing, as the visitor was told of it.
fn process(event: &Event, act: &Act, notice: &NoticeFacts, told: &Told<'_>) -> Value {
    let controller = &notice.controller;
    let number = controller.bin.as_ref().or(controller.iin.as_ref());
    let kind = if controller.bin.is_some() { "dpv:Organisation" } else { "dpv:NaturalPerson" };
    let asked = |category: &str| Category::parse(category).is_some_and(|category| act.asked.contains(category));
    let recipients = notice.hosts.iter().filter(|host| asked(&host.category)).map(|host| {
        json!({ "@type": ["dpv:Recipient", "dpv:ThirdParty"], "dct:identifier": host.name, "dpv:hasName": host.owner })
    });
    // What the site wrote of others names them in its own words; a word that there are none names nobody.
    let stated = notice.third_parties().filter(|item| !is_denial(&item.value));
    let stated = stated.map(|item| json!({ "@type": "dpv:Recipient", "dct:description": said(item) }));
    let recipients: Vec<_> = stated.into_iter().chain(recipients).collect();
    json!({
        "@type": "dpv:Process",
        "dpv:hasPurpose": act.asked.iter().map(|category| purpose(notice, category)).collect::<Vec<_>>(),
        "dpv:hasLegalBasis": "dpv:Consent",
        "dpv:hasPersonalData": notice.data.iter().map(|kind| personal_data(kind)).collect::<Vec<_>>(),
        "dpv:hasDataController": {
            "@id": format!("urn:kelisim:controller:{}", number.map_or(&*notice.site, String::as_str)),
            "@type": ["dpv:DataController", kind], "dct:identifier": number, "dpv:hasName": controller.name,
            "dpv:hasAddress": controller.address, "dpv:hasContact": controller.email,
        },
        "dpv:hasStorageCondition": [
            { "@type": "dpv:StorageLocation", "dpv:hasLocation": notice.storage_place() },
            {
                // How long the record is kept, which is longer than the choice stands.
                "@type": "dpv:StorageDuration",
                "dpv:hasDuration": {
                    "@type": "dpv:UntilTimeDuration", "rdf:value": told.retention.kept_until(event).to_string(),
                },
                "kelisim:keptAfterTheEnd": told.retention.of(event.kind).to_string(),
            },
        ],
        "dpv:hasJurisdiction": format!("loc:{}", notice.jurisdiction),
        "dpv:hasRecipient": recipients,
        "dpv:hasConsentControl": {
            "@type": ["dpv:ProvideConsent", "dpv:WithdrawConsent"], "dpv:isExercisedAt": notice.withdrawal,
        },
        "dpv:hasRight": notice.rights.iter().map(|right| json!({
            "@type": "dpv:DataSubjectRight", "dct:description": right, "dpv:isExercisedAt": notice.withdrawal,
        })).collect::<Vec<_>>(),
        "kelisim:crossBorderTransfer": notice.cross_border().map(said),
        "kelisim:publicDissemination": notice.public().map(said),
        "kelisim:thirdPartyTransfer": notice.third_parties().map(said),
    })
}

/// What an item of the notice says: `false` where it says that there is no such thing, and otherwise its own words.
fn said(item: &Item) -> Value {
    match (is_denial(&item.value), &*item.language) {
        (true, _) => false.into(),
        (false, "") => item.value.as_str().into(),
        (false, language) => json!({ "@language": language, "@value": item.value }),
    }
}

/// A phrase that is no part of the notice, and in English whatever the language of the notice is.
fn ours(phrase: &str) -> Value {
    json!({ "@language": "en", "@value": phrase })
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
        "dct:title": words.map_or_else(|| ours(category.name()), |words| words.name.as_str().into()),
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
    json!({ "@type": "dpv:PersonalData", "skos:broader": broader, "dct:description": data_kind(kind) })
}

/// A kind of data as the site's configuration names it: the words that are translated for visitors are English.
fn data_kind(kind: &str) -> Value {
    match kind {
        "cookies" | "truncated address" | "browser and device family" | "time" | "page" => ours(kind),
        _ => kind.into(),
    }
}

/// What was given, what was taken back and what was refused, apart: one status for each. Only what was given is a kind of consent too.
fn statuses(event: &Event, act: &Act, notice: &NoticeFacts, subject: &str) -> Vec<Value> {
    let given = match event.kind {
        EventKind::Renewed => ["dpv:RenewedConsentGiven", "dpv:ExpressedConsent"],
        EventKind::Implied => ["dpv:ConsentGiven", "dpv:ImpliedConsent"],
        _ => ["dpv:ConsentGiven", "dpv:ExpressedConsent"],
    };
    let page = event.page.as_ref().and_then(|page| notice.address(page.as_str()));
    let status = |types: &[&str], of: CategorySet| {
        json!({
            "@type": types, "dpv:hasPurpose": purposes(of),
            "dpv:isIndicatedAtTime": event.time.to_string(),
            "dpv:isIndicatedBy": subject,
            "dpv:hasIndicationMethod": ours(indication(event.method)),
            "dpv:hasLocation": page,
        })
    };
    let given = |of: CategorySet| {
        let mut given = status(&given, of);
        given["dpv:hasDuration"] = json!([
            { "@type": "dpv:TemporalDuration", "rdf:value": act.validity },
            { "@type": "dpv:UntilTimeDuration", "rdf:value": event.valid_until.to_string() },
        ]);
        given
    };
    // A no does not lapse. What does is that nobody asks again.
    let not_given = |types: &str, of: CategorySet| {
        let mut status = status(&[types], of);
        status["kelisim:notAskedAgainUntil"] = event.valid_until.to_string().into();
        status
    };
    let some = |set: &CategorySet| !set.is_empty();
    let mut found: Vec<_> = Some(act.allowed).filter(some).map(given).into_iter().collect();
    match act.withdrawn {
        Some(withdrawn) if withdrawn.is_empty() => {}
        Some(withdrawn) => found.push(not_given("dpv:ConsentWithdrawn", withdrawn)),
        None => {
            let mut unknown = not_given("dpv:ConsentWithdrawn", CategorySet::EMPTY);
            unknown["kelisim:unknown"] = ours("the record of what had been given is no longer kept");
            found.push(unknown);
        }
    }
    // Where nothing was asked for, a refusal of nothing is still what happened.
    if let Some(refused) = act.refused.filter(|refused| some(refused) || found.is_empty()) {
        found.push(not_given("dpv:ConsentRefused", refused));
    }
    found
}

/// What was given stands no longer: a later answer has taken its place. The later record says what is allowed since.
pub(super) fn no_longer_valid(given: CategorySet, ending: Ending) -> Value {
    json!({
        "@type": ["dpv:ConsentStatusInvalidForProcessing"], "dpv:hasPurpose": purposes(given),
        "kelisim:endedByLeaf": ending.by.0, "kelisim:endedOn": ending.on(),
    })
}

fn purposes(set: CategorySet) -> Vec<Value> {
    set.iter().map(|category| json!({ "@id": purpose_name(category) })).collect()
}

const fn indication(method: Method) -> &'static str {
    match method {
        Method::BannerForm => "a button of the banner",
        Method::SettingsForm => "a button of the settings page",
        Method::ReceiptForm => "the button of the page that shows a visitor's own records",
        Method::Script => "a request of the page's script",
        Method::Navigation => "going on to another page after the banner was shown",
        Method::FrameForm => "the button in place of an embedded frame",
    }
}
