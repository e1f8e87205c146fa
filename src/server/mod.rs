//! Bytes in: listeners, TLS, HTTP, limits, graceful stop.

mod settings;

pub use settings::{CertificateFiles, Limits, Settings};
