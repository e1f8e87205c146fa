//! What is no page passes as the site sent it: body, and every header that travels end to end.

use crate::harness::{Answering, Gateway, Origin, PAGE, Reply, RequestSeen};

const ROBOTS: &[u8] = b"User-agent: *\nDisallow: /basket\n# <html><head><body>\n";
const SITEMAP: &[u8] =
    b"<?xml version=\"1.0\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><url/></urlset>";
const FEED: &[u8] =
    b"<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>&lt;html&gt;&lt;head&gt;</title></channel></rss>";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR<html><head></head><body></body></html>\xff\xfe\0";
const JSON: &[u8] = b"{\"html\": \"<html><head></head><body></body></html>\"}";
const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n<html><head></head><body></body></html>";

const FILES: [(&str, &str, &[u8]); 14] = [
    ("/robots.txt", "text/plain", ROBOTS),
    ("/sitemap.xml", "application/xml", SITEMAP),
    ("/sitemap2.xml", "text/html", SITEMAP),
    ("/feed", "application/rss+xml; charset=utf-8", FEED),
    ("/feed2", "text/html; charset=utf-8", FEED),
    ("/logo.png", "image/png", PNG),
    ("/logo2.png", "text/html", PNG),
    ("/api", "application/json", JSON),
    ("/api2", "text/html", JSON),
    ("/contract", "application/pdf", PDF),
    ("/contract2", "text/html", PDF),
    ("/app.js", "text/javascript", b"document.write('<html><head></head><body>')"),
    ("/page.xhtml", "application/xhtml+xml", PAGE.as_bytes()),
    ("/empty", "text/html", b""),
];

const HEADERS: &str = "etag: \"v1\"\r\nlast-modified: Sun, 01 Nov 2026 10:00:00 GMT\r\ncache-control: public, max-age=60\r\n\
    accept-ranges: bytes\r\nx-twice: 1\r\nx-twice: 2\r\nvary: Accept-Encoding\r\ncontent-language: ru\r\n\
    content-md5: 1B2M2Y8AsgTpgAmY7PhCfg==\r\nlink: </a>; rel=preload\r\nset-cookie: PHPSESSID=1; Path=/; HttpOnly\r\n\
    content-security-policy: default-src 'none'\r\nstrict-transport-security: max-age=1\r\nserver: nginx\r\n\
    date: Sun, 22 Nov 2026 09:00:00 GMT\r\nx-latin: \u{e9}\r\naccess-control-allow-origin: *\r\n";

fn respond(request: &RequestSeen) -> Answering {
    let (_, content_type, body) = FILES.iter().find(|(path, ..)| *path == request.target()).unwrap();
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{HEADERS}content-length: {}\r\n\r\n", body.len());
    let body = if request.method() == "HEAD" { &[][..] } else { body };
    Answering::Bytes([head.as_bytes(), body].concat())
}

/// The headers as they must arrive, sorted.
fn expected(content_type: &str, length: usize) -> Vec<(String, String)> {
    let own = format!("content-type: {content_type}\r\ncontent-length: {length}\r\n{HEADERS}");
    // The harness reads header bytes as Latin-1.
    let latin = |text: &str| text.bytes().map(char::from).collect::<String>();
    let mut all: Vec<_> = own
        .lines()
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_owned(), latin(value)))
        .collect();
    all.sort();
    all
}

fn arrived(reply: &Reply) -> Vec<(String, String)> {
    let mut all = reply.headers.clone();
    all.retain(|(name, _)| !["via", "connection"].contains(&name.as_str()));
    // What could run something carries our own policy besides the site's.
    all.retain(|(_, value)| !value.starts_with("default-src 'self' 'unsafe-inline'"));
    all.sort();
    all
}

/// Without what is for one visitor alone on an answer that is opened and could run something.
fn shared(mut headers: Vec<(String, String)>) -> Vec<(String, String)> {
    let bound = ["etag", "cache-control", "vary", "permissions-policy", "x-dns-prefetch-control"];
    headers.retain(|(name, _)| !bound.contains(&name.as_str()));
    headers
}

#[test]
fn what_is_no_page_passes_unchanged_whoever_asks() {
    let site = Origin::new(respond);
    let gateway = Gateway::before(&site);
    let person: &[_] = &[
        ("accept", "text/html,*/*;q=0.8"),
        ("sec-fetch-dest", "document"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-site", "none"),
    ];
    let crawler: &[_] = &[
        ("accept", "text/html, */*"),
        ("user-agent", "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)"),
    ];
    let program: &[_] = &[("accept", "*/*")];
    let part: &[_] = &[("accept", "*/*"), ("sec-fetch-dest", "image"), ("sec-fetch-site", "same-origin")];
    let mut browser = gateway.browser();
    for (path, content_type, body) in FILES {
        for headers in [person, crawler, program, part] {
            browser.jar.clear();
            let reply = browser.send("GET", path, headers, b"");
            assert!(reply.complete && reply.body == body, "{path}: {}", reply.text());
            let opened = headers[0].1.starts_with("text/html");
            let runs = content_type.contains("html") || content_type.contains("xml");
            let (arrived, expected) = (arrived(&reply), expected(content_type, body.len()));
            if opened && runs {
                assert_eq!(reply.header("cache-control"), Some("private, no-cache"), "{path}");
                assert_eq!(shared(arrived), shared(expected), "{path} {headers:?}");
            } else {
                assert_eq!(arrived, expected, "{path} {headers:?}");
            }
        }
        browser.jar.clear();
        let reply = browser.send("HEAD", path, program, b"");
        assert_eq!(arrived(&reply), expected(content_type, body.len()), "HEAD {path}");
    }
}

#[test]
fn a_page_that_a_script_fetches_passes_unchanged() {
    let site = Origin::answering(crate::harness::ok("text/html", PAGE));
    let gateway = Gateway::before(&site);
    for header in
        [("hx-request", "true"), ("x-requested-with", "XMLHttpRequest"), ("sec-fetch-dest", "empty"), ("accept", "*/*")]
    {
        assert_eq!(gateway.browser().send("GET", "/part", &[header], b"").text(), PAGE, "{header:?}");
    }
}
