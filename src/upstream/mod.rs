//! Bytes out: connections to the site behind the gateway.

mod settings;

pub use settings::{Scheme, Settings};
