//! A visitor's receipt. Input: the file.

use kelisim::ledger::{
    KeyKind, SigningKey,
    audit::{audit_receipt, is_receipt},
};

use super::{Target, log::log};

pub const TARGET: Target = Target { name: "receipt", run, words: WORDS, runs: 1500 };

const WORDS: &[&str] = &[
    "c2sp.org/tlog-proof@v1\n",
    "extra ",
    "index ",
    "\n",
    "\n\n",
    "\u{2014} ",
    "shop.example/_kelisim/log",
    "witness.example",
    "0",
    "13",
    "18446744073709551615",
    "=",
    "+",
    "/",
    "AAAA",
    "kelisim-",
];

fn run(input: &[u8]) {
    let log = log();
    let (key, witness) = (log.key.verifier(), log.witness.verifier());
    let report = audit_receipt("receipt", input, key.clone(), std::slice::from_ref(witness));
    if let Some(record) = &report.record {
        let index = report.index.unwrap().0;
        let written = log.records.iter().find(|(leaf, ..)| *leaf == index);
        let (_, _, written) = written.unwrap_or_else(|| panic!("leaf {index} is no record"));
        assert_eq!(**record, **written, "nobody wrote another record there");
    }
    if let Some(leaf) = &report.leaf {
        assert_eq!(**leaf, *log.leaves[usize::try_from(report.index.unwrap().0).unwrap()]);
    }
    if report.intact() {
        assert!(is_receipt(input) && report.size <= log.size() && *report.origin == *log.key.verifier().name());
    }
    // By another key nothing is true.
    let other = SigningKey::from_seed(key.name(), KeyKind::Log, &[9; 32]).unwrap();
    let report = audit_receipt("receipt", input, other.verifier().clone(), &[]);
    assert!(!report.intact() && report.record.is_none());

    // The same receipt with one character changed says the record that was written, or nothing.
    let [place, other_place, bit, ..] = *input else { return };
    let record = &log.records[usize::from(place) % log.records.len()];
    let mut receipt = log.receipt(record).into_bytes();
    let whole = audit_receipt("receipt", &receipt, key.clone(), std::slice::from_ref(witness));
    assert_eq!((whole.problems, whole.record.as_deref()), (vec![], Some(&record.2[..])));
    let at = usize::from(u16::from_be_bytes([place, other_place])) % receipt.len();
    receipt[at] ^= 1 << (bit % 8);
    let changed = audit_receipt("receipt", &receipt, key.clone(), std::slice::from_ref(witness));
    assert!(changed.record.is_none_or(|told| *told == *record.2));
}
