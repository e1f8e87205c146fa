//! What scripts and browsers send to an analytics server behind the gateway. Input: a byte for the kind of server, then target, header lines
//! and an empty line as in HTTP, then the body. `{person}` and `{machine}` in it stand for a mark of each.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use kelisim::{
    analytics::{AnalyticsRequest, LONGEST_HIT, Preset, Route, Routes, Sender, SentAddress, Token, Use},
    consent::{Category, Country},
    visitor::{ClientAddress, Scheme},
};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::form_urlencoded;

use super::{
    Target,
    cookie_reading::{permit, shipped},
};

pub const TARGET: Target = Target { name: "analytics", run, words: WORDS, runs: 4000 };

const WORDS: &[&str] = &[
    "matomo.php",
    "api/send",
    "api/event",
    "g/collect",
    "gtag/js",
    "js/script.js",
    "?",
    "&",
    "=",
    "\n",
    "\n\n",
    "{person}",
    "{machine}",
    "url",
    "urlref",
    "action_name",
    "dimension1",
    "cvar",
    "lang",
    "res",
    "_id",
    "dl",
    "dt",
    "ep.a",
    "{\"type\":\"event\",\"payload\":{",
    "\"data\":{",
    "{\"requests\":[\"?",
    "https://shop.example/",
    "//",
    "@",
    "%40",
    "%2540",
    "%2E",
    "#",
    ";",
    "?utm_source=",
    "mailto:",
    "ip:",
    "[",
    "]",
    "\"",
    ",",
    ":",
    ".",
    "+",
    "\u{44f}",
    "Cookie: mtm_consent=1; _ga=GA1.1.2; FPID=x",
    "User-Agent: ",
    "Referer: ",
    "X-Forwarded-For: 198.51.100.7",
];

/// Marks of a person and of a machine, which may stand in no text.
const PERSON: &str = "qzqperson@mail.kz";
const MACHINE: &str = "203.0.113.77";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Headers that may leave.
const LEAVING: [&str; 18] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cf-ipcountry",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "if-modified-since",
    "if-none-match",
    "referer",
    "user-agent",
    "via",
    "x-forwarded-country",
    "x-forwarded-countryregion",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-umami-cache",
];

fn run(input: &[u8]) {
    let Some((what, rest)) = input.split_first() else { return };
    let preset = Preset::ALL[usize::from(what & 3)];
    let with_token = preset == Preset::Matomo && what & 4 != 0;
    let is_posted = what & 8 != 0;
    let address = if what & 16 == 0 { SentAddress::Truncated } else { SentAddress::None };
    let routes = Routes::new(vec![Route {
        preset,
        path: "/stats/".into(),
        category: Category::Analytical,
        address,
        host: "stats.example:8088".into(),
        token: with_token.then(|| Token::parse(TOKEN).unwrap()),
    }]);
    let input = String::from_utf8_lossy(rest).replace("{person}", PERSON).replace("{machine}", MACHINE);
    let (head, body) = input.split_once("\n\n").unwrap_or((&input, ""));
    let Some(request) = request(head, body, is_posted) else { return };
    let Some((sent, what)) = sent(&routes, request, what >> 5) else { return };
    check(&sent, preset, with_token, address);
    assert_eq!(*sent.method(), if is_posted { Method::POST } else { Method::GET });
    // What was written anew is not written otherwise the next time, as far as the same is asked for below the route.
    let mut again = sent.clone();
    let path = sent.uri().path();
    let below = if preset == Preset::Google { path.to_owned() } else { format!("/stats{path}") };
    *again.uri_mut() = format!("{below}?{}", sent.uri().query().unwrap_or_default()).parse().unwrap();
    let second = self::sent(&routes, again, u8::MAX).map(|(second, _)| second);
    if what == Use::Hit && sent.body().len() <= LONGEST_HIT {
        let second = second.expect("what was sent may be sent");
        assert_eq!(second.uri(), sent.uri(), "{input}");
        assert_eq!(second.body(), sent.body(), "{input}");
    }
}

/// A request as a visitor's browser sends it, where it can be one.
fn request(head: &str, body: &str, is_posted: bool) -> Option<Request<Bytes>> {
    let mut lines = head.split('\n');
    let target = lines.next()?;
    let mut headers = HeaderMap::new();
    for line in lines.take(32) {
        let (name, value) = line.split_once(':')?;
        headers.append(name.parse::<HeaderName>().ok()?, HeaderValue::from_bytes(value.trim().as_bytes()).ok()?);
    }
    let mut request = Request::new(Bytes::copy_from_slice(body.as_bytes()));
    *request.uri_mut() = format!("/stats/{target}").parse().ok()?;
    *request.method_mut() = if is_posted { Method::POST } else { Method::GET };
    *request.headers_mut() = headers;
    (body.len() <= LONGEST_HIT).then_some(request)
}

/// What leaves for the server.
fn sent(routes: &Routes, request: Request<Bytes>, allowed: u8) -> Option<(Request<Bytes>, Use)> {
    let (head, body) = request.into_parts();
    let asked = routes.find(&head.method, head.uri.path()).ok()??;
    let sender = Sender {
        address: ClientAddress::new(MACHINE.parse().unwrap()).truncate(),
        country: Country::parse("KZ"),
        scheme: Scheme::Https,
    };
    let (request, _) = AnalyticsRequest::new(asked, head, body, sender, (shipped(), permit(allowed))).ok()?;
    Some((request.into_request(), asked.what))
}

fn check(sent: &Request<Bytes>, preset: Preset, with_token: bool, address: SentAddress) {
    for name in sent.headers().keys() {
        assert!(LEAVING.contains(&name.as_str()), "{name} leaves");
        assert_eq!(sent.headers().get_all(name).iter().count(), 1, "{name}");
    }
    let text = |name| {
        sent.headers().get(name).map(|value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let told = text(HeaderName::from_static("x-forwarded-for"));
    assert_eq!(told.is_some(), address == SentAddress::Truncated && !with_token);
    assert!(told.is_none_or(|address| address == "203.0.113.0"));
    for name in [header::REFERER, header::USER_AGENT, header::ACCEPT_LANGUAGE, header::ACCEPT_ENCODING] {
        unmarked(&text(name).unwrap_or_default());
    }
    // A pair may be empty, and a name have spaces behind it: what passes is as it came.
    for pair in text(header::COOKIE).unwrap_or_default().split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
        let name = pair.split('=').next().unwrap().trim_end();
        let fits = |known: &&str| known.strip_suffix('*').map_or(*known == name, |start| name.starts_with(start));
        assert!(preset.cookies().iter().any(fits), "{name}");
    }
    pairs(sent.uri().query().unwrap_or_default());
    let body = std::str::from_utf8(sent.body()).expect("what is written anew is text");
    match serde_json::from_str::<Value>(body) {
        Ok(json @ Value::Object(_)) => values(&json),
        _ => body.split('\n').for_each(pairs),
    }
}

fn pairs(query: &str) {
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        // Ours, with a token that lets us.
        if !matches!(&*name, "cip" | "token_auth") {
            unmarked(&value);
        }
    }
}

fn values(json: &Value) {
    match json {
        Value::String(text) => match text.strip_prefix('?') {
            Some(query) => pairs(query),
            None => unmarked(text),
        },
        Value::Array(list) => list.iter().for_each(values),
        Value::Object(object) => object.iter().for_each(|(name, value)| {
            unmarked(name);
            values(value);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// No mark stands in a text, also encoded once or twice. A machine's address that is part of a longer word is none, and the host of a page may be one.
fn unmarked(text: &str) {
    let once = percent_decode_str(text).decode_utf8_lossy();
    let twice = percent_decode_str(&once).decode_utf8_lossy();
    for text in [text, &once, &twice] {
        assert!(!text.contains(PERSON), "{text}");
        for (at, mark) in text.match_indices(MACHINE) {
            let (before, after) = (&text[..at], &text[at + mark.len()..]);
            let goes_on =
                |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || ".:%".contains(letter));
            let is_word = !goes_on(before.chars().next_back()) && !goes_on(after.chars().next());
            assert!(!is_word || before.ends_with("//"), "{text}");
        }
    }
}
