//! What was held back of an answer and what was let through, for the count of a day.

use std::sync::{Arc, Mutex, PoisonError};

use crate::consent::{Category, CategoryCounts};

/// Things that lead to other hosts, by the category of the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Held back.
    pub refused: CategoryCounts,
    /// Let through.
    pub passed: CategoryCounts,
}

impl Judged {
    pub(super) fn count(&mut self, category: Option<Category>, refused: bool) {
        let counts = if refused { &mut self.refused } else { &mut self.passed };
        counts.add(category);
    }
}

/// What was judged in one page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageCounts {
    /// Hints, and where elements are held back those.
    pub loads: Judged,
    /// Frames.
    pub frames: Judged,
}

/// The counts of a page while it goes out; clones share them.
#[derive(Clone, Debug, Default)]
pub struct PageTally(Arc<Mutex<PageCounts>>);

impl From<PageCounts> for PageTally {
    /// The tally of a page of which all is counted.
    fn from(counts: PageCounts) -> Self {
        Self(Arc::new(Mutex::new(counts)))
    }
}

impl PageTally {
    /// What was counted until now.
    pub fn counts(&self) -> PageCounts {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn load(&self, category: Option<Category>, refused: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).loads.count(category, refused);
    }

    pub(super) fn frame(&self, category: Option<Category>, refused: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).frames.count(category, refused);
    }
}
