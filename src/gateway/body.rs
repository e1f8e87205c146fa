//! The body of an answer: ours, the site's, or the site's page or worker on its way through what changes it.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::{counted_page::CountedPage, request_record::RequestRecord};
use crate::{
    rewrite::{BrokenBody, PageRewriter, WorkerScript},
    upstream::{BodyError, ResponseBody},
};

/// A body with the record that is written when its last byte has left.
pub struct AnswerBody {
    source: Source,
    record: Option<RequestRecord>,
    /// Told with the next poll.
    failure: Option<AnswerError>,
}

enum Source {
    Ours(Option<Bytes>),
    Site(ResponseBody),
    /// The beginning was looked at and is no page: it goes out as it came, then the rest.
    Looked(VecDeque<Bytes>, ResponseBody, End),
    Page(Box<Page>),
    /// A page of which all is rewritten.
    Rewritten {
        page: VecDeque<Bytes>,
        /// Counts when the page is dropped.
        _counted: Option<CountedPage>,
    },
}

/// Whether the site's body had ended when its beginning was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Reached,
    Ahead,
}

/// What changes a body on its way.
enum Rewriter {
    Page(Box<PageRewriter>),
    Script(WorkerScript),
}

impl Rewriter {
    fn write(&mut self, raw: Bytes) -> Result<Vec<Bytes>, BrokenBody> {
        match self {
            Self::Page(page) => page.write(raw),
            Self::Script(script) => script.write(&raw).map(one),
        }
    }

    fn flush(&mut self) -> Result<Vec<Bytes>, BrokenBody> {
        match self {
            Self::Page(page) => page.flush(),
            // It keeps nothing back.
            Self::Script(_) => Ok(Vec::new()),
        }
    }

    fn finish(&mut self) -> Result<Vec<Bytes>, BrokenBody> {
        match self {
            Self::Page(page) => page.finish(),
            Self::Script(script) => script.finish().map(one),
        }
    }
}

/// A piece, if it is not empty.
fn one(bytes: Bytes) -> Vec<Bytes> {
    if bytes.is_empty() { Vec::new() } else { vec![bytes] }
}

struct Page {
    rewriter: Rewriter,
    /// Rewritten, and not given out yet.
    begun: VecDeque<Bytes>,
    rest: ResponseBody,
    /// Something was written that the browser can't see yet.
    unflushed: bool,
    state: PageState,
    /// Counts when the page is dropped.
    _counted: Option<CountedPage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PageState {
    Reading,
    Ended,
    Over,
}

/// A body that can't be completed: the connection or stream is broken off, so that a part is not taken for the whole.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The site's body broke.
    #[error(transparent)]
    Site(#[from] BodyError),
    /// The page could not be decoded in its middle.
    #[error("the site's page can't be decoded to its end")]
    Coding,
}

impl From<BrokenBody> for AnswerError {
    fn from(_: BrokenBody) -> Self {
        Self::Coding
    }
}

impl AnswerBody {
    pub(super) fn ours(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { source: Source::Ours((!bytes.is_empty()).then_some(bytes)), record: None, failure: None }
    }

    pub(super) fn site(body: ResponseBody) -> Self {
        Self { source: Source::Site(body), record: None, failure: None }
    }

    pub(super) fn looked(beginning: VecDeque<Bytes>, rest: ResponseBody, end: End) -> Self {
        Self { source: Source::Looked(beginning, rest, end), record: None, failure: None }
    }

    /// A page of which `begun` is rewritten already, and more is to come.
    pub(super) fn page(
        rewriter: PageRewriter,
        begun: Vec<Bytes>,
        rest: ResponseBody,
        counted: Option<CountedPage>,
    ) -> Self {
        let (rewriter, state) = (Rewriter::Page(Box::new(rewriter)), PageState::Reading);
        let page = Page { rewriter, begun: begun.into(), rest, unflushed: true, state, _counted: counted };
        Self { source: Source::Page(Box::new(page)), record: None, failure: None }
    }

    /// A page of which all is rewritten.
    pub(super) fn rewritten(page: Vec<Bytes>, counted: Option<CountedPage>) -> Self {
        Self { source: Source::Rewritten { page: page.into(), _counted: counted }, record: None, failure: None }
    }

    /// Whether script and banner stand in it.
    pub(super) fn is_rewritten(&self) -> bool {
        match &self.source {
            Source::Page(page) => matches!(page.rewriter, Rewriter::Page(_)),
            Source::Rewritten { .. } => true,
            Source::Ours(_) | Source::Site(_) | Source::Looked(..) => false,
        }
    }

    /// The script of a service worker.
    pub(super) fn script(script: WorkerScript, body: ResponseBody) -> Self {
        let (rewriter, state) = (Rewriter::Script(script), PageState::Reading);
        let page = Page { rewriter, begun: VecDeque::new(), rest: body, unflushed: false, state, _counted: None };
        Self { source: Source::Page(Box::new(page)), record: None, failure: None }
    }

    /// A page of ours without its bytes, as `HEAD` wants it, and how many there would be. hyper does this for HTTP/1.1 only.
    pub(super) fn head_only(self) -> (Self, Option<u64>) {
        match self.source {
            Source::Ours(bytes) => {
                let length = bytes.map_or(0, |bytes| bytes.len() as u64);
                (Self { source: Source::Ours(None), record: self.record, failure: self.failure }, Some(length))
            }
            source => (Self { source, record: self.record, failure: self.failure }, None),
        }
    }

    pub(super) fn recorded(self, record: RequestRecord) -> Self {
        Self { record: Some(record), ..self }
    }
}

impl Page {
    fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, AnswerError>>> {
        loop {
            if let Some(bytes) = self.begun.pop_front() {
                return Poll::Ready(Some(Ok(bytes)));
            }
            let pieces = match self.state {
                PageState::Reading => match Pin::new(&mut self.rest).poll_frame(context) {
                    Poll::Ready(Some(Ok(frame))) => {
                        // Trailers of a page may hold digests of the old bytes; they end here.
                        let Ok(data) = frame.into_data() else { continue };
                        self.unflushed = true;
                        self.rewriter.write(data)?
                    }
                    Poll::Ready(Some(Err(error))) => {
                        self.state = PageState::Over;
                        return Poll::Ready(Some(Err(error.into())));
                    }
                    Poll::Ready(None) => {
                        self.state = PageState::Ended;
                        continue;
                    }
                    Poll::Pending if self.unflushed => {
                        self.unflushed = false;
                        let pieces = self.rewriter.flush()?;
                        if pieces.is_empty() {
                            return Poll::Pending;
                        }
                        pieces
                    }
                    Poll::Pending => return Poll::Pending,
                },
                PageState::Ended => {
                    self.state = PageState::Over;
                    self.rewriter.finish()?
                }
                PageState::Over => return Poll::Ready(None),
            };
            self.begun.extend(pieces);
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = AnswerError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        let this = self.get_mut();
        if let Some(failure) = this.failure.take() {
            return Poll::Ready(Some(Err(failure)));
        }
        let polled = match &mut this.source {
            Source::Ours(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Source::Site(body) => Pin::new(body).poll_frame(context).map_err(AnswerError::from),
            Source::Looked(beginning, rest, end) => match (beginning.pop_front(), *end) {
                (Some(bytes), _) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                (None, End::Ahead) => Pin::new(rest).poll_frame(context).map_err(AnswerError::from),
                (None, End::Reached) => Poll::Ready(None),
            },
            Source::Page(page) => page.poll_bytes(context).map_ok(Frame::data),
            Source::Rewritten { page, .. } => Poll::Ready(page.pop_front().map(|bytes| Ok(Frame::data(bytes)))),
        };
        if let (Poll::Ready(Some(Ok(frame))), Some(record)) = (&polled, &mut this.record)
            && let Some(data) = frame.data_ref()
        {
            record.sent(data.len());
        }
        if let Poll::Ready(Some(Err(error))) = polled {
            if let Some(record) = &mut this.record {
                record.broke_off(&error);
            }
            // What came before it has to reach the client first: hyper gives up whatever it has not written when it hears of a failure.
            this.failure = Some(error);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        if self.failure.is_some() {
            return false;
        }
        match &self.source {
            Source::Ours(bytes) => bytes.is_none(),
            Source::Site(body) => body.is_end_stream(),
            Source::Looked(beginning, rest, end) => {
                beginning.is_empty() && (*end == End::Reached || rest.is_end_stream())
            }
            Source::Page(page) => page.state == PageState::Over && page.begun.is_empty(),
            Source::Rewritten { page, .. } => page.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Ours(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Source::Site(body) => body.size_hint(),
            Source::Looked(beginning, rest, end) => {
                let begun = beginning.iter().map(|bytes| bytes.len() as u64).sum::<u64>();
                match (end, rest.size_hint().exact()) {
                    (End::Reached, _) => SizeHint::with_exact(begun),
                    (End::Ahead, Some(rest)) => SizeHint::with_exact(begun + rest),
                    (End::Ahead, None) => SizeHint::default(),
                }
            }
            // Whether all was there at once is an accident of the moment, and the framing shows nothing of it.
            Source::Page(_) | Source::Rewritten { .. } => SizeHint::default(),
        }
    }
}
