//! `kelisim log leaves`: what a log says beside its events, for a person who wants to read it. It checks nothing.

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;

use super::{
    Unusable,
    source::{Opened, Source},
};
use crate::ledger::{Checkpoint, Entry, EntryBundle, Note, TILE_WIDTH, entries_of_bundle};

/// `kelisim log leaves`.
#[derive(Debug, Args)]
pub(crate) struct LeavesArguments {
    /// A bundle (a ZIP file), the same as a folder, or a folder with `checkpoint` and `tile/` alone.
    #[arg(value_name = "FILE|DIR")]
    pub(crate) bundle: PathBuf,
}

/// Runs `kelisim log leaves`: 0 all leaves were read, 1 some can't be read, 2 wrong use.
pub(crate) fn run(arguments: &LeavesArguments) -> ExitCode {
    let path = &arguments.bundle;
    let opened = Source::open(path).map_err(|source| Unusable::Unreadable { path: path.clone(), source });
    let mut source = match opened {
        Ok(Opened::Bundle(source)) => source,
        Ok(Opened::Hostile | Opened::NoBundle) => return super::refused(&Unusable::NoBundle { path: path.clone() }),
        Err(error) => return super::refused(&error),
    };
    let mut listing = Listing { output: BufWriter::new(io::stdout().lock()), events: 0 };
    match list(&mut source, &mut listing) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write the list of leaves, which is not whole: {error}");
            ExitCode::from(2)
        }
    }
}

/// Writes all leaves; `false` where some can't be read.
fn list<W: Write>(source: &mut Source, listing: &mut Listing<W>) -> io::Result<bool> {
    let Some(size) = size(source) else {
        writeln!(
            listing.output,
            "The file checkpoint is not there or can't be read, so nobody knows how many leaves there are."
        )?;
        return Ok(false);
    };
    let mut whole = true;
    for index in 0..size.div_ceil(TILE_WIDTH) {
        let bundle = EntryBundle::in_tree(index, size).expect("the index is that of a bundle of the tree");
        let bytes = source.read(&bundle.path()).unwrap_or_default();
        let entries = entries_of_bundle(&bytes).filter(|entries| entries.len() == usize::from(bundle.width));
        let first = index * TILE_WIDTH;
        match entries {
            Some(entries) => {
                for (leaf, data) in (first..).zip(entries) {
                    listing.leaf(leaf, data)?;
                }
            }
            None => {
                whole = false;
                listing.between()?;
                let last = first + u64::from(bundle.width) - 1;
                writeln!(listing.output, "{first} to {last} can't be read: {}", bundle.path())?;
            }
        }
    }
    listing.between()?;
    writeln!(listing.output, "Nothing was checked here; kelisim log verify does that.")?;
    listing.output.flush()?;
    Ok(whole)
}

/// How many leaves there are, as the checkpoint says, and no more than files can hold.
fn size(source: &mut Source) -> Option<u64> {
    let note = String::from_utf8(source.read("checkpoint").ok()?).ok()?;
    let size = Checkpoint::parse(Note::parse(&note)?.text())?.size;
    (size <= TILE_WIDTH * source.names().len() as u64).then_some(size)
}

struct Listing<W: Write> {
    output: W,
    /// How many events there were since the last line.
    events: u64,
}

impl<W: Write> Listing<W> {
    fn leaf(&mut self, index: u64, data: &[u8]) -> io::Result<()> {
        let entry = Entry::parse(data);
        if matches!(entry, Some(Entry::Consent { .. })) {
            self.events += 1;
            return Ok(());
        }
        self.between()?;
        let content = content_of(data);
        let kind = entry.map_or("unreadable", |entry| entry.kind());
        writeln!(self.output, "{index} {kind} {}", harmless(&String::from_utf8_lossy(content)))
    }

    fn between(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.events) {
            0 => Ok(()),
            1 => writeln!(self.output, "… 1 consent"),
            count => writeln!(self.output, "… {count} consents"),
        }
    }
}

/// What a leaf says, without its kind.
pub(super) fn content_of(leaf: &[u8]) -> &[u8] {
    leaf.iter().position(|byte| *byte == b'\n').map_or(leaf, |end| &leaf[end + 1..])
}

/// A stranger may have written it: nothing that moves the cursor of a terminal, and nothing that turns the direction of a line.
pub(super) fn harmless(text: &str) -> String {
    let turns = |letter| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let escaped = |letter: char| {
        if letter.is_control() || turns(letter) { letter.escape_unicode().to_string() } else { letter.to_string() }
    };
    text.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{LogId, Salt};

    #[test]
    fn what_is_no_event_stands_on_a_line_of_its_own_and_events_are_counted() {
        let mut listing = Listing { output: Vec::new(), events: 0 };
        let day = crate::timestamp::Timestamp::default();
        let event = Entry::consent(&Salt([1; 32]), b"{}").leaf_data();
        let start = Entry::Start { log: LogId([1; 16]), follows: None, day }.leaf_data();
        let stranger = "kelisim-tale-leaf/v1\n\u{1b}[2J\u{202e}".as_bytes();
        for (index, leaf) in (0..).zip([&*start, &event, &event, stranger, &event]) {
            listing.leaf(index, leaf).unwrap();
        }
        listing.between().unwrap();
        let text = String::from_utf8(listing.output).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].starts_with(r#"0 start {"log":"0101"#), "{text}");
        assert_eq!(lines[1..], ["… 2 consents", r"3 unreadable \u{1b}[2J\u{202e}", "… 1 consent"]);
    }
}
