//! The files of a bundle, in a ZIP or in a folder. Nothing is trusted: sizes are bounded, links are not followed, and what a ZIP file calls its
//! files is never a path on the disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, BufReader, Read, Seek},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{SHA256, digest};
use zip::ZipArchive;

/// How many times its own length a ZIP file may unpack into: records deflate to an eighth …
const MOST_GROWTH: u64 = 100;

/// … and so many bytes more, for what is small anyway.
const FREE_GROWTH: u64 = 64 << 20;

/// Largest file, in bytes: the manifest of a log of forty million leaves, several times any other.
pub(super) const LARGEST_FILE: u64 = 64 << 20;

/// An opened bundle.
pub(super) struct Source {
    place: Place,
    names: BTreeSet<String>,
    /// SHA-256 of the files that were read.
    sums: BTreeMap<String, [u8; 32]>,
}

enum Place {
    Zip(Box<ZipArchive<Box<dyn Zipped>>>),
    Folder(PathBuf),
}

/// The bytes of a ZIP file.
pub(super) trait Zipped: Read + Seek {}

impl<Bytes: Read + Seek> Zipped for Bytes {}

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
            source.list(path, "")?;
            return Ok(Opened::Bundle(source));
        }
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self::open_zip(Box::new(BufReader::new(file)), length))
    }

    /// Opens a ZIP file of so many bytes.
    pub(super) fn open_zip(file: Box<dyn Zipped>, length: u64) -> Opened {
        let most = length.saturating_mul(MOST_GROWTH).saturating_add(FREE_GROWTH);
        let Ok(mut archive) = ZipArchive::new(file) else { return Opened::NoBundle };
        let names: Option<BTreeSet<String>> = archive.file_names().map(|name| Some(name.ok()?.into_owned())).collect();
        let Some(names) = names else { return Opened::Hostile };
        let twice = archive.has_duplicate_names() || names.len() < archive.len();
        if twice || declared(&mut archive) > most {
            return Opened::Hostile;
        }
        let mut source = Self::new(Place::Zip(Box::new(archive)));
        source.names.extend(names.into_iter().filter(|name| !name.ends_with('/')));
        Opened::Bundle(source)
    }

    const fn new(place: Place) -> Self {
        Self { place, names: BTreeSet::new(), sums: BTreeMap::new() }
    }

    /// The names of all files, in order.
    pub(super) const fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// The hash of a file that was read.
    pub(super) fn sum(&self, name: &str) -> Option<&[u8; 32]> {
        self.sums.get(name)
    }

    /// Reads a file.
    pub(super) fn read(&mut self, name: &str) -> Result<Vec<u8>, Unreadable> {
        let mut bytes = Vec::new();
        match &mut self.place {
            Place::Zip(archive) => {
                let file = archive.by_name(name).map_err(|_| Unreadable)?;
                // What the directory says was added up before; a file that gives more is a lie.
                let longest = LARGEST_FILE.min(file.size());
                read_bounded(file, longest, &mut bytes)?;
            }
            Place::Folder(root) => {
                let file = File::open(root.join(name)).map_err(|_| Unreadable)?;
                read_bounded(file, LARGEST_FILE, &mut bytes)?;
            }
        }
        let hash = digest(&SHA256, &bytes).as_ref().try_into().expect("SHA-256 gives 32 bytes");
        self.sums.insert(name.to_owned(), hash);
        Ok(bytes)
    }

    /// Ordinary files; links and the like are none.
    fn list(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.list(&entry.path(), &format!("{name}/"))?;
            } else if kind.is_file() {
                self.names.insert(name);
            }
        }
        Ok(())
    }
}

fn read_bounded(file: impl Read, longest: u64, bytes: &mut Vec<u8>) -> Result<(), Unreadable> {
    file.take(longest + 1).read_to_end(bytes).map_err(|_| Unreadable)?;
    if bytes.len() as u64 > longest { Err(Unreadable) } else { Ok(()) }
}

/// How many bytes all files have together when they are unpacked, as the directory says. What can't be found is never unpacked.
fn declared(archive: &mut ZipArchive<Box<dyn Zipped>>) -> u64 {
    let count = archive.len();
    let mut length = |place| archive.by_index_raw(place).map_or(0, |file| file.size());
    (0..count).fold(0, |sum: u64, place| sum.saturating_add(length(place)))
}
