//! Host and path: which site, which of our own pages, which exception.

mod settings;

pub use settings::{HostPattern, PathRule, Tracker};
