//! The body of an answer: whole, or a file that is read while it is sent.

use std::{
    fs::File,
    io::{self, Read as _},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// How much is read at a time, in bytes.
const PIECE: u64 = 32 * 1024;
/// How many pieces may wait for a slow client.
const WAITING: usize = 4;

/// A body.
pub struct Body(Source);

enum Source {
    Whole(Option<Bytes>),
    File {
        pieces: mpsc::Receiver<io::Result<Bytes>>,
        /// How many bytes are still to come.
        left: u64,
    },
}

impl Body {
    pub(super) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self(Source::Whole(Some(bytes.into())))
    }

    /// The next `length` bytes of a file, read on a thread that may wait. `held` is dropped when all is sent or nobody takes it.
    pub(super) fn of_file(file: File, length: u64, held: impl Send + 'static) -> Self {
        let (sender, pieces) = mpsc::channel(WAITING);
        tokio::task::spawn_blocking(move || {
            let _held = held;
            let mut file = file.take(length);
            loop {
                let mut piece = Vec::new();
                let piece = match file.by_ref().take(PIECE).read_to_end(&mut piece) {
                    Ok(0) => return,
                    Ok(_) => Ok(Bytes::from(piece)),
                    Err(error) => Err(error),
                };
                let is_broken = piece.is_err();
                if sender.blocking_send(piece).is_err() || is_broken {
                    return;
                }
            }
        });
        Self(Source::File { pieces, left: length })
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let (pieces, left) = match &mut self.get_mut().0 {
            Source::Whole(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Source::File { left: 0, .. } => return Poll::Ready(None),
            Source::File { pieces, left } => (pieces, left),
        };
        // A file that is shorter than it was breaks the answer off.
        let piece = std::task::ready!(pieces.poll_recv(context)).unwrap_or(Err(io::ErrorKind::UnexpectedEof.into()));
        Poll::Ready(Some(piece.map(|bytes| {
            *left = left.saturating_sub(bytes.len() as u64);
            Frame::data(bytes)
        })))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Source::Whole(None) | Source::File { left: 0, .. })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match &self.0 {
            Source::Whole(bytes) => bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
            Source::File { left, .. } => *left,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, Write as _};

    use http_body_util::BodyExt as _;

    use super::*;

    fn file(length: usize) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![7; length]).unwrap();
        file.rewind().unwrap();
        file
    }

    #[tokio::test]
    async fn a_file_is_sent_whole_and_its_length_said_before() {
        for length in [0, 1, 32 * 1024, 100_000] {
            let (sender, held) = tokio::sync::oneshot::channel::<()>();
            let body = Body::of_file(file(length), length as u64, sender);
            assert_eq!(http_body::Body::size_hint(&body).exact(), Some(length as u64));
            assert_eq!(body.collect().await.unwrap().to_bytes(), vec![7; length]);
            assert!(held.await.is_err(), "it is given back");
        }
    }

    #[tokio::test]
    async fn a_file_that_became_shorter_breaks_the_answer_off() {
        let body = Body::of_file(file(10), 11, ());
        assert_eq!(body.collect().await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
