//! The marks of the visitor, and the search for them.

use percent_encoding::percent_decode;

/// The visitor's address: of a network for documentation (RFC 5737).
pub(super) const ADDRESS: &str = "203.0.113.77";

/// The visitor's user agent, with a device and versions that nobody has.
pub(super) const AGENT: &str = "Mozilla/5.0 (Linux; Android 15; CanaryPhone-31415 Build/CNRY) AppleWebKit/537.36 (KHTML, like Gecko) \
                                Chrome/156.0.31415.926 Mobile Safari/537.36";

/// A value of cookies, of which none may be learnt.
pub(super) const COOKIE: &str = "canarycookie";

/// An e-mail address of nobody.
pub(super) const MAIL: &str = "canary.person@mail.example";

/// A name of an account, a token, an id of a click, a word of a query.
pub(super) const ACCOUNT: &str = "canaryaccount";
pub(super) const TOKEN: &str = "canarytoken";
pub(super) const CLICK: &str = "canaryclick";
pub(super) const QUERY: &str = "canaryquery";

/// Each mark by its name, and the words by which it is found.
const MARKS: [(&str, &[&str]); 7] = [
    ("address", &[ADDRESS]),
    ("user agent", &["canaryphone", "31415"]),
    ("cookie", &[COOKIE]),
    ("e-mail address", &["canary.person"]),
    ("account", &[ACCOUNT]),
    ("token of the visitor's", &[TOKEN]),
    ("query or id of a click", &[CLICK, QUERY]),
];

/// What is known as the record by which the gateway knows its visitor.
const RECORD: &str = "Kelisim's own cookie";

/// Which marks are in what left, as it stands and decoded, without regard to case. `cookies` are the values of the gateway's own.
pub(super) fn found<'a>(sent: &[u8], cookies: impl Iterator<Item = &'a str>) -> Vec<&'static str> {
    let mut readings = vec![sent.to_vec()];
    for decoded in 0..2 {
        readings.push(percent_decode(&readings[decoded]).collect());
    }
    let readings: Vec<_> = readings.iter().map(|bytes| String::from_utf8_lossy(bytes).to_ascii_lowercase()).collect();
    let holds = |word: &str| readings.iter().any(|text| text.contains(&word.to_ascii_lowercase()));
    let marks = MARKS.iter().filter(|(_, words)| words.iter().any(|word| holds(word))).map(|(name, _)| *name);
    let mut found: Vec<_> = marks.collect();
    if cookies.into_iter().any(holds) {
        found.push(RECORD);
    }
    found
}
