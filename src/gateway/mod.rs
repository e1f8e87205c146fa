//! The order of the stages.

mod settings;

pub use settings::{Mode, SiteSettings};
