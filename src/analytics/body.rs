//! Parameters and bodies: read as a whole, filtered, and written anew.

use serde_json::{Map, Value};
use url::form_urlencoded::{self, Serializer};

use super::{
    fields::{self, Fields, Kind},
    preset::{BodyForm, Preset},
    request::Unsendable,
    text,
};

/// What we say ourselves beside the visitor's parameters.
pub(super) type Forced = [(&'static str, String)];

/// A body as it leaves.
pub(super) struct Body {
    pub(super) content_type: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// A query or a form: of its parameters those that pass, then ours.
pub(super) fn query(fields: &Fields, query: &[u8], forced: &Forced) -> String {
    let mut written = Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query) {
        if let Some(value) = fields::kind(fields, &name).and_then(|kind| kind.apply(&value)) {
            written.append_pair(&name, &value);
        }
    }
    written.extend_pairs(forced);
    written.finish()
}

/// The body of a hit.
///
/// # Errors
///
/// When it is not written as the preset's scripts write it, or when it is of a kind that does not pass.
pub(super) fn body(preset: Preset, body: &[u8], forced: &Forced) -> Result<Body, Unsendable> {
    let fields = preset.hit_fields();
    match preset.body_form() {
        BodyForm::MatomoForm if body.trim_ascii_start().starts_with(b"{") => {
            Ok(Body { content_type: "application/json", bytes: bulk(fields, object(body)?, forced)? })
        }
        BodyForm::MatomoForm => {
            let bytes = query(fields, body, forced).into_bytes();
            Ok(Body { content_type: "application/x-www-form-urlencoded", bytes })
        }
        BodyForm::Json => {
            let mut object = object(body)?;
            let object = if preset == Preset::Umami { umami(fields, &mut object)? } else { filtered(fields, object) };
            Ok(Body { content_type: "application/json", bytes: Value::Object(object).to_string().into_bytes() })
        }
        BodyForm::Lines => {
            let lines: Vec<_> = body.split(|byte| *byte == b'\n').map(|line| query(fields, line, forced)).collect();
            Ok(Body { content_type: "text/plain;charset=UTF-8", bytes: lines.join("\n").into_bytes() })
        }
    }
}

/// Several hits of Matomo in one: a list of queries, and the token for all of them.
fn bulk(fields: &Fields, mut body: Map<String, Value>, forced: &Forced) -> Result<Vec<u8>, Unsendable> {
    let Some(Value::Array(requests)) = body.remove("requests") else { return Err(Unsendable::Unreadable) };
    let (token, forced): (Vec<_>, Vec<_>) = forced.iter().cloned().partition(|(name, _)| *name == TOKEN);
    let hit = |request: Value| match request {
        Value::String(hit) => {
            let hit = hit.split_once('?').map_or(&*hit, |(_, query)| query);
            Ok(Value::String(format!("?{}", query(fields, hit.as_bytes(), &forced))))
        }
        _ => Err(Unsendable::Unreadable),
    };
    let requests = requests.into_iter().map(hit).collect::<Result<Vec<_>, _>>()?;
    let mut written = Map::from_iter([("requests".to_owned(), Value::Array(requests))]);
    written.extend(token.into_iter().map(|(name, token)| (name.to_owned(), Value::String(token))));
    // Whether the answer is a picture.
    written.extend(body.remove_entry("send_image").filter(|(_, value)| value.is_number()));
    Ok(Value::Object(written).to_string().into_bytes())
}

/// The parameter that carries Matomo's token.
pub(super) const TOKEN: &str = "token_auth";

/// A hit of Umami has its parameters one step down. Only what counts passes: `identify` says who somebody is.
fn umami(fields: &Fields, body: &mut Map<String, Value>) -> Result<Map<String, Value>, Unsendable> {
    let Some(Value::String(kind)) = body.remove("type") else { return Err(Unsendable::Unreadable) };
    if !matches!(kind.as_str(), "event" | "performance") {
        return Err(Unsendable::Kind);
    }
    let Some(Value::Object(payload)) = body.remove("payload") else { return Err(Unsendable::Unreadable) };
    let payload = Value::Object(filtered(fields, payload));
    Ok(Map::from_iter([("type".to_owned(), Value::String(kind)), ("payload".to_owned(), payload)]))
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Unsendable> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Unsendable::Unreadable),
    }
}

fn filtered(fields: &Fields, object: Map<String, Value>) -> Map<String, Value> {
    let pass = |(name, value): (String, Value)| {
        let value = match (fields::kind(fields, &name)?, value) {
            (kind, Value::String(value)) => Value::String(kind.apply(&value)?),
            (Kind::Values, value @ (Value::Object(_) | Value::Array(_))) => text::values(value),
            (_, Value::Object(_) | Value::Array(_)) => return None,
            (_, plain) => plain,
        };
        Some((name, value))
    };
    object.into_iter().filter_map(pass).collect()
}
