//! The files of a bundle, in a ZIP or in a folder. Nothing is trusted: names stay inside, sizes are bounded, links are not followed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};
use zip::ZipArchive;

/// How many folders may lie in one another: tiles of the largest log have five.
const DEEPEST: usize = 12;

/// How many times its own length a ZIP file may unpack into: records deflate to an eighth …
const MOST_GROWTH: u64 = 100;

/// … and so many bytes more, for what is small anyway.
const FREE_GROWTH: u64 = 64 << 20;

/// Largest file, in bytes: 10,000 records at their longest.
pub(super) const LARGEST_FILE: u64 = 1 << 30;

/// Length and hash of a file.
pub(super) type Sum = (u64, [u8; 32]);

/// An opened bundle.
pub(super) struct Source {
    place: Place,
    names: BTreeSet<String>,
    /// Files that were read to their end.
    sums: BTreeMap<String, Sum>,
    /// Names that lead outside, and what is no file.
    stray: Vec<String>,
}

enum Place {
    Zip(Box<ZipArchive<BufReader<File>>>),
    Folder(PathBuf),
}

/// What lies at a path.
pub(super) enum Opened {
    Bundle(Source),
    /// Neither a folder nor a ZIP file.
    NoBundle,
    /// A ZIP file with two files of one name, or one that says that it unpacks into more than a bundle can.
    Hostile,
}

/// A file that can't be read, or is longer than it may be.
#[derive(Debug)]
pub(super) struct Unreadable;

impl Source {
    /// Opens what lies at a path.
    pub(super) fn open(path: &Path) -> io::Result<Opened> {
        if fs::metadata(path)?.is_dir() {
            let mut source = Self::new(Place::Folder(path.to_owned()));
            source.list(path, "", 0)?;
            return Ok(Opened::Bundle(source));
        }
        let file = File::open(path)?;
        let most = file.metadata()?.len().saturating_mul(MOST_GROWTH).saturating_add(FREE_GROWTH);
        let Ok(mut archive) = ZipArchive::new(BufReader::new(file)) else { return Ok(Opened::NoBundle) };
        let names: Option<BTreeSet<String>> = archive.file_names().map(|name| Some(name.ok()?.into_owned())).collect();
        let Some(names) = names else { return Ok(Opened::Hostile) };
        let twice = archive.has_duplicate_names() || names.len() < archive.len();
        if twice || declared(&mut archive) > most {
            return Ok(Opened::Hostile);
        }
        let mut source = Self::new(Place::Zip(Box::new(archive)));
        for name in names.into_iter().filter(|name| !name.ends_with('/')) {
            source.found(name);
        }
        Ok(Opened::Bundle(source))
    }

    const fn new(place: Place) -> Self {
        Self { place, names: BTreeSet::new(), sums: BTreeMap::new(), stray: Vec::new() }
    }

    /// The names of all files, in order.
    pub(super) const fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// The names that were left out.
    pub(super) fn stray(&self) -> &[String] {
        &self.stray
    }

    /// Length and hash of a file that was read.
    pub(super) fn sum(&self, name: &str) -> Option<Sum> {
        self.sums.get(name).copied()
    }

    /// Reads a file of at most `longest` bytes.
    pub(super) fn read(&mut self, name: &str, longest: u64) -> Result<Vec<u8>, Unreadable> {
        let mut bytes = Vec::new();
        self.pass(name, longest, |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }

    /// Reads a file and gives it away piece by piece.
    pub(super) fn pass(&mut self, name: &str, longest: u64, mut take: impl FnMut(&[u8])) -> Result<(), Unreadable> {
        let (mut opened, longest): (Box<dyn Read + '_>, u64) = match &mut self.place {
            Place::Zip(archive) => {
                let file = archive.by_name(name).map_err(|_| Unreadable)?;
                // What the directory says was added up before; a file that gives more is a lie.
                let declared = file.size();
                (Box::new(file), longest.min(declared))
            }
            Place::Folder(root) => (Box::new(File::open(root.join(name)).map_err(|_| Unreadable)?), longest),
        };
        let (mut context, mut length) = (Context::new(&SHA256), 0_u64);
        let mut piece = vec![0; 64 * 1024];
        loop {
            let count = opened.read(&mut piece).map_err(|_| Unreadable)?;
            if count == 0 {
                break;
            }
            length += count as u64;
            if length > longest {
                return Err(Unreadable);
            }
            context.update(&piece[..count]);
            take(&piece[..count]);
        }
        drop(opened);
        let hash = context.finish().as_ref().try_into().expect("SHA-256 gives 32 bytes");
        self.sums.insert(name.to_owned(), (length, hash));
        Ok(())
    }

    fn list(&mut self, folder: &Path, prefix: &str, depth: usize) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type()?;
            if kind.is_dir() && depth < DEEPEST {
                self.list(&entry.path(), &format!("{name}/"), depth + 1)?;
            } else if kind.is_file() {
                self.found(name);
            } else {
                self.stray.push(name);
            }
        }
        Ok(())
    }

    fn found(&mut self, name: String) {
        let inside = |part: &str| !part.is_empty() && part != "." && part != "..";
        let plain = name.split('/').all(inside) && !name.contains(['\\', '\0']);
        if plain { _ = self.names.insert(name) } else { self.stray.push(name) }
    }
}

/// How many bytes all files have together when they are unpacked, as the directory says. What can't be found is never unpacked.
fn declared(archive: &mut ZipArchive<BufReader<File>>) -> u64 {
    let count = archive.len();
    let mut length = |place| archive.by_index_raw(place).map_or(0, |file| file.size());
    (0..count).fold(0, |sum: u64, place| sum.saturating_add(length(place)))
}
