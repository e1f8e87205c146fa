//! Which analytics server a path leads to.

use std::fmt;

use http::Method;

use super::preset::{Preset, Use};
use crate::{consent::Category, routing::as_origins_read};

/// What the server learns of a visitor's address. There is no word for all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentAddress {
    /// The truncated address.
    Truncated,
    /// No address.
    None,
}

/// A secret with which Matomo believes an address and a country.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Box<str>);

impl Token {
    /// A token of 32 hexadecimal digits, as Matomo makes them.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| Self(text.into()))
    }

    pub(super) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    /// Says that there is one, never which.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token")
    }
}

/// A path of the site under which an analytics server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The kind of server.
    pub preset: Preset,
    /// Where its paths begin; with a slash at both ends.
    pub path: String,
    /// What its measuring is for.
    pub category: Category,
    /// What it learns of addresses.
    pub address: SentAddress,
    /// `Host` for it.
    pub host: String,
    /// For Matomo alone.
    pub token: Option<Token>,
}

/// The routes of a site.
#[derive(Clone, Debug, Default)]
pub struct Routes(Vec<Route>);

/// What of an analytics server is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The number of the route in the order of the configuration.
    pub number: usize,
    /// The route.
    pub route: &'a Route,
    /// What the path is for.
    pub what: Use,
}

/// The path lies below a route, and its server shows nothing of it to visitors: its pages for operators, or what nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPublic;

impl Routes {
    /// Takes routes of which none begins another.
    pub fn new(routes: Vec<Route>) -> Self {
        Self(routes)
    }

    /// The route below which a path lies.
    ///
    /// # Errors
    ///
    /// [`NotPublic`] for all but the paths that a preset knows, in their plain spelling: what a server might read as a path below the route
    /// is not the site's either.
    pub fn find(&self, method: &Method, path: &str) -> Result<Option<Asked<'_>>, NotPublic> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let read = as_origins_read(path);
        let is_below = |route: &Route| {
            let folder = route.path.trim_end_matches('/');
            let is = |path: &str| path.starts_with(&route.path) || path == folder;
            is(path) || read.iter().any(|path| is(path))
        };
        let Some((number, route)) = self.0.iter().enumerate().find(|(_, route)| is_below(route)) else {
            return Ok(None);
        };
        let below = path.strip_prefix(&route.path).ok_or(NotPublic)?;
        let what = route.preset.public(method, below).ok_or(NotPublic)?;
        Ok(Some(Asked { number, route, what }))
    }
}
