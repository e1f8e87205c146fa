//! What the terminal says once the demonstration runs: what to open and what to try.

use super::{Places, html::fill};

/// The guide as plain text of at most 100 columns.
pub fn guide(places: &Places<'_>) -> String {
    let ports = [places.http, places.https, places.origin, places.tracker].map(|at| at.port().to_string());
    let [http, https, origin, tracker] = ports.each_ref().map(String::as_str);
    fill(
        include_str!("site/guide.txt"),
        &[
            ("http", http),
            ("https", https),
            ("admin", &places.admin.to_string()),
            ("origin", origin),
            ("tracker", tracker),
        ],
    )
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, path::Path};

    use super::*;

    #[test]
    fn the_guide_names_every_place_and_fits_a_terminal() {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let places = Places {
            http: at(10_001),
            https: at(10_002),
            admin: at(10_003),
            origin: at(10_004),
            tracker: at(10_005),
            certificate: Path::new("cert.pem"),
            key: Path::new("key.pem"),
            state_dir: Path::new("state"),
        };
        let guide = guide(&places);
        for port in 10_001..=10_005 {
            assert!(guide.contains(&port.to_string()), "{port}");
        }
        assert!(!guide.contains("{{"));
        assert!(guide.lines().all(|line| line.chars().count() <= 100));
    }
}
