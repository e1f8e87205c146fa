//! The ZIP file of a bundle of the log, as `log verify` opens and checks it. Input: a byte for what is done, and with what.
//!
//! The file as it came; the true file with some of its bytes changed; the true files packed anew, one of them changed, added, left out or
//! under another name. Whoever could change what a bundle says without being found out had forged the log.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read as _, Write as _},
    sync::OnceLock,
};

use kelisim::{
    cli::verify::bundle_in_memory,
    ledger::{
        BundleManifest, BundleWriter, EntryBundle, LeafIndex, NoticeId, Tile, TreeHash, VerifierKey, audit::Report,
        document_hash, leaf_hash,
    },
    timestamp::Timestamp,
};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{
    Target,
    log::{NOTICE, ORIGIN, log},
};

pub const TARGET: Target = Target { name: "bundle_zip", run, words: WORDS, runs: 1000 };

const WORDS: &[&str] = &[
    "PK\u{1}\u{2}",
    "PK\u{3}\u{4}",
    "PK\u{5}\u{6}",
    "PK\u{6}\u{6}",
    "PK\u{6}\u{7}",
    "PK\u{7}\u{8}",
    "\u{1}\0",
    "\u{8}\0",
    "\u{14}\0",
    "\0\0\0\0",
    "manifest.json",
    "checkpoint",
    "key",
    "witnesses",
    "records/000000000002.jsonl",
    "tile/0/000",
    "index.html",
    "../",
    "/",
    "\"size\":",
    "\"sha256\":\"",
    "\"leaves\":{",
    "null",
    "2026-11-22T00:00:00.000Z",
];

/// The size of the earlier checkpoint in it.
const EARLIER: u64 = 7;

/// Most that a bundle of this length may be unpacked into.
const fn most(length: usize) -> usize {
    length * 100 + (64 << 20)
}

fn run(input: &[u8]) {
    let Some((what, rest)) = input.split_first() else { return };
    match what % 4 {
        0 => as_it_came(rest),
        1 => checked(flipped(rest)),
        2 => checked(packed(&changed(rest), CompressionMethod::Stored)),
        _ => checked(packed(&changed(rest), CompressionMethod::Deflated)),
    }
}

/// A file of anybody's: what it says is bounded and in words of ours.
fn as_it_came(zip: &[u8]) {
    let Some(report) = bundle_in_memory(zip.to_vec(), None) else { return };
    for problem in &report.problems {
        assert!(!problem.to_string().contains(['\n', '\u{1b}']), "{problem}");
    }
    // Whatever another reader takes out of it fits.
    if report.intact() {
        let files = unpacked(zip).expect("what is intact can be unpacked");
        assert!(files.values().map(Vec::len).sum::<usize>() <= most(zip.len()));
        assert!(!files.contains_key("manifest.json") || report.period.is_some());
    }
}

/// A file made of the true one: where nothing is found wrong in it, it says what that says.
fn checked(zip: Vec<u8>) {
    let Some(report) = bundle_in_memory(zip.clone(), Some(key())) else { return };
    if !report.intact() {
        return;
    }
    let (files, whole) = (unpacked(&zip).expect("what is intact can be unpacked"), whole());
    // Without the manifest, and so without records and texts, it is a folder of tiles, which promises nothing of them.
    let Some(manifest) = files.get("manifest.json") else {
        assert_eq!((report.size, report.period, report.records), (log().size(), None, None));
        return;
    };
    for (name, bytes) in &files {
        let may_differ = name == "manifest.json" || is_signed_by_others(name) || name.ends_with('/');
        assert!(may_differ || whole.files.get(name) == Some(bytes), "{name} is not what was written");
    }
    assert_eq!(report.size, whole.report.size);
    assert_eq!(report.origin, whole.report.origin);
    // The period is what the manifest says, and for a narrower one fewer records are asked for: who reads the report reads it.
    if report.period == whole.report.period {
        let missing = whole.files.keys().find(|name| !files.contains_key(*name));
        assert!(
            missing.is_none_or(|name| !manifest_names(manifest, name)),
            "{missing:?} is left out, and nobody says so"
        );
    }
}

fn manifest_names(manifest: &[u8], name: &str) -> bool {
    memchr::memmem::find(manifest, format!("\"{name}\"").as_bytes()).is_some()
}

/// Keys and signatures of witnesses, which the log has not signed, and whatever the manifest may be made to list besides.
fn is_signed_by_others(name: &str) -> bool {
    !["key", "checkpoint"].contains(&name)
        && !["tile/", "records/", "notices/"].iter().any(|folder| name.starts_with(folder))
}

/// The true file with bytes changed at places that the input names.
fn flipped(input: &[u8]) -> Vec<u8> {
    let mut zip = whole().zip.clone();
    for change in input.chunks_exact(3).take(8) {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % zip.len();
        zip[at] ^= change[2];
    }
    zip
}

/// The true files with a change: which file, what is done with it, and its content or name.
fn changed(input: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = whole().files.clone().into_iter().collect();
    let [number, what, content @ ..] = input else { return files };
    let number = usize::from(*number) % files.len();
    match what % 5 {
        0 => files[number].1 = content.to_vec(),
        1 => {
            if let [place, other_place, length, piece @ ..] = content {
                let file = &mut files[number].1;
                let from = usize::from(u16::from_be_bytes([*place, *other_place])) % (file.len() + 1);
                let to = (from + usize::from(*length)).min(file.len());
                file.splice(from..to, piece.iter().copied());
            }
        }
        2 => {
            files.remove(number);
        }
        3 => files.push((String::from_utf8_lossy(content).into_owned(), files[number].1.clone())),
        _ => files[number].0 = String::from_utf8_lossy(content).into_owned(),
    }
    files
}

/// Files as one ZIP file; those that can't be written are left out.
fn packed(files: &[(String, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in files {
        if zip.start_file(name.as_str(), options).is_ok() {
            zip.write_all(bytes).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

fn unpacked(zip: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).ok()?;
    let mut files = BTreeMap::new();
    for place in 0..archive.len() {
        let mut file = archive.by_index(place).ok()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        assert!(files.insert(file.name().ok()?.into_owned(), bytes).is_none(), "no name stands twice");
    }
    Some(files)
}

fn key() -> VerifierKey {
    log().key.verifier().clone()
}

/// The true bundle.
struct Whole {
    zip: Vec<u8>,
    files: BTreeMap<String, Vec<u8>>,
    report: Report,
}

fn whole() -> &'static Whole {
    static WHOLE: OnceLock<Whole> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let zip = written();
        let report = bundle_in_memory(zip.clone(), Some(key())).unwrap();
        assert_eq!(report.problems, [], "the bundle as it was written is intact");
        assert_eq!(report.records.as_ref().map(|records| records.kept), Some(log().records.len() as u64));
        Whole { files: unpacked(&zip).unwrap(), zip, report }
    })
}

fn written() -> Vec<u8> {
    let log = log();
    let created = Timestamp::parse("2026-11-23").unwrap();
    let mut bundle = BundleWriter::new(Vec::new(), created);
    bundle.keys(&key(), &[log.witness.verifier().clone()]).unwrap();
    bundle.newest_checkpoint(&log.checkpoint).unwrap();
    bundle.checkpoint(EARLIER, &log.checkpoint_of(EARLIER)).unwrap();
    bundle.consistency(EARLIER, log.size(), &log.consistency(EARLIER)).unwrap();
    let hashes: Vec<_> = log.leaves.iter().map(|leaf| TreeHash::from(leaf_hash(leaf))).collect();
    Tile::all(log.size()).for_each(|tile| bundle.tile(tile, &hashes).unwrap());
    bundle.entries(EntryBundle::in_tree(0, log.size()).unwrap(), &log.leaves).unwrap();
    for (index, salt, record) in &log.records {
        bundle.record(LeafIndex(*index), salt, record).unwrap();
    }
    bundle.notice(NoticeId(document_hash(NOTICE)), NOTICE).unwrap();
    let manifest = BundleManifest {
        program: "kelisim".to_owned(),
        created,
        origin: ORIGIN.to_owned(),
        size: log.size(),
        from: None,
        to: None,
        leaves: (0, log.size()),
    };
    bundle.finish(&manifest).unwrap()
}
