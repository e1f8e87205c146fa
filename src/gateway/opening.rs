//! The beginning of a body that may be a page: what is there, and as much as it takes to tell whether it is one.

use std::{collections::VecDeque, future::poll_fn, pin::Pin, task::Poll};

use bytes::{Bytes, BytesMut};
use http_body::Body as _;

use super::{body::End, remembered::LONGEST_BODY};
use crate::{
    rewrite::{Opening, PageBody, PassReason},
    upstream::{BodyError, ResponseBody},
};

/// What has come of a body, as it came.
pub(super) struct Beginning {
    pub(super) parts: VecDeque<Bytes>,
    pub(super) end: End,
    /// How many of the parts were looked at.
    looked_at: usize,
}

impl Beginning {
    /// Takes what is there already of a body that is short by its own word. Waits for nothing.
    ///
    /// # Errors
    /// The body broke.
    pub(super) async fn there(body: &mut ResponseBody) -> Result<Self, BodyError> {
        let mut beginning = Self { parts: VecDeque::new(), end: End::Ahead, looked_at: 0 };
        if body.size_hint().exact().is_none_or(|length| length > LONGEST_BODY) {
            return Ok(beginning);
        }
        poll_fn(|context| {
            while beginning.end == End::Ahead {
                match Pin::new(&mut *body).poll_frame(context) {
                    Poll::Ready(Some(Ok(frame))) => beginning.parts.extend(frame.into_data()),
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                    Poll::Ready(None) => beginning.end = End::Reached,
                    Poll::Pending => break,
                }
                beginning.notice_end(body);
            }
            Poll::Ready(Ok(()))
        })
        .await?;
        Ok(beginning)
    }

    fn notice_end(&mut self, body: &ResponseBody) {
        if body.is_end_stream() {
            self.end = End::Reached;
        }
    }

    /// Reads on until it is clear whether the body is a page. What is read is kept as it came.
    ///
    /// # Errors
    /// The body broke.
    pub(super) async fn look(
        &mut self,
        page: &mut PageBody,
        body: &mut ResponseBody,
    ) -> Result<Result<(), PassReason>, BodyError> {
        loop {
            let opening = match self.parts.get(self.looked_at) {
                Some(part) => {
                    self.looked_at += 1;
                    page.open(part.clone())
                }
                None if self.end == End::Reached => page.open_end(),
                None => {
                    match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
                        Some(frame) => self.parts.extend(frame?.into_data()),
                        None => self.end = End::Reached,
                    }
                    continue;
                }
            };
            match opening {
                Opening::Page => {
                    self.notice_end(body);
                    return Ok(Ok(()));
                }
                Opening::NotPage(reason) => return Ok(Err(reason)),
                Opening::NeedMore => {}
            }
        }
    }

    /// All that has come, in one.
    pub(super) fn whole(&self) -> Bytes {
        match self.parts.len() {
            0 => Bytes::new(),
            1 => self.parts[0].clone(),
            _ => self
                .parts
                .iter()
                .fold(BytesMut::new(), |mut whole, part| {
                    whole.extend_from_slice(part);
                    whole
                })
                .freeze(),
        }
    }

    /// The parts that were not looked at.
    pub(super) fn unseen(&self) -> impl Iterator<Item = Bytes> {
        self.parts.iter().skip(self.looked_at).cloned()
    }
}
