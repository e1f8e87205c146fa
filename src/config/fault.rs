//! What is wrong with a configuration, where, and what to write instead.

use std::{error, fmt, io, ops::Range};

/// A file's text with the name under which faults mention it.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) name: String,
    pub(super) text: String,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, as it was named to the loader or written in the configuration.
    pub file: String,
    /// The line, from 1; 0 where the file as a whole is meant.
    pub line: usize,
    /// The column in characters, from 1; 0 where the file as a whole is meant.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to write or do instead.
    pub remedy: String,
    /// Whether it is only that this user may not read something.
    pub is_denied: bool,
    /// The line with a caret below; empty where the file as a whole is meant.
    excerpt: String,
}

/// Everything that is wrong, in the order of the files. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub(super) Vec<Fault>);

/// Something that works, and that the operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning(pub(super) Fault);

impl Fault {
    /// A fault about a file as a whole.
    pub(super) fn about_file(file: &str, what: &str, remedy: &str) -> Self {
        Self {
            file: file.to_owned(),
            line: 0,
            column: 0,
            what: what.to_owned(),
            remedy: remedy.to_owned(),
            is_denied: false,
            excerpt: String::new(),
        }
    }

    /// A fault about a whole line of a text, counted from 1.
    pub(super) fn at_line(document: &Document, line: usize, what: String, remedy: String) -> Self {
        let start: usize = document.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let end = start + document.text[start..].lines().next().unwrap_or_default().len();
        Self::at(document, start..end, what, remedy)
    }

    /// The same without the line that it is about: there is a secret in it.
    pub(super) fn without_excerpt(mut self) -> Self {
        self.excerpt.clear();
        self
    }

    /// The same, which came of this error: another user might read what this one may not.
    pub(super) fn because(mut self, error: &io::Error) -> Self {
        self.is_denied = error.kind() == io::ErrorKind::PermissionDenied;
        self
    }

    /// A fault about the bytes `span` of a text.
    pub(super) fn at(document: &Document, span: Range<usize>, what: String, remedy: String) -> Self {
        let text = &document.text;
        let start = text.floor_char_boundary(span.start.min(text.len()));
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let source = text[line_start..].split(['\n', '\r']).next().unwrap_or_default();
        let line = text[..start].matches('\n').count() + 1;
        let column = text[line_start..start].chars().count() + 1;
        let end = text.floor_char_boundary(span.end.clamp(start, line_start.max(start) + source.len()).min(text.len()));
        let width = text[start..end].split('\n').next().unwrap_or_default().chars().count().max(1);
        let excerpt = excerpt(source, line, column, width);
        Self { file: document.name.clone(), line, column, what, remedy, is_denied: false, excerpt }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(formatter, self)?;
        write_rest(formatter, self)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(formatter, &self.0)?;
        formatter.write_str("warning: ")?;
        write_rest(formatter, &self.0)
    }
}

impl Faults {
    /// The faults, in the order of the files.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Fault> {
        self.0.iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|fault| writeln!(formatter, "{fault}"))
    }
}

impl error::Error for Faults {}

impl Warning {
    /// Where it is, what is to be known and what could be done.
    pub fn finding(&self) -> &Fault {
        &self.0
    }
}

fn write_place(formatter: &mut fmt::Formatter<'_>, fault: &Fault) -> fmt::Result {
    if fault.line == 0 {
        write!(formatter, "{}: ", fault.file)
    } else {
        write!(formatter, "{}:{}:{}: ", fault.file, fault.line, fault.column)
    }
}

fn write_rest(formatter: &mut fmt::Formatter<'_>, fault: &Fault) -> fmt::Result {
    write!(formatter, "{}; {}", fault.what, fault.remedy)?;
    if fault.excerpt.is_empty() { Ok(()) } else { write!(formatter, "\n{}", fault.excerpt) }
}

/// How many characters of a long line are shown: a paragraph of a policy is one line.
const WIDEST: usize = 110;

/// How many characters before the fault are shown at least.
const LEAD: usize = 40;

/// The source line and carets below the fault.
fn excerpt(source: &str, line: usize, column: usize, width: usize) -> String {
    let skipped = if source.chars().count() > WIDEST { (column - 1).saturating_sub(LEAD) } else { 0 };
    let shown: String = source.chars().skip(skipped).take(WIDEST).collect();
    // Tabs are kept, so that the carets stand below what they mean.
    let pad: String =
        shown.chars().take(column - 1 - skipped).map(|character| if character == '\t' { '\t' } else { ' ' }).collect();
    let room = (skipped + WIDEST + 1).saturating_sub(column).max(1);
    format!("{line:>5} | {}\n      | {pad}{}", shown.trim_end(), "^".repeat(width.min(room)))
}
