//! A parser that only finds: the bytes of the page never pass through it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use lol_html::{
    ElementContentHandlers, HandlerResult, MemorySettings, OutputSink, Selector,
    html_content::Element,
    send::{ElementHandler, HtmlRewriter, IntoHandler, SendHandlerTypes, Settings},
};

/// What the parser may hold, in bytes: its stack of open elements and one tag. A page with a longer tag before its body
/// is no page that anyone wrote; it passes without our insertions.
const PARSER_BYTES: usize = 256 * 1024;

/// What the parser is fed at once, in bytes. A part that is cut in a tag is copied, so parts are small against [`PARSER_BYTES`].
const PART_BYTES: usize = 16 * 1024;

/// A start tag as the parser shows it.
pub(super) type Tag<'rewriter, 'token> = Element<'rewriter, 'token, SendHandlerTypes>;

/// A parser on its way through a page. When it fails or panics it is over, and what it has found so far holds.
pub(super) struct Parser {
    rewriter: Option<Box<HtmlRewriter<'static, Progress>>>,
    passed: Arc<AtomicUsize>,
    fed: usize,
}

impl Parser {
    /// A parser that shows the start tags that a selector names. An error of the handler stops it.
    pub(super) fn new(selector: &str, handler: impl FnMut(&mut Tag<'_, '_>) -> HandlerResult + Send + 'static) -> Self {
        let passed = Arc::new(AtomicUsize::new(0));
        let progress = Progress(Arc::clone(&passed));
        let rewriter = catch_unwind(AssertUnwindSafe(|| rewriter(selector, handler.into_handler(), progress))).ok();
        Self { rewriter, passed, fed: 0 }
    }

    /// Takes the bytes that follow those before.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(PART_BYTES) {
            let Some(rewriter) = &mut self.rewriter else { return };
            let outcome = catch_unwind(AssertUnwindSafe(|| rewriter.write(part)));
            self.fed += part.len();
            if !matches!(outcome, Ok(Ok(()))) {
                self.stop();
            }
        }
    }

    /// The page has ended. An error changes nothing: what was found so far holds.
    pub(super) fn end(&mut self) {
        if let Some(rewriter) = self.rewriter.take() {
            let _ = catch_unwind(AssertUnwindSafe(|| rewriter.end()));
        }
    }

    /// Nothing more is to be found.
    pub(super) fn stop(&mut self) {
        self.rewriter = None;
    }

    /// Whether it will find nothing more.
    pub(super) fn is_over(&self) -> bool {
        self.rewriter.is_none()
    }

    /// How many bytes it was given.
    pub(super) fn fed(&self) -> usize {
        self.fed
    }

    /// How far it has come, as an offset: it will show nothing that begins before this.
    pub(super) fn passed(&self) -> usize {
        if self.is_over() { usize::MAX } else { self.passed.load(Relaxed) }
    }
}

/// Takes the parser's output only to count it.
struct Progress(Arc<AtomicUsize>);

impl OutputSink for Progress {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.0.fetch_add(chunk.len(), Relaxed);
    }
}

fn rewriter(
    selector: &str,
    handler: ElementHandler<'static>,
    progress: Progress,
) -> Box<HtmlRewriter<'static, Progress>> {
    let selector: Selector = selector.parse().expect("a selector of ours");
    let settings = Settings::new_send()
        .with_strict(false)
        .with_graceful_bail_out_on_content_handler_error(true)
        .with_memory_settings(
            MemorySettings::new()
                .with_preallocated_parsing_buffer_size(0)
                .with_max_allowed_memory_usage(PARSER_BYTES)
                .with_graceful_bail_out_on_memory_limit_exceeded(true),
        )
        .append_element_content_handler((
            std::borrow::Cow::Owned(selector),
            ElementContentHandlers { element: Some(handler), comments: None, text: None },
        ));
    Box::new(HtmlRewriter::new(settings, progress))
}

/// Counts the templates that are open around a tag.
#[derive(Clone, Default)]
pub(super) struct OpenTemplates(Arc<AtomicUsize>);

impl OpenTemplates {
    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        self.0.load(Relaxed) > 0
    }

    /// Counts a template until its end tag comes.
    pub(super) fn open(&self, element: &mut Tag<'_, '_>) {
        let Some(handlers) = element.end_tag_handlers() else { return };
        self.0.fetch_add(1, Relaxed);
        let open = Arc::clone(&self.0);
        handlers.push(Box::new(move |_| {
            open.fetch_sub(1, Relaxed);
            Ok(())
        }));
    }
}
