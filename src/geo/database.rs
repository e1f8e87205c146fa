//! One database in the MaxMind DB format (version 2.0), checked as a whole before anything is asked of it.

use maxminddb::{LookupResult, Reader, WithinOptions, path};

use crate::{consent::Country, timestamp::Timestamp, visitor::TruncatedAddress};

/// Networks in which a country is looked for before a file is believed to be about something else. In a database of countries almost every
/// network has one.
const MOST_LOOKED_THROUGH: usize = 10_000;
/// Longest name that a database may give itself, in characters.
const LONGEST_KIND: usize = 64;

/// A database that says countries.
#[derive(Debug)]
pub struct Database(Reader<Vec<u8>>);

/// Why a file is no database of countries.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseFault {
    /// Another format, or a file that is damaged or half written.
    #[error(transparent)]
    Format(#[from] maxminddb::MaxMindDbError),
    /// A database of something else, such as the owners of networks.
    #[error("it is a database of the kind `{0}`, and no network in it has a country")]
    NoCountries(String),
}

/// What a database says about an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The country, where it says one.
    pub country: Option<Country>,
    /// The network that it says it about, or that it says nothing about, as `203.0.113.0/24`.
    pub network: String,
    /// How many bits of the address that network has in common.
    pub prefix: u8,
}

impl Database {
    /// Takes the bytes of a file.
    ///
    /// # Errors
    ///
    /// When any part of it is not as the format says, or when it holds no country.
    pub fn read(bytes: Vec<u8>) -> Result<Self, DatabaseFault> {
        let database = Self(Reader::from_source(bytes)?);
        database.0.verify()?;
        let mut networks = database.0.networks(WithinOptions::default())?.take(MOST_LOOKED_THROUGH);
        if networks.any(|found| found.is_ok_and(|found| country(&found).is_some())) {
            Ok(database)
        } else {
            Err(DatabaseFault::NoCountries(database.kind()))
        }
    }

    /// What it calls itself; whatever is no letter of a name is left out.
    pub fn kind(&self) -> String {
        let kind = self.0.metadata().database_type.chars().filter(|character| !character.is_control());
        kind.take(LONGEST_KIND).collect()
    }

    /// When it was made.
    pub fn built(&self) -> Timestamp {
        Timestamp::from_seconds(i64::try_from(self.0.metadata().build_epoch).unwrap_or(i64::MAX))
    }

    /// The country of an address, where it says one.
    pub fn country(&self, address: TruncatedAddress) -> Option<Country> {
        country(&self.0.lookup(address.network()).ok()?)
    }

    /// The same, with the network that the answer is about.
    pub fn answer(&self, address: TruncatedAddress) -> Answer {
        let found = self.0.lookup(address.network());
        let network = found.as_ref().ok().and_then(|found| found.network().ok());
        Answer {
            country: found.as_ref().ok().and_then(country),
            network: network.map_or_else(|| "–".to_owned(), |network| network.to_string()),
            prefix: network.map_or(0, |network| network.prefix()),
        }
    }
}

/// Databases write the code below the country, beside it, or in its place.
fn country(found: &LookupResult<'_, Vec<u8>>) -> Option<Country> {
    let below = || found.decode_path::<&str>(&path!["country", "iso_code"]).ok().flatten();
    let beside = || found.decode_path::<&str>(&path!["country_code"]).ok().flatten();
    let alone = || found.decode_path::<&str>(&path!["country"]).ok().flatten();
    Country::parse(below().or_else(beside).or_else(alone)?)
}
