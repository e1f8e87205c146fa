//! A bundle of the consent log, checked as `log verify` checks it. Input: which of its files is changed, and the file in its place; what is
//! not the file that was written must be found.

use std::sync::OnceLock;

use kelisim::ledger::{
    EntryBundle, Tile, VerifierKey,
    audit::{Auditor, Held, Report, Trust},
    bundle_entry,
};

use super::{
    Target,
    log::{Log, NOTICE, log},
};

pub const TARGET: Target = Target { name: "log_bundle", run, words: WORDS, runs: 1500 };

const WORDS: &[&str] = &[
    "kelisim-consent-leaf/v1\n",
    "kelisim-start-leaf/v1\n",
    "kelisim-erasure-leaf/v1\n",
    "kelisim-retention-leaf/v1\n",
    "{\"index\":",
    ",\"salt\":\"",
    "\",\"record\":",
    "}\n",
    "\n",
    "\n\n",
    "\u{2014} ",
    "shop.example/_kelisim/log",
    "witness.example",
    " ",
    "0",
    "1",
    "14",
    "18446744073709551615",
    "4294967296",
    "{",
    "}",
    "\"",
    "\\u0000",
    ",",
    ":",
    "null",
    "\u{0}",
];

/// The files that can be changed.
#[derive(Clone)]
pub struct Files {
    checkpoint: Vec<u8>,
    earlier: Vec<u8>,
    consistency: Vec<u8>,
    entries: Vec<u8>,
    tile: Vec<u8>,
    notice: Vec<u8>,
    records: Vec<u8>,
}

impl Files {
    const COUNT: usize = 7;

    pub fn new() -> Self {
        let log = log();
        let mut entries = Vec::new();
        log.leaves.iter().for_each(|leaf| bundle_entry(&mut entries, leaf));
        Self {
            checkpoint: log.checkpoint.clone().into(),
            earlier: log.checkpoint_of(EARLIER).into(),
            consistency: log.consistency(EARLIER).iter().map(|hash| format!("{hash}\n")).collect::<String>().into(),
            entries,
            tile: log.tile(),
            notice: NOTICE.into(),
            records: log.records.iter().flat_map(|(index, salt, record)| Log::line(*index, salt, record)).collect(),
        }
    }

    pub fn file(&mut self, number: usize) -> &mut Vec<u8> {
        [
            &mut self.checkpoint,
            &mut self.earlier,
            &mut self.consistency,
            &mut self.entries,
            &mut self.tile,
            &mut self.notice,
            &mut self.records,
        ]
        .into_iter()
        .nth(number)
        .unwrap()
    }
}

/// The size of the earlier checkpoint.
const EARLIER: u64 = 7;

/// The files as they were written, made once.
fn files() -> &'static Files {
    static FILES: OnceLock<Files> = OnceLock::new();
    FILES.get_or_init(|| {
        let files = Files::new();
        assert_eq!(audit(&files).problems, [], "the log as it was written is intact");
        files
    })
}

fn run(input: &[u8]) {
    let Some((number, content)) = input.split_first() else { return };
    let number = usize::from(*number) % Files::COUNT;
    let mut files = files().clone();
    let mut contents = vec![content.to_vec()];
    // A change of one byte of the true file, at a place that the input names.
    if let [place, other_place, bit, ..] = *content {
        let mut flipped = files.file(number).clone();
        let at = usize::from(u16::from_be_bytes([place, other_place])) % flipped.len();
        flipped[at] ^= 1 << (bit % 8);
        contents.push(flipped);
    }
    for content in contents {
        let before = std::mem::replace(files.file(number), content);
        let report = audit(&files);
        let changed = std::mem::replace(files.file(number), before.clone());
        if report.intact() {
            assert!(
                is_harmless(number, &before, &changed),
                "file {number} is not what was written: {}",
                changed.escape_ascii()
            );
            assert_eq!((report.size, report.records.unwrap().kept), (log().size(), log().records.len() as u64));
        }
        for problem in &report.problems {
            assert!(!problem.to_string().contains(['\n', '\u{1b}']), "{problem}");
        }
    }
}

/// What may differ without making anything false: signatures of keys that nobody asked for, those of the witness, and under the earlier
/// checkpoint's proof nothing at all. What is signed and what the leaves commit to may not.
fn is_harmless(number: usize, before: &[u8], changed: &[u8]) -> bool {
    let text =
        |note: &[u8]| std::str::from_utf8(note).ok().and_then(|note| Some(note.rsplit_once("\n\n")?.0.to_owned()));
    before == changed || (number < 2 && text(before) == text(changed)) || number == 2
}

fn audit(files: &Files) -> Report {
    let log = log();
    let key: VerifierKey = log.key.verifier().clone();
    let witnesses = vec![(log.witness.verifier().clone(), true)];
    let mut auditor = Auditor::new(Trust { key, key_given: true, own_name: None, witnesses });
    let text = |file: &[u8]| String::from_utf8_lossy(file).into_owned();
    let size = auditor.checkpoint("checkpoint", &text(&files.checkpoint), Held::Newest);
    auditor.checkpoint("checkpoints/7", &text(&files.earlier), Held::Kept);
    auditor.consistency("consistency", EARLIER, log.size(), &text(&files.consistency));
    // No more leaves are looked for than the one file can hold, as in a walk through a bundle.
    let Some(size) = size.filter(|size| *size <= 256) else { return refused(auditor) };
    let Some(bundle) = EntryBundle::in_tree(0, size) else { return refused(auditor) };
    auditor.entries(bundle, &files.entries);
    if auditor.complete() {
        auditor.compare();
        Tile::all(size).for_each(|tile| auditor.tile(tile, &files.tile));
        auditor.begin_records(0, size);
        let name = log.notice_file();
        auditor.text(&name, Some(&files.notice));
        for line in files.records.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(line) => auditor.record_line("records", line),
                None => auditor.record_line("records", b"a line without an end"),
            }
        }
    }
    auditor.finish()
}

/// A size that no file can hold is a problem of the checkpoint; here it is told by the same means.
fn refused(mut auditor: Auditor) -> Report {
    auditor
        .problem(kelisim::ledger::audit::Problem::in_file(kelisim::ledger::audit::ProblemKind::Format, "checkpoint"));
    auditor.finish()
}
