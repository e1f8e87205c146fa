//! Which country an address is in: a database that the operator supplies (MaxMind DB format).

use std::path::PathBuf;

/// Where the database is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The file, or none: then every country is unknown.
    pub database: Option<PathBuf>,
}
