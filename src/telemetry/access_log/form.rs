//! How a line is written: for people and `grep`, or as one JSON object (RFC 8259).

use std::{fmt, io::Write as _};

use serde::{Serialize, Serializer};

use super::{AccessLine, AccessLogFormat};
use crate::timestamp::Timestamp;

/// Appends a line with its end.
pub(super) fn write(line: &AccessLine, format: AccessLogFormat, buffer: &mut Vec<u8>) {
    match format {
        AccessLogFormat::Text => text(line, buffer),
        AccessLogFormat::Json => {
            serde_json::to_writer(&mut *buffer, &Json::of(line)).expect("plain values are always JSON");
        }
    }
    buffer.push(b'\n');
}

/// Fields by their place, one space between them, `-` for nothing. Only the path may hold a space, and it stands in quotation marks.
fn text(line: &AccessLine, buffer: &mut Vec<u8>) {
    let number = |number: Option<u32>| number.map_or(Shown::Nothing, Shown::Number);
    write!(
        buffer,
        "{} {} \"{} {} {}\" {} {} {} {} {} {} {} {} {} {} {}",
        line.time,
        line.site.as_str(),
        line.method.name(),
        line.path.as_str(),
        line.protocol.name(),
        number(line.status.map(|status| status.as_u16().into())),
        line.bytes,
        number(line.first_byte),
        line.last_byte,
        line.outcome.name(),
        line.outcome.reason().unwrap_or("-"),
        line.consent.map_or("-", |consent| consent.name()),
        line.country.as_ref().map_or("-", |country| country.as_str()),
        line.network.as_ref().map_or(Shown::Nothing, |network| Shown::Text(network)),
        line.browser.name(),
        line.reference.as_ref().map_or(Shown::Nothing, |reference| Shown::Text(reference)),
    )
    .expect("writing to memory");
}

/// Something, or `-`.
enum Shown<'a> {
    Nothing,
    Number(u32),
    Text(&'a dyn fmt::Display),
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => formatter.write_str("-"),
            Self::Number(number) => number.fmt(formatter),
            Self::Text(text) => text.fmt(formatter),
        }
    }
}

/// The same by their names; `null` for nothing.
#[derive(Serialize)]
struct Json<'a> {
    #[serde(serialize_with = "shown")]
    time: Timestamp,
    site: &'a str,
    method: &'static str,
    path: &'a str,
    protocol: &'static str,
    status: Option<u16>,
    bytes: u64,
    first_byte_ms: Option<u32>,
    last_byte_ms: u32,
    outcome: &'static str,
    reason: Option<&'static str>,
    consent: Option<&'static str>,
    country: Option<&'a str>,
    network: Option<String>,
    browser: &'static str,
    reference: Option<String>,
}

impl<'a> Json<'a> {
    fn of(line: &'a AccessLine) -> Self {
        Self {
            time: line.time,
            site: line.site.as_str(),
            method: line.method.name(),
            path: line.path.as_str(),
            protocol: line.protocol.name(),
            status: line.status.map(|status| status.as_u16()),
            bytes: line.bytes,
            first_byte_ms: line.first_byte,
            last_byte_ms: line.last_byte,
            outcome: line.outcome.name(),
            reason: line.outcome.reason(),
            consent: line.consent.map(|consent| consent.name()),
            country: line.country.as_ref().map(|country| country.as_str()),
            network: line.network.map(|network| network.to_string()),
            browser: line.browser.name(),
            reference: line.reference.map(|reference| reference.to_string()),
        }
    }
}

fn shown<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
