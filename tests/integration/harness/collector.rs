//! A collector of traces: it takes OTLP over HTTP in JSON, and reads it by the letter of the protocol, apart from the code under test.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufReader, Write as _},
    net::TcpStream,
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use kelisim::cli::demo;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::{Map, Value};

use super::{Answering, Origin, RequestSeen, ok, read_request};

/// How long a test waits for what is sent.
const PATIENCE: Duration = Duration::from_secs(60);

/// The collector. It remembers every request.
pub struct Collector {
    origin: Origin,
    scheme: &'static str,
    seen: Arc<Mutex<Vec<RequestSeen>>>,
}

/// A span as it came.
#[derive(Clone, Debug)]
pub struct Span {
    pub trace: String,
    pub id: String,
    pub parent: Option<String>,
    pub name: String,
    pub kind: u64,
    pub flags: u64,
    pub nanoseconds: (u128, u128),
    pub attributes: BTreeMap<String, Value>,
    pub is_error: bool,
    pub resource: BTreeMap<String, Value>,
}

impl Collector {
    /// One that takes everything.
    pub fn start() -> Self {
        Self::answering(|_| Answering::Bytes(ok("application/json", "{}")))
    }

    /// One that answers the request of this number, from 0 on, by this function.
    pub fn answering(answer: impl Fn(usize) -> Answering + Send + Sync + 'static) -> Self {
        let seen = Arc::<Mutex<Vec<RequestSeen>>>::default();
        let known = seen.clone();
        let origin = Origin::new(move |request| {
            let mut known = known.lock().unwrap();
            known.push(request.clone());
            answer(known.len() - 1)
        });
        Self { origin, scheme: "http", seen }
    }

    /// One behind TLS that is known by this name; its certificate goes into the file.
    pub fn over_tls(name: &str, authority: &Path) -> Self {
        let (certificate, key) = demo::certificate(&[name]).unwrap();
        fs::write(authority, &certificate).unwrap();
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap())
            .unwrap();
        let (config, seen) = (Arc::new(config), Arc::<Mutex<Vec<RequestSeen>>>::default());
        let known = seen.clone();
        let origin = Origin::raw(move |stream: TcpStream| {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = BufReader::new(StreamOwned::new(connection, stream));
            while let Ok(Some(request)) = read_request(&mut stream) {
                known.lock().unwrap().push(request);
                stream.get_mut().write_all(&ok("application/json", "{}")).unwrap();
            }
        });
        Self { origin, scheme: "https", seen }
    }

    /// The line of the configuration that leads to it.
    pub fn endpoint(&self, host: &str) -> String {
        format!("endpoint = \"{}://{host}:{}/v1/traces\"", self.scheme, self.origin.address().port())
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// Everything that ever came, heads and bodies, as one text.
    pub fn text(&self) -> String {
        let seen = self.seen.lock().unwrap();
        let text = |request: &RequestSeen| {
            format!("{} {:?} {}\n", request.line, request.headers, String::from_utf8(request.body.clone()).unwrap())
        };
        seen.iter().map(text).collect()
    }

    /// What this header said in each request that came so far.
    pub fn headers(&self, name: &str) -> Vec<String> {
        self.seen.lock().unwrap().iter().filter_map(|request| Some(request.header(name)?.to_owned())).collect()
    }

    /// Every span that came so far.
    pub fn spans(&self) -> Vec<Span> {
        self.seen.lock().unwrap().iter().flat_map(read).collect()
    }

    /// The spans, in the order in which they began to be sent, when there are so many.
    pub fn spans_of(&self, count: usize) -> Vec<Span> {
        let started = Instant::now();
        loop {
            let spans = self.spans();
            if spans.len() >= count {
                assert_eq!(spans.len(), count, "{spans:#?}");
                return spans;
            }
            assert!(started.elapsed() < PATIENCE, "of {count} spans there are only {spans:#?}");
            thread::yield_now();
        }
    }
}

/// Reads a request as the protocol has it, and panics at anything else.
fn read(request: &RequestSeen) -> Vec<Span> {
    assert_eq!(request.line, "POST /v1/traces HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let mut spans = Vec::new();
    for of_resource in list(&object(&body, &["resourceSpans"])["resourceSpans"]) {
        let of_resource = object(of_resource, &["resource", "scopeSpans"]);
        let resource = attributes(&object(&of_resource["resource"], &["attributes"])["attributes"]);
        for of_scope in list(&of_resource["scopeSpans"]) {
            let of_scope = object(of_scope, &["scope", "spans"]);
            let scope = object(&of_scope["scope"], &["name", "version"]);
            assert_eq!(scope["name"], "kelisim");
            spans.extend(list(&of_scope["spans"]).iter().map(|read| span(read, &resource)));
        }
    }
    spans
}

fn span(value: &Value, resource: &BTreeMap<String, Value>) -> Span {
    let known = [
        "traceId",
        "spanId",
        "parentSpanId",
        "flags",
        "name",
        "kind",
        "startTimeUnixNano",
        "endTimeUnixNano",
        "attributes",
        "status",
    ];
    let span = object(value, &known);
    let status = object(&span["status"], &["code"]);
    // Zero, which is left out, is unset; one is said by nobody; two is an error.
    let code = status.get("code").map_or(0, |code| code.as_u64().unwrap());
    assert!(matches!(code, 0 | 2), "{code}");
    let kind = span["kind"].as_u64().unwrap();
    assert!((1..=5).contains(&kind));
    let nanoseconds = (number(&span["startTimeUnixNano"]), number(&span["endTimeUnixNano"]));
    assert!(nanoseconds.0 <= nanoseconds.1);
    Span {
        trace: hex(&span["traceId"], 32),
        id: hex(&span["spanId"], 16),
        parent: span.get("parentSpanId").map(|parent| hex(parent, 16)),
        name: span["name"].as_str().unwrap().to_owned(),
        kind,
        flags: u64::from(u32::try_from(span["flags"].as_u64().unwrap()).unwrap()),
        nanoseconds,
        attributes: attributes(&span["attributes"]),
        is_error: code == 2,
        resource: resource.clone(),
    }
}

fn attributes(value: &Value) -> BTreeMap<String, Value> {
    let mut read = BTreeMap::new();
    for attribute in list(value) {
        let attribute = object(attribute, &["key", "value"]);
        let key = attribute["key"].as_str().unwrap().to_owned();
        assert!(read.insert(key.clone(), any(&attribute["value"])).is_none(), "{key} stands twice");
    }
    read
}

/// A value has exactly one kind; whole numbers are texts.
fn any(value: &Value) -> Value {
    let object = value.as_object().unwrap();
    let [(kind, value)] = object.iter().collect::<Vec<_>>()[..] else { panic!("{object:?}") };
    match kind.as_str() {
        "stringValue" => Value::String(value.as_str().unwrap().to_owned()),
        "intValue" => i64::try_from(number(value)).unwrap().into(),
        "arrayValue" => list(&self::object(value, &["values"])["values"]).iter().map(any).collect(),
        kind => panic!("{kind}"),
    }
}

fn object<'a>(value: &'a Value, known: &[&str]) -> &'a Map<String, Value> {
    let object = value.as_object().unwrap_or_else(|| panic!("{value}"));
    assert!(object.keys().all(|key| known.contains(&key.as_str())), "{object:?}");
    object
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value}"))
}

fn number(value: &Value) -> u128 {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).parse().unwrap()
}

fn hex(value: &Value, length: usize) -> String {
    let text = value.as_str().unwrap();
    let is_hex = |sign: char| sign.is_ascii_digit() || ('a'..='f').contains(&sign);
    assert!(text.len() == length && text.chars().all(is_hex) && text.chars().any(|sign| sign != '0'), "{text}");
    text.to_owned()
}
