//! Everything of the log that comes as a text of its own: leaves, records, notes, keys, proofs, paths of tiles, and what a witness is asked.
//! Input: such a text. What is read is written again as it was.

use kelisim::ledger::{
    AddCheckpoint, Checkpoint, Entry, Note, Proof, Refusal, SignatureLine, Submission, TilePath, VerifierKey,
    bundle_entry, canonical, entries_of_bundle, outline, parse,
};

use super::{Target, log::log};

pub const TARGET: Target = Target { name: "ledger_texts", run, words: WORDS, runs: 4000 };

const WORDS: &[&str] = &[
    "kelisim-start-leaf/v1\n",
    "kelisim-notice-leaf/v1\n",
    "kelisim-erasure-leaf/v1\n",
    "kelisim-retention-leaf/v1\n",
    "kelisim-policy-leaf/v1\n",
    "kelisim-configuration-leaf/v1\n",
    "kelisim-service-leaf/v1\n",
    "kelisim-access-leaf/v1\n",
    "kelisim-enforcement-leaf/v1\n",
    "kelisim-key-leaf/v1\n",
    "\"index\":",
    "\"day\":\"2026-11-22\"",
    "\"ranges\":[[1,2]]",
    "old 7\n",
    "\n\n",
    "\u{2014} ",
    "c2sp.org/tlog-proof@v1\n",
    "extra ",
    "index ",
    "tile/",
    "entries/",
    "x001/",
    ".p/",
    "256",
    "000",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "18446744073709551615",
    "+",
    "\\u0041",
    " ",
];

fn run(input: &[u8]) {
    if let Some(entry) = Entry::parse(input) {
        assert_eq!(entry.leaf_data(), input, "a leaf has one spelling");
    }
    if let Ok(event) = parse(input) {
        assert_eq!(canonical(&event), input, "a record has one spelling");
        let outline = outline(input).expect("a record that is read has an outline");
        assert_eq!((outline.consent_id, outline.time, outline.ends), (event.consent_id, event.time, event.ends));
    }
    if let Some(entries) = entries_of_bundle(input) {
        let mut again = Vec::new();
        entries.iter().for_each(|entry| bundle_entry(&mut again, entry));
        assert_eq!(again, input);
    }
    ask_a_witness(input);
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Some(note) = Note::parse(text) {
        assert_eq!(note.to_string(), text, "a note has one spelling");
        assert!(note.signatures().len() <= 64);
    }
    // What a witness answers is such lines.
    for line in text.lines() {
        if let Some(signature) = SignatureLine::parse(line) {
            assert_eq!(signature.to_string(), line, "a signature has one spelling");
        }
    }
    if let Some(checkpoint) = Checkpoint::parse(text) {
        assert!(text.starts_with(&checkpoint.text()));
    }
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(VerifierKey::parse(&key.to_string()), Ok(key.clone()));
        assert_eq!(key.to_string(), text.trim());
    }
    if let Some(proof) = Proof::parse(text) {
        assert_eq!(proof.to_string(), text, "a proof has one spelling");
    }
    if let Some(path) = TilePath::parse(text) {
        assert_eq!(path.path(), text, "a tile has one path");
    }
}

/// A witness signs what the log signed and what goes on from what it saw last, and nothing else.
fn ask_a_witness(body: &[u8]) {
    let log = log();
    if let Some(request) = AddCheckpoint::parse(body) {
        assert_eq!(request.to_string().as_bytes(), body, "a request has one spelling");
    }
    match Submission::open(body, |origin| (origin == log.key.verifier().name()).then_some(log.key.verifier())) {
        Err(refusal) => assert!(matches!(refusal, Refusal::Malformed | Refusal::UnknownLog | Refusal::Unsigned)),
        Ok(submission) => {
            let signed = submission.signed().checkpoint();
            // The log signed two.
            assert!([7, log.size()].contains(&signed.size));
            for newest in [None, Some(7), Some(log.size())] {
                let text = newest.map(|size| log.checkpoint_of(size));
                let newest = text.map(|text| Checkpoint::parse(Note::parse(&text).unwrap().text()).unwrap());
                if submission.decide(newest.as_ref()).is_ok() {
                    assert!(newest.is_none_or(|newest| newest.size <= signed.size));
                }
            }
        }
    }
}
