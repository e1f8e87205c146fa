//! The body of an answer: whole, or written by a thread while it is sent.

use std::{
    io::{self, Write},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// How much is gathered before it is sent, in bytes.
const PIECE: usize = 32 * 1024;
/// How many pieces may wait for a slow client.
const WAITING: usize = 4;

/// A body.
pub(super) enum Body {
    Whole(Option<Bytes>),
    Written(mpsc::Receiver<Piece>),
    /// Everything written was sent.
    Ended,
}

/// A part of a body that is written.
pub(super) enum Piece {
    Bytes(Bytes),
    End,
}

/// The writing end. Without [`Output::end`] the body breaks off, so that half of an export is never taken for all of it.
pub(super) struct Output {
    sender: mpsc::Sender<Piece>,
    gathered: Vec<u8>,
}

impl Body {
    pub(super) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Some(bytes.into()))
    }

    /// A body and what is written into it, on a thread that may wait.
    pub(super) fn written() -> (Output, Self) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Output { sender, gathered: Vec::new() }, Self::Written(receiver))
    }
}

impl Output {
    /// Sends what is left: the body is complete.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.send()?;
        self.pass(Piece::End)
    }

    fn send(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.gathered));
        if piece.is_empty() {
            return Ok(());
        }
        self.pass(Piece::Bytes(piece))
    }

    fn pass(&self, piece: Piece) -> io::Result<()> {
        self.sender.blocking_send(piece).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= PIECE {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        let piece = match this {
            Self::Whole(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Ended => return Poll::Ready(None),
            Self::Written(pieces) => std::task::ready!(pieces.poll_recv(context)),
        };
        Poll::Ready(match piece {
            Some(Piece::Bytes(bytes)) => Some(Ok(Frame::data(bytes))),
            Some(Piece::End) => {
                *this = Self::Ended;
                None
            }
            None => Some(Err(io::ErrorKind::UnexpectedEof.into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None) | Self::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Written(_) => SizeHint::new(),
            Self::Ended => SizeHint::with_exact(0),
        }
    }
}
