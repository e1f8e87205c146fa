//! Does a coding, so that what was written can be flushed to the browser before the body ends.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};

use super::{BrokenBody, Coding, GZIP_WINDOW_LOG, PIECE_BYTES};

/// Measured on pages of 50 KB: level 4 costs three times as much for 9 % fewer bytes, and level 1 leaves 39 % more, more than
/// other servers' level 1 does.
pub(super) const GZIP_LEVEL: u32 = 2;

/// Quality 4 costs more than twice as much for 1 to 3 % fewer bytes.
const BROTLI_QUALITY: u32 = 2;

/// A window of 256 KiB: few pages are longer, and each open answer holds one.
const BROTLI_WINDOW_LOG: u32 = 18;

/// The default of zstd; higher levels cost more than the bytes they save.
const ZSTD_LEVEL: i32 = 3;

/// Pieces of a page without a coding that are shorter than this, in bytes, are joined: each piece by itself costs more than copying it.
const SHORT_PIECE: usize = 8 * 1024;

/// Does a coding.
pub(in crate::rewrite) struct Encoder {
    state: EncoderState,
    /// Whether anything went in since the last flush: an empty flush would still cost bytes.
    dirty: bool,
}

enum EncoderState {
    Identity(Pieces),
    Gzip { stream: Box<Compress>, output: Vec<u8> },
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::zio::Writer<Vec<u8>, zstd::stream::raw::Encoder<'static>>),
    Finished,
}

impl Encoder {
    pub(in crate::rewrite) fn new(coding: Coding) -> Self {
        let state = match coding {
            Coding::Identity => EncoderState::Identity(Pieces::default()),
            Coding::Gzip => EncoderState::Gzip {
                stream: Box::new(Compress::new_gzip(Compression::new(GZIP_LEVEL), GZIP_WINDOW_LOG)),
                output: Vec::new(),
            },
            Coding::Brotli => EncoderState::Brotli(Box::new(brotli::CompressorWriter::new(
                Vec::new(),
                PIECE_BYTES,
                BROTLI_QUALITY,
                BROTLI_WINDOW_LOG,
            ))),
            Coding::Zstd => zstd::stream::raw::Encoder::new(ZSTD_LEVEL).map_or(EncoderState::Finished, |stream| {
                EncoderState::Zstd(zstd::stream::zio::Writer::new(Vec::new(), stream))
            }),
        };
        Self { state, dirty: false }
    }

    /// Takes bytes in.
    pub(in crate::rewrite) fn write(&mut self, bytes: Bytes) -> Result<(), BrokenBody> {
        self.dirty |= !bytes.is_empty();
        match &mut self.state {
            EncoderState::Identity(output) => {
                output.push(bytes);
                Ok(())
            }
            EncoderState::Gzip { stream, output } => deflate(stream, &bytes, output, FlushCompress::None),
            EncoderState::Brotli(writer) => writer.write_all(&bytes).map_err(broken),
            EncoderState::Zstd(writer) => writer.write_all(&bytes).map_err(broken),
            EncoderState::Finished => Err(BrokenBody),
        }
    }

    /// Makes everything taken in so far visible to whoever decodes what [`Self::take`] gives.
    pub(in crate::rewrite) fn flush(&mut self) -> Result<(), BrokenBody> {
        if !std::mem::take(&mut self.dirty) {
            return Ok(());
        }
        match &mut self.state {
            EncoderState::Identity(_) => Ok(()),
            EncoderState::Gzip { stream, output } => deflate(stream, &[], output, FlushCompress::Sync),
            EncoderState::Brotli(writer) => writer.flush().map_err(broken),
            EncoderState::Zstd(writer) => writer.flush().map_err(broken),
            EncoderState::Finished => Err(BrokenBody),
        }
    }

    /// What has come out since the last call.
    pub(in crate::rewrite) fn take(&mut self) -> Vec<Bytes> {
        match &mut self.state {
            EncoderState::Identity(pieces) => pieces.take(),
            EncoderState::Gzip { output, .. } => whole(std::mem::take(output)).into_iter().collect(),
            EncoderState::Brotli(writer) => whole(std::mem::take(writer.get_mut())).into_iter().collect(),
            EncoderState::Zstd(writer) => whole(std::mem::take(writer.writer_mut())).into_iter().collect(),
            EncoderState::Finished => Vec::new(),
        }
    }

    /// Ends the body and gives the rest.
    pub(in crate::rewrite) fn finish(&mut self) -> Result<Vec<Bytes>, BrokenBody> {
        match std::mem::replace(&mut self.state, EncoderState::Finished) {
            EncoderState::Identity(mut pieces) => Ok(pieces.take()),
            EncoderState::Gzip { mut stream, mut output } => {
                deflate(&mut stream, &[], &mut output, FlushCompress::Finish)?;
                Ok(whole(output).into_iter().collect())
            }
            EncoderState::Brotli(writer) => Ok(whole(writer.into_inner()).into_iter().collect()),
            EncoderState::Zstd(mut writer) => {
                writer.finish().map_err(broken)?;
                Ok(whole(writer.into_inner().0).into_iter().collect())
            }
            EncoderState::Finished => Err(BrokenBody),
        }
    }
}

fn whole(bytes: Vec<u8>) -> Option<Bytes> {
    (!bytes.is_empty()).then(|| bytes.into())
}

/// What goes out as it is: long pieces uncopied, short ones together.
#[derive(Default)]
struct Pieces {
    whole: Vec<Bytes>,
    short: Vec<u8>,
}

impl Pieces {
    fn push(&mut self, bytes: Bytes) {
        if bytes.len() < SHORT_PIECE {
            self.short.extend_from_slice(&bytes);
        } else {
            self.whole.extend(whole(std::mem::take(&mut self.short)));
            self.whole.push(bytes);
        }
    }

    fn take(&mut self) -> Vec<Bytes> {
        let mut pieces = std::mem::take(&mut self.whole);
        pieces.extend(whole(std::mem::take(&mut self.short)));
        pieces
    }
}

fn broken(_: io::Error) -> BrokenBody {
    BrokenBody
}

fn deflate(
    stream: &mut Compress,
    mut bytes: &[u8],
    output: &mut Vec<u8>,
    flush: FlushCompress,
) -> Result<(), BrokenBody> {
    loop {
        output.reserve(PIECE_BYTES);
        let before = stream.total_in();
        let status = stream.compress_vec(bytes, output, flush).map_err(|_| BrokenBody)?;
        bytes = &bytes[usize::try_from(stream.total_in() - before).expect("no more than was given")..];
        // Room left over means that nothing waits inside.
        let drained = output.len() < output.capacity();
        if status == Status::StreamEnd || (bytes.is_empty() && drained && !matches!(flush, FlushCompress::Finish)) {
            return Ok(());
        }
    }
}
