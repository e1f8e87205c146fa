//! Pages: what we put in is all that changes, in every coding and encoding, and no cache mixes one visitor's page with another's.

use std::io::{Read as _, Write as _};

use crate::harness::{Answering, Gateway, Origin, PAGE, answer, ok};

const OPENING: [&[u8]; 2] = [b"<head>", b"<body>"];

fn find(text: &[u8], part: &[u8]) -> usize {
    text.windows(part.len())
        .position(|window| window == part)
        .unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(text)))
}

/// What was put in after `<head>` and after `<body>`; panics when anything else differs.
fn inserted(original: &[u8], changed: &[u8]) -> [String; 2] {
    let [head, body] = OPENING.map(|tag| find(original, tag) + tag.len());
    let (begin, middle, end) = (&original[..head], &original[head..body], &original[body..]);
    let rest = changed.strip_prefix(begin).expect("the beginning is unchanged");
    let rest = rest.strip_suffix(end).expect("the end is unchanged");
    let at = find(rest, middle);
    let texts = [&rest[..at], &rest[at + middle.len()..]];
    assert!(texts.iter().all(|text| text.is_ascii() && !text.is_empty()));
    texts.map(|text| String::from_utf8(text.to_vec()).unwrap())
}

fn coded(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match coding {
        "gzip" => flate2::write::GzEncoder::new(&mut out, flate2::Compression::default()).write_all(bytes).unwrap(),
        "br" => brotli::CompressorWriter::new(&mut out, 4096, 5, 20).write_all(bytes).unwrap(),
        "zstd" => out = zstd::encode_all(bytes, 3).unwrap(),
        _ => out = bytes.to_vec(),
    }
    out
}

fn decoded(coding: Option<&str>, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match coding {
        Some("gzip") => drop(flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out).unwrap()),
        Some("br") => drop(brotli::Decompressor::new(bytes, 4096).read_to_end(&mut out).unwrap()),
        Some("zstd") => out = zstd::decode_all(bytes).unwrap(),
        _ => out = bytes.to_vec(),
    }
    out
}

fn bytes(content_type: &str, coding: &str, body: &[u8]) -> Vec<u8> {
    let coding = if coding.is_empty() { String::new() } else { format!("content-encoding: {coding}\r\n") };
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{coding}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[test]
fn a_page_in_any_coding_is_the_original_and_our_insertion() {
    let filler = "<p>text</p>".repeat(20_000);
    let page = PAGE.replace("<p>Welcome", &format!("{filler}<p>Welcome"));
    for coding in ["", "gzip", "br", "zstd"] {
        let site = Origin::answering(bytes("text/html; charset=utf-8", coding, &coded(coding, page.as_bytes())));
        let gateway = Gateway::before(&site);
        let mut anna = gateway.browser().sending("accept-encoding", "gzip, deflate, br, zstd, compress");
        let reply = anna.open("/");
        assert!(reply.complete, "{coding}");
        assert_eq!(reply.header("content-encoding").unwrap_or_default(), coding);
        assert_eq!(reply.header("content-length"), None);
        let [script, banner] = inserted(page.as_bytes(), &decoded(reply.header("content-encoding"), &reply.body));
        assert!(script.contains("<script ") && banner.contains("data-kelisim-action=\"accept\""), "{coding}");
        assert_eq!(site.last().header("accept-encoding"), Some("gzip, br, zstd"));
    }
}

#[test]
fn a_page_in_windows_1251_keeps_its_bytes() {
    let page = b"<html><head><meta charset=windows-1251><title>\xcf\xf0\xe8\xe2\xe5\xf2</title></head><body>\xcc\xe8\xf0</body></html>";
    for content_type in ["text/html; charset=windows-1251", "text/html"] {
        let site = Origin::answering(bytes(content_type, "", page));
        let gateway = Gateway::before(&site);
        let reply = gateway.browser().sending("accept-language", "ru").open("/");
        assert!(inserted(page, &reply.body)[1].contains("data-kelisim-action"));
        assert_eq!(reply.header("content-type"), Some(content_type));
    }
}

#[test]
fn a_strict_policy_lets_our_sources_in_and_nothing_else() {
    let policy = "default-src 'none'; img-src 'self'; script-src https://cdn.example; frame-ancestors 'none'";
    let site = Origin::answering(answer(
        "200 OK",
        &[("content-type", "text/html"), ("content-security-policy", policy)],
        PAGE,
    ));
    let gateway = Gateway::before(&site);
    let reply = gateway.browser().open("/");
    assert!(reply.shows_banner());
    let changed = reply.all("content-security-policy")[0];
    let directive = |name: &str| {
        let found = changed.split(';').map(str::trim).find(|directive| directive.split(' ').next() == Some(name));
        found.unwrap_or_default().split(' ').skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(directive("default-src"), ["'none'"]);
    assert_eq!(directive("img-src"), ["'self'"]);
    assert_eq!(directive("frame-ancestors"), ["'none'"]);
    let [script, style] = ["script-src", "style-src"].map(directive);
    assert!(script.len() == 2 && script[1].starts_with("https://shop.example/_kelisim/"), "{changed}");
    assert!(style.len() == 1 && style[0].starts_with("https://shop.example/_kelisim/"), "{changed}");
    assert_eq!(directive("connect-src"), ["https://shop.example/_kelisim/choice"]);
    let path = script[1].strip_prefix("https://shop.example").unwrap();
    assert_eq!(gateway.browser().get(path).status, 200, "what the policy admits is there");
}

/// A page with an entity tag, confirmed by 304 when the request names it.
fn tagged() -> Origin {
    Origin::new(|request| {
        let headers =
            [("content-type", "text/html"), ("etag", "\"v1\""), ("last-modified", "Sun, 01 Nov 2026 10:00:00 GMT")];
        Answering::Bytes(if request.header("if-none-match").is_some_and(|tags| tags.contains("\"v1\"")) {
            b"HTTP/1.1 304 Not Modified\r\netag: \"v1\"\r\n\r\n".to_vec()
        } else {
            answer("200 OK", &headers, PAGE)
        })
    })
}

#[test]
fn a_page_is_confirmed_only_to_who_has_the_same_variant() {
    let site = tagged();
    let gateway = Gateway::before(&site);
    let mut anna = gateway.browser();
    let ask = |anna: &mut crate::harness::Browser, tag: &str| {
        anna.headers = vec![
            ("if-none-match".to_owned(), tag.to_owned()),
            ("if-modified-since".to_owned(), "Sun, 01 Nov 2026 10:00:00 GMT".to_owned()),
        ];
        anna.click("/")
    };
    let first = anna.open("/");
    let tag = first.header("etag").unwrap().to_owned();
    assert!(tag.starts_with("W/\"v1") && tag != "W/\"v1\"", "{tag}");
    assert_eq!((first.header("last-modified"), first.header("accept-ranges")), (None, Some("none")));
    assert!(first.all("vary").join(",").to_ascii_lowercase().contains("cookie"));
    assert!(first.header("cache-control").unwrap().contains("no-cache"));
    let same = ask(&mut anna, &tag);
    assert_eq!((same.status, same.header("etag")), (304, Some(tag.as_str())));
    assert_eq!((site.last().header("if-none-match"), site.last().header("if-modified-since")), (Some("\"v1\""), None));
    assert_eq!(ask(&mut anna, "\"v1\"").status, 200, "a tag without variant may stand for anything");
    assert_eq!(site.last().header("if-none-match"), None);
    anna.headers.clear();
    anna.choose("accept");
    let other = ask(&mut anna, &tag);
    assert_eq!((other.status, site.last().header("if-none-match")), (200, None));
    let now = other.header("etag").unwrap().to_owned();
    assert_ne!(now, tag);
    assert_eq!(ask(&mut anna, &format!("{tag}, {now}")).status, 304);
    assert_eq!(site.last().header("if-none-match"), Some("\"v1\""));
}

#[test]
fn a_part_of_a_page_is_never_asked_for_and_a_part_of_a_file_is() {
    let site = Origin::answering(ok("text/html", PAGE));
    let gateway = Gateway::before(&site);
    let range = [("range", "bytes=0-9"), ("if-range", "\"v1\""), ("accept", "text/html")];
    let reply = gateway.browser().send("GET", "/", &range, b"");
    assert_eq!((reply.status, site.last().header("range"), site.last().header("if-range")), (200, None, None));
    let part = b"HTTP/1.1 206 Partial Content\r\ncontent-type: video/mp4\r\ncontent-range: bytes 0-3/9\r\ncontent-length: 4\r\n\r\nabcd";
    let files = Origin::answering(part.to_vec());
    let gateway = Gateway::before(&files);
    let range = [("range", "bytes=0-3"), ("sec-fetch-dest", "video")];
    let reply = gateway.browser().send("GET", "/a.mp4", &range, b"");
    assert_eq!(
        (reply.status, reply.header("content-range"), reply.text().as_str()),
        (206, Some("bytes 0-3/9"), "abcd")
    );
    assert_eq!(files.last().header("range"), Some("bytes=0-3"));
}

#[test]
fn head_of_a_page_says_what_get_says() {
    let site = Origin::new(|request| {
        let whole = answer(
            "200 OK",
            &[("content-type", "text/html"), ("etag", "\"v1\""), ("content-security-policy", "script-src 'none'")],
            PAGE,
        );
        let length = if request.method() == "HEAD" { whole.len() - PAGE.len() } else { whole.len() };
        Answering::Bytes(whole[..length].to_vec())
    });
    let gateway = Gateway::before(&site);
    let mut anna = gateway.browser();
    let headers = [
        ("accept", "text/html"),
        ("sec-fetch-dest", "document"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-site", "none"),
    ];
    let [get, head] = ["GET", "HEAD"].map(|method| anna.send(method, "/", &headers, b""));
    for name in
        ["etag", "content-security-policy", "cache-control", "vary", "accept-ranges", "content-type", "content-length"]
    {
        assert_eq!(head.all(name), get.all(name), "{name}");
    }
    assert!(get.shows_banner() && head.body.is_empty());
}
