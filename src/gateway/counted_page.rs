//! What is judged in a page while it goes out, counted when it has gone or its client has.

use std::sync::Arc;

use crate::{ledger::Enforced, rewrite::PageTally, telemetry::Enforcement};

/// A page that is rewritten, in the count of its site.
pub(super) struct CountedPage {
    pub(super) enforcement: Arc<Enforcement>,
    pub(super) site: usize,
    pub(super) tally: PageTally,
}

impl Drop for CountedPage {
    fn drop(&mut self) {
        let counts = self.tally.counts();
        for (what, judged) in [(Enforced::Load, counts.loads), (Enforced::Frame, counts.frames)] {
            self.enforcement.judged(self.site, what, &judged.refused, &judged.passed);
        }
    }
}
