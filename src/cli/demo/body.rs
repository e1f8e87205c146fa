//! Bodies of answers: whole texts, and the awkward ones that a gateway must stream without holding.

use std::{
    collections::VecDeque,
    io::{self, Write as _},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use tokio::time::Sleep;

/// Any body that the servers of the demonstration send.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// How large the large download is, in bytes: 256 MiB, more than a gateway may want to hold.
pub const DOWNLOAD_BYTES: u64 = 256 * 1024 * 1024;

/// One line of the large download, 64 bytes, so that a part missing or doubled in the middle is seen.
const LINE: &[u8; 64] = b"The large download of the demonstration: every line is the same\n";

/// Lines in one part: 64 KiB.
const LINES: usize = 1024;

/// A body that is there as a whole.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// `bytes` bytes of the same line over and over, in memory once.
pub(super) fn download(bytes: u64) -> Body {
    Repeated { part: LINE.repeat(LINES).into(), left: bytes }.boxed_unsync()
}

/// The parts, with a pause before each but the first; chunked, because their number is not told.
pub(super) fn slow(parts: impl IntoIterator<Item = Bytes>, pause: Duration) -> Body {
    Slow { parts: parts.into_iter().collect(), pause, sleeping: None, cut: false }.boxed_unsync()
}

/// The part, then an error, so that the server closes the connection in the middle of the body.
pub(super) fn cut(part: Bytes) -> Body {
    Slow { parts: [part].into(), pause: Duration::ZERO, sleeping: None, cut: true }.boxed_unsync()
}

/// Compresses with gzip (RFC 1952).
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("a Vec takes every write")
}

struct Repeated {
    part: Bytes,
    left: u64,
}

impl http_body::Body for Repeated {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let length = usize::try_from(self.left).map_or(self.part.len(), |left| left.min(self.part.len()));
        self.left -= length as u64;
        Poll::Ready(Some(Ok(Frame::data(self.part.slice(..length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

struct Slow {
    parts: VecDeque<Bytes>,
    pause: Duration,
    sleeping: Option<Pin<Box<Sleep>>>,
    /// Whether an error follows the last part.
    cut: bool,
}

impl http_body::Body for Slow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(sleeping) = &mut self.sleeping {
            std::task::ready!(sleeping.as_mut().poll(context));
            self.sleeping = None;
        }
        let Some(part) = self.parts.pop_front() else {
            let error = self.cut.then(|| Err(io::Error::other("the demonstration cuts this answer off")));
            return Poll::Ready(error);
        };
        if !self.parts.is_empty() || self.cut {
            self.sleeping = Some(Box::pin(tokio::time::sleep(self.pause)));
        }
        Poll::Ready(Some(Ok(Frame::data(part))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_body_comes_in_its_parts() {
        let mut body = slow(["one", "two", "three"].map(Bytes::from), Duration::ZERO);
        let mut parts = Vec::new();
        while let Some(frame) = body.frame().await {
            parts.push(frame.unwrap().into_data().unwrap());
        }
        assert_eq!(parts, ["one", "two", "three"]);
    }

    #[tokio::test]
    async fn a_cut_body_ends_in_an_error_after_its_part() {
        let mut body = cut(Bytes::from("half"));
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "half");
        assert!(body.frame().await.unwrap().is_err());
    }

    #[tokio::test]
    async fn a_download_has_exactly_the_length_it_announces() {
        for bytes in [0, 1, 65_535, 65_536, 65_537] {
            let body = download(bytes);
            assert_eq!(http_body::Body::size_hint(&body).exact(), Some(bytes));
            assert_eq!(body.collect().await.unwrap().to_bytes().len() as u64, bytes);
        }
    }
}
