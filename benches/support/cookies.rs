//! Cookies as browsers send and sites set them, of known and of refused names.

use http::{HeaderMap, HeaderName, HeaderValue};
use kelisim::{
    consent::CategorySet,
    cookies::{CATALOGUE, Catalogue, Permit, Unknown, parse_catalogue},
};

const REFUSED: [&str; 7] = ["_ga", "_ga_9XQ2J1", "_gid", "_ym_uid", "_ym_d", "_fbp", "nobody-knows"];
const ALLOWED: [&str; 5] = ["PHPSESSID", "csrftoken", "__cf_bm", "cf_clearance", "XSRF-TOKEN"];

/// What passes without consent.
pub(crate) const NECESSARY: Permit = Permit { allowed: CategorySet::EMPTY, unknown: Unknown::Refused };

/// The catalogue that comes with the gateway.
pub(crate) fn catalogue() -> Catalogue {
    Catalogue::new(parse_catalogue(CATALOGUE).expect("the shipped catalogue has no fault"), Vec::new())
}

/// Pairs of about `bytes` together, `refused` of them of refused names, the two kinds mixed.
pub(crate) fn pairs(count: usize, refused: usize, bytes: usize) -> Vec<String> {
    let pair = |index: usize| {
        let bad = index * refused / count != (index + 1) * refused / count;
        let name = if bad { REFUSED[index % REFUSED.len()] } else { ALLOWED[index % ALLOWED.len()] };
        let value = (bytes / count).saturating_sub(name.len() + 3);
        format!("{name}={}", "GA1.2.1234567890".chars().cycle().take(value).collect::<String>())
    };
    (0..count).map(pair).collect()
}

/// `Set-Cookie` lines of such pairs.
pub(crate) fn set_lines(pairs: &[String]) -> Vec<String> {
    pairs.iter().map(|pair| format!("{pair}; Path=/; Secure; SameSite=Lax")).collect()
}

/// Headers with these lines of one name.
pub(crate) fn headers(name: &HeaderName, lines: &[String]) -> HeaderMap {
    let values = lines.iter().map(|line| HeaderValue::try_from(line).expect("made of printable ASCII"));
    values.fold(HeaderMap::new(), |mut map, value| {
        map.append(name, value);
        map
    })
}
