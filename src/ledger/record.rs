//! The canonical bytes of an event: one JSON object on one line, the same bytes for the same event, forever.
//!
//! Leaves commit to these bytes, so a change here would make old records unprovable: a new field means a new schema name, and
//! both stay readable. Rules of `kelisim-record/v1`:
//!
//! - Fields stand in the order of [`Fields`], every field is there, an absent value is `null`, no white space between tokens.
//! - UTF-8; in strings only `"`, `\` and control characters are escaped, in the shortest form of RFC 8259, section 7.
//! - Times are RFC 3339 in UTC with milliseconds, terms ISO 8601 durations, hashes and ids lower-case hexadecimal.
//! - Categories are lists in the order of [`crate::consent::Category::ALL`].
//! - An opened frame is a `kelisim-frame/v1`: the same fields, then `host` and `category`.
//! - `entity` is always `data_subject`: signals of a browser are obeyed without an event, so that nobody else ever speaks here.
//!
//! What all visitors share (controller, purposes, recipients, rights, storage) is in the notice document that `notice_id` names.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Event, EventKind, LeafIndex, Method, NoticeId, OpenedFrame, PagePath, RecordId};
use crate::{
    consent::{Category, CategorySet, ConsentId, EditionId},
    timestamp::{Term, Timestamp},
    visitor::{AgentFamily, Language, Signals},
};

const SCHEMA: &str = "kelisim-record/v1";
const FRAME_SCHEMA: &str = "kelisim-frame/v1";

/// The canonical bytes of an event.
pub fn canonical(event: &Event) -> Vec<u8> {
    let fields = Fields {
        schema: schema(event.kind).into(),
        record_id: event.id.to_string().into(),
        consent_id: event.consent_id.to_string().into(),
        site: (&*event.site).into(),
        event: event.kind.name().into(),
        entity: "data_subject".into(),
        time: event.time.to_string().into(),
        validity: event.validity.to_string().into(),
        valid_until: event.valid_until.to_string().into(),
        method: event.method.name().into(),
        offered: names(event.offered),
        allowed: names(event.allowed),
        edition: event.edition.as_str().into(),
        notice_id: event.notice.to_string().into(),
        language: event.language.tag().into(),
        page: event.page.as_ref().map(|page| page.as_str().into()),
        agent: event.agent.name().into(),
        gpc: event.signals.global_privacy_control,
        dnt: event.signals.do_not_track,
        ends: event.ends.map(|index| index.0),
        host: event.frame.as_ref().map(|frame| (&*frame.host).into()),
        category: event.frame.as_ref().map(|frame| frame.category.name().into()),
    };
    serde_json::to_vec(&fields).expect("a struct of strings, flags and numbers is always JSON")
}

/// Reads canonical bytes.
///
/// # Errors
///
/// When the bytes are anything but what [`canonical`] writes for some event; the reason names the field.
pub fn parse(record: &[u8]) -> Result<Event, RecordError> {
    let fields: Fields<'_> = serde_json::from_slice(record).map_err(|error| unreadable(&error))?;
    let event = fields.event()?;
    // One spelling per event: otherwise two different byte strings could pass for the same record.
    if canonical(&event) == record { Ok(event) } else { Err(RecordError("not in canonical form".into())) }
}

/// What the log itself asks of a record: whose it is, from when until when, and what it ends. Read without the rest, and without writing
/// the record anew to see whether it is canonical: for bytes that are known to be what was written.
#[derive(Debug, PartialEq, Eq)]
pub struct RecordOutline<'a> {
    /// Who answered.
    pub consent_id: ConsentId,
    /// On which site.
    pub site: Cow<'a, str>,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub time: Timestamp,
    /// Until when it stands.
    pub valid_until: Timestamp,
    /// The leaf that it names as ended.
    pub ends: Option<LeafIndex>,
}

/// Reads what the log itself asks of a record.
///
/// # Errors
///
/// When one of these fields can't be read; the reason names it. Other fields are not looked at.
pub fn outline(record: &[u8]) -> Result<RecordOutline<'_>, RecordError> {
    let fields: OutlineFields<'_> = serde_json::from_slice(record).map_err(|error| unreadable(&error))?;
    let kind = EventKind::parse(&fields.event).ok_or_else(|| fault("event"))?;
    check_schema(&fields.schema, kind)?;
    Ok(RecordOutline {
        consent_id: ConsentId::parse(&fields.consent_id).ok_or_else(|| fault("consent_id"))?,
        site: fields.site,
        kind,
        time: Timestamp::parse(&fields.time).ok_or_else(|| fault("time"))?,
        valid_until: Timestamp::parse(&fields.valid_until).ok_or_else(|| fault("valid_until"))?,
        ends: fields.ends.map(LeafIndex),
    })
}

/// Why bytes are not a record.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a consent record: {0}")]
pub struct RecordError(Box<str>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<'a> {
    #[serde(borrow)]
    schema: Cow<'a, str>,
    #[serde(borrow)]
    record_id: Cow<'a, str>,
    #[serde(borrow)]
    consent_id: Cow<'a, str>,
    #[serde(borrow)]
    site: Cow<'a, str>,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow)]
    entity: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow)]
    validity: Cow<'a, str>,
    #[serde(borrow)]
    valid_until: Cow<'a, str>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    offered: Vec<Cow<'a, str>>,
    allowed: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    edition: Cow<'a, str>,
    #[serde(borrow)]
    notice_id: Cow<'a, str>,
    #[serde(borrow)]
    language: Cow<'a, str>,
    page: Option<Cow<'a, str>>,
    #[serde(borrow)]
    agent: Cow<'a, str>,
    gpc: bool,
    dnt: bool,
    ends: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    category: Option<Cow<'a, str>>,
}

/// Those of [`Fields`] that [`outline`] reads. Strings are borrowed unless something in them is escaped.
#[derive(Deserialize)]
struct OutlineFields<'a> {
    #[serde(borrow)]
    schema: Cow<'a, str>,
    #[serde(borrow)]
    consent_id: Cow<'a, str>,
    #[serde(borrow)]
    site: Cow<'a, str>,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow)]
    valid_until: Cow<'a, str>,
    ends: Option<u64>,
}

impl Fields<'_> {
    fn event(&self) -> Result<Event, RecordError> {
        let kind = EventKind::parse(&self.event).ok_or_else(|| fault("event"))?;
        check_schema(&self.schema, kind)?;
        let frame = match (&self.host, &self.category) {
            (None, None) => None,
            (Some(host), Some(category)) => {
                let category = Category::parse(category).ok_or_else(|| fault("category"))?;
                Some(OpenedFrame { host: (&**host).into(), category })
            }
            _ => return Err(fault("host")),
        };
        if frame.is_some() != (kind == EventKind::Frame) {
            return Err(fault("host"));
        }
        let agent = AgentFamily::ALL.into_iter().find(|family| family.name() == self.agent);
        Ok(Event {
            id: RecordId::parse(&self.record_id).ok_or_else(|| fault("record_id"))?,
            consent_id: ConsentId::parse(&self.consent_id).ok_or_else(|| fault("consent_id"))?,
            site: (&*self.site).into(),
            kind,
            time: Timestamp::parse(&self.time).ok_or_else(|| fault("time"))?,
            validity: term(&self.validity).ok_or_else(|| fault("validity"))?,
            valid_until: Timestamp::parse(&self.valid_until).ok_or_else(|| fault("valid_until"))?,
            method: Method::parse(&self.method).ok_or_else(|| fault("method"))?,
            offered: set(&self.offered).ok_or_else(|| fault("offered"))?,
            allowed: set(&self.allowed).ok_or_else(|| fault("allowed"))?,
            edition: EditionId::parse(&self.edition).ok_or_else(|| fault("edition"))?,
            notice: NoticeId::parse(&self.notice_id).ok_or_else(|| fault("notice_id"))?,
            language: Language::parse(&self.language).ok_or_else(|| fault("language"))?,
            page: match &self.page {
                Some(page) => Some(PagePath::parse_kept(page).ok_or_else(|| fault("page"))?),
                None => None,
            },
            agent: agent.ok_or_else(|| fault("agent"))?,
            signals: Signals { global_privacy_control: self.gpc, do_not_track: self.dnt },
            ends: self.ends.map(LeafIndex),
            frame,
        })
    }
}

const fn schema(kind: EventKind) -> &'static str {
    if matches!(kind, EventKind::Frame) { FRAME_SCHEMA } else { SCHEMA }
}

fn check_schema(found: &str, kind: EventKind) -> Result<(), RecordError> {
    let known = schema(kind);
    if found == known { Ok(()) } else { Err(RecordError(format!("its schema is {found}, known is {known}").into())) }
}

fn unreadable(error: &serde_json::Error) -> RecordError {
    RecordError(error.to_string().into())
}

fn fault(field: &str) -> RecordError {
    RecordError(format!("the field {field} can't be read").into())
}

fn names(set: CategorySet) -> Vec<Cow<'static, str>> {
    set.iter().map(|category| category.name().into()).collect()
}

fn set(names: &[Cow<'_, str>]) -> Option<CategorySet> {
    names.iter().map(|name| Category::parse(name)).collect()
}

/// Reads what [`Term`] prints: `P6M`, `P14D`, `P1M15D`.
fn term(text: &str) -> Option<Term> {
    let text = text.strip_prefix('P')?;
    let (months, rest) = text.split_once('M').map_or(("0", text), |(months, rest)| (months, rest));
    let days = if rest.is_empty() { "0" } else { rest.strip_suffix('D')? };
    Some(Term { months: months.parse().ok()?, days: days.parse().ok()? })
}
