//! What we sign and hand to browsers: the record of a choice, the mark that a banner was shown, the leave for a frame.
//! Input: what a record holds, then how its value is changed; all of it is also tried as a value that somebody made up.

use kelisim::{
    consent::{Binding, CategorySet, ConsentId, EditionId, FrameGrant, FrameName, Record, RecordKeys, ShownMark},
    ledger::LeafIndex,
    timestamp::Timestamp,
};

use super::Target;

pub const TARGET: Target = Target { name: "record", run, words: WORDS, runs: 4000 };

const WORDS: &[&str] = &["2026-11", "~", "-", "_", "=", "AQ", "\u{1}", "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}"];

const BINDING: Binding<'static> =
    Binding { cookie_name: "__Host-kelisim", site: "shop.example", log_origin: "shop.example/_kelisim/log" };
const PAGE: &str = "/contact?x=1";

fn keys() -> RecordKeys {
    RecordKeys::new(&[[7; 32], [8; 32]]).unwrap()
}

fn run(input: &[u8]) {
    made_up(input);
    let Some((id, rest)) = input.split_first_chunk::<16>() else { return };
    let Some((numbers, rest)) = rest.split_first_chunk::<19>() else { return };
    let [offered, allowed, with_leaf, numbers @ ..] = *numbers;
    let (time, leaf) =
        (i64::from_le_bytes(numbers[..8].try_into().unwrap()), u64::from_le_bytes(numbers[8..].try_into().unwrap()));
    let (name, changes) = rest.split_at(rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()));
    let Some(edition) = std::str::from_utf8(name).ok().and_then(EditionId::parse) else { return };
    let time = Timestamp::from_seconds(time);
    let record = Record {
        consent_id: ConsentId::from_bytes(*id),
        offered: CategorySet::from_bits(offered & CategorySet::MOST_BITS).unwrap(),
        allowed: CategorySet::from_bits(allowed & CategorySet::MOST_BITS).unwrap(),
        time,
        leaf: (with_leaf & 1 == 1 && leaf != u64::MAX).then_some(LeafIndex(leaf)),
        edition: edition.clone(),
    };
    let value = record.sign(&keys(), &BINDING);
    assert!(value.len() <= Record::LONGEST_VALUE && value.bytes().all(is_of_cookie));
    let read = |value: &[u8], binding: &Binding<'_>| Record::verify(value, &keys(), binding);
    let is_consistent = record.offered.includes(record.allowed) && (record.allowed.is_empty() || record.leaf.is_some());
    assert_eq!(read(value.as_bytes(), &BINDING), is_consistent.then(|| record.clone()));
    for other in [
        Binding { cookie_name: "__Secure-kelisim", ..BINDING },
        Binding { site: "shop.exampl", log_origin: "eshop.example/_kelisim/log", ..BINDING },
        Binding { log_origin: "", ..BINDING },
    ] {
        assert_eq!(read(value.as_bytes(), &other), None);
    }
    assert_eq!(Record::verify(value.as_bytes(), &RecordKeys::new(&[[9; 32]]).unwrap(), &BINDING), None);
    for changed in changed(&value, changes) {
        assert_eq!(read(&changed, &BINDING), None, "{}", changed.escape_ascii());
    }
    mark(edition, time, changes);
    grant(name, leaf, time, changes);
}

fn mark(edition: EditionId, time: Timestamp, changes: &[u8]) {
    let mark = ShownMark { edition, time };
    let value = mark.sign(&keys(), &BINDING);
    let read = |value: &[u8], now| ShownMark::verify(value, &keys(), &BINDING, now);
    let fits = u32::try_from(time.seconds()).is_ok();
    // A mark counts in whole seconds.
    let whole = ShownMark { time: Timestamp::from_seconds(time.seconds()), ..mark };
    assert_eq!(read(value.as_bytes(), time), fits.then_some(whole));
    if fits {
        let over = Timestamp::from_seconds(time.seconds() + ShownMark::VALID_FOR_SECONDS + 1);
        assert_eq!(read(value.as_bytes(), over), None);
    }
    for changed in changed(&value, changes) {
        assert_eq!(read(&changed, time), None, "{}", changed.escape_ascii());
    }
}

fn grant(name: &[u8], port: u64, time: Timestamp, changes: &[u8]) {
    let host = format!("{}.example", String::from_utf8_lossy(name).to_lowercase());
    let frame = FrameName::of(&host);
    assert_eq!(FrameName::parse(&frame.to_string()), Some(frame));
    let grant = FrameGrant { host: host.into(), port: u16::try_from(port).ok(), page: PAGE.into(), frame, time };
    let value = grant.sign(&keys(), &BINDING);
    let read = |value: &[u8], page: &str| FrameGrant::verify(value, &keys(), &BINDING, page, time);
    let whole = FrameGrant { time: Timestamp::from_seconds(time.seconds()), ..grant };
    assert_eq!(read(value.as_bytes(), PAGE), u32::try_from(time.seconds()).is_ok().then_some(whole));
    assert_eq!(read(value.as_bytes(), "/"), None);
    for changed in changed(&value, changes) {
        assert_eq!(read(&changed, PAGE), None, "{}", changed.escape_ascii());
    }
}

/// The value with one byte changed as the input says, with it cut there, and with something after it.
fn changed(value: &str, changes: &[u8]) -> Vec<Vec<u8>> {
    let [place, bit, ..] = *changes else { return Vec::new() };
    let at = usize::from(place) % value.len();
    let mut flipped = value.as_bytes().to_vec();
    flipped[at] ^= 1 << (bit % 8);
    let mut longer = value.as_bytes().to_vec();
    longer.extend_from_slice(&changes[1..]);
    vec![flipped, value.as_bytes()[..at].to_vec(), longer]
}

/// What nobody signed is nothing, whatever it looks like.
fn made_up(input: &[u8]) {
    assert_eq!(Record::verify(input, &keys(), &BINDING), None);
    let now = Timestamp::from_seconds(1_790_000_000);
    assert_eq!(ShownMark::verify(input, &keys(), &BINDING, now), None);
    assert_eq!(FrameGrant::verify(input, &keys(), &BINDING, PAGE, now), None);
}

fn is_of_cookie(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}
