//! The bundle: one ZIP file with all that a stranger needs to check the log, offline, and to read it.
//!
//! Pure: it is given what stands in the log and an output. The layout, and what each file is, is told to a person by the page in it
//! ([`page`]); a program finds a file by its name, and `manifest.json`, the last one, lists all others with their SHA-256. Tiles are
//! stored as they are, since hashes can't be made shorter; texts are deflated. Everything is written as it comes: what stays in
//! memory is one line of the manifest for each file.

mod notices;
mod page;
mod records;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use aws_lc_rs::digest::{Context, SHA256};
use serde::Serialize;
use serde_json::json;
use zip::{
    CompressionMethod, DateTime, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

pub use self::{
    notices::ShownNotice,
    page::BundlePage,
    records::{MOST_SHOWN, ShownRecord},
};
use super::{EntryBundle, LeafIndex, NoticeId, Salt, Tile, TreeHash, VerifierKey, bundle_entry, hex::hex};
use crate::timestamp::Timestamp;

/// The name of the layout.
pub const BUNDLE_FORMAT: &str = "kelisim-bundle/v1";

/// How many records stand in one file: some megabytes, so that a reader of one file needs no more memory.
const RECORDS_IN_FILE: u32 = 10_000;

/// What the manifest says beside the list of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleManifest {
    /// Name and version of the program that wrote it.
    pub program: String,
    /// When it was written.
    pub created: Timestamp,
    /// The log's name.
    pub origin: String,
    /// How many leaves its newest checkpoint covers.
    pub size: u64,
    /// The period that was asked for, from this moment, or from the log's beginning …
    pub from: Option<Timestamp>,
    /// … up to this one, or to the log's end.
    pub to: Option<Timestamp>,
    /// The first leaf whose record the bundle claims to hold, and the first one after the last.
    pub leaves: (u64, u64),
}

/// Writes a bundle. Files come in any order; the manifest is written by [`BundleWriter::finish`].
pub struct BundleWriter<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
    modified: DateTime,
    files: BTreeMap<String, FileFacts>,
    open: Option<OpenFile>,
    records_in_file: u32,
}

#[derive(Serialize)]
struct FileFacts {
    bytes: u64,
    sha256: String,
}

struct OpenFile {
    path: String,
    bytes: u64,
    hash: Context,
}

impl<W: Write> BundleWriter<W> {
    /// Begins a bundle.
    pub fn new(output: W, created: Timestamp) -> Self {
        Self {
            zip: ZipWriter::new_stream(output),
            modified: zip_time(created),
            files: BTreeMap::new(),
            open: None,
            records_in_file: 0,
        }
    }

    /// The log's key, and those of its witnesses.
    ///
    /// # Errors
    ///
    /// What the output says; so for all that follow.
    pub fn keys(&mut self, log: &VerifierKey, witnesses: &[VerifierKey]) -> io::Result<()> {
        self.text("key", &format!("{log}\n"))?;
        self.text("witnesses", &witnesses.iter().map(|key| format!("{key}\n")).collect::<String>())
    }

    /// The signed note of the newest checkpoint.
    pub fn newest_checkpoint(&mut self, note: &str) -> io::Result<()> {
        self.text("checkpoint", note)
    }

    /// The signed note of another one.
    pub fn checkpoint(&mut self, size: u64, note: &str) -> io::Result<()> {
        self.text(&format!("checkpoints/{size:012}"), note)
    }

    /// The proof that the tree of `old` leaves is the beginning of the one of `new`.
    pub fn consistency(&mut self, old: u64, new: u64, proof: &[TreeHash]) -> io::Result<()> {
        let lines: String = proof.iter().map(|hash| format!("{hash}\n")).collect();
        self.text(&format!("consistency/{old:012}-{new:012}"), &lines)
    }

    /// The hashes of a tile.
    pub fn tile(&mut self, tile: Tile, hashes: &[TreeHash]) -> io::Result<()> {
        self.file(tile.path(), CompressionMethod::Stored, &Tile::bytes(hashes))
    }

    /// The leaves beside a tile of level 0.
    pub fn entries(&mut self, bundle: EntryBundle, leaf_data: &[Vec<u8>]) -> io::Result<()> {
        let mut bytes = Vec::new();
        leaf_data.iter().for_each(|data| bundle_entry(&mut bytes, data));
        self.file(bundle.path(), CompressionMethod::Stored, &bytes)
    }

    /// A record, with its salt, as it was kept. Records come in ascending order.
    pub fn record(&mut self, index: LeafIndex, salt: &Salt, record: &[u8]) -> io::Result<()> {
        if self.records_in_file == 0 || self.records_in_file == RECORDS_IN_FILE {
            self.begin(format!("records/{:012}.jsonl", index.0), CompressionMethod::Deflated)?;
            self.records_in_file = 0;
        }
        self.records_in_file += 1;
        self.write(format!(r#"{{"index":{},"salt":"{}","record":"#, index.0, hex(&salt.0)).as_bytes())?;
        self.write(record)?;
        self.write(b"}\n")
    }

    /// The document of a notice, as it was kept.
    pub fn notice(&mut self, id: NoticeId, document: &str) -> io::Result<()> {
        self.text(&format!("notices/{id}.json"), document)
    }

    /// A text of the policy, as it was kept, by the hash that notices name.
    pub fn policy(&mut self, sha256: &[u8; 32], text: &str) -> io::Result<()> {
        self.text(&format!("policies/{}.txt", hex(sha256)), text)
    }

    /// The page for a person.
    pub fn page(&mut self, page: &BundlePage) -> io::Result<()> {
        self.text("index.html", &page.html())
    }

    /// Writes the manifest and ends the file.
    pub fn finish(mut self, manifest: &BundleManifest) -> io::Result<W> {
        self.end();
        let moment = |bound: Option<Timestamp>| bound.map(|moment| moment.to_string());
        let text = json!({
            "format": BUNDLE_FORMAT, "program": manifest.program, "created": manifest.created.to_string(),
            "origin": manifest.origin, "size": manifest.size,
            "period": { "from": moment(manifest.from), "to": moment(manifest.to) },
            "leaves": { "first": manifest.leaves.0, "after": manifest.leaves.1 },
            "files": self.files,
        });
        self.zip.start_file("manifest.json", self.options(CompressionMethod::Deflated))?;
        serde_json::to_writer(&mut self.zip, &text)?;
        self.zip.write_all(b"\n")?;
        let mut output = self.zip.finish()?.into_inner();
        output.flush()?;
        Ok(output)
    }

    fn text(&mut self, path: &str, text: &str) -> io::Result<()> {
        self.file(path.to_owned(), CompressionMethod::Deflated, text.as_bytes())
    }

    fn file(&mut self, path: String, method: CompressionMethod, bytes: &[u8]) -> io::Result<()> {
        self.begin(path, method)?;
        self.write(bytes)?;
        self.end();
        Ok(())
    }

    fn begin(&mut self, path: String, method: CompressionMethod) -> io::Result<()> {
        self.end();
        self.zip.start_file(path.as_str(), self.options(method))?;
        self.open = Some(OpenFile { path, bytes: 0, hash: Context::new(&SHA256) });
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let open = self.open.as_mut().expect("a file is begun before it is written");
        open.bytes += bytes.len() as u64;
        open.hash.update(bytes);
        self.zip.write_all(bytes)
    }

    fn end(&mut self) {
        self.records_in_file = 0;
        if let Some(OpenFile { path, bytes, hash }) = self.open.take() {
            self.files.insert(path, FileFacts { bytes, sha256: hex(hash.finish().as_ref()) });
        }
    }

    fn options(&self, method: CompressionMethod) -> SimpleFileOptions {
        SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(self.modified)
            .unix_permissions(0o644)
    }
}

/// The moment as ZIP writes it, to two seconds and without a zone; what it can't write is its earliest one.
fn zip_time(moment: Timestamp) -> DateTime {
    let text = moment.to_string();
    let part = |from: usize, to: usize| text[from..to].parse::<u16>().unwrap_or_default();
    let byte = |from: usize, to: usize| u8::try_from(part(from, to)).unwrap_or_default();
    DateTime::from_date_and_time(part(0, 4), byte(5, 7), byte(8, 10), byte(11, 13), byte(14, 16), byte(17, 19))
        .unwrap_or_default()
}
