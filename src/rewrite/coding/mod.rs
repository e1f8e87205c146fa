//! Content codings undone and done again, piece by piece (RFC 9110, section 8.4.1).

mod decoder;
mod encoder;
mod splice;

use http::header::{self, HeaderMap};

pub(super) use decoder::Decoder;
pub(super) use encoder::Encoder;
use encoder::GZIP_LEVEL;
pub use splice::CodedTexts;
pub(super) use splice::Spliced;

/// Bytes decoded at a time: large enough to be fast, small enough to be forgotten.
pub(super) const PIECE_BYTES: usize = 16 * 1024;

/// RFC 1952 knows windows up to 32 KiB, two to the fifteenth.
const GZIP_WINDOW_LOG: u8 = 15;

/// A content coding that we can undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// None.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// The coding of a body; `None` when it is unknown, or when there are several.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let Some(value) = values.next() else { return Some(Self::Identity) };
        let only = values.next().is_none();
        Self::parse(value.to_str().ok()?.trim()).filter(|_| only)
    }

    /// Reads a name from the registry of content codings.
    pub(super) fn parse(name: &str) -> Option<Self> {
        [
            ("identity", Self::Identity),
            ("gzip", Self::Gzip),
            ("x-gzip", Self::Gzip),
            ("br", Self::Brotli),
            ("zstd", Self::Zstd),
        ]
        .into_iter()
        .find_map(|(known, coding)| known.eq_ignore_ascii_case(name).then_some(coding))
    }
}

/// The body cannot be decoded, ends too early, or unfolds beyond reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body cannot be decoded, ends too early or unfolds too far")]
pub struct BrokenBody;
