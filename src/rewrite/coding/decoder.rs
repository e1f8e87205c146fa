//! Undoes a coding. At most one piece is handed out at a time, so a small body that unfolds to gigabytes costs time,
//! which the ratio bounds, but no memory.

use std::panic::{AssertUnwindSafe, catch_unwind};

use brotli::enc::StandardAlloc;
use bytes::{Buf as _, Bytes};
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, InBuffer, Operation, OutBuffer};

use super::{BrokenBody, Coding, GZIP_WINDOW_LOG, PIECE_BYTES};

/// A body may unfold by this much. Deflate cannot exceed 1,032, so only a bomb in another coding does; below
/// [`RATIO_FREE_BYTES`] anything goes, since a page of one repeated row is honest.
const MOST_RATIO: u64 = 1_100;

/// Decoded bytes before the ratio counts. The total is not bounded: a page that never ends is legitimate.
const RATIO_FREE_BYTES: u64 = 8 * 1024 * 1024;

/// Windows above 8 MiB are refused, as browsers do (RFC 9659, section 3).
const ZSTD_WINDOW_LOG: u32 = 23;

/// Undoes a coding.
pub(in crate::rewrite) struct Decoder {
    state: DecoderState,
    taken: u64,
    made: u64,
}

enum DecoderState {
    Identity,
    Gzip { stream: Box<Decompress>, at: Member },
    Brotli { stream: Box<BrotliStream>, ended: bool },
    Zstd { stream: zstd::stream::raw::Decoder<'static>, at: Member },
    Failed,
}

type BrotliStream = brotli::BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

/// Where a decoder stands: gzip and zstd bodies may hold several members one after the other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Member {
    /// No byte was taken yet.
    Before,
    /// Inside: an end here is too early.
    Inside,
    /// Behind one: another may follow.
    Behind,
    /// Behind the last one, in bytes that are no gzip; they are left out, as browsers do.
    Trailer,
}

impl Decoder {
    pub(in crate::rewrite) fn new(coding: Coding) -> Self {
        let state = match coding {
            Coding::Identity => DecoderState::Identity,
            Coding::Gzip => DecoderState::Gzip { stream: gzip_stream(), at: Member::Before },
            Coding::Brotli => {
                let (bytes, words, codes) =
                    (StandardAlloc::default(), StandardAlloc::default(), StandardAlloc::default());
                // Strict: without the large windows, of up to 1 GiB, that no browser accepts in `br`.
                DecoderState::Brotli { stream: Box::new(BrotliStream::new_strict(bytes, words, codes)), ended: false }
            }
            Coding::Zstd => {
                let stream = zstd::stream::raw::Decoder::new().and_then(|mut stream| {
                    stream.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))?;
                    Ok(stream)
                });
                stream.map_or(DecoderState::Failed, |stream| DecoderState::Zstd { stream, at: Member::Before })
            }
        };
        Self { state, taken: 0, made: 0 }
    }

    /// Decodes one piece, takes what it used off `input`, and says whether there may be more. Without a coding nothing is copied.
    pub(in crate::rewrite) fn piece(&mut self, input: &mut Bytes) -> Result<(Bytes, bool), BrokenBody> {
        if matches!(self.state, DecoderState::Identity) {
            return Ok((std::mem::take(input), false));
        }
        let (mut rest, mut output) = (&input[..], Vec::new());
        let more = self.step(&mut rest, &mut output)?;
        let used = input.len() - rest.len();
        input.advance(used);
        Ok((output.into(), more))
    }

    /// Decodes until a piece is full or the input is used up, and appends to `output`. Takes what it used off `input`.
    ///
    /// Returns whether there may be more to hand out: call again until it says no.
    pub(in crate::rewrite) fn step(&mut self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<bool, BrokenBody> {
        let (before_in, before_out) = (input.len(), output.len());
        // A panic in a decoder is a broken body, not a broken connection.
        let more = catch_unwind(AssertUnwindSafe(|| self.state.step(input, output))).unwrap_or(Err(BrokenBody));
        if more.is_err() {
            self.state = DecoderState::Failed;
        }
        self.taken += (before_in - input.len()) as u64;
        self.made += (output.len() - before_out) as u64;
        if self.made > RATIO_FREE_BYTES && self.made > self.taken.saturating_mul(MOST_RATIO) {
            self.state = DecoderState::Failed;
            return Err(BrokenBody);
        }
        more
    }

    /// Whether the body may end here.
    pub(in crate::rewrite) fn may_end(&self) -> bool {
        match &self.state {
            DecoderState::Identity => true,
            DecoderState::Gzip { at, .. } | DecoderState::Zstd { at, .. } => *at != Member::Inside,
            DecoderState::Brotli { ended, .. } => *ended || self.taken == 0,
            DecoderState::Failed => false,
        }
    }
}

fn gzip_stream() -> Box<Decompress> {
    Box::new(Decompress::new_gzip(GZIP_WINDOW_LOG))
}

impl DecoderState {
    fn step(&mut self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<bool, BrokenBody> {
        let start = output.len();
        match self {
            Self::Identity => {
                let piece = &input[..input.len().min(PIECE_BYTES)];
                output.extend_from_slice(piece);
                *input = &input[piece.len()..];
                Ok(!input.is_empty())
            }
            Self::Gzip { at: Member::Trailer, .. } | Self::Brotli { ended: true, .. } => {
                *input = &[];
                Ok(false)
            }
            Self::Gzip { stream, at } => {
                if *at == Member::Behind && !input.is_empty() {
                    if input[0] != 0x1F {
                        *at = Member::Trailer;
                        return Ok(true);
                    }
                    *stream = gzip_stream();
                }
                if input.is_empty() && *at != Member::Inside {
                    return Ok(false);
                }
                *at = Member::Inside;
                output.resize(start + PIECE_BYTES, 0);
                let (before_in, before_out) = (stream.total_in(), stream.total_out());
                let status =
                    stream.decompress(input, &mut output[start..], FlushDecompress::None).map_err(|_| BrokenBody);
                let used = usize::try_from(stream.total_in() - before_in).expect("no more than was given");
                let made = usize::try_from(stream.total_out() - before_out).expect("no more than a piece");
                output.truncate(start + made);
                *input = &input[used..];
                if status? == Status::StreamEnd {
                    *at = Member::Behind;
                    return Ok(!input.is_empty());
                }
                Ok(made == PIECE_BYTES || (!input.is_empty() && used + made > 0))
            }
            Self::Brotli { stream, ended } => {
                output.resize(start + PIECE_BYTES, 0);
                let (mut left, mut used, mut room, mut made, mut total) = (input.len(), 0, PIECE_BYTES, 0, 0);
                let result = brotli::BrotliDecompressStream(
                    &mut left,
                    &mut used,
                    input,
                    &mut room,
                    &mut made,
                    &mut output[start..],
                    &mut total,
                    stream,
                );
                output.truncate(start + made);
                *input = &input[used..];
                match result {
                    brotli::BrotliResult::ResultFailure => Err(BrokenBody),
                    brotli::BrotliResult::ResultSuccess => {
                        *ended = true;
                        Ok(!input.is_empty())
                    }
                    brotli::BrotliResult::NeedsMoreOutput => Ok(true),
                    brotli::BrotliResult::NeedsMoreInput => Ok(!input.is_empty() && used + made > 0),
                }
            }
            Self::Zstd { stream, at } => {
                if input.is_empty() && *at != Member::Inside {
                    return Ok(false);
                }
                output.resize(start + PIECE_BYTES, 0);
                let mut source = InBuffer::around(input);
                let mut target = OutBuffer::around(&mut output[start..]);
                let hint = stream.run(&mut source, &mut target).map_err(|_| BrokenBody);
                let (used, made) = (source.pos(), target.pos());
                output.truncate(start + made);
                *input = &input[used..];
                *at = if hint? == 0 { Member::Behind } else { Member::Inside };
                Ok(made == PIECE_BYTES || (!input.is_empty() && used + made > 0))
            }
            Self::Failed => Err(BrokenBody),
        }
    }
}
