//! The gateway over the changes of its configuration.

use std::{ops::Deref, sync::Arc};

use arc_swap::ArcSwap;

use super::{BeginError, Configured, Lasting, Parts, Shared};

/// What lasts, and what is configured at the moment. Whoever asks for the latter asks for each piece of work anew, and goes on with the answer
/// until that work is done.
pub struct Current {
    present: ArcSwap<Shared>,
    lasting: Arc<Lasting>,
}

impl Current {
    /// Makes the parts ready, and keeps every notice and every text of the policy that a visitor may be shown in the log. Blocks on the disk.
    ///
    /// # Errors
    ///
    /// When a file of an upstream can't be read or the log can't be written.
    pub fn begin(parts: Parts) -> Result<Arc<Self>, BeginError> {
        let present = Shared::begin(parts)?;
        Ok(Arc::new(Self { lasting: present.lasting().clone(), present: ArcSwap::new(present) }))
    }

    /// What is configured now.
    pub fn present(&self) -> Arc<Shared> {
        self.present.load_full()
    }

    /// Makes another configuration ready, as [`Current::begin`] does. Nothing goes by it yet.
    ///
    /// # Errors
    ///
    /// As those of [`Current::begin`].
    pub fn prepare(&self, configured: Configured) -> Result<Arc<Shared>, BeginError> {
        Shared::again(self.lasting.clone(), configured)
    }

    /// From now on this is configured.
    pub fn replace(&self, shared: Arc<Shared>) {
        shared.limit();
        self.present.store(shared);
    }
}

impl Deref for Current {
    type Target = Lasting;

    fn deref(&self) -> &Lasting {
        &self.lasting
    }
}
