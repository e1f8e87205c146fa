//! What the targets of pages share: what goes in, codings undone and done by others, and a body put through in parts.

use std::io::{Read, Write};

use bytes::Bytes;
use kelisim::rewrite::{Coding, Injection, Opening, PageBody, Placement, Recipe, RewritePlan};

/// What stands in no page that is tried, so that what is ours can be told.
pub const OURS: &str = "zq7f3a9d";
pub const SCRIPT: &str = "<script data-kelisim-script src=\"/_k/zq7f3a9d.js\"></script>";
pub const BANNER: &str = "<kelisim-panel>zq7f3a9d: May we?</kelisim-panel>";

pub const CODINGS: [Coding; 4] = [Coding::Identity, Coding::Gzip, Coding::Brotli, Coding::Zstd];

pub fn injection() -> Injection {
    Injection { script: Bytes::from_static(SCRIPT.as_bytes()), banner: Bytes::from_static(BANNER.as_bytes()) }
}

pub fn plan(coding: Coding) -> RewritePlan {
    RewritePlan { coding, placement: Placement::ScriptAndBanner, typed: true, encoding_named: true }
}

/// What became of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is no page and passes as it came.
    Passed,
    /// It is a page: this was made of it.
    Made(Vec<u8>),
    /// It broke off while it was made; this went out before.
    Broken(Vec<u8>),
}

/// Puts a body through in parts.
pub fn put_through(recipe: &Recipe, body: &[u8], size: usize) -> Outcome {
    let mut parts = body.chunks(size.max(1)).map(Bytes::copy_from_slice);
    let mut page = PageBody::new(&recipe.plan);
    loop {
        let opening = match parts.next() {
            Some(part) => page.open(part),
            None => page.open_end(),
        };
        match opening {
            Opening::NeedMore => {}
            Opening::NotPage(_) => return Outcome::Passed,
            Opening::Page => break,
        }
    }
    let mut rewriter = page.into_rewriter(recipe.injection.clone(), recipe.edits.clone());
    let mut output = Vec::new();
    // What the opening took comes with the first call.
    for part in [Bytes::new()].into_iter().chain(parts) {
        match rewriter.write(part) {
            Ok(pieces) => output.extend(pieces.concat()),
            Err(_) => return Outcome::Broken(output),
        }
    }
    match rewriter.finish() {
        Ok(pieces) => output.extend(pieces.concat()),
        Err(_) => return Outcome::Broken(output),
    }
    Outcome::Made(output)
}

pub fn encode(coding: Coding, level: u8, page: &[u8]) -> Vec<u8> {
    match coding {
        Coding::Identity => page.to_vec(),
        Coding::Gzip => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(u32::from(level % 10)));
            // An origin may flush where it likes.
            let (one, other) = page.split_at(page.len() / 3);
            encoder.write_all(one).unwrap();
            if level.is_multiple_of(3) {
                encoder.flush().unwrap();
            }
            encoder.write_all(other).unwrap();
            encoder.finish().unwrap()
        }
        Coding::Brotli => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, u32::from(level % 6), 18);
            encoder.write_all(page).unwrap();
            encoder.into_inner()
        }
        Coding::Zstd => zstd::encode_all(page, i32::from(level % 6)).unwrap(),
    }
}

/// More than any input of a usual length unfolds to.
pub const MOST_DECODED: u64 = 1 << 20;

/// The page in a body; `None` where another decoder can't read it to its end, or where it is longer than is tried.
pub fn decode(coding: Coding, body: &[u8]) -> Option<Vec<u8>> {
    let mut page = Vec::new();
    let reader: Box<dyn Read + '_> = match coding {
        Coding::Identity => Box::new(body),
        Coding::Gzip => return members(body),
        Coding::Brotli => Box::new(brotli::Decompressor::new(body, 4096)),
        Coding::Zstd => Box::new(zstd::Decoder::new(body).ok()?),
    };
    reader.take(MOST_DECODED + 1).read_to_end(&mut page).ok()?;
    (page.len() as u64 <= MOST_DECODED).then_some(page)
}

/// The page in the members of a gzip body. What follows the last and is none is left out, as browsers do.
fn members(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut page = Vec::new();
    loop {
        let mut member = flate2::bufread::GzDecoder::new(body);
        (&mut member).take(MOST_DECODED + 1).read_to_end(&mut page).ok()?;
        if page.len() as u64 > MOST_DECODED {
            return None;
        }
        body = member.into_inner();
        if body.first() != Some(&0x1f) {
            return Some(page);
        }
    }
}

/// A page without what was put into it.
pub fn without_ours(page: &[u8]) -> Vec<u8> {
    let mut rest = page.to_vec();
    for ours in [SCRIPT, BANNER] {
        if let Some(at) = memchr::memmem::find(&rest, ours.as_bytes()) {
            rest.drain(at..at + ours.len());
        }
    }
    rest
}

/// Whether something in the input would be taken for ours.
pub fn has_ours(page: &[u8]) -> bool {
    [OURS.as_bytes(), b"kelisim"].iter().any(|word| memchr::memmem::find(page, word).is_some())
}
