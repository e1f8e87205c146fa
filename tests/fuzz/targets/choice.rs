//! A posted choice, as a form and as JSON. Input: a byte for what is offered and how it is sent, then the body.

use kelisim::{
    consent::{Category, CategorySet},
    pages::{LONGEST_CHOICE, Layer, PostedChoice, PostedErasure, ReturnPath, SettingsQuery, parse_form, parse_json},
};
use url::Url;

use super::Target;

pub const TARGET: Target = Target { name: "choice", run, words: WORDS, runs: 6000 };

const WORDS: &[&str] = &[
    "choice",
    "accept",
    "necessary",
    "save",
    "edition",
    "language",
    "layer",
    "banner",
    "settings",
    "receipt",
    "notice",
    "to",
    "on",
    "=",
    "&",
    "functional",
    "analytical",
    "marketing",
    "kk",
    "ru",
    "2026-11",
    "%2F",
    "%5C",
    "//",
    "/\\",
    "+",
    "%00",
    "%D2%9B",
    "%FF",
    "\"",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "\\u0000",
    "\\ud800",
    "categories",
    "javascript:",
    "/_kelisim/choice",
    "@evil.example",
];

const PREFIX: &str = "/_kelisim/";

fn run(input: &[u8]) {
    let Some((first, body)) = input.split_first() else { return };
    let offer = CategorySet::from_bits(first << 1 & CategorySet::MOST_BITS).unwrap();
    let form = parse_form(body, offer, PREFIX);
    let json = parse_json(body, offer, PREFIX);
    for read in [&form, &json] {
        match read {
            Ok(choice) => check(choice, offer, body),
            Err(fault) => assert!(fault.to_string().len() < 100, "a fault quotes nothing of what was sent"),
        }
    }
    if let Ok(text) = std::str::from_utf8(body) {
        is_within(&SettingsQuery::parse(text, PREFIX).to);
        is_within(&ReturnPath::new(text, PREFIX));
    }
    if let Ok(erasure) = PostedErasure::parse(body, PREFIX) {
        is_within(&erasure.to);
        assert!(memchr::memmem::find(body, b"erase").is_some() || body.contains(&b'%'), "nothing is erased unasked");
    }
}

fn check(choice: &PostedChoice, offer: CategorySet, body: &[u8]) {
    assert!(body.len() <= LONGEST_CHOICE);
    assert!(offer.includes(choice.allowed), "nothing is allowed that is not offered");
    assert!(choice.layer != Layer::Receipt || choice.allowed.is_empty(), "that page has one button");
    is_within(&choice.to);
    // Written anew it may be longer than a body may be.
    let (form, json) = (as_form(choice), as_json(choice));
    if form.len() <= LONGEST_CHOICE {
        assert_eq!(parse_form(form.as_bytes(), offer, PREFIX).as_ref(), Ok(choice), "{form}");
    }
    if json.len() <= LONGEST_CHOICE {
        assert_eq!(parse_json(json.as_bytes(), offer, PREFIX).as_ref(), Ok(choice), "{json}");
    }
}

/// Where somebody is sent back to is on this host for every reader, and can't be posted to.
pub fn is_within(to: &ReturnPath) {
    let here = Url::parse("https://shop.example/a/page?x#y").unwrap();
    let there = here.join(to.as_str()).unwrap();
    assert_eq!(there.origin(), here.origin(), "{to}");
    assert!(!there.path().starts_with("//") && to.as_str().len() <= ReturnPath::LONGEST, "{to}");
    assert!(http::HeaderValue::from_str(to.as_str()).is_ok());
    let posts = ["choice", "frame"].map(|page| format!("{PREFIX}{page}"));
    assert!(!posts.iter().any(|page| there.path() == *page), "{to} is no page to come back to");
}

fn fields(choice: &PostedChoice) -> [(&'static str, String); 5] {
    let layer = match choice.layer {
        Layer::Banner => "banner",
        Layer::Settings => "settings",
        Layer::Receipt => "receipt",
    };
    let answer = if choice.layer == Layer::Receipt { "necessary" } else { "save" };
    [
        ("choice", answer.to_owned()),
        ("edition", choice.edition.as_str().to_owned()),
        ("language", choice.language.tag().to_owned()),
        ("layer", layer.to_owned()),
        ("to", choice.to.as_str().to_owned()),
    ]
}

fn notice(choice: &PostedChoice) -> Option<String> {
    choice.notice.map(|digest| digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn as_form(choice: &PostedChoice) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields(choice).into_iter().filter(|(name, _)| *name != "to"));
    form.extend_pairs(notice(choice).map(|digest| ("notice", digest)));
    form.extend_pairs(choice.allowed.iter().map(|category| (category.name(), "on")));
    form.append_pair("to", choice.to.as_str());
    form.finish()
}

fn as_json(choice: &PostedChoice) -> String {
    let mut object = serde_json::Map::new();
    object.extend(fields(choice).map(|(name, value)| (name.to_owned(), value.into())));
    object.extend(notice(choice).map(|digest| ("notice".to_owned(), digest.into())));
    let categories: Vec<_> = choice.allowed.iter().map(Category::name).collect();
    object.insert("categories".to_owned(), categories.into());
    serde_json::Value::Object(object).to_string()
}
