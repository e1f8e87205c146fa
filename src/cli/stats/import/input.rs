//! A log as lines: a file, a compressed one, or standard input.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    rc::Rc,
};

use aws_lc_rs::digest::{Context, SHA256};
use flate2::bufread::MultiGzDecoder;

use super::super::StatsError;
use crate::{statistics::AccessLog, timestamp::Timestamp};

/// How a compressed file begins (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// How much is read at once, in bytes.
const BUFFER: usize = 128 << 10;
/// Longest line, in bytes: a request's head has at most a fraction of it. Of longer ones nothing is kept.
const LONGEST_LINE: usize = 64 << 10;
/// Lines looked at for the first moment of a file.
const MOST_LOOKED_AT: usize = 100;

/// A log that is open.
pub(super) struct Input {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    buffer: Vec<u8>,
    hash: Context,
    line: u64,
    /// Bytes of the file read, and how many of them were told.
    read: Rc<Cell<u64>>,
    told: u64,
    length: Option<u64>,
}

/// What comes next.
pub(super) enum Line<'a> {
    /// A line without its end.
    Text(&'a [u8]),
    /// One that is too long to be one.
    TooLong,
    End,
}

/// Opens the logs, those with the earliest first line first; what has no time, a pipe and standard input come last.
pub(super) fn open(paths: &[PathBuf]) -> Result<Vec<Input>, StatsError> {
    let mut inputs = Vec::new();
    for path in paths {
        let failed = |source| StatsError::File { path: path.clone(), source };
        // What is read from a pipe is gone from it.
        let is_file = !is_standard_input(path) && path.metadata().is_ok_and(|metadata| metadata.is_file());
        let first = if is_file { Input::open(path).and_then(first_time).map_err(failed)? } else { None };
        inputs.push((first, Input::open(path).map_err(failed)?));
    }
    inputs.sort_by_key(|(first, _)| (first.is_none(), *first));
    Ok(inputs.into_iter().map(|(_, input)| input).collect())
}

/// How many bytes there are to read, where that is known of all.
pub(super) fn length(inputs: &[Input]) -> Option<u64> {
    inputs.iter().map(|input| input.length).sum()
}

fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

fn first_time(mut input: Input) -> io::Result<Option<Timestamp>> {
    for _ in 0..MOST_LOOKED_AT {
        match input.next()? {
            Line::Text(line) => {
                if let Some(time) = AccessLog::time(line) {
                    return Ok(Some(time));
                }
            }
            Line::TooLong => {}
            Line::End => break,
        }
    }
    Ok(None)
}

impl Input {
    fn open(path: &Path) -> io::Result<Self> {
        let read = Rc::new(Cell::new(0));
        let (source, length): (Box<dyn Read>, _) = if is_standard_input(path) {
            (Box::new(io::stdin()), None)
        } else {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                return Err(io::Error::other("it is a folder; name the files in it"));
            }
            (Box::new(file), Some(metadata.len()))
        };
        let counted = Counted { source, read: read.clone() };
        let mut plain = BufReader::with_capacity(BUFFER, counted);
        let reader: Box<dyn BufRead> = if plain.fill_buf()?.starts_with(&GZIP) {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(plain)))
        } else {
            Box::new(plain)
        };
        let path = if length.is_none() { "standard input".into() } else { path.to_owned() };
        Ok(Self { path, reader, buffer: Vec::new(), hash: Context::new(&SHA256), line: 0, read, told: 0, length })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the last line, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Bytes of the file read since this was last asked.
    pub(super) fn taken(&mut self) -> u64 {
        let taken = self.read.get() - self.told;
        self.told = self.read.get();
        taken
    }

    /// SHA-256 of what was read, without compression.
    pub(super) fn fingerprint(&mut self) -> [u8; 32] {
        let digest = std::mem::replace(&mut self.hash, Context::new(&SHA256)).finish();
        digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    /// The next line. What was read before is overwritten.
    pub(super) fn next(&mut self) -> io::Result<Line<'_>> {
        self.buffer.clear();
        let mut too_long = false;
        loop {
            let available = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            let end = memchr::memchr(b'\n', available);
            let taken = end.unwrap_or(available.len());
            let consumed = taken + usize::from(end.is_some());
            if self.buffer.len() + taken > LONGEST_LINE {
                too_long = true;
                self.buffer.clear();
            } else if !too_long {
                self.buffer.extend_from_slice(&available[..taken]);
            }
            self.hash.update(&available[..consumed]);
            let is_over = available.is_empty();
            self.reader.consume(consumed);
            if is_over && self.buffer.is_empty() && !too_long {
                return Ok(Line::End);
            }
            if is_over || end.is_some() {
                break;
            }
        }
        self.line += 1;
        if too_long {
            return Ok(Line::TooLong);
        }
        Ok(Line::Text(self.buffer.strip_suffix(b"\r").unwrap_or(&self.buffer)))
    }
}

/// Counts what is read, before it is unpacked.
struct Counted {
    source: Box<dyn Read>,
    read: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.read.set(self.read.get() + count as u64);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn lines(input: &mut Input) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match input.next().unwrap() {
                Line::End => return lines,
                Line::TooLong => lines.push("(too long)".to_owned()),
                Line::Text(line) => lines.push(String::from_utf8(line.to_vec()).unwrap()),
            }
        }
    }

    #[test]
    fn lines_are_the_same_whatever_a_file_is_packed_with() {
        let folder = tempfile::tempdir().unwrap();
        let long = "x".repeat(LONGEST_LINE + 1);
        let text = format!("one\r\n\n{long}\ntwo {}\nlast", "y".repeat(BUFFER / 3));
        let (plain, packed) = (folder.path().join("a.log"), folder.path().join("b.log"));
        std::fs::write(&plain, &text).unwrap();
        let mut encoder = flate2::write::GzEncoder::new(File::create(&packed).unwrap(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap();
        let [mut plain, mut packed] = [plain, packed].map(|path| Input::open(&path).unwrap());
        let found = lines(&mut plain);
        assert_eq!(found.len(), 5);
        assert_eq!([&*found[0], &*found[1], &*found[2], &*found[4]], ["one", "", "(too long)", "last"]);
        assert_eq!((plain.line(), plain.taken(), plain.taken()), (5, text.len() as u64, 0));
        assert_eq!(lines(&mut packed), found);
        assert_eq!(plain.fingerprint(), packed.fingerprint());
        assert!(packed.taken() < text.len() as u64);
    }
}
