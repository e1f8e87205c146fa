//! The filters together with the catalogue, as stories and against an independent reading of the same bytes.

mod catalogue;
mod properties;
mod stories;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{CATALOGUE, Catalogue, Permit, Unknown, parse_catalogue};
use crate::consent::{Category, CategorySet};

fn shipped() -> Catalogue {
    Catalogue::new(parse_catalogue(CATALOGUE).unwrap(), Vec::new())
}

fn strict(allowed: &[Category]) -> Permit {
    Permit { allowed: allowed.iter().copied().collect(), unknown: Unknown::Refused }
}

fn compatible() -> Permit {
    Permit { allowed: CategorySet::EMPTY, unknown: Unknown::Passed }
}

fn headers(name: &HeaderName, lines: &[&[u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name, HeaderValue::from_bytes(line).unwrap());
    }
    headers
}

fn lines(headers: &HeaderMap, name: &HeaderName) -> Vec<Vec<u8>> {
    headers.get_all(name).into_iter().map(|line| line.as_bytes().to_vec()).collect()
}
