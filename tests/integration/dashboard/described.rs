//! The description of the interface is true: real answers have every member that it names, of the type that it says, and no others.

use serde_json::Value;

use super::{busy, json};
use crate::harness::Browser;

/// Where a value is not what a schema says.
fn faults(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return faults(document, document.pointer(&reference[1..]).unwrap(), value, at);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let all: Vec<_> = any.iter().map(|schema| faults(document, schema, value, at)).collect();
        return if all.iter().any(Vec::is_empty) { Vec::new() } else { all.concat() };
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return vec![format!("{at}: {value} is none of {}", schema["enum"])];
    }
    let types = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().map(|one| one.as_str().unwrap()).collect(),
        other => panic!("{at}: no type: {other}"),
    };
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.contains(&found) {
        return vec![format!("{at}: {value} is no {types:?}")];
    }
    match value {
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.flat_map(|(place, item)| faults(document, &schema["items"], item, &format!("{at}/{place}"))).collect()
        }
        Value::Object(members) => {
            let properties = schema["properties"].as_object().unwrap();
            let required = schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
            let missing = required.filter(|name| !members.contains_key(*name)).map(|name| format!("{at}: no {name}"));
            let inside = members.iter().flat_map(|(name, value)| match properties.get(name) {
                Some(schema) => faults(document, schema, value, &format!("{at}/{name}")),
                None => vec![format!("{at}: {name} is not described")],
            });
            missing.chain(inside).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn every_answer_is_as_it_is_described() {
    let (_gateway, mut operator) = busy();
    let document = json(&mut operator, "/openapi.json");
    assert_eq!(document["openapi"], "3.1.0");
    let check = |operator: &mut Browser, path: &str, described: &str| {
        let answer = &document["paths"][described]["get"]["responses"];
        let schema = &answer["200"]["content"]["application/json"]["schema"];
        assert!(schema["$ref"].is_string(), "{described}");
        let value = json(operator, path);
        assert_eq!(faults(&document, schema, &value, path), Vec::<String>::new());
        let wrong = if path.contains('?') { format!("{path}&lang=de") } else { format!("{path}?lang=de") };
        let refused: Value = serde_json::from_slice(&operator.get(&wrong).body).unwrap();
        assert_eq!(
            faults(&document, &answer["400"]["content"]["application/json"]["schema"], &refused, &wrong),
            Vec::<String>::new()
        );
    };
    for described in document["paths"].as_object().unwrap().keys() {
        for query in
            ["", "?period=yesterday", "?filter=source%3AGoogle", "?period=year&compare=none", "?filter=country%3AJP"]
        {
            check(&mut operator, &format!("{}{query}", described.replace("{dimension}", "page")), described);
        }
    }
    for dimension in document["components"]["schemas"]["Dimension"]["enum"].as_array().unwrap() {
        let path = format!("/statistics/table/{}.json", dimension.as_str().unwrap());
        check(&mut operator, &path, "/statistics/table/{dimension}.json");
    }
}

#[test]
fn a_description_that_is_not_true_is_found() {
    let document = Value::Null;
    let schema =
        serde_json::json!({ "type": "object", "required": ["a"], "properties": { "a": { "type": "integer" } } });
    let check = |value: Value, expected: usize| {
        assert_eq!(faults(&document, &schema, &value, "").len(), expected, "{value}");
    };
    check(serde_json::json!({ "a": 1 }), 0);
    check(serde_json::json!({ "a": "1" }), 1);
    check(serde_json::json!({ "a": 1, "b": 2 }), 1);
    check(serde_json::json!({}), 1);
    check(serde_json::json!([]), 1);
}
