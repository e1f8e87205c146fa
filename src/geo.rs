//! Which country an address is in: a database that the operator supplies (MaxMind DB format).

use std::{
    io,
    path::{Path, PathBuf},
};

use maxminddb::{Reader, path};

use crate::{consent::Country, visitor::TruncatedAddress};

/// Where the database is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The file, or none: then every country is unknown.
    pub database: Option<PathBuf>,
}

/// Looks countries up by the truncated address.
#[derive(Debug, Default)]
pub struct Countries(Option<Reader<Vec<u8>>>);

impl Countries {
    /// Reads the whole file, so that a later change of it can't harm a running gateway.
    pub fn open(settings: &Settings) -> io::Result<Self> {
        let Some(file) = &settings.database else { return Ok(Self(None)) };
        let reader = Reader::open_readfile(file).map_err(|error| not_readable(file, &error))?;
        Ok(Self(Some(reader)))
    }

    /// The country, or `None` when there is no database or it does not say.
    pub fn find(&self, address: TruncatedAddress) -> Option<Country> {
        let found = self.0.as_ref()?.lookup(address.network()).ok()?;
        let code: Option<String> = found.decode_path(&path!["country", "iso_code"]).ok()?;
        // Small databases hold the code at the top.
        let code = code.or_else(|| found.decode_path(&path!["country_code"]).ok().flatten());
        Country::parse(&code?)
    }
}

fn not_readable(file: &Path, error: &maxminddb::MaxMindDbError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: no country database: {error}", file.display()))
}
