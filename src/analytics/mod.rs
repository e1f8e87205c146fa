//! Analytics servers behind the gateway: what of a visitor's request reaches them, written anew from what a preset names.
//!
//! Pure rules: values in, values out. An [`AnalyticsRequest`] is the only thing that may be sent to such a server, and only this module
//! makes one. It begins empty: what no list here names is not in it, and of addresses it can hold a truncated one alone.

mod answer;
mod body;
mod fields;
mod preset;
mod request;
mod route;
mod text;

#[cfg(test)]
mod tests;

pub use answer::clear_answer;
pub use preset::{METRICA_HOSTS, Preset, Use};
pub use request::{AnalyticsRequest, Sender, Unsendable};
pub use route::{Asked, NotPublic, Route, Routes, SentAddress, Token};

/// Longest body of a hit, in bytes. Hits are read as a whole before anything leaves: 64 KiB hold dozens of events, and browsers send no
/// more with a beacon (Fetch, section 4.6).
pub const LONGEST_HIT: usize = 64 * 1024;
