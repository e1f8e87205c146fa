//! What visitors see: banner, settings, policy, errors; and what they send us: a choice.

mod settings;

pub use settings::{Controller, DeclaredCookie, DeclaredHost, EditionText, Localised, Notice, Settings};
