//! Reading HTTP/1.1 messages byte by byte, written apart from the code under test.

use std::io::{self, BufRead, Read};

/// A request as the site received it.
#[derive(Clone, Debug)]
pub struct RequestSeen {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub trailers: Vec<(String, String)>,
}

impl RequestSeen {
    pub fn method(&self) -> &str {
        self.line.split(' ').next().unwrap()
    }

    pub fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap()
    }

    /// The one value of this header; panics when it stands twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        one(&self.headers, name)
    }
}

/// An answer as the client received it.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// Without transfer coding, with content coding.
    pub body: Vec<u8>,
    pub trailers: Vec<(String, String)>,
    /// The body ended as its framing promised.
    pub complete: bool,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        one(&self.headers, name)
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        let same = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str()).collect()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn shows_banner(&self) -> bool {
        self.text().contains("data-kelisim-action=\"accept\"")
    }
}

fn one<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut same = headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    let value = same.next().map(|(_, value)| value.as_str());
    assert!(same.next().is_none(), "{name} stands twice");
    value
}

/// Reads a request; `None` when the connection ended before one began.
pub fn read_request(stream: &mut impl BufRead) -> io::Result<Option<RequestSeen>> {
    let Some((line, headers)) = read_head(stream)? else { return Ok(None) };
    let (body, trailers, complete) = if one(&headers, "transfer-encoding").is_some() {
        read_chunks(stream)?
    } else {
        let length = one(&headers, "content-length").map_or(0, |length| length.parse().unwrap());
        read_exactly(stream, length)?
    };
    if !complete {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(RequestSeen { line, headers, body, trailers }))
}

/// Reads the answer to a request with this method, skipping interim ones.
pub fn read_reply(stream: &mut impl BufRead, method: &str) -> io::Result<Reply> {
    loop {
        let (line, headers) = read_head(stream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status: u16 = line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
        if status / 100 == 1 && status != 101 {
            continue;
        }
        let no_body = method == "HEAD" || matches!(status, 101 | 204 | 304);
        let (body, trailers, complete) = if no_body {
            (Vec::new(), Vec::new(), true)
        } else if one(&headers, "transfer-encoding").is_some() {
            read_chunks(stream)?
        } else if let Some(length) = one(&headers, "content-length") {
            read_exactly(stream, length.parse().unwrap())?
        } else {
            let mut body = Vec::new();
            let complete = stream.read_to_end(&mut body).is_ok();
            (body, Vec::new(), complete)
        };
        return Ok(Reply { status, headers, body, trailers, complete });
    }
}

type Head = (String, Vec<(String, String)>);
type Body = (Vec<u8>, Vec<(String, String)>, bool);

fn read_head(stream: &mut impl BufRead) -> io::Result<Option<Head>> {
    let Some(line) = read_line(stream)? else { return Ok(None) };
    Ok(Some((line, read_headers(stream)?)))
}

fn read_headers(stream: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no header: {line}"));
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
}

/// A line without its end; header bytes that are not UTF-8 are read as Latin-1.
fn read_line(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if stream.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let line = line.strip_suffix(b"\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(Some(line.iter().map(|byte| char::from(*byte)).collect()))
}

fn read_exactly(stream: &mut impl BufRead, length: u64) -> io::Result<Body> {
    let mut body = Vec::new();
    let complete = stream.take(length).read_to_end(&mut body).is_ok() && body.len() as u64 == length;
    Ok((body, Vec::new(), complete))
}

fn read_chunks(stream: &mut impl BufRead) -> io::Result<Body> {
    let mut body = Vec::new();
    loop {
        let Ok(Some(size)) = read_line(stream) else { return Ok((body, Vec::new(), false)) };
        let size = usize::from_str_radix(size.split(';').next().unwrap().trim(), 16).expect("a chunk size");
        if size == 0 {
            return Ok((body, read_headers(stream)?, true));
        }
        let start = body.len();
        body.resize(start + size, 0);
        let mut end = [0; 2];
        if stream.read_exact(&mut body[start..]).is_err() || stream.read_exact(&mut end).is_err() {
            return Ok((body, Vec::new(), false));
        }
    }
}

/// A body in chunked coding, one chunk for each part.
pub fn chunked(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        bytes.extend_from_slice(part);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}
