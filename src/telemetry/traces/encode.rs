//! OTLP 1 in JSON: protocol buffers' own form, in which numbers of 64 bits are texts, but with identifiers in hexadecimal and enumerations
//! as numbers (OpenTelemetry protocol, JSON Protobuf Encoding).

use std::{borrow::Cow, time::Duration};

use serde::Serialize;

use super::span::{EndedTrace, Kind, Span, Value};
use crate::{consent::Category, trace_context::SpanId};

/// A question that has nothing in it, for asking whether somebody would take one.
pub(super) const EMPTY: &str = r#"{"resourceSpans":[]}"#;

/// The trace is recorded, and it is known whether the parent is another program's (flags of a span).
const RECORDED: u32 = 0x101;
/// It is.
const OF_ANOTHER: u32 = 0x200;

/// The status of a span that went wrong.
const ERROR: u8 = 2;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    resource_spans: [ResourceSpans<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans<'a> {
    resource: Resource<'a>,
    scope_spans: [ScopeSpans<'a>; 1],
}

#[derive(Serialize)]
struct Resource<'a> {
    attributes: [Attribute<'a>; 3],
}

#[derive(Serialize)]
struct ScopeSpans<'a> {
    scope: Scope,
    spans: Vec<Written<'a>>,
}

#[derive(Serialize)]
struct Scope {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    flags: u32,
    name: &'static str,
    kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<Attribute<'a>>,
    status: Status,
}

#[derive(Serialize)]
struct Status {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u8>,
}

#[derive(Serialize)]
struct Attribute<'a> {
    key: &'static str,
    value: Any<'a>,
}

#[derive(Serialize)]
enum Any<'a> {
    #[serde(rename = "stringValue")]
    Text(Cow<'a, str>),
    #[serde(rename = "intValue")]
    Integer(String),
    #[serde(rename = "arrayValue")]
    List { values: Vec<Self> },
}

/// The body of a request that hands these traces over.
pub(super) fn request(service: (&str, &str), traces: &[EndedTrace]) -> Vec<u8> {
    let (service, instance) = service;
    let text = |key, value| Attribute { key, value: Any::Text(Cow::Borrowed(value)) };
    let request = Request {
        resource_spans: [ResourceSpans {
            resource: Resource {
                attributes: [
                    text("service.name", service),
                    text("service.version", env!("CARGO_PKG_VERSION")),
                    text("service.instance.id", instance),
                ],
            },
            scope_spans: [ScopeSpans {
                scope: Scope { name: "kelisim", version: env!("CARGO_PKG_VERSION") },
                spans: traces.iter().flat_map(|trace| trace.spans.iter().map(|span| written(trace, span))).collect(),
            }],
        }],
    };
    serde_json::to_vec(&request).expect("plain values are always JSON")
}

fn written<'a>(trace: &EndedTrace, span: &'a Span) -> Written<'a> {
    // All but the first have their parent among us.
    let is_of_another = span.kind == Kind::Server && span.parent.is_some();
    let at = |after: Duration| {
        let begun = u128::try_from(trace.begun.milliseconds()).unwrap_or_default() * 1_000_000;
        (begun + after.as_nanos()).to_string()
    };
    Written {
        trace_id: trace.trace.to_string(),
        span_id: span.id.to_string(),
        parent_span_id: span.parent.as_ref().map(SpanId::to_string),
        flags: if is_of_another { RECORDED | OF_ANOTHER } else { RECORDED },
        name: span.name,
        kind: match span.kind {
            Kind::Internal => 1,
            Kind::Server => 2,
            Kind::Client => 3,
        },
        start_time_unix_nano: at(span.begun),
        end_time_unix_nano: at(span.ended),
        attributes: span.attributes.iter().map(|(key, value)| Attribute { key, value: any(value) }).collect(),
        status: Status { code: span.is_error.then_some(ERROR) },
    }
}

fn any(value: &Value) -> Any<'_> {
    match value {
        Value::Word(word) => Any::Text(Cow::Borrowed(word)),
        Value::Number(number) => Any::Integer(number.to_string()),
        Value::Site(site) => Any::Text(Cow::Borrowed(site.as_str())),
        Value::Host(server) => Any::Text(Cow::Borrowed(server.host())),
        Value::Path(path) => Any::Text(Cow::Borrowed(path.as_str())),
        Value::Status(status) => Any::Text(Cow::Owned(status.as_u16().to_string())),
        Value::Reference(reference) => Any::Text(Cow::Owned(reference.to_string())),
        Value::Categories(categories) => {
            let name = |category: Category| Any::Text(Cow::Borrowed(category.name()));
            Any::List { values: categories.iter().map(name).collect() }
        }
    }
}
