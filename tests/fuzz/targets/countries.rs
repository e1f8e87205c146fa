//! A database of countries. Input: the file.

use kelisim::{
    consent::Country,
    geo::Database,
    visitor::{ClientAddress, TruncatedAddress},
};

use super::{Target, country_reading};

pub const TARGET: Target = Target { name: "countries", run, words: WORDS, runs: 3000 };

const WORDS: &[&str] = &[
    "\u{ab}\u{cd}\u{ef}MaxMind.com",
    "country",
    "iso_code",
    "country_code",
    "KZ",
    "node_count",
    "record_size",
    "ip_version",
    "database_type",
    "binary_format_major_version",
    "\u{0}\u{0}\u{0}",
    "\u{1}",
    "B",
    "C",
    "D",
];

const ADDRESSES: [&str; 8] =
    ["0.0.0.0", "203.0.113.77", "203.0.114.200", "255.255.255.255", "::", "2001:db8::1", "2001:db8:5::1", "ffff::"];

fn run(input: &[u8]) {
    let Ok(database) = Database::read(input.to_vec()) else { return };
    let kind = database.kind();
    assert!(kind.chars().count() <= 64 && !kind.contains(char::is_control));
    let _ = database.built().to_string();
    for address in ADDRESSES {
        let address: TruncatedAddress = ClientAddress::new(address.parse().unwrap()).truncate();
        let answer = database.answer(address);
        assert_eq!(answer.country, database.country(address), "both answers are one");
        let read = country_reading::country(input, address.network()).and_then(|code| std::str::from_utf8(code).ok());
        assert_eq!(answer.country, read.and_then(Country::parse), "a second reading finds the same");
        assert!(answer.prefix <= 128 && !answer.network.is_empty());
        if let Some(country) = answer.country {
            assert!(country.as_str().len() == 2 && country.as_str().bytes().all(|byte| byte.is_ascii_uppercase()));
        }
    }
}
